//! A disk that cannot read some of its octets (EIO), for good or for now: it costs what is there and nothing else, and whatever can be read
//! again later is there again.

use crate::damage::{copy, frames, segment};
use crate::repair::{Known, known, without_indexes};
use crate::workload::{
    ACCOUNT, DIR, NOW, SMALL, Step, account_dir, create, done, is_writable, mailbox, open_soon,
};
use rookery_mail::EmailId;
use rookery_mailbox::{AccountStore, FlagOperation, Store, StoreError};
use rookery_store_local::limits::{DISK_READ_OCTETS, REREAD_AFTER};
use rookery_store_local::vfs::SimulatedDisk;
use rookery_store_local::{Finding, LocalStore, Options, Report, Severity};
use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

pub(crate) fn contents(disk: &SimulatedDisk) -> BTreeMap<PathBuf, Vec<u8>> {
    let files = disk.files().into_iter().filter(|path| path.starts_with(account_dir()));
    files.map(|path| (path.clone(), disk.read(&path).unwrap())).collect()
}

/// A disk with an account whose log is some pages long, and a healthy neighbour.
async fn pages(clean: bool) -> SimulatedDisk {
    let disk = SimulatedDisk::new();
    let options = Options { segment_octets: 20_000, index_octets: u64::MAX, ..SMALL };
    let vfs = Arc::new(disk.clone());
    let store = LocalStore::with_vfs(vfs, Path::new(DIR), options).unwrap();
    let account = create(&store).await.unwrap();
    store.create_account("eve", &[mailbox("INBOX")], NOW).await.unwrap();
    for step in crate::workload::script() {
        step.take(&*account).await.unwrap();
    }
    for octets in [3000, 9000, 10, 7000, 2000] {
        Step::Append(1, 1, octets, "").take(&*account).await.unwrap();
    }
    Step::Copy(1, 2).take(&*account).await.unwrap();
    if clean {
        store.close().await.unwrap();
    }
    drop((account, store));
    copy(&disk)
}

async fn known_of(disk: &SimulatedDisk) -> Known {
    let store = open_soon(disk).await.unwrap();
    known(&*store.account(ACCOUNT).await.unwrap()).await
}

/// Content whose frames have octets in these pages.
fn within(disk: &SimulatedDisk, file: &Path, page: usize) -> BTreeSet<u64> {
    let (mut email, mut hit) = (0, BTreeSet::new());
    for number in 1.. {
        let Some(octets) = disk.read(&segment(number)) else { return hit };
        for frame in frames(&octets).into_iter().filter(|frame| frame.kind == 1) {
            email += 1;
            let is_hit = frame.offset < page + 4096 && page < frame.ends[3];
            if is_hit && *file == *segment(number) {
                hit.insert(email);
            }
        }
    }
    hit
}

/// The account, once those are gone who just read something of it.
async fn whole_soon(store: &LocalStore) -> Arc<dyn AccountStore> {
    for _ in 0..10_000 {
        let account = store.account(ACCOUNT).await.unwrap();
        if is_writable(&*account).await {
            return account;
        }
        drop(account);
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    panic!("it is not read anew");
}

#[tokio::test]
async fn a_bad_sector_costs_what_is_in_it() {
    let (mut read_only, mut writable) = (0, 0);
    for with_indexes in [true, false] {
        let whole = pages(with_indexes).await;
        let whole = if with_indexes { whole } else { without_indexes(&whole) };
        let healthy = known_of(&copy(&whole)).await;
        for (path, octets) in contents(&whole) {
            for page in (0..octets.len()).step_by(4096) {
                let disk = copy(&whole);
                disk.spoil(&path, page as u64..page as u64 + DISK_READ_OCTETS);
                let store = open_soon(&disk).await.unwrap();
                let account = store.account(ACCOUNT).await.unwrap();
                let moment = format!("{} {page} {with_indexes}", path.display());
                let found = known(&*account).await;
                let lost = within(&whole, &path, page);
                for (email, sum) in healthy.contents.iter().filter(|(id, _)| !lost.contains(&id.0))
                {
                    assert_eq!(found.contents.get(email), Some(sum), "{moment}: {email}");
                }
                for (email, sum) in &found.contents {
                    assert_eq!(healthy.contents.get(email).unwrap_or(sum), sum, "{moment}");
                }
                let neighbour = store.account("eve").await.unwrap();
                Step::Append(1, 1, 10, "").take(&*neighbour).await.unwrap();
                if is_writable(&*account).await {
                    // The changes could be read.
                    writable += 1;
                    assert_eq!(found.messages, healthy.messages, "{moment}");
                } else {
                    read_only += 1;
                    // Of what the index snapshots cover only the headers of segments are read.
                    assert!(!with_indexes || page == 0, "{moment}");
                    assert_eq!(contents(&disk), contents(&whole), "nothing was changed: {moment}");
                }
                drop(account);
                disk.mend();
                // In the same process, and in the next one.
                let account = whole_soon(&store).await;
                let again = known(&*account).await;
                assert_eq!(
                    (&again.messages, &again.contents),
                    (&healthy.messages, &healthy.contents)
                );
                drop((account, neighbour, store));
                let again = known_of(&disk).await;
                assert_eq!(
                    (&again.messages, &again.contents),
                    (&healthy.messages, &healthy.contents)
                );
            }
        }
    }
    assert!(read_only > 5 && writable > 10, "{read_only} {writable}");
}

/// Who has the account already has what could be read; who opens it later has all of it.
#[tokio::test]
async fn an_account_is_read_anew_though_somebody_has_it() {
    let disk = without_indexes(&done(true, Options::default()).await);
    let healthy = known_of(&copy(&disk)).await;
    disk.spoil(&segment(1), 100..101);
    let store = open_soon(&disk).await.unwrap();
    let first = store.account(ACCOUNT).await.unwrap();
    assert!(!is_writable(&*first).await);
    tokio::time::sleep(REREAD_AFTER).await;
    let second = store.account(ACCOUNT).await.unwrap();
    assert!(!is_writable(&*second).await);
    disk.mend();
    tokio::time::sleep(REREAD_AFTER).await;
    let third = store.account(ACCOUNT).await.unwrap();
    assert!(is_writable(&*third).await && !is_writable(&*first).await);
    let found = known(&*third).await;
    assert_eq!((found.messages, found.contents), (healthy.messages, healthy.contents));
    Step::Append(1, 1, 10, "").take(&*third).await.unwrap();
    known(&*first).await;
    store.close().await.unwrap();
}

#[tokio::test]
async fn a_message_that_cannot_be_read_costs_that_message() {
    let disk = pages(true).await;
    let store = open_soon(&disk).await.unwrap();
    let account = store.account(ACCOUNT).await.unwrap();
    let octets = disk.read(&segment(2)).unwrap();
    let large =
        frames(&octets).into_iter().find(|it| it.kind == 1 && it.ends[2] - it.ends[1] > 6000);
    let large = large.unwrap();
    let before = known(&*account).await;
    disk.spoil(&segment(2), large.ends[1] as u64 + 5000..large.ends[1] as u64 + 5001);
    let after = known(&*account).await;
    assert_eq!(after.messages, before.messages);
    let gone = before.contents.keys().filter(|id| !after.contents.contains_key(id));
    let [gone] = gone.collect::<Vec<_>>()[..] else { panic!("{:?}", after.contents) };
    let error = account.content(*gone, 0..u64::MAX).await.unwrap_err();
    assert!(matches!(error, StoreError::Io { .. }), "{error}");
    account.content(*gone, 0..10).await.unwrap();
    // One whose beginning cannot be read does not take the others along.
    disk.spoil(&segment(2), large.ends[0] as u64..large.ends[0] as u64 + 1);
    let all: Vec<EmailId> = before.contents.keys().copied().collect();
    let summaries = account.summaries(&all).await.unwrap();
    let empty = summaries.iter().filter(|it| it.as_ref().is_some_and(|it| it.is_empty()));
    assert_eq!(empty.count(), 1);
    for step in [
        Step::Flag(1, FlagOperation::Add, "\\Seen"),
        Step::Append(1, 1, 10, ""),
        Step::Copy(1, 2),
        Step::Flag(1, FlagOperation::Add, "\\Deleted"),
        Step::Expunge(1),
    ] {
        step.take(&*account).await.unwrap();
    }
    disk.mend();
    account.content(*gone, 0..u64::MAX).await.unwrap();
}

fn wrong(report: &Report) -> Vec<&Finding> {
    report.findings.iter().filter(|finding| finding.severity == Severity::Wrong).collect()
}

#[tokio::test]
async fn what_the_disk_cannot_read_is_named_and_repaired_as_far_as_it_goes() {
    for with_indexes in [true, false] {
        let whole = pages(with_indexes).await;
        let whole = if with_indexes { whole } else { without_indexes(&whole) };
        let healthy = known_of(&copy(&whole)).await;
        for (path, octets) in contents(&whole) {
            let is_log = path.extension().is_some_and(|it| it == "seg");
            for page in (0..octets.len()).step_by(4096) {
                let disk = copy(&whole);
                let moment = format!("{} {page} {with_indexes}", path.display());
                disk.spoil(&path, page as u64..page as u64 + DISK_READ_OCTETS);
                let store = open_soon(&disk).await.unwrap();
                let report = store.check(ACCOUNT).await.unwrap();
                assert_eq!(contents(&disk), contents(&whole), "a check changes nothing: {moment}");
                let end = (page + 4096).min(octets.len()) - 1;
                let words = format!("I/O error at the octets {page} to {end}");
                let told = wrong(&report).into_iter().find(|it| it.what.contains(&words));
                let place = path.strip_prefix(account_dir()).unwrap().display().to_string();
                let is_told = told.is_some_and(|it| {
                    it.place.starts_with(&place) && it.what.starts_with("the disk cannot read")
                });
                assert!(is_told, "{moment}: {:#?}", report.findings);

                let repaired = store.repair(ACCOUNT).await.unwrap();
                for (path, octets) in contents(&whole).iter().filter(|_| is_log) {
                    let now = disk.read(path);
                    let is_segment = path.extension().is_some_and(|it| it == "seg");
                    assert!(!is_segment || now.as_ref() == Some(octets), "{moment}");
                }
                let lost = within(&whole, &path, page);
                let left: Vec<_> =
                    wrong(&repaired).into_iter().filter(|it| it.mended.is_none()).collect();
                assert!(left.iter().all(|it| !it.concerns.is_empty()), "{moment}: {left:#?}");
                let account = store.account(ACCOUNT).await.unwrap();
                assert!(is_writable(&*account).await, "{moment}: {:#?}", repaired.findings);
                let found = known(&*account).await;
                for (email, sum) in healthy.contents.iter().filter(|(id, _)| !lost.contains(&id.0))
                {
                    assert_eq!(found.contents.get(email), Some(sum), "{moment}: {email}");
                }
                let unread = found.messages.values().any(|id| !found.contents.contains_key(id));
                assert_eq!(unread, !repaired.is_good(), "{moment}: {:#?}", repaired.findings);
                let again = store.check(ACCOUNT).await.unwrap();
                assert_eq!(again.is_good(), repaired.is_good(), "{moment}: {:#?}", again.findings);
                Step::Append(1, 1, 10, "").take(&*account).await.unwrap();
                drop((account, store));
                // The old segments are still there: what was known of them is to be read when the disk reads.
                disk.mend();
                let later = known_of(&disk).await;
                if with_indexes || !is_log {
                    let is_there =
                        |(id, sum): (&EmailId, &u32)| later.contents.get(id) == Some(sum);
                    assert!(healthy.contents.iter().all(is_there), "{moment}");
                }
            }
        }
    }
}

/// The end of a log that cannot be read is not taken for one that a power cut tore: neither a change nor the message of one.
#[tokio::test]
async fn an_end_that_cannot_be_read_is_not_torn() {
    for is_message in [true, false] {
        let disk = without_indexes(&pages(false).await);
        let path = (1..).map(segment).take_while(|path| disk.read(path).is_some()).last().unwrap();
        let mut octets = disk.read(&path).unwrap();
        let all = frames(&octets);
        let last = all.iter().rfind(|frame| frame.kind == 1 || !is_message).unwrap();
        octets.truncate(last.ends[3]);
        disk.overwrite(&path, &octets);
        let at = if is_message { last.ends[1] } else { last.offset } as u64;
        disk.spoil(&path, at..at + 1);
        let store = open_soon(&disk).await.unwrap();
        let report = store.check(ACCOUNT).await.unwrap();
        let told =
            wrong(&report).into_iter().find(|it| it.what.starts_with("the disk cannot read"));
        assert!(told.is_some() && !report.is_good(), "{:#?}", report.findings);
        let account = store.account(ACCOUNT).await.unwrap();
        assert!(!is_writable(&*account).await);
        assert_eq!(disk.read(&path).unwrap(), octets);
        assert!(disk.files().iter().all(|path| !path.starts_with(account_dir().join("cut"))));
    }
}

/// Before an end that a power cut tore something may be unreadable that index snapshots cover: the end is cut all the same, and the
/// account goes on.
#[tokio::test]
async fn what_cannot_be_read_before_a_torn_end_costs_that_message() {
    let disk = pages(true).await;
    let path = (1..).map(segment).take_while(|path| disk.read(path).is_some()).last().unwrap();
    let mut octets = disk.read(&path).unwrap();
    let is_large =
        |frame: &crate::damage::Frame| frame.kind == 1 && frame.ends[2] - frame.ends[1] > 5000;
    let large = frames(&octets).into_iter().find(is_large).unwrap();
    octets.extend_from_slice(&[0xaa; 200]);
    disk.overwrite(&path, &octets);
    // Neither the page of its header nor that of the torn end.
    let page = |at: usize| at as u64 / DISK_READ_OCTETS;
    let at = large.ends[2] - 1;
    assert!(page(at) > page(large.ends[1]) && page(at) < page(octets.len() - 200));
    disk.spoil(&path, at as u64..at as u64 + 1);
    let store = open_soon(&disk).await.unwrap();
    let account = store.account(ACCOUNT).await.unwrap();
    assert!(is_writable(&*account).await);
    assert_eq!(disk.read(&path).unwrap().len(), octets.len() - 200);
    Step::Append(1, 1, 10, "").take(&*account).await.unwrap();
}

/// Too many open files, no permission, no memory: whatever that hits, nothing is done without.
#[tokio::test]
async fn errors_of_the_moment_stay_errors() {
    let covered = {
        let disk = pages(true).await;
        let mut octets = disk.read(&segment(1)).unwrap();
        let frame = &frames(&octets)[3];
        octets[frame.offset + 66..frame.offset + 70].fill(0xff);
        disk.overwrite(&segment(1), &octets);
        disk
    };
    let (mut failed, mut repaired) = (0, 0);
    for whole in [covered, crate::repair::repaired().await, pages(false).await] {
        let healthy = known_of(&copy(&whole)).await;
        for error in
            [|| io::Error::from(ErrorKind::PermissionDenied), || io::Error::from_raw_os_error(24)]
        {
            for at in (1..60).step_by(5) {
                let disk = copy(&whole);
                let store = open_soon(&disk).await.unwrap();
                disk.fail_looks(disk.looks() + at..=u64::MAX, error());
                if let Ok(account) = store.account(ACCOUNT).await {
                    assert!(is_writable(&*account).await, "look {at}");
                } else {
                    failed += 1;
                }
                drop(store);
                for count in [1, 4, 12, 40, u64::MAX] {
                    let disk = copy(&whole);
                    let store = open_soon(&disk).await.unwrap();
                    let first = disk.looks() + at;
                    disk.fail_looks(first..=first.saturating_add(count - 1), error());
                    let report = store.repair(ACCOUNT).await;
                    repaired += u64::from(report.is_ok_and(|report| report.is_good()));
                    drop(store);
                    disk.mend();
                    let left = known_of(&disk).await;
                    assert_eq!(left.messages, healthy.messages, "look {at}");
                    assert_eq!(left.contents, healthy.contents, "look {at}");
                }
            }
        }
    }
    assert!(failed > 20 && repaired > 20, "{failed} {repaired}");
}

/// A file that the server may not open is no reason to begin the log anew without it; one that the disk cannot even open
/// counts as missing until it can.
#[tokio::test]
async fn a_file_that_cannot_be_opened_is_not_done_without() {
    for whole in [pages(true).await, without_indexes(&pages(false).await)] {
        may_not_be_opened(&whole).await;
    }
}

async fn may_not_be_opened(whole: &SimulatedDisk) {
    let healthy = known_of(&copy(whole)).await;
    let segments = |disk: &SimulatedDisk| {
        let files = contents(disk).into_keys();
        files.filter(|path| path.extension().is_some_and(|it| it == "seg")).count()
    };
    let has_indexes = contents(whole).contains_key(&account_dir().join("account.idx"));
    for path in contents(whole).into_keys() {
        let is_log = path.extension().is_some_and(|it| it == "seg");
        for (error, is_of_the_disk) in
            [(ErrorKind::PermissionDenied.into(), false), (SimulatedDisk::unreadable(), true)]
        {
            let disk = copy(whole);
            let moment = format!("{} {error}", path.display());
            disk.deny(&path, error);
            let store = open_soon(&disk).await.unwrap();
            let opened = store.account(ACCOUNT).await;
            assert_eq!(opened.is_ok(), !is_log || is_of_the_disk, "{moment}");
            drop(opened);
            let report = store.check(ACCOUNT).await;
            assert!(!report.is_ok_and(|report| report.is_good()), "{moment}");
            let repaired = store.repair(ACCOUNT).await;
            // Nobody knows of what only the file knew.
            let may_be_good = !is_log || (is_of_the_disk && !has_indexes);
            assert!(may_be_good || !repaired.is_ok_and(|it| it.is_good()), "{moment}");
            drop(store);
            disk.mend();
            assert!(is_of_the_disk || segments(&disk) == segments(whole), "{moment}");
            if is_of_the_disk && !has_indexes {
                continue;
            }
            let left = known_of(&disk).await;
            assert_eq!(left.contents, healthy.contents, "{moment}");
            assert_eq!(left.messages, healthy.messages, "{moment}");
        }
    }
}
