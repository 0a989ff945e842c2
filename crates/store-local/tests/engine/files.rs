//! The data directory on real files.

use crate::workload::{ACCOUNT, create, message, picture};
use rookery_mail::MailboxId;
use rookery_mailbox::{Refused, Store, StoreError};
use rookery_store_local::LocalStore;
use std::io;

#[tokio::test]
async fn a_data_directory_is_open_once() {
    let dir = tempfile::tempdir().unwrap();
    let store = LocalStore::open(dir.path()).unwrap();
    match LocalStore::open(dir.path()) {
        Err(StoreError::Io { source, .. }) => assert_eq!(source.kind(), io::ErrorKind::WouldBlock),
        _ => panic!("two have it open"),
    }
    let account = create(&store).await.unwrap();
    store.close().await.unwrap();
    assert!(LocalStore::open(dir.path()).is_ok());
    let change = account.delete(MailboxId(2)).await;
    assert!(matches!(change, Err(StoreError::ReadOnly)));
    assert!(store.account(ACCOUNT).await.is_err());
}

#[tokio::test]
async fn an_account_is_a_directory_that_can_be_copied() {
    let (here, there) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let store = LocalStore::open(here.path()).unwrap();
    std::fs::create_dir_all(store.account_dir(ACCOUNT)).unwrap();
    std::fs::write(store.account_dir(ACCOUNT).join("account.toml"), "x = 1").unwrap();
    assert_eq!(store.accounts().await.unwrap(), Vec::<String>::new());
    let account = create(&store).await.unwrap();
    let large = message(&*account, 300_000, "").await.unwrap();
    account.append(MailboxId(1), vec![large], 1).await.unwrap();
    assert_eq!(std::fs::read_dir(store.account_dir(ACCOUNT).join("tmp")).unwrap().count(), 0);
    let other = LocalStore::open(there.path()).unwrap();
    let copied = std::process::Command::new("cp")
        .arg("-r")
        .args([store.account_dir(ACCOUNT), other.account_dir("copy")])
        .status();
    assert!(copied.unwrap().success());
    assert_eq!(other.accounts().await.unwrap(), ["copy"]);
    let copy = other.account("copy").await.unwrap();
    assert_eq!(picture(&*copy).await, picture(&*account).await);
}

#[tokio::test]
async fn names_of_accounts_are_names_only() {
    let dir = tempfile::tempdir().unwrap();
    let store = LocalStore::open(&dir.path().join("data")).unwrap();
    for name in ["../../x", "..", "Jane", "jane", "a/b", "grüße@example.org", "%41", "A"] {
        store.create_account(name, &[], 1).await.unwrap();
        let again = store.create_account(name, &[], 1).await;
        assert!(matches!(again, Err(StoreError::Refused(Refused::AccountExists))));
    }
    assert_eq!(store.accounts().await.unwrap().len(), 8);
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1);
    for name in ["", &"x".repeat(300)] {
        assert!(matches!(store.create_account(name, &[], 1).await, Err(StoreError::Io { .. })));
        let none = store.account(name).await;
        assert!(matches!(none, Err(StoreError::Refused(Refused::NoSuchAccount))));
    }
    store.delete_account("..").await.unwrap();
    assert!(!store.accounts().await.unwrap().contains(&"..".to_owned()));
    store.create_account("..", &[], 1).await.unwrap();
}
