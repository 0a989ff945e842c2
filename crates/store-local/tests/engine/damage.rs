//! Files that are not what was written.

use crate::workload::{
    ACCOUNT, DIR, NOW, Step, account_dir, create, done, message, name, open_soon, opened_soon,
    picture, pictures,
};
use rookery_mail::MailboxId;
use rookery_mailbox::{Store, StoreError};
use rookery_store_local::limits::{MAX_KEPT_CUT_OCTETS, MAX_KEPT_CUTS};
use rookery_store_local::vfs::SimulatedDisk;
use rookery_store_local::{LocalStore, Options};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub(crate) fn segment(number: u32) -> PathBuf {
    account_dir().join("seg").join(format!("{number}.seg"))
}

/// The number of the last segment.
pub(crate) fn last_segment(disk: &SimulatedDisk) -> u32 {
    (1..).find(|number| disk.read(&segment(number + 1)).is_none()).unwrap()
}

/// A copy of a disk as it is.
pub(crate) fn copy(disk: &SimulatedDisk) -> SimulatedDisk {
    disk.duplicate()
}

async fn look(disk: &SimulatedDisk) -> Result<String, StoreError> {
    let store = open_soon(disk).await.unwrap();
    let account = store.account(ACCOUNT).await?;
    Ok(picture(&*account).await)
}

#[tokio::test]
async fn a_log_that_ends_anywhere_is_read_up_to_a_whole_change() {
    let pictures = pictures().await;
    let disk = done(false, Options::default()).await;
    let whole = disk.read(&segment(1)).unwrap();
    let mut seen = 0;
    for len in (64..=whole.len()).rev() {
        let cut = copy(&disk);
        cut.overwrite(&segment(1), &whole[..len]);
        // Before its first change an account has not even an inbox; that was never acknowledged.
        if len < 400 {
            look(&cut).await.unwrap();
            continue;
        }
        let found = look(&cut).await.unwrap();
        let at = pictures.iter().position(|picture| *picture == found);
        let at = at.unwrap_or_else(|| panic!("cut to {len} octets:\n{found}"));
        if len == whole.len() {
            assert_eq!(at, pictures.len() - 1);
        }
        seen = seen.max(pictures.len() - at);
    }
    assert!(seen > 20, "the cuts went through the script: {seen}");
}

#[tokio::test]
async fn a_tail_of_zeros_is_cut() {
    let pictures = pictures().await;
    let disk = done(false, Options::default()).await;
    let mut whole = disk.read(&segment(1)).unwrap();
    whole.resize(whole.len() + 5000, 0);
    disk.overwrite(&segment(1), &whole);
    assert_eq!(&look(&disk).await.unwrap(), pictures.last().unwrap());
}

/// Of two changes that were written at once a power cut spoils the first. The next change takes its place to the octet.
#[tokio::test]
async fn what_was_cut_off_does_not_come_back() {
    let disk = SimulatedDisk::new();
    let store = open_soon(&disk).await.unwrap();
    let account = create(&store).await.unwrap();
    let before = disk.read(&segment(1)).unwrap().len();
    let [first, second, third] = ["n1", "n2", "n3"].map(name);
    let (one, other) =
        tokio::join!(account.subscribe(&first, true), account.subscribe(&second, true));
    one.and(other).unwrap();
    drop((account, store));
    let mut octets = disk.read(&segment(1)).unwrap();
    let [one, other] = &frames(&octets[..])[frames(&octets[..before]).len()..] else {
        panic!("two changes")
    };
    let spoilt = one.offset + 70;
    assert!(spoilt < other.offset);
    octets[spoilt] ^= 1;
    disk.overwrite(&segment(1), &octets);
    let store = open_soon(&disk).await.unwrap();
    let account = store.account(ACCOUNT).await.unwrap();
    account.subscribe(&third, true).await.unwrap();
    drop((account, store));
    let account = open_soon(&disk).await.unwrap().account(ACCOUNT).await.unwrap();
    let subscriptions = &account.mailboxes().await.unwrap().subscriptions;
    assert!(subscriptions.contains(&third) && !subscriptions.contains(&second));
}

/// The length was committed and the octets were not, wherever the last write began or broke off.
#[tokio::test]
async fn a_log_that_goes_on_in_zeros_is_read_up_to_a_whole_change() {
    let pictures = pictures().await;
    let disk = done(false, Options::default()).await;
    let whole = disk.read(&segment(1)).unwrap();
    let mut seen = BTreeSet::new();
    for len in (400..whole.len()).step_by(7) {
        let cut = copy(&disk);
        let mut octets = whole[..len].to_vec();
        octets.resize(whole.len() + 4096, 0);
        cut.overwrite(&segment(1), &octets);
        let found = look(&cut).await.unwrap();
        let at = pictures.iter().position(|picture| *picture == found);
        seen.insert(at.unwrap_or_else(|| panic!("zeros from {len} on:\n{found}")));
        assert_eq!(look(&cut).await.unwrap(), found, "zeros from {len} on, opened again");
    }
    assert!(seen.len() > 20, "the zeros began all over the script: {seen:?}");
}

/// What is read from index snapshots remembers as many expunges as what is rebuilt.
const FORGETFUL: Options = Options {
    segment_octets: 64 << 20,
    index_octets: 16 << 20,
    max_tombstones: crate::workload::SMALL.max_tombstones,
    ..crate::workload::SMALL
};

/// The same of an index snapshot: it is made anew, and nothing reverts.
#[tokio::test]
async fn indexes_that_end_in_zeros_are_rebuilt() {
    let pictures = pictures().await;
    let disk = done(true, FORGETFUL).await;
    let is_index = |path: &PathBuf| path.extension().is_some_and(|it| it == "idx");
    for path in disk.files().into_iter().filter(is_index) {
        let whole = disk.read(&path).unwrap();
        for at in (0..whole.len()).step_by(19) {
            let mut octets = whole.clone();
            octets[at..].fill(0);
            let damaged = copy(&disk);
            damaged.overwrite(&path, &octets);
            assert_eq!(&look(&damaged).await.unwrap(), pictures.last().unwrap(), "{path:?} {at}");
        }
    }
}

/// A frame as it lies in a segment.
pub(crate) struct Frame {
    pub(crate) offset: usize,
    pub(crate) kind: u8,
    pub(crate) sequence: u64,
    /// How many changes were left out before it.
    pub(crate) omitted: u64,
    /// Where metadata, summary, body and the zeros behind them end.
    pub(crate) ends: [usize; 4],
}

/// The frames of a segment.
pub(crate) fn frames(octets: &[u8]) -> Vec<Frame> {
    let (mut frames, mut offset) = (Vec::new(), 64);
    while offset < octets.len() {
        let number = |at: usize| {
            usize::try_from(u32::from_le_bytes(*octets[offset + at..].first_chunk().unwrap()))
        };
        let meta = offset + 64 + number(24).unwrap();
        let summary = meta + number(28).unwrap();
        let body = summary + number(32).unwrap();
        let end = body.next_multiple_of(8);
        let sequence = u64::from_le_bytes(*octets[offset + 8..].first_chunk().unwrap());
        let (kind, omitted) = (octets[offset + 4], number(52).unwrap() as u64);
        frames.push(Frame { offset, kind, sequence, omitted, ends: [meta, summary, body, end] });
        offset = end;
    }
    frames
}

/// A disk on which a bit of the first segment is another one.
pub(crate) fn flipped(disk: &SimulatedDisk, at: usize) -> SimulatedDisk {
    let damaged = copy(disk);
    let mut octets = disk.read(&segment(1)).unwrap();
    octets[at] ^= 1 << (at % 8);
    damaged.overwrite(&segment(1), &octets);
    damaged
}

/// The account is damaged: it takes no changes.
async fn reported(disk: &SimulatedDisk) {
    let store = open_soon(disk).await.unwrap();
    let created = match store.account(ACCOUNT).await {
        Ok(account) => account.create(&[crate::workload::mailbox("x")], 1).await.map(|_| ()),
        Err(error) => Err(error),
    };
    let is_reported = matches!(created, Err(StoreError::Damaged(_) | StoreError::ReadOnly));
    assert!(is_reported, "{created:?}");
}

#[tokio::test]
async fn damage_in_the_middle_is_reported() {
    let disk = done(false, Options::default()).await;
    let whole = disk.read(&segment(1)).unwrap();
    // The last change has nothing after it that would show that it was durable.
    let changes = frames(&whole).into_iter().map(|frame| frame.offset..frame.ends[0]);
    for at in std::iter::once(0..64).chain(changes).flatten().step_by(13) {
        if at > whole.len() - 400 {
            return;
        }
        let damaged = flipped(&disk, at);
        let octets = damaged.read(&segment(1)).unwrap();
        reported(&damaged).await;
        assert_eq!(damaged.read(&segment(1)).unwrap(), octets, "what is damaged is left alone");
    }
    panic!("the script ends with small changes");
}

/// All that can be seen of an account, with what cannot be read of its messages: summary or content, and of which.
async fn picture_with_gaps(disk: &SimulatedDisk) -> (String, Vec<(&'static str, u64)>) {
    let store = open_soon(disk).await.unwrap();
    let account = store.account(ACCOUNT).await.unwrap();
    let list = account.mailboxes().await.unwrap();
    let (mut picture, mut gaps) = (format!("{list:?}"), BTreeSet::new());
    for info in list.mailboxes.values() {
        let snapshot = account.open(info.id).await.unwrap().snapshot();
        picture.push_str(&format!("{snapshot:?}"));
        for row in snapshot.rows() {
            let content = account.content(row.email, 0..u64::MAX).await;
            let summary = account.summaries(&[row.email]).await;
            match content {
                Ok(content) => assert_eq!(content.len() as u64, row.size),
                Err(StoreError::Damaged(_)) => drop(gaps.insert(("content", row.email.0))),
                Err(error) => panic!("{error}"),
            }
            if summary.unwrap()[0].as_ref().unwrap().is_empty() {
                gaps.insert(("summary", row.email.0));
            }
        }
    }
    let more = vec![message(&*account, 10, "").await.unwrap()];
    account.append(MailboxId(1), more, 1).await.unwrap();
    store.close().await.unwrap();
    (picture, gaps.into_iter().collect())
}

#[tokio::test]
async fn damage_to_a_message_costs_that_message() {
    let disk = done(false, Options::default()).await;
    let whole = disk.read(&segment(1)).unwrap();
    let (healthy, none) = picture_with_gaps(&copy(&disk)).await;
    assert_eq!(none, []);
    let (mut email, mut seen) = (0, 0);
    let all = frames(&whole);
    let last = all.iter().rposition(|frame| frame.kind == 1).unwrap();
    for frame in all[..last].iter().filter(|frame| frame.kind == 1) {
        email += 1;
        let [meta, summary, body, end] = frame.ends;
        for (at, until, gap) in
            [(meta, summary, Some("summary")), (summary, body, Some("content")), (body, end, None)]
        {
            if at == until {
                continue;
            }
            let damaged = flipped(&disk, until - 1);
            let (picture, gaps) = picture_with_gaps(&damaged).await;
            assert_eq!(picture, healthy, "content {email}");
            // Nobody misses what no message has any more.
            assert!(gaps.is_empty() || gaps == Vec::from_iter(gap.map(|gap| (gap, email))));
            seen += gaps.len();
            // Closed and opened again it is the same, whether by index or without.
            let octets = damaged.read(&segment(1)).unwrap();
            assert_ne!(octets[until - 1], whole[until - 1], "what is damaged is left alone");
            let index = segment(1).parent().unwrap().with_file_name("account.idx");
            for _ in 0..2 {
                assert_eq!(picture_with_gaps(&damaged).await.1, gaps);
                damaged.overwrite(&index, b"");
            }
        }
    }
    assert!(seen > 10, "{seen}");
}

/// Where the content of this length begins in a segment.
fn body_of(disk: &SimulatedDisk, number: u32, len: u64) -> Option<usize> {
    let frames = frames(&disk.read(&segment(number)).unwrap());
    let is_it = |frame: &&Frame| (frame.ends[2] - frame.ends[1]) as u64 == len;
    frames.iter().find(is_it).map(|frame| frame.ends[1])
}

/// Whoever reads a message to its end reads all of what it was, however it is read.
#[tokio::test]
async fn a_damaged_message_cannot_be_read_to_its_end() {
    for len in [3017, 64 << 10, (64 << 10) + 1, 300_000] {
        let disk = done(true, Options::default()).await;
        let store = open_soon(&disk).await.unwrap();
        let account = store.account(ACCOUNT).await.unwrap();
        let message = message(&*account, len, "\\Seen").await.unwrap();
        account.append(MailboxId(1), vec![message], NOW).await.unwrap();
        let inbox = account.open(MailboxId(1)).await.unwrap().snapshot();
        let email = inbox.rows().last().unwrap().email;
        account.subscribe(&name("behind"), true).await.unwrap();
        let len = len as u64;
        let ends = [0..len, 0..u64::MAX, len / 2..len, len - 1..len, len - 1..len + 9];
        for range in ends.clone() {
            let octets = account.content(email, range.clone()).await.unwrap();
            assert_eq!(octets.len() as u64, range.end.min(len) - range.start);
        }
        drop((account, store));
        let damaged = copy(&disk);
        let found = (1..).find_map(|number| Some((segment(number), body_of(&disk, number, len)?)));
        let (path, body) = found.unwrap();
        let mut octets = disk.read(&path).unwrap();
        octets[body + usize::try_from(len / 3).unwrap()] ^= 1;
        damaged.overwrite(&path, &octets);
        let store = open_soon(&damaged).await.unwrap();
        let account = store.account(ACCOUNT).await.unwrap();
        for range in ends.into_iter().cycle().take(10) {
            let read = account.content(email, range).await;
            assert!(matches!(read, Err(StoreError::Damaged(_))), "{len}");
        }
        account.content(email, 0..len - 1).await.unwrap();
        account.content(email, len / 2..len - 1).await.unwrap();
    }
}

/// What was written last and is bad counts as torn: nobody may have been told of it.
#[tokio::test]
async fn a_damaged_message_at_the_end_is_cut() {
    let disk = SimulatedDisk::new();
    let store = open_soon(&disk).await.unwrap();
    crate::workload::create(&store).await.unwrap();
    drop(store);
    let before = look(&disk).await.unwrap();
    append(&disk).await;
    let index = segment(1).parent().unwrap().with_file_name("account.idx");
    disk.overwrite(&index, b"");
    let whole = disk.read(&segment(1)).unwrap();
    let body = frames(&whole).last().unwrap().ends[2] - 1;
    assert_eq!(look(&flipped(&disk, body)).await.unwrap(), before);
    // The next change says that it was durable; so does a segment that was begun after it.
    let next = copy(&disk);
    append(&next).await;
    next.overwrite(&index, b"");
    assert_eq!(picture_with_gaps(&flipped(&next, body)).await.1, [("content", 1)]);
    let later = done(false, crate::workload::SMALL).await.read(&segment(2)).unwrap();
    disk.overwrite(&segment(2), &later[..64]);
    assert_eq!(picture_with_gaps(&flipped(&disk, body)).await.1, [("content", 1)]);
}

#[tokio::test]
async fn a_segment_that_is_missing_is_reported() {
    for number in 1..=2 {
        let disk = done(true, crate::workload::SMALL).await;
        assert!(disk.read(&segment(3)).is_some());
        let missing = SimulatedDisk::new();
        for path in disk.files().iter().filter(|path| **path != segment(number)) {
            missing.overwrite(path, &disk.read(path).unwrap());
        }
        reported(&missing).await;
    }
}

#[tokio::test]
async fn a_log_shorter_than_its_index_is_reported() {
    let disk = done(true, Options::default()).await;
    let whole = disk.read(&segment(1)).unwrap();
    disk.overwrite(&segment(1), &whole[..whole.len() - 8]);
    reported(&disk).await;
}

/// In a copy it is no wonder: the log was copied first, and then an index snapshot that was newer.
#[tokio::test]
async fn a_copied_log_shorter_than_its_index_is_all_that_counts() {
    let pictures = pictures().await;
    for (options, number) in [(Options::default(), 1), (crate::workload::SMALL, 0)] {
        let disk = done(true, options).await;
        let last = (1..).take_while(|it| disk.read(&segment(*it)).is_some()).last().unwrap();
        let copied = SimulatedDisk::new();
        // The last segment was cut short, or had not been begun.
        for path in disk.files().iter().filter(|path| number > 0 || **path != segment(last)) {
            copied.overwrite(path, &disk.read(path).unwrap());
        }
        if number > 0 {
            let whole = disk.read(&segment(number)).unwrap();
            copied.overwrite(&segment(number), &whole[..whole.len() - 8]);
        }
        let found = look(&copied).await.unwrap();
        let at = pictures.iter().position(|it| *it == found).expect("a moment of the account");
        // The last segment may have nothing in it yet.
        assert!(number == 0 || at + 1 < pictures.len());
    }
}

#[tokio::test]
async fn damaged_indexes_are_rebuilt() {
    let pictures = pictures().await;
    let disk = done(true, FORGETFUL).await;
    let indexes = disk.files().into_iter();
    let indexes: Vec<PathBuf> =
        indexes.filter(|path| path.extension().is_some_and(|it| it == "idx")).collect();
    assert!(indexes.len() > 2);
    for path in indexes {
        let whole = disk.read(&path).unwrap();
        for at in (0..whole.len()).step_by(17) {
            let damaged = copy(&disk);
            let mut octets = whole.clone();
            octets[at] ^= 0x10;
            damaged.overwrite(&path, &octets);
            assert_eq!(&look(&damaged).await.unwrap(), pictures.last().unwrap());
            damaged.overwrite(&path, &whole[..at]);
            assert_eq!(&look(&damaged).await.unwrap(), pictures.last().unwrap());
        }
    }
}

#[tokio::test]
async fn a_bad_end_is_damage_when_a_later_segment_was_begun() {
    for header in [0, 20, 64] {
        let disk = done(false, Options::default()).await;
        let whole = disk.read(&segment(1)).unwrap();
        let later = done(false, crate::workload::SMALL).await.read(&segment(2)).unwrap();
        disk.overwrite(&segment(2), &later[..header]);
        let torn = copy(&disk);
        torn.overwrite(&segment(1), &whole[..whole.len() - 8]);
        reported(&torn).await;
        assert_eq!(torn.read(&segment(2)).unwrap().len(), header, "what is damaged is left alone");
        assert_eq!(&look(&disk).await.unwrap(), pictures().await.last().unwrap());
        assert_eq!(disk.read(&segment(2)), None);
    }
}

/// Where what was cut off the end of a log at this octet is kept.
fn kept(at: usize) -> PathBuf {
    account_dir().join("cut").join(format!("1-{at}"))
}

/// Append a message to the first segment.
pub(crate) async fn append(disk: &SimulatedDisk) {
    let (vfs, dir) = (Arc::new(disk.clone()), Path::new(DIR));
    let open = || LocalStore::with_vfs(Arc::clone(&vfs) as _, dir, Options::default());
    let store = opened_soon(open).await.unwrap();
    let account = store.account(ACCOUNT).await.unwrap();
    Step::Append(1, 1, 10, "").take(&*account).await.unwrap();
    store.close().await.unwrap();
}

#[tokio::test]
async fn what_is_cut_is_kept_within_bounds() {
    let disk = done(false, Options::default()).await;
    let whole = disk.read(&segment(1)).unwrap();
    let mut torn = whole.clone();
    torn.resize(whole.len() + 2 * MAX_KEPT_CUT_OCTETS, 1);
    disk.overwrite(&segment(1), &torn);
    look(&disk).await.unwrap();
    assert_eq!(disk.read(&segment(1)).unwrap().len(), whole.len());
    assert_eq!(disk.read(&kept(whole.len())).unwrap(), vec![1; MAX_KEPT_CUT_OCTETS]);
    let mut cut: Vec<usize> = Vec::new();
    for _ in 0..MAX_KEPT_CUTS + 2 {
        append(&disk).await;
        let mut torn = disk.read(&segment(1)).unwrap();
        cut.push(torn.len());
        torn.extend(*b"RkFr");
        disk.overwrite(&segment(1), &torn);
    }
    append(&disk).await;
    let directory = kept(0).parent().unwrap().to_owned();
    let left = disk.files().into_iter().filter(|path| path.starts_with(&directory)).count();
    assert_eq!(left, MAX_KEPT_CUTS);
    for at in cut.iter().rev().take(MAX_KEPT_CUTS) {
        assert_eq!(disk.read(&kept(*at)).as_deref(), Some(&b"RkFr"[..]));
    }
}

/// Nobody cuts off what comes behind it, where frames can begin no more.
#[tokio::test]
async fn an_octet_that_is_gone_is_no_torn_end() {
    let disk = done(false, Options::default()).await;
    let whole = disk.read(&segment(1)).unwrap();
    let frames = frames(&whole);
    // Of the last change nobody knows whether it was durable.
    for frame in &frames[1..frames.len() - 1] {
        for at in [frame.offset + 3, frame.offset + 70, frame.ends[2] - 1] {
            let mut octets = whole.clone();
            octets.remove(at);
            let damaged = copy(&disk);
            damaged.overwrite(&segment(1), &octets);
            reported(&damaged).await;
            assert_eq!(damaged.read(&segment(1)).unwrap(), octets, "{at}");
        }
    }
}
