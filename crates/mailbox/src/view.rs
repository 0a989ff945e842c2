//! What one client believes about the mailbox that it has selected. Pure: never waits, reads no clock.
//!
//! A client numbers messages from 1 and renumbers them only when it is told of an expunge. A [`View`] follows
//! that numbering, and [`View::sync`] says what the client has to be told so that it catches up with a
//! [`Snapshot`]. Where the protocol forbids expunges (RFC 9051 §7.5.1), they are held back and told later.

use crate::limits::MAX_HUSHED;
use crate::runs::Runs;
use crate::{FlagChange, Row, Snapshot, Stored};
use rookery_mail::{ModSeq, Uid, UidSet};
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

/// Whether the client may be told of expunges now.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Expunges {
    /// Yes: numbers change.
    Tell,
    /// No: no number changes, what vanished is remembered.
    Hold,
}

/// Something to tell the client, in this order, each on top of the one before.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Event {
    /// The message with this number, as of this moment, is gone; those after it move up.
    Expunge {
        /// Its number, counted from 1.
        number: u32,
        /// Its UID.
        uid: Uid,
    },
    /// There are so many messages now, more than before.
    Exists(u32),
    /// The flags of a message that the client knew have changed.
    Flags {
        /// Its number, counted from 1.
        number: u32,
        /// It as it is now.
        row: Row,
    },
}

/// What one client believes: which number means which UID, as of which modification sequence.
#[derive(Clone, Debug)]
pub struct View {
    /// The snapshot's own while the client knows all that it says, so that a client at rest costs nothing of the kind.
    known: Arc<Runs>,
    held_back: UidSet,
    /// Everything up to here has been told, even while expunges after it are held back.
    settled: ModSeq,
    synced: ModSeq,
    hushed: VecDeque<(UidSet, ModSeq)>,
}

impl View {
    /// The view of a client that is about to learn of everything in the snapshot.
    #[must_use]
    pub fn open(snapshot: &Snapshot) -> Self {
        Self {
            known: snapshot.numbering(),
            held_back: UidSet::new(),
            settled: snapshot.highest_modseq(),
            synced: snapshot.highest_modseq(),
            hushed: VecDeque::new(),
        }
    }

    /// How many messages the client believes there are, held-back ones included.
    #[must_use]
    pub fn len(&self) -> u32 {
        self.known.len()
    }

    /// Whether the client believes that there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The UID of the message with a number, counted from 1.
    #[must_use]
    pub fn uid(&self, number: u32) -> Option<Uid> {
        self.known.uid(number)
    }

    /// The number, counted from 1, of the message with a UID.
    #[must_use]
    pub fn number(&self, uid: Uid) -> Option<u32> {
        self.known.number(uid)
    }

    /// The numbers of those of the UIDs that the client knows, in a set of the kind that UIDs have.
    #[must_use]
    pub fn numbers(&self, uids: &UidSet) -> UidSet {
        self.known.numbers(uids)
    }

    /// The UID of the last message that the client knows.
    #[must_use]
    pub fn last_uid(&self) -> Option<Uid> {
        self.uid(self.len())
    }

    /// How many of the messages the client knows, held-back ones included.
    #[must_use]
    pub fn count(&self, uids: &UidSet) -> u32 {
        self.known.count(uids)
    }

    /// All that the client knows, held-back ones included.
    #[must_use]
    pub fn uids(&self) -> UidSet {
        self.known.uids()
    }

    /// The UIDs of the messages from one number to another, both included and given in any order.
    /// Numbers that the client does not know count for nothing.
    #[must_use]
    pub fn uids_of_numbers(&self, first: u32, last: u32) -> UidSet {
        self.known.uids_of_numbers(first.min(last), first.max(last))
    }

    /// What was expunged without the client having been told.
    #[must_use]
    pub fn held_back(&self) -> &UidSet {
        &self.held_back
    }

    /// The modification sequence up to which the client knows everything but the held-back expunges.
    #[must_use]
    pub fn synced(&self) -> ModSeq {
        self.synced
    }

    /// The modification sequence up to which the client knows everything, expunges included: from there a
    /// client that loses its connection can go on (RFC 7162 §3.2).
    #[must_use]
    pub fn settled(&self) -> ModSeq {
        self.settled
    }

    /// The change with this modification sequence was the client's own, and it has its answer or wants none
    /// (`.SILENT`): the next sync does not report these messages if nothing else has happened to them.
    pub fn hush(&mut self, uids: &UidSet, modseq: ModSeq) {
        if self.hushed.len() == MAX_HUSHED {
            self.hushed.pop_front();
        }
        self.hushed.push_back((uids.clone(), modseq));
    }

    /// The client has been told of the flags of these messages: the next sync does not report them as they are.
    pub fn told<'a>(&mut self, rows: impl IntoIterator<Item = &'a Row>) {
        let mut news: BTreeMap<ModSeq, UidSet> = BTreeMap::new();
        for row in rows.into_iter().filter(|row| row.modseq > self.synced) {
            news.entry(row.modseq).or_default().insert(row.uid);
        }
        news.iter().for_each(|(modseq, uids)| self.hush(uids, *modseq));
    }

    /// A change of flags was the client's own and wants no answer (`.SILENT`, RFC 9051 §6.4.6): hush those messages
    /// whose flags are now what the client takes them to be. Where somebody else's change came in between, they
    /// are not, and the client hears of it.
    ///
    /// `before` is the snapshot to which the client was synced when it asked; with another one nothing is hushed.
    pub fn hush_silent(
        &mut self,
        before: &Snapshot,
        stored: &Stored,
        uids: &UidSet,
        change: &FlagChange,
    ) {
        let Some(modseq) = stored.modseq else { return };
        if before.highest_modseq() != self.synced {
            return;
        }
        let is_expected = |row: &&Row| {
            let now = stored.snapshot.row(row.uid).map(|now| now.flags);
            now == Some(change.apply(row.flags, &stored.snapshot))
        };
        let expected: UidSet =
            before.rows_in(uids).filter(is_expected).map(|row| row.uid).collect();
        self.hush(&expected, modseq);
    }

    /// Catch up with a snapshot: what the client has to be told, in this order. Expunges first (if they may be
    /// told), then the number of messages if there are new ones, then changed flags of messages that it knew.
    ///
    /// A snapshot that is not newer than what the client knows says nothing new; expunges that were held
    /// back are told even then.
    pub fn sync(&mut self, snapshot: &Snapshot, expunges: Expunges) -> Vec<Event> {
        let mut flags = Vec::new();
        let mut new = Vec::new();
        if snapshot.highest_modseq() > self.synced {
            let changes = snapshot.changes_since(self.synced);
            if !changes.vanished.is_empty() {
                let known = changes.vanished.intersection(&self.uids());
                self.held_back = self.held_back.union(&known);
            }
            let is_known = |row: &Row| self.known.number(row.uid).is_some();
            (flags, new) = changes.rows.into_iter().partition(is_known);
            flags.retain(|row| !self.is_hushed(row));
            self.synced = snapshot.highest_modseq();
            self.hushed.retain(|(_, modseq)| *modseq > snapshot.highest_modseq());
        }
        let gone = match expunges {
            Expunges::Tell => std::mem::take(&mut self.held_back),
            Expunges::Hold => UidSet::new(),
        };
        let mut events = self.tell_expunges(&gone);
        self.renumber(snapshot, &gone, &new);
        if self.held_back.is_empty() {
            self.settled = self.synced;
        }
        if !new.is_empty() {
            events.push(Event::Exists(self.len()));
        }
        let numbered = flags.into_iter().filter_map(|row| {
            self.known.number(row.uid).map(|number| Event::Flags { number, row })
        });
        events.extend(numbered);
        events
    }

    fn is_hushed(&self, row: &Row) -> bool {
        self.hushed.iter().any(|(uids, modseq)| *modseq == row.modseq && uids.contains(row.uid))
    }

    /// The client removes one message after the other, so each moves those after it up by one.
    fn tell_expunges(&self, gone: &UidSet) -> Vec<Event> {
        let numbered = gone.iter().filter_map(|uid| Some((self.known.number(uid)?, uid)));
        numbered
            .zip(0u32..)
            .map(|((number, uid), before)| Event::Expunge { number: number - before, uid })
            .collect()
    }

    /// Take the numbering of the snapshot, which all clients share that know what it says, or change an own one.
    fn renumber(&mut self, snapshot: &Snapshot, gone: &UidSet, new: &[Row]) {
        if self.held_back.is_empty() && self.synced == snapshot.highest_modseq() {
            self.known = snapshot.numbering();
        } else if !(gone.is_empty() && new.is_empty()) {
            let known = Arc::make_mut(&mut self.known);
            known.remove(gone);
            new.iter().for_each(|row| known.push(row.uid));
        }
    }
}
