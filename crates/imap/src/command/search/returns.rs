//! What is told of the matches, and what `$` keeps of them (RFC 9051 §6.4.4, RFC 4731 §3, RFC 9394 §3).

use crate::refusal::Refusal;
use rookery_imap_wire::{PartialRange, Response, SearchReturn, Tag};
use rookery_mail::{Uid, UidSet};
use rookery_mailbox::search::Wanted;

/// Refuse what is not known, and what asks for the matches in two ways (RFC 9394 §3.1).
pub(super) fn check(returns: &[SearchReturn]) -> Result<(), Refusal> {
    if returns.iter().any(|item| matches!(item, SearchReturn::Other(_))) {
        return Err(Refusal::bad("Unknown return option"));
    }
    let pages = returns.iter().filter(|item| matches!(item, SearchReturn::Partial(_))).count();
    let all = usize::from(returns.contains(&SearchReturn::All));
    if pages > 0 && pages + all > 1 {
        return Err(Refusal::bad("PARTIAL can be given once, and not with ALL"));
    }
    Ok(())
}

/// The matches that it takes to answer.
pub(super) fn wanted(returns: Option<&[SearchReturn]>) -> Wanted {
    let returns = returns.unwrap_or(&[SearchReturn::All]);
    let (mut lowest, mut highest) = (0, 0);
    for item in returns {
        match item {
            SearchReturn::Min => lowest = lowest.max(1),
            SearchReturn::Max => highest = highest.max(1),
            SearchReturn::Partial(PartialRange::First(a, b)) => {
                lowest = lowest.max(a.max(b).get());
            }
            SearchReturn::Partial(PartialRange::Last(a, b)) => {
                highest = highest.max(a.max(b).get());
            }
            SearchReturn::Save => {}
            SearchReturn::All | SearchReturn::Count | SearchReturn::Other(_) => return Wanted::All,
        }
    }
    match (lowest, highest) {
        (count, 0) if count > 0 => Wanted::Lowest(count.into()),
        (0, count) if count > 0 => Wanted::Highest(count.into()),
        _ => Wanted::All,
    }
}

/// The messages that an answer speaks of, which are those that are saved: all of them; but of MIN, MAX and PARTIAL without
/// ALL and COUNT no others than they name (RFC 4731 §3.2, RFC 9051 §6.4.4.1, RFC 9394 §3.2).
pub(super) fn told(returns: Option<&[SearchReturn]>, found: &UidSet) -> UidSet {
    let returns = returns.unwrap_or(&[SearchReturn::All]);
    let mut told = UidSet::new();
    let mut only_some = false;
    for item in returns {
        let some = match item {
            SearchReturn::Min => found.first().into_iter().collect(),
            SearchReturn::Max => found.last().into_iter().collect(),
            SearchReturn::Partial(range) => page(found, *range),
            SearchReturn::Save => continue,
            SearchReturn::All | SearchReturn::Count | SearchReturn::Other(_) => {
                return found.clone();
            }
        };
        only_some = true;
        told = told.union(&some);
    }
    if only_some { told } else { found.clone() }
}

/// The matches at these positions.
fn page(found: &UidSet, range: PartialRange) -> UidSet {
    found.at(range.positions(found.len()))
}

/// The answer, in UIDs or numbers.
pub(super) fn esearch(
    tag: &Tag,
    uid: bool,
    returns: Option<&[SearchReturn]>,
    (numbers, modseq): (&UidSet, Option<u64>),
) -> Response {
    let returns = returns.unwrap_or(&[SearchReturn::All]);
    let wants = |item: SearchReturn| returns.contains(&item);
    let partial = returns.iter().find_map(|item| match item {
        SearchReturn::Partial(range) => Some((*range, ranges(&page(numbers, *range)))),
        _ => None,
    });
    Response::ESearch {
        tag: Some(tag.clone()),
        uid,
        min: numbers.first().map(Uid::get).filter(|_| wants(SearchReturn::Min)),
        max: numbers.last().map(Uid::get).filter(|_| wants(SearchReturn::Max)),
        count: wants(SearchReturn::Count).then(|| u32::try_from(numbers.len()).unwrap_or(u32::MAX)),
        all: (wants(SearchReturn::All) && !numbers.is_empty()).then(|| ranges(numbers)),
        partial,
        modseq,
    }
}

fn ranges(numbers: &UidSet) -> Vec<(u32, u32)> {
    numbers.ranges().iter().map(|range| (range.first().get(), range.last().get())).collect()
}
