//! STORE.

use super::Workload;
use crate::Fallible;
use crate::corpus::mix;
use crate::measure::{Sample, measure};
use crate::sizes::{Sizes, account};
use crate::stage::{LARGE, Stage, repeat};

pub(super) fn workloads(sizes: &Sizes) -> Vec<Workload> {
    let usual = sizes.usual;
    let on = move |workload: Workload| workload.prepare(move |stage| stage.need_large(usual));
    let one = move |stage: &mut Stage| store_one(stage, usual);
    let all = move |stage: &mut Stage| store_all(stage, usual);
    let (synced, default) = ("synced by all", "as the servers come");
    vec![
        on(Workload::wall("store-one", format!("STORE of one message of {usual}, {synced}"))
            .aim(2.0)
            .always_synced()
            .run(one)),
        on(Workload::wall(
            "store-one-default",
            format!("STORE of one message of {usual}, {default}"),
        )
        .run(one)),
        on(Workload::wall("store-all", format!("STORE 1:* of {usual}, {synced}"))
            .aim(10.0)
            .always_synced()
            .run(all)),
        on(Workload::wall("store-all-default", format!("STORE 1:* of {usual}, {default}"))
            .run(all)),
    ]
}

fn store_one(stage: &mut Stage, messages: u32) -> Fallible<Sample> {
    let times = stage.sizes.durable;
    let mut client = stage.client_of(&account(messages))?;
    client.command(&format!("SELECT {LARGE}"))?;
    measure(stage.server()?, || {
        for time in 0..times / 2 {
            let number = mix(time) % u64::from(messages) + 1;
            client.expect(&format!("STORE {number} +FLAGS (\\Draft)"), "FETCH", 1)?;
            client.expect(&format!("STORE {number} -FLAGS (\\Draft)"), "FETCH", 1)?;
        }
        Ok((times, 0))
    })
}

fn store_all(stage: &mut Stage, messages: u32) -> Fallible<Sample> {
    let mut client = stage.client_of(&account(messages))?;
    client.command(&format!("SELECT {LARGE}"))?;
    measure(stage.server()?, || {
        let times = repeat(stage.sizes.span, || {
            client.command("STORE 1:* +FLAGS.SILENT (\\Answered)")?;
            client.command("STORE 1:* -FLAGS.SILENT (\\Answered)").map(drop)
        })?;
        Ok((2 * times * u64::from(messages), 0))
    })
}
