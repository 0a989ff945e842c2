//! What the size of a mailbox costs: the same operations on small ones and on large ones.

use super::Workload;
use crate::Fallible;
use crate::client::Client;
use crate::corpus::{mix, small};
use crate::fill;
use crate::measure::{Sample, measure};
use crate::sizes::{Sizes, account};
use crate::stage::{LARGE, Stage};

pub(super) fn workloads(sizes: &Sizes) -> Vec<Workload> {
    let kinds: [(&str, &str, Operation); 3] = [
        ("fetch", "FETCH of one message", fetch),
        ("store", "STORE of one message", store),
        ("append", "APPEND", append),
    ];
    let mut all = Vec::new();
    for (name, what, operation) in kinds {
        for messages in sizes.growth.iter().copied().chain(sizes.huge) {
            let workload = growth(name, what, operation, messages);
            all.push(if Some(messages) == sizes.huge { workload.alone() } else { workload });
        }
    }
    all
}

/// Something that is done again and again; it is told how often it was done before.
type Operation = fn(&mut Client, u64, u64) -> Fallible<()>;

fn growth(name: &str, what: &str, operation: Operation, messages: u32) -> Workload {
    let durable = name != "fetch";
    let by = if durable { Workload::wall } else { Workload::cpu };
    by(format!("growth-{name}-{messages}"), format!("{what}, mailbox of {messages}"))
        .prepare(move |stage| stage.need_large(messages))
        .run(move |stage| {
            let times = if durable { stage.sizes.durable } else { stage.sizes.small };
            run(stage, messages, times, operation)
        })
}

fn run(stage: &mut Stage, messages: u32, times: u64, operation: Operation) -> Fallible<Sample> {
    let mut client = stage.client_of(&account(messages))?;
    client.command(&format!("SELECT {LARGE}"))?;
    let sample = measure(stage.server()?, || {
        for time in 0..times {
            operation(&mut client, time, u64::from(messages))?;
        }
        Ok((times, 0))
    })?;
    shrink(&mut client, messages)?;
    Ok(sample)
}

/// Let a mailbox have its size again.
fn shrink(client: &mut Client, messages: u32) -> Fallible<()> {
    client.command("NOOP")?;
    let more = messages + 1;
    let text = client.text(&format!("STATUS {LARGE} (MESSAGES)"))?;
    if String::from_utf8_lossy(&text).contains(&format!("(MESSAGES {messages})")) {
        return Ok(());
    }
    client.command(&format!("STORE {more}:* +FLAGS.SILENT (\\Deleted)"))?;
    client.command("EXPUNGE").map(drop)
}

fn fetch(client: &mut Client, time: u64, messages: u64) -> Fallible<()> {
    let number = mix(time) % messages + 1;
    let answer = client.expect(&format!("FETCH {number} (FLAGS BODY.PEEK[])"), "FETCH", 1)?;
    let size = small(number - 1).len() as u64;
    if answer.literals == size { Ok(()) } else { Err("a message of another size".into()) }
}

fn store(client: &mut Client, time: u64, messages: u64) -> Fallible<()> {
    let number = mix(time / 2) % messages + 1;
    let sign = if time.is_multiple_of(2) { '+' } else { '-' };
    client.expect(&format!("STORE {number} {sign}FLAGS (\\Draft)"), "FETCH", 1).map(drop)
}

fn append(client: &mut Client, time: u64, _messages: u64) -> Fallible<()> {
    fill::append_one(client, LARGE, &small(time))
}
