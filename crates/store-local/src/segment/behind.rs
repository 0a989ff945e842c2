//! Reading on behind damage. Octets may have gone from a segment, or been added to it: then what lies behind them begins anywhere, and
//! does not lie where those look for it who knew where it was.
//!
//! Nothing is looked for inside of what has its checksums, for a message may have anything in it.

use super::{Frame, NoFrame, Part, SEGMENT_HEADER, SegmentReader};
use crate::failure::is_unreadable;
use crate::frame::{ALIGNMENT, FrameHeader, HEADER};
use crate::limits::MAX_REREADINGS;
use crate::record;
use crate::state::Location;
use crate::vfs::VfsFile;
use rookery_mail::EmailId;
use std::io;

/// What there is of a frame.
pub(crate) enum Piece {
    /// All that matters to which change it is.
    Frame(Frame),
    /// Its header and the content that it brings.
    Content(FrameHeader),
    /// Its header.
    Header(FrameHeader),
}

impl Piece {
    pub(crate) fn header(&self) -> &FrameHeader {
        match self {
            Self::Frame(frame) => &frame.header,
            Self::Content(header) | Self::Header(header) => header,
        }
    }
}

impl SegmentReader<'_> {
    /// The next frame of which there is something, where one should begin after the change with this sequence number, or wherever
    /// it lies.
    pub(crate) fn next(&mut self, at: u64, last: u64) -> io::Result<Option<(u64, Piece)>> {
        let Some(place) = self.next_place(at, last)? else { return Ok(None) };
        // A file may end within the zeros behind it.
        let content_end = |header: &FrameHeader| header.frame_len() - header.padding();
        let piece = match self.frame_up_to(place, content_end) {
            Ok(frame) => Some(Piece::Frame(frame)),
            Err(NoFrame::Io(error)) => return Err(error),
            Err(NoFrame::Bad(_) | NoFrame::End) => self.remains(place)?,
        };
        Ok(piece.map(|piece| (place, piece)))
    }

    /// Where it begins. If what was read before is whole, a header where it should be is it; otherwise only one that says that no
    /// change is missing, for frames may lie where something that is damaged should be.
    pub(crate) fn next_place(&mut self, at: u64, last: u64) -> io::Result<Option<u64>> {
        let log = self.log;
        let header = FrameHeader::decode(self.octets(at, HEADER)?, log).ok();
        let follows = |header: FrameHeader| header.first_sequence() == last.saturating_add(1);
        if header.is_some_and(|header| self.behind >= at || follows(header)) {
            return Ok(Some(at));
        }
        let may_go_back = self.gone_back < MAX_REREADINGS.saturating_mul(self.len);
        let from = if may_go_back { self.behind.min(at) } else { at };
        let place = self.find(from, |_, header| header.first_sequence() > last)?;
        self.gone_back += place.map_or(0, |place| at.saturating_sub(place));
        Ok(place)
    }

    /// What there is of a frame whose metadata is damaged, or that does not end.
    pub(crate) fn remains(&mut self, at: u64) -> io::Result<Option<Piece>> {
        let log = self.log;
        let header = FrameHeader::decode(self.octets(at, HEADER)?, log);
        let Ok(header) = header else { return Ok(None) };
        if record::is_append(header.kind) && self.has_content(at, &header)? {
            self.behind = at + header.frame_len();
            return Ok(Some(Piece::Content(header)));
        }
        self.behind = at + HEADER as u64;
        Ok(Some(Piece::Header(header)))
    }

    /// Whether the log may end here, behind this change: what comes is what a power cut left, and nobody was told of it. All frames of that
    /// are later, begin where frames can, and do not say that one of them was durable. Otherwise octets have gone, or been added.
    pub(crate) fn may_end(&mut self, at: u64, last: u64) -> io::Result<bool> {
        if at == self.len && self.behind >= at {
            return Ok(true);
        }
        // Whoever knew that the log goes on here has not read what comes before.
        if self.behind == u64::MAX && !self.leads_to(at)? {
            return Ok(false);
        }
        let found = self.find(self.behind.min(at), |place, header| {
            let is_later = header.first_sequence() > last;
            let is_out_of_place = match place < at {
                true => is_later,
                false => !is_later || !place.is_multiple_of(ALIGNMENT),
            };
            is_out_of_place || header.durable > last
        });
        match found {
            // Nothing comes behind it, and of what cannot be read it is known which change it is of.
            Err(error) if at == self.len && is_unreadable(&error) => Ok(true),
            found => Ok(found?.is_none()),
        }
    }

    /// Whether one frame after the other leads to this place, by their headers and metadata.
    fn leads_to(&mut self, at: u64) -> io::Result<bool> {
        let mut place = SEGMENT_HEADER as u64;
        while place < at {
            place = match self.frame_without_content(place) {
                Ok(frame) => place.saturating_add(frame.header.frame_len()),
                Err(NoFrame::Io(error)) => return Err(error),
                Err(NoFrame::Bad(_) | NoFrame::End) => return Ok(false),
            };
        }
        Ok(place == at)
    }

    /// Take note of how far a frame is whole that was read.
    pub(super) fn note(&mut self, at: u64, frame: &Frame) {
        let header = &frame.header;
        let is_damaged = |part| frame.damaged.contains(&part);
        let whole = match (is_damaged(Part::Body), is_damaged(Part::Summary)) {
            (true, true) => header.summary_offset(),
            (true, false) => header.body_offset(),
            (false, _) if is_damaged(Part::Padding) => header.body_offset() + header.body_len,
            (false, _) => header.frame_len(),
        };
        self.behind = at + whole;
    }
}

/// Where the content of a segment lies, as far as it is found in it.
pub(crate) fn contents(
    (number, file): (u32, &dyn VfsFile),
    log: u64,
) -> io::Result<Vec<(EmailId, Location)>> {
    let mut reader = SegmentReader::new(file, log)?;
    let (mut at, mut last, mut found) = (SEGMENT_HEADER as u64, 0, Vec::new());
    while let Some((place, piece)) = reader.next(at, last)? {
        let header = piece.header();
        let len = if header.dropped { 0 } else { header.frame_len() };
        if let Piece::Frame(frame) = &piece
            && let Some(email) = record::content_of(header.kind, &frame.meta)
            && let Ok(location) = crate::batch::location(number, place, len)
        {
            found.push((email, location));
        }
        (at, last) = (place.saturating_add(header.frame_len()), header.sequence);
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vfs::{SimulatedDisk, Vfs};
    use std::path::Path;
    use std::sync::Arc;

    const LOG: u64 = 4711;

    fn header(sequence: u64, parts: [&[u8]; 3]) -> FrameHeader {
        let [meta, summary, body] = parts;
        FrameHeader {
            kind: 1,
            end: true,
            dropped: false,
            sequence,
            durable: sequence - 1,
            meta_len: u32::try_from(meta.len()).unwrap(),
            summary_len: u32::try_from(summary.len()).unwrap(),
            body_len: body.len() as u64,
            meta_crc: crc32c::crc32c(meta),
            summary_crc: crc32c::crc32c(summary),
            body_crc: crc32c::crc32c(body),
            omitted: 0,
        }
    }

    fn frame(sequence: u64, body: &[u8]) -> Vec<u8> {
        let parts = [&b"metadata"[..], b"a summary", body];
        let mut octets = header(sequence, parts).encode(LOG).to_vec();
        parts.iter().for_each(|part| octets.extend_from_slice(part));
        octets.resize(octets.len().next_multiple_of(8), 0);
        octets
    }

    fn file(frames: &[&[u8]]) -> Arc<dyn VfsFile> {
        let disk = SimulatedDisk::new();
        let path = Path::new("/1.seg");
        disk.overwrite(path, &[&[0; SEGMENT_HEADER], &frames.concat()[..]].concat());
        disk.open(path).unwrap()
    }

    /// The sequence numbers of all that is found.
    fn found(frames: &[&[u8]]) -> Vec<u64> {
        let file = file(frames);
        let mut reader = SegmentReader::new(&*file, LOG).unwrap();
        let (mut at, mut last, mut found) = (SEGMENT_HEADER as u64, 0, Vec::new());
        while let Some((place, piece)) = reader.next(at, last).unwrap() {
            (at, last) = (place + piece.header().frame_len(), piece.header().sequence);
            found.push(last);
        }
        found
    }

    /// A message may have anything in it, a frame of its own log for example, by whoever knows one.
    #[test]
    fn nothing_is_looked_for_in_what_is_whole() {
        let hostile = frame(1, &frame(7, b"forged"));
        let (damaged, next) = (frame(2, b"two"), frame(3, b"three"));
        let flipped = |frame: &[u8], at: usize| {
            let mut octets = frame.to_vec();
            octets[at] ^= 0x55;
            octets
        };
        for damaged in [flipped(&damaged, 9), damaged[5..].to_vec(), b"what is this".to_vec()] {
            assert_eq!(found(&[&hostile, &damaged, &next]), [1, 3]);
            // In its summary, or in its metadata.
            assert_eq!(found(&[&flipped(&hostile, 75), &damaged, &next]), [1, 3]);
            assert_eq!(found(&[&flipped(&hostile, 65), &damaged, &next]), [1, 3]);
        }
        // Where its body is damaged, what follows it is looked at first.
        let body = hostile.len() - 12;
        assert_eq!(found(&[&flipped(&hostile, body), &damaged, &next]), [1, 2, 3]);
        // Nobody can tell it from what lies behind octets that have gone.
        assert_eq!(found(&[&flipped(&hostile, body)[..hostile.len() - 1], &damaged]), [1, 7]);
    }

    #[test]
    fn what_pretends_to_be_damaged_is_read_so_often() {
        let count = 2000;
        let headers = (1..=count).map(|number| {
            let rest = (count - number) * HEADER as u64;
            let header =
                FrameHeader { body_len: rest, body_crc: 1, ..header(2 * number, [&[]; 3]) };
            header.encode(LOG)
        });
        let headers: Vec<u8> = headers.flatten().collect();
        let file = file(&[&headers]);
        let mut reader = SegmentReader::new(&*file, LOG).unwrap();
        let (mut at, mut last) = (SEGMENT_HEADER as u64, 0);
        while let Some((place, piece)) = reader.next(at, last).unwrap() {
            (at, last) = (place + piece.header().frame_len(), piece.header().sequence);
        }
        let most = (MAX_REREADINGS + 1) * reader.len();
        assert!(reader.gone_back > MAX_REREADINGS * reader.len(), "{}", reader.gone_back);
        assert!(reader.gone_back <= most, "{} octets of {}", reader.gone_back, reader.len());
    }
}
