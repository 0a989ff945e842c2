//! What a client asks for that was away for a while (RFC 7162).

use super::Workload;
use crate::Fallible;
use crate::client::Client;
use crate::fill;
use crate::measure::{Sample, measure};
use crate::sizes::{Sizes, account};
use crate::stage::{Stage, repeat};

const MAILBOX: &str = "Resync";
/// Messages whose flags have changed since.
const CHANGED: u64 = 20;
/// Messages that are gone since.
const GONE: u32 = 10;

pub(super) fn workloads(sizes: &Sizes) -> Vec<Workload> {
    let usual = sizes.usual;
    vec![
        Workload::cpu(
            "resync-condstore",
            format!("SELECT and FETCH 1:* FLAGS CHANGEDSINCE, {CHANGED} of {usual} changed"),
        )
        .aim(4.0)
        .prepare(move |stage| prepare(stage, usual))
        .run(move |stage| condstore(stage, usual)),
        Workload::cpu(
            "resync-qresync",
            format!("SELECT with QRESYNC, {CHANGED} of {usual} changed, {GONE} gone"),
        )
        .aim(4.0)
        .prepare(move |stage| prepare(stage, usual))
        .run(move |stage| qresync(stage, usual)),
    ]
}

fn prepare(stage: &mut Stage, usual: u32) -> Fallible<()> {
    let user = account(usual);
    stage.once(MAILBOX, |stage| {
        fill::mailbox(&mut stage.client_of(&user)?, MAILBOX, usual + 10 * GONE)
    })
}

/// What the client remembered: UIDVALIDITY and the modification sequence, before a few messages changed.
struct Remembered {
    validity: u64,
    sequence: u64,
}

fn remember(client: &mut Client) -> Fallible<Remembered> {
    let answer = client.text(&format!("STATUS {MAILBOX} (UIDVALIDITY HIGHESTMODSEQ)"))?;
    let answer = String::from_utf8_lossy(&answer).into_owned();
    let number = |name: &str| -> Fallible<u64> {
        let (_, rest) = answer.split_once(name).ok_or("a number is missing in STATUS")?;
        let digits = rest.trim_start().split(|c: char| !c.is_ascii_digit()).next();
        Ok(digits.unwrap_or_default().parse()?)
    };
    Ok(Remembered { validity: number("UIDVALIDITY")?, sequence: number("HIGHESTMODSEQ")? })
}

/// Change the flags of a few messages, here and there.
fn change(client: &mut Client, usual: u32, run: u32) -> Fallible<()> {
    client.command(&format!("SELECT {MAILBOX}"))?;
    let sign = if run.is_multiple_of(2) { '+' } else { '-' };
    let distance = u64::from(usual) / (CHANGED + 1);
    for which in 1..=CHANGED {
        client.command(&format!("STORE {} {sign}FLAGS.SILENT (\\Draft)", which * distance))?;
    }
    client.command("UNSELECT").map(drop)
}

fn condstore(stage: &mut Stage, usual: u32) -> Fallible<Sample> {
    let mut client = stage.client_of(&account(usual))?;
    // Each change has to be one, on every server.
    change(&mut client, usual, 1)?;
    let then = remember(&mut client)?;
    change(&mut client, usual, 0)?;
    let fetch = format!("FETCH 1:* (FLAGS) (CHANGEDSINCE {})", then.sequence);
    measure(stage.server()?, || {
        let resync = || {
            client.command(&format!("SELECT {MAILBOX} (CONDSTORE)"))?;
            client.expect(&fetch, "FETCH", CHANGED).map(drop)
        };
        Ok((repeat(stage.sizes.span, resync)?, 0))
    })
}

fn qresync(stage: &mut Stage, usual: u32) -> Fallible<Sample> {
    let mut client = stage.client_of(&account(usual))?;
    client.command("ENABLE QRESYNC")?;
    change(&mut client, usual, 1)?;
    let then = remember(&mut client)?;
    change(&mut client, usual, 0)?;
    lose_some(&mut client, usual)?;
    let select = format!("SELECT {MAILBOX} (QRESYNC ({} {}))", then.validity, then.sequence);
    measure(stage.server()?, || {
        let resync = || client.expect(&select, "FETCH", CHANGED).map(drop);
        Ok((repeat(stage.sizes.span, resync)?, 0))
    })
}

/// Expunge a few messages, and add as many, so that later rounds find as many as earlier ones.
fn lose_some(client: &mut Client, usual: u32) -> Fallible<()> {
    client.command(&format!("SELECT {MAILBOX}"))?;
    let first = usual - 2 * GONE;
    client.command(&format!("STORE {first}:{} +FLAGS.SILENT (\\Deleted)", first + GONE - 1))?;
    client.command("EXPUNGE")?;
    client.command("UNSELECT").map(drop)
}
