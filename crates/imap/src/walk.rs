//! Messages that a command goes through, a few at a time, each as it is when its turn comes. An answer takes as long as its client
//! likes: what it is made of is a copy of those few, and nothing is kept of the mailbox as it was before others changed it.

use crate::limits::FETCH_BATCH;
use crate::out::Out;
use crate::selected::Selected;
use crate::sync;
use rookery_mail::{Uid, UidSet};
use rookery_mailbox::{FlagNames, Row, Snapshot};

/// Messages that are still to be gone through.
pub(crate) enum Walk<'a> {
    /// Those of these UIDs that are there, from one on if there are more.
    Up(&'a UidSet, Option<Uid>),
    /// These, the last one first.
    Down(Vec<Uid>),
}

/// Some messages.
pub(crate) struct Few {
    /// Those that are still there.
    pub(crate) rows: Vec<Row>,
    /// What their flags are called.
    pub(crate) names: FlagNames,
}

impl Few {
    /// These rows of a snapshot. The client hears of keywords that it does not know.
    pub(crate) fn of(
        rows: Vec<Row>,
        snapshot: &Snapshot,
        selected: &mut Selected,
        out: &mut Out<'_>,
    ) -> Self {
        sync::keywords(selected, snapshot, out);
        Self { rows, names: snapshot.flag_names() }
    }
}

impl<'a> Walk<'a> {
    /// All of these messages, ascending.
    pub(crate) fn up(uids: &'a UidSet) -> Self {
        Self::Up(uids, Some(Uid::MIN))
    }

    /// The next few; nothing at the end.
    pub(crate) fn next(&mut self, selected: &mut Selected, out: &mut Out<'_>) -> Option<Few> {
        let snapshot = selected.open.snapshot();
        let rows = self.rows(&snapshot)?;
        Some(Few::of(rows, &snapshot, selected, out))
    }

    fn rows(&mut self, snapshot: &Snapshot) -> Option<Vec<Row>> {
        match self {
            Self::Up(uids, from) => {
                let mut rows = Vec::new();
                for piece in snapshot.pieces_from(uids, (*from)?) {
                    let room = FETCH_BATCH - rows.len();
                    rows.extend_from_slice(piece.get(..room).unwrap_or(piece));
                    if rows.len() == FETCH_BATCH {
                        break;
                    }
                }
                let last = rows.last().filter(|_| rows.len() == FETCH_BATCH);
                *from = last.and_then(|row| row.uid.next());
                (!rows.is_empty()).then_some(rows)
            }
            Self::Down(uids) if uids.is_empty() => None,
            Self::Down(uids) => {
                let next = uids.split_off(uids.len().saturating_sub(FETCH_BATCH));
                let rows = next.iter().rev().filter_map(|uid| snapshot.row(*uid));
                Some(rows.cloned().collect())
            }
        }
    }
}
