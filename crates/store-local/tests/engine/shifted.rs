//! Octets that have gone from segments, or were added to them: what lies behind is found where it is now.

use crate::damage::{Frame, copy, frames, last_segment, segment};
use crate::repair::{goes_on, repair, without_indexes, wrong};
use crate::workload::{ACCOUNT, DIR, NOW, SMALL, Step, create, is_writable, mailbox, open_soon};
use rookery_mail::{DateTime, EmailId, Flag, MailboxId, Uid};
use rookery_mailbox::{AccountStore, FlagOperation, NewMessage, Row, Store, StoreError};
use rookery_store_local::vfs::SimulatedDisk;
use rookery_store_local::{LocalStore, Options, Report};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub(crate) const OTHER: &str = "bob";

/// Numbers that look as if they were random.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % bound.max(1)
    }

    pub(crate) fn octets(&mut self, count: usize) -> Vec<u8> {
        (0..count).map(|_| u8::try_from(self.below(256)).unwrap()).collect()
    }
}

pub(crate) async fn append(account: &dyn AccountStore, id: u64, octets: &[u8], flags: &str) {
    let mut content = account.spool().await.unwrap();
    content.write(octets).await.unwrap();
    let flags = flags.split(' ').map(|flag| Flag::parse(flag).unwrap()).collect();
    let summary = format!("{} octets", octets.len()).into_bytes();
    let internal_date = DateTime::with_offset(NOW - octets.len() as i64, 60);
    let message = NewMessage { content, summary, thread_keys: Vec::new(), flags, internal_date };
    account.append(MailboxId(id), vec![message], NOW).await.unwrap();
}

/// A disk with two accounts, one of which has three segments with messages of which many are of the same size.
pub(crate) async fn written() -> SimulatedDisk {
    let disk = SimulatedDisk::new();
    let options = Options { segment_octets: 16_000, index_octets: 1 << 20, ..SMALL };
    let store = LocalStore::with_vfs(Arc::new(disk.clone()), Path::new(DIR), options).unwrap();
    let account = create(&store).await.unwrap();
    let mut random = Random(1);
    for number in 0..60u64 {
        let size = if number % 3 == 0 { 10 + random.below(2000) } else { 396 };
        // The first one of each mailbox gives the keywords their bits.
        let flags = ["\\Seen", "$One", "$Two", "\\Flagged"][random.below(4)];
        let flags = if number < 2 { "$One $Two $Three" } else { flags };
        append(&*account, 1 + number % 2, &random.octets(size), flags).await;
        if number % 10 == 9 {
            let first = u32::try_from(number / 4).unwrap();
            let change = Step::FlagSome(1, first, first + 2, FlagOperation::Add, "$Three");
            change.take(&*account).await.unwrap();
        }
    }
    store.create_account(OTHER, &[mailbox("INBOX")], NOW).await.unwrap();
    let other = store.account(OTHER).await.unwrap();
    append(&*other, 1, b"not to be noticed", "\\Seen").await;
    drop((account, other));
    store.close().await.unwrap();
    assert_eq!(last_segment(&disk), 3);
    disk
}

/// What is done to a segment: at a place so many octets go, and these are put there.
#[derive(Clone, Debug)]
pub(crate) struct Edit {
    pub(crate) segment: u32,
    pub(crate) at: usize,
    pub(crate) gone: usize,
    pub(crate) put: Vec<u8>,
}

impl Edit {
    fn cut(segment: u32, at: usize, gone: usize) -> Self {
        Self { segment, at, gone, put: Vec::new() }
    }

    /// Whether something of a frame is not what it was, but for the zeros at its end.
    fn touches(&self, frame: &Frame) -> bool {
        let end = frame.ends[2];
        let is_cut = self.gone > 0 && self.at < end && frame.offset < self.at + self.gone;
        is_cut || (frame.offset < self.at && self.at < end)
    }
}

/// A disk to which this was done, the contents whose frames were touched, and whether no other changes were.
pub(crate) fn edited(
    disk: &SimulatedDisk,
    edits: &[Edit],
) -> (SimulatedDisk, BTreeSet<EmailId>, bool) {
    let (damaged, mut touched, mut email) = (copy(disk), BTreeSet::new(), 0);
    let mut only_messages = true;
    for number in 1..=last_segment(disk) {
        let mut octets = disk.read(&segment(number)).unwrap();
        let mut edits: Vec<_> = edits.iter().filter(|edit| edit.segment == number).collect();
        for frame in frames(&octets) {
            email += u64::from(frame.kind == 1);
            let is_touched = edits.iter().any(|edit| edit.touches(&frame));
            only_messages &= frame.kind == 1 || !is_touched;
            touched.extend((frame.kind == 1 && is_touched).then_some(EmailId(email)));
        }
        edits.sort_by_key(|edit| edit.at);
        for Edit { at, gone, put, .. } in edits.into_iter().rev() {
            let end = (at + gone).min(octets.len());
            octets.splice(*at.min(&end)..end, put.iter().copied());
        }
        damaged.overwrite(&segment(number), &octets);
    }
    (damaged, touched, only_messages)
}

/// What is promised of each message: where it is, what is known of it, and its content.
pub(crate) type Messages = BTreeMap<EmailId, Vec<(String, Uid, String, Option<Vec<u8>>)>>;

pub(crate) async fn messages(account: &dyn AccountStore) -> Messages {
    let mut found = Messages::new();
    for info in account.mailboxes().await.unwrap().mailboxes.values() {
        let snapshot = account.open(info.id).await.unwrap().snapshot();
        for row in snapshot.rows() {
            let Row { uid, email, size, flags, internal_date, save_date, .. } = row;
            let named = snapshot.keywords().iter().enumerate();
            let keywords = named.filter(|(bit, _)| flags.keywords >> bit & 1 == 1);
            let keywords: Vec<_> = keywords.map(|(_, keyword)| keyword).collect();
            let known =
                format!("{size} {:?} {keywords:?} {internal_date:?} {save_date}", flags.system);
            let content = match account.content(*email, 0..u64::MAX).await {
                Ok(content) => Some(content.to_vec()),
                Err(StoreError::Damaged(_)) => None,
                Err(error) => panic!("{error}"),
            };
            // Summaries are looked for in the same way. One may be damaged while its message is not.
            let summary = account.summaries(&[*email]).await.unwrap();
            let summary = summary[0].as_ref().unwrap();
            let is_it = **summary == *format!("{size} octets").as_bytes();
            assert!(content.is_none() || is_it || summary.is_empty());
            let is_without = content.is_some() && !is_it;
            let known = if is_without { format!("{known} without its summary") } else { known };
            let message = (info.name.as_str().to_owned(), *uid, known, content);
            found.entry(*email).or_default().push(message);
        }
    }
    found
}

pub(crate) async fn messages_of(disk: &SimulatedDisk) -> Messages {
    let store = open_soon(disk).await.unwrap();
    messages(&*store.account(ACCOUNT).await.unwrap()).await
}

/// All but what was touched is what it was, with its flags if they are known. Of what was touched nothing is served that is something
/// else.
pub(crate) fn promised(
    healthy: &Messages,
    found: &Messages,
    (touched, has_flags): (&BTreeSet<EmailId>, bool),
    moment: &str,
) {
    for (email, message) in healthy.iter().filter(|(email, _)| !touched.contains(email)) {
        let mut found = found.get(email).cloned().unwrap_or_default();
        if !has_flags {
            found.iter_mut().zip(message).for_each(|(found, known)| found.2.clone_from(&known.2));
        }
        assert_eq!(&found, message, "{email}: {moment}");
    }
    let contents = |messages: &Messages| -> BTreeSet<Vec<u8>> {
        messages.values().flatten().filter_map(|message| message.3.clone()).collect()
    };
    assert!(contents(found).is_subset(&contents(healthy)), "{moment}");
    for (email, now) in found {
        let is_it = now.iter().all(|it| it.3.is_none() || it.3 == healthy[email][0].3);
        assert!(is_it, "{email} is another one: {moment}");
    }
}

/// The UIDs that wrong findings name, by mailbox.
pub(crate) fn named(report: &Report) -> BTreeSet<(String, String)> {
    let concerns = wrong(report).into_iter().flat_map(|finding| finding.concerns.clone());
    concerns.map(|it| (it.mailbox, it.uids)).collect()
}

fn files_of_other(disk: &SimulatedDisk) -> Vec<(PathBuf, Vec<u8>)> {
    let files = disk.files().into_iter();
    let others = files.filter(|path| path.starts_with(Path::new(DIR).join("accounts").join(OTHER)));
    others.map(|path| (path.clone(), disk.read(&path).unwrap())).collect()
}

/// Damage an account, look at it, repair it, and look at it again.
async fn survives(
    (disk, has_index): (&SimulatedDisk, bool),
    healthy: &Messages,
    edits: &[Edit],
    moment: &str,
) -> Report {
    let (damaged, touched, only_messages) = edited(disk, edits);
    let touched = (&touched, only_messages || has_index);
    let others = files_of_other(&damaged);
    let store = open_soon(&damaged).await.unwrap();
    let report = store.check(ACCOUNT).await.unwrap();
    assert!(!report.is_good(), "{moment}");
    // Whether it is open or not.
    let account = store.account(ACCOUNT).await.unwrap();
    promised(healthy, &messages(&*account).await, touched, moment);
    let open = store.check(ACCOUNT).await.unwrap();
    assert!(!has_index || named(&open) == named(&report), "{moment}: {open:#?} {report:#?}");
    assert!(store.check(OTHER).await.unwrap().findings.is_empty());
    drop(account);
    store.close().await.unwrap();
    drop(store);
    let repaired = repair(&damaged).await;
    promised(healthy, &messages_of(&damaged).await, touched, &format!("{moment}, repaired"));
    let store = open_soon(&damaged).await.unwrap();
    let again = store.check(ACCOUNT).await.unwrap();
    let left = wrong(&again).into_iter().find(|finding| !finding.what.contains("message"));
    assert_eq!(left, None, "{moment}, after {:#?}", repaired.findings);
    assert!(is_writable(&*store.account(ACCOUNT).await.unwrap()).await, "{moment}");
    drop(store);
    assert_eq!(files_of_other(&damaged), others, "{moment}");
    for disk in [copy(&damaged), without_indexes(&damaged)] {
        promised(healthy, &messages_of(&disk).await, touched, &format!("{moment}, opened again"));
    }
    if edits.iter().any(|edit| edit.gone == 1 && edit.at % 2 == 0) {
        goes_on(&damaged).await;
    }
    report
}

pub(crate) fn is_in(uid: Uid, range: &str) -> bool {
    let (first, last) = range.split_once(':').unwrap_or((range, range));
    (first.parse().unwrap()..=last.parse().unwrap()).contains(&uid.get())
}

/// Places in a segment and how many octets of it go there or are put there.
fn places(octets: &[u8], number: u32) -> Vec<(&'static str, Vec<Edit>)> {
    let all = frames(octets);
    let large = all.iter().skip(6).find(|frame| frame.ends[2] > frame.ends[1] + 900).unwrap();
    let small = all.iter().skip(12).find(|it| it.ends[2] == it.ends[1] + 396).unwrap();
    let padded = all.iter().skip(4).find(|it| it.kind == 1 && it.ends[2] + 1 < it.ends[3]).unwrap();
    let body = large.ends[1] + 500;
    let put = |at, put: &[u8]| Edit { segment: number, at, gone: 0, put: put.to_vec() };
    let cut = |at, gone| Edit::cut(number, at, gone);
    let all = vec![
        ("an octet of a body", vec![cut(body, 1)]),
        ("an octet of a header", vec![cut(small.offset + 30, 1)]),
        ("an octet of metadata", vec![cut(small.offset + 70, 1)]),
        ("an octet of a summary", vec![cut(large.ends[0] + 3, 1)]),
        ("an octet between two", vec![cut(padded.ends[2], 1)]),
        ("an octet more in a body", vec![put(body, b"x")]),
        ("an octet more between two", vec![put(large.ends[3], b"x")]),
        ("many zeros between two", vec![put(small.ends[3], &[0; 8192])]),
        ("a header's beginning more", vec![put(body, b"RkFrRkFrRkFr")]),
        ("4096 octets", vec![cut(small.offset + 10, 4096)]),
        ("4096 octets that begin in a body", vec![cut(body, 4096)]),
        ("as much as a frame", vec![cut(small.offset + 100, small.ends[3] - small.offset)]),
        ("a frame", vec![cut(small.offset, small.ends[3] - small.offset)]),
        ("several", vec![cut(body, 3), cut(large.offset - 100, 1), put(small.ends[0] + 1, b"abc")]),
        (
            "one here, one there",
            vec![cut(body, 1), put(body + 100, b"y"), cut(small.offset + 4, 8)],
        ),
    ];
    // Something has to be left behind it.
    let is_left = |edit: &Edit| edit.at + edit.gone + 2000 < octets.len();
    all.into_iter().filter(|(_, edits)| edits.iter().all(is_left)).collect()
}

#[tokio::test]
async fn what_lies_behind_octets_that_have_gone_is_found() {
    let disk = written().await;
    let healthy = messages_of(&disk).await;
    let indexed = copy(&disk);
    for (disk, has_index) in [(indexed, true), (without_indexes(&disk), false)] {
        for number in [1, 3] {
            for (what, edits) in places(&disk.read(&segment(number)).unwrap(), number) {
                let moment = format!("{what}, segment {number}, index: {has_index}");
                let report = survives((&disk, has_index), &healthy, &edits, &moment).await;
                let (_, touched, _) = edited(&disk, &edits);
                let gone = touched.iter().filter(|it| has_index && healthy.contains_key(it));
                for (mailbox, uid, ..) in gone.flat_map(|email| &healthy[email]) {
                    let names = |uids: &str| uids.split(',').any(|range| is_in(*uid, range));
                    let is_named = named(&report).iter().any(|it| it.0 == *mailbox && names(&it.1));
                    assert!(is_named, "{mailbox} {uid}: {moment}: {:#?}", report.findings);
                }
            }
        }
    }
}

/// A log whose changes all lie in other places than they should has lost none of them.
#[tokio::test]
async fn changes_that_have_moved_are_not_lost() {
    let disk = without_indexes(&written().await);
    let mut seen = 0;
    for (what, edits) in places(&disk.read(&segment(1)).unwrap(), 1) {
        let lost = match what {
            "an octet between two" | "an octet more between two" | "many zeros between two" => {
                false
            }
            "an octet of a header" | "an octet of metadata" | "4096 octets" | "a frame" => true,
            _ => continue,
        };
        let report = repair(&edited(&disk, &edits).0).await;
        assert_eq!(report.lost_changes, lost, "{what}: {:#?}", report.findings);
        seen += 1;
    }
    assert_eq!(seen, 7);
}

/// What a repair has begun a log anew behind may be damaged again.
#[tokio::test]
async fn what_lies_behind_octets_that_have_gone_since_a_repair_is_found() {
    let disk = written().await;
    let at = frames(&disk.read(&segment(2)).unwrap())[3].offset + 9;
    let (disk, ..) = edited(&disk, &[Edit::cut(2, at, 1)]);
    repair(&disk).await;
    let healthy = messages_of(&disk).await;
    let octets = disk.read(&segment(1)).unwrap();
    for (what, edits) in places(&octets, 1) {
        let (damaged, touched, _) = edited(&disk, &edits);
        for disk in [copy(&damaged), without_indexes(&damaged)] {
            for is_repaired in [false, true] {
                let report = if is_repaired { repair(&disk).await } else { Report::default() };
                promised(&healthy, &messages_of(&disk).await, (&touched, true), what);
                let is_told =
                    wrong(&report).iter().all(|it| it.mended.is_some() || !it.concerns.is_empty());
                assert!(is_told, "{what}: {report:#?}");
            }
            let checked = open_soon(&disk).await.unwrap().check(ACCOUNT).await.unwrap();
            let wrong = wrong(&checked);
            assert!(wrong.iter().all(|it| it.what.contains("message")), "{what}: {wrong:#?}");
        }
    }
}

/// Somebody has a copy of the log, and mails it to its owner. Where the mail is damaged, its frames are not taken for the log's.
#[tokio::test]
async fn a_copy_of_the_log_that_is_mailed_is_no_part_of_it() {
    let disk = written().await;
    let store = open_soon(&disk).await.unwrap();
    let account = store.account(ACCOUNT).await.unwrap();
    Step::FlagSome(1, 1, 3, FlagOperation::Add, "\\Deleted").take(&*account).await.unwrap();
    Step::Expunge(1).take(&*account).await.unwrap();
    let last = last_segment(&disk);
    let copied = (1..=last).flat_map(|number| disk.read(&segment(number)).unwrap());
    append(&*account, 1, &copied.collect::<Vec<u8>>(), "\\Seen").await;
    for size in [10, 20] {
        append(&*account, 1, &vec![1; size], "\\Seen").await;
    }
    drop(account);
    store.close().await.unwrap();
    drop(store);
    let healthy = messages_of(&disk).await;
    let disk = without_indexes(&disk);
    let found = (last..=last_segment(&disk)).find_map(|number| {
        let mut all = frames(&disk.read(&segment(number)).unwrap()).into_iter();
        Some((number, all.find(|frame| frame.ends[2] - frame.ends[1] > 5000)?))
    });
    let (number, hostile) = found.expect("it lies in one of the last segments");
    // In its header, its metadata, or somewhere among the frames that it has.
    for at in
        [hostile.offset + 9, hostile.ends[0] - 1, hostile.ends[1] + 64, hostile.ends[1] + 9000]
    {
        for gone in [1, 8] {
            let moment = format!("{gone} octets at {at} of {number}");
            survives((&disk, false), &healthy, &[Edit::cut(number, at, gone)], &moment).await;
        }
    }
}

#[tokio::test]
async fn whatever_goes_or_comes_costs_what_it_touches() {
    let disk = written().await;
    let healthy = messages_of(&disk).await;
    let (indexed, bare) = (copy(&disk), without_indexes(&disk));
    let rounds = crate::power::setting("ROOKERY_CUTS").unwrap_or(30);
    for seed in 0..rounds {
        let mut random = Random(seed);
        let mut edits: Vec<Edit> = Vec::new();
        for _ in 0..=random.below(4) {
            let number = u32::try_from(1 + random.below(3)).unwrap();
            let octets = disk.read(&segment(number)).unwrap();
            // Nothing shows of the last changes that they were durable.
            let bound = octets.len() - 64 - if number == 3 { 3000 } else { 0 };
            let at = 64 + random.below(bound);
            let most = [1, 8, 500, 5000][random.below(4)];
            let gone = random.below(1 + most).min(64 + bound - at);
            let more = if random.below(2) == 0 { 0 } else { random.below(most) };
            let put = if random.below(2) == 0 { vec![0; more] } else { random.octets(more) };
            // One does not touch what another one has put there.
            let apart = |other: &Edit| {
                other.segment != number || at + gone < other.at || other.at + other.gone < at
            };
            if gone + more > 0 && edits.iter().all(apart) {
                edits.push(Edit { segment: number, at, gone, put });
            }
        }
        if edits.is_empty() {
            continue;
        }
        let disk = if random.below(2) == 0 { &indexed } else { &bare };
        let shown: Vec<_> =
            edits.iter().map(|it| (it.segment, it.at, it.gone, it.put.len())).collect();
        looked_at(disk, &healthy, &edits, &format!("seed {seed}: {shown:?}")).await;
    }
}

/// What is whole is served, before a repair and after it.
async fn looked_at(disk: &SimulatedDisk, healthy: &Messages, edits: &[Edit], moment: &str) {
    let contents = |messages: &Messages| -> BTreeMap<EmailId, Vec<u8>> {
        let content = |(email, all): (&EmailId, &Vec<(_, _, _, Option<Vec<u8>>)>)| {
            Some((*email, all.iter().find_map(|it| it.3.clone())?))
        };
        messages.iter().filter_map(content).collect()
    };
    let (damaged, touched, _) = edited(disk, edits);
    let mut expected = contents(healthy);
    for is_repaired in [false, true, true] {
        if is_repaired {
            repair(&damaged).await;
        }
        let found = contents(&messages_of(&damaged).await);
        for (email, content) in &found {
            assert_eq!(Some(content), expected.get(email), "{email}: {moment}, {is_repaired}");
        }
        expected.retain(|email, _| !touched.contains(email) || found.contains_key(email));
        let lost: Vec<_> = expected.keys().filter(|email| !found.contains_key(email)).collect();
        assert!(lost.is_empty(), "{lost:?}: {moment}, {is_repaired}");
    }
}

/// A file may end within the zeros that follow a message, which is whole for all that: it is kept.
#[tokio::test]
async fn a_message_without_the_zeros_behind_it_is_kept() {
    let disk = written().await;
    let healthy = messages_of(&disk).await;
    let octets = disk.read(&segment(1)).unwrap();
    let (mut email, mut seen) = (0, 0);
    for frame in frames(&octets).iter().filter(|frame| frame.kind == 1) {
        email += 1;
        if frame.ends[2] == frame.ends[3] {
            continue;
        }
        for indexed in [true, false] {
            let damaged = if indexed { copy(&disk) } else { without_indexes(&disk) };
            damaged.overwrite(&segment(1), &octets[..frame.ends[2]]);
            // Changes of its flags may have come later.
            let is_kept = |found: &Messages| {
                let (now, then) = (&found[&EmailId(email)][0], &healthy[&EmailId(email)][0]);
                (&now.0, now.1, &now.3) == (&then.0, then.1, &then.3)
            };
            assert!(is_kept(&messages_of(&damaged).await), "{email}");
            repair(&damaged).await;
            assert!(is_kept(&messages_of(&damaged).await), "{email}");
            seen += 1;
        }
    }
    assert!(seen >= 10, "{seen}");
}
