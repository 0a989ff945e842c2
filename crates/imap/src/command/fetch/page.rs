//! PARTIAL (RFC 9394 §3.3): so many of the messages, counted from either end.

use crate::refusal::Refusal;
use rookery_imap_wire::{Fetch, FetchModifier, PartialRange};
use rookery_mail::UidSet;
use rookery_mailbox::View;

/// The page that is asked for.
pub(super) fn of(command: &Fetch) -> Result<Option<PartialRange>, Refusal> {
    let mut pages = command.modifiers.iter().filter_map(|modifier| match modifier {
        FetchModifier::Partial(range) => Some(*range),
        _ => None,
    });
    match (pages.next(), pages.next()) {
        (Some(_), Some(_)) => Err(Refusal::bad("PARTIAL can be given once")),
        (Some(_), None) if !command.uid => Err(Refusal::bad("PARTIAL needs UID FETCH")),
        (page, _) => Ok(page),
    }
}

/// The messages of a page: before any other modifier leaves some of them out (RFC 9394 §3.4).
pub(super) fn narrow(page: PartialRange, view: &View, uids: &UidSet) -> UidSet {
    view.at(uids, page.positions(view.count(uids).into()))
}
