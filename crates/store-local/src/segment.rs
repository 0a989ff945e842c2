//! Segment files: their names, their headers, and reading their frames one after the other.

mod behind;
mod survey;
mod unheaded;

pub(crate) use survey::{Remains, contents};
pub(crate) use unheaded::{Frames, log_of_frames};

use crate::failure::is_unreadable;
use crate::fields::{BadRecord, Reader};
use crate::frame::{ALIGNMENT, FrameHeader, HEADER, MAGIC};
use crate::limits::{CHECK_OCTETS, DISK_READ_OCTETS, MAX_SKIPPED_OCTETS};
use crate::record::{self, is_append};
use crate::vfs::{self, Vfs, VfsFile};
use rookery_mail::EmailId;
use std::io;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

/// Octets of a segment's header; the first frame begins there.
pub(crate) const SEGMENT_HEADER: usize = 64;
/// What holes have, page by page.
const ZEROS: [u8; 4096] = [0; 4096];
/// What a segment begins with.
const SEGMENT_MAGIC: [u8; 8] = *b"RookSeg\n";
/// The version of the format of segments and all in them.
const VERSION: u32 = 1;
/// The version of a segment that was written anew without dead content, which older programs must not take for what it was.
const VERSION_REWRITTEN: u32 = 2;
/// The version of a segment that was written anew without changes of which nothing was left, either.
const VERSION_SQUEEZED: u32 = 3;

/// The header of a segment.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct SegmentHeader {
    /// The segment's number; the first is 1.
    pub(crate) number: u32,
    /// A random number, the same in all segments of a log and in no other log.
    pub(crate) log: u64,
    /// The sequence number of the first frame.
    pub(crate) first_sequence: u64,
    /// 0, or a random number if the segment was written anew without content that is dead.
    pub(crate) generation: u32,
    /// If the segment was written anew: the sequence number of a durable change as of which all content was dead that it has not
    /// any more; 0 if that is not known.
    pub(crate) dead_as_of: u64,
    /// If the segment was written anew: whether changes of which nothing was left at its end were left out as well.
    pub(crate) squeezed: bool,
}

impl SegmentHeader {
    /// The header of a segment that is begun.
    pub(crate) fn new(number: u32, log: u64, first_sequence: u64) -> Self {
        Self { number, log, first_sequence, generation: 0, dead_as_of: 0, squeezed: false }
    }

    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut octets = Vec::with_capacity(SEGMENT_HEADER);
        octets.extend(SEGMENT_MAGIC);
        octets.extend(self.version().to_le_bytes());
        octets.extend(self.number.to_le_bytes());
        octets.extend(self.log.to_le_bytes());
        octets.extend(self.first_sequence.to_le_bytes());
        octets.extend(self.generation.to_le_bytes());
        octets.extend(self.dead_as_of.to_le_bytes());
        octets.resize(SEGMENT_HEADER - 4, 0);
        octets.extend(crc32c::crc32c(&octets).to_le_bytes());
        octets
    }

    pub(crate) fn decode(octets: &[u8]) -> Result<Self, BadRecord> {
        let mut reader = Reader::new(octets);
        let covered = Reader::new(octets).take(SEGMENT_HEADER - 4)?;
        if reader.array()? != SEGMENT_MAGIC {
            return Err(BadRecord("a segment"));
        }
        let version = reader.u32()?;
        let (number, log, first_sequence) = (reader.u32()?, reader.u64()?, reader.u64()?);
        let (generation, dead_as_of) = (reader.u32()?, reader.u64()?);
        reader.take(SEGMENT_HEADER - 4 - 44)?;
        if reader.u32()? != crc32c::crc32c(covered) {
            return Err(BadRecord("a segment header with its checksum"));
        }
        let squeezed = version == VERSION_SQUEEZED;
        let header = Self { number, log, first_sequence, generation, dead_as_of, squeezed };
        if version != header.version() {
            return Err(BadRecord("a segment of a format version that this program knows"));
        }
        Ok(header)
    }

    fn version(&self) -> u32 {
        match (self.generation, self.squeezed) {
            (0, _) => VERSION,
            (_, false) => VERSION_REWRITTEN,
            (_, true) => VERSION_SQUEEZED,
        }
    }
}

/// Open a segment and read its header.
pub(crate) fn open(
    vfs: &dyn Vfs,
    dir: &Path,
    number: u32,
) -> io::Result<(Arc<dyn VfsFile>, Result<SegmentHeader, BadRecord>)> {
    open_path(vfs, &dir.join(file_name(number)))
}

/// Open a file that may be a segment, and read its header.
pub(crate) fn open_path(
    vfs: &dyn Vfs,
    path: &Path,
) -> io::Result<(Arc<dyn VfsFile>, Result<SegmentHeader, BadRecord>)> {
    let file = vfs::open(vfs, path)?;
    let mut octets = vec![0; SEGMENT_HEADER];
    let read = vfs::read_at(&*file, &mut octets, 0)?;
    octets.truncate(read);
    Ok((file, SegmentHeader::decode(&octets)))
}

/// The name of a segment's file.
pub(crate) fn file_name(number: u32) -> String {
    format!("{number}.seg")
}

/// The name of the file that is to take a segment's place.
pub(crate) fn new_file_name(number: u32) -> String {
    format!("{number}.seg.new")
}

/// The number of the segment with this file name.
pub(crate) fn number_of(name: &str) -> Option<u32> {
    let number = name.strip_suffix(".seg")?.parse().ok()?;
    (file_name(number) == name).then_some(number)
}

/// A frame whose header and metadata have their checksums.
pub(crate) struct Frame {
    pub(crate) header: FrameHeader,
    pub(crate) meta: Vec<u8>,
    /// What is damaged behind them, as far as it was looked at.
    pub(crate) damaged: Vec<Part>,
    /// Why, if it was the disk that could not read it.
    pub(crate) unread: Option<io::Error>,
}

/// What follows the metadata of a frame. Which change the frame is does not depend on it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Part {
    Summary,
    Body,
    Padding,
}

impl Part {
    /// What should be there.
    pub(crate) fn expected(self) -> BadRecord {
        BadRecord(match self {
            Self::Summary => "a summary with its checksum",
            Self::Body => "a body with its checksum",
            Self::Padding => "zeros at the end of a frame",
        })
    }
}

/// Why there is no frame.
pub(crate) enum NoFrame {
    /// The file ends here.
    End,
    /// There is something else.
    Bad(BadRecord),
    /// It could not be read.
    Io(io::Error),
}

impl From<BadRecord> for NoFrame {
    fn from(bad: BadRecord) -> Self {
        Self::Bad(bad)
    }
}

impl From<io::Error> for NoFrame {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// Reads a segment front to back, some at once.
pub(crate) struct SegmentReader<'a> {
    file: &'a dyn VfsFile,
    log: u64,
    len: u64,
    start: u64,
    window: Vec<u8>,
    /// Somewhere before this the disk could not read: up to here no more is read at once than is needed, or lies beside it.
    careful: u64,
    /// Where that begins of what was read last which is not known to be whole.
    behind: u64,
    /// Octets that were read again, since frames may lie where something that is damaged should be.
    gone_back: u64,
}

impl<'a> SegmentReader<'a> {
    pub(crate) fn new(file: &'a dyn VfsFile, log: u64) -> io::Result<Self> {
        let (start, window, careful) = (0, Vec::new(), 0);
        let (behind, gone_back) = (u64::MAX, 0);
        Ok(Self { len: file.len()?, file, log, start, window, careful, behind, gone_back })
    }

    /// Octets of the file.
    pub(crate) fn len(&self) -> u64 {
        self.len
    }

    /// The same, as if the file ended here.
    pub(crate) fn until(self, end: u64) -> Self {
        Self { len: self.len.min(end), ..self }
    }

    /// The frame at an offset, all checksums verified.
    pub(crate) fn frame(&mut self, offset: u64) -> Result<Frame, NoFrame> {
        let frame = self.frame_as_it_is(offset)?;
        match frame.damaged.first() {
            Some(part) => Err(part.expected().into()),
            None => Ok(frame),
        }
    }

    /// The frame at an offset, header and metadata verified, which says what else in it is damaged.
    pub(crate) fn frame_as_it_is(&mut self, offset: u64) -> Result<Frame, NoFrame> {
        self.frame_up_to(offset, FrameHeader::frame_len)
    }

    /// The same of a frame of which so much is in the file.
    fn frame_up_to(
        &mut self,
        offset: u64,
        len: impl Fn(&FrameHeader) -> u64,
    ) -> Result<Frame, NoFrame> {
        let mut frame = self.frame_without_content(offset)?;
        let header = frame.header;
        if offset.checked_add(len(&header)).is_none_or(|end| end > self.len) {
            return Err(BadRecord("a frame that ends").into());
        }
        let (summary, body) = (offset + header.summary_offset(), offset + header.body_offset());
        for (part, at, len, crc) in [
            (Part::Summary, summary, u64::from(header.summary_len), header.summary_crc),
            (Part::Body, body, header.body_len, header.body_crc),
        ] {
            match self.checksum(at, len) {
                Ok(sum) if sum == crc => continue,
                Ok(_) => {}
                Err(error) if is_unreadable(&error) => frame.unread = Some(error),
                Err(error) => return Err(error.into()),
            }
            frame.damaged.push(part);
        }
        match self.octets(body + header.body_len, pad(&header)) {
            Ok(padding) if padding.iter().all(|octet| *octet == 0) => {}
            Err(error) if !is_unreadable(&error) => return Err(error.into()),
            other => {
                frame.unread = other.err().or(frame.unread);
                frame.damaged.push(Part::Padding);
            }
        }
        self.note(offset, &frame);
        Ok(frame)
    }

    /// Whether a frame header at this offset or after it says that the frame with this sequence number was durable, wherever it
    /// lies: octets before it may have gone, or been added.
    pub(crate) fn is_durable(&mut self, from: u64, sequence: u64) -> io::Result<bool> {
        Ok(self.find(from..u64::MAX, |_, header| header.durable >= sequence)?.is_some())
    }

    /// The first frame header within these octets of which this is true, wherever it begins. No further than the largest frame
    /// reaches.
    fn find(
        &mut self,
        within: Range<u64>,
        is_it: impl Fn(u64, &FrameHeader) -> bool,
    ) -> io::Result<Option<u64>> {
        let log = self.log;
        self.find_magic(within, |offset, octets| {
            FrameHeader::decode(octets, log).is_ok_and(|found| is_it(offset, &found))
        })
    }

    /// The first place within these octets that begins as a frame header does, and of whose octets this is true.
    fn find_magic(
        &mut self,
        within: Range<u64>,
        is_it: impl Fn(u64, &[u8]) -> bool,
    ) -> io::Result<Option<u64>> {
        let mut offset = within.start;
        let end = self.len.min(within.end).min(offset.saturating_add(MAX_SKIPPED_OCTETS));
        while offset.saturating_add(HEADER as u64) <= end {
            self.octets(offset, HEADER)?;
            // As much as was read at once.
            let begun = usize::try_from(offset - self.start).unwrap_or(usize::MAX);
            let octets = self.window.get(begun..).unwrap_or_default();
            // A file may have a great hole.
            let zeros = octets.chunks_exact(ZEROS.len()).take_while(|some| *some == ZEROS).count();
            if zeros > 0 {
                offset += (zeros * ZEROS.len()) as u64;
                continue;
            }
            let Some(next) = octets.windows(MAGIC.len()).position(|octets| octets == MAGIC) else {
                offset += (octets.len().max(HEADER) - MAGIC.len() + 1) as u64;
                continue;
            };
            offset += next as u64;
            if is_it(offset, self.octets(offset, HEADER)?) {
                return Ok(Some(offset));
            }
            offset += 1;
        }
        Ok(None)
    }

    /// Whether the content of the frame at an offset, whose header this is, has its checksum.
    pub(crate) fn has_content(&mut self, offset: u64, header: &FrameHeader) -> io::Result<bool> {
        let fits = offset.checked_add(header.frame_len()).is_some_and(|end| end <= self.len);
        let body = offset + header.body_offset();
        Ok(fits && !header.dropped && self.checksum(body, header.body_len)? == header.body_crc)
    }

    /// Whether a frame that begins at one of these octets has this content with its checksum, unless its metadata say that it is
    /// another one.
    pub(crate) fn is_content_at(&mut self, offset: u64, email: EmailId) -> io::Result<bool> {
        let log = self.log;
        let octets = self.octets(offset, HEADER + ALIGNMENT as usize - 1)?;
        let Some((skew, header)) = FrameHeader::find(octets, log) else { return Ok(false) };
        let offset = offset + skew as u64;
        let is_other = match self.frame_without_content(offset) {
            Ok(frame) => record::content_of(header.kind, &frame.meta) != Some(email),
            Err(NoFrame::Io(error)) => return Err(error),
            Err(NoFrame::Bad(_) | NoFrame::End) => !is_append(header.kind),
        };
        Ok(!is_other && self.has_content(offset, &header)?)
    }

    fn checksum(&mut self, offset: u64, len: u64) -> io::Result<u32> {
        let (mut at, end, mut sum) = (offset, offset + len, 0);
        while at < end {
            let piece = usize::try_from(end - at).unwrap_or(usize::MAX).min(CHECK_OCTETS);
            sum = crc32c::crc32c_append(sum, self.octets(at, piece)?);
            at += piece as u64;
        }
        Ok(sum)
    }

    /// The header of a frame and its metadata, verified; summary and body are not looked at.
    pub(crate) fn frame_without_content(&mut self, offset: u64) -> Result<Frame, NoFrame> {
        if offset == self.len {
            return Err(NoFrame::End);
        }
        let log = self.log;
        let header = FrameHeader::decode(self.octets(offset, HEADER)?, log)?;
        let meta_len = usize::try_from(header.meta_len).unwrap_or(usize::MAX);
        let meta = self.octets(offset + HEADER as u64, meta_len)?.to_vec();
        if meta.len() < meta_len {
            return Err(BadRecord("a frame that ends").into());
        }
        if crc32c::crc32c(&meta) != header.meta_crc {
            return Err(BadRecord("metadata with its checksum").into());
        }
        Ok(Frame { header, meta, damaged: Vec::new(), unread: None })
    }

    /// These octets, or those of them that there are.
    pub(crate) fn octets(&mut self, offset: u64, len: usize) -> io::Result<&[u8]> {
        let len = usize::try_from(self.len.saturating_sub(offset)).unwrap_or(usize::MAX).min(len);
        let end = self.start + self.window.len() as u64;
        if offset < self.start || offset + len as u64 > end {
            let rest = usize::try_from(self.len.saturating_sub(offset)).unwrap_or(usize::MAX);
            let mut read = Ok(0);
            if offset >= self.careful {
                self.window.resize(rest.min(len.max(CHECK_OCTETS)), 0);
                read = vfs::read_at(self.file, &mut self.window, offset);
                if read.as_ref().is_err_and(is_unreadable) {
                    self.careful = offset + self.window.len() as u64;
                }
            }
            if offset < self.careful {
                let page = DISK_READ_OCTETS - offset % DISK_READ_OCTETS;
                let page = usize::try_from(page).unwrap_or(usize::MAX);
                self.window.resize(rest.min(len.max(page)), 0);
                read = vfs::read_at(self.file, &mut self.window, offset);
            }
            // What could not be read is not to be taken for octets of the file.
            self.window.truncate(*read.as_ref().unwrap_or(&0));
            read?;
            self.start = offset;
        }
        let from = usize::try_from(offset - self.start).unwrap_or(usize::MAX);
        Ok(self.window.get(from..from + len).unwrap_or_default())
    }
}

fn pad(header: &FrameHeader) -> usize {
    usize::try_from(header.padding()).unwrap_or(0)
}
