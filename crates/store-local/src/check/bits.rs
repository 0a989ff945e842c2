//! A single bit that is another one than was written: the checksum says which one it is, so that it can be turned back,
//! and nothing of the mail is lost. Nearly all damage that disks and memory do without an error is of this kind.

use super::Subject;
use super::report::{Finding, Report};
use crate::frame::{ALIGNMENT, FrameHeader, HEADER};
use crate::limits::MAX_TURNED_OCTETS;
use crate::segment::{
    Frame, NoFrame, Part, SEGMENT_HEADER, SegmentHeader, SegmentReader, file_name,
};
use crate::vfs::{Unread, Vfs, VfsFile, read_exact_at};
use std::io;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

/// CRC-32C with its lowest power first, as the checksum computes it.
const POLYNOMIAL: u32 = 0x82f6_3b78;

/// Turn back all single bits of an account's segments that are not what was written.
pub(super) fn turn_back(subject: &Subject, report: &mut Report) {
    for number in subject.numbers.iter().copied().take_while(|it| *it <= subject.last_segment()) {
        let segment = Segment::open(subject, number);
        let turned = segment.and_then(|mut segment| segment.turn_back(report));
        if let Err(error) = turned {
            let what = format!("no bit could be turned back: {error}");
            report.add(Finding::note(place(number, 0), what, "what is wrong here is said below"));
        }
    }
}

/// A segment in which bits are turned back.
struct Segment {
    number: u32,
    /// As it is, to be changed.
    file: Arc<dyn VfsFile>,
    /// To be read, as far as the disk can read it.
    readable: Arc<dyn VfsFile>,
    path: PathBuf,
    unread: Arc<Unread>,
    /// Without it only the segment's header can be verified.
    log: Option<u64>,
    end: u64,
    has_changed: bool,
}

impl Segment {
    fn open(subject: &Subject, number: u32) -> io::Result<Self> {
        let path = subject.segment(number);
        let (file, readable) = (subject.vfs.open(&path)?, subject.readable().open(&path)?);
        let len = file.len()?;
        let end = subject.end.filter(|(last, _)| *last == number).map_or(len, |(_, end)| end);
        let (log, unread) = (subject.log, Arc::clone(&subject.unread));
        Ok(Self { number, file, readable, path, unread, log, end, has_changed: false })
    }

    fn turn_back(&mut self, report: &mut Report) -> io::Result<()> {
        self.header(report)?;
        let mut at = SEGMENT_HEADER as u64;
        while let Some(log) = self.log
            && let Some(next) = self.frame(log, at, report)?
        {
            at = next;
        }
        if self.has_changed { self.file.sync_data() } else { Ok(()) }
    }

    fn header(&mut self, report: &mut Report) -> io::Result<()> {
        if self.end < SEGMENT_HEADER as u64 {
            return Ok(());
        }
        let octets = read_exact_at(&*self.readable, SEGMENT_HEADER, 0)?;
        let flipped = flipped_in_header(&octets, &[]);
        self.turn(flipped, 0..SEGMENT_HEADER as u64, "the header of a segment", report)?;
        let octets = read_exact_at(&*self.readable, SEGMENT_HEADER, 0)?;
        self.log = SegmentHeader::decode(&octets).map(|header| header.log).ok().or(self.log);
        Ok(())
    }

    /// Turn back what is wrong with a frame; returns where the next one may be.
    fn frame(&mut self, log: u64, at: u64, report: &mut Report) -> io::Result<Option<u64>> {
        let file = Arc::clone(&self.readable);
        let mut reader = SegmentReader::new(&*file, log)?.until(self.end);
        match reader.frame_as_it_is(at) {
            Ok(frame) => {
                let next = at + frame.header.frame_len();
                // What should be zeros is not, too, if octets have gone.
                let is_followed = next == reader.len()
                    || FrameHeader::decode(reader.octets(next, HEADER)?, log).is_ok();
                let is_known = |part: &&Part| is_followed || **part != Part::Padding;
                let mut damaged = frame.damaged.iter().filter(is_known);
                damaged.try_for_each(|part| self.part(at, &frame, *part, report))?;
                Ok(Some(next))
            }
            Err(NoFrame::End) => Ok(None),
            Err(NoFrame::Io(error)) => Err(error),
            Err(NoFrame::Bad(_)) if self.head(log, at, &mut reader, report)? => Ok(Some(at)),
            Err(NoFrame::Bad(_)) => reader.next_header(at + 1),
        }
    }

    /// Turn back a bit of a frame's header or metadata; says whether that was possible.
    fn head(
        &mut self,
        log: u64,
        at: u64,
        reader: &mut SegmentReader<'_>,
        report: &mut Report,
    ) -> io::Result<bool> {
        let octets = reader.octets(at, HEADER)?.to_vec();
        let Ok(header) = FrameHeader::decode(&octets, log) else {
            let flipped = flipped_in_header(&octets, &log.to_le_bytes());
            let is_known = flipped.is_some() && !self.is_unread(&(at..at + HEADER as u64));
            self.turn(flipped, at..at + HEADER as u64, "the header of a change", report)?;
            return Ok(is_known);
        };
        let range = at + HEADER as u64..at + header.summary_offset();
        let flipped = self.flipped(range.clone(), header.meta_crc)?;
        let is_known = flipped.is_some() && !self.is_unread(&range);
        self.turn(flipped, range, "a change", report)?;
        Ok(is_known)
    }

    fn part(&mut self, at: u64, frame: &Frame, part: Part, report: &mut Report) -> io::Result<()> {
        let header = &frame.header;
        let (summary, body) = (at + header.summary_offset(), at + header.body_offset());
        let end = body + header.body_len;
        let (range, crc, what) = match part {
            Part::Summary => (summary..body, header.summary_crc, "the summary of a message"),
            Part::Body => (body..end, header.body_crc, "a message"),
            Part::Padding => return self.zeros(end..at + header.frame_len(), report),
        };
        let flipped = self.flipped(range.clone(), crc)?;
        self.turn(flipped, range, what, report)
    }

    /// What is between two frames needs no checksum to be known.
    fn zeros(&mut self, range: Range<u64>, report: &mut Report) -> io::Result<()> {
        if self.is_unread(&range) {
            return Ok(());
        }
        let zeros = [0; ALIGNMENT as usize];
        let count = usize::try_from(range.end - range.start).unwrap_or(0).min(zeros.len());
        self.file.write_at(&zeros[..count], range.start)?;
        self.has_changed = true;
        self.tell(range.start, "there should be zeros between two changes", "written anew", report);
        Ok(())
    }

    /// Whether the disk cannot read some of this. Nothing is written there: it may be read another time.
    fn is_unread(&self, range: &Range<u64>) -> bool {
        self.unread.within(&self.path, range).is_some()
    }

    fn flipped(&self, range: Range<u64>, crc: u32) -> io::Result<Option<usize>> {
        let len = range.end.min(self.end).saturating_sub(range.start);
        match usize::try_from(len).ok().filter(|len| *len <= MAX_TURNED_OCTETS) {
            Some(len) => Ok(flipped(&read_exact_at(&*self.readable, len, range.start)?, crc)),
            None => Ok(None),
        }
    }

    fn turn(
        &mut self,
        flipped: Option<usize>,
        range: Range<u64>,
        what: &str,
        report: &mut Report,
    ) -> io::Result<()> {
        let Some(bit) = flipped.filter(|_| !self.is_unread(&range)) else { return Ok(()) };
        let at = range.start + (bit / 8) as u64;
        let [octet] = read_exact_at(&*self.readable, 1, at)?[..] else { return Ok(()) };
        self.file.write_at(&[octet ^ (1 << (bit % 8))], at)?;
        self.has_changed = true;
        let what = format!("a bit of {what} was another one than was written");
        self.tell(at, &what, "turned back, and the checksum is right", report);
        Ok(())
    }

    fn tell(&self, at: u64, what: &str, how: &str, report: &mut Report) {
        let finding = Finding::wrong(place(self.number, at), what, "");
        report.add(Finding { mended: Some(how.to_owned()), ..finding });
    }
}

fn place(segment: u32, at: u64) -> String {
    format!("seg/{}, octet {at}", file_name(segment))
}

/// The bit that is wrong in a header that ends with the checksum of something that is known and all before it. It may be
/// one of the checksum.
fn flipped_in_header(octets: &[u8], known: &[u8]) -> Option<usize> {
    let (covered, crc) = octets.split_last_chunk()?;
    let wanted = u32::from_le_bytes(*crc);
    let difference = crc32c::crc32c_append(crc32c::crc32c(known), covered) ^ wanted;
    match difference.count_ones() {
        0 => None,
        1 => Some(covered.len() * 8 + difference.trailing_zeros() as usize),
        _ => bit_of(difference, covered.len() * 8),
    }
}

/// The bit of these octets, counted from the lowest of the first one, without whose being wrong this would be their
/// checksum.
fn flipped(octets: &[u8], wanted: u32) -> Option<usize> {
    bit_of(crc32c::crc32c(octets) ^ wanted, octets.len() * 8)
}

/// The one of so many bits that makes this difference to the checksum. Each makes another one, up to 2^31 bits: the last
/// that of the polynomial itself, each before it what one more step of the division makes of that.
fn bit_of(difference: u32, bits: usize) -> Option<usize> {
    let mut remainder = POLYNOMIAL;
    (0..bits).rev().find(|_| {
        let is_it = remainder == difference;
        remainder = (remainder >> 1) ^ (POLYNOMIAL & (remainder & 1).wrapping_neg());
        is_it
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn any_one_bit_is_found(mut octets in prop::collection::vec(any::<u8>(), 1..300), at: prop::sample::Index) {
            let crc = crc32c::crc32c(&octets);
            prop_assert_eq!(flipped(&octets, crc), None);
            let bit = at.index(octets.len() * 8);
            octets[bit / 8] ^= 1 << (bit % 8);
            prop_assert_eq!(flipped(&octets, crc), Some(bit));
        }

        #[test]
        fn two_bits_are_not_taken_for_one(mut octets in prop::collection::vec(any::<u8>(), 8..300), at: [prop::sample::Index; 2]) {
            let crc = crc32c::crc32c(&octets);
            let bits = at.map(|at| at.index(octets.len() * 8));
            prop_assume!(bits[0] != bits[1]);
            bits.iter().for_each(|bit| octets[bit / 8] ^= 1 << (bit % 8));
            prop_assert_eq!(flipped(&octets, crc), None);
        }

        #[test]
        fn any_bit_of_a_header_is_found(at in 0..64 * 8usize, known: [u8; 8]) {
            let mut octets = vec![7; 60];
            let crc = crc32c::crc32c_append(crc32c::crc32c(&known), &octets);
            octets.extend(crc.to_le_bytes());
            prop_assert_eq!(flipped_in_header(&octets, &known), None);
            octets[at / 8] ^= 1 << (at % 8);
            prop_assert_eq!(flipped_in_header(&octets, &known), Some(at));
        }
    }
}
