//! SEARCH, SORT and THREAD.

use super::Workload;
use crate::Fallible;
use crate::fill;
use crate::measure::{Sample, measure};
use crate::sizes::{Sizes, account};
use crate::stage::{LARGE, Stage, repeat};

pub(super) fn workloads(sizes: &Sizes) -> Vec<Workload> {
    let usual = sizes.usual;
    let of = |count: &dyn Fn(u32) -> bool| (0..usual).filter(|number| count(*number)).count();
    let unseen = of(&|number| !fill::flags(number).contains("Seen"));
    let flagged = of(&|number| fill::flags(number).contains("Flagged"));
    let dated = of(&|number| (2012..2014).contains(&fill::year(number)));
    let on = |name: &str, keys: &'static str, found: usize| {
        Workload::cpu(name, format!("SEARCH {keys} of {usual}"))
            .prepare(move |stage| prepare(stage, usual))
            .run(move |stage| search(stage, usual, &format!("SEARCH {keys}"), found))
    };
    vec![
        on("search-flags", "UNSEEN", unseen).aim(3.0),
        on("search-flags-two", "FLAGGED SEEN", flagged).aim(3.0),
        on("search-dates", "SINCE 1-Jan-2012 BEFORE 1-Jan-2014", dated).aim(3.0),
        on("search-uid", "UID 1:*", usual as usize),
        on("search-uid-some", "UID 5000:5099", 100),
        on("search-subject", "SUBJECT \"letter 77 about\"", 1),
        on("search-text", "TEXT \"letter 77 about\"", 1),
        of_extension("sort", "SORT", "SORT (SUBJECT) UTF-8 ALL", usual),
        of_extension("thread", "THREAD=REFERENCES", "THREAD REFERENCES UTF-8 ALL", usual),
    ]
}

/// What only servers are measured with that advertise it.
fn of_extension(name: &str, needs: &'static str, command: &'static str, usual: u32) -> Workload {
    Workload::cpu(name, format!("{command} of {usual}"))
        .needs(needs)
        .prepare(move |stage| prepare(stage, usual))
        .run(move |stage| search(stage, usual, command, usual as usize))
}

/// Dates and sizes have been asked for before, as clients do: servers that keep them on the side do so from then on.
fn prepare(stage: &mut Stage, usual: u32) -> Fallible<()> {
    stage.need_large(usual)?;
    let mut client = stage.client_of(&account(usual))?;
    client.command(&format!("SELECT {LARGE}"))?;
    client.command("FETCH 1:* (INTERNALDATE RFC822.SIZE)").map(drop)
}

fn search(stage: &mut Stage, usual: u32, command: &str, found: usize) -> Fallible<Sample> {
    let mut client = stage.client_of(&account(usual))?;
    client.command(&format!("SELECT {LARGE}"))?;
    expect(&client.text(command)?, command, found)?;
    measure(stage.server()?, || {
        let search = || expect(&client.text(command)?, command, found);
        Ok((repeat(stage.sizes.span, search)?, 0))
    })
}

/// Whether an answer has as many numbers as it should.
fn expect(answer: &[u8], command: &str, found: usize) -> Fallible<()> {
    let line = answer.split(|octet| *octet == b'\n').next().unwrap_or_default();
    let line = String::from_utf8_lossy(line);
    let numbers = line.split(|c: char| !c.is_ascii_digit()).filter(|word| !word.is_empty()).count();
    if numbers == found {
        return Ok(());
    }
    Err(format!("{command}: {numbers} found instead of {found}").into())
}
