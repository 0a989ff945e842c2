//! Frames: what a segment is made of. A header of fixed size, then metadata, summary and body, then
//! zeros up to a multiple of [`ALIGNMENT`].

use crate::fields::{BadRecord, Reader};

/// Frames begin at multiples of this.
pub(crate) const ALIGNMENT: u64 = 8;
/// Octets of a frame's header.
pub(crate) const HEADER: usize = 64;
/// What a frame begins with.
pub(crate) const MAGIC: [u8; 4] = *b"RkFr";
/// In `flags`: the frame is the last of its transaction.
const END: u8 = 1;
/// In `flags`: summary and body were left out when the segment was written anew, since no message had them any more.
const DROPPED: u8 = 2;

/// The header of a frame.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct FrameHeader {
    /// What the metadata describes.
    pub(crate) kind: u8,
    /// Whether the transaction ends here.
    pub(crate) end: bool,
    /// Whether summary and body were left out, since no message had them any more.
    pub(crate) dropped: bool,
    /// One more than that of the frame before, but for changes that were left out.
    pub(crate) sequence: u64,
    /// The last frame that was durable for certain when this one was written.
    pub(crate) durable: u64,
    /// Octets of metadata.
    pub(crate) meta_len: u32,
    /// Octets of the summary.
    pub(crate) summary_len: u32,
    /// Octets of the body.
    pub(crate) body_len: u64,
    /// Checksum of the metadata.
    pub(crate) meta_crc: u32,
    /// Checksum of the summary.
    pub(crate) summary_crc: u32,
    /// Checksum of the body.
    pub(crate) body_crc: u32,
    /// In a segment that was written anew: how many changes right before this one were left out, for nothing of them had
    /// been left at the end of the segment.
    pub(crate) omitted: u32,
}

impl FrameHeader {
    /// The octets. The checksum depends on the log, so that no mail can contain a frame of the log
    /// that it will be in.
    pub(crate) fn encode(&self, log: u64) -> [u8; HEADER] {
        let mut octets = Vec::with_capacity(HEADER);
        octets.extend(MAGIC);
        let end = if self.end { END } else { 0 };
        let dropped = if self.dropped { DROPPED } else { 0 };
        octets.extend([self.kind, end | dropped, 0, 0]);
        octets.extend(self.sequence.to_le_bytes());
        octets.extend(self.durable.to_le_bytes());
        octets.extend(self.meta_len.to_le_bytes());
        octets.extend(self.summary_len.to_le_bytes());
        octets.extend(self.body_len.to_le_bytes());
        octets.extend(self.meta_crc.to_le_bytes());
        octets.extend(self.summary_crc.to_le_bytes());
        octets.extend(self.body_crc.to_le_bytes());
        octets.extend(self.omitted.to_le_bytes());
        octets.extend([0; 4]);
        octets.extend(header_checksum(log, &octets).to_le_bytes());
        let mut header = [0; HEADER];
        header.iter_mut().zip(octets).for_each(|(to, from)| *to = from);
        header
    }

    /// The header of its octets, if the checksum is right.
    pub(crate) fn decode(octets: &[u8], log: u64) -> Result<Self, BadRecord> {
        let mut reader = Reader::new(octets);
        let covered = Reader::new(octets).take(HEADER - 4)?;
        if reader.array()? != MAGIC {
            return Err(BadRecord("the beginning of a frame"));
        }
        let [kind, flags, _, _] = reader.array()?;
        let header = Self {
            kind,
            end: flags & END != 0,
            dropped: flags & DROPPED != 0,
            sequence: reader.u64()?,
            durable: reader.u64()?,
            meta_len: reader.u32()?,
            summary_len: reader.u32()?,
            body_len: reader.u64()?,
            meta_crc: reader.u32()?,
            summary_crc: reader.u32()?,
            body_crc: reader.u32()?,
            omitted: reader.u32()?,
        };
        reader.take(4)?;
        if reader.u32()? != header_checksum(log, covered) {
            return Err(BadRecord("a frame header with its checksum"));
        }
        Ok(header)
    }

    /// The header that begins at one of the octets where a unit of [`ALIGNMENT`] is counted to begin, and at which: where octets have gone
    /// or been added before it, it need not be the first.
    pub(crate) fn find(octets: &[u8], log: u64) -> Option<(usize, Self)> {
        let first = octets.windows(HEADER).take(ALIGNMENT as usize).enumerate();
        first.into_iter().find_map(|(skew, octets)| Some((skew, Self::decode(octets, log).ok()?)))
    }

    /// The header of this frame without its content.
    pub(crate) fn without_content(self) -> Self {
        Self { dropped: true, summary_len: 0, body_len: 0, summary_crc: 0, body_crc: 0, ..self }
    }

    /// The sequence number of the first change that this frame stands for: that of the frame, or of what was left out before it.
    pub(crate) fn first_sequence(&self) -> u64 {
        self.sequence.saturating_sub(u64::from(self.omitted))
    }

    /// Whether no change is missing between the one with this sequence number and this frame.
    pub(crate) fn follows(&self, last: u64) -> bool {
        self.first_sequence() == last.saturating_add(1)
    }

    /// Octets from the beginning of the frame to the summary.
    pub(crate) fn summary_offset(&self) -> u64 {
        HEADER as u64 + u64::from(self.meta_len)
    }

    /// Octets from the beginning of the frame to the body.
    pub(crate) fn body_offset(&self) -> u64 {
        self.summary_offset() + u64::from(self.summary_len)
    }

    /// Octets of the whole frame, with the zeros at its end.
    pub(crate) fn frame_len(&self) -> u64 {
        self.body_offset().saturating_add(self.body_len).saturating_add(self.padding())
    }

    /// Zeros at the end of the frame.
    pub(crate) fn padding(&self) -> u64 {
        self.body_offset().wrapping_add(self.body_len).wrapping_neg() % ALIGNMENT
    }
}

/// The log that a frame header is of, as far as its checksum tells: of the numbers with which it is right, the one whose first four
/// octets are zeros. What looks like a header is of some log, always.
pub(crate) fn log_of(octets: &[u8]) -> Option<u64> {
    let (covered, checksum) = octets.split_at_checked(HEADER - 4)?;
    let checksum = u32::from_le_bytes(checksum.first_chunk().copied()?);
    let behind_log = covered.iter().rev().fold(!checksum, |state, octet| before(state, *octet));
    let last = (0..4).fold(behind_log, |state, _| before(state, 0)) ^ !crc32c::crc32c(&[0; 4]);
    Some(u64::from(last) << 32)
}

/// Whether this number of a log may be what its frames say, as no header did.
pub(crate) fn is_as_frames_say(log: u64) -> bool {
    log.trailing_zeros() >= u32::BITS
}

/// Whether the same frames are read with the numbers of two logs.
pub(crate) fn are_alike(one: u64, other: u64) -> bool {
    let [one, other] = [one, other].map(|log| crc32c::crc32c(&log.to_le_bytes()));
    one == other
}

/// What the register of the checksum had in it before it took in this octet.
fn before(state: u32, octet: u8) -> u32 {
    /// The polynomial of CRC-32C, the lowest power in the highest bit (RFC 3720 §12.1).
    const POLYNOMIAL: u32 = 0x82f6_3b78;
    let is_divided = |state: u32| state >> 31 == 1;
    let back = |state| if is_divided(state) { (state ^ POLYNOMIAL) << 1 | 1 } else { state << 1 };
    (0..8).fold(state, |state, _| back(state)) ^ u32::from(octet)
}

fn header_checksum(log: u64, octets: &[u8]) -> u32 {
    crc32c::crc32c_append(crc32c::crc32c(&log.to_le_bytes()), octets)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn header() -> FrameHeader {
        FrameHeader {
            kind: 3,
            end: true,
            dropped: false,
            sequence: 77,
            durable: 70,
            meta_len: 5,
            summary_len: 9,
            body_len: 1000,
            meta_crc: 1,
            summary_crc: 2,
            body_crc: 3,
            omitted: 4,
        }
    }

    #[test]
    fn a_header_round_trips_in_its_own_log_only() {
        let octets = header().encode(4711);
        assert_eq!(FrameHeader::decode(&octets, 4711), Ok(header()));
        assert!(FrameHeader::decode(&octets, 4712).is_err());
    }

    #[test]
    fn a_frame_ends_aligned() {
        assert_eq!(header().frame_len(), 1080);
        assert_eq!(header().frame_len() % ALIGNMENT, 0);
    }

    proptest! {
        #[test]
        fn the_log_of_a_header_reads_all_headers_of_its_log(log: u64, sequence: u64) {
            let found = log_of(&header().encode(log)).unwrap();
            let other = FrameHeader { sequence, ..header() };
            prop_assert_eq!(FrameHeader::decode(&other.encode(log), found), Ok(other));
            prop_assert_eq!(log_of(&other.encode(found)), Some(found));
        }

        #[test]
        fn any_flipped_bit_is_noticed(at in 0..HEADER, bit in 0..8u32) {
            let mut octets = header().encode(1);
            octets[at] ^= 1 << bit;
            prop_assert!(FrameHeader::decode(&octets, 1).is_err());
        }
    }
}
