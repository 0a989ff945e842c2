//! The data directory on real files.

use crate::workload::{ACCOUNT, create, mailbox, message, picture};
use rookery_mail::MailboxId;
use rookery_mailbox::{Refused, Store, StoreError};
use rookery_store_local::LocalStore;
use std::fs::Permissions;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

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
        store.create_account(name, &[mailbox("INBOX")], 1).await.unwrap();
        let again = store.create_account(name, &[mailbox("INBOX")], 1).await;
        assert!(matches!(again, Err(StoreError::Refused(Refused::AccountExists))));
    }
    assert_eq!(store.accounts().await.unwrap().len(), 8);
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1);
    for name in ["", &"x".repeat(300)] {
        assert!(matches!(
            store.create_account(name, &[mailbox("INBOX")], 1).await,
            Err(StoreError::Io { .. })
        ));
        let none = store.account(name).await;
        assert!(matches!(none, Err(StoreError::Refused(Refused::NoSuchAccount))));
    }
    store.delete_account("..").await.unwrap();
    assert!(!store.accounts().await.unwrap().contains(&"..".to_owned()));
    store.create_account("..", &[mailbox("INBOX")], 1).await.unwrap();
}

/// The modes of a directory and of all that is in it, with their names.
fn modes(dir: &Path) -> Vec<(PathBuf, u32)> {
    let mut modes = vec![(dir.to_owned(), mode(dir))];
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            modes.extend(self::modes(&path));
        } else {
            modes.push((path.clone(), mode(&path)));
        }
    }
    modes
}

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

#[tokio::test]
async fn nobody_else_can_read_mail() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("new/data");
    let store = LocalStore::open(&data).unwrap();
    let account = create(&store).await.unwrap();
    // Longer than what is spooled in memory, so that there is a file of it.
    let large = message(&*account, 300_000, "").await.unwrap();
    let found = modes(&data);
    assert!(found.iter().any(|(path, _)| path.parent().unwrap().ends_with("tmp")));
    account.append(MailboxId(1), vec![large], 1).await.unwrap();
    drop((account, store.close().await.unwrap()));
    let closed = modes(&dir.path().join("new"));
    assert!(closed.iter().any(|(path, _)| path.ends_with("lock")));
    for (path, mode) in found.into_iter().chain(closed) {
        assert_eq!(mode & 0o077, 0, "{}: {mode:o}", path.display());
    }
}

#[tokio::test]
async fn what_others_could_read_is_closed() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(dir.path().join("accounts")).unwrap();
    for path in [dir.path(), &dir.path().join("accounts")] {
        std::fs::set_permissions(path, Permissions::from_mode(0o755)).unwrap();
    }
    let _store = LocalStore::open(dir.path()).unwrap();
    assert_eq!(mode(&dir.path().join("accounts")), 0o700);
    assert_eq!(mode(&dir.path().join("trash")), 0o700);
    assert_eq!(mode(dir.path()), 0o755, "there may be more in it than ours");
}

#[tokio::test]
async fn a_summary_has_a_size() {
    use rookery_mailbox::NewMessage;
    use rookery_store_local::limits::MAX_SUMMARY_OCTETS;
    let dir = tempfile::tempdir().unwrap();
    let store = LocalStore::open(dir.path()).unwrap();
    let account = create(&store).await.unwrap();
    for (octets, fits) in [(MAX_SUMMARY_OCTETS, true), (MAX_SUMMARY_OCTETS + 1, false)] {
        let some = message(&*account, 50, "").await.unwrap();
        let new = NewMessage { summary: vec![b'x'; octets], ..some };
        let answer = account.append(MailboxId(1), vec![new], 1).await;
        let is_refused = matches!(answer, Err(StoreError::Refused(Refused::OverQuota)));
        assert_eq!((answer.is_ok(), is_refused), (fits, !fits), "{octets}");
    }
}

#[tokio::test]
async fn of_a_message_that_comes_in_so_much_is_in_memory() {
    use rookery_store_local::limits::SPOOL_MEMORY;
    let dir = tempfile::tempdir().unwrap();
    let store = LocalStore::open(dir.path()).unwrap();
    let account = create(&store).await.unwrap();
    let waiting = || {
        let files = std::fs::read_dir(store.account_dir(ACCOUNT).join("tmp")).unwrap();
        files.map(|file| file.unwrap().metadata().map_or(0, |file| file.len())).sum::<u64>()
    };
    let mut spool = account.spool().await.unwrap();
    spool.write(&[b'x'; SPOOL_MEMORY]).await.unwrap();
    assert_eq!(waiting(), 0);
    for _ in 0..10 {
        spool.write(&[b'x'; 1000]).await.unwrap();
        assert!(spool.len() - waiting() <= SPOOL_MEMORY as u64, "{}", waiting());
    }
    drop(spool);
    // Another thread removes it.
    for _ in 0..1000 {
        if waiting() == 0 {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    panic!("the file stays: {}", waiting());
}

/// An account that has lost its log, in whatever way, is still one.
#[tokio::test]
async fn what_is_left_of_an_account_is_not_taken_for_none() {
    for kind in ["missing", "file", "link"] {
        let dir = tempfile::tempdir().unwrap();
        let store = LocalStore::open(dir.path()).unwrap();
        drop(create(&store).await.unwrap());
        store.close().await.unwrap();
        let path = store.account_dir(ACCOUNT);
        drop(store);
        let lost = path.join("seg");
        std::fs::remove_dir_all(&lost).unwrap();
        match kind {
            "missing" => {}
            "link" => std::os::unix::fs::symlink("/nonexistent", &lost).unwrap(),
            _ => std::fs::write(&lost, "").unwrap(),
        }
        let store = LocalStore::open(dir.path()).unwrap();
        assert_eq!(store.accounts().await.unwrap(), [ACCOUNT], "{kind}");
        let opened = store.account(ACCOUNT).await;
        assert!(matches!(opened, Err(StoreError::Damaged(_))), "{kind}");
        assert!(!store.check(ACCOUNT).await.unwrap().is_good(), "{kind}");
        assert!(!store.repair(ACCOUNT).await.unwrap().is_good(), "{kind}");
        let again = store.create_account(ACCOUNT, &[mailbox("INBOX")], 1).await;
        assert!(matches!(again, Err(StoreError::Damaged(_))), "{kind}: {again:?}");
        store.delete_account(ACCOUNT).await.unwrap();
        assert!(create(&store).await.is_ok(), "{kind}");
    }
}

#[tokio::test]
async fn what_has_the_name_of_a_directory_for_what_is_temporary_goes() {
    let dir = tempfile::tempdir().unwrap();
    let store = LocalStore::open(dir.path()).unwrap();
    drop(create(&store).await.unwrap());
    store.close().await.unwrap();
    let path = store.account_dir(ACCOUNT).join("tmp");
    drop(store);
    std::fs::remove_dir_all(&path).unwrap();
    std::os::unix::fs::symlink("/nonexistent", &path).unwrap();
    let store = LocalStore::open(dir.path()).unwrap();
    let account = store.account(ACCOUNT).await.unwrap();
    let large = message(&*account, 300_000, "").await.unwrap();
    account.append(MailboxId(1), vec![large], 1).await.unwrap();
}

/// Whoever opens a pipe that nobody writes to waits for ever.
#[tokio::test]
async fn a_pipe_in_the_place_of_the_lock_keeps_nobody_waiting() {
    let dir = tempfile::tempdir().unwrap();
    let made = std::process::Command::new("mkfifo").arg(dir.path().join("lock")).status();
    assert!(made.unwrap().success());
    assert!(LocalStore::open(dir.path()).is_err());
}
