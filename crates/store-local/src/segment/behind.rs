//! Where a log may end, and what is whole behind damage. Octets may have gone from a segment, or been added to it: then what lies
//! behind them begins anywhere.

use super::{Frame, NoFrame, Part, SEGMENT_HEADER, SegmentReader};
use crate::failure::is_unreadable;
use crate::frame::{ALIGNMENT, HEADER};
use std::io;

impl SegmentReader<'_> {
    /// Where the next frame header begins, at this offset or after it, whichever change it is of.
    pub(crate) fn next_header(&mut self, at: u64) -> io::Result<Option<u64>> {
        self.find(at..u64::MAX, |_, _| true)
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
        // What comes later may have been written over something that came before.
        if at < self.len && self.is_later_before(at, last)? {
            return Ok(false);
        }
        let found = self.find(self.behind.min(at)..u64::MAX, |place, header| {
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

    /// Whether a frame of a later change lies where something before this place is not whole. What the disk cannot read has none: that
    /// is known to be of changes that came before.
    fn is_later_before(&mut self, at: u64, last: u64) -> io::Result<bool> {
        let behind = self.behind;
        let found = self.whole_up_to(at).and_then(|from| {
            let octets = from..at.saturating_add(HEADER as u64 - 1);
            self.find(octets, |_, header| header.first_sequence() > last || header.durable > last)
        });
        self.behind = behind;
        match found {
            Err(error) if is_unreadable(&error) => Ok(false),
            found => Ok(found?.is_some()),
        }
    }

    /// How far the frames before this place are whole, one after the other.
    fn whole_up_to(&mut self, at: u64) -> io::Result<u64> {
        let mut place = SEGMENT_HEADER as u64;
        while place < at {
            let frame = match self.frame_as_it_is(place) {
                Ok(frame) => frame,
                Err(NoFrame::Io(error)) => return Err(error),
                Err(NoFrame::Bad(_) | NoFrame::End) => break,
            };
            let end = place.saturating_add(frame.header.frame_len());
            place = self.behind;
            if place < end {
                break;
            }
        }
        Ok(place.min(at))
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
