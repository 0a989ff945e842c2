//! Opening a mailbox.

use super::Workload;
use crate::Fallible;
use crate::client::Client;
use crate::measure::measure;
use crate::sizes::{Sizes, account};
use crate::stage::{LARGE, repeat};

pub(super) fn workloads(sizes: &Sizes) -> Vec<Workload> {
    let mut all = Vec::new();
    for messages in sizes.growth.iter().copied().filter(|messages| *messages >= 10_000) {
        all.push(warm(messages).aim(2.0));
        all.push(cold(messages).aim(3.0));
    }
    if let Some(messages) = sizes.huge {
        all.push(warm(messages).alone());
        all.push(cold(messages).alone().within(100_000.0));
    }
    all
}

fn warm(messages: u32) -> Workload {
    Workload::wall(format!("select-warm-{messages}"), format!("SELECT of {messages}, warm"))
        .prepare(move |stage| stage.need_large(messages))
        .run(move |stage| {
            let mut client = stage.client_of(&account(messages))?;
            select(&mut client, messages)?;
            measure(stage.server()?, || {
                Ok((repeat(stage.sizes.span, || select(&mut client, messages))?, 0))
            })
        })
}

fn cold(messages: u32) -> Workload {
    Workload::wall(
        format!("select-cold-{messages}"),
        format!("LOGIN and SELECT of {messages}, first after a start"),
    )
    .prepare(move |stage| stage.need_large(messages))
    .run(move |stage| {
        stage.restart()?;
        measure(stage.server()?, || {
            select(&mut stage.client_of(&account(messages))?, messages)?;
            Ok((1, 0))
        })
    })
}

fn select(client: &mut Client, messages: u32) -> Fallible<()> {
    let answer = client.text(&format!("SELECT {LARGE}"))?;
    let exists = format!("* {messages} EXISTS\r\n");
    if answer.windows(exists.len()).any(|octets| octets == exists.as_bytes()) {
        return Ok(());
    }
    Err(format!("{LARGE} has not {messages} messages").into())
}
