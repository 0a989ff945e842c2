//! Twenty clients that do what clients do.

use super::Workload;
use crate::Fallible;
use crate::client::Client;
use crate::corpus::{self, Corpus};
use crate::fill;
use crate::measure::{Sample, measure};
use crate::stage::{Stage, together};

const CLIENTS: usize = 20;
const MAILBOX: &str = "Mix";
/// Messages in the mailbox of each client at the beginning.
const MESSAGES: u64 = 500;

pub(super) fn workloads() -> Vec<Workload> {
    let what =
        "20 clients: FETCH 45 %, STORE 15 %, NOOP 15 %, APPEND 10 %, STATUS 10 %, SEARCH 5 %";
    vec![Workload::wall("mix", what).prepare(prepare).run(run)]
}

fn prepare(stage: &mut Stage) -> Fallible<()> {
    stage.once(MAILBOX, |stage| {
        for mut client in stage.workers(CLIENTS)? {
            client.command(&format!("CREATE {MAILBOX}"))?;
            let messages = (0..usize::try_from(MESSAGES)?).map(|number| stage.corpus.get(number));
            fill::append_all(&mut client, MAILBOX, messages)?;
        }
        Ok(())
    })
}

fn run(stage: &mut Stage) -> Fallible<Sample> {
    let (each, seed) = (stage.sizes.small / 10, u64::from(stage.run));
    let mut clients = stage.workers(CLIENTS)?;
    for client in &mut clients {
        client.command(&format!("SELECT {MAILBOX}"))?;
    }
    measure(stage.server()?, || {
        let done = together(&mut clients, |worker, client| {
            for time in 0..each {
                let random = corpus::mix(seed * 1_000_000 + worker as u64 * 10_000 + time);
                one(client, &stage.corpus, random)?;
            }
            Ok(each)
        })?;
        Ok((done, 0))
    })
}

/// Do something.
pub(crate) fn one(client: &mut Client, corpus: &Corpus, random: u64) -> Fallible<()> {
    let number = random / 100 % MESSAGES + 1;
    match random % 100 {
        0..45 => {
            client.expect(&format!("FETCH {number} (FLAGS BODY.PEEK[])"), "FETCH", 1).map(drop)
        }
        45..60 => {
            let sign = if random.is_multiple_of(2) { '+' } else { '-' };
            client.command(&format!("STORE {number} {sign}FLAGS (\\Draft)")).map(drop)
        }
        60..75 => client.command("NOOP").map(drop),
        75..85 => fill::append_one(client, MAILBOX, corpus.get(usize::try_from(number)?)),
        85..95 => client.expect("STATUS INBOX (MESSAGES UNSEEN)", "STATUS", 1).map(drop),
        _ => client.expect("SEARCH UNSEEN", "SEARCH", 1).map(drop),
    }
}
