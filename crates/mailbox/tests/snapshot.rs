//! Snapshots that share chunks against snapshots made from scratch, in mailboxes of several chunks.

use proptest::prelude::*;
use rookery_mail::{
    DateTime, EmailId, MailboxId, ModSeq, SystemFlags, ThreadId, Uid, UidRange, UidSet, UidValidity,
};
use rookery_mailbox::limits::CHUNK_ROWS;
use rookery_mailbox::{FlagSet, Row, Snapshot, SnapshotParts, Tombstone, View};

/// The same mailbox twice: as plain lists, and as a snapshot that was edited again and again.
struct Twice {
    plain: SnapshotParts,
    edited: Snapshot,
}

#[derive(Clone, Copy, Debug)]
enum Edit {
    Append(usize),
    /// These flags for the rows from one place to another, in thousandths of the mailbox.
    Flag(u32, u32, u8),
    Remove(u32, u32),
    /// No more expunges than these are remembered.
    Forget(usize),
}

impl Twice {
    fn new() -> Self {
        let plain = SnapshotParts {
            id: MailboxId(1),
            uid_validity: UidValidity::new(1).unwrap(),
            uid_next: Some(Uid::MIN),
            highest_modseq: ModSeq::ZERO,
            keywords: Vec::new(),
            rows: Vec::new(),
            tombstones: Vec::new(),
            tombstone_floor: ModSeq::ZERO,
        };
        Self { edited: Snapshot::from_parts(plain.clone()), plain }
    }

    fn take(&mut self, edit: Edit) {
        let modseq = self.plain.highest_modseq.next();
        self.plain.highest_modseq = modseq;
        let mut edited = self.edited.edit(modseq);
        match edit {
            Edit::Append(count) => {
                for _ in 0..count {
                    let uid = self.plain.uid_next.unwrap();
                    self.plain.uid_next = uid.next();
                    self.plain.rows.push(row(uid, modseq));
                    edited.append(row(uid, modseq));
                }
            }
            Edit::Flag(from, to, bits) => {
                let keywords = u128::from(bits >> 5) << 100;
                let flags = FlagSet { system: SystemFlags::from_bits(bits), keywords };
                let uids = self.pick(from, to);
                for row in self.plain.rows.iter_mut().filter(|row| uids.contains(row.uid)) {
                    (row.flags, row.modseq) = (flags, modseq);
                }
                edited.set_flags(&uids, |_| flags);
            }
            Edit::Remove(from, to) => {
                let uids = self.pick(from, to);
                let gone = self.plain.rows.extract_if(.., |row| uids.contains(row.uid));
                let stones: Vec<_> = gone.map(|row| Tombstone { modseq, uid: row.uid }).collect();
                self.plain.tombstones.extend(stones);
                edited.remove(&uids);
            }
            Edit::Forget(count) => {
                while self.plain.tombstones.len() > count {
                    self.plain.tombstone_floor = self.plain.tombstones[0].modseq;
                    self.plain.tombstones.retain(|it| it.modseq > self.plain.tombstone_floor);
                }
                edited.forget_tombstones(count);
            }
        }
        self.edited = edited.finish();
    }

    fn pick(&self, from: u32, to: u32) -> UidSet {
        let at = |place: u32| self.plain.rows.len() * place.min(1000) as usize / 1000;
        let (from, to) = (at(from.min(to)), at(from.max(to)));
        self.plain.rows[from..to].iter().map(|row| row.uid).collect()
    }

    /// A client that opens the mailbox: from then on each edit changes the numbering that all such clients share.
    fn check_numbering(&self, uids: &UidSet) {
        let view = View::open(&self.edited);
        let numbered = (1..=view.len()).filter_map(|number| view.uid(number));
        assert!(numbered.eq(self.plain.rows.iter().map(|row| row.uid)));
        let found = self.plain.rows.iter().filter(|row| uids.contains(row.uid));
        assert_eq!(view.count(uids) as usize, found.count());
    }

    fn check(&self, before: &[Snapshot], uids: &UidSet) {
        let fresh = Snapshot::from_parts(self.plain.clone());
        assert_eq!(self.edited, fresh);
        assert_eq!(self.edited.uids(), self.plain.rows.iter().map(|row| row.uid).collect());
        assert_eq!(self.edited.first_unseen(), fresh.first_unseen());
        let in_use = self.plain.rows.iter().fold(0, |bits, row| bits | row.flags.keywords);
        assert_eq!((self.edited.keywords_in_use(), fresh.keywords_in_use()), (in_use, in_use));
        self.check_numbering(uids);
        let found: Vec<&Row> = self.edited.rows_in(uids).collect();
        let plain = self.plain.rows.iter().filter(|row| uids.contains(row.uid));
        assert_eq!(found, plain.collect::<Vec<_>>());
        for uid in uids.iter().take(50) {
            assert_eq!(self.edited.row(uid), self.plain.rows.iter().find(|row| row.uid == uid));
        }
        for moment in before.iter().map(Snapshot::highest_modseq) {
            let changes = self.edited.changes_since(moment);
            let rows = self.plain.rows.iter().filter(|row| row.modseq > moment).cloned();
            assert_eq!(changes.rows, rows.collect::<Vec<_>>());
            let there = self.edited.uids();
            let expected = if moment < self.plain.tombstone_floor {
                let given = (1..)
                    .filter_map(Uid::new)
                    .take_while(|uid| self.plain.uid_next.is_some_and(|next| *uid < next));
                given.filter(|uid| !there.contains(*uid)).collect()
            } else {
                let stones = self.plain.tombstones.iter().filter(|stone| stone.modseq > moment);
                let mut gone: Vec<Uid> = stones.map(|stone| stone.uid).collect();
                gone.sort();
                gone.into_iter().collect()
            };
            assert_eq!(changes.vanished, expected);
        }
    }
}

fn row(uid: Uid, modseq: ModSeq) -> Row {
    Row {
        uid,
        modseq,
        created: modseq,
        flags: FlagSet::default(),
        email: EmailId(u64::from(uid.get())),
        thread: ThreadId(1),
        size: 7,
        internal_date: DateTime::from_unix(0),
        save_date: 0,
    }
}

fn edit() -> impl Strategy<Value = Edit> {
    let place = || 0..=1000u32;
    prop_oneof![
        (1..2 * CHUNK_ROWS).prop_map(Edit::Append),
        (place(), place(), any::<u8>()).prop_map(|(from, to, bits)| Edit::Flag(from, to, bits)),
        (place(), place()).prop_map(|(from, to)| Edit::Remove(from, to)),
        place().prop_map(|at| Edit::Remove(at, at + 1)),
        (0..2 * CHUNK_ROWS).prop_map(Edit::Forget),
    ]
}

fn uids() -> impl Strategy<Value = UidSet> {
    let uid = || (1..4 * CHUNK_ROWS as u32).prop_filter_map("a UID", Uid::new);
    let range = (uid(), uid()).prop_map(|(a, b)| UidRange::new(a, b));
    proptest::collection::vec(range, 0..4).prop_map(|ranges| ranges.into_iter().collect())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(60) })]
    #[test]
    fn edited_snapshots_equal_fresh_ones(
        edits in proptest::collection::vec((edit(), uids()), 1..15),
    ) {
        let mut twice = Twice::new();
        let mut before = vec![twice.edited.clone()];
        let fresh = before[0].clone();
        for (edit, uids) in edits {
            twice.take(edit);
            twice.check(&before, &uids);
            before.push(twice.edited.clone());
        }
        prop_assert_eq!(&before[0], &fresh, "older snapshots never change");
    }
}

#[test]
fn a_snapshot_is_what_it_says_whatever_its_chunks() {
    let mut twice = Twice::new();
    (0..3).for_each(|_| twice.take(Edit::Append(CHUNK_ROWS)));
    twice.take(Edit::Remove(100, 500));
    assert_eq!(twice.edited, Snapshot::from_parts(twice.plain.clone()));
    let older = twice.edited.clone();
    twice.take(Edit::Flag(0, 1, 1));
    assert_ne!(twice.edited, older);
}

#[test]
fn the_last_uid_can_be_missing_too() {
    let mut twice = Twice::new();
    twice.plain.uid_next = Some(Uid::MAX.previous().unwrap());
    twice.edited = Snapshot::from_parts(twice.plain.clone());
    twice.take(Edit::Append(2));
    assert_eq!(twice.edited.uid_next(), None);
    let before = twice.edited.highest_modseq();
    twice.take(Edit::Remove(500, 1000));
    twice.take(Edit::Forget(0));
    let vanished = twice.edited.changes_since(before).vanished;
    assert_eq!((vanished.len(), vanished.last()), (u64::from(u32::MAX) - 1, Some(Uid::MAX)));
    assert!(!vanished.contains(Uid::MAX.previous().unwrap()));
}

#[test]
fn a_deleted_mailbox_is_empty() {
    let mut twice = Twice::new();
    twice.take(Edit::Append(CHUNK_ROWS + 3));
    let gone = twice.edited.edit(twice.edited.highest_modseq().next()).delete();
    assert!(gone.is_deleted() && !twice.edited.is_deleted());
    assert_eq!((gone.rows().count(), gone.counts().messages), (0, 0));
    assert_eq!(gone.tombstones().count(), CHUNK_ROWS + 3);
}

/// Each message of each mailbox that is open has one in memory.
#[test]
fn a_row_is_small() {
    assert_eq!(size_of::<Row>(), 96);
}
