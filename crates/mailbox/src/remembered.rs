//! How many expunges a mailbox remembers, so that those of many mailboxes do not add up to too much memory.

use crate::limits::MAX_ACCOUNT_TOMBSTONES;

/// Expunges that a mailbox remembers after one: no more than `most`, and no more than its share among all mailboxes of the account.
#[must_use]
pub fn remembered_expunges(most: usize, mailboxes: usize) -> usize {
    most.min(MAX_ACCOUNT_TOMBSTONES / mailboxes.max(1))
}
