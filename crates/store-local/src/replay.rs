//! Letting the changes of a log happen again, transaction by transaction. Nothing is changed on disk here.

use crate::draft::{Delta, Draft, touched};
use crate::failure::{damaged, io_error};
use crate::fields::BadRecord;
use crate::frame::FrameHeader;
use crate::index;
use crate::record::Record;
use crate::resting::Part;
use crate::segment::{self, Frame, NoFrame, SEGMENT_HEADER, SegmentHeader, SegmentReader};
use crate::state::State;
use crate::vfs::{Vfs, VfsFile};
use rookery_mail::EmailId;
use rookery_mailbox::StoreError;
use std::collections::VecDeque;
use std::io;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

pub(crate) const READING: &str = "reading the log of an account";

/// What is wrong with a frame that is whole, and does not come here.
pub(crate) const ANOTHER_FRAME: BadRecord = BadRecord("the next frame");

/// A segment as it was found.
pub(crate) struct Found {
    pub(crate) number: u32,
    pub(crate) file: Arc<dyn VfsFile>,
    pub(crate) header: SegmentHeader,
}

/// Frames that belong together, with their offsets.
pub(crate) struct Transaction {
    pub(crate) frames: Vec<(u64, Frame)>,
    /// Where the next one begins.
    pub(crate) end: u64,
}

impl Transaction {
    /// The sequence number of its first frame.
    fn sequence(&self) -> u64 {
        self.frames.first().map_or(0, |(_, frame)| frame.header.sequence)
    }

    /// That of its last frame.
    pub(crate) fn last_sequence(&self) -> u64 {
        self.frames.last().map_or(0, |(_, frame)| frame.header.sequence)
    }
}

/// Why there is no transaction.
pub(crate) enum NoTransaction {
    /// The file ends here.
    End,
    /// There is something else.
    Bad { at: u64, bad: BadRecord },
    /// It could not be read.
    Io(io::Error),
}

/// A frame whose change is known although something behind its metadata is damaged.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct DamagedFrame {
    pub(crate) segment: u32,
    pub(crate) offset: u64,
    pub(crate) parts: Vec<segment::Part>,
    /// The content that it brings.
    pub(crate) email: Option<EmailId>,
}

/// Where the replay is.
pub(crate) struct Replay<'a> {
    draft: Draft<'a>,
    state: &'a State,
    /// Where the files lie of what is at rest.
    files: (&'a dyn Vfs, &'a Path),
    /// The frame after which it ends.
    pub(crate) until: u64,
    pub(crate) sequence: u64,
    /// Octets of what was replayed.
    pub(crate) octets: u64,
    pub(crate) damaged: Vec<DamagedFrame>,
    /// The last frame that some frame says was durable.
    durable: u64,
    /// The frames of the current segment after that one: sequence numbers and offsets.
    tail: VecDeque<(u64, u64)>,
}

impl<'a> Replay<'a> {
    /// A replay of what comes after the frame with this sequence number, in the account in this directory.
    pub(crate) fn new(
        files: (&'a dyn Vfs, &'a Path),
        state: &'a State,
        sequence: u64,
        max_tombstones: usize,
    ) -> Self {
        let draft = Draft::new(state, max_tombstones);
        let (damaged, tail, until) = (Vec::new(), VecDeque::new(), u64::MAX);
        Self { draft, state, files, until, sequence, octets: 0, damaged, durable: sequence, tail }
    }

    /// What has changed.
    pub(crate) fn finish(self) -> Delta {
        self.draft.finish()
    }

    /// Where that begins which the disk may not have, in the last segment, which ends here. With the
    /// first frame goes the header.
    pub(crate) fn tail_from(&self, end: u64) -> u64 {
        let first = self.tail.front().map_or(end, |(_, offset)| *offset);
        if first <= SEGMENT_HEADER as u64 { 0 } else { first }
    }

    /// Take note of a frame that is whole.
    fn note(&mut self, offset: u64, header: &FrameHeader) {
        self.tail.push_back((header.sequence, offset));
        self.durable = self.durable.max(header.durable);
        while self.tail.front().is_some_and(|(sequence, _)| *sequence <= self.durable) {
            self.tail.pop_front();
        }
    }

    /// Let the changes of a segment happen; returns what lies between their end and that of the file: what a power
    /// cut has torn, in the last segment.
    pub(crate) fn segment(
        &mut self,
        found: &Found,
        start: u64,
        is_last: bool,
    ) -> Result<Range<u64>, StoreError> {
        let reader = SegmentReader::new(&*found.file, found.header.log);
        let mut reader = reader.map_err(|error| io_error(READING, error))?;
        if reader.len() < start {
            return Err(damage(found.number, reader.len(), "what the index has of this segment"));
        }
        let mut end = start;
        // The log goes on in a segment only when the one before is durable.
        self.tail.clear();
        loop {
            if self.sequence >= self.until {
                return Ok(end..end);
            }
            match transaction(&mut reader, end, self.sequence, is_last) {
                // Nothing was left of the changes up to there, and what comes next is not asked for.
                Ok(transaction) if transaction.sequence() > self.until => {
                    self.sequence = self.until;
                    return Ok(end..end);
                }
                Ok(transaction) => {
                    self.take(found.number, &transaction)?;
                    end = transaction.end;
                }
                Err(NoTransaction::Io(error)) => return Err(io_error(READING, error)),
                no_transaction => {
                    let may_end = reader.may_end(end, self.sequence);
                    let may_end = may_end.map_err(|error| io_error(READING, error))?;
                    match no_transaction {
                        Err(NoTransaction::Bad { .. }) if is_last && may_end => {
                            return Ok(end..reader.len());
                        }
                        Err(NoTransaction::Bad { at, bad }) => {
                            return Err(damage(found.number, at, bad.0));
                        }
                        _ if may_end => return Ok(end..end),
                        _ => return Err(damage(found.number, end, ANOTHER_FRAME.0)),
                    }
                }
            }
        }
    }

    /// Let the changes of one transaction happen.
    pub(crate) fn take(
        &mut self,
        segment: u32,
        transaction: &Transaction,
    ) -> Result<(), StoreError> {
        for (at, frame) in &transaction.frames {
            self.note(*at, &frame.header);
            let record = Record::decode(frame.header.kind, &frame.meta);
            let record = record.map_err(|bad| damage(segment, *at, bad.0))?;
            touched(&record).into_iter().try_for_each(|part| self.wake(part))?;
            let applied = self.apply((segment, *at), frame, &record);
            applied.map_err(|bad| damage(segment, *at, bad.0))?;
            self.sequence = frame.header.sequence;
            self.octets += frame.header.frame_len();
        }
        Ok(())
    }

    /// Let something be in memory that is to change.
    fn wake(&self, part: Part) -> Result<(), StoreError> {
        let read = self.state.read(self.files, part);
        read.map_err(|source| StoreError::Io { context: index::READING, source })
    }

    fn apply(
        &mut self,
        (segment, offset): (u32, u64),
        frame: &Frame,
        record: &Record,
    ) -> Result<(), BadRecord> {
        let len = if frame.header.dropped { 0 } else { frame.header.frame_len() };
        let location = crate::batch::location(segment, offset, len);
        let location = location.map_err(|_| BadRecord("a place in a segment"))?;
        self.draft.apply(record, location)?;
        if !frame.damaged.is_empty() {
            let email = match record {
                Record::Append(append) => Some(append.email),
                _ => None,
            };
            let parts = frame.damaged.clone();
            self.damaged.push(DamagedFrame { segment, offset, parts, email });
        }
        Ok(())
    }
}

/// Read the transaction that begins at an offset, after the frame with this sequence number. In the last segment a power
/// cut may have torn what was written last: there a body counts only if it is whole, or was durable once.
pub(crate) fn transaction(
    reader: &mut SegmentReader<'_>,
    start: u64,
    sequence: u64,
    is_last: bool,
) -> Result<Transaction, NoTransaction> {
    let mut frames: Vec<(u64, Frame)> = Vec::new();
    let (mut at, mut sequence) = (start, sequence);
    loop {
        let bad = |bad| Err(NoTransaction::Bad { at, bad });
        // What was left out were whole transactions.
        let follows = |header: &FrameHeader| {
            header.first_sequence() == sequence + 1 && (header.omitted == 0 || at == start)
        };
        let mut frame = match reader.frame_as_it_is(at) {
            Ok(frame) if follows(&frame.header) => frame,
            Ok(_) => return bad(ANOTHER_FRAME),
            Err(NoFrame::End) if at == start => return Err(NoTransaction::End),
            Err(NoFrame::End) => return bad(BadRecord("a transaction's end")),
            Err(NoFrame::Bad(expected)) => return bad(expected),
            Err(NoFrame::Io(error)) => return Err(NoTransaction::Io(error)),
        };
        let next = at + frame.header.frame_len();
        // What comes next may lie where something of this frame should be.
        let behind = at + frame.header.summary_offset();
        if let Some(part) = frame.damaged.first()
            && is_last
            && !reader.is_durable(behind, frame.header.sequence).map_err(NoTransaction::Io)?
        {
            // What cannot be read may be whole: it is not to be cut off.
            return match frame.unread.take() {
                Some(error) => Err(NoTransaction::Io(error)),
                None => bad(part.expected()),
            };
        }
        let is_end = frame.header.end;
        sequence = frame.header.sequence;
        frames.push((at, frame));
        at = next;
        if is_end {
            return Ok(Transaction { frames, end: at });
        }
    }
}

pub(crate) fn damage(segment: u32, offset: u64, expected: &'static str) -> StoreError {
    damaged(&format!("segment {segment} at octet {offset}"), &BadRecord(expected))
}
