//! Catching up with a mailbox, in steps: however much has happened, none of them takes long.

use super::{Event, Expunges, View};
use crate::limits::{SHORT_SYNC_RUNS, SYNC_ROWS};
use crate::runs::Runs;
use crate::{Row, Snapshot};
use rookery_mail::{ModSeq, Uid, UidSet};
use std::sync::Arc;

/// A view on its way to a moment. It has the view meanwhile, so that nobody sees it half done. Of the mailbox it keeps nothing: each
/// step looks at it as it is then, which must not be older than the moment, nor than it was in the step before. What came later is
/// left for the next time, but for expunges: what is gone is gone.
#[derive(Debug)]
pub struct Syncing {
    view: View,
    moment: ModSeq,
    expunges: Expunges,
    /// From where on there may be something to look at.
    next: Option<Uid>,
    changed: UidSet,
    new: UidSet,
}

/// What a client has to be told so that it catches up: expunges first, then how many messages there are, then flags.
#[derive(Debug, Default)]
pub struct News {
    /// The numbers that the client knew.
    before: Arc<Runs>,
    gone: UidSet,
    exists: Option<u32>,
    changed: UidSet,
}

impl Syncing {
    pub(super) fn new(view: View, moment: ModSeq, expunges: Expunges) -> Self {
        let (changed, new) = (UidSet::new(), UidSet::new());
        Self { view, moment, expunges, next: Some(Uid::MIN), changed, new }
    }

    /// Look at some of what has happened; false when all has been looked at.
    pub fn step(&mut self, now: &Snapshot) -> bool {
        let Some(from) = self.next.filter(|_| self.is_behind()) else { return false };
        let (since, mut rows) = (self.view.synced, 0);
        for piece in now.changed_from(from, since) {
            if rows >= SYNC_ROWS {
                return true;
            }
            rows += piece.len();
            self.next = piece.last().and_then(|row| row.uid.next());
            for row in piece.iter().filter(|row| row.modseq > since) {
                if row.created > self.moment {
                    // Neither is any of those behind it one that the client may hear of.
                    break;
                } else if row.created > since {
                    self.new.insert(row.uid);
                } else if row.modseq <= self.moment && !self.view.is_hushed(row) {
                    self.view.known.add_to(&mut self.changed, row.uid);
                }
            }
        }
        self.next = None;
        false
    }

    /// Whether the client has not been told of all that has happened, held-back expunges aside.
    fn is_behind(&self) -> bool {
        self.moment > self.view.synced
    }

    /// Whether what is left after all steps takes no longer than one of them.
    #[must_use]
    pub fn ends_soon(&self, now: &Snapshot) -> bool {
        let View { known, held_back, synced, .. } = &self.view;
        let vanishes = self.is_behind()
            && (*synced < now.tombstone_floor() || now.tombstones_since(*synced).next().is_some());
        if !vanishes && held_back.is_empty() {
            return true;
        }
        let is_short = |count: usize| count <= SHORT_SYNC_RUNS;
        (!vanishes || *synced >= now.tombstone_floor())
            && is_short(known.count_of_runs())
            && is_short(held_back.ranges().len())
            && (!vanishes
                || is_short(now.tombstones_since(*synced).take(SHORT_SYNC_RUNS + 1).count()))
    }

    /// The end, after all steps.
    #[must_use]
    pub fn finish(mut self, now: &Snapshot) -> (View, News) {
        if self.is_behind() {
            let vanished = now.vanished_since(self.view.synced);
            if !vanished.is_empty() {
                let known = self.view.known.intersection(&vanished);
                self.view.held_back = self.view.held_back.union(&known);
            }
            let latest = self.moment;
            self.view.synced = latest;
            self.view.hushed.retain(|(_, modseq)| *modseq > latest);
        }
        let gone = match self.expunges {
            Expunges::Tell => std::mem::take(&mut self.view.held_back),
            Expunges::Hold => UidSet::new(),
        };
        let before = match gone.is_empty() {
            true => Arc::default(),
            false => Arc::clone(&self.view.known),
        };
        self.view.renumber(now, &gone, &self.new);
        if self.view.held_back.is_empty() {
            self.view.settled = self.view.synced;
        }
        let exists = (!self.new.is_empty()).then(|| self.view.len());
        (self.view, News { before, gone, exists, changed: self.changed })
    }
}

impl News {
    /// What is gone.
    #[must_use]
    pub fn gone(&self) -> &UidSet {
        &self.gone
    }

    /// The same with the number that each has when it is told, in the order in which they are: the client removes one message
    /// after the other, so each moves those after it up by one.
    pub fn expunges(&self) -> impl Iterator<Item = (u32, Uid)> {
        let numbered = self.gone.iter().filter_map(|uid| Some((self.before.number(uid)?, uid)));
        numbered.zip(0u32..).map(|((number, uid), before)| (number - before, uid))
    }

    /// How many messages there are now, if there are new ones.
    #[must_use]
    pub fn exists(&self) -> Option<u32> {
        self.exists
    }

    /// UIDs among which those that the client knows are the messages whose flags have changed.
    #[must_use]
    pub fn changed(&self) -> &UidSet {
        &self.changed
    }

    /// All of it, one after the other.
    pub(super) fn events(&self, view: &View, snapshot: &Snapshot) -> Vec<Event> {
        let expunges = self.expunges().map(|(number, uid)| Event::Expunge { number, uid });
        let flags = |row: &Row| {
            let number = view.number(row.uid)?;
            Some(Event::Flags { number, row: row.clone() })
        };
        let exists = self.exists.map(Event::Exists);
        expunges.chain(exists).chain(snapshot.rows_in(&self.changed).filter_map(flags)).collect()
    }
}
