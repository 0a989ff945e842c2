//! Putting together what can be read of a log that is damaged: every change that is whole happens, in its order, as far as
//! it can without those that are missing. Nothing is changed on disk.
//!
//! No message is left out that can be read. One whose change is damaged, so that nobody knows which mailbox it was in, comes
//! into `Recovered`, and so does one that a missing change may have copied before it was expunged; a mailbox whose making is missing has the name `Recovered/ID` and a UIDVALIDITY that it never had.
//! What is missing is missing: messages that were expunged by a change that cannot be read are there again.

mod fit;
mod keywords;
mod pieces;
mod settle;

use crate::base;
use crate::batch::location;
use crate::draft::Draft;
use crate::failure::{io_error, is_of_the_moment};
use crate::frame::FrameHeader;
use crate::index::{self, Position, Stamps};
use crate::left_out;
use crate::record::Record;
use crate::replay::{READING, damage};
use crate::segment::{Frame, NoFrame, Remains, SegmentReader, number_of};
use crate::state::{Location, Published, State};
use crate::store::seconds_since_1970;
use crate::vfs::{NoFile, Patient, Unread, Vfs, VfsFile, in_words};
use crate::witness::Witness;
use fit::Anew;
use rookery_mail::{DateTime, EmailId, MailboxName, ThreadId};
use rookery_mailbox::{Row, StoreError};
use std::collections::BTreeMap;
use std::io;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

/// An account as it was put together.
pub(crate) struct Salvaged {
    pub(crate) state: State,
    pub(crate) log: u64,
    /// The last frame that was read.
    pub(crate) sequence: u64,
    /// The last file that may have something of the log.
    pub(crate) segment: u32,
    pub(crate) file: Arc<dyn VfsFile>,
    /// Messages of which nobody knows where they were.
    pub(crate) strays: usize,
    /// Mailboxes whose names are not known, or are another one's.
    pub(crate) renamed: Vec<MailboxName>,
    /// Mailboxes that have a new UIDVALIDITY, for the change that made them is missing.
    pub(crate) made_anew: Vec<MailboxName>,
    /// Changes that are whole and could not happen.
    pub(crate) unfit: u64,
    /// What the disk could not read.
    pub(crate) unread: Arc<Unread>,
}

/// Why an account is put together.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Cause<'a> {
    /// What is there is not what was written.
    Damaged(&'a str),
    /// The disk cannot read it, for now.
    Unreadable(&'a io::Error),
    /// It can be read, and not be written to.
    ReadOnly(&'a StoreError),
}

/// A message of which nobody knows where it was.
struct Stray {
    email: EmailId,
    thread: ThreadId,
    size: u64,
    /// When it was received, if that is known.
    internal_date: Option<DateTime>,
}

/// Where the putting together is.
struct Salvage {
    state: State,
    log: u64,
    max_tombstones: usize,
    sequence: u64,
    strays: Vec<Stray>,
    /// Messages that were there when a change is missing: it may have copied them to where they still should be.
    at_risk: BTreeMap<EmailId, Stray>,
    anew: Anew,
    unfit: u64,
}

/// Put together what can be read of an account, for reading only.
pub(crate) fn for_reading(
    vfs: &dyn Vfs,
    account: &Path,
    max_tombstones: usize,
    (name, cause): (&str, Cause<'_>),
) -> Result<Salvaged, StoreError> {
    let now = i64::try_from(seconds_since_1970()).unwrap_or(i64::MAX);
    let salvaged = salvage((vfs, Arc::default()), account, max_tombstones, now)?;
    match cause {
        Cause::Damaged(what) => {
            tracing::error!(account = %name, %what, "an account is damaged: what can be read of it can be read, and not changed, until `rookery check --repair` has mended it");
        }
        Cause::Unreadable(error) => {
            tracing::error!(account = %name, %error, "an account cannot be read from the disk (I/O error): what can be read of it can be read, and not changed, until all of it can be read when it is opened");
        }
        Cause::ReadOnly(error) => {
            tracing::error!(account = %name, %error, "read-only file system, or no permission to write: an account can be read, and not changed, until it can be written to when it is opened");
        }
    }
    for (path, octets) in salvaged.unread.all() {
        let (path, what) = (path.display(), in_words(&octets));
        tracing::error!(account = %name, %path, %what, "the disk cannot read a file");
    }
    Ok(salvaged)
}

/// Put together what can be read of the account in this directory; `unread` is what is known of what the disk cannot read.
/// `now` is in seconds since 1970.
pub(crate) fn salvage(
    (vfs, unread): (&dyn Vfs, Arc<Unread>),
    account: &Path,
    max_tombstones: usize,
    now: i64,
) -> Result<Salvaged, StoreError> {
    let vfs = &Patient::new(vfs, &unread);
    let dir = account.join("seg");
    let reading = |error| io_error(READING, error);
    let names = crate::vfs::list(vfs, &dir).map_err(reading)?;
    let mut numbers: Vec<u32> = names.iter().filter_map(|name| number_of(name)).collect();
    numbers.sort_unstable();
    let log = Witness::find(vfs, account, &numbers).map_err(reading)?.log;
    let log = log.ok_or_else(|| damage(1, 0, "a segment of which it is known whose it is"))?;
    let pieces = pieces::find(vfs, &dir, &numbers, log)?;
    let (mut state, position) = beginning(vfs, account, log, &numbers)?;
    pieces::rename(&mut state, &pieces);
    let sequence = position.sequence;
    let (strays, at_risk, unfit) = (Vec::new(), BTreeMap::new(), 0);
    let anew = Anew::new(now);
    let mut salvage =
        Salvage { state, log, max_tombstones, sequence, strays, at_risk, anew, unfit };
    for piece in pieces.iter().filter(|piece| piece.number >= position.segment) {
        let generations = vec![(piece.name, piece.generation)];
        salvage.state.emails.note_generations(generations);
        let changes = pieces::changes(&pieces, piece);
        salvage.segment((piece.name, &*piece.file), changes).map_err(reading)?;
    }
    let last = pieces.into_iter().max_by_key(|piece| piece.name);
    let (segment, file) = match last {
        Some(piece) => (piece.name, piece.file),
        None => (numbers.last().copied().unwrap_or(1), Arc::new(NoFile) as Arc<dyn VfsFile>),
    };
    salvage.keep_what_may_have_been_copied();
    let Salvage { mut state, sequence, strays, mut anew, unfit, .. } = salvage;
    // They had been expunged for good, by changes that are missing.
    left_out::remove_all(&mut state, max_tombstones);
    let renamed = settle::place(&mut state, &mut anew, &strays, now);
    let (strays, made_anew) = (strays.len(), anew.names(&state));
    Ok(Salvaged { state, log, sequence, segment, file, strays, renamed, made_anew, unfit, unread })
}

impl Salvaged {
    /// Let nothing be given away again that the missing part of the log may have given away, nor any client believe that
    /// it knows what has changed. Of each kind of number so many are left out.
    pub(crate) fn renumber(&mut self, margin: u64) {
        settle::renumber(&mut self.state, margin);
        self.sequence += margin;
    }
}

/// What to begin with: the index snapshots, a base, or nothing. Where they end in their segment may have been before damage: what they
/// have of it is passed over.
fn beginning(
    vfs: &Patient<'_>,
    account: &Path,
    log: u64,
    numbers: &[u32],
) -> Result<(State, Position), StoreError> {
    let dir = account.join("seg");
    let reading = |error| io_error(READING, error);
    let base = base::find_readable(vfs, &dir, numbers, log).map_err(reading)?;
    let index = index_unless_of_the_moment(vfs, account, log)?;
    if let Some((mut state, mut position, _)) = index
        && base.is_none_or(|base| position.segment >= base)
    {
        // Their segment may be missing, with all behind it.
        position.segment = position.segment.min(numbers.last().copied().unwrap_or(1));
        let first = base.unwrap_or(position.segment);
        // What cannot be found where it is now is what cannot be read.
        let relocated = crate::recovery::relocate(vfs, account, &mut state, (first, position));
        unless_of_the_moment(relocated)?;
        return Ok((state, position));
    }
    let Some(first) = base else { return Ok(Default::default()) };
    let Some((mut state, position)) = unless_of_the_moment(base::load(vfs, &dir, first))? else {
        return Ok(Default::default());
    };
    // What cannot be found where it is now is what cannot be read.
    unless_of_the_moment(crate::recovery::relocate(vfs, account, &mut state, (first, position)))?;
    Ok((state, position))
}

/// The index snapshots, if they can be used.
pub(crate) fn index_unless_of_the_moment(
    vfs: &dyn Vfs,
    account: &Path,
    log: u64,
) -> Result<Option<(State, Position, Stamps)>, StoreError> {
    let loaded = index::load_all(vfs, account, log).map_err(|error| io_error(READING, error));
    Ok(unless_of_the_moment(loaded)?.flatten())
}

/// What there is, or nothing if it is damaged or missing. Nothing is done without because there are too many open files.
pub(crate) fn unless_of_the_moment<T>(
    found: Result<T, StoreError>,
) -> Result<Option<T>, StoreError> {
    match found {
        Ok(found) => Ok(Some(found)),
        Err(StoreError::Io { context, source }) if is_of_the_moment(&source) => {
            Err(StoreError::Io { context, source })
        }
        Err(_) => Ok(None),
    }
}

impl Stray {
    fn of(row: &Row) -> Self {
        let Row { email, thread, size, internal_date, .. } = *row;
        Self { email, thread, size, internal_date: Some(internal_date) }
    }
}

impl Salvage {
    /// Let all happen that can be read of a segment that may have these changes, in their order.
    fn segment(
        &mut self,
        (number, file): (u32, &dyn VfsFile),
        changes: Range<u64>,
    ) -> io::Result<()> {
        let mut reader = SegmentReader::new(file, self.log)?;
        for place in reader.survey(changes)?.changes {
            let at = place.at;
            if place.remains == Remains::Content {
                reader.header_at(at)?.iter().for_each(|header| self.stray(number, at, header));
                continue;
            }
            match reader.frame_without_content(at) {
                Ok(frame) => self.frame(number, at, &frame),
                Err(NoFrame::Io(error)) => return Err(error),
                // It was there a moment ago.
                Err(NoFrame::Bad(_) | NoFrame::End) => self.unfit += 1,
            }
        }
        Ok(())
    }

    fn frame(&mut self, segment: u32, at: u64, frame: &Frame) {
        let FrameHeader { sequence, kind, dropped, .. } = frame.header;
        if sequence <= self.sequence {
            return;
        }
        self.go_on_at(&frame.header);
        let len = if dropped { 0 } else { frame.header.frame_len() };
        let record = Record::decode(kind, &frame.meta).ok();
        let place = location(segment, at, len).ok();
        match record.zip(place) {
            // What it says is in what comes after it, as far as that can be read.
            Some((Record::Base { .. }, _)) => {}
            Some((record, place)) => self.happen(record, place),
            None => self.unfit += 1,
        }
    }

    /// The change of this frame is the next one that can be read.
    fn go_on_at(&mut self, header: &FrameHeader) {
        if header.first_sequence() > self.sequence + 1 {
            let snapshots = self.state.mailboxes.values().filter_map(Published::snapshot);
            let rows = snapshots.flat_map(|snapshot| snapshot.rows());
            self.at_risk.extend(rows.map(|row| (row.email, Stray::of(row))));
        }
        self.sequence = header.sequence;
    }

    /// No mailbox has them any more, but a change that is missing may have put them into one.
    fn keep_what_may_have_been_copied(&mut self) {
        for (email, stray) in std::mem::take(&mut self.at_risk) {
            if self.state.emails.revive(email) {
                self.strays.push(stray);
            }
        }
    }

    /// Let a change happen as far as it can.
    fn happen(&mut self, record: Record, place: Location) {
        for record in fit::fit(&mut self.state, &mut self.anew, record) {
            let mut draft = Draft::new(&self.state, self.max_tombstones);
            match draft.apply(&record, place) {
                Ok(()) => {
                    let delta = draft.finish();
                    self.state.publish(delta);
                }
                Err(_) => self.unfit += 1,
            }
        }
    }

    /// Keep the message of a frame whose metadata is damaged.
    fn stray(&mut self, segment: u32, at: u64, header: &FrameHeader) {
        if header.sequence <= self.sequence {
            return;
        }
        self.go_on_at(header);
        if let Ok(place) = location(segment, at, header.frame_len()) {
            let email = self.state.emails.add(place);
            self.state.counters.email = email.0;
            let (thread, size) = (ThreadId(email.0), header.body_len);
            self.strays.push(Stray { email, thread, size, internal_date: None });
        }
    }
}
