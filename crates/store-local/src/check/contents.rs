//! Where the content of messages lies, as a check finds it.

use crate::frame::{ALIGNMENT, FrameHeader};
use crate::record;
use crate::segment::Frame;
use crate::state::{Location, State};
use rookery_mail::EmailId;
use std::ops::Range;

/// Places of content, in their order, that can be read, or of which something else says that it cannot.
#[derive(Default)]
pub(super) struct Contents(Vec<(Location, EmailId)>);

/// Content that is not where an account has it, and where it is.
pub(super) type Moved = Vec<(EmailId, Location)>;

impl Contents {
    /// Take note of a frame.
    pub(super) fn note(&mut self, segment: u32, at: u64, frame: &Frame) {
        let FrameHeader { kind, dropped, .. } = frame.header;
        let email = record::content_of(kind, &frame.meta).filter(|_| !dropped);
        let location = crate::batch::location(segment, at, frame.header.frame_len()).ok();
        self.0.extend(location.zip(email));
    }

    /// Whether this content is here.
    pub(super) fn has(&self, location: Location, email: EmailId) -> bool {
        let place = |location: &Location| (location.segment, location.offset);
        let found = self.0.binary_search_by_key(&place(&location), |(it, _)| place(it));
        let found = found.ok().and_then(|at| self.0.get(at));
        location.len > 0 && found.is_some_and(|(_, found)| *found == email)
    }

    /// What of an account lies elsewhere in its segment than where the account has it.
    pub(super) fn moved(&self, state: &State) -> Moved {
        let is_moved = |(location, email): &&(Location, EmailId)| {
            let known = state.emails.find(*email).map(|(known, _)| known);
            known.is_some_and(|known| {
                known.segment == location.segment
                    && known.len > 0
                    && known != *location
                    && !self.has(known, *email)
            })
        };
        self.0.iter().filter(is_moved).map(|(location, email)| (*email, *location)).collect()
    }
}

/// Whether something of what lies here lies in a hole. Where the frame begins may be some octets further than it is counted.
pub(super) fn is_hit(hole: &Range<u64>, location: Location) -> bool {
    let frame = octets(location);
    hole.start < frame.end && frame.start + ALIGNMENT - 1 < hole.end
}

/// The octets of a frame. Of one that was left out there is at least where it should be.
pub(super) fn octets(location: Location) -> Range<u64> {
    let start = u64::from(location.offset) * ALIGNMENT;
    start..start + u64::from(location.len.max(1)) * ALIGNMENT
}
