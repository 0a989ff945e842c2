//! How many files are open: those of messages that come in, of accounts in use, of segments that are read.

use crate::workload::{ACCOUNT, create, mailbox, message, open, picture};
use rookery_mail::MailboxId;
use rookery_mailbox::{AccountStore, NewMessage, Store, StoreError};
use rookery_store_local::limits::MAX_OPEN_SEGMENTS;
use rookery_store_local::vfs::{RealFiles, SimulatedDisk};
use rookery_store_local::{LocalStore, Options};
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// What the system says if there are too many.
const EMFILE: i32 = 24;

/// How many files below a directory this process has open.
#[cfg(target_os = "linux")]
fn open_files(dir: &Path) -> usize {
    let links = std::fs::read_dir("/proc/self/fd").unwrap();
    let paths = links.filter_map(|link| std::fs::read_link(link.ok()?.path()).ok());
    paths.filter(|path| path.starts_with(dir)).count()
}

/// How many files below a directory this process has open, once those are gone who have just read or written: so many are
/// waited for, no more are let pass.
#[cfg(target_os = "linux")]
async fn open_files_soon(dir: &Path, expected: usize) -> usize {
    for _ in 0..1000 {
        if open_files(dir) <= expected {
            break;
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    open_files(dir)
}

/// A store whose segments are full soon.
fn store_of_small_segments(dir: &Path) -> LocalStore {
    let options = Options { segment_octets: 2000, ..Options::default() };
    LocalStore::with_vfs(Arc::new(RealFiles), dir, options).unwrap()
}

async fn append(account: &dyn AccountStore, octets: usize) {
    let some = message(account, octets, "").await.unwrap();
    account.append(MailboxId(1), vec![some], 1).await.unwrap();
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn messages_that_come_in_keep_no_files_open() {
    let dir = tempfile::tempdir().unwrap();
    let store = LocalStore::open(dir.path()).unwrap();
    let account = create(&store).await.unwrap();
    let files = store.account_dir(ACCOUNT);
    let waiting = || std::fs::read_dir(files.join("tmp")).unwrap().count();
    let mut messages: Vec<NewMessage> = Vec::new();
    for number in 0..100 {
        messages.push(message(&*account, 70_000 + number, "").await.unwrap());
    }
    // One that is not yet whole, either.
    let mut half = account.spool().await.unwrap();
    half.write(&[b'x'; 200_000]).await.unwrap();
    assert_eq!((waiting(), open_files(&files)), (101, 1));
    account.append(MailboxId(1), messages, 1).await.unwrap();
    assert_eq!((waiting(), open_files(&files)), (1, 1));
    for number in 0..100 {
        let email = rookery_mail::EmailId(number + 1);
        let octets = account.content(email, 0..u64::MAX).await.unwrap();
        let expected = (0..70_000 + number).map(|at| (at % 251) as u8);
        assert!(octets.iter().copied().eq(expected), "{number}");
    }
}

/// However many there are, each is refused for itself when its file cannot be opened, and nothing else happens.
#[tokio::test]
async fn a_message_whose_file_cannot_be_opened_is_refused_and_nothing_else() {
    for is_whole in [true, false] {
        let disk = SimulatedDisk::new();
        let store = open(&disk).unwrap();
        let account = create(&store).await.unwrap();
        append(&*account, 500).await;
        let before = picture(&*account).await;
        let mut spool = account.spool().await.unwrap();
        spool.write(&[b'x'; 500]).await.unwrap();
        let whole = message(&*account, 700, "").await.unwrap();
        let other = message(&*account, 900, "").await.unwrap();
        let mut files = disk.files();
        files.retain(|path| path.parent().unwrap().ends_with("tmp"));
        // In the order of their making.
        assert_eq!(files.len(), 3);
        let denied = if is_whole { &files[1] } else { &files[0] };
        disk.deny(denied, io::Error::from_raw_os_error(EMFILE));
        let refused = match is_whole {
            true => account.append(MailboxId(1), vec![whole], 1).await.map(drop),
            false => spool.write(&[b'x'; 500]).await,
        };
        let is_it = |source: &io::Error| source.raw_os_error() == Some(EMFILE);
        assert!(
            matches!(&refused, Err(StoreError::Io { source, .. }) if is_it(source)),
            "{refused:?}"
        );
        assert!(before == picture(&*account).await);
        disk.mend();
        account.append(MailboxId(1), vec![other], 1).await.unwrap();
        let after = picture(&*account).await;
        assert!(before != after);
        drop((spool, account, store.close().await.unwrap(), store));
        let store = open(&disk).unwrap();
        assert!(after == picture(&*store.account(ACCOUNT).await.unwrap()).await);
    }
}

/// What the system made of a file that was not synced is not taken for what came in.
#[tokio::test]
async fn a_message_whose_file_has_changed_is_refused() {
    let disk = SimulatedDisk::new();
    let store = open(&disk).unwrap();
    let account = create(&store).await.unwrap();
    append(&*account, 500).await;
    let before = picture(&*account).await;
    let whole = message(&*account, 700, "").await.unwrap();
    let files = disk.files();
    let file = files.iter().find(|path| path.parent().unwrap().ends_with("tmp")).unwrap();
    let mut octets = disk.read(file).unwrap();
    octets[100] ^= 1;
    disk.overwrite(file, &octets);
    let refused = account.append(MailboxId(1), vec![whole], 1).await;
    assert!(matches!(refused, Err(StoreError::Io { .. })), "{refused:?}");
    assert!(before == picture(&*account).await);
    append(&*account, 700).await;
    drop((account, store.close().await.unwrap(), store));
    let store = open(&disk).unwrap();
    assert!(store.check(ACCOUNT).await.unwrap().is_good());
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn an_account_that_is_used_a_little_has_one_file_open() {
    let dir = tempfile::tempdir().unwrap();
    let store = LocalStore::open(dir.path()).unwrap();
    let account = create(&store).await.unwrap();
    append(&*account, 50).await;
    picture(&*account).await;
    assert_eq!(open_files_soon(&store.account_dir(ACCOUNT), 1).await, 1);
    drop((account, store.close().await.unwrap(), store));
    let store = LocalStore::open(dir.path()).unwrap();
    let account = store.account(ACCOUNT).await.unwrap();
    picture(&*account).await;
    append(&*account, 50).await;
    picture(&*account).await;
    assert_eq!(open_files_soon(&store.account_dir(ACCOUNT), 1).await, 1);
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn an_account_that_nobody_has_keeps_one_file_open() {
    let dir = tempfile::tempdir().unwrap();
    let store = store_of_small_segments(dir.path());
    let account = create(&store).await.unwrap();
    for _ in 0..3 {
        append(&*account, 3000).await;
    }
    picture(&*account).await;
    let files = store.account_dir(ACCOUNT);
    assert_eq!(open_files(&files), 3);
    drop(account);
    store.create_account("other", &[mailbox("INBOX")], 1).await.unwrap();
    // Who has just read or written may have the account for a moment yet.
    for _ in 0..1000 {
        drop(store.account("other").await.unwrap());
        if open_files(&files) == 1 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    panic!("{} files are open", open_files(&files));
}

/// Each mailbox may lie in another segment, and each client may read another one.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn an_account_has_so_many_segments_open() {
    let dir = tempfile::tempdir().unwrap();
    let store = store_of_small_segments(dir.path());
    let account = create(&store).await.unwrap();
    for _ in 0..3 * MAX_OPEN_SEGMENTS {
        append(&*account, 3000).await;
    }
    picture(&*account).await;
    let open = open_files(&store.account_dir(ACCOUNT));
    // With the one that is written to.
    assert!((2..=MAX_OPEN_SEGMENTS + 1).contains(&open), "{open} files are open");
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn all_accounts_together_have_so_many_segments_open() {
    const ACCOUNTS: usize = 10;
    let dir = tempfile::tempdir().unwrap();
    let store = store_of_small_segments(dir.path());
    for number in 0..ACCOUNTS {
        let name = format!("account {number}");
        store.create_account(&name, &[mailbox("INBOX")], 1).await.unwrap();
        let account = store.account(&name).await.unwrap();
        for _ in 0..6 {
            append(&*account, 3000).await;
        }
    }
    let lock = 1;
    drop((store.close().await.unwrap(), store));
    for most in [usize::MAX, 17, 1, 0] {
        let store = store_of_small_segments(dir.path());
        store.set_max_open_segments(most);
        let mut accounts = Vec::new();
        for number in 0..ACCOUNTS {
            accounts.push(store.account(&format!("account {number}")).await.unwrap());
        }
        for account in accounts.iter().chain(&accounts) {
            for number in 1..=6 {
                let email = rookery_mail::EmailId(number);
                assert_eq!(account.content(email, 0..u64::MAX).await.unwrap().len(), 3000);
            }
            // It was read last, and is kept.
            assert!(open_files(&store.account_dir(account.name())) >= 2, "{most}");
        }
        // Each account has six besides the one that it is written to, which was begun when it was closed.
        let expected = lock + ACCOUNTS + most.clamp(1, 6 * ACCOUNTS);
        assert_eq!(open_files_soon(dir.path(), expected).await, expected, "{most}");
    }
}
