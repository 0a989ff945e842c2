//! Messages on their way into a snapshot.

use super::{Chunk, Counts, Row, Snapshot, SnapshotParts};
use crate::limits::CHUNK_ROWS;
use crate::runs::Runs;
use std::sync::{Arc, OnceLock};

/// The messages of a mailbox as they are read, one after the other: each is put where the snapshot will have it, and all that
/// is to be known of it is noted, while it is at hand. For mailboxes of a million that is most of what reading them takes.
#[derive(Debug, Default)]
pub struct Rows {
    chunks: Vec<Arc<Chunk>>,
    /// The chunk that is being filled.
    last: Chunk,
    /// How many more are expected.
    expected: usize,
    counts: Counts,
    numbering: Runs,
}

impl Rows {
    /// No messages yet, and room for so many.
    #[must_use]
    pub fn with_capacity(count: usize) -> Self {
        let chunks = Vec::with_capacity(count.div_ceil(CHUNK_ROWS));
        Self { chunks, expected: count, ..Self::default() }
    }

    /// Add a message, unless its UID is not above those of all before it; says whether it was added.
    pub fn push(&mut self, row: Row) -> bool {
        if self.last.rows.len() == self.last.rows.capacity() && !self.begin_chunk() {
            self.last.rows.reserve(1);
        }
        if !self.numbering.add(row.uid) {
            return false;
        }
        self.counts.add(&row);
        self.last.push(row);
        true
    }

    /// Begin a chunk if it is time to.
    fn begin_chunk(&mut self) -> bool {
        let is_time = self.last.rows.is_empty() || self.last.rows.len() >= CHUNK_ROWS;
        if is_time {
            self.end_chunk();
            self.last.rows.reserve_exact(self.expected.clamp(1, CHUNK_ROWS));
            self.expected = self.expected.saturating_sub(CHUNK_ROWS);
        }
        is_time
    }

    fn end_chunk(&mut self) {
        let full = std::mem::take(&mut self.last);
        if !full.rows.is_empty() {
            self.chunks.push(Arc::new(full));
        }
    }
}

impl Snapshot {
    /// A snapshot of these messages and its other parts, which have none. Tombstones must ascend by modseq.
    #[must_use]
    pub fn with_rows(parts: SnapshotParts, mut rows: Rows) -> Self {
        debug_assert!(parts.rows.is_empty());
        debug_assert!(parts.tombstones.is_sorted_by_key(|stone| stone.modseq));
        rows.end_chunk();
        let tombstones =
            parts.tombstones.chunks(CHUNK_ROWS).map(|stones| Arc::new(stones.to_vec()));
        Self {
            id: parts.id,
            uid_validity: parts.uid_validity,
            uid_next: parts.uid_next,
            highest_modseq: parts.highest_modseq,
            keywords: Arc::new(parts.keywords),
            chunks: Arc::new(rows.chunks),
            tombstones: Arc::new(tombstones.collect()),
            tombstone_floor: parts.tombstone_floor,
            counts: rows.counts,
            deleted: false,
            numbering: OnceLock::from(Arc::new(rows.numbering)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::FlagSet;
    use rookery_mail::{DateTime, EmailId, MailboxId, ModSeq, ThreadId, Uid, UidValidity};

    fn row(uid: u32) -> Row {
        let system = if uid.is_multiple_of(3) { "\\Seen" } else { "\\Deleted" };
        let mut flags = FlagSet::default();
        if let Ok(rookery_mail::Flag::System(flag)) = rookery_mail::Flag::parse(system) {
            flags.system.insert(flag);
        }
        Row {
            uid: Uid::new(uid).unwrap(),
            modseq: ModSeq::new(u64::from(uid) * 7 % 1000).unwrap(),
            created: ModSeq::ZERO,
            flags,
            email: EmailId(uid.into()),
            thread: ThreadId(1),
            size: uid.into(),
            internal_date: DateTime::from_unix(0),
            save_date: 0,
        }
    }

    fn parts(rows: Vec<Row>) -> SnapshotParts {
        SnapshotParts {
            id: MailboxId(1),
            uid_validity: UidValidity::MIN,
            uid_next: None,
            highest_modseq: ModSeq::MAX,
            keywords: Vec::new(),
            rows,
            tombstones: Vec::new(),
            tombstone_floor: ModSeq::ZERO,
        }
    }

    #[test]
    fn a_snapshot_of_rows_is_that_of_its_parts() {
        for (count, capacity) in
            [(0, 0), (1, 1), (511, 511), (512, 512), (513, 513), (2000, 0), (700, 9000)]
        {
            let all: Vec<Row> = (1..=count).filter(|uid| uid % 5 != 2).map(row).collect();
            let mut rows = Rows::with_capacity(capacity);
            for row in &all {
                assert!(rows.push(row.clone()));
                assert!(!rows.push(row.clone()), "its UID is there already");
            }
            let (read, plain) =
                (Snapshot::with_rows(parts(Vec::new()), rows), Snapshot::from_parts(parts(all)));
            assert_eq!(read, plain);
            assert_eq!(read.first_unseen(), plain.first_unseen());
            assert_eq!(*read.numbering(), *plain.numbering());
            let moment = ModSeq::new(990).unwrap();
            assert_eq!(read.changes_since(moment), plain.changes_since(moment));
            assert!(read.chunks.iter().all(|chunk| chunk.rows.len() <= CHUNK_ROWS));
        }
    }
}
