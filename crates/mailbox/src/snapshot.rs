//! A mailbox at one moment: rows in chunks that snapshots share, so that a change copies a chunk
//! and never the mailbox.

mod rows;

pub use rows::Rows;

use crate::limits::{CHUNK_ROWS, MAX_KEYWORDS};
use crate::runs::Runs;
use rookery_mail::{
    DateTime, EmailId, Flag, Keyword, MailboxId, ModSeq, SystemFlag, SystemFlags, ThreadId, Uid,
    UidRange, UidSet, UidValidity,
};
use std::ops::Range;
use std::sync::{Arc, OnceLock};

/// The flags of a message: system flags, and one bit per keyword of the mailbox.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct FlagSet {
    /// System flags.
    pub system: SystemFlags,
    /// Bit `i` stands for keyword `i` of [`Snapshot::keywords`].
    pub keywords: u128,
}

/// A message in a mailbox.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Row {
    /// Its UID.
    pub uid: Uid,
    /// When it last changed.
    pub modseq: ModSeq,
    /// When it came into the mailbox.
    pub created: ModSeq,
    /// Its flags.
    pub flags: FlagSet,
    /// Its content.
    pub email: EmailId,
    /// Its thread, which never changes and is the same wherever the content is.
    pub thread: ThreadId,
    /// Octets of the content.
    pub size: u64,
    /// When it was received.
    pub internal_date: DateTime,
    /// When it came into the mailbox, in seconds since 1970.
    pub save_date: i64,
}

/// A message that was expunged.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Tombstone {
    /// When.
    pub modseq: ModSeq,
    /// Its UID.
    pub uid: Uid,
}

/// Sums over a mailbox.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Counts {
    /// Messages.
    pub messages: u32,
    /// Messages without `\Seen`.
    pub unseen: u32,
    /// Messages with `\Deleted`.
    pub deleted: u32,
    /// Octets of all messages.
    pub size: u64,
}

/// What happened in a mailbox after some moment, net: a message that came and went shows in `vanished` only.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Changes {
    /// Messages that came or changed, ascending by UID; new ones have `created` after the moment.
    pub rows: Vec<Row>,
    /// Messages that were expunged; if that is not remembered ([`Snapshot::tombstone_floor`]), all UIDs below the next
    /// one that are not there.
    pub vanished: UidSet,
}

#[derive(Clone, Debug, Default)]
struct Chunk {
    rows: Vec<Row>,
    latest: ModSeq,
    /// How many have no `\Seen`.
    unseen: u32,
    /// The keywords that any of them has.
    keywords: u128,
}

impl Row {
    fn is_unseen(&self) -> bool {
        !self.flags.system.contains(SystemFlag::Seen)
    }
}

impl Chunk {
    /// Add a message behind all others.
    fn push(&mut self, row: Row) {
        self.latest = self.latest.max(row.modseq);
        self.unseen += u32::from(row.is_unseen());
        self.keywords |= row.flags.keywords;
        self.rows.push(row);
    }

    /// Take messages out. Of a chunk that others have only what stays is copied.
    fn remove(chunk: &mut Arc<Self>, uids: &UidSet) {
        let stays = |row: &Row| !uids.contains(row.uid);
        if let Some(own) = Arc::get_mut(chunk) {
            own.rows.retain(stays);
            own.count_flags();
            return;
        }
        let rows = chunk.rows.iter().filter(|row| stays(row)).cloned().collect();
        let mut left = Self { rows, latest: chunk.latest, unseen: 0, keywords: 0 };
        left.count_flags();
        *chunk = Arc::new(left);
    }

    fn count_flags(&mut self) {
        self.unseen = self.rows.iter().map(|row| u32::from(row.is_unseen())).sum();
        self.count_keywords();
    }

    fn count_keywords(&mut self) {
        self.keywords = self.rows.iter().fold(0, |all, row| all | row.flags.keywords);
    }

    fn first(&self) -> Option<Uid> {
        self.rows.first().map(|row| row.uid)
    }

    fn last(&self) -> Option<Uid> {
        self.rows.last().map(|row| row.uid)
    }

    /// Its messages from the one UID to the other.
    fn between(&self, first: Uid, last: Uid) -> &[Row] {
        self.rows.get(self.places(first, last)).unwrap_or_default()
    }

    fn places(&self, first: Uid, last: Uid) -> Range<usize> {
        let from = self.rows.partition_point(|row| row.uid < first);
        from..self.rows.partition_point(|row| row.uid <= last)
    }

    /// Give the messages from the one UID to the other new flags.
    fn set_flags(
        &mut self,
        (first, last): (Uid, Uid),
        flags: impl Fn(FlagSet) -> FlagSet,
        (modseq, counts): (ModSeq, &mut Counts),
    ) {
        let places = self.places(first, last);
        let mut removed = 0;
        for row in self.rows.get_mut(places).unwrap_or_default() {
            counts.subtract(row);
            self.unseen -= u32::from(row.is_unseen());
            let before = row.flags;
            row.flags = flags(before);
            removed |= before.keywords & !row.flags.keywords;
            self.keywords |= row.flags.keywords;
            row.modseq = modseq;
            self.unseen += u32::from(row.is_unseen());
            counts.add(row);
        }
        self.latest = modseq;
        if removed != 0 {
            // Other messages may have them still.
            self.count_keywords();
        }
    }
}

/// Everything that makes up a snapshot, for an engine that has it at hand.
#[derive(Clone, Debug)]
pub struct SnapshotParts {
    /// The mailbox.
    pub id: MailboxId,
    /// Its UIDVALIDITY.
    pub uid_validity: UidValidity,
    /// The next UID; `None` when they are used up.
    pub uid_next: Option<Uid>,
    /// The modification sequence of the latest change.
    pub highest_modseq: ModSeq,
    /// Its keywords, in the order of their bits.
    pub keywords: Vec<Keyword>,
    /// Its messages, ascending by UID.
    pub rows: Vec<Row>,
    /// What was expunged after `tombstone_floor`, ascending by modseq.
    pub tombstones: Vec<Tombstone>,
    /// Up to here it is not remembered what was expunged.
    pub tombstone_floor: ModSeq,
}

/// A mailbox at one moment. Cheap to clone; nothing in it ever changes.
#[derive(Clone, Debug)]
pub struct Snapshot {
    id: MailboxId,
    uid_validity: UidValidity,
    uid_next: Option<Uid>,
    highest_modseq: ModSeq,
    keywords: Arc<Vec<Keyword>>,
    chunks: Arc<Vec<Arc<Chunk>>>,
    tombstones: Arc<Vec<Arc<Vec<Tombstone>>>>,
    tombstone_floor: ModSeq,
    counts: Counts,
    deleted: bool,
    /// Made when a client first asks, then kept up to date.
    numbering: OnceLock<Arc<Runs>>,
}

impl Snapshot {
    /// A snapshot of its parts. Rows must ascend by UID, tombstones by modseq.
    #[must_use]
    pub fn from_parts(mut parts: SnapshotParts) -> Self {
        debug_assert!(parts.rows.is_sorted_by(|a, b| a.uid < b.uid));
        let mut rows = Rows::with_capacity(parts.rows.len());
        for row in std::mem::take(&mut parts.rows) {
            rows.push(row);
        }
        Self::with_rows(parts, rows)
    }

    /// The mailbox's id.
    #[must_use]
    pub fn id(&self) -> MailboxId {
        self.id
    }

    /// The mailbox's UIDVALIDITY.
    #[must_use]
    pub fn uid_validity(&self) -> UidValidity {
        self.uid_validity
    }

    /// The UID that the next message will have; `None` when they are used up.
    #[must_use]
    pub fn uid_next(&self) -> Option<Uid> {
        self.uid_next
    }

    /// When the mailbox last changed.
    #[must_use]
    pub fn highest_modseq(&self) -> ModSeq {
        self.highest_modseq
    }

    /// The keywords that messages of the mailbox have had, in the order of their bits.
    #[must_use]
    pub fn keywords(&self) -> &[Keyword] {
        &self.keywords
    }

    /// The same, for whoever needs them longer than the snapshot.
    #[must_use]
    pub fn shared_keywords(&self) -> Arc<Vec<Keyword>> {
        Arc::clone(&self.keywords)
    }

    /// The bits of those that messages have. Costs what a look at each chunk costs.
    #[must_use]
    pub fn keywords_in_use(&self) -> u128 {
        self.chunks.iter().fold(0, |all, chunk| all | chunk.keywords)
    }

    /// Whether a keyword that the mailbox does not have can become one of its own: there is a bit that was never given, or one
    /// whose keyword no message has.
    #[must_use]
    pub fn has_room_for_keywords(&self) -> bool {
        self.keywords.len() < MAX_KEYWORDS || self.keywords_in_use() != u128::MAX
    }

    /// Sums over the mailbox.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.counts
    }

    /// Whether the mailbox is gone; it has no messages then, and there will be no further snapshot.
    #[must_use]
    pub fn is_deleted(&self) -> bool {
        self.deleted
    }

    /// The messages, ascending by UID.
    pub fn rows(&self) -> impl DoubleEndedIterator<Item = &Row> {
        self.chunks.iter().flat_map(|chunk| &chunk.rows)
    }

    /// The message with this UID.
    #[must_use]
    pub fn row(&self, uid: Uid) -> Option<&Row> {
        let rows = &self.chunks.get(self.chunk_of(uid))?.rows;
        rows.binary_search_by_key(&uid, |row| row.uid).ok().and_then(|at| rows.get(at))
    }

    /// Those messages of a set that exist, ascending by UID. Costs what the set's ranges and the
    /// found messages cost.
    pub fn rows_in<'a>(&'a self, uids: &'a UidSet) -> impl Iterator<Item = &'a Row> {
        self.pieces_in(uids).flatten()
    }

    /// The same, in pieces that lie together. None is empty, nor longer than [`CHUNK_ROWS`].
    pub fn pieces_in<'a>(&'a self, uids: &'a UidSet) -> impl Iterator<Item = &'a [Row]> {
        self.pieces_from(uids, Uid::MIN)
    }

    /// Those messages of a set that exist, from one UID on, in pieces like those of [`Self::pieces_in`].
    pub fn pieces_from<'a>(
        &'a self,
        uids: &'a UidSet,
        from: Uid,
    ) -> impl Iterator<Item = &'a [Row]> {
        let passed = uids.ranges().partition_point(|range| range.last() < from);
        let ranges = uids.ranges().get(passed..).unwrap_or_default().iter();
        ranges.flat_map(move |range| self.pieces_between(range.first().max(from), range.last()))
    }

    /// Those messages of a set that exist, from one UID down, in pieces like those of [`Self::pieces_in`]. The piece with the highest
    /// UIDs comes first; within one they ascend.
    pub fn pieces_down_from<'a>(
        &'a self,
        uids: &'a UidSet,
        from: Uid,
    ) -> impl Iterator<Item = &'a [Row]> {
        let reached = uids.ranges().partition_point(|range| range.first() <= from);
        let ranges = uids.ranges().get(..reached).unwrap_or_default().iter().rev();
        ranges.flat_map(move |range| self.pieces_down(range.last().min(from), range.first()))
    }

    fn pieces_down(&self, last: Uid, first: Uid) -> impl Iterator<Item = &[Row]> {
        let end = self.chunks.partition_point(|chunk| chunk.first().is_some_and(|uid| uid <= last));
        let chunks = self.chunks.get(..end).unwrap_or_default().iter().rev();
        let chunks = chunks.take_while(move |chunk| chunk.last().is_some_and(|uid| uid >= first));
        let pieces = chunks.map(move |chunk| chunk.between(first, last));
        pieces.filter(|piece| !piece.is_empty())
    }

    fn pieces_between(&self, first: Uid, last: Uid) -> impl Iterator<Item = &[Row]> {
        let chunks = self.chunks.get(self.chunk_of(first)..).unwrap_or_default().iter();
        let chunks = chunks.take_while(move |chunk| chunk.first().is_some_and(|uid| uid <= last));
        let pieces = chunks.map(move |chunk| chunk.between(first, last));
        pieces.filter(|piece| !piece.is_empty())
    }

    /// The UIDs of all messages.
    #[must_use]
    pub fn uids(&self) -> UidSet {
        self.numbering().uids()
    }

    /// Which number means which UID to a client that knows all that this says.
    pub(crate) fn numbering(&self) -> Arc<Runs> {
        let number = || Arc::new(self.rows().map(|row| row.uid).collect());
        Arc::clone(self.numbering.get_or_init(number))
    }

    /// How many ranges the UIDs of those messages of a set have that exist. Logarithmic in the number of gaps, for each range
    /// of the set.
    #[must_use]
    pub fn count_ranges(&self, uids: &UidSet) -> usize {
        self.numbering().count_ranges(uids)
    }

    /// The first message without `\Seen`.
    #[must_use]
    pub fn first_unseen(&self) -> Option<Uid> {
        let chunk = self.chunks.iter().find(|chunk| chunk.unseen > 0)?;
        chunk.rows.iter().find(|row| row.is_unseen()).map(|row| row.uid)
    }

    /// What happened after a moment. Skips chunks that have not changed since.
    #[must_use]
    pub fn changes_since(&self, moment: ModSeq) -> Changes {
        let changed = self.changed_from(Uid::MIN, moment).flatten();
        let rows = changed.filter(|row| row.modseq > moment).cloned().collect();
        Changes { rows, vanished: self.vanished_since(moment) }
    }

    /// The rows from one UID on of those pieces of the mailbox in which something has changed since a moment. None is empty, nor
    /// longer than [`CHUNK_ROWS`].
    pub fn changed_from(&self, from: Uid, moment: ModSeq) -> impl Iterator<Item = &[Row]> {
        let chunks = self.chunks.get(self.chunk_of(from)..).unwrap_or_default().iter();
        let changed = chunks.filter(move |chunk| chunk.latest > moment);
        changed.map(move |chunk| chunk.between(from, Uid::MAX))
    }

    /// What was expunged after a moment, as [`Changes::vanished`] has it.
    #[must_use]
    pub fn vanished_since(&self, moment: ModSeq) -> UidSet {
        if moment < self.tombstone_floor {
            return self.missing();
        }
        let mut vanished: Vec<Uid> = self.tombstones_since(moment).map(|stone| stone.uid).collect();
        vanished.sort_unstable();
        vanished.into_iter().collect()
    }

    /// What was expunged after a moment and is remembered, the latest first.
    pub(crate) fn tombstones_since(&self, moment: ModSeq) -> impl Iterator<Item = &Tombstone> {
        let newest_first = self.tombstones.iter().rev().flat_map(|stones| stones.iter().rev());
        newest_first.take_while(move |stone| stone.modseq > moment)
    }

    /// The UIDs that were given and whose messages are not there.
    fn missing(&self) -> UidSet {
        let last = self.uid_next.map_or(Some(Uid::MAX), Uid::previous);
        let given: UidSet = last.map(|last| UidRange::new(Uid::MIN, last)).into_iter().collect();
        given.difference(&self.uids())
    }

    /// Up to this moment it is not remembered what was expunged. For a client that was away since before,
    /// [`Snapshot::changes_since`] says what is not there instead (RFC 7162 §3.2.6).
    #[must_use]
    pub fn tombstone_floor(&self) -> ModSeq {
        self.tombstone_floor
    }

    /// What was expunged and is remembered, ascending by modseq.
    pub fn tombstones(&self) -> impl Iterator<Item = Tombstone> {
        self.tombstones.iter().flat_map(|stones| stones.iter().copied())
    }

    /// The flags that a set stands for.
    #[must_use]
    pub fn flags(&self, set: FlagSet) -> Vec<Flag> {
        let keywords =
            keywords_in(&self.keywords, set).map(|keyword| Flag::Keyword(keyword.clone()));
        set.system.iter().map(Flag::System).chain(keywords).collect()
    }

    /// What the flags of the mailbox are called.
    #[must_use]
    pub fn flag_names(&self) -> FlagNames {
        FlagNames(Arc::clone(&self.keywords))
    }

    /// The bit of a keyword, if the mailbox knows it.
    #[must_use]
    pub fn keyword_bit(&self, keyword: &Keyword) -> Option<u128> {
        self.keywords.iter().position(|known| known == keyword).map(|bit| 1 << bit)
    }

    /// Begin a newer snapshot, of a change with this modification sequence.
    #[must_use]
    pub fn edit(&self, modseq: ModSeq) -> SnapshotEdit {
        SnapshotEdit { snapshot: Self { highest_modseq: modseq, ..self.clone() }, modseq }
    }

    /// The index of the first chunk that ends at the UID or after it.
    fn chunk_of(&self, uid: Uid) -> usize {
        self.chunks.partition_point(|chunk| chunk.last().is_some_and(|last| last < uid))
    }
}

/// What the flags of a mailbox are called. Cheap to clone, and keeps nothing else of the mailbox.
#[derive(Clone, Debug)]
pub struct FlagNames(Arc<Vec<Keyword>>);

impl FlagNames {
    /// The names of the flags that a set stands for.
    pub fn of<'a>(&'a self, set: FlagSet) -> impl Iterator<Item = &'a str> {
        let system = set.system.iter().map(|flag| -> &'a str { flag.as_str() });
        system.chain(keywords_in(&self.0, set).map(Keyword::as_str))
    }
}

/// The keywords that a set stands for, out of all in the order of their bits.
fn keywords_in(keywords: &[Keyword], set: FlagSet) -> impl Iterator<Item = &Keyword> {
    let mut bits = set.keywords;
    std::iter::from_fn(move || {
        let lowest = usize::try_from(bits.trailing_zeros()).ok()?;
        bits &= bits.wrapping_sub(1);
        keywords.get(lowest)
    })
}

/// Equal if they say the same, whatever the chunks.
impl PartialEq for Snapshot {
    fn eq(&self, other: &Self) -> bool {
        let head =
            |s: &Self| (s.id, s.uid_validity, s.uid_next, s.highest_modseq, s.counts, s.deleted);
        head(self) == head(other)
            && self.keywords == other.keywords
            && self.rows().eq(other.rows())
            && self.tombstones().eq(other.tombstones())
            && self.tombstone_floor == other.tombstone_floor
    }
}

impl Eq for Snapshot {}

impl Counts {
    fn add(&mut self, row: &Row) {
        self.messages += 1;
        self.unseen += u32::from(row.is_unseen());
        self.deleted += u32::from(row.flags.system.contains(SystemFlag::Deleted));
        self.size += row.size;
    }

    fn subtract(&mut self, row: &Row) {
        self.messages -= 1;
        self.unseen -= u32::from(row.is_unseen());
        self.deleted -= u32::from(row.flags.system.contains(SystemFlag::Deleted));
        self.size -= row.size;
    }
}

/// A newer snapshot in the making: shares with the older one whatever it does not touch.
#[derive(Debug)]
pub struct SnapshotEdit {
    snapshot: Snapshot,
    modseq: ModSeq,
}

impl SnapshotEdit {
    /// The bit of a keyword, which becomes one of the mailbox's; `None` when it has no bit left.
    pub fn keyword_bit(&mut self, keyword: &Keyword) -> Option<u128> {
        if let Some(bit) = self.snapshot.keyword_bit(keyword) {
            return Some(bit);
        }
        let keywords = Arc::make_mut(&mut self.snapshot.keywords);
        let bit = 1u128.checked_shl(u32::try_from(keywords.len()).ok()?)?;
        keywords.push(keyword.clone());
        Some(bit)
    }

    /// Let a bit stand for another keyword from now on; `None` when it was never given. No message may have it.
    pub fn take_over_keyword(&mut self, bit: usize, keyword: &Keyword) -> Option<()> {
        let known = Arc::make_mut(&mut self.snapshot.keywords).get_mut(bit)?;
        known.clone_from(keyword);
        Some(())
    }

    /// Add a message; its UID must be at or above `uid_next`.
    pub fn append(&mut self, row: Row) {
        debug_assert!(self.snapshot.uid_next.is_some_and(|next| next <= row.uid));
        self.snapshot.uid_next = row.uid.next();
        self.renumber(|numbering| numbering.push(row.uid));
        self.snapshot.counts.add(&row);
        let chunks = Arc::make_mut(&mut self.snapshot.chunks);
        match chunks.last_mut() {
            Some(chunk) if chunk.rows.len() < CHUNK_ROWS => Arc::make_mut(chunk).push(row),
            _ => {
                let mut chunk = Chunk::default();
                chunk.push(row);
                chunks.push(Arc::new(chunk));
            }
        }
    }

    /// Give those of these messages that exist other flags, and this change's modseq.
    pub fn set_flags(&mut self, uids: &UidSet, flags: impl Fn(FlagSet) -> FlagSet) {
        let modseq = self.modseq;
        let Snapshot { chunks, counts, .. } = &mut self.snapshot;
        let chunks = Arc::make_mut(chunks).as_mut_slice();
        for range in uids.ranges() {
            let (first, last) = (range.first(), range.last());
            let from = chunks.partition_point(|chunk| chunk.last().is_some_and(|uid| uid < first));
            let chunks = chunks.get_mut(from..).unwrap_or_default().iter_mut();
            for chunk in chunks.take_while(|chunk| chunk.first().is_some_and(|uid| uid <= last)) {
                if !chunk.between(first, last).is_empty() {
                    Arc::make_mut(chunk).set_flags((first, last), &flags, (modseq, counts));
                }
            }
        }
    }

    /// Expunge those of the UIDs that exist.
    pub fn remove(&mut self, uids: &UidSet) {
        let (mut removed, mut touched) = (Vec::new(), Vec::new());
        let mut counts = self.snapshot.counts;
        for piece in self.snapshot.pieces_in(uids) {
            piece.iter().for_each(|row| counts.subtract(row));
            touched.extend(piece.first().map(|row| self.snapshot.chunk_of(row.uid)));
            removed.extend(piece.iter().map(|row| row.uid));
        }
        touched.dedup();
        self.snapshot.counts = counts;
        let chunks = Arc::make_mut(&mut self.snapshot.chunks);
        for at in touched {
            if let Some(chunk) = chunks.get_mut(at) {
                Chunk::remove(chunk, uids);
            }
        }
        chunks.retain(|chunk| !chunk.rows.is_empty());
        self.renumber(|numbering| numbering.remove(uids));
        let modseq = self.modseq;
        self.bury(removed.into_iter().map(|uid| Tombstone { modseq, uid }));
    }

    /// Forget the oldest expunges until no more than `count` are remembered. Those with the same modseq are forgotten
    /// together, so that what is remembered is all that happened after some moment.
    pub fn forget_tombstones(&mut self, count: usize) {
        let all: usize = self.snapshot.tombstones.iter().map(|stones| stones.len()).sum();
        let Some(newest) = all.checked_sub(count + 1) else { return };
        let Some(newest) = self.snapshot.tombstones().nth(newest) else { return };
        let floor = newest.modseq;
        let chunks = Arc::make_mut(&mut self.snapshot.tombstones);
        chunks.retain(|stones| stones.last().is_some_and(|stone| stone.modseq > floor));
        if let Some(stones) = chunks.first_mut() {
            Arc::make_mut(stones).retain(|stone| stone.modseq > floor);
        }
        self.snapshot.tombstone_floor = floor;
    }

    /// The mailbox itself is gone, with all messages.
    #[must_use]
    pub fn delete(mut self) -> Snapshot {
        self.remove(&UidSet::all());
        self.snapshot.deleted = true;
        self.snapshot
    }

    /// The newer snapshot.
    #[must_use]
    pub fn finish(self) -> Snapshot {
        self.snapshot
    }

    fn renumber(&mut self, change: impl FnOnce(&mut Runs)) {
        if let Some(numbering) = self.snapshot.numbering.get_mut() {
            change(Arc::make_mut(numbering));
        }
    }

    fn bury(&mut self, stones: impl Iterator<Item = Tombstone>) {
        let chunks = Arc::make_mut(&mut self.snapshot.tombstones);
        for stone in stones {
            match chunks.last_mut() {
                Some(chunk) if chunk.len() < CHUNK_ROWS => Arc::make_mut(chunk).push(stone),
                _ => chunks.push(Arc::new(vec![stone])),
            }
        }
    }
}
