//! How long a server that was killed takes until a large mailbox can be used again.

use crate::Fallible;
use crate::client::{Client, Way};
use crate::fill;
use crate::servers::rookery::Rookery;
use crate::servers::{Person, Server, USER};
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
    /// Octets, in MiB, that come after the last index snapshots before the last kill: these are written when the log has grown
    /// by twice their size, some 200 MB for a million messages, and all of the log after them is read when the server starts.
    #[arg(long, default_value_t = 180)]
    behind: u32,
}

/// Octets of a message of those.
const MEBIBYTE: usize = 1 << 20;

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
        let (_server, mut client) = start_again(&rookery)?;
        fill::append(&mut client, MAILBOX, 200)?;
    }
    {
        let (_server, mut client) = start_again(&rookery)?;
        let line = b"a line of text that many others are like\r\n";
        let text =
            [b"Subject: long\r\n\r\n", line.repeat(MEBIBYTE / line.len()).as_slice()].concat();
        for _ in 0..arguments.behind {
            fill::append_one(&mut client, MAILBOX, &text)?;
        }
    }
    println!("and with {} MiB of the log to read:", arguments.behind);
    start_again(&rookery)?;
    Ok(())
}

/// Start the server and open the mailbox; dropping the server kills it.
fn start_again(rookery: &Rookery) -> Fallible<(Server, Client)> {
    let start = Instant::now();
    let server = rookery.start()?;
    let listens = start.elapsed().as_millis();
    let mut client = Client::new(&server, Way::Plain, USER)?;
    client.command(&format!("SELECT {MAILBOX}"))?;
    let opened = start.elapsed().as_millis();
    println!("accepts connections after {listens} ms, has the mailbox open after {opened} ms");
    Ok((server, client))
}
