//! What has happened in a mailbox since a moment, for clients that were away; and what else all its rows are gone through
//! for. However many they are, nobody else is kept waiting.

use crate::limits::PIECES_IN_A_TURN;
use crate::refusal::Failure;
use crate::session::User;
use rookery_mail::{ModSeq, UidSet};
use rookery_mailbox::{Numbering, Row, Snapshot, View, heavy};
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
    /// Find it.
    pub(crate) async fn find(
        self,
        user: &User,
        view: &View,
        snapshot: &Arc<Snapshot>,
    ) -> Result<Found, Failure> {
        let (view, snapshot) = (view.beliefs(), Arc::clone(snapshot));
        let work = async move {
            let changed = self.changed(&view.numbering(), &snapshot).await;
            if self.vanished.is_empty() {
                return Found { changed, vanished: UidSet::new() };
            }
            // What was expunged since then is sorted, or all is looked for that is not there.
            yield_now().await;
            let gone = snapshot.vanished_since(self.modseq).intersection(&self.vanished);
            if gone.ranges().len() > PIECES_IN_A_TURN {
                yield_now().await;
            }
            let vanished = gone.difference(&view.known(&gone));
            Found { changed, vanished }
        };
        let found = heavy::begun_here(user.account.owner(), work).await;
        Ok(found.map_err(|it| it.during("looking for changes"))?)
    }

    async fn changed(&self, numbering: &Numbering, snapshot: &Snapshot) -> UidSet {
        let (mut changed, mut looked_at) = (UidSet::new(), 0);
        for (_, piece) in snapshot.changed_pieces(0, self.modseq) {
            turn(&mut looked_at, piece).await;
            let rows = piece.iter().filter(|row| row.modseq > self.modseq);
            let uids = rows.map(|row| row.uid).filter(|uid| self.among.contains(*uid));
            uids.for_each(|uid| numbering.add_to(&mut changed, uid));
        }
        changed
    }
}

/// The highest modification sequence of these messages.
pub(crate) async fn highest_modseq(
    user: &User,
    snapshot: &Arc<Snapshot>,
    uids: &Arc<UidSet>,
) -> Result<Option<u64>, Failure> {
    let (snapshot, uids) = (Arc::clone(snapshot), Arc::clone(uids));
    let work = async move {
        let (mut highest, mut looked_at) = (None, 0);
        for piece in snapshot.pieces_in(&uids) {
            turn(&mut looked_at, piece).await;
            highest = highest.max(piece.iter().map(|row| row.modseq.get()).max());
        }
        highest
    };
    let highest = heavy::begun_here(user.account.owner(), work).await;
    Ok(highest.map_err(|it| it.during("looking for the latest change"))?)
}

/// Let others run if many rows have been looked at before this piece.
pub(crate) async fn turn(looked_at: &mut usize, piece: &[Row]) {
    *looked_at += piece.len();
    if *looked_at > PIECES_IN_A_TURN {
        *looked_at = piece.len();
        yield_now().await;
    }
}
