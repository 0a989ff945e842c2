//! How many messages are looked at together: a few, and fewer where their summaries may be large.

use crate::limits::{MAX_SUMMARY_WEIGHT, SUMMARIES_AT_ONCE, SUMMARY_BATCH};
use rookery_mailbox::Row;
use std::borrow::Borrow;

/// How many of the messages are asked for at once, of those that are left.
pub(super) fn batch<R: Borrow<Row>>(rows: &[R]) -> usize {
    let mut room = SUMMARIES_AT_ONCE;
    let fits = |row: &&R| {
        let size = usize::try_from((*row).borrow().size).unwrap_or(usize::MAX);
        let left = room.checked_sub(size.min(MAX_SUMMARY_WEIGHT));
        left.inspect(|left| room = *left).is_some()
    };
    rows.iter().take(SUMMARY_BATCH).take_while(fits).count().max(1).min(rows.len())
}
