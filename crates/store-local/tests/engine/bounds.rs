//! Accounts that have as many messages as they can have, or more, however they came to be.

use crate::repair::{repair, repaired, without_indexes};
use crate::workload::{ACCOUNT, DIR, NOW, SMALL, Step, create, done, message, picture};
use rookery_mail::{MailboxId, UidSet};
use rookery_mailbox::{AccountStore, FlagOperation, Refused, Store, StoreError};
use rookery_store_local::vfs::SimulatedDisk;
use rookery_store_local::{LocalStore, Options};
use std::path::Path;
use std::sync::Arc;

fn open(disk: &SimulatedDisk, max_messages: u64) -> LocalStore {
    let options = Options { max_messages, ..SMALL };
    LocalStore::with_vfs(Arc::new(disk.clone()), Path::new(DIR), options).unwrap()
}

async fn count(account: &dyn AccountStore) -> u64 {
    let mut count = 0;
    for info in account.mailboxes().await.unwrap().mailboxes.values() {
        count += u64::from(account.status(info.id).await.unwrap().counts.messages);
    }
    count
}

/// Whether there is room for what a step adds.
async fn has_room(account: &dyn AccountStore, step: Step) -> bool {
    match step.take(account).await {
        Ok(()) => true,
        Err(StoreError::Refused(Refused::TooManyMessages)) => false,
        Err(error) => panic!("{error}"),
    }
}

async fn is_full(account: &dyn AccountStore) -> bool {
    !has_room(account, Step::Append(1, 1, 10, "")).await
}

/// The limit came later, or became smaller.
#[tokio::test]
async fn an_account_that_has_more_keeps_them_and_takes_no_further_ones() {
    let clean = done(true, SMALL).await;
    for disk in [without_indexes(&clean), clean, done(false, SMALL).await, repaired().await] {
        assert!(repair(&disk).await.is_good());
        let store = open(&disk, u64::MAX);
        let account = store.account(ACCOUNT).await.unwrap();
        let (before, messages) = (picture(&*account).await, count(&*account).await);
        assert!(messages > 4);
        drop(account);
        store.close().await.unwrap();
        let store = open(&disk, messages - 2);
        assert!(store.check(ACCOUNT).await.unwrap().is_good());
        let account = store.account(ACCOUNT).await.unwrap();
        assert_eq!(picture(&*account).await, before);
        assert!(is_full(&*account).await);
        assert!(!has_room(&*account, Step::Append(2, 1, 10, "\\Deleted")).await);
        assert!(!has_room(&*account, Step::Copy(1, 2)).await);
        Step::Renew(1, "old").take(&*account).await.unwrap();
        assert_eq!(count(&*account).await, messages);
        let renewed = account.mailboxes().await.unwrap();
        let old = renewed.mailboxes.values().find(|info| info.name.as_str() == "old").unwrap().id.0;
        Step::Flag(old, FlagOperation::Add, "\\Deleted").take(&*account).await.unwrap();
        Step::Expunge(old).take(&*account).await.unwrap();
        let left = count(&*account).await;
        assert!(left + 2 < messages, "{left} of {messages}");
        for _ in left..messages - 2 {
            assert!(!is_full(&*account).await);
        }
        assert!(is_full(&*account).await);
        drop(account);
        store.close().await.unwrap();
        // The sum is the same once more for who finds the account so.
        let store = open(&disk, messages - 1);
        let account = store.account(ACCOUNT).await.unwrap();
        assert!(!is_full(&*account).await && is_full(&*account).await);
    }
}

/// What is decided together counts together.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_changes_at_once_so_many_have_room() {
    let store = open(&SimulatedDisk::new(), 6);
    let account = create(&store).await.unwrap();
    let mut tasks = tokio::task::JoinSet::new();
    for id in (0..40).map(|task| MailboxId(task % 2 + 1)) {
        let account = Arc::clone(&account);
        tasks.spawn(async move {
            let new = message(&*account, 9, "").await.unwrap();
            account.append(id, vec![new], NOW).await.is_ok()
        });
    }
    let appended = tasks.join_all().await.into_iter().filter(|appended| *appended).count();
    assert_eq!((appended, count(&*account).await), (6, 6));
}

/// The administrator changes their mind.
#[tokio::test]
async fn the_bound_can_change_while_the_account_is_open() {
    let store = open(&SimulatedDisk::new(), 1);
    let account = create(&store).await.unwrap();
    assert!(!is_full(&*account).await && is_full(&*account).await);
    store.set_max_messages(2);
    assert!(!is_full(&*account).await && is_full(&*account).await);
    store.set_max_messages(1);
    assert!(is_full(&*account).await);
    Step::Flag(1, FlagOperation::Add, "\\Deleted").take(&*account).await.unwrap();
    assert_eq!(account.expunge(MailboxId(1), &UidSet::all()).await.unwrap().len(), 2);
    assert!(!is_full(&*account).await && is_full(&*account).await);
}
