//! COPY, MOVE and EXPUNGE.

use super::Workload;
use crate::Fallible;
use crate::client::Client;
use crate::measure::{Sample, measure};
use crate::servers::USER;
use crate::sizes::Sizes;
use crate::stage::{CORPUS, Stage};

pub(super) fn workloads(sizes: &Sizes) -> Vec<Workload> {
    let bulk = sizes.bulk;
    let on = |workload: Workload| workload.aim(2.0).prepare(Stage::need_corpus);
    vec![
        on(Workload::wall("copy", format!("COPY of {bulk} messages"))).run(copy),
        on(Workload::wall("move", format!("MOVE of {bulk} messages"))).run(move_all),
        on(Workload::wall("expunge", format!("EXPUNGE of every second of {bulk} messages")))
            .run(expunge),
    ]
}

/// A client that has selected a new mailbox with copies of real mail in it, and the name of another new one.
fn copied(stage: &Stage) -> Fallible<(Client, String)> {
    let (from, to) = (stage.fresh(), format!("{}To", stage.fresh()));
    let mut client = stage.client_of(USER)?;
    client.command(&format!("CREATE {from}"))?;
    client.command(&format!("CREATE {to}"))?;
    client.command(&format!("SELECT {CORPUS}"))?;
    client.command(&format!("COPY 1:{} {from}", stage.sizes.bulk))?;
    client.expect(&format!("SELECT {from}"), "EXISTS", 1)?;
    Ok((client, to))
}

fn copy(stage: &mut Stage) -> Fallible<Sample> {
    let (mut client, to) = copied(stage)?;
    let sample = measure(stage.server()?, || {
        client.command(&format!("COPY 1:* {to}"))?;
        Ok((u64::from(stage.sizes.bulk), 0))
    })?;
    has(&mut client, &to, stage.sizes.bulk)?;
    Ok(sample)
}

fn move_all(stage: &mut Stage) -> Fallible<Sample> {
    let (mut client, to) = copied(stage)?;
    let sample = measure(stage.server()?, || {
        client.command(&format!("MOVE 1:* {to}"))?;
        Ok((u64::from(stage.sizes.bulk), 0))
    })?;
    has(&mut client, &to, stage.sizes.bulk)?;
    has(&mut client, &stage.fresh(), 0)?;
    Ok(sample)
}

fn expunge(stage: &mut Stage) -> Fallible<Sample> {
    let (mut client, _) = copied(stage)?;
    let half = stage.sizes.bulk / 2;
    let numbers: Vec<String> = (0..half).map(|number| (number * 2 + 1).to_string()).collect();
    for some in numbers.chunks(500) {
        client.command(&format!("STORE {} +FLAGS.SILENT (\\Deleted)", some.join(",")))?;
    }
    let sample = measure(stage.server()?, || {
        client.expect("EXPUNGE", "EXPUNGE", u64::from(half))?;
        Ok((u64::from(half), 0))
    })?;
    has(&mut client, &stage.fresh(), stage.sizes.bulk - half)?;
    Ok(sample)
}

fn has(client: &mut Client, mailbox: &str, messages: u32) -> Fallible<()> {
    let text = client.text(&format!("STATUS {mailbox} (MESSAGES)"))?;
    let wanted = format!("(MESSAGES {messages})");
    if String::from_utf8_lossy(&text).contains(&wanted) {
        return Ok(());
    }
    Err(format!("{mailbox} has not {messages} messages").into())
}
