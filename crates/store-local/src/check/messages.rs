//! Which messages of an account something concerns, and which of them cannot be read.

use super::log::Problem;
use super::report::{Concern, Finding};
use super::{Subject, compare};
use crate::frame::ALIGNMENT;
use crate::left_out::DeadAsOf;
use crate::limits::{MAX_SHOWN_MAILBOXES, MAX_SHOWN_UIDS};
use crate::segment::{self, SegmentReader, file_name};
use crate::state::{Location, Published, State};
use crate::vfs::VfsFile;
use rookery_mail::{EmailId, MailboxId, UidSet};
use std::collections::{BTreeMap, HashMap};
use std::ops::Range;
use std::sync::Arc;

/// Messages, by their mailboxes.
type Found = BTreeMap<MailboxId, UidSet>;

const LOST: &str = "everything else works; nothing is wrong any more once they are expunged";

/// How many messages an account has.
pub(super) fn count(state: &State) -> u64 {
    let counts = |published: &Published| published.status().counts.messages;
    state.mailboxes.values().map(|published| u64::from(counts(published))).sum()
}

/// For each problem the messages that it concerns.
pub(super) fn concerns(state: &State, problems: &[Problem]) -> Vec<Vec<Concern>> {
    let mut holes: HashMap<u32, Vec<(usize, &Range<u64>)>> = HashMap::new();
    for (at, problem) in problems.iter().enumerate() {
        if let Some((segment, hole)) = &problem.octets {
            holes.entry(*segment).or_default().push((at, hole));
        }
    }
    let mut wanted: HashMap<EmailId, Vec<usize>> = HashMap::new();
    let all = state.emails.all().unwrap_or_default().iter();
    for (email, id) in all.zip(1..).filter(|_| !holes.is_empty()) {
        let Some(holes) = holes.get(&email.location.segment) else { continue };
        let frame = octets(email.location);
        let is_hit = |hole: &Range<u64>| hole.start < frame.end && frame.start < hole.end;
        let hit = holes.iter().filter(|(_, hole)| is_hit(hole)).map(|(at, _)| *at);
        let hit: Vec<usize> = hit.collect();
        if !hit.is_empty() {
            wanted.insert(EmailId(id), hit);
        }
    }
    let mut found: Vec<Found> = vec![Found::new(); problems.len()];
    if !wanted.is_empty() {
        for (id, published) in &state.mailboxes {
            for row in published.snapshot().into_iter().flat_map(|snapshot| snapshot.rows()) {
                for at in wanted.get(&row.email).into_iter().flatten() {
                    let Some(found) = found.get_mut(*at) else { continue };
                    found.entry(*id).or_default().insert(row.uid);
                }
            }
        }
    }
    found.iter().map(|found| concerned(state, found)).collect()
}

/// The octets of a frame. Of one that was left out there is at least where it should be.
fn octets(location: Location) -> Range<u64> {
    let start = u64::from(location.offset) * ALIGNMENT;
    start..start + u64::from(location.len.max(1)) * ALIGNMENT
}

/// The messages of an account whose content cannot be read, by the segment that should have it. `contents` are places of
/// content, in their order, that can be read, or of which something else is said. What was left out of the segments `leaving` goes
/// with its messages when the account is opened.
pub(super) fn lost(
    subject: &Subject,
    state: &State,
    (contents, leaving): (&[(u32, u32)], &DeadAsOf),
) -> Vec<Finding> {
    let mut lost: BTreeMap<u32, Found> = BTreeMap::new();
    let mut segments = Segments { subject, open: None };
    for (id, published) in &state.mailboxes {
        for row in published.snapshot().into_iter().flat_map(|snapshot| snapshot.rows()) {
            let found = state.emails.find(row.email).map(|(location, _)| location);
            let location = found.unwrap_or_default();
            let is_known = contents.binary_search(&(location.segment, location.offset)).is_ok();
            let is_leaving = location.len == 0 && leaving.contains_key(&location.segment);
            if is_leaving || (is_known && location.len > 0) || segments.have(location) {
                continue;
            }
            let lost = lost.entry(location.segment).or_default();
            lost.entry(*id).or_default().insert(row.uid);
        }
    }
    lost.iter().map(|(segment, found)| cannot_be_read(state, *segment, found)).collect()
}

fn cannot_be_read(state: &State, segment: u32, found: &Found) -> Finding {
    let count: u64 = found.values().map(UidSet::len).sum();
    let place = match found.keys().next() {
        Some(id) if found.len() == 1 => compare::name(state, *id),
        _ => format!("{} mailboxes", found.len()),
    };
    let what = match count {
        1 => {
            format!("1 message of {place} cannot be read: restore it from a backup, or expunge it")
        }
        _ => format!(
            "{count} messages of {place} cannot be read: restore them from a backup, or expunge them"
        ),
    };
    let concerns = concerned(state, found);
    Finding { concerns, ..Finding::wrong(format!("seg/{}", file_name(segment)), what, LOST) }
}

/// Segments in which content is looked for.
struct Segments<'a> {
    subject: &'a Subject,
    /// The last one that was looked into, if it is there.
    open: Option<(u32, Option<Arc<dyn VfsFile>>)>,
}

impl Segments<'_> {
    /// Whether there is content here that has its checksum.
    fn have(&mut self, location: Location) -> bool {
        let Some(log) = self.subject.log.filter(|_| location.len > 0) else { return false };
        let Some(file) = self.file(location.segment) else { return false };
        let Ok(mut reader) = SegmentReader::new(&*file, log) else { return false };
        let is_there = reader.is_content_at(octets(location).start).unwrap_or(false);
        is_there && self.subject.unread(location.segment, &octets(location)).is_none()
    }

    fn file(&mut self, number: u32) -> Option<Arc<dyn VfsFile>> {
        if let Some((_, file)) = self.open.as_ref().filter(|(open, _)| *open == number) {
            return file.clone();
        }
        let (vfs, dir) = (self.subject.readable(), self.subject.dir.join("seg"));
        let file = segment::open(&vfs, &dir, number).ok().map(|(file, _)| file);
        self.open = Some((number, file.clone()));
        file
    }
}

/// The first of the mailboxes, and how many more there are.
fn concerned(state: &State, found: &Found) -> Vec<Concern> {
    let mut concerned: Vec<Concern> =
        found.iter().take(MAX_SHOWN_MAILBOXES).map(|it| concern(state, it)).collect();
    let more = found.len() - concerned.len();
    if let Some(last) = concerned.last_mut().filter(|_| more > 0) {
        last.uids.push_str(&format!(" (and messages of {more} more mailboxes)"));
    }
    concerned
}

fn concern(state: &State, (id, uids): (&MailboxId, &UidSet)) -> Concern {
    let first: UidSet = uids.ranges().iter().take(MAX_SHOWN_UIDS).copied().collect();
    let more = uids.len() - first.len();
    let uids = if more > 0 { format!("{first} and {more} more") } else { first.to_string() };
    Concern { mailbox: compare::name(state, *id), uids }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rookery_mail::{Uid, UidRange};

    /// Whoever reads a finding wants to know where to look, not each of a million UIDs.
    #[test]
    fn some_are_named_and_the_others_counted() {
        let alone = |n: usize| Uid::new(2 * u32::try_from(n).unwrap() + 1).unwrap();
        let apart = |count| (0..count).map(|n| UidRange::new(alone(n), alone(n))).collect();
        let uids: UidSet = apart(MAX_SHOWN_UIDS + 5);
        let found: Found = (0..12).map(|id| (MailboxId(id), uids.clone())).collect();
        let named = concerned(&State::default(), &found);
        assert_eq!(named.len(), MAX_SHOWN_MAILBOXES);
        let first: UidSet = apart(MAX_SHOWN_UIDS);
        assert_eq!(named[0].uids, format!("{first} and 5 more"));
        assert!(
            named[MAX_SHOWN_MAILBOXES - 1].uids.ends_with("(and messages of 2 more mailboxes)")
        );
    }
}
