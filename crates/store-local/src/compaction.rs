//! Giving space back: a segment with much dead content is written anew without it, beside the old one, and takes its
//! place. Every frame stays, with its sequence number, so that the log says what it said; only what no message
//! has any more is left out.
//!
//! Readers and writers go on meanwhile. A power cut leaves the old segment or the new one, and either will do.

use crate::account::Account;
use crate::failure::{damaged, io_error};
use crate::fields::BadRecord;
use crate::frame::{ALIGNMENT, FrameHeader};
use crate::limits::{COMPACTION_DEAD_PERCENT, COMPACTION_OCTETS_PER_SECOND, COPY_OCTETS};
use crate::open_segments::OpenSegment;
use crate::record::Record;
use crate::resting::Part;
use crate::segment::{
    self, Frame, NoFrame, SEGMENT_HEADER, SegmentHeader, SegmentReader, file_name, new_file_name,
};
use crate::state::{Location, State};
use crate::sync::{lock, read, write};
use crate::vfs::VfsFile;
use rookery_mail::EmailId;
use rookery_mailbox::StoreError;
use std::collections::HashSet;
use std::hash::{BuildHasher, RandomState};
use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

const WRITING: &str = "writing a segment anew";

/// A segment that is worth it.
struct Candidate {
    number: u32,
    /// Content in it that messages have.
    live: HashSet<EmailId>,
    /// The last durable change: as of it all else is dead.
    dead_as_of: u64,
}

/// A segment that was written anew, and is durable.
struct Rewritten {
    /// The file as it was.
    old: OpenSegment,
    /// The one that is to take its place.
    new: OpenSegment,
    /// Where the content of each APPEND is now.
    moved: Vec<(EmailId, Location)>,
}

impl Account {
    /// See whether there is space to give back, unless somebody is at it.
    pub(crate) fn start_compaction(self: &Arc<Self>) {
        if !self.is_compacting.swap(true, Ordering::SeqCst) {
            tokio::spawn(Arc::clone(self).compact_all());
        }
    }

    /// Write segments anew until none is worth it; returns how many were.
    pub(crate) async fn compact_all(self: Arc<Self>) -> Result<usize, StoreError> {
        let mut count = 0;
        let ended = loop {
            let Ok(permit) = self.compactions().acquire_owned().await else { break Ok(count) };
            let account = Arc::clone(&self);
            let compacting = tokio::task::spawn_blocking(move || {
                let _permit = permit;
                account.compact_one()
            });
            match compacting.await {
                Ok(Ok(true)) => count += 1,
                Ok(Ok(false)) => break Ok(count),
                Ok(Err(error)) => break Err(error),
                Err(_) => break Err(crate::failure::failed(WRITING)),
            }
        };
        self.is_compacting.store(false, Ordering::SeqCst);
        ended.inspect_err(|error| {
            tracing::warn!(account = %self.name(), %error, "no space was given back");
        })
    }

    /// Write the segment anew that is most worth it; says whether there was one.
    fn compact_one(self: &Arc<Self>) -> Result<bool, StoreError> {
        if self.must_not_compact() {
            return Ok(false);
        }
        let Some(candidate) = self.candidate()? else { return Ok(false) };
        let number = candidate.number;
        let temporary = self.segment_dir().join(new_file_name(number));
        let done = self.rewrite(&candidate).and_then(|rewritten| self.publish(rewritten));
        match done {
            Ok(true) => return Ok(true),
            // A full disk has room again some day, and then needs it most.
            Ok(false) | Err(StoreError::Refused(_)) => {}
            // It will not get better by trying.
            Err(_) => drop(lock(&self.uncompactable).insert(number)),
        }
        // If it stays, opening the account removes it.
        let _ = self.vfs().remove_file(&temporary);
        done
    }

    /// The segment with the largest dead share, if that is large enough. The last one is still written to. In a copy of
    /// which some messages have yet to go, the segments say which ones.
    fn candidate(&self) -> Result<Option<Candidate>, StoreError> {
        let last = {
            let writer = lock(&self.writer);
            if !writer.left_out.is_empty() {
                return Ok(None);
            }
            writer.log.segment
        };
        let dead = read(&self.state).emails.dead.clone();
        let mut best = None;
        for (number, dead) in dead.into_iter().filter(|(number, dead)| *number < last && *dead > 0)
        {
            if lock(&self.uncompactable).contains(&number) {
                continue;
            }
            let file = self.vfs().open(&self.segment_dir().join(file_name(number)));
            // One that a repair has done without gives nothing back.
            let Ok(len) = file.and_then(|file| file.len()) else { continue };
            let percent = dead * ALIGNMENT * 100 / len.max(1);
            if percent >= COMPACTION_DEAD_PERCENT && best.is_none_or(|(most, _)| percent > most) {
                best = Some((percent, number));
            }
        }
        let Some((_, number)) = best else { return Ok(None) };
        self.wake(Part::Contents)?;
        let live = live(&read(&self.state), number);
        // Asked for afterwards, so that no change counts less than what it let die.
        let dead_as_of = lock(&self.writer).log.durable;
        Ok(live.map(|live| Candidate { number, live, dead_as_of }))
    }

    /// Write a segment anew beside itself, durably.
    fn rewrite(&self, candidate: &Candidate) -> Result<Rewritten, StoreError> {
        let failed = |error| io_error(WRITING, error);
        let (vfs, dir) = (self.vfs(), self.segment_dir());
        let (number, dead_as_of) = (candidate.number, candidate.dead_as_of);
        let (old, header) = segment::open(&*vfs, &dir, number).map_err(failed)?;
        let header = header.map_err(|bad| damage(number, 0, &bad))?;
        if (header.number, header.log) != (number, self.log_id()) {
            return Err(damage(number, 0, &BadRecord("a segment of this log")));
        }
        let before = OpenSegment { number, generation: Some(header.generation), file: old.clone() };
        let header = SegmentHeader { generation: new_generation(), dead_as_of, ..header };
        let new = vfs.create(&dir.join(new_file_name(number))).map_err(failed)?;
        new.write_at(&header.encode(), 0).map_err(failed)?;
        let mut rewriting = Rewriting {
            account: self,
            number,
            reader: SegmentReader::new(&*old, header.log).map_err(failed)?,
            new,
            end: SEGMENT_HEADER as u64,
            waiting: Vec::new(),
            moved: Vec::new(),
        };
        let mut at = SEGMENT_HEADER as u64;
        while let Some(next) = rewriting.frame(at, &candidate.live)? {
            at = next;
        }
        rewriting.flush()?;
        rewriting.new.sync_data().map_err(failed)?;
        let Rewriting { new: file, moved, .. } = rewriting;
        let new = OpenSegment { number, generation: Some(header.generation), file };
        Ok(Rewritten { old: before, new, moved })
    }

    /// Let a rewritten segment take the old one's place; false if the account is no longer to be touched.
    fn publish(&self, rewritten: Rewritten) -> Result<bool, StoreError> {
        let Rewritten { old, new, moved } = rewritten;
        let (vfs, dir, number) = (self.vfs(), self.segment_dir(), new.number);
        let generation = new.generation.unwrap_or(0);
        // Whoever looks up content sees the old places or the new ones, and finds the file that they belong to: nobody has to
        // wait until the new file has the name.
        let replacing = self.open_segments().replace(old, new);
        {
            // Index snapshots that say where content lies and of which generation a segment is say both or neither.
            let mut writer = lock(&self.writer);
            if self.must_not_compact() {
                return Ok(false);
            }
            let renamed =
                vfs.rename(&dir.join(new_file_name(number)), &dir.join(file_name(number)));
            renamed.map_err(|error| io_error(WRITING, error))?;
            write(&self.state).emails.relocate((number, generation), &moved);
            writer.dirty.insert(Part::Contents);
        }
        replacing.done();
        if let Err(error) = vfs.sync_dir(&dir) {
            // After a power cut the old segment may be back, which says the same.
            tracing::warn!(account = %self.name(), %error, "the name of a segment is not synced");
        }
        Ok(true)
    }

    fn must_not_compact(&self) -> bool {
        !self.is_writable() || self.is_closing()
    }
}

/// Not 0, and no number that anybody knows: a power cut may take a rewritten segment away that index snapshots name by
/// then, and they must not take the next one for it.
fn new_generation() -> u32 {
    u32::try_from(RandomState::new().hash_one(()) >> 32).unwrap_or(0).max(1)
}

/// Content in a segment that messages have; `None` if nobody knows.
fn live(state: &State, number: u32) -> Option<HashSet<EmailId>> {
    let all = state.emails.all()?.iter().zip(1..);
    let live = all.filter(|(email, _)| email.references > 0 && email.location.segment == number);
    Some(live.map(|(_, id)| EmailId(id)).collect())
}

fn damage(number: u32, at: u64, bad: &BadRecord) -> StoreError {
    damaged(&format!("segment {number} at octet {at}"), bad)
}

/// A segment on its way into a new file.
struct Rewriting<'a> {
    account: &'a Account,
    number: u32,
    reader: SegmentReader<'a>,
    new: Arc<dyn VfsFile>,
    /// Octets that the new file has.
    end: u64,
    /// Octets that are to come behind them.
    waiting: Vec<u8>,
    moved: Vec<(EmailId, Location)>,
}

impl Rewriting<'_> {
    /// Take over the frame at an offset, all of it or without its content; returns where the next one is.
    fn frame(&mut self, at: u64, live: &HashSet<EmailId>) -> Result<Option<u64>, StoreError> {
        let frame = match self.reader.frame(at) {
            Ok(frame) => frame,
            Err(NoFrame::End) => return Ok(None),
            Err(NoFrame::Bad(bad)) => return Err(damage(self.number, at, &bad)),
            Err(NoFrame::Io(error)) => return Err(io_error(WRITING, error)),
        };
        let next = at + frame.header.frame_len();
        let email = content_of(&frame).map_err(|bad| damage(self.number, at, &bad))?;
        let to = self.end + self.waiting.len() as u64;
        match email {
            Some(email) if !live.contains(&email) => {
                let header = frame.header.without_content();
                self.write_without_content(&header, &frame)?;
                let gone = crate::batch::location(self.number, to, 0)?;
                self.moved.push((email, gone));
            }
            email => {
                self.copy(at, next)?;
                let len = if frame.header.dropped { 0 } else { next - at };
                let place = crate::batch::location(self.number, to, len)?;
                self.moved.extend(email.map(|email| (email, place)));
            }
        }
        Ok(Some(next))
    }

    fn write_without_content(
        &mut self,
        header: &FrameHeader,
        frame: &Frame,
    ) -> Result<(), StoreError> {
        self.waiting.extend(header.encode(self.account.log_id()));
        self.waiting.extend_from_slice(&frame.meta);
        let zeros = usize::try_from(header.padding()).unwrap_or(0);
        self.waiting.resize(self.waiting.len() + zeros, 0);
        self.flush_if_long()
    }

    fn copy(&mut self, from: u64, to: u64) -> Result<(), StoreError> {
        let mut at = from;
        while at < to {
            let piece = usize::try_from(to - at).unwrap_or(usize::MAX).min(COPY_OCTETS);
            let octets = self.reader.octets(at, piece);
            self.waiting.extend_from_slice(octets.map_err(|error| io_error(WRITING, error))?);
            at += piece as u64;
            self.flush_if_long()?;
        }
        Ok(())
    }

    fn flush_if_long(&mut self) -> Result<(), StoreError> {
        if self.waiting.len() < COPY_OCTETS { Ok(()) } else { self.flush() }
    }

    /// Write what waits, and rest for as long as others should have the disk.
    fn flush(&mut self) -> Result<(), StoreError> {
        if self.account.must_not_compact() {
            return Err(io_error(WRITING, io::ErrorKind::Interrupted.into()));
        }
        let written = self.new.write_at(&self.waiting, self.end);
        written.map_err(|error| io_error(WRITING, error))?;
        let count = self.waiting.len() as u64;
        self.end += count;
        self.waiting.clear();
        std::thread::sleep(Duration::from_micros(count * 1_000_000 / COMPACTION_OCTETS_PER_SECOND));
        Ok(())
    }
}

/// The content that a frame brings.
pub(crate) fn content_of(frame: &Frame) -> Result<Option<EmailId>, BadRecord> {
    match Record::decode(frame.header.kind, &frame.meta)? {
        Record::Append(append) => Ok(Some(append.email)),
        _ => Ok(None),
    }
}
