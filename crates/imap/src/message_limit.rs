//! MESSAGELIMIT and SAVELIMIT (RFC 9738): how many messages one command may touch, where the administrator
//! set a bound.

use crate::out::Out;
use crate::refusal::Refusal;
use crate::session::Context;
use rookery_imap_wire::{Code, Status};
use rookery_mail::{Uid, UidRange, UidSet};
use rookery_mailbox::Row;
use rookery_mailbox::search::Key;
use std::num::NonZeroU32;

/// What a command works on.
pub(crate) struct Share {
    /// The messages: of too many, those with the highest UIDs (RFC 9738 §3.1).
    pub(crate) uids: UidSet,
    /// The lowest of them, if others were left out.
    pub(crate) lowest: Option<Uid>,
}

impl Share {
    /// So many of these messages as one command may touch.
    pub(crate) fn of(context: &Context, uids: UidSet) -> Self {
        match context.services.settings.message_limit {
            Some(limit) if uids.len() > u64::from(limit.get()) => {
                let uids = highest(&uids, limit);
                Self { lowest: uids.first(), uids }
            }
            _ => Self { uids, lowest: None },
        }
    }

    /// The rows of these messages, in the order in which they are worked on: if not all are, a client that
    /// loses its connection knows by the last one where to go on (RFC 9738 §3.1).
    pub(crate) fn in_order<'a>(
        &self,
        rows: impl Iterator<Item = &'a Row> + Send + 'a,
    ) -> Box<dyn Iterator<Item = &'a Row> + Send + 'a> {
        if self.lowest.is_none() {
            return Box::new(rows);
        }
        let rows: Vec<&Row> = rows.collect();
        Box::new(rows.into_iter().rev())
    }
}

fn highest(uids: &UidSet, limit: NonZeroU32) -> UidSet {
    let mut left = limit.get();
    let mut kept = UidSet::new();
    for range in uids.ranges().iter().rev() {
        let above = range.last().get().saturating_sub(left - 1);
        let first = Uid::new(above).map_or(range.first(), |uid| uid.max(range.first()));
        kept.insert_range(UidRange::new(first, range.last()));
        left -= range.last().get() - first.get() + 1;
        if left == 0 {
            break;
        }
    }
    kept
}

/// The messages that a search has to look at: not those which its key leaves out by their UIDs alone.
pub(crate) fn looked_at(key: &Key, uids: UidSet) -> UidSet {
    match key {
        Key::Uids(set) => uids.intersection(set),
        Key::And(keys) => keys.iter().fold(uids, |uids, key| looked_at(key, uids)),
        _ => uids,
    }
}

/// Refuse a copy of too many messages: it is of all or of none (RFC 9738 §3.1).
pub(crate) fn check_saved(context: &Context, messages: u64) -> Result<(), Refusal> {
    let settings = &context.services.settings;
    match settings.save_limit.or(settings.message_limit) {
        Some(limit) if messages > u64::from(limit.get()) => {
            let code = Code::MessageLimit { limit: limit.get(), lowest: None };
            Err(Refusal::no(code, "These are too many messages for one command"))
        }
        _ => Ok(()),
    }
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

    fn set(ranges: &[(u32, u32)]) -> UidSet {
        let uid = |number| Uid::new(number).unwrap();
        ranges.iter().map(|(first, last)| UidRange::new(uid(*first), uid(*last))).collect()
    }

    #[test]
    fn the_highest_are_kept() {
        let uids = set(&[(1, 3), (10, 12), (u32::MAX - 1, u32::MAX)]);
        let kept = |limit| highest(&uids, NonZeroU32::new(limit).unwrap());
        assert_eq!(kept(1), set(&[(u32::MAX, u32::MAX)]));
        assert_eq!(kept(2), set(&[(u32::MAX - 1, u32::MAX)]));
        assert_eq!(kept(4), set(&[(11, 12), (u32::MAX - 1, u32::MAX)]));
        assert_eq!(kept(8), uids);
        assert_eq!(kept(u32::MAX), uids);
    }

    #[test]
    fn what_uids_leave_out_is_not_looked_at() {
        let all = || set(&[(1, 10)]);
        let uids = |ranges| Key::Uids(set(ranges));
        let both = Key::And(vec![uids(&[(2, 6)]), Key::And(vec![uids(&[(5, 9)])]), Key::All]);
        assert_eq!(looked_at(&both, all()), set(&[(5, 6)]));
        assert_eq!(looked_at(&Key::Not(Box::new(uids(&[(2, 6)]))), all()), all());
        assert_eq!(looked_at(&Key::Or(vec![uids(&[(2, 6)])]), all()), all());
    }
}
