//! Copies of an account with the end of the log as it was before messages were expunged, and older segments as they were written
//! anew without them.

use crate::damage::frames;
use crate::workload::{ACCOUNT, NOW, account_dir, create, message, open_soon, picture};
use rookery_mail::{Flag, MailboxId, Uid, UidSet};
use rookery_mailbox::{
    Absent, AccountStore, FlagChange, FlagOperation, Refused, Store, StoreError,
};
use rookery_store_local::vfs::{SimulatedDisk, Vfs};
use rookery_store_local::{Finding, Severity};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;

const INBOX: MailboxId = MailboxId(1);
const OTHER: MailboxId = MailboxId(2);
/// Expunged later, of twelve messages in [`INBOX`]; [`STAYS`] is in [`OTHER`] as well, where it stays, and [`COPY`] where it does not.
const LATER: [u32; 5] = [2, 3, 5, 6, 8];
const STAYS: u32 = 3;
const COPY: u32 = 6;

/// An account before messages were expunged, and after their space was given back.
struct Moments {
    before: SimulatedDisk,
    after: SimulatedDisk,
}

fn is_segment(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "seg")
}

/// The segments of a disk, the last one at the end.
fn segments(disk: &SimulatedDisk) -> Vec<PathBuf> {
    disk.files().into_iter().filter(|path| is_segment(path)).collect()
}

fn uids(uids: impl IntoIterator<Item = u32>) -> UidSet {
    uids.into_iter().filter_map(Uid::new).collect()
}

async fn moments() -> Moments {
    let disk = SimulatedDisk::new();
    let store = open_soon(&disk).await.unwrap();
    let account = create(&store).await.unwrap();
    for octets in 0..12 {
        let new = vec![message(&*account, 800 + octets, "\\Seen $A").await.unwrap()];
        account.append(INBOX, new, NOW).await.unwrap();
    }
    let copied = uids([STAYS, COPY]);
    account.copy(INBOX, &copied, OTHER, Absent::RefuseBelow(copied.len()), NOW).await.unwrap();
    let flags = vec![Flag::parse("\\Deleted").unwrap()];
    let change = FlagChange { operation: FlagOperation::Add, flags };
    account.store_flags(INBOX, &uids(LATER), &change, None).await.unwrap();
    account.store_flags(OTHER, &uids([2]), &change, None).await.unwrap();
    let before = disk.duplicate();
    account.expunge(INBOX, &UidSet::all()).await.unwrap();
    account.expunge(OTHER, &UidSet::all()).await.unwrap();
    assert!(store.compact(ACCOUNT).await.unwrap() > 1);
    Moments { before, after: disk.duplicate() }
}

impl Moments {
    /// What was copied: of the last segment what was there before, all else as it was after.
    fn copy(&self) -> SimulatedDisk {
        let copy = SimulatedDisk::new();
        let (before, after) = (segments(&self.before), segments(&self.after));
        assert_eq!(before, after, "no segment was begun");
        for path in self.after.files().iter().filter(|path| *path != before.last().unwrap()) {
            copy.overwrite(path, &self.after.read(path).unwrap());
        }
        let last = before.last().unwrap();
        copy.overwrite(last, &self.before.read(last).unwrap());
        copy
    }
}

async fn findings(disk: &SimulatedDisk) -> Vec<Finding> {
    let store = open_soon(disk).await.unwrap();
    store.check(ACCOUNT).await.unwrap().findings
}

fn are_wrong(findings: &[Finding]) -> bool {
    findings.iter().any(|finding| finding.severity == Severity::Wrong)
}

/// What there is to see, and which messages each mailbox has.
async fn seen(disk: &SimulatedDisk) -> (String, [Vec<u32>; 2]) {
    let account = open_soon(disk).await.unwrap().account(ACCOUNT).await.unwrap();
    let there = [there(&*account, INBOX).await, there(&*account, OTHER).await];
    (picture(&*account).await, there)
}

async fn there(account: &dyn AccountStore, mailbox: MailboxId) -> Vec<u32> {
    let snapshot = account.open(mailbox).await.unwrap().snapshot();
    snapshot.rows().map(|row| row.uid.get()).collect()
}

/// The messages of the copy when those have gone of which it has no content.
fn rest() -> [Vec<u32>; 2] {
    let rest = (1..=12).filter(|uid| !LATER.contains(uid) || *uid == STAYS);
    [rest.collect(), vec![1]]
}

async fn append(account: &dyn AccountStore) -> Result<(), StoreError> {
    let new = vec![message(account, 10, "").await?];
    account.append(INBOX, new, NOW).await.map(drop)
}

/// Whether the store says that an account takes no changes.
async fn is_read_only(disk: &SimulatedDisk) -> bool {
    let account = open_soon(disk).await.unwrap().account(ACCOUNT).await.unwrap();
    matches!(append(&*account).await, Err(StoreError::ReadOnly))
}

#[tokio::test]
async fn what_a_copy_has_no_content_of_goes_when_it_is_opened() {
    let moments = moments().await;
    for with_indexes in [true, false] {
        let copy = moments.copy();
        if !with_indexes {
            copy.remove_file(&account_dir().join("account.idx")).unwrap();
        }
        let found = findings(&copy).await;
        assert!(!are_wrong(&found), "{found:?}");
        assert!(found.iter().any(|it| it.what.contains("expunged while this copy was made")));
        let (picture, messages) = seen(&copy).await;
        assert_eq!(messages, rest());
        // Durably, before anybody saw it; and once is enough.
        assert_eq!(seen(&copy.crash(1)).await.0, picture);
        let before = copy.operations();
        let store = open_soon(&copy).await.unwrap();
        store.account(ACCOUNT).await.unwrap();
        store.close().await.unwrap();
        drop(store);
        assert!(copy.operations() > before);
        assert_eq!(findings(&copy).await, []);
        assert_eq!(seen(&copy).await.0, picture);
        // Its own index snapshots end before the change as of which the segments were written anew, and so do copies of it.
        let again = SimulatedDisk::new();
        copy.files().iter().for_each(|path| again.overwrite(path, &copy.read(path).unwrap()));
        for disk in [again, copy] {
            assert_eq!(seen(&disk).await.0, picture);
            disk.remove_file(&account_dir().join("account.idx")).unwrap();
            assert_eq!(findings(&disk).await, []);
            assert_eq!(seen(&disk).await.0, picture);
            assert!(!is_read_only(&disk).await);
        }
    }
}

#[tokio::test]
async fn on_a_full_disk_a_copy_can_be_read_and_is_put_right_later() {
    let copy = moments().await.copy();
    let mut unsettled = 0;
    for at in 1..60 {
        let copy = copy.duplicate();
        let store = open_soon(&copy).await.unwrap();
        let is_full = |at| copy.fail_at(copy.operations() + at, ErrorKind::StorageFull, false);
        is_full(at);
        let Ok(account) = store.account(ACCOUNT).await else { continue };
        if there(&*account, OTHER).await == [1] {
            continue;
        }
        unsettled += 1;
        is_full(1);
        match append(&*account).await {
            Err(StoreError::Refused(Refused::OverQuota)) => {}
            // It was the sync that failed.
            Err(StoreError::ReadOnly) => continue,
            other => panic!("operation {at}: {other:?}"),
        }
        can_be_read(&*account).await;
        assert_eq!(store.compact(ACCOUNT).await.unwrap(), 0);
        let found = store.check(ACCOUNT).await.unwrap().findings;
        assert!(!found.is_empty() && !are_wrong(&found), "{found:?}");
        // The next process, and the next change.
        assert_eq!(seen(&copy.crash(0)).await.1, rest());
        if unsettled % 2 == 0 {
            append(&*account).await.unwrap();
            assert_eq!(there(&*account, OTHER).await, [1]);
        } else {
            is_full(1);
        }
        drop(account);
        // It must not say in index snapshots that all is well.
        store.close().await.unwrap();
        drop(store);
        copy.mend();
        assert_eq!(seen(&copy).await.1[1], [1]);
    }
    assert!(unsettled > 1);
}

/// What does not go can be read.
async fn can_be_read(account: &dyn AccountStore) {
    let inbox = account.open(INBOX).await.unwrap().snapshot();
    for row in inbox.rows().filter(|row| rest()[0].contains(&row.uid.get())) {
        let content = account.content(row.email, 0..u64::MAX).await.unwrap();
        assert_eq!(content.len() as u64, row.size);
    }
}

/// The same files, in the account itself: its log has lost its end.
#[tokio::test]
async fn a_log_that_has_lost_its_end_is_not_taken_for_a_copys() {
    let moments = moments().await;
    let disk = moments.after.duplicate();
    let last = segments(&disk).pop().unwrap();
    let end = moments.before.read(&last).unwrap().len() as u64;
    disk.open(&last).unwrap().truncate(end).unwrap();
    let found = findings(&disk).await;
    let wrong: Vec<_> = found.iter().filter(|it| it.severity == Severity::Wrong).collect();
    assert!(wrong.len() == 1 && wrong[0].what.contains("the log ends with change"), "{wrong:?}");
    assert!(wrong[0].consequence.contains("takes no changes"), "{wrong:?}");
    // What is left can be read.
    assert_eq!(seen(&disk).await.1, rest());
    assert!(is_read_only(&disk).await);
    let store = open_soon(&disk).await.unwrap();
    assert!(store.repair(ACCOUNT).await.unwrap().is_good());
    drop(store);
    assert_eq!(findings(&disk).await, []);
    assert_eq!(seen(&disk).await.1, rest());
    assert!(!is_read_only(&disk).await);
}

/// Earlier versions did not say as of which change they wrote a segment anew.
#[tokio::test]
async fn what_no_change_explains_is_wrong() {
    let copy = moments().await.copy();
    for path in segments(&copy) {
        let mut octets = copy.read(&path).unwrap();
        octets[36..44].fill(0);
        let sum = crc32c::crc32c(&octets[..60]).to_le_bytes();
        octets[60..64].copy_from_slice(&sum);
        copy.overwrite(&path, &octets);
    }
    let found = findings(&copy).await;
    assert!(are_wrong(&found), "{found:?}");
    let account = open_soon(&copy).await.unwrap().account(ACCOUNT).await.unwrap();
    let everything = [(1..=12).collect(), vec![1, 2]];
    assert_eq!([there(&*account, INBOX).await, there(&*account, OTHER).await], everything);
    let account: Arc<dyn AccountStore> = account;
    append(&*account).await.unwrap();
}

/// A copy of which something else is damaged, and which is repaired before anybody opens it.
#[tokio::test]
async fn a_repair_lets_them_go_too() {
    let moments = moments().await;
    for with_indexes in [true, false] {
        let copy = moments.copy();
        if !with_indexes {
            copy.remove_file(&account_dir().join("account.idx")).unwrap();
        }
        let last = segments(&copy).pop().unwrap();
        let mut octets = copy.read(&last).unwrap();
        // The change of flags before the last one.
        let damaged = frames(&octets).iter().rev().nth(1).unwrap().offset;
        octets[damaged + 8..damaged + 16].fill(7);
        copy.overwrite(&last, &octets);
        assert_eq!(seen(&copy).await.1, rest());
        assert!(is_read_only(&copy).await);
        let store = open_soon(&copy).await.unwrap();
        let report = store.repair(ACCOUNT).await.unwrap();
        assert!(report.is_good() && are_wrong(&report.findings), "{report:#?}");
        drop(store);
        let found = findings(&copy).await;
        assert!(!are_wrong(&found), "{found:#?}");
        assert_eq!(seen(&copy).await.1, rest());
    }
}

/// A copy of a log with index snapshots that are newer. Its own log comes as far to the octet, with another change.
#[tokio::test]
async fn index_snapshots_of_what_came_later_are_never_the_copys() {
    let disk = SimulatedDisk::new();
    let store = open_soon(&disk).await.unwrap();
    let account = create(&store).await.unwrap();
    append(&*account).await.unwrap();
    let before = disk.duplicate();
    let flagged = async |account: &dyn AccountStore, flags| {
        let new = vec![message(account, 100, flags).await.unwrap()];
        account.append(INBOX, new, NOW).await.unwrap();
    };
    flagged(&*account, "\\Seen").await;
    drop(account);
    store.close().await.unwrap();
    let copy = SimulatedDisk::new();
    for path in disk.files() {
        let from = if is_segment(&path) { &before } else { &disk };
        copy.overwrite(&path, &from.read(&path).unwrap());
    }
    let store = open_soon(&copy).await.unwrap();
    let account = store.account(ACCOUNT).await.unwrap();
    flagged(&*account, "\\Draft").await;
    let picture = picture(&*account).await;
    drop((account, store));
    let last = segments(&copy).pop().unwrap();
    assert_eq!(copy.read(&last).unwrap().len(), disk.read(&last).unwrap().len());
    assert_eq!(seen(&copy.crash(0)).await.0, picture);
}
