//! What has happened in a mailbox since a moment, for clients that were away; and what else all its rows are gone through
//! for. However many they are, nobody else is kept waiting, and nothing is kept of the mailbox: each row is as it is when its turn
//! comes.

use crate::limits::PIECES_IN_A_TURN;
use crate::refusal::Failure;
use crate::session::User;
use rookery_mail::{ModSeq, Uid, UidSet};
use rookery_mailbox::{Numbering, OpenMailbox, Row, View, heavy};
use std::sync::Arc;
use tokio::task::yield_now;

/// What is asked.
pub(crate) struct Since {
    pub(crate) modseq: ModSeq,
    /// The messages about whose changes it is.
    pub(crate) among: UidSet,
    /// The UIDs about whose expunges it is.
    pub(crate) vanished: UidSet,
}

/// What has happened.
pub(crate) struct Found {
    /// UIDs among which those that the client knows are the messages.
    pub(crate) changed: UidSet,
    /// Without what the client still numbers: that is told by an expunge of its own, when its time comes.
    pub(crate) vanished: UidSet,
}

impl Since {
    /// Find it. None of the messages may be one that came after this was asked.
    pub(crate) async fn find(
        self,
        user: &User,
        view: &View,
        open: &Arc<OpenMailbox>,
    ) -> Result<Found, Failure> {
        let (view, open) = (view.beliefs(), Arc::clone(open));
        let work = async move {
            let changed = self.changed(&view.numbering(), &open).await;
            if self.vanished.is_empty() {
                return Found { changed, vanished: UidSet::new() };
            }
            // What was expunged since then is sorted, or all is looked for that is not there.
            yield_now().await;
            let gone = open.snapshot().vanished_since(self.modseq).intersection(&self.vanished);
            if gone.ranges().len() > PIECES_IN_A_TURN {
                yield_now().await;
            }
            let vanished = gone.difference(&view.known(&gone));
            Found { changed, vanished }
        };
        let found = heavy::begun_here(user.account.owner(), work).await;
        Ok(found.map_err(|it| it.during("looking for changes"))?)
    }

    async fn changed(&self, numbering: &Numbering, open: &OpenMailbox) -> UidSet {
        let (mut changed, mut next) = (UidSet::new(), Some(Uid::MIN));
        while let Some(from) = next {
            let snapshot = open.snapshot();
            next = some(snapshot.changed_from(from, self.modseq), |row| {
                if row.modseq > self.modseq && self.among.contains(row.uid) {
                    numbering.add_to(&mut changed, row.uid);
                }
            });
            drop(snapshot);
            pause(next).await;
        }
        changed
    }
}

/// The highest modification sequence of those of these messages that are there.
pub(crate) async fn highest_modseq(
    user: &User,
    open: &Arc<OpenMailbox>,
    uids: &Arc<UidSet>,
) -> Result<Option<ModSeq>, Failure> {
    let (open, uids) = (Arc::clone(open), Arc::clone(uids));
    let work = async move {
        let (mut highest, mut next) = (None, Some(Uid::MIN));
        while let Some(from) = next {
            let snapshot = open.snapshot();
            let pieces = snapshot.pieces_from(&uids, from);
            next = some(pieces, |row| highest = highest.max(Some(row.modseq)));
            drop(snapshot);
            pause(next).await;
        }
        highest
    };
    let highest = heavy::begun_here(user.account.owner(), work).await;
    Ok(highest.map_err(|it| it.during("looking for the latest change"))?)
}

/// Look at so many rows as one turn takes; says from which UID on there may be more.
fn some<'r>(pieces: impl Iterator<Item = &'r [Row]>, mut look: impl FnMut(&Row)) -> Option<Uid> {
    let mut looked_at = 0;
    for piece in pieces {
        piece.iter().for_each(&mut look);
        looked_at += piece.len();
        if looked_at > PIECES_IN_A_TURN {
            return piece.last().and_then(|row| row.uid.next());
        }
    }
    None
}

/// Let others run if there may be more.
async fn pause(next: Option<Uid>) {
    if next.is_some() {
        yield_now().await;
    }
}
