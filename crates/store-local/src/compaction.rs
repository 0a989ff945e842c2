//! Giving space back: a segment with much dead content, or with many changes of which nothing is left (`squeeze`), is written anew
//! without them, beside the old one, and takes its place. All other frames stay, with their sequence numbers, so that the log
//! says what it said.
//!
//! Readers and writers go on meanwhile. A power cut leaves the old segment or the new one, and either will do.

use crate::account::Account;
use crate::failure::io_error;
use crate::fields::BadRecord;
use crate::frame::{FrameHeader, HEADER};
use crate::limits::{COMPACTION_DEAD_PERCENT, COPY_OCTETS};
use crate::open_segments::OpenSegment;
use crate::pace::Paced;
use crate::record::Record;
use crate::replay::damage;
use crate::resting::Part;
use crate::segment::{
    self, Frame, NoFrame, SEGMENT_HEADER, SegmentHeader, SegmentReader, file_name, new_file_name,
    number_of,
};
use crate::squeeze::{self, Plan};
use crate::state::{Location, Octets, State};
use crate::sync::{lock, read, write};
use crate::trouble::is_refusal;
use crate::vfs::VfsFile;
use rookery_mail::EmailId;
use rookery_mailbox::StoreError;
use std::collections::HashSet;
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::sync::atomic::Ordering;

pub(crate) const WRITING: &str = "writing a segment anew";

/// What may be given back of a segment.
struct Share {
    number: u32,
    len: u64,
    octets: Octets,
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
        while let Some(share) = self.best()? {
            let number = share.number;
            let Some(plan) = self.planned(&share)? else { continue };
            self.wake(Part::Contents)?;
            let is_of_all = plan.is_of_all;
            let temporary = self.segment_dir().join(new_file_name(number));
            let done = self
                .rewrite(number, plan)
                .and_then(|it| it.map_or(Ok(false), |it| self.publish(it)));
            if let Ok(true) = done {
                if is_of_all {
                    lock(&self.squeezed).insert(number);
                }
                return Ok(true);
            }
            // If it stays, opening the account removes it.
            let _ = self.vfs().remove_file(&temporary);
            return done.inspect_err(|error| self.blame(number, error));
        }
        Ok(false)
    }

    /// What to leave out of a segment; `None` if it is not worth it, which is noted.
    fn planned(&self, share: &Share) -> Result<Option<Plan>, StoreError> {
        let plan = self.plan(share).inspect_err(|error| self.blame(share.number, error))?;
        if plan.is_none() {
            lock(&self.squeezed).insert(share.number);
        }
        Ok(plan)
    }

    /// Leave a segment alone that could not be written anew, if that will not get better by trying. An account that is not to be
    /// touched and a full disk are not its fault, and pass.
    fn blame(&self, number: u32, error: &StoreError) {
        let passes = match error {
            StoreError::Refused(_) | StoreError::ReadOnly => true,
            StoreError::Io { source, .. } => is_refusal(source),
            _ => false,
        };
        if !passes {
            lock(&self.uncompactable).insert(number);
        }
    }

    /// The segment with the largest dead share, if that is large enough; if there is none, that with the largest share of what
    /// is no content, unless it was squeezed. The last one is still written to. In a copy of which some messages have yet to
    /// go, the segments say which ones.
    fn best(&self) -> Result<Option<Share>, StoreError> {
        let last = {
            let writer = lock(&self.writer);
            if !writer.left_out.is_empty() {
                return Ok(None);
            }
            writer.log.segment
        };
        self.best_below(last)
    }

    /// The segment below this one that is most worth it.
    fn best_below(&self, last: u32) -> Result<Option<Share>, StoreError> {
        let names = self.vfs().list(&self.segment_dir());
        let names = names.map_err(|error| io_error(WRITING, error))?;
        let numbers = names.iter().filter_map(|name| number_of(name)).filter(|it| *it < last);
        let numbers = numbers.filter(|number| !lock(&self.uncompactable).contains(number));
        let shares = numbers.filter_map(|number| self.share(number));
        Ok(shares.max_by_key(|share| share.worth))
    }

    /// What of a segment may be given back, if that may be worth it.
    fn share(&self, number: u32) -> Option<Share> {
        let is_known = lock(&self.squeezed).contains(&number);
        if is_known && !read(&self.state).emails.has_dead(number) {
            return None;
        }
        let file = self.vfs().open(&self.segment_dir().join(file_name(number)));
        // One that a repair has done without gives nothing back.
        let len = file.and_then(|file| file.len()).ok()?;
        let octets = read(&self.state).emails.octets(number, len);
        let percent = |octets: u64| octets * 100 / len.max(1);
        let worth = match (percent(octets.dead), percent(octets.dead + octets.metadata)) {
            (dead @ COMPACTION_DEAD_PERCENT.., _) => (dead, 0),
            (_, all @ COMPACTION_DEAD_PERCENT..) if !is_known && !self.is_squeezed(number) => {
                (0, all)
            }
            _ => return None,
        };
        Some(Share { number, len, octets, worth })
    }

    /// Whether a segment was written anew without what is pointless in it, all of it: its header says so. Nothing becomes
    /// pointless in it later.
    fn is_squeezed(&self, number: u32) -> bool {
        // One that was never written anew is none: memory knows.
        if read(&self.state).emails.generation(number) == 0 {
            return false;
        }
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
    fn plan(&self, share: &Share) -> Result<Option<Plan>, StoreError> {
        let Share { number, len, octets: Octets { dead, metadata }, .. } = *share;
        let is_worth_it = |octets: u64| octets * 100 / len.max(1) >= COMPACTION_DEAD_PERCENT;
        // Content goes at once where it is what counts: to look for what else can go takes as long as to write a segment anew.
        if is_worth_it(dead) && (!is_worth_it(metadata) || self.is_squeezed(number)) {
            return Ok(Some(Plan::default()));
        }
        let planned = self.open_own(number).and_then(|(file, header)| {
            let file = Paced::new(self, &*file);
            let reader = SegmentReader::new(&file, header.log);
            let mut reader = reader.map_err(|error| io_error(WRITING, error))?;
            squeeze::plan(&mut reader, number)
        });
        match planned {
            // Before a log that was begun anew such segments are nothing new.
            Err(StoreError::Damaged(_)) if !is_worth_it(dead) => Ok(None),
            plan => Ok(Some(plan?).filter(|plan| is_worth_it(dead + plan.octets))),
        }
    }

    /// A segment of this log.
    fn open_own(&self, number: u32) -> Result<(Arc<dyn VfsFile>, SegmentHeader), StoreError> {
        let opened = segment::open(&*self.vfs(), &self.segment_dir(), number);
        let (file, header) = opened.map_err(|error| io_error(WRITING, error))?;
        let header = header.map_err(|bad| damage(number, 0, bad.0))?;
        if (header.number, header.log) != (number, self.log_id()) {
            return Err(damage(number, 0, "a segment of this log"));
        }
        Ok((file, header))
    }

    /// Write a segment anew beside itself, durably; `None` if nobody knows what of it is alive.
    fn rewrite(&self, number: u32, plan: Plan) -> Result<Option<Rewritten>, StoreError> {
        let failed = |error| io_error(WRITING, error);
        let (vfs, dir) = (self.vfs(), self.segment_dir());
        let Some(live) = live(&read(&self.state), number) else { return Ok(None) };
        // Asked for afterwards, so that no change counts less than what it let die.
        let dead_as_of = lock(&self.writer).log.durable;
        let (old, header) = self.open_own(number)?;
        let before = OpenSegment::new(number, Some(header.generation), old.clone());
        let generation = new_generation();
        let squeezed = header.squeezed || plan.is_of_all;
        let header = SegmentHeader { generation, dead_as_of, squeezed, ..header };
        let new = vfs.create(&dir.join(new_file_name(number))).map_err(failed)?;
        new.write_at(&header.encode(), 0).map_err(failed)?;
        let paced = Paced::new(self, &*old);
        let mut rewriting = Rewriting {
            log: header.log,
            number,
            reader: SegmentReader::new(&paced, header.log).map_err(failed)?,
            plan,
            omitted: 0,
            new: Paced::new(self, &*new),
            end: SEGMENT_HEADER as u64,
            waiting: Vec::new(),
            moved: Vec::new(),
        };
        let mut at = SEGMENT_HEADER as u64;
        while let Some(next) = rewriting.frame(at, &live)? {
            at = next;
        }
        rewriting.flush()?;
        let moved = rewriting.moved;
        new.sync_data().map_err(failed)?;
        let new = OpenSegment::new(number, Some(header.generation), new);
        Ok(Some(Rewritten { old: before, new, moved }))
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

    /// Whether the account is no longer to be touched.
    pub(crate) fn must_not_compact(&self) -> bool {
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

/// A segment on its way into a new file.
struct Rewriting<'a> {
    log: u64,
    number: u32,
    reader: SegmentReader<'a>,
    plan: Plan,
    /// Changes that were left out since the last frame.
    omitted: u32,
    new: Paced<'a>,
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
            Err(NoFrame::Bad(bad)) => return Err(damage(self.number, at, bad.0)),
            Err(NoFrame::Io(error)) => return Err(io_error(WRITING, error)),
        };
        let next = at + frame.header.frame_len();
        let email = content_of(&frame).map_err(|bad| damage(self.number, at, bad.0))?;
        let omitted = self.omitted.checked_add(frame.header.omitted);
        let omitted = omitted.ok_or_else(|| damage(self.number, at, TOO_MANY))?;
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
                    self.waiting.extend(header.encode(self.log));
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
        self.waiting.extend(header.encode(self.log));
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

    /// Write what waits.
    fn flush(&mut self) -> Result<(), StoreError> {
        let written = self.new.write_at(&self.waiting, self.end);
        written.map_err(|error| io_error(WRITING, error))?;
        self.end += self.waiting.len() as u64;
        self.waiting.clear();
        Ok(())
    }
}

const TOO_MANY: &str = "fewer changes that were left out";

/// The content that a frame brings.
pub(crate) fn content_of(frame: &Frame) -> Result<Option<EmailId>, BadRecord> {
    match Record::decode(frame.header.kind, &frame.meta)? {
        Record::Append(append) => Ok(Some(append.email)),
        _ => Ok(None),
    }
}
