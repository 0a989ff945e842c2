//! Accounts as a whole: whether there are any, and what becomes of them.

use crate::workload::{ACCOUNT, NOW, create, mailbox, open, open_soon};
use rookery_mailbox::{Refused, Store, StoreError};
use rookery_store_local::vfs::SimulatedDisk;
use std::io::ErrorKind;

/// The kind of an error of the system.
fn kind<T>(answer: Result<T, StoreError>) -> Option<ErrorKind> {
    match answer {
        Err(StoreError::Io { source, .. }) => Some(source.kind()),
        _ => None,
    }
}

#[tokio::test]
async fn an_account_that_cannot_be_looked_at_is_not_missing() {
    for error in [ErrorKind::PermissionDenied, ErrorKind::Other, ErrorKind::TimedOut] {
        let disk = SimulatedDisk::new();
        let store = open(&disk).unwrap();
        drop(create(&store).await.unwrap());
        drop(store);
        let store = open_soon(&disk).await.unwrap();
        disk.blind(error);
        assert_eq!(kind(store.account(ACCOUNT).await), Some(error));
        assert_eq!(
            kind(store.create_account(ACCOUNT, &[mailbox("INBOX")], NOW).await),
            Some(error)
        );
        assert_eq!(kind(store.delete_account(ACCOUNT).await), Some(error));
        drop(store);
        assert_eq!(kind(open_soon(&disk).await), Some(error));
        disk.mend();
        let store = open_soon(&disk).await.unwrap();
        assert_eq!(store.accounts().await.unwrap(), [ACCOUNT]);
        store.account(ACCOUNT).await.unwrap();
        let none = store.account("joe").await;
        assert!(matches!(none, Err(StoreError::Refused(Refused::NoSuchAccount))));
    }
}

#[tokio::test]
async fn a_file_among_the_accounts_hides_none() {
    let dir = tempfile::tempdir().unwrap();
    let store = rookery_store_local::LocalStore::open(dir.path()).unwrap();
    store.create_account(ACCOUNT, &[mailbox("INBOX")], NOW).await.unwrap();
    std::fs::write(store.account_dir("README"), "x").unwrap();
    assert_eq!(store.accounts().await.unwrap(), [ACCOUNT]);
    assert_eq!(kind(store.account("README").await), Some(ErrorKind::NotADirectory));
    let long = store.delete_account(&"x".repeat(300)).await;
    assert!(matches!(long, Err(StoreError::Refused(Refused::NoSuchAccount))));
}
