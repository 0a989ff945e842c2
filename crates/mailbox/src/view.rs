//! What one client believes about the mailbox that it has selected. Pure: never waits, reads no clock.
//!
//! A client numbers messages from 1 and renumbers them only when it is told of an expunge. A [`View`] follows
//! that numbering, and [`View::sync`] says what the client has to be told so that it catches up with a
//! [`Snapshot`]. Where the protocol forbids expunges (RFC 9051 §7.5.1), they are held back and told later.

mod syncing;

pub use syncing::{News, Syncing};

use crate::limits::MAX_HUSHED;
use crate::runs::Runs;
use crate::{Row, Snapshot};
use rookery_mail::{ModSeq, Uid, UidRange, UidSet};
use std::collections::{BTreeMap, VecDeque};
use std::ops::Range;
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

/// Which number means which UID to a client at one moment. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Numbering(Arc<Runs>);

impl Numbering {
    /// One of these UIDs, which ascend.
    #[cfg(test)]
    pub(crate) fn of(uids: impl Iterator<Item = Uid>) -> Self {
        Self(Arc::new(uids.collect()))
    }

    /// How many of the UIDs have a number.
    pub(crate) fn count(&self, uids: &UidSet) -> u32 {
        self.0.count(uids)
    }

    /// Put a UID that has a number into a set of such, of which it is the largest. What is in the gap before it comes with it if
    /// the two are neighbours, so that gaps cost nothing.
    pub fn add_to(&self, set: &mut UidSet, uid: Uid) {
        self.0.add_to(set, uid);
    }

    /// Whether no other UID with a number is between these two, which have one.
    pub(crate) fn are_neighbours(&self, uid: Uid, next: Uid) -> bool {
        uid.next() == Some(next) || self.0.are_neighbours(uid, next)
    }
}

/// What one client believes: which number means which UID, as of which modification sequence.
///
/// The UIDs of messages that lie next to each other in a mailbox may have gaps between them, as many as there are messages.
/// Sets of those that a command names need not: what lies in a gap is no message, and a range may go across it
/// ([`View::around`]). Such a set has as many ranges as the client wrote.
#[derive(Clone, Debug, Default)]
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

    /// What the client believes, to look at elsewhere: what is to be told is left out.
    #[must_use]
    pub fn beliefs(&self) -> Self {
        Self { known: Arc::clone(&self.known), ..Self::default() }
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

    /// Those of the UIDs that the client knows, held-back ones included.
    #[must_use]
    pub fn known(&self, uids: &UidSet) -> UidSet {
        self.known.intersection(uids)
    }

    /// The numbers of those of the UIDs that the client knows, in a set of the kind that UIDs have, of no more ranges.
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

    /// UIDs among which those that the client knows are those of these UIDs that have these positions among them, from 0 on; of
    /// no more ranges, however many gaps the mailbox has.
    #[must_use]
    pub fn at(&self, uids: &UidSet, positions: Range<u64>) -> UidSet {
        self.around(&self.numbers(uids).at(positions))
    }

    /// UIDs among which those that the client knows have these numbers, and no others; of no more ranges, however many gaps the
    /// mailbox has. All of the numbers must be known.
    #[must_use]
    pub fn around(&self, numbers: &UidSet) -> UidSet {
        self.known.around(numbers)
    }

    /// Those of these UIDs that the client knows.
    pub fn ranges_in(&self, range: UidRange) -> impl Iterator<Item = UidRange> {
        self.known.ranges_in(range)
    }

    /// Which number means which UID, whatever the client is told later.
    #[must_use]
    pub fn numbering(&self) -> Numbering {
        Numbering(Arc::clone(&self.known))
    }

    /// Octets that it takes, those included that it shares with a snapshot.
    #[must_use]
    pub fn octets(&self) -> usize {
        self.known.octets() + self.own_sets()
    }

    /// Octets that it takes and does not share with this snapshot.
    #[must_use]
    pub fn own_octets(&self, snapshot: &Snapshot) -> usize {
        let shares = Arc::ptr_eq(&self.known, &snapshot.numbering());
        if shares { self.own_sets() } else { self.octets() }
    }

    fn own_sets(&self) -> usize {
        let sets = self.hushed.iter().map(|(uids, _)| uids).chain([&self.held_back]);
        sets.map(|uids| size_of_val(uids.ranges())).sum()
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

    /// Whether the client has nothing to be told of what has happened up to a moment, and nothing from before.
    #[must_use]
    pub fn knows_all_of(&self, moment: ModSeq) -> bool {
        self.synced >= moment && self.held_back.is_empty()
    }

    /// Begin to catch up with what has happened up to a moment.
    #[must_use]
    pub fn begin_sync(self, moment: ModSeq, expunges: Expunges) -> Syncing {
        Syncing::new(self, moment, expunges)
    }

    /// Catch up with a snapshot: what the client has to be told, in this order. Expunges first (if they may be
    /// told), then the number of messages if there are new ones, then changed flags of messages that it knew.
    ///
    /// A snapshot that is not newer than what the client knows says nothing new; expunges that were held
    /// back are told even then.
    pub fn sync(&mut self, snapshot: &Snapshot, expunges: Expunges) -> Vec<Event> {
        let mut syncing = std::mem::take(self).begin_sync(snapshot.highest_modseq(), expunges);
        while syncing.step(snapshot) {}
        let (view, news) = syncing.finish(snapshot);
        *self = view;
        news.events(self, snapshot)
    }

    fn is_hushed(&self, row: &Row) -> bool {
        self.hushed.iter().any(|(uids, modseq)| *modseq == row.modseq && uids.contains(row.uid))
    }

    /// Take the numbering of the snapshot, which all clients share that know what it says, or change an own one.
    fn renumber(&mut self, snapshot: &Snapshot, gone: &UidSet, new: &UidSet) {
        if self.held_back.is_empty() && self.synced == snapshot.highest_modseq() {
            self.known = snapshot.numbering();
        } else if !(gone.is_empty() && new.is_empty()) {
            let known = Arc::make_mut(&mut self.known);
            known.remove(gone);
            new.iter().for_each(|uid| known.push(uid));
        }
    }
}
