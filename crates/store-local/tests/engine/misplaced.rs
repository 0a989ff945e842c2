//! Blocks of a segment that a disk has written to the wrong place: over others, or each in the other's place. All that is whole is found
//! wherever it lies, and what is there twice hides nothing.

use crate::damage::{Frame, copy, frames, last_segment, segment};
use crate::power::setting;
use crate::repair::{goes_on, repair, without_indexes, wrong};
use crate::shifted::{Edit, Messages, Random, append, edited, is_in, messages_of, named, promised};
use crate::workload::{ACCOUNT, DIR, SMALL, Step, create, open_soon};
use rookery_mail::EmailId;
use rookery_mailbox::{FlagOperation, Store};
use rookery_store_local::vfs::SimulatedDisk;
use rookery_store_local::{LocalStore, Options};
use std::collections::BTreeSet;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

const PAGE: usize = 4096;
/// The kind of changes of flags.
const FLAGS: u8 = 2;

/// A disk with an account that has so many messages, the sizes of which are told by their numbers.
async fn written(segment_octets: u64, count: u64, size: impl Fn(u64) -> usize) -> SimulatedDisk {
    let disk = SimulatedDisk::new();
    let options = Options { segment_octets, index_octets: 1 << 20, ..SMALL };
    let store = LocalStore::with_vfs(Arc::new(disk.clone()), Path::new(DIR), options).unwrap();
    let account = create(&store).await.unwrap();
    let mut random = Random(count);
    for number in 0..count {
        // The first one of each mailbox gives the keywords their bits.
        let flags = ["\\Seen", "$One", "$Two", "\\Flagged"][random.below(4)];
        let flags = if number < 2 { "$One $Two $Three" } else { flags };
        append(&*account, 1 + number % 2, &random.octets(size(number)), flags).await;
        if number % 10 == 9 {
            let first = u32::try_from(number / 4).unwrap();
            let change = Step::FlagSome(1, first, first + 2, FlagOperation::Add, "$Three");
            change.take(&*account).await.unwrap();
        }
    }
    drop(account);
    store.close().await.unwrap();
    disk
}

/// Messages of all sizes in several segments.
async fn mixed() -> SimulatedDisk {
    let sizes = [30, 300, 400, 400, 1200, 400, 3000, 90, 400, 9000];
    let large = [20_000, 70_000, 40_000];
    let size = |number: u64| match number % 37 {
        36 => large[usize::try_from(number / 37).unwrap() % large.len()],
        _ => sizes[usize::try_from(number).unwrap() % sizes.len()] + number as usize % 7,
    };
    let disk = written(200_000, 220, size).await;
    assert!((3..=5).contains(&last_segment(&disk)), "{}", last_segment(&disk));
    disk
}

/// A block that is written to another place, or two that are written each to the other's.
#[derive(Clone, Debug)]
struct Misplaced {
    segment: u32,
    from: usize,
    to: usize,
    octets: usize,
    is_swapped: bool,
}

impl Misplaced {
    fn page(from: usize, to: usize, is_swapped: bool) -> Self {
        Self { segment: 1, from: from * PAGE, to: to * PAGE, octets: PAGE, is_swapped }
    }

    /// Two different places of a segment, at multiples of a block's size.
    fn any(disk: &SimulatedDisk, sizes: &[usize], random: &mut Random) -> Option<Self> {
        let number = 1 + random.below(last_segment(disk) as usize);
        let segment = u32::try_from(number).unwrap();
        let (octets, len) =
            (sizes[random.below(sizes.len())], disk.read(&super::damage::segment(segment))?.len());
        let mut place = || random.below(len.div_ceil(octets)) * octets;
        let (from, to) = (place(), place());
        let octets = octets.min(len - from).min(len - to);
        let is_swapped = random.below(2) == 0;
        (from != to).then_some(Self { segment, from, to, octets, is_swapped })
    }

    fn take(&self, disk: &SimulatedDisk) -> SimulatedDisk {
        let damaged = copy(disk);
        let whole = disk.read(&segment(self.segment)).unwrap();
        let mut octets = whole.clone();
        octets[self.to..][..self.octets].copy_from_slice(&whole[self.from..][..self.octets]);
        if self.is_swapped {
            octets[self.from..][..self.octets].copy_from_slice(&whole[self.to..][..self.octets]);
        }
        damaged.overwrite(&segment(self.segment), &octets);
        damaged
    }

    /// The octets that are not what they were.
    fn gone(&self) -> Vec<Range<usize>> {
        let to = self.to..self.to + self.octets;
        let from = self.from..self.from + self.octets;
        if self.is_swapped { vec![to, from] } else { vec![to] }
    }

    fn touches(&self, number: u32, frame: &Frame) -> bool {
        let hit = |gone: &Range<usize>| gone.start < frame.ends[2] && frame.offset < gone.end;
        number == self.segment && self.gone().iter().any(hit)
    }

    /// Whether a frame lies in one of the blocks, whole, so that it is there in any case.
    fn has(&self, frame: &Frame) -> bool {
        let has = |place: usize| place <= frame.offset && frame.ends[2] <= place + self.octets;
        has(self.from) || (self.is_swapped && has(self.to))
    }
}

/// The contents that need not be there any more, and the kinds of the other changes.
fn touched(disk: &SimulatedDisk, misplaced: &Misplaced) -> (BTreeSet<EmailId>, BTreeSet<u8>) {
    let (mut touched, mut kinds, mut email) = (BTreeSet::new(), BTreeSet::new(), 0);
    for number in 1..=last_segment(disk) {
        for frame in frames(&disk.read(&segment(number)).unwrap()) {
            email += u64::from(frame.kind == 1);
            if misplaced.touches(number, &frame) && !misplaced.has(&frame) {
                if frame.kind == 1 {
                    touched.insert(EmailId(email));
                } else {
                    kinds.insert(frame.kind);
                }
            }
        }
    }
    (touched, kinds)
}

fn readable(messages: &Messages) -> BTreeSet<EmailId> {
    let is_readable = |messages: &Vec<(_, _, _, Option<Vec<u8>>)>| {
        messages.iter().any(|message| message.3.is_some())
    };
    messages.iter().filter(|(_, all)| is_readable(all)).map(|(email, _)| *email).collect()
}

/// What is whole is served, before a repair and after it, and nothing that could be read cannot be read after it.
async fn survives(
    (disk, has_index): (&SimulatedDisk, bool),
    healthy: &Messages,
    misplaced: &Misplaced,
    moment: &str,
) {
    let (touched, kinds) = touched(disk, misplaced);
    let damaged = misplaced.take(disk);
    if damaged.read(&segment(misplaced.segment)) == disk.read(&segment(misplaced.segment)) {
        return;
    }
    let keywords_from = [EmailId(1), EmailId(2)];
    let is_known = kinds.is_empty() && !keywords_from.iter().any(|it| touched.contains(it));
    let has_flags = is_known || has_index;
    // Without what made the mailboxes they have other names.
    let has_names = has_index || kinds.iter().all(|kind| *kind == FLAGS);
    let mut seen = BTreeSet::new();
    for round in ["served", "repaired", "repaired again"] {
        let moment = format!("{moment}, {round}");
        if round != "served" {
            repair(&damaged).await;
        }
        let found = messages_of(&damaged).await;
        if has_names {
            promised(healthy, &found, (&touched, has_flags), &moment);
        }
        let now = readable(&found);
        for email in healthy.keys() {
            let is_due = seen.contains(email) || !touched.contains(email);
            assert!(!is_due || now.contains(email), "{email}: {moment}");
            let is_it = found.get(email).is_none_or(|all| {
                all.iter().all(|it| it.3.is_none() || it.3 == healthy[email][0].3)
            });
            assert!(is_it, "{email} is another one: {moment}");
        }
        seen.extend(now);
    }
    let store = open_soon(&damaged).await.unwrap();
    let again = store.check(ACCOUNT).await.unwrap();
    drop(store);
    let left = wrong(&again).into_iter().find(|finding| !finding.what.contains("message"));
    assert_eq!(left, None, "{moment}");
    goes_on(&damaged).await;
}

#[tokio::test]
async fn a_block_in_the_wrong_place_costs_what_it_was_written_over() {
    let disk = mixed().await;
    let healthy = messages_of(&disk).await;
    let indexed = copy(&disk);
    let disks = [(indexed, true), (without_indexes(&disk), false)];
    for seed in 0..setting("ROOKERY_BLOCKS").unwrap_or(24) {
        let mut random = Random(seed);
        let sizes = [512, PAGE, PAGE, 1 << 16];
        let Some(misplaced) = Misplaced::any(&disk, &sizes, &mut random) else { continue };
        let (disk, has_index) = &disks[random.below(2)];
        let moment = format!("seed {seed}: {misplaced:?}, index: {has_index}");
        survives((disk, *has_index), &healthy, &misplaced, &moment).await;
    }
}

/// Changes that were left out are not missing.
#[tokio::test]
async fn a_block_in_the_wrong_place_of_a_squeezed_segment_costs_no_more() {
    let disk = crate::squeeze::squeezed().await.0;
    let healthy = messages_of(&disk).await;
    let indexed = copy(&disk);
    let disks = [(indexed, true), (without_indexes(&disk), false)];
    for seed in 0..setting("ROOKERY_BLOCKS").unwrap_or(16) {
        let mut random = Random(seed);
        let Some(misplaced) = Misplaced::any(&disk, &[64, 512, 512], &mut random) else { continue };
        let (disk, has_index) = &disks[random.below(2)];
        let moment = format!("seed {seed}: {misplaced:?}, index: {has_index}");
        let (touched, _) = touched(disk, &misplaced);
        stays(&misplaced.take(disk), &healthy, &touched, &moment).await;
    }
}

/// All messages but those that were touched can be read, and whatever could be once can be after a repair, and another one.
async fn stays(
    damaged: &SimulatedDisk,
    healthy: &Messages,
    touched: &BTreeSet<EmailId>,
    moment: &str,
) {
    let mut due = readable(healthy);
    due.retain(|email| !touched.contains(email));
    for round in ["served", "repaired", "repaired again"] {
        if round != "served" {
            repair(damaged).await;
        }
        let now = readable(&messages_of(damaged).await);
        let lost: Vec<_> = due.difference(&now).collect();
        assert!(lost.is_empty(), "{lost:?}: {moment}, {round}");
        due.extend(now.intersection(&readable(healthy)));
    }
}

/// One mailbox's worth of mail of a page's third each.
async fn many() -> SimulatedDisk {
    written(64 << 20, 150, |number| 1200 + usize::try_from(number % 50).unwrap()).await
}

#[tokio::test]
async fn a_page_that_is_there_twice_hides_nothing() {
    let disk = many().await;
    let healthy = messages_of(&disk).await;
    let bare = without_indexes(&disk);
    for (from, to) in [(30, 10), (10, 30), (11, 10), (30, 31)] {
        let misplaced = Misplaced::page(from, to, false);
        for (disk, has_index) in [(&disk, true), (&bare, false)] {
            let moment = format!("page {from} over {to}, index: {has_index}");
            let (touched, kinds) = touched(disk, &misplaced);
            assert!((1..=5).contains(&touched.len()), "{touched:?}: {moment}");
            survives((disk, has_index), &healthy, &misplaced, &moment).await;
            let damaged = misplaced.take(disk);
            let found = messages_of(&damaged).await;
            let count = healthy.len() - touched.len();
            assert!(readable(&found).len() >= count, "{moment}");
            // What is said to be missing is what is.
            let report = open_soon(&damaged).await.unwrap().check(ACCOUNT).await.unwrap();
            let missing = wrong(&report).into_iter().filter(|it| it.what.contains("missing"));
            let missing: Vec<_> = missing.map(|finding| &finding.what).collect();
            assert_eq!(missing.len(), 1, "{moment}: {:#?}", report.findings);
            let words: Vec<u64> =
                missing[0].split([' ', ';']).filter_map(|word| word.parse().ok()).collect();
            let (&first, &last) = (words.first().unwrap(), words.last().unwrap());
            let count = usize::try_from(last - first + 1).unwrap();
            assert!(count <= touched.len() + kinds.len(), "{missing:?}: {moment}");
        }
    }
}

/// A repair does not point at a copy that is cut where the block ends.
#[tokio::test]
async fn a_repair_stays_with_what_is_whole() {
    let disk = many().await;
    let octets = disk.read(&segment(1)).unwrap();
    let healthy = messages_of(&disk).await;
    for page in 20..35 {
        let misplaced = Misplaced::page(page, 10, false);
        let end = (page + 1) * PAGE;
        let cut = frames(&octets).into_iter().find(|it| it.offset < end && end < it.ends[2]);
        // Its header and its metadata are in the block.
        if cut.is_none_or(|frame| frame.ends[0] > end) {
            continue;
        }
        let damaged = misplaced.take(&disk);
        let before = readable(&messages_of(&damaged).await);
        repair(&damaged).await;
        let after = readable(&messages_of(&damaged).await);
        assert_eq!(before, after, "page {page}");
        assert!(after.len() + touched(&disk, &misplaced).0.len() >= healthy.len(), "page {page}");
    }
}

/// Later changes lie before earlier ones then.
#[tokio::test]
async fn pages_in_each_others_places_are_read_in_the_order_of_their_changes() {
    let disk = many().await;
    let healthy = messages_of(&disk).await;
    let bare = without_indexes(&disk);
    for (from, to) in [(30, 10), (11, 10), (5, 40)] {
        let misplaced = Misplaced::page(from, to, true);
        for (disk, has_index) in [(&disk, true), (&bare, false)] {
            let moment = format!("pages {from} and {to}, index: {has_index}");
            survives((disk, has_index), &healthy, &misplaced, &moment).await;
        }
    }
}

/// The page says which changes the other segment has.
#[tokio::test]
async fn a_first_page_that_is_another_segments_hides_nothing_behind_it() {
    let disk = mixed().await;
    let healthy = messages_of(&disk).await;
    let bare = without_indexes(&disk);
    let last = last_segment(&disk);
    for (from, to) in [(1, 2), (2, 1), (last, 2), (1, last)] {
        let put = disk.read(&segment(from)).unwrap()[..PAGE].to_vec();
        let edit = Edit { segment: to, at: 0, gone: PAGE, put };
        for (disk, has_index) in [(&disk, true), (&bare, false)] {
            let (damaged, touched, _) = edited(disk, std::slice::from_ref(&edit));
            let moment = format!("{from} over {to}, index: {has_index}");
            stays(&damaged, &healthy, &touched, &moment).await;
            goes_on(&damaged).await;
        }
    }
}

/// The change behind a damaged message follows; what is missing lies in that message.
#[tokio::test]
async fn pages_that_lie_in_a_damaged_message_are_found() {
    let size = |number: u64| if number == 20 { 60_000 } else { 1200 };
    let disk = without_indexes(&written(64 << 20, 80, size).await);
    let healthy = messages_of(&disk).await;
    let all = frames(&disk.read(&segment(1)).unwrap());
    let large = all.iter().find(|frame| frame.ends[2] - frame.ends[1] == 60_000).unwrap();
    let inside = large.ends[1].div_ceil(PAGE) + 5;
    let behind = large.ends[2].div_ceil(PAGE) + 5;
    let last = all.last().unwrap().offset / PAGE - 1;
    for from in [3, behind, last] {
        let misplaced = Misplaced::page(from, inside, true);
        survives((&disk, false), &healthy, &misplaced, &format!("{misplaced:?}")).await;
        // Nobody is told to expunge what can be read.
        let damaged = misplaced.take(&disk);
        repair(&damaged).await;
        let found = messages_of(&damaged).await;
        let report = open_soon(&damaged).await.unwrap().check(ACCOUNT).await.unwrap();
        let named = named(&report);
        for (mailbox, uid, _, content) in found.values().flatten() {
            let has = |uids: &str| uids.split(',').any(|range| is_in(*uid, range));
            let is_named = named.iter().any(|it| it.0 == *mailbox && has(&it.1));
            assert_eq!(
                is_named,
                content.is_none(),
                "{mailbox} {uid}: {misplaced:?}: {:#?}",
                report.findings
            );
        }
    }
}

/// What has been acknowledged lies before the end of the log then, in the body of a message. That is not the torn end of a log.
#[tokio::test]
async fn the_end_of_a_log_in_a_place_before_it_is_not_torn() {
    let size = |number: u64| if number == 20 { 60_000 } else { 1200 };
    let disk = written(64 << 20, 80, size).await;
    let healthy = messages_of(&disk).await;
    // Index snapshots that end some changes before the log does.
    let store = open_soon(&disk).await.unwrap();
    let account = store.account(ACCOUNT).await.unwrap();
    for number in 0..12 {
        append(&*account, 1, &vec![number; 1300], "\\Seen").await;
    }
    let later = crate::shifted::messages(&*account).await;
    drop(account);
    drop(store);
    let disk = disk.kill();
    assert_eq!(later.len(), healthy.len() + 12);
    let octets = disk.read(&segment(1)).unwrap();
    let all = frames(&octets);
    let large = all.iter().find(|frame| frame.ends[2] - frame.ends[1] == 60_000).unwrap();
    let to = large.ends[1].div_ceil(PAGE) * PAGE;
    let from = octets.len() / PAGE * PAGE - PAGE;
    let octets = octets.len() - from;
    let misplaced = Misplaced { segment: 1, from, to, octets, is_swapped: true };
    for (disk, has_index) in [(&disk, true), (&without_indexes(&disk), false)] {
        survives((disk, has_index), &later, &misplaced, &format!("index: {has_index}")).await;
    }
}
