//! The end of an account's log, where changes are written.

use crate::batch::Frame;
use crate::failure::is_full;
use crate::frame::ALIGNMENT;
use crate::limits::{COPY_OCTETS, MAX_UNSYNCED_OCTETS};
use crate::segment::{SEGMENT_HEADER, SegmentHeader, file_name};
use crate::vfs::{Vfs, VfsFile};
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
    pub(crate) file: Arc<dyn VfsFile>,
    /// Where the next frame goes.
    pub(crate) end: u64,
    /// The sequence number of the last frame.
    pub(crate) sequence: u64,
    /// The sequence number of the last frame that is durable for certain.
    pub(crate) durable: u64,
    /// Octets of all frames that were written since the log was opened.
    pub(crate) written: u64,
    /// The octets at the end that were written since the last sync, and answered.
    pub(crate) unsynced: Vec<u8>,
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
        let end = SEGMENT_HEADER as u64;
        let dir = dir.to_owned();
        let (sequence, durable, written, unsynced) = (0, 0, 0, Vec::new());
        Ok(Self { vfs, dir, id, segment: 1, file, end, sequence, durable, written, unsynced })
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
        self.file = create_segment(&*self.vfs, &self.dir, &header).map_err(|error| {
            // So that the next attempt syncs a new name. If the file stays, recovery removes it.
            let _ = self.vfs.remove_file(&self.dir.join(file_name(number)));
            WriteFailure::RolledBack(error)
        })?;
        self.segment = number;
        self.end = SEGMENT_HEADER as u64;
        Ok(())
    }

    /// Write frames, all or none, without making them durable.
    pub(crate) fn write(&mut self, frames: &[Frame]) -> Result<(), WriteFailure> {
        match self.write_frames(frames) {
            Ok(end) => {
                self.written += end - self.end;
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
            Err(error) => Err(WriteFailure::Unknown(error)),
        }
    }

    fn is_synced(&mut self) {
        self.durable = self.sequence;
        // Many accounts are loaded that seldom have any.
        self.unsynced = Vec::new();
    }

    /// Let the log end at an earlier place. What was written before that since the last sync is written once more: after a
    /// failed sync the system takes for written what it could not write.
    fn take_back(&mut self, Mark { end, sequence }: Mark, error: io::Error) -> WriteFailure {
        let synced = end.saturating_sub(self.unsynced.len() as u64);
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
            Err(_) => WriteFailure::Unknown(error),
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
            if let Some(file) = body.file() {
                self.copy(file, body.in_file)?;
            }
            self.waiting.extend_from_slice(&body.rest);
        }
        let misaligned = (self.at + self.waiting.len() as u64) % ALIGNMENT;
        let zeros = usize::try_from((ALIGNMENT - misaligned) % ALIGNMENT).unwrap_or(0);
        self.waiting.resize(self.waiting.len() + zeros, 0);
        Ok(())
    }

    /// Copy a spooled file, never holding more than a piece of it.
    fn copy(&mut self, from: &dyn VfsFile, len: u64) -> io::Result<()> {
        let mut done = 0;
        while done < len {
            let piece = usize::try_from(len - done).unwrap_or(usize::MAX).min(COPY_OCTETS);
            self.waiting.extend(crate::vfs::read_exact_at(from, piece, done)?);
            self.flush()?;
            done += piece as u64;
        }
        Ok(())
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
