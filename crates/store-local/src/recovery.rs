//! Reading an account's log when it is opened: index snapshots first, then every frame after them.
//!
//! What a power cut left at the end, and nobody was told of, is cut off. Anything else that is not
//! what it should be is damage, and reported.

use crate::draft::Draft;
use crate::failure::{damaged, io_error};
use crate::fields::BadRecord;
use crate::index::{self, Stamps};
use crate::log::Log;
use crate::record::Record;
use crate::segment::{
    Frame, NoFrame, SEGMENT_HEADER, SegmentHeader, SegmentReader, file_name, number_of,
};
use crate::state::State;
use crate::vfs::{Vfs, VfsFile};
use rookery_mail::MailboxId;
use rookery_mailbox::StoreError;
use std::collections::BTreeSet;
use std::io;
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
}

/// Where the replay is.
struct Replay<'a> {
    draft: Draft<'a>,
    sequence: u64,
    octets: u64,
}

/// A segment as it was found.
struct Found {
    number: u32,
    file: Arc<dyn VfsFile>,
    header: SegmentHeader,
}

/// Read the log of the account in this directory.
pub(crate) fn recover(vfs: &Arc<dyn Vfs>, account: &Path) -> Result<Recovered, StoreError> {
    let dir = account.join("seg");
    let numbers = segment_numbers(&**vfs, &dir)?;
    let first = open_segment(&**vfs, &dir, 1)?;
    let log_id = first.header.log;
    let loaded = index::load(&**vfs, account, log_id);
    let (mut state, position, stamps) = loaded.unwrap_or_default();
    let last = numbers.last().copied().unwrap_or(1);
    if position.segment > last {
        return Err(damage(position.segment, 0, "the segment that the index ends in"));
    }
    let mut replay = Replay { draft: Draft::new(&state), sequence: position.sequence, octets: 0 };
    let mut end = position.offset;
    let mut current = first;
    for number in position.segment..=last {
        let Some(found) = next_segment(&**vfs, &dir, number, last)? else { break };
        check_header(&found, log_id, number, replay.sequence, number == position.segment)?;
        let start =
            if number == position.segment { position.offset } else { SEGMENT_HEADER as u64 };
        end = replay.segment(&found, start, is_last(&**vfs, &dir, number, last)?)?;
        current = found;
    }
    let (sequence, replayed) = (replay.sequence, replay.octets);
    let delta = replay.draft.finish();
    let dirty = delta.mailboxes.keys().copied().collect();
    state.publish(delta);
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
    // Nobody may be told of what the disk does not yet have for certain.
    log.file.sync_data().map_err(|error| io_error(READING, error))?;
    Ok(Recovered { state, log, stamps, dirty, replayed })
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
    let file = vfs.open(&dir.join(file_name(number))).map_err(|error| io_error(READING, error))?;
    let mut octets = vec![0; SEGMENT_HEADER];
    let read = file.read_at(&mut octets, 0).map_err(|error| io_error(READING, error))?;
    octets.truncate(read);
    let header = SegmentHeader::decode(&octets);
    let header = header.map_err(|bad| damage(number, 0, bad.0))?;
    Ok(Found { number, file, header })
}

/// A segment, or `None` for one that a power cut stopped from being made. No frame is written before
/// the header is durable, so that such a file is never longer than a header.
fn next_segment(
    vfs: &dyn Vfs,
    dir: &Path,
    number: u32,
    last: u32,
) -> Result<Option<Found>, StoreError> {
    match open_segment(vfs, dir, number) {
        Err(StoreError::Damaged(_))
            if number == last && number > 1 && is_stub(vfs, dir, number)? =>
        {
            Ok(None)
        }
        found => found.map(Some),
    }
}

fn is_stub(vfs: &dyn Vfs, dir: &Path, number: u32) -> Result<bool, StoreError> {
    let len = vfs.open(&dir.join(file_name(number))).and_then(|file| file.len());
    Ok(len.map_err(|error| io_error(READING, error))? <= SEGMENT_HEADER as u64)
}

/// Whether the log ends in this segment: it is the last, or the last one has not even a header.
fn is_last(vfs: &dyn Vfs, dir: &Path, number: u32, last: u32) -> Result<bool, StoreError> {
    Ok(number == last || (number + 1 == last && next_segment(vfs, dir, last, last)?.is_none()))
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

impl Replay<'_> {
    /// Let the changes of a segment happen; returns where they end.
    fn segment(&mut self, found: &Found, start: u64, is_last: bool) -> Result<u64, StoreError> {
        let reader = SegmentReader::new(&*found.file, found.header.log);
        let mut reader = reader.map_err(|error| io_error(READING, error))?;
        if reader.len() < start {
            return Err(damage(found.number, reader.len(), "what the index has of this segment"));
        }
        let mut end = start;
        loop {
            match self.transaction(&mut reader, found.number, end) {
                Ok(next) => {
                    self.octets += next - end;
                    end = next;
                }
                Err(NoTransaction::End) => return Ok(end),
                Err(NoTransaction::Failed(error)) => return Err(error),
                Err(NoTransaction::Bad { at, bad }) => {
                    self.cut(found, &mut reader, is_last, (end, at), &bad)?;
                    return Ok(end);
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
            self.apply(segment, *at, frame).map_err(NoTransaction::Failed)?;
        }
        Ok(at)
    }

    fn apply(&mut self, segment: u32, at: u64, frame: &Frame) -> Result<(), StoreError> {
        let location = crate::batch::location(segment, at, frame.header.frame_len())?;
        Record::decode(frame.header.kind, &frame.meta)
            .and_then(|record| self.draft.apply(&record, location))
            .map_err(|bad| damage(segment, at, bad.0))
    }

    /// Cut the log at the end of its last whole transaction, if what follows is what a power cut
    /// leaves: nothing after it may show that it was once durable.
    fn cut(
        &self,
        found: &Found,
        reader: &mut SegmentReader<'_>,
        is_last: bool,
        (end, bad_at): (u64, u64),
        bad: &BadRecord,
    ) -> Result<(), StoreError> {
        let later = reader.find_after(end, self.sequence + 1);
        let later = later.map_err(|error| io_error(READING, error))?;
        if !is_last || later.is_some() {
            return Err(damage(found.number, bad_at, bad.0));
        }
        let lost = reader.len() - end;
        tracing::info!(
            segment = found.number,
            at = end,
            octets = lost,
            "cut the torn end of a log"
        );
        let cut = found.file.truncate(end).and_then(|()| found.file.sync_data());
        cut.map_err(|error| io_error("cutting the torn end of a log", error))
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

/// Remove what is in a directory, which is made if need be.
pub(crate) fn empty_dir(vfs: &dyn Vfs, dir: &Path) -> io::Result<()> {
    vfs.create_dir(dir)?;
    for name in vfs.list(dir)? {
        vfs.remove_file(&dir.join(name))?;
    }
    Ok(())
}
