//! FETCH.

use super::Workload;
use crate::Fallible;
use crate::client::{Client, Way};
use crate::corpus::mix;
use crate::fill;
use crate::measure::{Sample, measure};
use crate::servers::USER;
use crate::sizes::{Sizes, account};
use crate::stage::{CORPUS, LARGE, Stage, repeat};

const HEADERS: &str =
    "BODY.PEEK[HEADER.FIELDS (DATE FROM TO CC SUBJECT MESSAGE-ID REFERENCES IN-REPLY-TO)]";
const METADATA: &str = "UID FLAGS INTERNALDATE RFC822.SIZE";

pub(super) fn workloads(sizes: &Sizes) -> Vec<Workload> {
    let usual = sizes.usual;
    vec![
        Workload::cpu("fetch-metadata", format!("FETCH 1:* ({METADATA}) of {usual}"))
            .aim(5.0)
            .prepare(move |stage| stage.need_large(usual))
            .run(move |stage| metadata(stage, usual)),
        corpus("fetch-envelope", "FETCH 1:* ENVELOPE", "ENVELOPE"),
        corpus("fetch-structure", "FETCH 1:* BODYSTRUCTURE", "BODYSTRUCTURE").aim(5.0),
        Workload::cpu("fetch-headers-first", "FETCH 1:* of 8 header fields, first time")
            .aim(2.0)
            .run(headers_first),
        corpus("fetch-headers-again", "FETCH 1:* of 8 header fields, again", HEADERS).aim(2.0),
        bodies("fetch-bodies-plain", "FETCH 1:* BODY.PEEK[]", Way::Plain).aim(2.0),
        bodies("fetch-bodies-tls", "FETCH 1:* BODY.PEEK[] with TLS", Way::Tls).aim(2.0),
        bodies("fetch-bodies-compressed", "FETCH 1:* BODY.PEEK[] with COMPRESS", Way::Compressed),
        Workload::cpu("fetch-random", "UID FETCH of a random message, BODY.PEEK[]")
            .aim(3.0)
            .prepare(Stage::need_corpus)
            .run(random),
    ]
}

fn metadata(stage: &mut Stage, messages: u32) -> Fallible<Sample> {
    let mut client = stage.client_of(&account(messages))?;
    client.command(&format!("SELECT {LARGE}"))?;
    let all = u64::from(messages);
    measure(stage.server()?, || {
        let fetch = format!("FETCH 1:* ({METADATA})");
        let times = repeat(stage.sizes.span, || client.expect(&fetch, "FETCH", all).map(drop))?;
        Ok((times * all, 0))
    })
}

/// Fetch something of each message of the corpus, which has been fetched before.
fn corpus(name: &str, what: &str, items: &'static str) -> Workload {
    Workload::cpu(name, format!("{what} of real mail"))
        .prepare(move |stage| {
            stage.need_corpus()?;
            selected(stage, Way::Plain)?.command(&format!("FETCH 1:* ({items})")).map(drop)
        })
        .run(move |stage| {
            let all = stage.corpus.messages.len() as u64;
            let mut client = selected(stage, Way::Plain)?;
            measure(stage.server()?, || {
                let fetch = format!("FETCH 1:* ({items})");
                let fetch = || client.expect(&fetch, "FETCH", all).map(drop);
                Ok((repeat(stage.sizes.span, fetch)? * all, 0))
            })
        })
}

fn selected(stage: &Stage, way: Way) -> Fallible<Client> {
    let mut client = Client::new(stage.server()?, way, USER)?;
    client.command(&format!("SELECT {CORPUS}"))?;
    Ok(client)
}

fn headers_first(stage: &mut Stage) -> Fallible<Sample> {
    let (all, mailbox) = (stage.sizes.bulk as usize, stage.fresh());
    let mut client = stage.client()?;
    client.command(&format!("CREATE {mailbox}"))?;
    fill::append_all(&mut client, &mailbox, (0..all).map(|number| stage.corpus.get(number)))?;
    client.command(&format!("SELECT {mailbox}"))?;
    measure(stage.server()?, || {
        client.expect(&format!("FETCH 1:* ({HEADERS})"), "FETCH", all as u64)?;
        Ok((all as u64, 0))
    })
}

fn bodies(name: &str, what: &str, way: Way) -> Workload {
    Workload::cpu(name, format!("{what} of real mail")).prepare(Stage::need_corpus).run(
        move |stage| {
            let all = stage.corpus.messages.len();
            let octets = stage.corpus.octets(all);
            let mut client = selected(stage, way)?;
            measure(stage.server()?, || {
                let times = repeat(stage.sizes.span, || {
                    let answer = client.expect("FETCH 1:* (BODY.PEEK[])", "FETCH", all as u64)?;
                    let got = answer.literals;
                    if got == octets {
                        return Ok(());
                    }
                    Err(format!("{got} octets of mail instead of {octets}").into())
                })?;
                Ok((times * all as u64, times * octets))
            })
        },
    )
}

fn random(stage: &mut Stage) -> Fallible<Sample> {
    let (times, all) = (stage.sizes.small, stage.corpus.messages.len() as u64);
    let mut client = selected(stage, Way::Plain)?;
    measure(stage.server()?, || {
        let mut octets = 0;
        for time in 0..times {
            let uid = mix(time) % all + 1;
            let answer = client.expect(&format!("UID FETCH {uid} (BODY.PEEK[])"), "FETCH", 1)?;
            let size = stage.corpus.messages[usize::try_from(uid)? - 1].len() as u64;
            if answer.literals != size {
                return Err(format!("{} octets instead of {size}", answer.literals).into());
            }
            octets += size;
        }
        Ok((times, octets))
    })
}
