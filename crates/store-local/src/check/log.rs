//! Reading a log in all its octets, and on behind damage; what is whole up to the first damage is replayed.

use super::Subject;
use super::contents::Contents;
use super::order::{self, Order, missing, out_of_place};
use super::report::Severity;
use crate::base;
use crate::failure::{is_of_the_moment, is_unreadable};
use crate::fields::BadRecord;
use crate::frame::{FrameHeader, HEADER};
use crate::index::Position;
use crate::left_out::DeadAsOf;
use crate::limits::{MAX_MISSING_NAMED, MAX_SEGMENT_OCTETS};
use crate::record;
use crate::recovery;
use crate::replay::{ANOTHER_FRAME, NoTransaction, Replay, transaction};
use crate::segment::{self, Frame, NoFrame, Part, SEGMENT_HEADER, SegmentHeader, SegmentReader};
use crate::state::State;
use crate::vfs::{Vfs, VfsFile, in_words};
use rookery_mailbox::StoreError;
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::ops::Range;
use std::sync::Arc;

/// Something that is wrong in the log.
pub(super) struct Problem {
    pub(super) severity: Severity,
    pub(super) place: String,
    pub(super) what: String,
    pub(super) outcome: Outcome,
    /// The segment and the octets of it that it concerns.
    pub(super) octets: Option<(u32, Range<u64>)>,
    /// Whether changes cannot be read for it.
    pub(super) hides_changes: bool,
}

/// What comes of a problem.
pub(super) enum Outcome {
    /// This.
    Known(&'static str),
    /// This, unless no message has the content any more.
    OfMessages(&'static str),
    /// Whatever opening the account gives.
    AsOpened,
    /// Only content is looked for there, since the log was begun anew behind it.
    BeforeBase,
}

const TORN: &str =
    "none is needed: nobody was told of it, and the server cuts it off when it opens the account";
const UNUSED: &str = "none is needed: the server makes it anew when it opens the account";
const NO_SUMMARY: &str = "what was noted of this message when it came (envelope, structure, preview) is found in the message \
     anew each time; nothing is lost";
const NO_BODY: &str = "reading this message fails; everything else works. A part of it can be read, and may be wrong. Restore it from a \
     backup, or expunge it";
const UNREAD_BODY: &str = "reading this message fails; everything else works. If the disk cannot read it another time either, restore it \
     from a backup, or expunge it";
const BEHIND_THE_END: &str = "the server overwrites it when the log gets there, and does not open the account before that; \
     move the file away";
const NO_HARM: &str = "no message is concerned";

/// A segment that is being read.
struct Open {
    number: u32,
    file: Arc<dyn VfsFile>,
    log: u64,
    /// The next frame.
    at: u64,
    /// Where the log ends in it, at the most.
    end: u64,
    /// Its first change, if its header says which one that is.
    first: u64,
    /// The first octet at which the next frame may begin: within the one before, if that is damaged.
    from: u64,
    /// Where its changes lie, once that has to be known.
    order: Option<Order>,
}

/// Where the reading is.
pub(super) struct Walk<'a> {
    subject: &'a Subject,
    pub(super) problems: Vec<Problem>,
    /// Whether all changes up to here could be replayed.
    pub(super) intact: bool,
    /// The end of what was replayed.
    pub(super) position: Position,
    pub(super) changes: u64,
    pub(super) octets: u64,
    pub(super) contents: Contents,
    /// Why something could not be looked at, if that says nothing of what the disk has.
    pub(super) of_the_moment: Option<String>,
    /// Where the index snapshots end: what is before it was durable.
    indexed: Position,
    /// Segments as the index snapshots know them: the generations of those that were written anew.
    known: BTreeMap<u32, u32>,
    /// Of all other segments.
    dead_as_of: DeadAsOf,
    /// The segment that the log begins with.
    first: u32,
    sequence: u64,
    next: u64,
    current: Option<Open>,
}

impl<'a> Walk<'a> {
    /// A reading of a log whose index snapshots end here and know these generations of segments, and which begins with this
    /// segment.
    pub(super) fn new(
        subject: &'a Subject,
        (indexed, known): (Position, BTreeMap<u32, u32>),
        first: u32,
    ) -> Self {
        Self {
            subject,
            first,
            known,
            dead_as_of: DeadAsOf::new(),
            problems: Vec::new(),
            intact: true,
            position: Position::default(),
            changes: 0,
            octets: 0,
            contents: Contents::default(),
            of_the_moment: None,
            indexed,
            sequence: 0,
            next: 1,
            current: None,
        }
    }

    /// Look at the segments before the one that the log was begun anew with, and take over what that says.
    pub(super) fn begin_with_base(&mut self, state: &mut State) {
        self.intact = false;
        while !self.subject.is_stopped()
            && let Some(mut segment) = self.next_segment(self.first - 1)
        {
            if let Err(error) = self.frames(&mut segment) {
                self.fail(&segment, &error);
            }
        }
        let (vfs, dir) = (self.subject.readable(), self.subject.dir.join("seg"));
        match base::load(&vfs, &dir, self.first) {
            Ok((base, position)) => {
                *state = base;
                // What cannot be found where it is now is what cannot be read.
                let _ = recovery::relocate(&vfs, &self.subject.dir, state, (self.first, position));
                (self.position, self.sequence) = (position, position.sequence - 1);
                self.intact = true;
                self.current = self.next_segment(self.first);
                let offset = position.offset;
                self.current.iter_mut().for_each(|open| (open.at, open.from) = (offset, offset));
                self.sequence = position.sequence;
            }
            Err(error) => {
                if let StoreError::Io { source, .. } = &error {
                    self.note_of_the_moment(source);
                }
                let octets = SEGMENT_HEADER as u64..u64::MAX;
                let unread = self.unread(self.first, &octets);
                let what = unread
                    .unwrap_or_else(|| format!("what the log begins with is damaged ({error})"));
                self.lost((self.first, octets), what);
            }
        }
    }

    /// Read a segment of which nothing is replayed.
    fn frames(&mut self, open: &mut Open) -> io::Result<()> {
        let file = Arc::clone(&open.file);
        let mut reader = SegmentReader::new(&*file, open.log)?;
        while !self.subject.is_stopped() && self.frame(open, &mut reader)? {}
        Ok(())
    }

    /// Read on, up to the frame with this sequence number or the end, and let what is whole happen to the state.
    pub(super) fn read_to(&mut self, until: u64, state: &mut State) {
        let readable = self.subject.readable();
        let files: (&dyn Vfs, _) = (&readable, &*self.subject.dir);
        let max_tombstones = self.subject.max_tombstones;
        let mut replay = Replay::new(files, state, self.sequence, max_tombstones);
        while !self.subject.is_stopped() {
            let last = self.subject.last_segment();
            let current = self.current.take().or_else(|| self.next_segment(last));
            let Some(mut segment) = current else { break };
            match self.segment(&mut segment, &mut replay, until) {
                Ok(false) => {}
                Ok(true) => {
                    self.current = Some(segment);
                    break;
                }
                Err(error) => self.fail(&segment, &error),
            }
        }
        state.publish(replay.finish());
    }

    /// A segment cannot be read on.
    fn fail(&mut self, segment: &Open, error: &io::Error) {
        self.note_of_the_moment(error);
        let what = format!("this cannot be read: {error}");
        self.lost((segment.number, segment.at..u64::MAX), what);
    }

    fn note_of_the_moment(&mut self, error: &io::Error) {
        if is_of_the_moment(error) {
            self.of_the_moment = Some(error.to_string());
        }
    }

    /// That the disk cannot read some of these octets, in words.
    fn unread(&self, segment: u32, octets: &Range<u64>) -> Option<String> {
        let unread = self.subject.unread(segment, octets)?;
        Some(format!("the disk cannot read this ({})", in_words(&unread)))
    }

    /// The log ends before its index snapshots do.
    pub(super) fn too_short(&mut self) {
        let Position { segment, offset, sequence } = self.position;
        let (known, file) = (self.indexed.sequence, segment::file_name(self.indexed.segment));
        let what = format!(
            "the log ends with change {sequence}, but its index snapshots know change {known} in {file}"
        );
        self.lost((segment, offset..u64::MAX), what);
    }

    /// Segments that were written anew as of a change that comes after the end of the log, if all of that could be read.
    pub(super) fn written_later(&self) -> DeadAsOf {
        let later = |change: &u64| self.intact && *change > self.position.sequence;
        let segments = self.dead_as_of.iter().filter(|(_, change)| later(change));
        segments.map(|(number, change)| (*number, *change)).collect()
    }

    /// The log ends before the change as of which one of its segments was written anew.
    pub(super) fn ends_before(&mut self, (number, change): (u32, u64)) {
        let Position { segment, offset, sequence } = self.position;
        let file = segment::file_name(number);
        let what = format!(
            "the log ends with change {sequence}, but {file} was written anew after change {change}"
        );
        self.lost((segment, offset..u64::MAX), what);
    }

    /// An account is made with its first mailboxes: its log is not without any change.
    pub(super) fn look_for_beginning(&mut self) {
        if self.intact && self.sequence == 0 && !self.subject.is_stopped() {
            let what = "the change that made the account is missing".to_owned();
            self.lost((self.first, SEGMENT_HEADER as u64..u64::MAX), what);
        }
    }

    /// Of damage before what the log was begun anew with nobody takes note who opens the account, but of content that is not where
    /// the account has it.
    pub(super) fn note_moved(&mut self, state: &State) {
        let moved = self.contents.moved(state);
        let segments: BTreeSet<u32> = moved.iter().map(|(_, place)| place.segment).collect();
        for problem in
            self.problems.iter_mut().filter(|it| matches!(it.outcome, Outcome::BeforeBase))
        {
            if problem.octets.as_ref().is_some_and(|(segment, _)| segments.contains(segment)) {
                problem.outcome = Outcome::AsOpened;
            }
        }
    }

    /// Look for segments behind the end of a loaded account's log.
    pub(super) fn look_behind_the_end(&mut self) {
        let Some((last, _)) = self.subject.end else { return };
        for number in self.subject.numbers.iter().copied().filter(|number| *number > last) {
            let path = self.subject.dir.join("seg").join(segment::file_name(number));
            let len = self.subject.vfs.open(&path).and_then(|file| file.len()).unwrap_or(0);
            if len > SEGMENT_HEADER as u64 {
                let what = format!("this is no segment of the log, which ends in {last}.seg");
                self.problem(Severity::Wrong, (number, 0..0), what, Outcome::Known(BEHIND_THE_END));
            }
        }
    }

    /// The next segment that can be read, up to this one.
    fn next_segment(&mut self, last: u32) -> Option<Open> {
        while self.next <= u64::from(last) {
            let number = u32::try_from(self.next).ok()?;
            let there = self.subject.numbers.iter().find(|there| **there >= number);
            let there = there.map_or(last, |there| (*there).min(last));
            if there - number > MAX_MISSING_NAMED {
                let before = segment::file_name(there - 1);
                self.lost(
                    (number, 0..u64::MAX),
                    format!("all segments up to {before} are missing"),
                );
                self.next = u64::from(there);
                continue;
            }
            self.next += 1;
            match self.open(number) {
                Ok(Some(open)) => return Some(open),
                Ok(None) => {}
                Err(what) => self.lost((number, 0..u64::MAX), what),
            }
        }
        None
    }

    /// Open a segment; `None` if it was never used. An error says why it cannot be read.
    fn open(&mut self, number: u32) -> Result<Option<Open>, String> {
        let subject = self.subject;
        if !subject.numbers.contains(&number) {
            return Err("this segment is missing".to_owned());
        }
        let opened = segment::open(&subject.readable(), &subject.dir.join("seg"), number);
        let opened = opened.and_then(|(file, header)| Ok((file.len()?, file, header)));
        let (len, file, header) = opened.map_err(|error| {
            self.note_of_the_moment(&error);
            match is_unreadable(&error) {
                true => "the disk cannot read this segment (I/O error)".to_owned(),
                false => format!("this segment cannot be read: {error}"),
            }
        })?;
        if self.is_unused(number, len) {
            let what = "a segment without changes, which was being made when the power went";
            self.problem(Severity::Note, (number, 0..len), what.to_owned(), Outcome::Known(UNUSED));
            return Ok(None);
        }
        self.octets += len.min(MAX_SEGMENT_OCTETS);
        if len > MAX_SEGMENT_OCTETS {
            let what = format!("this is larger than a segment can be: {len} octets");
            self.lost((number, MAX_SEGMENT_OCTETS..u64::MAX), what);
        }
        let first = header.as_ref().map_or(0, |header| header.first_sequence);
        let at = SEGMENT_HEADER as u64;
        // What should be the header may be frames.
        let from = if header.is_ok() { at } else { 0 };
        let log = match header {
            Ok(header) => self.take_header(number, header)?,
            Err(_) if len < SEGMENT_HEADER as u64 => {
                return Err("this segment ends within its header".to_owned());
            }
            Err(bad) => {
                let unread = self.unread(number, &(0..SEGMENT_HEADER as u64));
                let what = unread.unwrap_or_else(|| {
                    format!("the header of this segment is damaged: it should be {bad}")
                });
                self.problem(Severity::Wrong, (number, 0..64), what, self.outcome(number));
                subject.log.ok_or("without its header nothing in this segment can be verified")?
            }
        };
        let end = subject.end.filter(|(last, _)| *last == number).map_or(len, |(_, end)| end);
        Ok(Some(Open { number, file, log, at, end, first, from, order: None }))
    }

    /// Whether a segment was being made when the power went. One of a loaded account was removed if so.
    fn is_unused(&self, number: u32, len: u64) -> bool {
        let is_last = number == self.subject.last_segment() && self.subject.end.is_none();
        is_last && len <= SEGMENT_HEADER as u64 && number > self.indexed.segment
    }

    /// Compare a header with what it should be; returns the log's number.
    fn take_header(&mut self, number: u32, header: SegmentHeader) -> Result<u64, String> {
        if self.subject.log.is_none() {
            return Err(
                "nothing says whether this segment is of this account or of another one".to_owned()
            );
        }
        if Some(header.log) != self.subject.log {
            return Err("this segment belongs to another account".to_owned());
        }
        if header.number != number {
            let name = segment::file_name(header.number);
            return Err(format!("this is the segment {name} under another name"));
        }
        if self.intact && header.first_sequence != self.sequence + 1 {
            let what = missing(
                (self.sequence, header.first_sequence),
                "between this segment and the one before",
            );
            self.lost((number, 0..0), what);
        }
        if self.known.get(&number).copied().unwrap_or(0) != header.generation {
            self.dead_as_of.insert(number, header.dead_as_of);
        }
        if !self.intact {
            self.sequence = header.first_sequence.saturating_sub(1);
        }
        Ok(header.log)
    }

    /// Read a segment on; says whether it is to be read on later.
    fn segment(
        &mut self,
        open: &mut Open,
        replay: &mut Replay<'_>,
        until: u64,
    ) -> io::Result<bool> {
        let file = Arc::clone(&open.file);
        let mut reader = SegmentReader::new(&*file, open.log)?.until(open.end);
        if reader.len() < open.end {
            let what = "this segment ends before the log does".to_owned();
            self.lost((open.number, reader.len()..open.end), what);
        }
        while !self.subject.is_stopped() {
            if self.intact && self.sequence >= until {
                return Ok(true);
            }
            let goes_on = match self.intact {
                true => self.transaction(open, &mut reader, replay)?,
                false => self.frame(open, &mut reader)?,
            };
            if !goes_on {
                break;
            }
        }
        Ok(false)
    }

    /// Read a transaction, and let it happen; says whether there may be another one.
    fn transaction(
        &mut self,
        open: &mut Open,
        reader: &mut SegmentReader<'_>,
        replay: &mut Replay<'_>,
    ) -> io::Result<bool> {
        let may_be_torn = open.number == self.subject.last_segment()
            && self.subject.end.is_none()
            && self.sequence >= self.indexed.sequence;
        match transaction(reader, open.at, self.sequence, may_be_torn) {
            Ok(transaction) => {
                if let Err(error) = replay.take(open.number, &transaction) {
                    let what = format!("this change does not fit to those before it ({error})");
                    self.lost((open.number, open.at..transaction.end), what);
                }
                replay.damaged.clear();
                self.changes += transaction.frames.len() as u64;
                self.sequence = transaction.last_sequence();
                (open.at, open.from) = (transaction.end, transaction.end);
                if let Some((at, _)) = transaction.frames.last() {
                    open.from = at + 1;
                }
                if self.intact {
                    let (segment, offset, sequence) = (open.number, open.at, self.sequence);
                    self.position = Position { segment, offset, sequence };
                }
                transaction
                    .frames
                    .iter()
                    .for_each(|(at, frame)| self.note(open.number, *at, frame));
                Ok(true)
            }
            Err(NoTransaction::Io(error)) => Err(error),
            Err(NoTransaction::End) => match reader.may_end(open.at, self.sequence)? {
                true => Ok(false),
                false => self.go_on_behind(open, reader, (open.at, &ANOTHER_FRAME)),
            },
            Err(NoTransaction::Bad { at, bad }) => {
                let is_torn = may_be_torn && reader.may_end(open.at, self.sequence)?;
                if is_torn && self.unread(open.number, &(open.at..reader.len())).is_none() {
                    let octets = reader.len().saturating_sub(open.at);
                    let what = format!(
                        "the log ends in {octets} octets of a change that was not finished"
                    );
                    let place = (open.number, open.at..reader.len());
                    self.problem(Severity::Note, place, what, Outcome::Known(TORN));
                    return Ok(false);
                }
                // What is whole of the transaction.
                while open.at < at && self.frame(open, reader)? {}
                self.go_on_behind(open, reader, (at, &bad))
            }
        }
    }

    /// Read a frame behind damage; says whether there may be another one.
    fn frame(&mut self, open: &mut Open, reader: &mut SegmentReader<'_>) -> io::Result<bool> {
        let header = reader.header_at(open.at)?;
        let goes_on = open.order.is_none() && header.is_some_and(|it| it.follows(self.sequence));
        let (at, from) = (open.at, open.from);
        let next = if goes_on { Some(at) } else { self.order(open)?.next(from) };
        if next != Some(at) {
            let is_last = next.is_none() && at == reader.len();
            let is_end = is_last && reader.may_end(at, self.sequence)?;
            let header = FrameHeader::decode(reader.octets(open.at, HEADER)?, open.log);
            let bad = header.err().unwrap_or(ANOTHER_FRAME);
            return match is_end {
                true => Ok(false),
                false => self.go_on_behind(open, reader, (open.at, &bad)),
            };
        }
        let frame = match reader.frame_as_it_is(open.at) {
            Ok(frame) => frame,
            Err(NoFrame::End) => return Ok(false),
            Err(NoFrame::Io(error)) => return Err(error),
            Err(NoFrame::Bad(bad)) => return self.go_on_behind(open, reader, (open.at, &bad)),
        };
        if !goes_on && !frame.header.follows(self.sequence) {
            let last = self.sequence;
            let last = self.order(open)?.before(at, last);
            let what = missing((last, frame.header.first_sequence()), "before this place");
            self.lost((open.number, open.at..open.at), what);
            self.hides_nothing(frame.header.follows(last));
        }
        self.sequence = frame.header.sequence;
        self.changes += 1;
        self.note(open.number, open.at, &frame);
        (open.at, open.from) = (open.at + frame.header.frame_len(), open.at + 1);
        Ok(true)
    }

    /// Where the changes of a segment lie. What lies aside of them is taken note of at once.
    fn order<'o>(&mut self, open: &'o mut Open) -> io::Result<&'o Order> {
        if open.order.is_none() {
            let file = Arc::clone(&open.file);
            let mut reader = SegmentReader::new(&*file, open.log)?.until(open.end);
            let changes = order::changes(self.subject, open.number, open.first);
            let (order, aside) = Order::find(&mut reader, changes)?;
            for at in aside {
                match reader.frame_without_content(at) {
                    Ok(frame) => self.contents.note_aside(open.number, at, &frame),
                    Err(NoFrame::Io(error)) => return Err(error),
                    Err(NoFrame::Bad(_) | NoFrame::End) => {}
                }
            }
            open.order = Some(order);
        }
        open.order.as_ref().ok_or_else(|| io::Error::other("it was just found"))
    }

    /// Tell of damage, and find the next frame; says whether there is one.
    fn go_on_behind(
        &mut self,
        open: &mut Open,
        reader: &mut SegmentReader<'_>,
        (at, bad): (u64, &BadRecord),
    ) -> io::Result<bool> {
        // A whole frame in the wrong place is where to go on, if nothing lies before it.
        let here = if *bad == ANOTHER_FRAME { None } else { reader.header_at(at)? };
        let from = if here.is_some() { at + 1 } else { open.from };
        let last = self.sequence;
        let order = self.order(open)?;
        let next = order.next(from);
        let last = next.map_or(last, |next| order.before(next, last));
        let unread = self.unread(open.number, &(at..next.unwrap_or(u64::MAX)));
        let mut what = unread.unwrap_or_else(|| format!("this should be {bad}"));
        if let Some(header) = here {
            what.push_str(&format!(" (of a change by which {})", record::in_words(header.kind)));
        }
        let header = next.map(|next| reader.header_at(next)).transpose()?.flatten();
        let is_next = header.is_some_and(|it| it.follows(last));
        what.push_str(&match header {
            Some(_) if is_next => format!("; {}", out_of_place(at, next.unwrap_or(at))),
            Some(header) => format!("; {}", missing((last, header.first_sequence()), "here")),
            None => "; nothing behind it in this segment can be read".to_owned(),
        });
        let end = next.unwrap_or(u64::MAX);
        self.lost((open.number, at.min(end)..end), what);
        self.hides_nothing(is_next);
        let before = header.map(|header| header.first_sequence().saturating_sub(1));
        self.sequence = before.unwrap_or(self.sequence);
        (open.at, open.from) = (next.unwrap_or(open.end), next.unwrap_or(open.end));
        Ok(next.is_some())
    }

    /// Take note of a frame whose change is known, and tell of what is damaged behind that.
    fn note(&mut self, segment: u32, at: u64, frame: &Frame) {
        let header = &frame.header;
        let body = at + header.body_offset()..at + header.body_offset() + header.body_len;
        let summary = at + header.summary_offset()..body.start;
        let mut damaged = frame.damaged.clone();
        // What counts as zeros may be zeros.
        if damaged.is_empty() && self.unread(segment, &body).is_some() {
            damaged.push(Part::Body);
        }
        self.contents.note(segment, at, frame, !damaged.contains(&Part::Body));
        for part in &damaged {
            let unread = |octets: &Range<u64>| self.subject.unread(segment, octets);
            let (what, outcome) = match part {
                Part::Summary if let Some(unread) = unread(&summary) => (
                    format!(
                        "the disk cannot read the summary of a message ({})",
                        in_words(&unread)
                    ),
                    Outcome::OfMessages(NO_SUMMARY),
                ),
                Part::Body if let Some(unread) = unread(&body) => (
                    format!("the disk cannot read a message ({})", in_words(&unread)),
                    Outcome::OfMessages(UNREAD_BODY),
                ),
                Part::Summary => (
                    "the summary of a message is damaged".to_owned(),
                    Outcome::OfMessages(NO_SUMMARY),
                ),
                Part::Body => ("a message is damaged".to_owned(), Outcome::OfMessages(NO_BODY)),
                Part::Padding => (
                    "there should be zeros between two changes".to_owned(),
                    match self.outcome(segment) {
                        Outcome::BeforeBase => Outcome::BeforeBase,
                        _ => Outcome::Known(NO_HARM),
                    },
                ),
            };
            let octets = (segment, at..at + header.frame_len());
            self.problem(Severity::Wrong, octets, what, outcome);
            if let Some(problem) = self.problems.last_mut().filter(|_| *part == Part::Padding) {
                problem.octets = None;
            }
        }
    }

    /// A part of the log is not what it should be: from here on nothing can be replayed.
    fn lost(&mut self, octets: (u32, Range<u64>), what: String) {
        self.intact = false;
        let outcome = self.outcome(octets.0);
        let hides_changes = matches!(outcome, Outcome::AsOpened);
        self.problem(Severity::Wrong, octets, what, outcome);
        if let Some(problem) = self.problems.last_mut() {
            problem.hides_changes = hides_changes;
        }
    }

    /// If all changes can be read in spite of the last problem.
    fn hides_nothing(&mut self, is_so: bool) {
        if let Some(problem) = self.problems.last_mut().filter(|_| is_so) {
            problem.hides_changes = false;
        }
    }

    fn outcome(&self, segment: u32) -> Outcome {
        if segment < self.first { Outcome::BeforeBase } else { Outcome::AsOpened }
    }

    fn problem(
        &mut self,
        severity: Severity,
        (segment, octets): (u32, Range<u64>),
        what: String,
        outcome: Outcome,
    ) {
        let place = format!("seg/{}, octet {}", segment::file_name(segment), octets.start);
        let octets = Some((segment, octets));
        let hides_changes = false;
        self.problems.push(Problem { severity, place, what, outcome, octets, hides_changes });
    }
}
