//! New messages, by APPEND and by LMTP.

use super::Workload;
use crate::Fallible;
use crate::fill;
use crate::lmtp;
use crate::measure::{Sample, measure};
use crate::stage::{Stage, together};

/// Clients at the same time.
const CLIENTS: usize = 32;
/// LMTP connections at the same time.
const CONNECTIONS: usize = 16;

pub(super) fn workloads() -> Vec<Workload> {
    let mut all = Vec::new();
    for slow in [false, true] {
        let (suffix, more) = if slow { ("-2ms", ", 2 ms more for each sync") } else { ("", "") };
        let on = |workload: Workload| if slow { workload.slow_disk() } else { workload };
        let name = |name: &str| format!("{name}{suffix}");
        let what = |what: &str| format!("{what}{more}");
        all.extend([
            on(Workload::wall(name("append-one"), what("APPEND, 1 client")).aim(2.0).run(one)),
            on(Workload::wall(name("append-own"), what("APPEND, 32 clients, own mailboxes"))
                .aim(4.0)
                .run(own)),
            on(Workload::wall(name("append-shared"), what("APPEND, 32 clients, one mailbox"))
                .aim(8.0)
                .run(shared)),
            on(Workload::wall(name("append-multi"), what("MULTIAPPEND, 100 messages each"))
                .run(multi)),
            on(Workload::wall(name("lmtp"), what("LMTP, 16 connections")).aim(6.0).run(deliver)),
        ]);
    }
    all.push(
        Workload::wall("append-always", "APPEND, 1 client, `mail_fsync = always`")
            .always_synced()
            .run(one),
    );
    all
}

fn one(stage: &mut Stage) -> Fallible<Sample> {
    let (times, mailbox) = (stage.sizes.durable, stage.fresh());
    let mut client = stage.client()?;
    client.command(&format!("CREATE {mailbox}"))?;
    let sample = measure(stage.server()?, || {
        for number in 0..times {
            fill::append_one(&mut client, &mailbox, stage.corpus.get(at(number)))?;
        }
        Ok((times, 0))
    })?;
    has(stage, &mailbox, times)?;
    Ok(sample)
}

fn own(stage: &mut Stage) -> Fallible<Sample> {
    let (each, mailbox) = (stage.sizes.durable / 5, stage.fresh());
    let mut clients = stage.workers(CLIENTS)?;
    for client in &mut clients {
        client.command(&format!("CREATE {mailbox}"))?;
    }
    measure(stage.server()?, || {
        let appended = together(&mut clients, |worker, client| {
            for number in 0..each {
                fill::append_one(client, &mailbox, stage.corpus.get(worker * 100 + at(number)))?;
            }
            Ok(each)
        })?;
        Ok((appended, 0))
    })
}

fn shared(stage: &mut Stage) -> Fallible<Sample> {
    let (each, mailbox) = (stage.sizes.durable / 5, stage.fresh());
    stage.client()?.command(&format!("CREATE {mailbox}"))?;
    let mut clients: Vec<_> = (0..CLIENTS).map(|_| stage.client()).collect::<Result<_, _>>()?;
    let sample = measure(stage.server()?, || {
        let appended = together(&mut clients, |worker, client| {
            for number in 0..each {
                fill::append_one(client, &mailbox, stage.corpus.get(worker * 100 + at(number)))?;
            }
            Ok(each)
        })?;
        Ok((appended, 0))
    })?;
    has(stage, &mailbox, each * CLIENTS as u64)?;
    Ok(sample)
}

fn multi(stage: &mut Stage) -> Fallible<Sample> {
    let (messages, mailbox) = (stage.sizes.bulk as usize, stage.fresh());
    let mut client = stage.client()?;
    client.command(&format!("CREATE {mailbox}"))?;
    let sample = measure(stage.server()?, || {
        for first in (0..messages).step_by(100) {
            let some = (first..first + 100).map(|number| stage.corpus.get(number));
            fill::append_all(&mut client, &mailbox, some)?;
        }
        Ok((messages as u64, 0))
    })?;
    has(stage, &mailbox, messages as u64)?;
    Ok(sample)
}

fn deliver(stage: &mut Stage) -> Fallible<Sample> {
    let each = stage.sizes.durable / 4;
    let address = stage.server()?.lmtp;
    let mut clients: Vec<_> =
        (0..CONNECTIONS).map(|_| lmtp::Client::new(address)).collect::<Result<_, _>>()?;
    measure(stage.server()?, || {
        let delivered = together(&mut clients, |worker, client| {
            for number in 0..each {
                let to = format!("w{}", (worker + at(number)) % CONNECTIONS);
                client.deliver(&to, stage.corpus.get(worker * 100 + at(number)))?;
            }
            Ok(each)
        })?;
        Ok((delivered, 0))
    })
}

/// Whether a mailbox has as many messages as it should.
fn has(stage: &Stage, mailbox: &str, messages: u64) -> Fallible<()> {
    stage.client()?.expect(&format!("EXAMINE {mailbox}"), "EXISTS", 1)?;
    let text = stage.client()?.text(&format!("STATUS {mailbox} (MESSAGES)"))?;
    let wanted = format!("(MESSAGES {messages})");
    if String::from_utf8_lossy(&text).contains(&wanted) {
        return Ok(());
    }
    Err(format!("{mailbox} has not {messages} messages").into())
}

fn at(number: u64) -> usize {
    usize::try_from(number).unwrap_or(0)
}
