//! Where the content of messages lies, as a check finds it.

use crate::frame::{ALIGNMENT, FrameHeader};
use crate::record;
use crate::segment::Frame;
use crate::state::{Location, State};
use rookery_mail::EmailId;
use std::collections::BTreeMap;
use std::ops::Range;

/// Places of content that can be read, or of which something else says that it cannot.
#[derive(Default)]
pub(super) struct Contents {
    /// In their order.
    all: Vec<Content>,
    /// Those of content that is in another place as well, or in a damaged body, in their order.
    aside: Vec<Content>,
}

struct Content {
    location: Location,
    email: EmailId,
    /// Whether it can be read.
    is_whole: bool,
}

/// Content that is not where an account has it, and where it is.
pub(super) type Moved = Vec<(EmailId, Location)>;

impl Contents {
    /// Take note of a frame.
    pub(super) fn note(&mut self, segment: u32, at: u64, frame: &Frame, is_whole: bool) {
        self.all.extend(Content::of(segment, at, frame, is_whole));
    }

    /// Take note of a frame that is whole, and lies aside of the others.
    pub(super) fn note_aside(&mut self, segment: u32, at: u64, frame: &Frame) {
        self.aside.extend(Content::of(segment, at, frame, true));
    }

    /// Whether this content is here.
    pub(super) fn has(&self, location: Location, email: EmailId) -> bool {
        self.at(location, email).is_some()
    }

    /// Whether it is here, and can be read.
    pub(super) fn is_whole(&self, location: Location, email: EmailId) -> bool {
        self.at(location, email).is_some_and(|content| content.is_whole)
    }

    /// What is here of this content. The best of it.
    fn at(&self, location: Location, email: EmailId) -> Option<&Content> {
        let place = |location: &Location| (location.segment, location.offset);
        let look = |all: &'_ [Content]| {
            let found = all.binary_search_by_key(&place(&location), |it| place(&it.location));
            found.ok().filter(|at| all.get(*at).is_some_and(|found| found.email == email))
        };
        let aside = look(&self.aside).and_then(|at| self.aside.get(at));
        let known = aside.or_else(|| look(&self.all).and_then(|at| self.all.get(at)));
        known.filter(|_| location.len > 0)
    }

    /// What of an account lies elsewhere in its segment than where the account has it. Where it can be read it stays.
    pub(super) fn moved(&self, state: &State) -> Moved {
        let mut moved: BTreeMap<EmailId, &Content> = BTreeMap::new();
        for content in self.all.iter().chain(&self.aside) {
            let Some((known, _)) = state.emails.find(content.email) else { continue };
            let is_possible = known.segment == content.location.segment && known.len > 0;
            if !is_possible || known == content.location {
                continue;
            }
            let is_better = match self.at(known, content.email) {
                Some(here) => content.is_whole && !here.is_whole,
                None => true,
            };
            let before = moved.get(&content.email);
            if is_better && before.is_none_or(|before| content.is_whole && !before.is_whole) {
                moved.insert(content.email, content);
            }
        }
        moved.into_iter().map(|(email, content)| (email, content.location)).collect()
    }
}

impl Content {
    fn of(segment: u32, at: u64, frame: &Frame, is_whole: bool) -> Option<Self> {
        let FrameHeader { kind, dropped, .. } = frame.header;
        let email = record::content_of(kind, &frame.meta).filter(|_| !dropped)?;
        let location = crate::batch::location(segment, at, frame.header.frame_len()).ok()?;
        Some(Self { location, email, is_whole })
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
