//! What the disk holds for each octet that is alive, after much coming and going, and what was written for it.

use crate::Fallible;
use crate::client::{Client, Way};
use crate::measure::disk;
use crate::servers::rookery::Rookery;
use crate::servers::{Person, USER};
use std::path::Path;
use std::time::{Duration, Instant};

/// Octets of a message.
const SIZE: usize = 8 * 1024;
/// Messages in one APPEND, and in one expunge.
const BATCH: u64 = 200;
/// Changes of flags that are sent before their answers are read.
const AHEAD: u64 = 100;
/// How long the server's files must stay as they are to count as settled.
const SETTLED: Duration = Duration::from_secs(3);
const MAILBOX: &str = "Churned";

/// What to measure.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Messages of 8 KiB that are alive at any time.
    #[arg(long, default_value_t = 10_000)]
    live: u64,
    /// How many times as many come and go.
    #[arg(long, default_value_t = 10)]
    turnovers: u64,
    /// How many changes of the flags of one message follow.
    #[arg(long, default_value_t = 0)]
    flags: u64,
}

/// Fill a mailbox, let random messages of it give way to new ones, and compare.
pub(crate) fn run(arguments: &Arguments) -> Fallible<()> {
    let folder = tempfile::tempdir()?;
    Person::find()?.give(folder.path())?;
    let rookery = Rookery::new(folder.path())?;
    let (server, data) = (rookery.start()?, rookery.data());
    let mut client = Client::new(&server, Way::Plain, USER)?;
    client.command(&format!("CREATE {MAILBOX}"))?;
    client.command(&format!("SELECT {MAILBOX}"))?;
    let (mut random, mut uids, mut next) = (0x9e37_79b9_7f4a_7c15_u64, Vec::new(), 1);
    let rounds = arguments.live * (arguments.turnovers + 1) / BATCH;
    for _ in 0..rounds {
        append(&mut client)?;
        uids.extend(next..next + BATCH);
        next += BATCH;
        if uids.len() as u64 > arguments.live {
            let gone: Vec<_> =
                (0..BATCH).map(|_| take(&mut uids, &mut random).to_string()).collect();
            let gone = gone.join(",");
            client.command(&format!("UID STORE {gone} +FLAGS.SILENT (\\Deleted)"))?;
            client.command(&format!("UID EXPUNGE {gone}"))?;
        }
    }
    let before = octets(&data)?;
    let held = settle(&data)?;
    let alive = uids.len() as u64 * SIZE as u64;
    let appended = rounds * BATCH * SIZE as u64;
    let written = disk::written(server.process())?;
    let share = |octets: u64, of: u64| octets as f64 / of as f64;
    println!("{} MiB alive, {} MiB appended in all", alive >> 20, appended >> 20);
    println!(
        "on disk for each octet alive: {:.2} at once, {:.2} settled",
        share(before, alive),
        share(held, alive)
    );
    println!("written for each octet appended: {:.2}", share(written, appended));
    if arguments.flags > 0 {
        toggle(&mut client, &uids, arguments.flags)?;
        let before = octets(&data)?;
        let held = settle(&data)?;
        println!(
            "after {} changes of flags: {:.2} at once, {:.2} settled; {} MiB more in all",
            arguments.flags,
            share(before, alive),
            share(held, alive),
            held.saturating_sub(alive) >> 20,
        );
    }
    Ok(())
}

/// Set and take away flags, of one message after the other.
fn toggle(client: &mut Client, uids: &[u64], count: u64) -> Fallible<()> {
    let mut done = 0;
    while done < count {
        let ahead = AHEAD.min(count - done);
        let mut commands = String::new();
        for change in done..done + ahead {
            let all = uids.len().max(1);
            let at = usize::try_from(change).unwrap_or(0);
            let (uid, round) = (uids.get(at % all).copied().unwrap_or(1), at / all);
            let sign = if round % 2 == 0 { '+' } else { '-' };
            commands.push_str(&format!("a UID STORE {uid} {sign}FLAGS.SILENT (\\Seen)\r\n"));
        }
        client.send(commands.as_bytes())?;
        (0..ahead).try_for_each(|_| client.done().map(drop))?;
        done += ahead;
    }
    Ok(())
}

fn append(client: &mut Client) -> Fallible<()> {
    let head = "Subject: rooks\r\n\r\n";
    let message = format!("{head}{}", "a nest of twigs\r\n".repeat(SIZE / 17));
    let message = format!("{message}{}", " ".repeat(SIZE - message.len().min(SIZE)));
    let mut command = format!("a APPEND {MAILBOX}").into_bytes();
    for _ in 0..BATCH {
        command.extend(format!(" {{{}+}}\r\n{message}", message.len()).into_bytes());
    }
    command.extend(b"\r\n");
    client.send(&command)?;
    client.done().map(drop)
}

/// Take one out at random.
fn take(uids: &mut Vec<u64>, random: &mut u64) -> u64 {
    *random ^= *random << 13;
    *random ^= *random >> 7;
    *random ^= *random << 17;
    let at = usize::try_from(*random % uids.len() as u64).unwrap_or(0);
    uids.swap_remove(at)
}

/// Octets on disk once nothing changes any more.
fn settle(folder: &Path) -> Fallible<u64> {
    let (mut last, mut since) = (octets(folder)?, Instant::now());
    while since.elapsed() < SETTLED {
        std::thread::sleep(Duration::from_millis(200));
        let now = octets(folder)?;
        if now != last {
            (last, since) = (now, Instant::now());
        }
    }
    Ok(last)
}

/// Octets of all files below a folder.
fn octets(folder: &Path) -> Fallible<u64> {
    let mut sum = 0;
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        // What is renamed or removed in this moment is counted another time.
        let Ok(kind) = entry.metadata() else { continue };
        sum += if kind.is_dir() { octets(&entry.path())? } else { kind.len() };
    }
    Ok(sum)
}
