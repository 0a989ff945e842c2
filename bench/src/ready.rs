//! How long a server that was killed takes until a large mailbox can be used again.

use crate::Fallible;
use crate::client::{Client, Way};
use crate::fill;
use crate::servers::rookery::Rookery;
use crate::servers::{Person, USER};
use std::time::Instant;

const MAILBOX: &str = "Large";

/// What to measure.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Messages of the mailbox.
    #[arg(long, default_value_t = 1_000_000)]
    messages: u32,
    /// How often to kill the server.
    #[arg(long, default_value_t = 5)]
    kills: u32,
}

/// Fill a mailbox, then kill the server right after an append and start it again, a few times.
pub(crate) fn run(arguments: &Arguments) -> Fallible<()> {
    let folder = tempfile::tempdir()?;
    Person::find()?.give(folder.path())?;
    let rookery = Rookery::new(folder.path())?;
    let start = Instant::now();
    {
        let server = rookery.start()?;
        fill::mailbox(&mut Client::new(&server, Way::Plain, USER)?, MAILBOX, arguments.messages)?;
    }
    println!("{} messages, filled in {:.1} s", arguments.messages, start.elapsed().as_secs_f64());
    for _ in 0..arguments.kills {
        let start = Instant::now();
        // Dropping a server kills it.
        let server = rookery.start()?;
        let listens = start.elapsed().as_millis();
        let mut client = Client::new(&server, Way::Plain, USER)?;
        client.command(&format!("SELECT {MAILBOX}"))?;
        println!(
            "accepts connections after {listens} ms, has the mailbox open after {} ms",
            start.elapsed().as_millis()
        );
        fill::append(&mut client, MAILBOX, 200)?;
    }
    Ok(())
}
