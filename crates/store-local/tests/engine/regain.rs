//! A disk that cannot be written to for a while, under an account that is open: it is read on, and changed again when the disk
//! takes writes again. Nothing that was refused comes back, whatever the disk has kept of it.

use crate::damage::segment;
use crate::workload::{ACCOUNT, SMALL, Step, create, mailbox, message, name, open_soon, picture};
use rookery_mail::MailboxId;
use rookery_mailbox::{AccountStore, FlagOperation, Store, StoreError};
use rookery_store_local::vfs::{SimulatedDisk, Vfs};
use std::io::ErrorKind;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

const INBOX: MailboxId = MailboxId(1);

async fn append(account: &dyn AccountStore, octets: &[usize]) -> Result<(), StoreError> {
    let mut messages = Vec::new();
    for octets in octets {
        messages.push(message(account, *octets, "").await?);
    }
    account.append(INBOX, messages, 1).await.map(drop)
}

/// An account with a message of which somebody was told as recent, which is not durable yet.
async fn opened(disk: &SimulatedDisk) -> (impl Store + use<>, Arc<dyn AccountStore>) {
    let store = open_soon(disk).await.unwrap();
    let account = create(&store).await.unwrap();
    append(&*account, &[50]).await.unwrap();
    account.claim_recent(INBOX).await.unwrap().unwrap();
    (store, account)
}

async fn seen(disk: &SimulatedDisk) -> String {
    let store = open_soon(disk).await.unwrap();
    let account = store.account(ACCOUNT).await.unwrap();
    // It is subscribed to already, so that nothing changes.
    account.subscribe(&name("INBOX"), true).await.expect("nothing is missing");
    picture(&*account).await
}

/// Whoever has the account changes it again, be it the write or the sync that failed.
#[tokio::test]
async fn changes_go_on_when_the_disk_can_be_written_to_again() {
    for kind in [ErrorKind::ReadOnlyFilesystem, ErrorKind::Other] {
        for at in 1..=2 {
            let disk = SimulatedDisk::new();
            let (_store, account) = opened(&disk).await;
            let before = picture(&*account).await;
            disk.fail_at(disk.operations() + at, kind, true);
            for _ in 0..2 {
                for step in [
                    Step::Flag(1, FlagOperation::Add, "\\Seen"),
                    Step::Append(1, 1, 30, ""),
                    Step::Append(1, 1, 1000, ""),
                    Step::Copy(1, 2),
                ] {
                    let refused = step.take(&*account).await;
                    // What is spooled to a file says why that is not possible.
                    let is_io = matches!(refused, Err(StoreError::Io { .. }));
                    let is_refused = matches!(refused, Err(StoreError::ReadOnly));
                    let may_be_io =
                        kind == ErrorKind::Other && matches!(step, Step::Append(_, _, 1000, _));
                    assert!(is_refused || (may_be_io && is_io), "{kind} {step:?}: {refused:?}");
                    assert_eq!(picture(&*account).await, before, "it is read on");
                }
            }
            disk.mend();
            Step::Flag(1, FlagOperation::Add, "\\Seen").take(&*account).await.unwrap();
            append(&*account, &[1000]).await.unwrap();
            let after = picture(&*account).await;
            for seed in 0..10 {
                assert_eq!(seen(&disk.crash(seed)).await, after, "{kind} {at} {seed}");
            }
        }
    }
}

/// The first attempts to go on fail as well, and the disk has kept more of what was refused than can be read. What comes next is as
/// long as the first half of it, so that the other half would go on behind it.
#[tokio::test]
async fn nothing_that_was_refused_comes_back() {
    for seed in 0..60 {
        let disk = SimulatedDisk::new();
        let (_store, account) = opened(&disk).await;
        // What a failing sync leaves depends on its number.
        (0..seed).for_each(|_| disk.sync_dir(Path::new("/")).unwrap());
        disk.fail_at(disk.operations() + 2, ErrorKind::Other, false);
        append(&*account, &[60, 60]).await.unwrap_err();
        for _ in 0..seed % 3 {
            // What is not synced is written once more, what is behind it is cut, and comes back.
            disk.fail_at(disk.operations() + 6, ErrorKind::Other, false);
            append(&*account, &[60, 60]).await.unwrap_err();
        }
        append(&*account, &[60]).await.unwrap();
        let after = picture(&*account).await;
        for cut in 0..4 {
            assert_eq!(seen(&disk.crash(cut)).await, after, "{seed} {cut}");
        }
        assert_eq!(seen(&disk.kill()).await, after, "{seed}");
    }
}

/// The same for whoever opens the account after that.
#[tokio::test]
async fn nothing_that_was_refused_comes_back_in_the_next_process() {
    for seed in 0..60 {
        let disk = SimulatedDisk::new();
        let (store, account) = opened(&disk).await;
        (0..seed).for_each(|_| disk.sync_dir(Path::new("/")).unwrap());
        disk.fail_at(disk.operations() + 2, ErrorKind::Other, false);
        append(&*account, &[60, 60]).await.unwrap_err();
        disk.fail_at(disk.operations() + 6, ErrorKind::Other, false);
        append(&*account, &[60, 60]).await.unwrap_err();
        let before = picture(&*account).await;
        drop((account, store));
        let disk = disk.kill();
        let store = open_soon(&disk).await.unwrap();
        let account = store.account(ACCOUNT).await.unwrap();
        assert_eq!(
            picture(&*account).await,
            before,
            "what was not synced is cut in what can be read"
        );
        append(&*account, &[60]).await.unwrap();
        let after = picture(&*account).await;
        for cut in 0..4 {
            assert_eq!(seen(&disk.crash(cut)).await, after, "{seed} {cut}");
        }
    }
}

/// The file system was mounted anew under the same name, and the files that are open belong to one that is gone.
#[tokio::test]
async fn the_log_is_looked_for_by_its_name() {
    let disk = SimulatedDisk::new();
    let (_store, account) = opened(&disk).await;
    let octets = disk.read(&segment(1)).unwrap();
    disk.fail_at(disk.operations() + 1, ErrorKind::ReadOnlyFilesystem, true);
    append(&*account, &[60]).await.unwrap_err();
    disk.mend();
    disk.remove_file(&segment(1)).unwrap();
    disk.overwrite(&segment(1), &octets);
    append(&*account, &[60]).await.unwrap();
    let after = picture(&*account).await;
    assert_eq!(seen(&disk.crash(0)).await, after);
}

/// Something else has its name now: that is not built on, and what can be read goes on being read.
#[tokio::test]
async fn another_log_in_its_place_is_not_written_to() {
    let other = SimulatedDisk::new();
    let (_store, _account) = opened(&other).await;
    let foreign = other.read(&segment(1)).unwrap();
    let disk = SimulatedDisk::new();
    let (_store, _account) = opened(&disk).await;
    let whole = disk.read(&segment(1)).unwrap();
    let mut changed = whole.clone();
    changed[100] ^= 1;
    for octets in [&foreign[..], &whole[..whole.len() - 200], &changed, b""] {
        let disk = SimulatedDisk::new();
        let (_store, account) = opened(&disk).await;
        let before = account.open(INBOX).await.unwrap().snapshot();
        disk.fail_at(disk.operations() + 1, ErrorKind::ReadOnlyFilesystem, true);
        append(&*account, &[60]).await.unwrap_err();
        disk.mend();
        disk.overwrite(&segment(1), octets);
        for _ in 0..2 {
            let refused = append(&*account, &[60]).await;
            assert!(matches!(refused, Err(StoreError::ReadOnly)), "{refused:?}");
        }
        assert_eq!(disk.read(&segment(1)).unwrap(), octets);
        assert!(account.open(INBOX).await.unwrap().snapshot() == before);
    }
}

/// Those that wait in one batch are each refused, and then each taken.
#[tokio::test]
async fn a_batch_is_refused_and_taken_later() {
    let disk = SimulatedDisk::new();
    let (_store, account) = opened(&disk).await;
    disk.fail_at(disk.operations() + 2, ErrorKind::ReadOnlyFilesystem, true);
    let names = ["a", "b", "c"];
    let make = |name: &'static str| {
        let account = Arc::clone(&account);
        tokio::spawn(async move { account.create(&[mailbox(name)], 1).await })
    };
    let refused: Vec<_> = names.map(make).into();
    for refused in refused {
        assert!(matches!(refused.await.unwrap(), Err(StoreError::ReadOnly)));
    }
    disk.mend();
    for made in names.map(make) {
        made.await.unwrap().unwrap();
    }
    assert_eq!(seen(&disk.crash(3)).await, picture(&*account).await);
    assert_eq!(SMALL.retry_after, Duration::ZERO);
}
