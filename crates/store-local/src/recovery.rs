//! Reading an account's log when it is opened: index snapshots first, then every frame after them.
//!
//! What a power cut left at the end, and nobody was told of, is cut off. Anything else that is not
//! what it should be is damage, and reported.

use crate::compaction::content_of;
use crate::draft::Draft;
use crate::failure::{damaged, io_error};
use crate::fields::BadRecord;
use crate::frame::FrameHeader;
use crate::index::{self, Position, Stamps};
use crate::limits::COPY_OCTETS;
use crate::log::Log;
use crate::record::Record;
use crate::segment::{
    self, Frame, NoFrame, SEGMENT_HEADER, SegmentHeader, SegmentReader, file_name, number_of,
};
use crate::state::{Location, State};
use crate::torn;
use crate::vfs::{Vfs, VfsFile, read_exact_at};
use rookery_mail::{EmailId, MailboxId};
use rookery_mailbox::StoreError;
use std::collections::{BTreeSet, VecDeque};
use std::io;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

const READING: &str = "reading the log of an account";

/// An account as its log tells it.
pub(crate) struct Recovered {
    pub(crate) state: State,
    pub(crate) log: Log,
    /// Which index snapshots there are.
    pub(crate) stamps: Stamps,
    /// Mailboxes that have changed since.
    pub(crate) dirty: BTreeSet<MailboxId>,
    /// Octets of the log that are in no index snapshot.
    pub(crate) replayed: u64,
    /// Where, in the last segment, that begins which the disk may not have.
    tail: u64,
}

impl Recovered {
    /// Write once more what the disk may not have. After a failed sync the system takes what it could
    /// not write for written; only what is written anew will be written by the next sync.
    pub(crate) fn rewrite_tail(&self) -> Result<(), StoreError> {
        let mut at = self.tail;
        while at < self.log.end {
            let piece = usize::try_from(self.log.end - at).unwrap_or(usize::MAX).min(COPY_OCTETS);
            let octets = read_exact_at(&*self.log.file, piece, at);
            let rewritten = octets.and_then(|octets| self.log.file.write_at(&octets, at));
            rewritten.map_err(|error| io_error("rewriting the end of a log", error))?;
            at += piece as u64;
        }
        Ok(())
    }

    /// Nobody may be told of what the disk does not yet have for certain.
    pub(crate) fn sync(&self) -> io::Result<()> {
        self.log.file.sync_data()
    }

    /// Read what was written once more: it may have been forgotten between checking and rewriting it.
    pub(crate) fn verify_tail(&self) -> Result<(), StoreError> {
        let Log { segment, file, id, end, .. } = &self.log;
        open_segment(&*self.log.vfs, &self.log.dir, *segment)?;
        let reader = SegmentReader::new(&**file, *id);
        let mut reader = reader.map_err(|error| io_error(READING, error))?;
        let mut at = self.tail.max(SEGMENT_HEADER as u64);
        while at < *end {
            let frame = reader.frame(at).map_err(|_| damage(*segment, at, "what was rewritten"))?;
            at += frame.header.frame_len();
        }
        Ok(())
    }
}

/// Where the replay is.
struct Replay<'a> {
    draft: Draft<'a>,
    sequence: u64,
    octets: u64,
    /// The last frame that some frame says was durable.
    durable: u64,
    /// The frames of the current segment after that one: sequence numbers and offsets.
    tail: VecDeque<(u64, u64)>,
}

/// A segment as it was found.
struct Found {
    number: u32,
    file: Arc<dyn VfsFile>,
    header: SegmentHeader,
}

/// Read the log of the account in this directory.
pub(crate) fn recover(
    vfs: &Arc<dyn Vfs>,
    account: &Path,
    max_tombstones: usize,
) -> Result<Recovered, StoreError> {
    let dir = account.join("seg");
    let numbers = segment_numbers(&**vfs, &dir)?;
    let first = open_segment(&**vfs, &dir, 1)?;
    let log_id = first.header.log;
    let loaded = index::load(&**vfs, account, log_id);
    let (mut state, mut position, stamps) = loaded.unwrap_or_default();
    let last = numbers.last().copied().unwrap_or(1);
    if position.segment > last {
        return Err(damage(position.segment, 0, "the segment that the index ends in"));
    }
    remove_half_rewritten(&**vfs, &dir);
    position.offset = relocate(&**vfs, &dir, &mut state, position)?;
    let is_last_unused = last > position.segment && is_unused(&**vfs, &dir, last)?;
    let used = if is_last_unused { last - 1 } else { last };
    let mut replay = Replay::new(&state, position.sequence, max_tombstones);
    let mut end = position.offset;
    let mut current = first;
    let mut generations = Vec::new();
    for number in position.segment..=used {
        let found = open_segment(&**vfs, &dir, number)?;
        check_header(&found, log_id, number, replay.sequence, number == position.segment)?;
        generations.push((number, found.header.generation));
        let start =
            if number == position.segment { position.offset } else { SEGMENT_HEADER as u64 };
        // A segment that another one follows, be it unused, was durable before that was begun.
        let torn = replay.segment(&found, start, number == last)?;
        if !torn.is_empty() {
            torn::cut(&**vfs, account, (number, &*found.file), &torn)?;
        }
        end = torn.start;
        current = found;
    }
    if used < last {
        remove_unused(&**vfs, &dir, last)?;
    }
    let (sequence, replayed, tail) = (replay.sequence, replay.octets, replay.tail_from(end));
    let delta = replay.draft.finish();
    let dirty = delta.mailboxes.keys().copied().collect();
    state.publish(delta);
    state.emails.note_generations(generations);
    let log = Log {
        vfs: Arc::clone(vfs),
        dir,
        id: log_id,
        segment: current.number,
        file: current.file,
        end,
        sequence,
        durable: sequence,
        written: 0,
    };
    Ok(Recovered { state, log, stamps, dirty, replayed, tail })
}

/// The numbers of all segments, which must be 1 and those that follow it.
fn segment_numbers(vfs: &dyn Vfs, dir: &Path) -> Result<Vec<u32>, StoreError> {
    let names = vfs.list(dir).map_err(|error| io_error(READING, error))?;
    let mut numbers: Vec<u32> = names.iter().filter_map(|name| number_of(name)).collect();
    numbers.sort_unstable();
    match numbers.iter().zip(1..).find(|(have, want)| **have != *want) {
        Some((_, missing)) => Err(damage(missing, 0, "a segment that is missing")),
        None if numbers.is_empty() => Err(damage(1, 0, "a segment that is missing")),
        None => Ok(numbers),
    }
}

fn open_segment(vfs: &dyn Vfs, dir: &Path, number: u32) -> Result<Found, StoreError> {
    let (file, header) =
        segment::open(vfs, dir, number).map_err(|error| io_error(READING, error))?;
    let header = header.map_err(|bad| damage(number, 0, bad.0))?;
    Ok(Found { number, file, header })
}

/// Find the content of segments that were written anew after the index snapshot was; returns where in its segment the
/// snapshot ends.
fn relocate(
    vfs: &dyn Vfs,
    dir: &Path,
    state: &mut State,
    position: Position,
) -> Result<u64, StoreError> {
    let mut end = position.offset;
    for number in 1..=position.segment {
        let found = open_segment(vfs, dir, number)?;
        let generation = found.header.generation;
        if generation == state.emails.generation(number) {
            continue;
        }
        let (moved, offset) = contents(&found, position.sequence)?;
        state.emails.relocate((number, generation), &moved);
        if number == position.segment {
            end = offset;
        }
    }
    Ok(end)
}

/// The content that a segment has, and where the first frame is that comes after one with this sequence number.
fn contents(found: &Found, last: u64) -> Result<(Vec<(EmailId, Location)>, u64), StoreError> {
    let reader = SegmentReader::new(&*found.file, found.header.log);
    let mut reader = reader.map_err(|error| io_error(READING, error))?;
    let (mut at, mut moved) = (SEGMENT_HEADER as u64, Vec::new());
    loop {
        let frame = match reader.frame_without_content(at) {
            Ok(frame) if frame.header.sequence <= last => frame,
            Ok(_) | Err(NoFrame::End) => return Ok((moved, at)),
            Err(NoFrame::Bad(bad)) => return Err(damage(found.number, at, bad.0)),
            Err(NoFrame::Io(error)) => return Err(io_error(READING, error)),
        };
        let email = content_of(&frame).map_err(|bad| damage(found.number, at, bad.0))?;
        let len = if frame.header.dropped { 0 } else { frame.header.frame_len() };
        let location = crate::batch::location(found.number, at, len)?;
        moved.extend(email.map(|email| (email, location)));
        at += frame.header.frame_len();
    }
}

/// Remove segments that were being written anew when the power went.
fn remove_half_rewritten(vfs: &dyn Vfs, dir: &Path) {
    let names = vfs.list(dir).unwrap_or_default();
    for name in names.iter().filter(|name| name.ends_with(".seg.new")) {
        // If it stays, it is overwritten or removed another time.
        let _ = vfs.remove_file(&dir.join(name));
    }
}

/// Whether there are no frames in a segment. A last one like that was being made when the power went:
/// its header, or its name, may not be durable.
fn is_unused(vfs: &dyn Vfs, dir: &Path, number: u32) -> Result<bool, StoreError> {
    let len = vfs.open(&dir.join(file_name(number))).and_then(|file| file.len());
    Ok(len.map_err(|error| io_error(READING, error))? <= SEGMENT_HEADER as u64)
}

/// Remove a segment without frames, so that it is made anew with all syncs that belong to that.
fn remove_unused(vfs: &dyn Vfs, dir: &Path, number: u32) -> Result<(), StoreError> {
    let removed = vfs.remove_file(&dir.join(file_name(number))).and_then(|()| vfs.sync_dir(dir));
    removed.map_err(|error| io_error("removing a segment without changes", error))
}

fn check_header(
    found: &Found,
    log: u64,
    number: u32,
    sequence: u64,
    is_first: bool,
) -> Result<(), StoreError> {
    let SegmentHeader { first_sequence, .. } = found.header;
    let follows =
        if is_first { first_sequence <= sequence + 1 } else { first_sequence == sequence + 1 };
    if found.header.number == number && found.header.log == log && follows {
        return Ok(());
    }
    Err(damage(number, 0, "the next segment of this log"))
}

impl<'a> Replay<'a> {
    fn new(state: &'a State, sequence: u64, max_tombstones: usize) -> Self {
        let (draft, tail) = (Draft::new(state, max_tombstones), VecDeque::new());
        Self { draft, sequence, octets: 0, durable: sequence, tail }
    }

    /// Where that begins which the disk may not have, in the last segment, which ends here. With the
    /// first frame goes the header.
    fn tail_from(&self, end: u64) -> u64 {
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

    /// Let the changes of a segment happen; returns what lies between their end and that of the file.
    fn segment(
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
            match self.transaction(&mut reader, found.number, end) {
                Ok(next) => {
                    self.octets += next - end;
                    end = next;
                }
                Err(NoTransaction::End) => return Ok(end..end),
                Err(NoTransaction::Failed(error)) => return Err(error),
                Err(NoTransaction::Bad { at, bad }) => {
                    self.check_torn(found, &mut reader, is_last, (end, at), &bad)?;
                    return Ok(end..reader.len());
                }
            }
        }
    }

    /// Let the changes of one transaction happen; returns where it ends.
    fn transaction(
        &mut self,
        reader: &mut SegmentReader<'_>,
        segment: u32,
        start: u64,
    ) -> Result<u64, NoTransaction> {
        let mut frames: Vec<(u64, Frame)> = Vec::new();
        let mut at = start;
        loop {
            let expected = self.sequence + frames.len() as u64 + 1;
            let frame = match reader.frame(at) {
                Ok(frame) if frame.header.sequence == expected => frame,
                Ok(_) => return Err(NoTransaction::Bad { at, bad: BadRecord("the next frame") }),
                Err(NoFrame::End) if at == start => return Err(NoTransaction::End),
                Err(NoFrame::End) => {
                    return Err(NoTransaction::Bad { at, bad: BadRecord("a transaction's end") });
                }
                Err(NoFrame::Bad(bad)) => return Err(NoTransaction::Bad { at, bad }),
                Err(NoFrame::Io(error)) => {
                    return Err(NoTransaction::Failed(io_error(READING, error)));
                }
            };
            let (frame_at, is_end) = (at, frame.header.end);
            at += frame.header.frame_len();
            frames.push((frame_at, frame));
            if is_end {
                break;
            }
        }
        self.sequence += frames.len() as u64;
        for (at, frame) in &frames {
            self.note(*at, &frame.header);
            self.apply(segment, *at, frame).map_err(NoTransaction::Failed)?;
        }
        Ok(at)
    }

    fn apply(&mut self, segment: u32, at: u64, frame: &Frame) -> Result<(), StoreError> {
        let len = if frame.header.dropped { 0 } else { frame.header.frame_len() };
        let location = crate::batch::location(segment, at, len)?;
        Record::decode(frame.header.kind, &frame.meta)
            .and_then(|record| self.draft.apply(&record, location))
            .map_err(|bad| damage(segment, at, bad.0))
    }

    /// Report damage, unless what is bad is what a power cut leaves: at the end of the log, and with
    /// nothing after it that shows that it was once durable.
    fn check_torn(
        &self,
        found: &Found,
        reader: &mut SegmentReader<'_>,
        is_last: bool,
        (end, bad_at): (u64, u64),
        bad: &BadRecord,
    ) -> Result<(), StoreError> {
        let later = reader.find_after(end, self.sequence + 1);
        let later = later.map_err(|error| io_error(READING, error))?;
        if is_last && later.is_none() { Ok(()) } else { Err(damage(found.number, bad_at, bad.0)) }
    }
}

enum NoTransaction {
    End,
    Bad { at: u64, bad: BadRecord },
    Failed(StoreError),
}

fn damage(segment: u32, offset: u64, expected: &'static str) -> StoreError {
    damaged(&format!("segment {segment} at octet {offset}"), &BadRecord(expected))
}

/// Remove what is in a directory, which is made if need be. What cannot be removed stays: it harms nobody.
pub(crate) fn empty_dir(vfs: &dyn Vfs, dir: &Path) -> io::Result<()> {
    vfs.create_dir(dir)?;
    for path in vfs.list(dir)?.into_iter().map(|name| dir.join(name)) {
        if vfs.remove_file(&path).is_ok() {
            continue;
        }
        let path_shown = path.display();
        match vfs.remove_dir_all(&path) {
            Ok(()) => tracing::warn!(path = %path_shown, "removed a directory that is not ours"),
            Err(error) => tracing::warn!(path = %path_shown, %error, "this cannot be removed"),
        }
    }
    Ok(())
}
