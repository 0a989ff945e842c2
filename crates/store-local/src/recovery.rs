//! Reading an account's log when it is opened: index snapshots first, then every frame after them.
//!
//! What a power cut left at the end, and nobody was told of, is cut off. Anything else that is not
//! what it should be is damage, and reported.

use crate::base;
use crate::compaction::content_of;
use crate::copied;
use crate::failure::{io_error, is_full, is_no_file, is_of_the_moment};
use crate::index::{self, Position, Stamps};
use crate::left_out::{self, DeadAsOf, Messages};
use crate::limits::{COPY_OCTETS, MAX_SEGMENT_OCTETS};
use crate::log::{Log, end_at};
use crate::replay::{DamagedFrame, Found, READING, Replay, damage};
use crate::resting::Part;
use crate::salvage::Salvaged;
use crate::segment::{
    self, Frame, NoFrame, SEGMENT_HEADER, SegmentHeader, SegmentReader, file_name, number_of,
};
use crate::state::{Location, State};
use crate::torn;
use crate::vfs::{self, Vfs, read_exact_at};
use crate::witness::Witness;
use rookery_mail::EmailId;
use rookery_mailbox::StoreError;
use std::collections::BTreeSet;
use std::io;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

const REWRITING: &str = "rewriting the end of a log";

/// An account as its log tells it.
pub(crate) struct Recovered {
    pub(crate) state: State,
    pub(crate) log: Log,
    /// Which index snapshots there are.
    pub(crate) stamps: Stamps,
    /// What has changed since.
    pub(crate) dirty: BTreeSet<Part>,
    /// Octets of the log that are in no index snapshot.
    pub(crate) replayed: u64,
    /// Whether the disk has all of it for certain.
    pub(crate) is_durable: bool,
    /// Messages that are to go before anybody sees the account, which is a copy.
    pub(crate) left_out: Messages,
    /// Where, in the last segment, that begins which the disk may not have.
    tail: u64,
    /// Frames of which something was damaged before.
    damaged: Vec<DamagedFrame>,
}

impl Recovered {
    /// What could be put together of an account whose log is damaged, and must not be written to.
    pub(crate) fn of_damaged(vfs: Arc<dyn Vfs>, account: &Path, salvaged: Salvaged) -> Self {
        let Salvaged { state, log, sequence, segment, file, .. } = salvaged;
        let end = file.len().unwrap_or(0);
        let log = Log::at_end(vfs, (account.join("seg"), log), (segment, file), (end, sequence));
        Self {
            state,
            log,
            stamps: Stamps::new(),
            dirty: BTreeSet::new(),
            replayed: 0,
            is_durable: false,
            left_out: Messages::new(),
            tail: 0,
            damaged: Vec::new(),
        }
    }

    /// The account, if its log can be written to.
    pub(crate) fn for_writing(self) -> Result<Self, StoreError> {
        if self.log.file.is_read_only() {
            return Err(io_error(READING, crate::vfs::refused()));
        }
        Ok(self)
    }

    /// Write once more what the disk may not have. After a failed sync the system takes what it could
    /// not write for written; only what is written anew will be written by the next sync.
    pub(crate) fn rewrite_tail(&self) -> Result<(), StoreError> {
        let mut at = self.tail;
        while at < self.log.end {
            let piece = usize::try_from(self.log.end - at).unwrap_or(usize::MAX).min(COPY_OCTETS);
            let octets = read_exact_at(&*self.log.file, piece, at);
            let rewritten = octets.and_then(|octets| self.log.file.write_at(&octets, at));
            rewritten.map_err(|error| io_error(REWRITING, error))?;
            at += piece as u64;
        }
        // The disk may have more than can be read, if what was to be cut off stayed.
        match end_at(&*self.log.file, self.log.end, self.log.end) {
            Err(error) if !is_full(&error) => Err(io_error(REWRITING, error)),
            // On a full disk even that may be too much. It can be read.
            _ => Ok(()),
        }
    }

    /// Nobody may be told of what the disk does not yet have for certain. The name of the last segment is of that kind if a
    /// repair that made it was killed.
    pub(crate) fn sync(&self) -> io::Result<()> {
        self.log.file.sync_data()?;
        self.log.vfs.sync_dir(&self.log.dir)
    }

    /// Read what was written once more: it may have been forgotten between checking and rewriting it.
    pub(crate) fn verify_tail(&self) -> Result<(), StoreError> {
        let Log { segment, file, id, end, .. } = &self.log;
        open_segment(&*self.log.vfs, &self.log.dir, *segment)?;
        let reader = SegmentReader::new(&**file, *id);
        let mut reader = reader.map_err(|error| io_error(READING, error))?;
        let mut at = self.tail.max(SEGMENT_HEADER as u64);
        while at < *end {
            let frame = match reader.frame_as_it_is(at) {
                Err(NoFrame::Io(error)) => return Err(io_error(READING, error)),
                frame => frame.ok().filter(|frame| self.is_as_before(at, frame)),
            };
            let frame = frame.ok_or_else(|| damage(*segment, at, "what was rewritten"))?;
            at += frame.header.frame_len();
        }
        Ok(())
    }

    /// Whether no more of a frame is damaged than was before.
    fn is_as_before(&self, offset: u64, frame: &Frame) -> bool {
        let before =
            |known: &&DamagedFrame| (known.segment, known.offset) == (self.log.segment, offset);
        let before = self.damaged.iter().find(before);
        before.map_or(frame.damaged.is_empty(), |known| known.parts == frame.damaged)
    }
}

/// An account as its log tells it, before anything is done about the log's end.
pub(crate) struct Told {
    pub(crate) state: State,
    pub(crate) stamps: Stamps,
    pub(crate) dirty: BTreeSet<Part>,
    pub(crate) replayed: u64,
    /// The last segment that has frames.
    pub(crate) current: Found,
    pub(crate) sequence: u64,
    pub(crate) tail: u64,
    /// What a power cut has torn, at the end of that segment.
    pub(crate) torn: Range<u64>,
    /// A segment after it, without frames, that was being made when the power went.
    pub(crate) unused: Option<u32>,
    /// Frames after the index snapshot of which something is damaged.
    pub(crate) damaged: Vec<DamagedFrame>,
    /// Whether it ends where an index snapshot does, and in nothing else.
    pub(crate) is_indexed: bool,
    /// Whether the index snapshot lies in the file that it was written to.
    is_original: bool,
    /// In a copy: messages that were expunged for good while it was made.
    pub(crate) left_out: Messages,
}

/// Read the log of the account in this directory, and cut off what a power cut has torn.
pub(crate) fn recover(
    vfs: &Arc<dyn Vfs>,
    account: &Path,
    max_tombstones: usize,
) -> Result<Recovered, StoreError> {
    let dir = account.join("seg");
    let told = read_with_index(&**vfs, account, max_tombstones)?;
    // An index snapshot is written when the log up to there has been synced: then there is nothing to sync. A copy of
    // both says nothing of that kind.
    // If that cannot be told, it is synced once more.
    let is_durable = told.is_indexed && told.is_original;
    let Told { state, stamps, dirty, replayed, current, sequence, tail, damaged, left_out, .. } =
        told;
    if stamps.is_empty() {
        copied::remove_index(&**vfs, account)?;
    }
    damaged.iter().for_each(|damaged| warn(account, damaged));
    remove_half_rewritten(&**vfs, &dir);
    let end = told.torn.start;
    if !told.torn.is_empty() {
        torn::cut(&**vfs, account, (current.number, &*current.file), &told.torn)?;
    }
    if let Some(number) = told.unused {
        remove_unused(&**vfs, &dir, number)?;
    }
    let place = (dir, current.header.log);
    let generation = Some(current.header.generation);
    let log = Log::at_end(Arc::clone(vfs), place, (current.number, current.file), (end, sequence));
    let log = Log { generation, ..log };
    Ok(Recovered { state, log, stamps, dirty, replayed, is_durable, left_out, tail, damaged })
}

/// Say that something of a frame cannot be read, although its change could be.
fn warn(account: &Path, damaged: &DamagedFrame) {
    let DamagedFrame { segment, offset: at, parts, email } = damaged;
    let account = account.display();
    let expected: Vec<&str> = parts.iter().map(|part| part.expected().0).collect();
    let (expected, email) = (expected.join(", "), email.map_or(0, |email| email.0));
    tracing::warn!(%account, segment, at, email, %expected, "something of a message is damaged, or the disk cannot read it; all else goes on");
}

/// Read the log of the account in this directory from its index snapshots on, and change nothing.
pub(crate) fn read_with_index(
    vfs: &dyn Vfs,
    account: &Path,
    max_tombstones: usize,
) -> Result<Told, StoreError> {
    let beginning = Beginning::find(vfs, account)?;
    let rebuilt =
        |error: &io::Error| tracing::warn!(%error, "index snapshots are rebuilt from the log");
    let read = |index| read_from(&beginning, (vfs, account), max_tombstones, index);
    let (index, failed) = match index::load(vfs, account, beginning.log).inspect_err(rebuilt) {
        Ok(index) => (index, None),
        Err(error) => (None, Some(error)),
    };
    let (told, failed) = match read(index) {
        Err(StoreError::Io { context: index::READING, source }) => {
            rebuilt(&source);
            (read(None), Some(source))
        }
        told => (told, failed),
    };
    match (told, failed.filter(is_of_the_moment)) {
        // The index snapshots may cover the damage, and are there when they can be read again.
        (Err(StoreError::Damaged(_)), Some(error)) => Err(io_error(READING, error)),
        (told, _) => told,
    }
}

/// Where a log begins.
struct Beginning {
    /// Its first segment, or the last one that begins with a base.
    first: u32,
    has_base: bool,
    last: u32,
    log: u64,
    is_original: bool,
}

impl Beginning {
    /// All segments must be there from the first on, and be of the account's own log.
    fn find(vfs: &dyn Vfs, account: &Path) -> Result<Self, StoreError> {
        let (dir, reading) = (&account.join("seg"), |error| io_error(READING, error));
        let names = vfs::list(vfs, dir).map_err(reading)?;
        let mut numbers: Vec<u32> = names.iter().filter_map(|name| number_of(name)).collect();
        numbers.sort_unstable();
        let Witness { log, is_original } =
            Witness::find(vfs, account, &numbers).map_err(reading)?;
        let base = log.map(|log| base::find(vfs, dir, &numbers, log)).transpose();
        let base = base.map_err(reading)?.flatten();
        let first = base.unwrap_or(1);
        let follow = numbers.iter().copied().filter(|number| *number >= first);
        if let Some((_, missing)) = follow.zip(first..).find(|(have, want)| have != want) {
            return Err(damage(missing, 0, "a segment that is missing"));
        }
        let last = numbers.last().copied().ok_or_else(|| damage(1, 0, "a segment"))?;
        let found = open_segment(vfs, dir, first)?.header.log;
        let log = log.ok_or_else(|| damage(first, 0, "segments of one log"))?;
        if found != log {
            return Err(damage(first, 0, "a segment of this account"));
        }
        for number in first..=last {
            check_log(vfs, dir, number, log)?;
        }
        Ok(Self { first, has_base: base.is_some(), last, log, is_original })
    }

    /// What the log begins with.
    fn state(&self, vfs: &dyn Vfs, dir: &Path) -> Result<(State, Position), StoreError> {
        if self.has_base { base::load(vfs, dir, self.first) } else { Ok(Default::default()) }
    }
}

/// Read the log of the account in this directory from an index snapshot on, or from its beginning, and change
/// nothing.
pub(crate) fn read(
    vfs: &dyn Vfs,
    account: &Path,
    max_tombstones: usize,
    index: Option<(State, Position, Stamps)>,
) -> Result<Told, StoreError> {
    read_from(&Beginning::find(vfs, account)?, (vfs, account), max_tombstones, index)
}

fn read_from(
    beginning: &Beginning,
    (vfs, account): (&dyn Vfs, &Path),
    max_tombstones: usize,
    index: Option<(State, Position, Stamps)>,
) -> Result<Told, StoreError> {
    let dir = account.join("seg");
    let &Beginning { first, last, is_original, .. } = beginning;
    // What a base was written after does not count any more.
    let index = index.filter(|(_, position, _)| position.segment >= first);
    let has_index = index.is_some();
    let (mut state, mut position, stamps) = match index {
        Some(index) => index,
        None => {
            let (state, position) = beginning.state(vfs, &dir)?;
            (state, position, Stamps::new())
        }
    };
    if position.segment > last {
        return Err(damage(position.segment, 0, "the segment that the index ends in"));
    }
    let indexed = state.emails.generations.clone();
    let Relocated { place, mut dead_as_of } =
        relocate(vfs, account, &mut state, (first, position))?;
    position = place;
    let is_relocated = state.emails.generations != indexed;
    let is_last_unused = last > position.segment && is_unused(vfs, &dir, last)?;
    let used = if is_last_unused { last - 1 } else { last };
    let mut replay = Replay::new((vfs, account), &state, position.sequence, max_tombstones);
    let (current, torn, headers) =
        replay_after(&mut replay, (vfs, &dir), (position, used), beginning)?;
    let (sequence, replayed, tail) = (replay.sequence, replay.octets, replay.tail_from(torn.start));
    let damaged = std::mem::take(&mut replay.damaged);
    let delta = replay.finish();
    let relocated = is_relocated.then_some(Part::Contents);
    let dirty = delta.parts(&state).chain(relocated).collect();
    state.publish(delta);
    let generations = headers.iter().map(|header| (header.number, header.generation));
    state.emails.note_generations(generations.collect());
    dead_as_of.extend(headers.iter().skip(1).map(|header| (header.number, header.dead_as_of)));
    dead_as_of.retain(|_, change| *change > sequence);
    if sequence == 0 {
        // An account is made with its first mailboxes.
        return Err(damage(first, SEGMENT_HEADER as u64, "the change that made the account"));
    }
    let left_out = left_out::find((vfs, account), &state, (&dead_as_of, has_index))?;
    let unused = is_last_unused.then_some(last);
    let is_indexed = has_index && replayed == 0 && torn.is_empty() && unused.is_none();
    Ok(Told {
        state,
        stamps,
        dirty,
        replayed,
        current,
        sequence,
        tail,
        torn,
        unused,
        damaged,
        is_indexed,
        is_original,
        left_out,
    })
}

/// Let all happen that comes after a place, up to the end of this segment. Returns that segment, what a power cut has torn at its end, and
/// the headers of all.
fn replay_after(
    replay: &mut Replay<'_>,
    (vfs, dir): (&dyn Vfs, &Path),
    (position, used): (Position, u32),
    beginning: &Beginning,
) -> Result<(Found, Range<u64>, Vec<SegmentHeader>), StoreError> {
    let mut torn = position.offset..position.offset;
    let mut current = open_segment(vfs, dir, position.segment)?;
    let mut headers = Vec::new();
    for number in position.segment..=used {
        let found = open_segment(vfs, dir, number)?;
        let is_first = number == position.segment;
        check_header(&found, beginning.log, number, replay.sequence, is_first)?;
        headers.push(found.header);
        let start = if is_first { position.offset } else { SEGMENT_HEADER as u64 };
        // A segment that another one follows, be it unused, was durable before that was begun.
        torn = replay.segment(&found, start, number == beginning.last)?;
        current = found;
    }
    Ok((current, torn, headers))
}

/// The account as its log tells it up to a place that an index snapshot is of: all before it was durable once, so that
/// nothing of it may be missing. Whether the log goes on there, or is just being written, does not matter.
pub(crate) fn read_to(
    vfs: &dyn Vfs,
    account: &Path,
    max_tombstones: usize,
    to: Position,
) -> Result<State, StoreError> {
    let dir = account.join("seg");
    let beginning = Beginning::find(vfs, account)?;
    let (mut state, mut from) = beginning.state(vfs, &dir)?;
    from = relocate(vfs, account, &mut state, (beginning.first, from))?.place;
    replay_to((vfs, account), &mut state, max_tombstones, (from, to))?;
    Ok(state)
}

/// Let all happen that lies between two places of a log.
pub(crate) fn replay_to(
    (vfs, account): (&dyn Vfs, &Path),
    state: &mut State,
    max_tombstones: usize,
    (from, to): (Position, Position),
) -> Result<(), StoreError> {
    let dir = account.join("seg");
    let log = open_segment(vfs, &dir, from.segment)?.header.log;
    let mut replay = Replay::new((vfs, account), state, from.sequence, max_tombstones);
    replay.until = to.sequence;
    for number in from.segment..=to.segment {
        let found = open_segment(vfs, &dir, number)?;
        let is_first = number == from.segment;
        check_header(&found, log, number, replay.sequence, is_first)?;
        let start = if is_first { from.offset } else { SEGMENT_HEADER as u64 };
        replay.segment(&found, start, false)?;
    }
    if replay.sequence != to.sequence {
        return Err(damage(to.segment, to.offset, "what the index has of this segment"));
    }
    let delta = replay.finish();
    state.publish(delta);
    Ok(())
}

/// A segment may be damaged, torn or without changes; but not one of another log, or another one of this log.
fn check_log(vfs: &dyn Vfs, dir: &Path, number: u32, log: u64) -> Result<(), StoreError> {
    let opened = segment::open(vfs, dir, number);
    let (file, header) = opened.map_err(|error| no_segment(number, error))?;
    let len = file.len().map_err(|error| io_error(READING, error))?;
    if len > MAX_SEGMENT_OCTETS {
        return Err(damage(number, MAX_SEGMENT_OCTETS, "the end of a segment"));
    }
    let is_ours = header.is_err() || header.is_ok_and(|it| (it.number, it.log) == (number, log));
    match is_ours || len <= SEGMENT_HEADER as u64 {
        true => Ok(()),
        false => Err(damage(number, 0, "a segment of this log")),
    }
}

/// Why a segment cannot be opened.
fn no_segment(number: u32, error: io::Error) -> StoreError {
    match is_no_file(&error) {
        true => damage(number, 0, "the file of a segment"),
        false => io_error(READING, error),
    }
}

fn open_segment(vfs: &dyn Vfs, dir: &Path, number: u32) -> Result<Found, StoreError> {
    let (file, header) =
        segment::open(vfs, dir, number).map_err(|error| no_segment(number, error))?;
    let header = header.map_err(|bad| damage(number, 0, bad.0))?;
    Ok(Found { number, file, header })
}

/// What was found of segments that were written anew after the index snapshot was.
pub(crate) struct Relocated {
    /// Where the index snapshot ends: before changes, maybe, of which it knows and the log does not any more. All that
    /// comes after these makes up for them.
    pub(crate) place: Position,
    pub(crate) dead_as_of: DeadAsOf,
}

/// Find the content of segments that were written anew after the index snapshot was. Before the first segment of a log that was begun anew some may be damaged or missing: their content is then
/// what cannot be read.
pub(crate) fn relocate(
    vfs: &dyn Vfs,
    account: &Path,
    state: &mut State,
    (first, position): (u32, Position),
) -> Result<Relocated, StoreError> {
    let mut found = Relocated { place: position, dead_as_of: DeadAsOf::new() };
    for number in 1..=position.segment {
        match relocated(vfs, account, state, (number, position.sequence), number < first) {
            Ok(Some((place, dead_as_of))) => {
                found.dead_as_of.insert(number, dead_as_of);
                found.place = if number == position.segment { place } else { found.place };
            }
            Ok(None) => {}
            Err(error @ StoreError::Io { context: index::READING, .. }) => return Err(error),
            Err(StoreError::Io { context, source }) if is_of_the_moment(&source) => {
                return Err(StoreError::Io { context, source });
            }
            Err(_) if number < first => {}
            Err(error) => return Err(error),
        }
    }
    Ok(found)
}

/// Find the content of one segment, if it was written anew; returns where in it the index snapshot ends, and as of which
/// change all is dead that it has not any more.
fn relocated(
    vfs: &dyn Vfs,
    account: &Path,
    state: &mut State,
    (number, sequence): (u32, u64),
    may_be_damaged: bool,
) -> Result<Option<(Position, u64)>, StoreError> {
    let found = open_segment(vfs, &account.join("seg"), number)?;
    let SegmentHeader { generation, dead_as_of, .. } = found.header;
    if found.header.number != number {
        return Err(damage(number, 0, "the segment of this number"));
    }
    if generation == state.emails.generation(number) {
        return Ok(None);
    }
    let read = state.read((vfs, account), Part::Contents);
    read.map_err(|source| StoreError::Io { context: index::READING, source })?;
    let end = Position { segment: number, offset: SEGMENT_HEADER as u64, sequence };
    let (moved, place) = match may_be_damaged {
        true => {
            let moved = segment::contents((number, &*found.file), found.header.log);
            let mut moved = moved.map_err(|error| io_error(READING, error))?;
            let home = |id: EmailId| state.emails.find(id).map(|(location, _)| location.segment);
            // Octets of another segment may have been written here.
            moved.retain(|(id, _)| home(*id).is_none_or(|home| home == number));
            state.emails.lose(number);
            (moved, end)
        }
        false => contents(&found, sequence)?,
    };
    state.emails.relocate((number, generation), &moved);
    Ok(Some((place, dead_as_of)))
}

/// The content that a segment has, and the place behind the last frame that has this sequence number or a lower one.
fn contents(found: &Found, last: u64) -> Result<(Vec<(EmailId, Location)>, Position), StoreError> {
    let reader = SegmentReader::new(&*found.file, found.header.log);
    let mut reader = reader.map_err(|error| io_error(READING, error))?;
    let (mut at, mut moved) = (SEGMENT_HEADER as u64, Vec::new());
    let (mut sequence, mut reached) = (found.header.first_sequence.saturating_sub(1), last);
    // What comes after it is not looked at: in the last segment it may be torn.
    while sequence < last {
        let frame = match reader.frame_without_content(at) {
            Ok(frame) if frame.header.sequence <= last => frame,
            Ok(frame) => {
                reached = last.min(frame.header.first_sequence().saturating_sub(1));
                break;
            }
            Err(NoFrame::End) => break,
            Err(NoFrame::Bad(bad)) => return Err(damage(found.number, at, bad.0)),
            Err(NoFrame::Io(error)) => return Err(io_error(READING, error)),
        };
        let email = content_of(&frame).map_err(|bad| damage(found.number, at, bad.0))?;
        let len = if frame.header.dropped { 0 } else { frame.header.frame_len() };
        let location = crate::batch::location(found.number, at, len)?;
        moved.extend(email.map(|email| (email, location)));
        sequence = frame.header.sequence;
        at += frame.header.frame_len();
    }
    Ok((moved, Position { segment: found.number, offset: at, sequence: reached }))
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
    Ok(len.map_err(|error| no_segment(number, error))? <= SEGMENT_HEADER as u64)
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

/// Remove what is in a directory, which is made if need be. What cannot be removed stays: it harms nobody.
pub(crate) fn empty_dir(vfs: &dyn Vfs, dir: &Path) -> io::Result<()> {
    if let Err(error) = vfs.create_dir(dir) {
        use io::ErrorKind::{AlreadyExists, NotADirectory};
        if ![AlreadyExists, NotADirectory].contains(&error.kind()) {
            return Err(error);
        }
        // A file has its name, or a link that leads nowhere.
        vfs.remove_file(dir)?;
        tracing::warn!(path = %dir.display(), "removed what was in the place of a directory");
        vfs.create_dir(dir)?;
    }
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
