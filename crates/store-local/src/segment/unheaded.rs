//! Which log a segment is of whose header is damaged, from its frames: the checksums of their headers cover the log's number.
//!
//! All of these headers have the same length, so they tell as much as is needed to read them all, 32 bits of the 64. Of the numbers
//! that would do, the one with zeros in its first four octets stands for the log from then on.

use super::{NoFrame, SegmentReader};
use crate::frame::{self, FrameHeader, HEADER};
use crate::limits::{MAX_REREADINGS, MAX_SUMMARY_OCTETS};
use crate::record::Record;
use crate::vfs::VfsFile;
use std::io;

/// What the whole frames in a file say of the log that they are of.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Frames {
    /// There are none.
    None,
    /// All are of this log.
    Of(u64),
    /// They are of several, as somebody may have mailed some, or there is too much that looks like frames to tell.
    Unclear,
}

/// The log of all whole frames in a file.
pub(crate) fn log_of_frames(file: &dyn VfsFile) -> io::Result<Frames> {
    let mut reader = SegmentReader::new(file, 0)?;
    let most = MAX_REREADINGS.saturating_mul(reader.len);
    let (mut at, mut read_in_vain, mut log) = (0, 0u64, Frames::None);
    while let Some(place) = reader.find_magic(at..u64::MAX, |_, _| true)? {
        let octets = reader.octets(place, HEADER)?;
        reader.log = frame::log_of(octets).unwrap_or(0);
        match reader.whole_frame(place)? {
            Ok(header) => {
                let found = Frames::Of(reader.log);
                if log != Frames::None && log != found {
                    return Ok(Frames::Unclear);
                }
                log = found;
                at = place + header.frame_len();
            }
            Err(read) => {
                read_in_vain = read_in_vain.saturating_add(read);
                at = place + 1;
            }
        }
        if read_in_vain > most {
            return Ok(Frames::Unclear);
        }
    }
    Ok(log)
}

impl SegmentReader<'_> {
    /// The header of the frame here, if all of it is whole; otherwise how many octets were read to find that out.
    fn whole_frame(&mut self, at: u64) -> io::Result<Result<FrameHeader, u64>> {
        let Some(header) = self.header_at(at)? else { return Ok(Err(0)) };
        let is_long = [header.meta_len, header.summary_len]
            .iter()
            .any(|len| usize::try_from(*len).is_ok_and(|len| len > MAX_SUMMARY_OCTETS));
        if is_long || at.saturating_add(header.frame_len()) > self.len {
            return Ok(Err(0));
        }
        match self.frame_as_it_is(at) {
            Ok(frame)
                if frame.damaged.is_empty() && Record::decode(header.kind, &frame.meta).is_ok() =>
            {
                Ok(Ok(header))
            }
            Err(NoFrame::Io(error)) => Err(error),
            Ok(_) | Err(NoFrame::Bad(_) | NoFrame::End) => Ok(Err(header.frame_len())),
        }
    }
}
