//! Disks that fail at any operation of a script.

use crate::workload::{
    ACCOUNT, DIR, SMALL, Step, create, message, open_soon, picture, script, small_memory,
};
use rookery_mail::{MailboxId, UidSet};
use rookery_mailbox::{Absent, FlagOperation, Refused, Store, StoreError};
use rookery_store_local::limits::RETRY_AFTER;
use rookery_store_local::vfs::{SimulatedDisk, Space};
use rookery_store_local::{LocalStore, Options};
use std::io;
use std::path::Path;
use std::sync::Arc;

/// Do the script until something fails; returns how many steps were acknowledged, or `None` if not
/// even the account was.
async fn work(disk: &SimulatedDisk) -> Option<usize> {
    let store = open_soon(disk).await.ok()?;
    let account = create(&store).await.ok()?;
    let mut acknowledged = 0;
    for step in script() {
        if step.take(&*account).await.is_err() {
            return Some(acknowledged);
        }
        acknowledged += 1;
    }
    store.close().await.ok();
    Some(acknowledged)
}

/// How many operations the disk sees when nothing fails.
async fn all_operations() -> u64 {
    let disk = SimulatedDisk::new();
    assert_eq!(work(&disk).await, Some(script().len()));
    disk.operations()
}

/// One operation fails, the others do not: what is answered with an error has not happened.
async fn fail_once(at: u64, error: io::ErrorKind) {
    let moment = format!("{error:?} at operation {at}");
    let (disk, memory) = (SimulatedDisk::new(), small_memory());
    let oracle = create(&memory).await.unwrap();
    disk.fail_at(at, error, false);
    let Ok(store) = open_soon(&disk).await else { return };
    let account = match create(&store).await {
        Ok(account) => account,
        Err(_) => match create(&store).await {
            Ok(account) => account,
            Err(StoreError::Refused(Refused::AccountExists)) => {
                store.account(ACCOUNT).await.unwrap_or_else(|error| panic!("{moment}: {error}"))
            }
            Err(error) => panic!("{moment}: {error}"),
        },
    };
    for step in script() {
        match step.take(&*account).await {
            Ok(()) => {
                step.take(&*oracle).await.unwrap();
                continue;
            }
            // What depends on a step that failed is refused.
            Err(StoreError::Refused(refused)) if refused != Refused::OverQuota => {
                assert!(step.take(&*oracle).await.is_err(), "{moment}: {refused}");
            }
            Err(StoreError::ReadOnly) => {
                assert_ne!(error, io::ErrorKind::StorageFull, "{moment}: there is room again");
            }
            Err(_) => {}
        }
        assert_eq!(picture(&*account).await, picture(&*oracle).await, "{moment}");
    }
    disk.mend();
    let change = account.subscribe(&crate::workload::name("x"), true).await;
    change.unwrap_or_else(|error| panic!("{moment}: it goes on: {error}"));
    oracle.subscribe(&crate::workload::name("x"), true).await.unwrap();
    drop((account, store));
    let store = open_soon(&disk.crash(at)).await.unwrap();
    let found = picture(&*store.account(ACCOUNT).await.unwrap()).await;
    assert_eq!(found, picture(&*oracle).await, "{moment}");
}

#[tokio::test]
async fn a_full_disk_at_any_operation_changes_nothing() {
    for at in 1..=all_operations().await {
        fail_once(at, io::ErrorKind::StorageFull).await;
    }
}

#[tokio::test]
async fn an_error_at_any_operation_changes_nothing() {
    for at in 1..=all_operations().await {
        fail_once(at, io::ErrorKind::Other).await;
    }
}

/// Some file systems say only at the sync that there is no room, and have then forgotten what was written before as well.
#[tokio::test]
async fn a_sync_without_room_takes_nothing_from_earlier_changes() {
    for seed in 0..20 {
        let disk = SimulatedDisk::new();
        let store = open_soon(&disk).await.unwrap();
        let account = create(&store).await.unwrap();
        let some = vec![message(&*account, 50, "").await.unwrap()];
        account.append(MailboxId(1), some, 1).await.unwrap();
        // Answered before it is durable.
        account.claim_recent(MailboxId(1)).await.unwrap().unwrap();
        disk.fail_at(disk.operations() + 2, io::ErrorKind::StorageFull, false);
        let flag = Step::Flag(1, FlagOperation::Add, "\\Seen");
        let refused = flag.take(&*account).await;
        assert!(matches!(refused, Err(StoreError::Refused(Refused::OverQuota))), "{refused:?}");
        flag.take(&*account).await.unwrap();
        let before = picture(&*account).await;
        let disk = disk.crash(seed);
        let store = open_soon(&disk).await.unwrap();
        let account = store.account(ACCOUNT).await.unwrap();
        assert_eq!(picture(&*account).await, before);
        flag.take(&*account).await.unwrap();
        Step::Subscribe("x").take(&*account).await.expect("nothing is missing");
    }
}

#[tokio::test]
async fn a_disk_that_stays_full_refuses_and_can_be_read() {
    let disk = SimulatedDisk::new();
    let store = open_soon(&disk).await.unwrap();
    let account = create(&store).await.unwrap();
    let some = vec![message(&*account, 50, "").await.unwrap()];
    account.append(MailboxId(1), some, 1).await.unwrap();
    let before = picture(&*account).await;
    let more = message(&*account, 50, "").await.unwrap();
    // The write fails, cutting it off does not.
    disk.fail_at(disk.operations() + 1, io::ErrorKind::StorageFull, false);
    let refused = account.append(MailboxId(1), vec![more], 1).await;
    assert!(matches!(refused, Err(StoreError::Refused(Refused::OverQuota))), "{refused:?}");
    assert_eq!(picture(&*account).await, before);
    let more = vec![message(&*account, 50, "").await.unwrap()];
    assert_eq!(account.append(MailboxId(1), more, 1).await.unwrap().uids.to_string(), "2");
}

/// The last of a disk is not for mail: who removes some must be able to, and who gives its space back.
#[tokio::test]
async fn what_is_left_of_a_full_disk_is_not_for_mail() {
    let (disk, _) = crate::compaction::churned(true).await;
    let store = open_soon(&disk).await.unwrap();
    let account = store.account(ACCOUNT).await.unwrap();
    disk.set_space(Space { free: (1 << 20) - 1, total: 16 << 20 });
    let before = picture(&*account).await;
    // One that waits in memory, and one that is spooled to a file.
    for octets in [1, 1000] {
        let refused = match message(&*account, octets, "").await {
            Ok(new) => account.append(MailboxId(1), vec![new], 1).await.map(drop),
            Err(error) => Err(error),
        };
        assert!(matches!(refused, Err(StoreError::Refused(Refused::OverQuota))), "{refused:?}");
    }
    assert_eq!(picture(&*account).await, before);
    account.create(&[crate::workload::mailbox("x")], 1).await.unwrap();
    let all = UidSet::all();
    let moved = account.move_messages(MailboxId(1), &all, MailboxId(2), Absent::Skip, 1).await;
    assert!(!moved.unwrap().source.is_empty());
    assert!(store.compact(ACCOUNT).await.unwrap() > 1);
    account.delete(MailboxId(2)).await.unwrap();
    disk.set_space(Space { free: (1 << 20) + 2000, total: 16 << 20 });
    for octets in [1, 1000] {
        let new = message(&*account, octets, "").await.unwrap();
        account.append(MailboxId(1), vec![new], 1).await.unwrap();
    }
}

/// An account whose next append was written, and whose sync failed. It is not tried again soon.
async fn with_a_failed_sync() -> (SimulatedDisk, LocalStore, String) {
    let disk = SimulatedDisk::new();
    let options = Options { retry_after: RETRY_AFTER, ..SMALL };
    let store = LocalStore::with_vfs(Arc::new(disk.clone()), Path::new(DIR), options).unwrap();
    let account = create(&store).await.unwrap();
    let some = vec![message(&*account, 900, "").await.unwrap()];
    account.append(MailboxId(1), some, 1).await.unwrap();
    let before = picture(&*account).await;
    let more = vec![message(&*account, 50, "").await.unwrap()];
    disk.fail_at(disk.operations() + 2, io::ErrorKind::Other, false);
    let refused = account.append(MailboxId(1), more, 1).await;
    assert!(matches!(refused, Err(StoreError::ReadOnly)), "{refused:?}");
    drop(account);
    (disk, store, before)
}

#[tokio::test]
async fn an_account_whose_sync_failed_takes_no_changes_for_a_while_whoever_comes_and_goes() {
    let (disk, store, before) = with_a_failed_sync().await;
    // The writing task may have the account for a moment yet.
    tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    let operations = disk.operations();
    let account = store.account(ACCOUNT).await.unwrap();
    assert_eq!(picture(&*account).await, before);
    let change = account.create(&[crate::workload::mailbox("x")], 1).await;
    assert!(matches!(change, Err(StoreError::ReadOnly)));
    assert_eq!(disk.operations(), operations, "the disk is left alone");
    drop(account);
    let account = store.account(ACCOUNT).await.unwrap();
    tokio::time::sleep(RETRY_AFTER).await;
    account.create(&[crate::workload::mailbox("x")], 1).await.unwrap();
    let after = picture(&*account).await;
    let later = open_soon(&disk.crash(1)).await.unwrap();
    assert_eq!(picture(&*later.account(ACCOUNT).await.unwrap()).await, after);
    // And when it fails once more it may be deleted, and made anew.
    disk.fail_at(disk.operations() + 2, io::ErrorKind::Other, false);
    account.create(&[crate::workload::mailbox("y")], 1).await.unwrap_err();
    store.delete_account(ACCOUNT).await.unwrap();
    let account = create(&store).await.unwrap();
    account.create(&[crate::workload::mailbox("x")], 1).await.unwrap();
}

#[tokio::test]
async fn what_a_failed_sync_left_is_written_anew_before_it_is_built_on() {
    let (disk, store, _) = with_a_failed_sync().await;
    drop(store);
    let store = open_soon(&disk).await.unwrap();
    let account = store.account(ACCOUNT).await.unwrap();
    account.create(&[crate::workload::mailbox("x")], 1).await.unwrap();
    let after = picture(&*account).await;
    for seed in 0..4 {
        let store = open_soon(&disk.crash(seed)).await.unwrap();
        assert_eq!(picture(&*store.account(ACCOUNT).await.unwrap()).await, after);
    }
}

#[tokio::test]
async fn an_account_whose_sync_fails_when_it_is_opened_is_shut_until_it_succeeds() {
    let (disk, store, _) = with_a_failed_sync().await;
    drop(store);
    drop(open_soon(&disk).await.unwrap());
    let options = Options { retry_after: RETRY_AFTER, ..SMALL };
    let store = LocalStore::with_vfs(Arc::new(disk.clone()), Path::new(DIR), options).unwrap();
    // The end is written anew and cut, then comes the sync.
    disk.fail_at(disk.operations() + 4, io::ErrorKind::Other, false);
    let syncs = disk.syncs();
    for _ in 0..2 {
        assert!(matches!(store.account(ACCOUNT).await, Err(StoreError::Io { .. })));
    }
    assert_eq!(disk.syncs(), syncs);
    tokio::time::sleep(RETRY_AFTER).await;
    let account = store.account(ACCOUNT).await.unwrap();
    account.create(&[crate::workload::mailbox("x")], 1).await.unwrap();
    let after = picture(&*account).await;
    for seed in 0..4 {
        let store = open_soon(&disk.crash(seed)).await.unwrap();
        assert_eq!(picture(&*store.account(ACCOUNT).await.unwrap()).await, after);
    }
}

/// Also where a new segment begins, and with index snapshots, which trust the segments.
#[tokio::test]
async fn a_sync_that_fails_anywhere_makes_nothing_look_durable() {
    for at in 1..=all_operations().await {
        let moment = format!("operation {at}");
        let disk = SimulatedDisk::new();
        disk.fail_at(at, io::ErrorKind::Other, false);
        let Some(acknowledged) = work(&disk).await else { continue };
        disk.mend();
        let store = open_soon(&disk).await.unwrap();
        let account = store.account(ACCOUNT).await.unwrap();
        for number in 0..acknowledged % 3 + 1 {
            let more = vec![message(&*account, 3000 * number, "").await.unwrap()];
            account.append(MailboxId(1), more, 1).await.unwrap();
        }
        let after = picture(&*account).await;
        let left = disk.crash(at);
        let store = open_soon(&left).await.unwrap();
        let found = store.account(ACCOUNT).await;
        let found = found.unwrap_or_else(|error| panic!("{moment}: {error}"));
        assert_eq!(picture(&*found).await, after, "{moment}");
    }
}
