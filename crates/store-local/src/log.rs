//! The end of an account's log, where changes are written.

use crate::batch::Frame;
use crate::failure::{io_error, is_full};
use crate::fields::BadRecord;
use crate::frame::ALIGNMENT;
use crate::limits::{COPY_OCTETS, MAX_UNSYNCED_OCTETS};
use crate::replay::{READING, damage};
use crate::segment::{self, NoFrame, SEGMENT_HEADER, SegmentHeader, SegmentReader, file_name};
use crate::spool::Body;
use crate::vfs::{self, Vfs, VfsFile};
use rookery_mailbox::StoreError;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Why a write did not happen.
#[derive(Debug)]
pub(crate) enum WriteFailure {
    /// Nothing of it is in the log.
    RolledBack(io::Error),
    /// What is in the log is not known.
    Unknown(io::Error),
}

impl WriteFailure {
    /// What the system said.
    pub(crate) fn into_error(self) -> io::Error {
        match self {
            Self::RolledBack(error) | Self::Unknown(error) => error,
        }
    }
}

/// The end of a log.
pub(crate) struct Log {
    pub(crate) vfs: Arc<dyn Vfs>,
    /// The directory of the segments.
    pub(crate) dir: PathBuf,
    /// The log's random number.
    pub(crate) id: u64,
    /// The last segment.
    pub(crate) segment: u32,
    /// Which of its rewritings that is, if its file is known to be that segment.
    pub(crate) generation: Option<u32>,
    pub(crate) file: Arc<dyn VfsFile>,
    /// Where the next frame goes.
    pub(crate) end: u64,
    /// The sequence number of the last frame.
    pub(crate) sequence: u64,
    /// The sequence number of the last frame that is durable for certain.
    pub(crate) durable: u64,
    /// Octets of all frames that were written since the log was opened.
    pub(crate) written: u64,
    /// Of these, octets of frames that bring no message.
    pub(crate) metadata: u64,
    /// The octets at the end that were written since the last sync, and answered.
    pub(crate) unsynced: Vec<u8>,
    /// If nobody knows what the file has behind what was synced: how far it may reach.
    pub(crate) lost: Option<u64>,
}

/// A place to which a log can be taken back.
#[derive(Clone, Copy)]
pub(crate) struct Mark {
    end: u64,
    sequence: u64,
}

impl Log {
    /// Make the first segment of a new log.
    pub(crate) fn create(vfs: Arc<dyn Vfs>, dir: &Path, id: u64) -> io::Result<Self> {
        let file = create_segment(&*vfs, dir, &SegmentHeader::new(1, id, 1))?;
        let log = Self::at_end(vfs, (dir.to_owned(), id), (1, file), (SEGMENT_HEADER as u64, 0));
        Ok(Self { generation: Some(0), ..log })
    }

    /// A log that ends at a place of this segment, with this change; all of it is taken for durable.
    pub(crate) fn at_end(
        vfs: Arc<dyn Vfs>,
        (dir, id): (PathBuf, u64),
        (segment, file): (u32, Arc<dyn VfsFile>),
        (end, sequence): (u64, u64),
    ) -> Self {
        let (durable, unsynced) = (sequence, Vec::new());
        Self {
            vfs,
            dir,
            id,
            segment,
            generation: None,
            file,
            end,
            sequence,
            durable,
            written: 0,
            metadata: 0,
            unsynced,
            lost: None,
        }
    }

    /// Where the log ends.
    pub(crate) fn mark(&self) -> Mark {
        Mark { end: self.end, sequence: self.sequence }
    }

    /// Go on in a new segment if this one has this many octets.
    pub(crate) fn rotate_at(&mut self, octets: u64) -> Result<(), WriteFailure> {
        if self.end < octets || self.end <= SEGMENT_HEADER as u64 {
            return Ok(());
        }
        self.sync(self.mark())?;
        let (number, first_sequence) = (self.segment + 1, self.sequence + 1);
        let header = SegmentHeader::new(number, self.id, first_sequence);
        // Nothing refers to the new file yet, so that a half-made one harms nobody: recovery takes it
        // for the torn end of the log, and the next attempt makes it anew.
        self.file = match create_segment(&*self.vfs, &self.dir, &header) {
            Ok(file) => file,
            Err(error) if self.remove_next().is_ok() => {
                return Err(WriteFailure::RolledBack(error));
            }
            Err(error) => {
                let reach = self.reach();
                return Err(self.lose(self.mark(), reach, error));
            }
        };
        (self.segment, self.generation) = (number, Some(header.generation));
        self.end = SEGMENT_HEADER as u64;
        Ok(())
    }

    /// Remove what is left of a segment that was to be the next one, so that the next attempt syncs a new name. Durably: this
    /// one may be written on to, and behind it the next one must not come back, for before that this one would have to be whole.
    fn remove_next(&self) -> io::Result<()> {
        match self.vfs.remove_file(&self.dir.join(file_name(self.segment + 1))) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => self.vfs.sync_dir(&self.dir),
        }
    }

    /// Write frames, all or none, without making them durable.
    pub(crate) fn write(&mut self, frames: &[Frame]) -> Result<(), WriteFailure> {
        match self.write_frames(frames) {
            Ok(end) => {
                self.written += end - self.end;
                let metadata = frames.iter().filter(|frame| frame.body.is_none());
                let metadata = metadata.map(|frame| (frame.header.len() + frame.meta.len()) as u64);
                self.metadata += metadata.map(|len| len.next_multiple_of(ALIGNMENT)).sum::<u64>();
                self.end = end;
                self.sequence += frames.len() as u64;
                Ok(())
            }
            Err(error) => Err(self.roll_back(error)),
        }
    }

    /// Keep the frames that were written behind a place, and have no bodies, until they are synced together with what comes
    /// after them.
    pub(crate) fn keep(&mut self, frames: &[Frame], behind: Mark) -> Result<(), WriteFailure> {
        let octets = usize::try_from(self.end - behind.end).unwrap_or(usize::MAX);
        if self.unsynced.len().saturating_add(octets) > MAX_UNSYNCED_OCTETS {
            return self.sync(behind);
        }
        for Frame { header, meta, .. } in frames {
            self.unsynced.extend_from_slice(header);
            self.unsynced.extend_from_slice(meta);
            let whole = self.unsynced.len().next_multiple_of(ALIGNMENT as usize);
            self.unsynced.resize(whole, 0);
        }
        Ok(())
    }

    /// Make durable what was written. Some file systems only find out now that there is no room: then all that came after
    /// this place is taken back.
    pub(crate) fn sync(&mut self, back: Mark) -> Result<(), WriteFailure> {
        if self.durable == self.sequence {
            return Ok(());
        }
        match self.file.sync_data() {
            Ok(()) => {
                self.is_synced();
                Ok(())
            }
            Err(error) if is_full(&error) => Err(self.take_back(back, error)),
            Err(error) => {
                let reach = self.reach();
                Err(self.lose(back, reach, error))
            }
        }
    }

    /// How far the file may reach.
    fn reach(&self) -> u64 {
        self.file.len().unwrap_or(0).max(self.end)
    }

    /// What the file has behind what was synced is not known any more. The log ends at this place from now on.
    fn lose(&mut self, back: Mark, reach: u64, error: io::Error) -> WriteFailure {
        self.lost = Some(self.lost.unwrap_or(0).max(reach));
        (self.end, self.sequence) = (back.end, back.sequence);
        WriteFailure::Unknown(error)
    }

    /// Let the file have what this log has, and nothing behind it, if it can be written to again. Nothing of what was
    /// written since the last sync is trusted, be it that it can be read or that it cannot: it is written once more, from memory.
    pub(crate) fn regain(&mut self) -> Result<(), StoreError> {
        let Some(reach) = self.lost else { return Ok(()) };
        let failed = |error| StoreError::Io { context: "regaining a log", source: error };
        // By its name: the file system may be another one, that was mounted in the place of the one that failed.
        let (file, header) = segment::open(&*self.vfs, &self.dir, self.segment).map_err(failed)?;
        if file.is_read_only() {
            return Err(failed(vfs::refused()));
        }
        let generation = header.as_ref().ok().map(|header| header.generation);
        let synced = self.end.saturating_sub(self.unsynced.len() as u64);
        self.verify(&*file, header, synced)?;
        self.remove_next().map_err(failed)?;
        let reach = reach.max(file.len().map_err(failed)?);
        self.lost = Some(reach + ALIGNMENT);
        let rewritten = match self.unsynced.as_slice() {
            [] => Ok(()),
            unsynced => file.write_at(unsynced, synced),
        };
        let rewritten = rewritten.and_then(|()| end_at(&*file, self.end, reach));
        rewritten.and_then(|()| file.sync_data()).map_err(failed)?;
        (self.file, self.lost) = (file, None);
        self.generation = generation;
        self.is_synced();
        Ok(())
    }

    /// Whether a file has the changes of this segment, up to a place where those end that were durable.
    fn verify(
        &self,
        file: &dyn VfsFile,
        header: Result<SegmentHeader, BadRecord>,
        synced: u64,
    ) -> Result<(), StoreError> {
        let other = |at| damage(self.segment, at, "what was there before writing failed");
        let reading = |error| io_error(READING, error);
        let header = header.map_err(|bad| damage(self.segment, 0, bad.0))?;
        if (header.number, header.log) != (self.segment, self.id) {
            return Err(other(0));
        }
        let mut reader = SegmentReader::new(file, self.id).map_err(reading)?;
        let (mut at, mut last) = (SEGMENT_HEADER as u64, header.first_sequence.saturating_sub(1));
        while at < synced {
            let frame = match reader.frame_without_content(at) {
                Ok(frame) if frame.header.first_sequence() == last + 1 => frame.header,
                Err(NoFrame::Io(error)) => return Err(reading(error)),
                _ => return Err(other(at)),
            };
            (at, last) = (at + frame.frame_len(), frame.sequence);
        }
        if (at, last) == (synced, self.durable) { Ok(()) } else { Err(other(at)) }
    }

    fn is_synced(&mut self) {
        self.durable = self.sequence;
        // Many accounts are loaded that seldom have any.
        self.unsynced = Vec::new();
    }

    /// Let the log end at an earlier place. What was written before that since the last sync is written once more: after a
    /// failed sync the system takes for written what it could not write.
    fn take_back(&mut self, Mark { end, sequence }: Mark, error: io::Error) -> WriteFailure {
        let (synced, reach) = (end.saturating_sub(self.unsynced.len() as u64), self.reach());
        let again = || {
            if self.unsynced.is_empty() {
                Ok(())
            } else {
                self.file.write_at(&self.unsynced, synced)
            }
        };
        let taken = self.file.truncate(end).and_then(|()| again());
        match taken.and_then(|()| self.file.sync_data()) {
            Ok(()) => {
                (self.end, self.sequence) = (end, sequence);
                self.is_synced();
                WriteFailure::RolledBack(error)
            }
            Err(_) => self.lose(Mark { end, sequence }, reach, error),
        }
    }

    fn write_frames(&self, frames: &[Frame]) -> io::Result<u64> {
        let mut out = Output { file: &*self.file, at: self.end, waiting: Vec::new() };
        frames.iter().try_for_each(|frame| out.frame(frame))?;
        out.flush()?;
        Ok(out.at)
    }

    /// Cut off what a failed write left. It counts as cut only when that is durable: otherwise it
    /// could come back behind frames that are written later.
    fn roll_back(&mut self, error: io::Error) -> WriteFailure {
        self.take_back(self.mark(), error)
    }
}

/// Let a file end here that may reach as far as that. It is longer before than it ever was: to cut off nothing would write
/// nothing, and the disk may have what an earlier sync failed to cut off.
pub(crate) fn end_at(file: &dyn VfsFile, end: u64, reach: u64) -> io::Result<()> {
    file.write_at(&[0; ALIGNMENT as usize], reach)?;
    file.truncate(end)
}

fn create_segment(
    vfs: &dyn Vfs,
    dir: &Path,
    header: &SegmentHeader,
) -> io::Result<Arc<dyn VfsFile>> {
    let file = vfs.create(&dir.join(file_name(header.number)))?;
    file.write_at(&header.encode(), 0)?;
    file.sync_data()?;
    vfs.sync_dir(dir)?;
    Ok(file)
}

/// Frames on their way into a segment: collected, so that small ones share one write.
struct Output<'a> {
    file: &'a dyn VfsFile,
    at: u64,
    waiting: Vec<u8>,
}

impl Output<'_> {
    fn frame(&mut self, frame: &Frame) -> io::Result<()> {
        self.waiting.extend_from_slice(&frame.header);
        self.waiting.extend_from_slice(&frame.meta);
        self.waiting.extend_from_slice(&frame.summary);
        if let Some(body) = &frame.body {
            if let Some(file) = body.open()? {
                self.copy(&*file, body)?;
            }
            self.waiting.extend_from_slice(&body.rest);
        }
        let misaligned = (self.at + self.waiting.len() as u64) % ALIGNMENT;
        let zeros = usize::try_from((ALIGNMENT - misaligned) % ALIGNMENT).unwrap_or(0);
        self.waiting.resize(self.waiting.len() + zeros, 0);
        Ok(())
    }

    /// Copy a spooled file, never holding more than a piece of it. Nothing is stored that is not what came in.
    fn copy(&mut self, from: &dyn VfsFile, body: &Body) -> io::Result<()> {
        let (len, mut done, mut crc) = (body.in_file, 0, 0);
        while done < len {
            let piece = usize::try_from(len - done).unwrap_or(usize::MAX).min(COPY_OCTETS);
            let octets = vfs::read_exact_at(from, piece, done)?;
            crc = crc32c::crc32c_append(crc, &octets);
            self.waiting.extend(octets);
            self.flush()?;
            done += piece as u64;
        }
        match crc32c::crc32c_append(crc, &body.rest) == body.crc {
            true => Ok(()),
            false => {
                let what = "a spooled message is not what was written";
                Err(io::Error::new(io::ErrorKind::InvalidData, what))
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        if !self.waiting.is_empty() {
            self.file.write_at(&self.waiting, self.at)?;
            self.at += self.waiting.len() as u64;
            self.waiting.clear();
        }
        Ok(())
    }
}
