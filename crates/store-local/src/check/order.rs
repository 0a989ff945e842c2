//! The changes of a segment that is not in order: where they lie, and which are missing.

use super::Subject;
use crate::segment::{self, Remains, SegmentReader};
use std::io;
use std::ops::Range;

/// Changes that can be read, in the order of the octets.
pub(super) struct Order(Vec<Place>);

struct Place {
    at: u64,
    /// The change that comes before it of those that can be read, if one does.
    before: Option<u64>,
}

impl Order {
    /// Where the changes lie of which not only the content is left; and the frames that are whole and lie aside of these.
    pub(super) fn find(
        reader: &mut SegmentReader<'_>,
        changes: Range<u64>,
    ) -> io::Result<(Self, Vec<u64>)> {
        let survey = reader.survey(changes)?;
        let known = survey.changes.iter().filter(|place| place.remains != Remains::Content);
        let (mut places, mut before) = (Vec::new(), None);
        for place in known {
            places.push(Place { at: place.at, before });
            before = Some(place.sequence);
        }
        places.sort_unstable_by_key(|place| place.at);
        Ok((Self(places), survey.aside))
    }

    /// Where the next one lies, at this offset or behind it.
    pub(super) fn next(&self, at: u64) -> Option<u64> {
        let next = self.0.partition_point(|place| place.at < at);
        self.0.get(next).map(|place| place.at)
    }

    /// The change before the one that lies here, wherever that lies. If none does, it is `first`.
    pub(super) fn before(&self, at: u64, first: u64) -> u64 {
        let place = self.0.binary_search_by_key(&at, |place| place.at).ok();
        place.and_then(|place| self.0.get(place)?.before).unwrap_or(first)
    }
}

/// The changes that a segment may have that begins with this one.
pub(super) fn changes(subject: &Subject, number: u32, first: u64) -> Range<u64> {
    let later = subject.numbers.iter().copied().filter(|later| *later > number);
    let dir = subject.dir.join("seg");
    let headers = later.filter_map(|later| {
        let (_, header) = segment::open(&subject.readable(), &dir, later).ok()?;
        header.ok().filter(|it| (it.number, Some(it.log)) == (later, subject.log))
    });
    let end = headers.map(|header| header.first_sequence).next();
    first..end.unwrap_or(u64::MAX)
}

/// Which changes are missing between two.
pub(super) fn missing((last, next): (u64, u64), place: &str) -> String {
    let first = last.saturating_add(1);
    match next.checked_sub(first) {
        Some(1) => format!("change {first} is missing {place}"),
        Some(2..) => format!("the changes {first} to {} are missing {place}", next - 1),
        _ => format!("change {next} is out of order {place}"),
    }
}

/// That no change is missing where the next one should begin, but octets are, or there are too many.
pub(super) fn out_of_place(expected: u64, found: u64) -> String {
    match (expected.checked_sub(found), found.checked_sub(expected)) {
        (Some(1), _) => "an octet is missing before this, and no change".to_owned(),
        (Some(missing), _) => format!("{missing} octets are missing before this, and no change"),
        (_, Some(1)) => "there is an octet too many, and no change is missing".to_owned(),
        (_, more) => {
            format!("there are {} octets too many, and no change is missing", more.unwrap_or(0))
        }
    }
}
