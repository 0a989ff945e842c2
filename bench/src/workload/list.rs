//! Many mailboxes.

use super::Workload;
use crate::Fallible;
use crate::fill;
use crate::measure::{Sample, measure};
use crate::servers::MANY;
use crate::sizes::Sizes;
use crate::stage::{Stage, repeat};

/// Messages in each mailbox.
const EACH: u32 = 5;
/// Mailboxes that are asked about one by one.
const ASKED: u64 = 200;

pub(super) fn workloads(sizes: &Sizes) -> Vec<Workload> {
    let mailboxes = sizes.mailboxes;
    let many = |workload: Workload| workload.prepare(prepare);
    let status = "RETURN (STATUS (MESSAGES UNSEEN UIDNEXT))";
    vec![
        many(Workload::cpu("list", format!("LIST \"\" Box* of {mailboxes}")))
            .run(move |stage| list(stage, "LIST \"\" Box*", "LIST")),
        many(Workload::wall("list-status", format!("LIST \"\" Box* {status} of {mailboxes}")))
            .aim(2.0)
            .run(move |stage| list(stage, &format!("LIST \"\" Box* {status}"), "STATUS")),
        many(Workload::wall("status", format!("STATUS of {ASKED} mailboxes, one by one"))).run(ask),
    ]
}

fn prepare(stage: &mut Stage) -> Fallible<()> {
    stage.once(MANY, |stage| {
        let mut client = stage.client_of(MANY)?;
        (0..stage.sizes.mailboxes)
            .try_for_each(|number| fill::mailbox(&mut client, &name(number), EACH))
    })
}

fn name(number: u32) -> String {
    format!("Box{number}")
}

fn list(stage: &mut Stage, command: &str, word: &str) -> Fallible<Sample> {
    let lines = u64::from(stage.sizes.mailboxes);
    let mut client = stage.client_of(MANY)?;
    client.expect(command, word, lines)?;
    measure(stage.server()?, || {
        let list = || client.expect(command, word, lines).map(drop);
        Ok((repeat(stage.sizes.span, list)? * lines, 0))
    })
}

fn ask(stage: &mut Stage) -> Fallible<Sample> {
    let mut client = stage.client_of(MANY)?;
    measure(stage.server()?, || {
        for number in 0..ASKED {
            let mailbox = name(u32::try_from(number)? % stage.sizes.mailboxes);
            client.expect(&format!("STATUS {mailbox} (MESSAGES UNSEEN UIDNEXT)"), "STATUS", 1)?;
        }
        Ok((ASKED, 0))
    })
}
