//! Clients that do what clients do, and notice how long they wait.

use crate::Fallible;
use crate::client::Client;
use crate::corpus::{Corpus, mix};
use crate::fill;
use crate::stage::Stage;
use std::time::{Duration, Instant};

const CLIENTS: usize = 8;
const MAILBOX: &str = "Ordinary";
/// Messages in the mailbox of each at the beginning.
const MESSAGES: u64 = 200;
/// From one command of a client to its next.
const PACE: Duration = Duration::from_millis(10);

/// What they do, a quarter each.
pub(super) const KINDS: [&str; 4] = ["NOOP", "FETCH", "STORE", "APPEND"];

/// How long answers took, in milliseconds.
pub(super) struct Waits {
    pub(super) p50: f64,
    pub(super) p99: f64,
    /// The same of each kind.
    pub(super) p99_of: [f64; KINDS.len()],
    pub(super) answers: usize,
}

/// What was done, and how long it took.
type Wait = (usize, Duration);

impl Waits {
    fn of(waits: &[Wait]) -> Self {
        let all = sorted(waits.iter().map(|wait| wait.1));
        let of_kind = |kind| waits.iter().filter(move |wait| wait.0 == kind).map(|wait| wait.1);
        let p99_of = std::array::from_fn(|kind| percentile(&sorted(of_kind(kind)), 99));
        let (p50, p99) = (percentile(&all, 50), percentile(&all, 99));
        Self { p50, p99, p99_of, answers: all.len() }
    }
}

fn sorted(waits: impl Iterator<Item = Duration>) -> Vec<Duration> {
    let mut sorted: Vec<Duration> = waits.collect();
    sorted.sort();
    sorted
}

fn percentile(sorted: &[Duration], share: usize) -> f64 {
    let last = sorted.len().saturating_sub(1);
    let at = sorted.get((sorted.len() * share / 100).min(last));
    at.copied().unwrap_or_default().as_secs_f64() * 1e3
}

/// Make their mailboxes.
pub(super) fn prepare(stage: &mut Stage) -> Fallible<()> {
    stage.once(MAILBOX, |stage| {
        for mut client in stage.workers(CLIENTS)? {
            client.command(&format!("CREATE {MAILBOX}"))?;
            let messages = (0..usize::try_from(MESSAGES)?).map(|number| stage.corpus.get(number));
            fill::append_all(&mut client, MAILBOX, messages)?;
        }
        Ok(())
    })
}

/// Let them work for this long.
pub(super) fn watch(stage: &Stage, time: Duration) -> Fallible<Waits> {
    let mut clients = stage.workers(CLIENTS)?;
    for client in &mut clients {
        client.command(&format!("SELECT {MAILBOX}"))?;
    }
    let corpus = &*stage.corpus;
    let waits = std::thread::scope(|scope| {
        let start = |(number, client)| {
            scope.spawn(move || work(number, client, corpus, time).map_err(|e| e.to_string()))
        };
        let threads: Vec<_> = clients.iter_mut().enumerate().map(start).collect();
        let mut all = Vec::new();
        for thread in threads {
            all.extend(thread.join().map_err(|_| "a client failed")??);
        }
        Ok::<_, Box<dyn std::error::Error>>(all)
    })?;
    Ok(Waits::of(&waits))
}

fn work(
    number: usize,
    client: &mut Client,
    corpus: &Corpus,
    time: Duration,
) -> Fallible<Vec<Wait>> {
    let (begin, mut waits) = (Instant::now(), Vec::new());
    // They do not begin at the same moment.
    let mut next = begin + PACE * u32::try_from(number)? / u32::try_from(CLIENTS)?;
    while begin.elapsed() < time {
        std::thread::sleep(next.saturating_duration_since(Instant::now()));
        let random = mix(number as u64 * 1_000_000 + waits.len() as u64);
        let kind = usize::try_from(random % KINDS.len() as u64)?;
        let start = Instant::now();
        one(client, corpus, kind, random / 8)?;
        waits.push((kind, start.elapsed()));
        next = (next + PACE).max(Instant::now());
    }
    Ok(waits)
}

fn one(client: &mut Client, corpus: &Corpus, kind: usize, random: u64) -> Fallible<()> {
    let number = random / 2 % MESSAGES + 1;
    match KINDS[kind] {
        "NOOP" => client.command("NOOP").map(drop),
        "FETCH" => {
            client.expect(&format!("FETCH {number} (UID BODY.PEEK[])"), "FETCH", 1).map(drop)
        }
        "STORE" => {
            let sign = if random.is_multiple_of(2) { '+' } else { '-' };
            client.command(&format!("STORE {number} {sign}FLAGS (\\Draft)")).map(drop)
        }
        _ => fill::append_one(client, MAILBOX, corpus.get(usize::try_from(number)?)),
    }
}
