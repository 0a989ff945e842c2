//! MESSAGELIMIT and SAVELIMIT (RFC 9738): how many messages one command may touch, where the administrator
//! set a bound.

use crate::out::Out;
use crate::refusal::Refusal;
use crate::session::Context;
use crate::walk::Walk;
use rookery_imap_wire::{Code, PartialRange, Status};
use rookery_mail::{Uid, UidSet};
use rookery_mailbox::search::Key;
use rookery_mailbox::{Snapshot, View};
use std::num::NonZeroU32;

/// What a command works on.
pub(crate) struct Share {
    /// The messages, as [`crate::selected::Selected::resolve`] has them: of too many, those with the highest UIDs (RFC 9738
    /// §3.1).
    pub(crate) uids: UidSet,
    /// The lowest of them, if others were left out.
    pub(crate) lowest: Option<Uid>,
}

impl Share {
    /// So many of these messages as one command may touch.
    pub(crate) fn of(context: &Context, view: &View, uids: UidSet) -> Self {
        match context.services.settings.message_limit {
            Some(limit) if view.count(&uids) > limit.get() => {
                let all = u64::from(view.count(&uids));
                let uids = view.at(&uids, all - u64::from(limit.get())..all);
                Self { lowest: uids.first(), uids }
            }
            _ => Self { uids, lowest: None },
        }
    }

    /// These messages in the order in which they are worked on: if not all are, a client that loses its connection knows by the
    /// last one where to go on (RFC 9738 §3.1).
    pub(crate) fn walk(&self, snapshot: &Snapshot) -> Walk<'_> {
        match self.lowest {
            None => Walk::up(&self.uids),
            Some(_) => Walk::Down(snapshot.rows_in(&self.uids).map(|row| row.uid).collect()),
        }
    }
}

/// The UIDs that a search has to look at: not those which its key leaves out by itself.
pub(crate) fn confined(key: &Key) -> UidSet {
    match key {
        Key::Uids(set) => UidSet::clone(set),
        Key::And(keys) => {
            keys.iter().fold(UidSet::all(), |uids, key| uids.intersection(&confined(key)))
        }
        _ => UidSet::all(),
    }
}

/// Refuse a copy of too many messages: it is of all or of none (RFC 9738 §3.1).
pub(crate) fn check_saved(context: &Context, messages: u64) -> Result<(), Refusal> {
    let settings = &context.services.settings;
    match settings.save_limit.or(settings.message_limit) {
        Some(limit) if messages > u64::from(limit.get()) => Err(too_many(limit)),
        _ => Ok(()),
    }
}

/// Refuse a page of more messages than one command works on, whether there are so many or not (RFC 9738 §3.1).
pub(crate) fn check_page(context: &Context, page: PartialRange) -> Result<(), Refusal> {
    let (PartialRange::First(one, other) | PartialRange::Last(one, other)) = page;
    match context.services.settings.message_limit {
        Some(limit) if one.get().abs_diff(other.get()) >= limit.get() => Err(too_many(limit)),
        _ => Ok(()),
    }
}

/// Nothing has been done.
fn too_many(limit: NonZeroU32) -> Refusal {
    let code = Code::MessageLimit { limit: limit.get(), lowest: None };
    Refusal::no(code, "These are too many messages for one command")
}

/// Say down to where a command has come: with its answer, or before it if that says something else
/// (RFC 9738 §3.1).
pub(crate) fn tell(
    context: &Context,
    lowest: Option<Uid>,
    code: &mut Option<Code>,
    out: &mut Out<'_>,
) {
    let (Some(limit), Some(_)) = (context.services.settings.message_limit, lowest) else { return };
    let reached = Code::MessageLimit { limit: limit.get(), lowest };
    match code {
        None => *code = Some(reached),
        Some(_) => out.untagged(Status::No, Some(reached), "There are more messages below"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rookery_mail::UidRange;

    fn set(ranges: &[(u32, u32)]) -> UidSet {
        let uid = |number| Uid::new(number).unwrap();
        ranges.iter().map(|(first, last)| UidRange::new(uid(*first), uid(*last))).collect()
    }

    #[test]
    fn what_uids_leave_out_is_not_looked_at() {
        let uids = |ranges| Key::Uids(set(ranges).into());
        let both = Key::And(vec![uids(&[(2, 6)]), Key::And(vec![uids(&[(5, 9)])]), Key::All]);
        assert_eq!(confined(&both), set(&[(5, 6)]));
        assert_eq!(confined(&Key::Not(Box::new(uids(&[(2, 6)])))), UidSet::all());
        assert_eq!(confined(&Key::Or(vec![uids(&[(2, 6)])])), UidSet::all());
    }
}
