//! What clients in IDLE cost: memory for each, in a mailbox without messages and in large ones, and the time until all of
//! them hear of a new message.

use crate::Fallible;
use crate::client::{Client, Way};
use crate::fill;
use crate::measure::memory;
use crate::servers::rookery::Rookery;
use crate::servers::{Person, Server, USER};
use std::time::{Duration, Instant};

/// What can be chosen.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Connections that are measured; as many are opened before.
    #[arg(long, default_value_t = 400)]
    connections: u32,
    /// Messages in the large mailboxes.
    #[arg(long, default_value_t = 100_000)]
    messages: u32,
}

/// How long a server is left alone before its memory is looked at.
const REST: Duration = Duration::from_secs(2);

/// Mailboxes: without messages; with many; with as many, every second of which has been expunged.
const EMPTY: &str = "Empty";
const FULL: &str = "Full";
const GAPS: &str = "Gaps";

/// What was measured of one mailbox.
struct Cost {
    octets: i64,
    heard: Duration,
}

/// Measure and print.
pub(crate) fn run(arguments: &Arguments) -> Fallible<()> {
    let folder = tempfile::tempdir()?;
    Person::find()?.give(folder.path())?;
    let rookery = Rookery::new(folder.path())?;
    prepare(&rookery, arguments.messages)?;
    println!("{} connections in IDLE, in the same mailbox", arguments.connections);
    println!(
        "{:<28}{:>16}{:>16}{:>18}",
        "", "octets for each", "more than empty", "until all heard"
    );
    for (way, name) in [(Way::Plain, "plain"), (Way::Tls, "TLS")] {
        let mut empty = 0;
        for mailbox in [EMPTY, FULL, GAPS] {
            let cost = measure(&rookery, way, mailbox, arguments.connections)?;
            if mailbox == EMPTY {
                empty = cost.octets;
            }
            let what = format!("{name}, {}", describe(mailbox, arguments.messages));
            let (octets, more) = (cost.octets, cost.octets - empty);
            println!("{what:<28}{octets:>16}{more:>16}{:>15} ms", cost.heard.as_millis());
        }
    }
    Ok(())
}

fn describe(mailbox: &str, messages: u32) -> String {
    match mailbox {
        EMPTY => "no messages".to_owned(),
        FULL => format!("{messages} messages"),
        _ => format!("{} with gaps", messages / 2),
    }
}

fn prepare(rookery: &Rookery, messages: u32) -> Fallible<()> {
    let server = rookery.start()?;
    let mut client = Client::new(&server, Way::Plain, USER)?;
    let start = Instant::now();
    fill::mailbox(&mut client, EMPTY, 0)?;
    fill::mailbox(&mut client, FULL, messages)?;
    fill::mailbox(&mut client, GAPS, messages)?;
    fill::expunge_every_second(&mut client, GAPS, messages)?;
    println!("filled in {:.1} s", start.elapsed().as_secs_f32());
    Ok(())
}

/// Measure with a fresh server, whose allocator has nothing left over from the mailbox before.
fn measure(rookery: &Rookery, way: Way, mailbox: &str, connections: u32) -> Fallible<Cost> {
    let server = rookery.start()?;
    // The first ones load the mailbox, and take what the allocator keeps at hand.
    let mut clients = open(&server, way, mailbox, connections)?;
    std::thread::sleep(REST);
    let before = memory::private(server.process())?;
    clients.extend(open(&server, way, mailbox, connections)?);
    std::thread::sleep(REST);
    let after = memory::private(server.process())?;
    let octets = (after - before) / i64::from(connections.max(1));
    Ok(Cost { octets, heard: hear(&server, mailbox, &mut clients)? })
}

fn open(server: &Server, way: Way, mailbox: &str, connections: u32) -> Fallible<Vec<Client>> {
    let mut clients = Vec::new();
    for _ in 0..connections {
        let mut client = Client::new(server, way, USER)?;
        client.idle(mailbox)?;
        clients.push(client);
    }
    Ok(clients)
}

/// Append a message; the time until the last client has been told.
fn hear(server: &Server, mailbox: &str, clients: &mut [Client]) -> Fallible<Duration> {
    let mut writer = Client::new(server, Way::Plain, USER)?;
    let start = Instant::now();
    fill::append(&mut writer, mailbox, 1)?;
    for client in clients {
        client.until(|line| line.ends_with(b" EXISTS\r\n"))?;
    }
    Ok(start.elapsed())
}
