//! What is told of the matches, and what `$` keeps of them (RFC 9051 §6.4.4, RFC 4731 §3, RFC 9394 §3).

use crate::refusal::Refusal;
use rookery_imap_wire::{PartialRange, SearchReturn};
use rookery_mail::UidSet;
use rookery_mailbox::View;
use rookery_mailbox::search::Wanted;
use std::sync::Arc;

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
pub(super) fn told(
    returns: Option<&[SearchReturn]>,
    view: &View,
    found: &Arc<UidSet>,
) -> Arc<UidSet> {
    let returns = returns.unwrap_or(&[SearchReturn::All]);
    let mut told = UidSet::new();
    let mut only_some = false;
    for item in returns {
        let some = match item {
            SearchReturn::Min => found.first().into_iter().collect(),
            SearchReturn::Max => found.last().into_iter().collect(),
            SearchReturn::Partial(range) => page(view, found, *range),
            SearchReturn::Save => continue,
            SearchReturn::All | SearchReturn::Count | SearchReturn::Other(_) => {
                return Arc::clone(found);
            }
        };
        only_some = true;
        told = told.union(&some);
    }
    if only_some { Arc::new(told) } else { Arc::clone(found) }
}

/// The matches at these positions.
pub(super) fn page(view: &View, found: &UidSet, range: PartialRange) -> UidSet {
    view.at(found, range.positions(view.count(found).into()))
}
