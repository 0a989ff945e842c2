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
const PACE: Duration = Duration::from_millis(15);

/// How long answers took, in milliseconds.
#[derive(Clone, Copy)]
pub(super) struct Waits {
    pub(super) p50: f64,
    pub(super) p99: f64,
    pub(super) answers: usize,
}

impl Waits {
    fn of(mut waits: Vec<Duration>) -> Self {
        waits.sort();
        let at = |share: usize| waits[(waits.len() * share / 100).min(waits.len() - 1)];
        let millis = |share| at(share).as_secs_f64() * 1e3;
        Self { p50: millis(50), p99: millis(99), answers: waits.len() }
    }

    /// The middle of several.
    pub(super) fn middle(all: &[Self]) -> Self {
        let middle = |number: &dyn Fn(&Self) -> f64| {
            let mut numbers: Vec<f64> = all.iter().map(number).collect();
            numbers.sort_by(f64::total_cmp);
            numbers[numbers.len() / 2]
        };
        let answers = all.iter().map(|waits| waits.answers).sum::<usize>() / all.len();
        Self { p50: middle(&|waits| waits.p50), p99: middle(&|waits| waits.p99), answers }
    }
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
    Ok(Waits::of(waits))
}

fn work(
    number: usize,
    client: &mut Client,
    corpus: &Corpus,
    time: Duration,
) -> Fallible<Vec<Duration>> {
    let (begin, mut waits) = (Instant::now(), Vec::new());
    // They do not begin at the same moment.
    let mut next = begin + PACE * u32::try_from(number)? / u32::try_from(CLIENTS)?;
    while begin.elapsed() < time {
        std::thread::sleep(next.saturating_duration_since(Instant::now()));
        let start = Instant::now();
        one(client, corpus, mix(number as u64 * 1_000_000 + waits.len() as u64))?;
        waits.push(start.elapsed());
        next = (next + PACE).max(Instant::now());
    }
    Ok(waits)
}

/// A quarter each: NOOP, FETCH of a message, STORE of one, APPEND.
fn one(client: &mut Client, corpus: &Corpus, random: u64) -> Fallible<()> {
    let number = random / 8 % MESSAGES + 1;
    match random % 4 {
        0 => client.command("NOOP").map(drop),
        1 => client.expect(&format!("FETCH {number} (UID BODY.PEEK[])"), "FETCH", 1).map(drop),
        2 => {
            let sign = if random % 8 < 4 { '+' } else { '-' };
            client.command(&format!("STORE {number} {sign}FLAGS (\\Draft)")).map(drop)
        }
        _ => fill::append_one(client, MAILBOX, corpus.get(usize::try_from(number)?)),
    }
}
