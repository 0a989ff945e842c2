//! Giving space back: nothing that can be seen changes, whatever the disk does meanwhile.

use crate::workload::{
    ACCOUNT, DIR, NOW, SMALL, account_dir, create, message, name, on_threads, open, open_soon,
    picture, pictures, quiet, script,
};
use rookery_mail::{MailboxId, Uid, UidSet};
use rookery_mailbox::{Absent, AccountStore, FlagChange, FlagOperation, Store};
use rookery_store_local::vfs::{SimulatedDisk, Space, Vfs};
use rookery_store_local::{LocalStore, Options};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub(crate) fn segments() -> PathBuf {
    account_dir().join("seg")
}

/// Octets of all segments.
pub(crate) fn octets(disk: &SimulatedDisk) -> u64 {
    let names = disk.list(&segments()).unwrap();
    names.iter().map(|name| disk.open(&segments().join(name)).unwrap().len().unwrap()).sum()
}

/// Forty messages, of which every fourth is left, and one that is only left as a copy.
pub(crate) async fn churn(account: &dyn AccountStore) {
    let inbox = MailboxId(1);
    for octets in 0..40 {
        let new = vec![message(account, 100 + 7 * octets, "\\Seen").await.unwrap()];
        account.append(inbox, new, NOW).await.unwrap();
    }
    account.copy(inbox, &uids(|uid| uid == 7), MailboxId(2), Absent::Skip, NOW).await.unwrap();
    let change = FlagChange {
        operation: FlagOperation::Add,
        flags: vec![rookery_mail::Flag::parse("\\Deleted").unwrap()],
    };
    account.store_flags(inbox, &uids(|uid| uid % 4 != 0), &change, None).await.unwrap();
    account.expunge(inbox, &UidSet::all()).await.unwrap();
}

fn uids(wanted: impl Fn(u32) -> bool) -> UidSet {
    (1..=40).filter(|uid| wanted(*uid)).filter_map(Uid::new).collect()
}

/// A disk with an account after much coming and going, and what it looks like.
pub(crate) async fn churned(clean: bool) -> (SimulatedDisk, String) {
    let disk = SimulatedDisk::new();
    let store = open(&disk).unwrap();
    let account = create(&store).await.unwrap();
    churn(&*account).await;
    let before = picture(&*account).await;
    if clean {
        store.close().await.unwrap();
    }
    (disk, before)
}

async fn seen(disk: &SimulatedDisk, moment: &str) -> String {
    let store = open_soon(disk).await.unwrap_or_else(|error| panic!("{moment}: {error}"));
    let account = store.account(ACCOUNT).await.unwrap_or_else(|error| panic!("{moment}: {error}"));
    picture(&*account).await
}

#[tokio::test]
async fn dead_content_goes_and_nothing_else_changes() {
    for clean in [true, false] {
        let (disk, before) = churned(clean).await;
        let all = octets(&disk);
        let store = open_soon(&disk).await.unwrap();
        assert!(store.compact(ACCOUNT).await.unwrap() > 1);
        assert_eq!(store.compact(ACCOUNT).await.unwrap(), 0, "once is enough");
        let account = store.account(ACCOUNT).await.unwrap();
        assert_eq!(picture(&*account).await, before);
        assert!(octets(&disk) < all * 2 / 3, "{} of {all}", octets(&disk));
        // It can be rewritten again when more has died, and read from the index snapshots of before.
        account.expunge(MailboxId(1), &UidSet::all()).await.unwrap();
        drop((store, account));
        assert_eq!(seen(&disk, "after a crash").await, before);
        disk.remove_file(&account_dir().join("account.idx")).ok();
        assert_eq!(seen(&disk, "without indexes").await, before);
    }
}

#[tokio::test]
async fn a_power_cut_at_any_operation_changes_nothing() {
    for clean in [true, false] {
        let (disk, before) = churned(clean).await;
        let start = disk.crash(0);
        let compact = async |disk: &SimulatedDisk| {
            let Ok(store) = open_soon(disk).await else { return };
            // Whether it succeeds or not is not the question.
            let _ = store.compact(ACCOUNT).await;
            store.close().await.ok();
        };
        let whole = start.crash(0);
        compact(&whole).await;
        let all = whole.operations();
        assert!(all > 20 && octets(&whole) < octets(&start) * 2 / 3, "{all}");
        for at in 1..=all {
            for (error, dies) in
                [(io::ErrorKind::BrokenPipe, true), (io::ErrorKind::StorageFull, false)]
            {
                let disk = start.crash(0);
                disk.fail_at(at, error, dies);
                compact(&disk).await;
                for seed in 0..2 {
                    let moment = format!("{error:?} at operation {at} of {all}, seed {seed}");
                    assert_eq!(
                        seen(&disk.crash(at * 100 + seed), &moment).await,
                        before,
                        "{moment}"
                    );
                }
            }
        }
    }
}

/// While the script goes on, whatever dies is given back at once.
#[tokio::test]
async fn changes_go_on_meanwhile() {
    let disk = SimulatedDisk::new();
    let options = Options { died_octets: 1, segment_octets: 1500, ..SMALL };
    let store = LocalStore::with_vfs(Arc::new(disk.clone()), Path::new(DIR), options).unwrap();
    let account = create(&store).await.unwrap();
    let pictures = pictures().await;
    for (step, expected) in script().iter().zip(&pictures[1..]) {
        step.take(&*account).await.unwrap();
        assert_eq!(picture(&*account).await, *expected, "{step:?}");
    }
    store.compact(ACCOUNT).await.unwrap();
    let last = pictures.last().unwrap();
    assert_eq!(picture(&*account).await, *last);
    drop((account, store));
    assert_eq!(seen(&disk, "after a crash").await, *last);
}

/// Where no new file may be made, or nothing written for now, the segments are not at fault, and are tried again.
#[tokio::test]
async fn what_was_refused_is_compacted_later() {
    for kind in [ErrorKind::PermissionDenied, ErrorKind::ReadOnlyFilesystem] {
        for at in 1..10 {
            let (disk, before) = churned(true).await;
            let store = open_soon(&disk).await.unwrap();
            let account = store.account(ACCOUNT).await.unwrap();
            disk.fail_at(disk.operations() + at, kind, true);
            store.compact(ACCOUNT).await.unwrap_err();
            disk.mend();
            assert!(store.compact(ACCOUNT).await.unwrap() > 1, "{kind} {at}");
            assert_eq!(picture(&*account).await, before);
        }
    }
}

#[tokio::test]
async fn a_damaged_segment_is_left_alone() {
    let (disk, _) = churned(true).await;
    let first = segments().join("1.seg");
    let file = disk.open(&first).unwrap();
    let middle = file.len().unwrap() / 2;
    let mut octet = [0];
    file.read_at(&mut octet, middle).unwrap();
    file.write_at(&[octet[0] ^ 1], middle).unwrap();
    let len = file.len().unwrap();
    let store = open_soon(&disk).await.unwrap();
    assert!(store.compact(ACCOUNT).await.is_err());
    store.compact(ACCOUNT).await.unwrap();
    assert_eq!(disk.open(&first).unwrap().len().unwrap(), len);
    assert!(!disk.list(&segments()).unwrap().iter().any(|name| name.ends_with(".new")));
}

#[tokio::test]
async fn what_a_full_disk_kept_from_being_rewritten_is_rewritten_later() {
    let (disk, before) = churned(true).await;
    let undisturbed = open_soon(&disk.crash(0)).await.unwrap().compact(ACCOUNT).await.unwrap();
    let store = open_soon(&disk).await.unwrap();
    let account = store.account(ACCOUNT).await.unwrap();
    disk.fail_at(disk.operations() + 2, io::ErrorKind::StorageFull, false);
    assert!(store.compact(ACCOUNT).await.is_err());
    assert_eq!(store.compact(ACCOUNT).await.unwrap(), undisturbed);
    assert_eq!(picture(&*account).await, before);
}

#[tokio::test]
async fn half_a_segment_is_removed() {
    let (disk, before) = churned(true).await;
    disk.create(&segments().join("1.seg.new")).unwrap().write_at(b"half", 0).unwrap();
    assert_eq!(seen(&disk, "with half a segment").await, before);
    assert!(!disk.list(&segments()).unwrap().contains(&"1.seg.new".to_owned()));
}

/// The index snapshots may outlive the name of a segment that they were made of; the segment that is written anew in
/// its stead is another one than they know.
#[tokio::test]
async fn a_rewritten_segment_is_not_taken_for_one_that_was_lost() {
    let (disk, _) = churned(true).await;
    let old: Vec<(PathBuf, Vec<u8>)> = (1..=3)
        .map(|number| segments().join(format!("{number}.seg")))
        .map(|path| (path.clone(), contents(&disk, &path)))
        .collect();
    let store = open_soon(&disk).await.unwrap();
    store.compact(ACCOUNT).await.unwrap();
    let account = store.account(ACCOUNT).await.unwrap();
    account.expunge(MailboxId(2), &uids(|_| true)).await.unwrap();
    account
        .append(MailboxId(2), vec![message(&*account, 10, "").await.unwrap()], NOW)
        .await
        .unwrap();
    drop(account);
    store.close().await.unwrap();
    for (path, octets) in &old {
        assert_ne!(contents(&disk, path), *octets);
        disk.create(path).unwrap().write_at(octets, 0).unwrap();
    }
    let store = open_soon(&disk).await.unwrap();
    let account = store.account(ACCOUNT).await.unwrap();
    let deleted = FlagChange {
        operation: FlagOperation::Add,
        flags: vec![rookery_mail::Flag::parse("\\Deleted").unwrap()],
    };
    account.store_flags(MailboxId(1), &uids(|uid| uid % 8 == 0), &deleted, None).await.unwrap();
    account.expunge(MailboxId(1), &UidSet::all()).await.unwrap();
    let before = picture(&*account).await;
    assert!(store.compact(ACCOUNT).await.unwrap() > 1);
    assert_eq!(picture(&*account).await, before);
    drop((store, account));
    assert_eq!(seen(&disk, "after a kill").await, before);
}

fn contents(disk: &SimulatedDisk, path: &Path) -> Vec<u8> {
    let file = disk.open(path).unwrap();
    let mut octets = vec![0; usize::try_from(file.len().unwrap()).unwrap()];
    file.read_at(&mut octets, 0).unwrap();
    octets
}

/// A segment was begun and nothing could be written to it, the one before it was rewritten, and became the last again: what a
/// power cut tears behind the place where the index snapshot ends is torn, and no damage.
#[test]
fn a_rewritten_segment_that_is_the_last_again_may_be_torn() {
    on_threads(1, torn_where_it_is_the_last_again());
}

async fn torn_where_it_is_the_last_again() {
    let (disk, _) = churned(true).await;
    let store = open_soon(&disk).await.unwrap();
    let account = store.account(ACCOUNT).await.unwrap();
    let last = |disk: &SimulatedDisk| disk.list(&segments()).unwrap().len();
    let len = |disk: &SimulatedDisk| {
        disk.read(&segments().join(format!("{}.seg", last(disk)))).unwrap().len()
    };
    // Until the last segment is full, by small changes in the end, and half of it is dead.
    while len(&disk) > 1500 || len(&disk) < 1000 {
        let new = vec![message(&*account, 900, "\\Deleted").await.unwrap()];
        account.append(MailboxId(1), new, NOW).await.unwrap();
        account.expunge(MailboxId(1), &UidSet::all()).await.unwrap();
    }
    while len(&disk) < 3890 {
        account.subscribe(&name(&format!("n{}", len(&disk))), true).await.unwrap();
    }
    let count = last(&disk);
    drop((store, account));
    // The next change is the last one of the segment, and an index snapshot ends behind it.
    let options = Options { index_octets: 1, ..SMALL };
    open_soon(&disk).await.unwrap();
    let vfs = Arc::new(disk.clone());
    let store = LocalStore::with_vfs(vfs, Path::new(DIR), options).unwrap();
    let account = store.account(ACCOUNT).await.unwrap();
    account.subscribe(&name(&"n".repeat(150)), true).await.unwrap();
    assert!(last(&disk) == count && len(&disk) >= 4000);
    let before = picture(&*account).await;
    quiet().await;
    // The new segment is made in four operations.
    disk.fail_at(disk.operations() + 5, io::ErrorKind::StorageFull, false);
    assert!(account.delete(MailboxId(2)).await.is_err());
    assert_eq!(last(&disk), count + 1);
    assert!(store.compact(ACCOUNT).await.unwrap() > 0);
    drop((store, account));
    let store = open_soon(&disk).await.unwrap();
    let account = store.account(ACCOUNT).await.unwrap();
    assert_eq!(last(&disk), count);
    disk.record();
    let first = disk.operations();
    account.delete(MailboxId(2)).await.unwrap();
    let after = picture(&*account).await;
    let (end, mut recording) = (disk.operations(), disk.recording());
    for operation in first..=end {
        for seed in 0..20 {
            let left = recording.after(operation).crash(seed);
            let found = seen(&left, &format!("operation {operation}, seed {seed}")).await;
            assert!(found == before || found == after);
        }
    }
}

/// Far from its end, and with no more than a quarter of a megabyte dead.
#[tokio::test]
async fn the_last_segment_gives_space_back_too_when_the_disk_is_short_of_it() {
    let options = Options { segment_octets: 64 << 20, ..SMALL };
    let expunge = async |disk: &SimulatedDisk| {
        let vfs = Arc::new(disk.clone());
        let Ok(store) = LocalStore::with_vfs(vfs, Path::new(DIR), options) else { return };
        let Ok(account) = store.account(ACCOUNT).await else { return };
        let all = uids(|uid| uid <= 10);
        if account.expunge(MailboxId(1), &all).await.is_ok() {
            // Whether it succeeds or not is not the question.
            let _ = store.compact(ACCOUNT).await;
        }
    };
    let disk = SimulatedDisk::new();
    let store = open(&disk).unwrap();
    let account = create(&store).await.unwrap();
    drop((store, account));
    let vfs = Arc::new(disk.clone());
    let store = LocalStore::with_vfs(vfs, Path::new(DIR), options).unwrap();
    let account = store.account(ACCOUNT).await.unwrap();
    for _ in 0..12 {
        let new = vec![message(&*account, 20_000, "\\Deleted").await.unwrap()];
        account.append(MailboxId(1), new, NOW).await.unwrap();
    }
    let before = picture(&*account).await;
    drop((account, store));
    let start = disk.crash(0);
    let unhurried = start.crash(0);
    expunge(&unhurried).await;
    assert!(octets(&unhurried) > 240_000, "there is no haste");
    start.set_space(Space { free: 3 << 19, total: 16 << 20 });
    let whole = start.crash(0);
    whole.set_space(Space { free: 3 << 19, total: 16 << 20 });
    expunge(&whole).await;
    assert!(octets(&whole) < 80_000, "{} octets are left", octets(&whole));
    let after = seen(&whole, "after a kill").await;
    for at in 1..=whole.operations() {
        for (error, dies) in [(io::ErrorKind::BrokenPipe, true), (io::ErrorKind::Other, false)] {
            let disk = start.crash(0);
            disk.set_space(Space { free: 3 << 19, total: 16 << 20 });
            disk.fail_at(at, error, dies);
            expunge(&disk).await;
            let found = seen(&disk.crash(at), &format!("{error:?} at operation {at}")).await;
            assert!(found == before || found == after, "{error:?} at operation {at}");
        }
    }
}
