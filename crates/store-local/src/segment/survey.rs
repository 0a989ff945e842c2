//! What is whole in a segment, wherever it lies. Octets may have gone from it, or been added, and blocks of it may have been written to
//! places that are not theirs: then frames begin anywhere, in any order, and some are there twice. The order of changes is that of their
//! sequence numbers.
//!
//! Nothing is looked for inside of what has its checksums, for a message may have anything in it.

use super::{NoFrame, Part, SEGMENT_HEADER, SegmentHeader, SegmentReader};
use crate::frame::{FrameHeader, HEADER};
use crate::limits::MAX_REREADINGS;
use crate::record;
use crate::state::Location;
use crate::vfs::{self, VfsFile};
use rookery_mail::EmailId;
use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::io;
use std::ops::Range;

/// What there is of a frame; the better the later.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Remains {
    /// All but its body, which is damaged.
    Change,
    /// The content that it brings, and its header.
    Content,
    /// All that matters.
    Whole,
}

/// Where there is something of a frame.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    pub(crate) at: u64,
    pub(crate) remains: Remains,
    /// The first change that it stands for.
    first: u64,
    pub(crate) sequence: u64,
    end: u64,
    /// Whether it begins where something of a damaged frame should be. Somebody may have mailed it.
    is_inside: bool,
    /// How many lie there one after the other, in their order. Those of a block that is not in its place are few.
    run: u32,
}

/// What there is in a segment of the changes that it may have.
pub(crate) struct Survey {
    /// Of each change the best that there is, in the order of changes.
    pub(crate) changes: Vec<Place>,
    /// Whole frames that nobody comes upon who follows these, or reads one after the other: of changes that are in other places as well,
    /// and those in damaged bodies. In the order of the octets.
    pub(crate) aside: Vec<u64>,
}

/// What was come upon.
#[derive(Default)]
struct Found {
    places: Vec<Place>,
    /// Octets of damaged frames that were passed over, since the next change follows behind them.
    passed_over: Vec<Range<u64>>,
    /// Whether the last frame ends where the segment does.
    is_ended: bool,
}

/// One place for each change, in their order.
#[derive(Default)]
struct Chosen(Vec<Place>);

impl SegmentReader<'_> {
    /// Look at all of a segment that may have these changes; what comes after the last one need not be known (`u64::MAX`).
    pub(crate) fn survey(&mut self, changes: Range<u64>) -> io::Result<Survey> {
        let mut found = Found::default();
        let start = self.first_frame()?;
        self.walk(start..self.len, &changes, &mut found)?;
        let Found { mut places, passed_over, is_ended } = found;
        count_runs(&mut places);
        let mut chosen = Chosen::default();
        let mut aside = chosen.take(places);
        let missing = chosen.bounds(changes, is_ended);
        let mut inside = Found::default();
        let is_complete = chosen.has_all(&missing);
        for octets in passed_over.into_iter().filter(|_| !is_complete) {
            self.walk(octets, &missing, &mut inside)?;
        }
        count_runs(&mut inside.places);
        let whole = inside.places.iter().filter(|place| place.remains == Remains::Whole);
        aside.extend(whole.map(|place| place.at));
        chosen.take(inside.places);
        aside.sort_unstable();
        Ok(Survey { changes: chosen.0, aside })
    }

    /// Where the first frame begins: if the header is another one than it was, maybe in its place.
    fn first_frame(&mut self) -> io::Result<u64> {
        let header = SegmentHeader::decode(self.octets(0, SEGMENT_HEADER)?);
        Ok(if header.is_ok() { SEGMENT_HEADER as u64 } else { 0 })
    }

    /// Take note of all frames within these octets that are of such changes.
    fn walk(
        &mut self,
        octets: Range<u64>,
        changes: &Range<u64>,
        found: &mut Found,
    ) -> io::Result<()> {
        let (mut at, mut last) = (octets.start, changes.start.saturating_sub(1));
        let mut damaged = 0;
        self.behind = at;
        while let Some(place) = self.next_place((at, last), octets.end, changes)? {
            if place == at && self.behind < at {
                found.passed_over.push(self.behind..at);
            }
            let Some((header, remains)) = self.look_at(place)? else { break };
            let (first, sequence) = (header.first_sequence(), header.sequence);
            let end = place.saturating_add(header.frame_len());
            if let Some(remains) = remains.filter(|_| is_within(&header, changes)) {
                let is_inside = place < damaged;
                let place = Place { at: place, remains, first, sequence, end, is_inside, run: 1 };
                found.places.push(place);
            }
            damaged = if self.behind < end { damaged.max(end) } else { damaged };
            (at, last) = (end, sequence);
        }
        found.is_ended = at >= octets.end && self.behind >= at;
        Ok(())
    }

    /// Where the next frame begins, where one should after the change with this sequence number, or wherever it lies. If what was read
    /// before is whole, a header where it should be is it; otherwise only one that says that no change is missing, for frames may lie
    /// where something that is damaged should be.
    fn next_place(
        &mut self,
        (at, last): (u64, u64),
        end: u64,
        changes: &Range<u64>,
    ) -> io::Result<Option<u64>> {
        if at < end
            && let Some(header) = self.header_at(at)?
            && (self.behind >= at || header.follows(last))
        {
            return Ok(Some(at));
        }
        let may_go_back = self.gone_back < MAX_REREADINGS.saturating_mul(self.len);
        let from = if may_go_back { self.behind.min(at) } else { at };
        let place = self.find(from..end, |_, header| is_within(header, changes))?;
        // A frame that does not end may say that it ends far behind the file.
        self.gone_back += place.map_or(0, |place| at.min(self.len).saturating_sub(place));
        Ok(place)
    }

    /// The frame header at this offset, if there is one.
    pub(crate) fn header_at(&mut self, at: u64) -> io::Result<Option<FrameHeader>> {
        let log = self.log;
        Ok(FrameHeader::decode(self.octets(at, HEADER)?, log).ok())
    }

    /// What there is of the frame with a header here.
    fn look_at(&mut self, at: u64) -> io::Result<Option<(FrameHeader, Option<Remains>)>> {
        // A file may end within the zeros behind it.
        let content_end = |header: &FrameHeader| header.frame_len() - header.padding();
        match self.frame_up_to(at, content_end) {
            Ok(frame) if frame.damaged.contains(&Part::Body) => {
                Ok(Some((frame.header, Some(Remains::Change))))
            }
            Ok(frame) => Ok(Some((frame.header, Some(Remains::Whole)))),
            Err(NoFrame::Io(error)) => Err(error),
            Err(NoFrame::Bad(_) | NoFrame::End) => self.remains(at),
        }
    }

    /// The same of a frame whose metadata is damaged, or that does not end.
    fn remains(&mut self, at: u64) -> io::Result<Option<(FrameHeader, Option<Remains>)>> {
        let Some(header) = self.header_at(at)? else { return Ok(None) };
        if record::is_append(header.kind) && self.has_content(at, &header)? {
            self.behind = at + header.frame_len();
            return Ok(Some((header, Some(Remains::Content))));
        }
        self.behind = at + HEADER as u64;
        Ok(Some((header, None)))
    }
}

fn is_within(header: &FrameHeader, changes: &Range<u64>) -> bool {
    header.first_sequence() >= changes.start && header.sequence < changes.end
}

/// Count how many frames lie one after the other, in the order of their changes.
fn count_runs(places: &mut [Place]) {
    let goes_on = |one: &Place, next: &Place| one.end == next.at && one.sequence + 1 == next.first;
    for run in places.chunk_by_mut(goes_on) {
        let count = u32::try_from(run.len()).unwrap_or(u32::MAX);
        run.iter_mut().for_each(|place| place.run = count);
    }
}

impl Chosen {
    /// Choose the best places, for changes that have none yet; returns those of whole frames that were not chosen.
    fn take(&mut self, mut places: Vec<Place>) -> Vec<u64> {
        places.retain(|place| self.is_free(place));
        places.sort_by_key(|place| place.first);
        let (mut doubles, mut rest) = (Vec::new(), &mut places[..]);
        while let Some(first) = rest.first() {
            // Most are alone.
            let (mut last, mut count) = (first.sequence, 1);
            while let Some(next) = rest.get(count).filter(|next| next.first <= last) {
                (last, count) = (last.max(next.sequence), count + 1);
            }
            let (rivals, others) = std::mem::take(&mut rest).split_at_mut(count);
            choose(rivals, &mut self.0, &mut doubles);
            rest = others;
        }
        self.0.sort_unstable_by_key(|place| place.sequence);
        doubles
    }

    /// Whether no place was chosen yet for any of the changes of this one.
    fn is_free(&self, place: &Place) -> bool {
        let next = self.0.partition_point(|chosen| chosen.sequence < place.first);
        self.0.get(next).is_none_or(|next| next.first > place.sequence)
    }

    /// The changes that the segment should have, as far as that is known.
    fn bounds(&self, changes: Range<u64>, is_ended: bool) -> Range<u64> {
        let last = self.0.last().map_or(0, |place| place.sequence);
        let is_known = changes.end < u64::MAX || !is_ended;
        changes.start..if is_known { changes.end } else { last.saturating_add(1) }
    }

    /// Whether none of these changes is missing.
    fn has_all(&self, changes: &Range<u64>) -> bool {
        let mut next = changes.start;
        for place in self.0.iter().filter(|place| place.sequence >= changes.start) {
            if place.first > next {
                return false;
            }
            next = place.sequence.saturating_add(1);
        }
        next >= changes.end
    }
}

/// Choose of places that have changes in common.
fn choose(rivals: &mut [Place], chosen: &mut Vec<Place>, doubles: &mut Vec<u64>) {
    rivals.sort_by_key(|place| {
        (Reverse(place.remains), place.is_inside, Reverse(place.run), place.at)
    });
    let mut taken: BTreeMap<u64, u64> = BTreeMap::new();
    for place in rivals {
        let next = taken.range(place.first..).next();
        if next.is_none_or(|(_, first)| *first > place.sequence) {
            taken.insert(place.sequence, place.first);
            chosen.push(*place);
        } else if place.remains == Remains::Whole {
            doubles.push(place.at);
        }
    }
}

/// Where the content of a segment lies, as far as it is found in it.
pub(crate) fn contents(
    (number, file): (u32, &dyn VfsFile),
    log: u64,
) -> io::Result<Vec<(EmailId, Location)>> {
    let mut octets = vec![0; SEGMENT_HEADER];
    // Whether the disk can read it does not matter.
    let header = vfs::read_at(file, &mut octets, 0).ok().and(SegmentHeader::decode(&octets).ok());
    let own = header.filter(|it| (it.number, it.log) == (number, log));
    let first = own.map_or(0, |header| header.first_sequence);
    let mut reader = SegmentReader::new(file, log)?;
    let (survey, mut found) = (reader.survey(first..u64::MAX)?, Vec::new());
    for place in survey.changes.iter().filter(|place| place.remains != Remains::Content) {
        let frame = match reader.frame_without_content(place.at) {
            Ok(frame) => frame,
            Err(NoFrame::Io(error)) => return Err(error),
            Err(NoFrame::Bad(_) | NoFrame::End) => continue,
        };
        let len = if frame.header.dropped { 0 } else { frame.header.frame_len() };
        let email = record::content_of(frame.header.kind, &frame.meta);
        let location = crate::batch::location(number, place.at, len).ok();
        found.extend(email.zip(location));
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
        let survey = reader.survey(1..u64::MAX).unwrap();
        survey.changes.iter().map(|place| place.sequence).collect()
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
        // Nobody can tell it from what lies behind octets that have gone. It takes nothing's place.
        let hostile = frame(1, &[&frame(7, b"forged"), &b"what comes behind it"[..]].concat());
        let cut = &flipped(&hostile, hostile.len() - 12)[..hostile.len() - 1];
        assert_eq!(found(&[cut, &damaged]), [1, 2, 7]);
        let file = file(&[cut, &damaged, &frame(7, b"not forged")]);
        let survey = SegmentReader::new(&*file, LOG).unwrap().survey(1..u64::MAX).unwrap();
        let seventh = survey.changes[2];
        assert_eq!((seventh.sequence, seventh.end), (7, file.len().unwrap()));
        assert_eq!((survey.changes.len(), survey.aside.len()), (3, 1));
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
        reader.survey(1..u64::MAX).unwrap();
        let most = (MAX_REREADINGS + 1) * reader.len();
        assert!(reader.gone_back > MAX_REREADINGS * reader.len(), "{}", reader.gone_back);
        assert!(reader.gone_back <= most, "{} octets of {}", reader.gone_back, reader.len());
    }
}
