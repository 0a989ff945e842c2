//! What is known of a mailbox without looking at its messages.

use crate::{Counts, Snapshot};
use rookery_mail::{ModSeq, Uid, UidValidity};

/// What STATUS tells of a mailbox (RFC 9051 §6.3.11).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Status {
    /// Its UIDVALIDITY.
    pub uid_validity: UidValidity,
    /// The next UID; `None` when they are used up.
    pub uid_next: Option<Uid>,
    /// The modification sequence of the latest change.
    pub highest_modseq: ModSeq,
    /// Sums over its messages.
    pub counts: Counts,
    /// Messages that no session has been told of as recent (RFC 3501 §2.3.2).
    pub recent: u32,
}

impl Status {
    /// The status of a mailbox; `first_recent` is the first UID that no session has been told of, `None` if there
    /// is none left.
    #[must_use]
    pub fn of(snapshot: &Snapshot, first_recent: Option<Uid>) -> Self {
        let is_recent = |uid: Uid| first_recent.is_some_and(|first| uid >= first);
        let recent = snapshot.rows().rev().take_while(|row| is_recent(row.uid));
        Self {
            uid_validity: snapshot.uid_validity(),
            uid_next: snapshot.uid_next(),
            highest_modseq: snapshot.highest_modseq(),
            counts: snapshot.counts(),
            recent: recent.map(|_| 1).sum(),
        }
    }
}
