//! Which messages of an account something concerns, and which of them cannot be read.

use super::contents::{Contents, is_hit, octets};
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
use std::collections::{BTreeMap, HashMap, HashSet};
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

/// For each problem the messages that it concerns. Those that are whole are concerned by what is wrong with their own frame only: they may
/// lie where something of a damaged one should be.
pub(super) fn concerns(
    state: &State,
    problems: &[Problem],
    contents: &Contents,
) -> Vec<Vec<Concern>> {
    let moved: HashMap<EmailId, Location> = contents.moved(state).into_iter().collect();
    let mut holes: HashMap<u32, Vec<(usize, &Range<u64>)>> = HashMap::new();
    for (at, problem) in problems.iter().enumerate() {
        if let Some((segment, hole)) = &problem.octets {
            holes.entry(*segment).or_default().push((at, hole));
        }
    }
    let mut wanted: HashMap<EmailId, Vec<usize>> = HashMap::new();
    let all = state.emails.all().unwrap_or_default().iter();
    for (email, id) in all.zip(1..).filter(|_| !holes.is_empty()) {
        let location = moved.get(&EmailId(id)).copied().unwrap_or(email.location);
        let Some(holes) = holes.get(&location.segment) else { continue };
        let is_whole = contents.is_whole(location, EmailId(id));
        let frame = octets(location);
        let is_own = |hole: &Range<u64>| hole.start & !(ALIGNMENT - 1) == frame.start;
        let hit = holes.iter().filter(|(_, hole)| is_hit(hole, location));
        let hit = hit.filter(|(_, hole)| !is_whole || is_own(hole)).map(|(at, _)| *at);
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

/// The messages of an account whose content cannot be read, by the segment that should have it. What was left out of the segments
/// `leaving` goes with its messages when the account is opened. `is_elsewhere` is asked of what is in none of the frames that were read.
pub(super) fn lost(
    state: &State,
    (contents, leaving): (&Contents, &DeadAsOf),
    mut is_elsewhere: impl FnMut(Location, EmailId) -> bool,
) -> Vec<Finding> {
    let mut lost: BTreeMap<u32, Found> = BTreeMap::new();
    let moved: HashSet<EmailId> = contents.moved(state).into_iter().map(|(id, _)| id).collect();
    for (id, published) in &state.mailboxes {
        for row in published.snapshot().into_iter().flat_map(|snapshot| snapshot.rows()) {
            let found = state.emails.find(row.email).map(|(location, _)| location);
            let location = found.unwrap_or_default();
            let is_leaving = location.len == 0 && leaving.contains_key(&location.segment);
            let is_known = contents.has(location, row.email) || moved.contains(&row.email);
            if is_leaving || is_known || is_elsewhere(location, row.email) {
                continue;
            }
            let lost = lost.entry(location.segment).or_default();
            lost.entry(*id).or_default().insert(row.uid);
        }
    }
    lost.iter().map(|(segment, found)| cannot_be_read(state, *segment, found)).collect()
}

/// Whether problems say of the content here that it cannot be read.
pub(super) fn is_named(problems: &[Problem], location: Location) -> bool {
    let mut holes = problems.iter().filter_map(|problem| problem.octets.as_ref());
    holes.any(|(segment, hole)| *segment == location.segment && is_hit(hole, location))
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
pub(super) struct Segments<'a> {
    subject: &'a Subject,
    /// The last one that was looked into, if it is there.
    open: Option<(u32, Option<Arc<dyn VfsFile>>)>,
}

impl<'a> Segments<'a> {
    pub(super) fn new(subject: &'a Subject) -> Self {
        Self { subject, open: None }
    }

    /// Whether this content is here, and has its checksum.
    pub(super) fn have(&mut self, location: Location, email: EmailId) -> bool {
        let Some(log) = self.subject.log.filter(|_| location.len > 0) else { return false };
        let Some(file) = self.file(location.segment) else { return false };
        let Ok(mut reader) = SegmentReader::new(&*file, log) else { return false };
        let is_there = reader.is_content_at(octets(location).start, email).unwrap_or(false);
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
