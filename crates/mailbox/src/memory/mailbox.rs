//! One mailbox, as plain as can be.

use crate::limits::MAX_KEYWORDS;
use crate::{FlagSet, OpenMailbox, Refused, Row, Snapshot, SnapshotParts, Status, Tombstone};
use rookery_mail::{
    DateTime, EmailId, Flag, Keyword, MailboxId, ModSeq, ThreadId, Uid, UidRange, UidSet,
    UidValidity,
};
use std::collections::BTreeMap;
use std::sync::Arc;

#[derive(Clone)]
pub(super) struct Mailbox {
    pub(super) id: MailboxId,
    pub(super) uid_validity: UidValidity,
    pub(super) highest_modseq: ModSeq,
    pub(super) keywords: Vec<Keyword>,
    pub(super) rows: BTreeMap<Uid, Row>,
    pub(super) open: Arc<OpenMailbox>,
    uid_next: Option<Uid>,
    first_recent: Option<Uid>,
    tombstones: Vec<Tombstone>,
    tombstone_floor: ModSeq,
}

/// What a new row needs that is not the mailbox's to decide.
#[derive(Clone)]
pub(super) struct NewRow {
    pub(super) flags: FlagSet,
    pub(super) email: EmailId,
    pub(super) thread: ThreadId,
    pub(super) size: u64,
    pub(super) internal_date: DateTime,
    pub(super) save_date: i64,
}

impl Mailbox {
    pub(super) fn new(id: MailboxId, uid_validity: UidValidity, modseq: ModSeq) -> Self {
        let empty = SnapshotParts {
            id,
            uid_validity,
            uid_next: Some(Uid::MIN),
            highest_modseq: modseq,
            keywords: Vec::new(),
            rows: Vec::new(),
            tombstones: Vec::new(),
            tombstone_floor: ModSeq::ZERO,
        };
        Self {
            id,
            uid_validity,
            highest_modseq: modseq,
            keywords: Vec::new(),
            rows: BTreeMap::new(),
            open: Arc::new(OpenMailbox::new(Arc::new(Snapshot::from_parts(empty)))),
            uid_next: Some(Uid::MIN),
            first_recent: Some(Uid::MIN),
            tombstones: Vec::new(),
            tombstone_floor: ModSeq::ZERO,
        }
    }

    pub(super) fn snapshot(&self) -> Snapshot {
        Snapshot::from_parts(SnapshotParts {
            id: self.id,
            uid_validity: self.uid_validity,
            uid_next: self.uid_next,
            highest_modseq: self.highest_modseq,
            keywords: self.keywords.clone(),
            rows: self.rows.values().cloned().collect(),
            tombstones: self.tombstones.clone(),
            tombstone_floor: self.tombstone_floor,
        })
    }

    /// The rows of those UIDs that exist.
    pub(super) fn rows_in(&self, uids: &UidSet) -> Vec<Row> {
        self.rows.values().filter(|row| uids.contains(row.uid)).cloned().collect()
    }

    /// The set of those flags that the mailbox has; other keywords are nothing.
    pub(super) fn flag_set(&self, flags: &[Flag]) -> FlagSet {
        let mut set = FlagSet::default();
        for flag in flags {
            match flag {
                Flag::System(flag) => set.system.insert(*flag),
                Flag::Keyword(keyword) => set.keywords |= self.bit(keyword),
            }
        }
        set
    }

    fn bit(&self, keyword: &Keyword) -> u128 {
        self.keywords.iter().position(|known| known == keyword).map_or(0, |at| 1 << at)
    }

    /// All of these keywords get bits, one after the other.
    pub(super) fn adopt(&mut self, wanted: &[&Keyword]) -> Result<(), Refused> {
        for keyword in wanted {
            if self.keywords.contains(keyword) {
                continue;
            }
            if self.keywords.len() < MAX_KEYWORDS {
                self.keywords.push(Keyword::clone(keyword));
                continue;
            }
            let used = self.rows.values().fold(0, |bits, row| bits | row.flags.keywords);
            let mut known = self.keywords.iter_mut().enumerate();
            let unused =
                known.find(|(at, known)| used >> at & 1 == 0 && !wanted.contains(&&**known));
            let (_, unused) = unused.ok_or(Refused::TooManyKeywords)?;
            unused.clone_from(keyword);
        }
        Ok(())
    }

    /// The keywords of these rows of another mailbox get bits here, in the order that they have there.
    pub(super) fn adopt_keywords(&mut self, from: &[Keyword], rows: &[Row]) -> Result<(), Refused> {
        let used = rows.iter().fold(0, |bits, row| bits | row.flags.keywords);
        self.adopt(&keywords_of(from, used).collect::<Vec<_>>())
    }

    /// The flags of a row of another mailbox, with the bits that its keywords have here.
    pub(super) fn translate(&self, from: &[Keyword], flags: FlagSet) -> FlagSet {
        let bits = keywords_of(from, flags.keywords).fold(0, |bits, it| bits | self.bit(it));
        FlagSet { keywords: bits, ..flags }
    }

    pub(super) fn add(&mut self, new: Vec<NewRow>, modseq: ModSeq) -> Result<UidSet, Refused> {
        let mut uids = UidSet::new();
        for NewRow { flags, email, thread, size, internal_date, save_date } in new {
            let uid = self.uid_next.ok_or(Refused::OutOfUids)?;
            self.uid_next = uid.next();
            let row = Row {
                uid,
                modseq,
                created: modseq,
                flags,
                email,
                thread,
                size,
                internal_date,
                save_date,
            };
            self.rows.insert(uid, row);
            uids.insert(uid);
        }
        self.highest_modseq = modseq;
        Ok(uids)
    }

    pub(super) fn set_flags(&mut self, uid: Uid, flags: FlagSet, modseq: ModSeq) {
        if let Some(row) = self.rows.get_mut(&uid) {
            row.flags = flags;
            row.modseq = modseq;
            self.highest_modseq = modseq;
        }
    }

    pub(super) fn remove(&mut self, uids: &UidSet, modseq: ModSeq) {
        for row in self.rows_in(uids) {
            self.rows.remove(&row.uid);
            self.tombstones.push(Tombstone { modseq, uid: row.uid });
            self.highest_modseq = modseq;
        }
    }

    pub(super) fn latest_tombstone(&self) -> Option<Tombstone> {
        self.tombstones.last().copied()
    }

    /// Change by change, the oldest first.
    pub(super) fn forget_tombstones(&mut self, max: usize) {
        while self.tombstones.len() > max {
            let Some(oldest) = self.tombstones.first() else { return };
            let floor = oldest.modseq;
            self.tombstones.retain(|stone| stone.modseq > floor);
            self.tombstone_floor = floor;
        }
    }

    pub(super) fn status(&self) -> Status {
        Status::of(&self.open.snapshot(), self.first_recent)
    }

    pub(super) fn first_recent(&self) -> Uid {
        self.first_recent.unwrap_or(Uid::MAX)
    }

    pub(super) fn claim_recent(&mut self) -> Option<UidRange> {
        let first = self.first_recent?;
        let last = self.uid_next.map_or(Some(Uid::MAX), Uid::previous)?;
        self.first_recent = self.uid_next;
        (first <= last).then(|| UidRange::new(first, last))
    }
}

/// The keywords that bits stand for.
fn keywords_of(keywords: &[Keyword], bits: u128) -> impl Iterator<Item = &Keyword> {
    keywords
        .iter()
        .enumerate()
        .filter(move |(at, _)| bits >> at & 1 == 1)
        .map(|(_, keyword)| keyword)
}

/// The keywords among flags.
pub(super) fn keywords_among<'a>(flags: impl IntoIterator<Item = &'a Flag>) -> Vec<&'a Keyword> {
    let keyword = |flag: &'a Flag| match flag {
        Flag::Keyword(keyword) => Some(keyword),
        Flag::System(_) => None,
    };
    flags.into_iter().filter_map(keyword).collect()
}
