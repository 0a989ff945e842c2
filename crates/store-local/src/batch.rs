//! A batch: changes that are decided one after the other and written together.

use crate::draft::{Delta, Draft};
use crate::frame::{ALIGNMENT, FrameHeader};
use crate::log::Log;
use crate::record::Record;
use crate::resting::Part;
use crate::spool::Body;
use crate::state::{Location, State};
use rookery_mailbox::{Refused, StoreError};
use std::collections::BTreeSet;
use std::sync::Arc;

/// A change, with the content that comes with it.
pub(crate) struct Change {
    pub(crate) record: Record,
    pub(crate) summary: Arc<Vec<u8>>,
    pub(crate) body: Option<Arc<Body>>,
}

impl From<Record> for Change {
    fn from(record: Record) -> Self {
        Self { record, summary: Arc::default(), body: None }
    }
}

/// A frame that is ready to be written.
pub(crate) struct Frame {
    pub(crate) header: [u8; crate::frame::HEADER],
    pub(crate) meta: Vec<u8>,
    pub(crate) summary: Arc<Vec<u8>>,
    pub(crate) body: Option<Arc<Body>>,
}

/// Changes that are decided and not yet written.
pub(crate) struct Batch<'a> {
    /// The account after these changes.
    pub(crate) draft: Draft<'a>,
    frames: Vec<Frame>,
    log: u64,
    segment: u32,
    end: u64,
    sequence: u64,
    durable: u64,
    must_sync: bool,
    broken: bool,
}

/// What a batch is to do.
pub(crate) struct Decided {
    pub(crate) delta: Delta,
    pub(crate) frames: Vec<Frame>,
    /// Whether anything of it must be durable before it is answered.
    pub(crate) must_sync: bool,
    /// Whether a decision contradicted itself: nothing of the batch may be used.
    pub(crate) broken: bool,
    /// What has to be in memory first, and everything to be decided once more then.
    pub(crate) missing: BTreeSet<Part>,
}

impl<'a> Batch<'a> {
    /// A batch in which nothing has changed yet, of an account that remembers so many expunges of a mailbox, and can have so many messages.
    pub(crate) fn new(
        state: &'a State,
        log: &Log,
        (max_tombstones, max_messages): (usize, u64),
    ) -> Self {
        Self {
            draft: Draft::new(state, max_tombstones).holding(max_messages),
            frames: Vec::new(),
            log: log.id,
            segment: log.segment,
            end: log.end,
            sequence: log.sequence,
            durable: log.durable,
            must_sync: false,
            broken: false,
        }
    }

    pub(crate) fn finish(self) -> Decided {
        let Self { frames, must_sync, broken, .. } = self;
        let missing = self.draft.missing();
        Decided { delta: self.draft.finish(), frames, must_sync, broken, missing }
    }

    /// Let changes happen that belong together.
    pub(crate) fn transact(&mut self, changes: Vec<Change>) -> Result<(), StoreError> {
        let count = changes.len();
        for (at, change) in changes.into_iter().enumerate() {
            if let Err(error) = self.add(change, at + 1 == count) {
                self.broken = true;
                return Err(error);
            }
        }
        Ok(())
    }

    fn add(&mut self, change: Change, end: bool) -> Result<(), StoreError> {
        let Change { record, summary, body } = change;
        let meta = record.encode();
        let too_large = |_| Refused::OverQuota;
        let header = FrameHeader {
            kind: record.kind(),
            end,
            dropped: false,
            sequence: self.sequence + 1,
            durable: self.durable,
            meta_len: u32::try_from(meta.len()).map_err(too_large)?,
            summary_len: u32::try_from(summary.len()).map_err(too_large)?,
            body_len: body.as_ref().map_or(0, |body| body.len()),
            meta_crc: crc32c::crc32c(&meta),
            summary_crc: crc32c::crc32c(&summary),
            body_crc: body.as_ref().map_or(0, |body| body.crc),
            omitted: 0,
        };
        let location = location(self.segment, self.end, header.frame_len())?;
        let applied = self.draft.apply(&record, location);
        applied.map_err(|bad| crate::failure::damaged("a change of our own", &bad))?;
        self.sequence += 1;
        self.end += header.frame_len();
        self.must_sync |= !matches!(record, Record::Recent { .. });
        self.frames.push(Frame { header: header.encode(self.log), meta, summary, body });
        Ok(())
    }
}

/// A place in a segment, as memory holds it: the units in which it lies. It begins with the first of them, but where octets have gone
/// or been added before it.
pub(crate) fn location(segment: u32, offset: u64, len: u64) -> Result<Location, Refused> {
    let units = |count: u64| u32::try_from(count).map_err(|_| Refused::OverQuota);
    let skew = if len > 0 { offset % ALIGNMENT } else { 0 };
    let len = units((skew + len).div_ceil(ALIGNMENT))?;
    Ok(Location { segment, offset: units(offset / ALIGNMENT)?, len })
}
