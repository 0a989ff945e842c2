//! Giving space back: a segment with much dead content, or with many changes of which nothing is left (`squeeze`), is written anew
//! without them, beside the old one, and takes its place. All other frames stay, with their sequence numbers, so that the log
//! says what it said.
//!
//! Readers and writers go on meanwhile. A power cut leaves the old segment or the new one, and either will do.

use crate::account::Account;
use crate::failure::{damaged, io_error};
use crate::fields::BadRecord;
use crate::frame::{FrameHeader, HEADER};
use crate::limits::{COMPACTION_DEAD_PERCENT, COMPACTION_OCTETS_PER_SECOND, COPY_OCTETS};
use crate::open_segments::OpenSegment;
use crate::record::Record;
use crate::resting::Part;
use crate::segment::{
    self, Frame, NoFrame, SEGMENT_HEADER, SegmentHeader, SegmentReader, file_name, new_file_name,
    number_of,
};
use crate::squeeze::{self, Plan};
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

pub(crate) const WRITING: &str = "writing a segment anew";

/// A segment that may be worth it.
struct Candidate {
    number: u32,
    /// Octets of it, of dead content in it, and of what is no content.
    len: u64,
    dead: u64,
    metadata: u64,
    /// Content in it that messages have.
    live: HashSet<EmailId>,
    /// The last durable change: as of it all else is dead.
    dead_as_of: u64,
}

/// What may be given back of a segment.
struct Share {
    number: u32,
    len: u64,
    dead: u64,
    metadata: u64,
    /// Percent that are dead, if these are enough, or that are no content of which somebody has yet to see whether it is
    /// pointless.
    worth: (u64, u64),
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
        while let Some(candidate) = self.candidate()? {
            let number = candidate.number;
            let temporary = self.segment_dir().join(new_file_name(number));
            let mut is_squeezed = false;
            let done = match self.plan(&candidate) {
                Ok(Some(plan)) => {
                    is_squeezed = plan.is_of_all;
                    self.rewrite(&candidate, plan).and_then(|it| self.publish(it))
                }
                // It is not worth it. Others may be.
                Ok(None) => {
                    lock(&self.squeezed).insert(number);
                    continue;
                }
                Err(error) => Err(error),
            };
            match done {
                Ok(true) => {
                    if is_squeezed {
                        lock(&self.squeezed).insert(number);
                    }
                    return Ok(true);
                }
                // A full disk has room again some day, and then needs it most.
                Ok(false) | Err(StoreError::Refused(_)) => {}
                // It will not get better by trying.
                Err(_) => drop(lock(&self.uncompactable).insert(number)),
            }
            // If it stays, opening the account removes it.
            let _ = self.vfs().remove_file(&temporary);
            return done;
        }
        Ok(false)
    }

    /// The segment with the largest dead share, if that is large enough; if there is none, that with the largest share of what
    /// is no content, unless it was squeezed. The last one is still written to. In a copy of which some messages have yet to
    /// go, the segments say which ones.
    fn candidate(&self) -> Result<Option<Candidate>, StoreError> {
        let last = {
            let writer = lock(&self.writer);
            if !writer.left_out.is_empty() {
                return Ok(None);
            }
            writer.log.segment
        };
        let best = self.best_below(last)?;
        let Some(Share { number, len, dead, metadata, .. }) = best else { return Ok(None) };
        self.wake(Part::Contents)?;
        let live = live(&read(&self.state), number);
        // Asked for afterwards, so that no change counts less than what it let die.
        let dead_as_of = lock(&self.writer).log.durable;
        Ok(live.map(|live| Candidate { number, len, dead, metadata, live, dead_as_of }))
    }

    /// The segment below this one that is most worth it.
    fn best_below(&self, last: u32) -> Result<Option<Share>, StoreError> {
        let names = self.vfs().list(&self.segment_dir());
        let names = names.map_err(|error| io_error(WRITING, error))?;
        let numbers = names.iter().filter_map(|name| number_of(name)).filter(|it| *it < last);
        let numbers = numbers.filter(|number| !lock(&self.uncompactable).contains(number));
        let shares = numbers.filter_map(|number| self.share(number));
        let shares = shares.filter(|share| share.worth >= (0, COMPACTION_DEAD_PERCENT));
        Ok(shares.max_by_key(|share| share.worth))
    }

    /// What of a segment may be given back, if there is any.
    fn share(&self, number: u32) -> Option<Share> {
        let (live, dead) = read(&self.state).emails.octets(number);
        let is_squeezed = lock(&self.squeezed).contains(&number) || self.is_squeezed(number);
        if is_squeezed && dead == 0 {
            return None;
        }
        let file = self.vfs().open(&self.segment_dir().join(file_name(number)));
        // One that a repair has done without gives nothing back.
        let len = file.and_then(|file| file.len()).ok()?;
        let percent = |octets: u64| octets * 100 / len.max(1);
        let metadata = len.saturating_sub(SEGMENT_HEADER as u64 + live + dead);
        let worth = match percent(dead) {
            dead @ COMPACTION_DEAD_PERCENT.. => (dead, 0),
            _ if is_squeezed => (0, 0),
            _ => (0, percent(dead + metadata)),
        };
        Some(Share { number, len, dead, metadata, worth })
    }

    /// Whether a segment was written anew without what is pointless in it, all of it.
    fn is_squeezed(&self, number: u32) -> bool {
        let header = |number| {
            segment::open(&*self.vfs(), &self.segment_dir(), number)
                .ok()
                .and_then(|(_, it)| it.ok())
        };
        let is_squeezed = header(number).is_some_and(|it| {
            // It may have become the last one again after that, for a while.
            let next = || number.checked_add(1).and_then(header);
            it.squeezed && next().is_some_and(|next| it.dead_as_of + 1 >= next.first_sequence)
        });
        if is_squeezed {
            lock(&self.squeezed).insert(number);
        }
        is_squeezed
    }

    /// What can be left out of a segment besides dead content; `None` if all of it together is not worth it.
    fn plan(&self, candidate: &Candidate) -> Result<Option<Plan>, StoreError> {
        let failed = |error| io_error(WRITING, error);
        let Candidate { number, len, metadata, dead, .. } = *candidate;
        let is_worth_it = |octets: u64| octets * 100 / len.max(1) >= COMPACTION_DEAD_PERCENT;
        // Content goes at once where it is what counts: to look for what else can go takes as long as to write a segment anew.
        if is_worth_it(dead) && !is_worth_it(metadata) {
            return Ok(Some(Plan::default()));
        }
        let (file, header) =
            segment::open(&*self.vfs(), &self.segment_dir(), number).map_err(failed)?;
        let header = header.map_err(|bad| damage(number, 0, &bad))?;
        let mut reader = SegmentReader::new(&*file, header.log).map_err(failed)?;
        match squeeze::plan(&mut reader, number, |octets| self.rest(octets)) {
            // Before a log that was begun anew such segments are nothing new.
            Err(StoreError::Damaged(_)) if !is_worth_it(dead) => Ok(None),
            plan => Ok(Some(plan?).filter(|plan| is_worth_it(dead + plan.octets))),
        }
    }

    /// Let others have the disk after so many octets. An error if the account is no longer to be touched.
    fn rest(&self, octets: u64) -> Result<(), StoreError> {
        if self.must_not_compact() {
            return Err(io_error(WRITING, io::ErrorKind::Interrupted.into()));
        }
        std::thread::sleep(Duration::from_micros(
            octets * 1_000_000 / COMPACTION_OCTETS_PER_SECOND,
        ));
        Ok(())
    }

    /// Write a segment anew beside itself, durably.
    fn rewrite(&self, candidate: &Candidate, plan: Plan) -> Result<Rewritten, StoreError> {
        let failed = |error| io_error(WRITING, error);
        let (vfs, dir) = (self.vfs(), self.segment_dir());
        let (number, dead_as_of) = (candidate.number, candidate.dead_as_of);
        let (old, header) = segment::open(&*vfs, &dir, number).map_err(failed)?;
        let header = header.map_err(|bad| damage(number, 0, &bad))?;
        if (header.number, header.log) != (number, self.log_id()) {
            return Err(damage(number, 0, &BadRecord("a segment of this log")));
        }
        let before = OpenSegment { number, generation: Some(header.generation), file: old.clone() };
        let generation = new_generation();
        let squeezed = header.squeezed || plan.is_of_all;
        let header = SegmentHeader { generation, dead_as_of, squeezed, ..header };
        let new = vfs.create(&dir.join(new_file_name(number))).map_err(failed)?;
        new.write_at(&header.encode(), 0).map_err(failed)?;
        let mut rewriting = Rewriting {
            account: self,
            number,
            reader: SegmentReader::new(&*old, header.log).map_err(failed)?,
            plan,
            omitted: 0,
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
    plan: Plan,
    /// Changes that were left out since the last frame.
    omitted: u32,
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
        let omitted = self.omitted.checked_add(frame.header.omitted);
        let omitted = omitted.ok_or_else(|| damage(self.number, at, &TOO_MANY))?;
        if self.plan.omits(at) {
            self.omitted = omitted.saturating_add(1);
            return Ok(Some(next));
        }
        self.omitted = 0;
        let header = FrameHeader { omitted, ..frame.header };
        let to = self.end + self.waiting.len() as u64;
        match email {
            Some(email) if !live.contains(&email) => {
                self.write_without_content(&header.without_content(), &frame.meta)?;
                let gone = crate::batch::location(self.number, to, 0)?;
                self.moved.push((email, gone));
            }
            None if let Some((reduced, meta)) = self.plan.reduced(at, &frame) => {
                self.write_without_content(&FrameHeader { omitted, ..reduced }, &meta)?;
            }
            email => {
                let mut from = at;
                if header != frame.header {
                    self.waiting.extend(header.encode(self.account.log_id()));
                    from += HEADER as u64;
                }
                self.copy(from, next)?;
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
        meta: &[u8],
    ) -> Result<(), StoreError> {
        self.waiting.extend(header.encode(self.account.log_id()));
        self.waiting.extend_from_slice(meta);
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
        self.account.rest(count)
    }
}

const TOO_MANY: BadRecord = BadRecord("fewer changes that were left out");

/// The content that a frame brings.
pub(crate) fn content_of(frame: &Frame) -> Result<Option<EmailId>, BadRecord> {
    match Record::decode(frame.header.kind, &frame.meta)? {
        Record::Append(append) => Ok(Some(append.email)),
        _ => Ok(None),
    }
}
