//! Accounts as a whole: whether there are any, and what becomes of them.

use crate::heard::{Call, Heard};
use crate::workload::{
    ACCOUNT, DIR, NOW, SMALL, Step, account_dir, create, mailbox, on_threads, open, open_soon,
    picture,
};
use rookery_mailbox::{Refused, Store, StoreError};
use rookery_store_local::limits::{MAX_IDLE_ACCOUNTS, UNLOAD_INDEX_OCTETS};
use rookery_store_local::vfs::{SimulatedDisk, Vfs};
use rookery_store_local::{LocalStore, Options};
use std::io::ErrorKind;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::runtime::Handle;

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
    let store = LocalStore::open(dir.path()).unwrap();
    store.create_account(ACCOUNT, &[mailbox("INBOX")], NOW).await.unwrap();
    std::fs::write(store.account_dir("README"), "x").unwrap();
    assert_eq!(store.accounts().await.unwrap(), [ACCOUNT]);
    assert_eq!(kind(store.account("README").await), Some(ErrorKind::NotADirectory));
    let long = store.delete_account(&"x".repeat(300)).await;
    assert!(matches!(long, Err(StoreError::Refused(Refused::NoSuchAccount))));
}

/// A store that writes indexes late.
fn open_large(disk: &SimulatedDisk) -> LocalStore {
    let vfs = Arc::new(disk.clone());
    LocalStore::with_vfs(vfs, Path::new(DIR), Options::default()).unwrap()
}

fn has_index(disk: &SimulatedDisk, account: &str) -> bool {
    let path = Path::new(DIR).join("accounts").join(account).join("account.idx");
    disk.read(&path).is_some()
}

#[tokio::test]
async fn an_account_is_kept_and_its_indexes_are_saved_at_the_end() {
    let disk = SimulatedDisk::new();
    let store = open_large(&disk);
    drop(create(&store).await.unwrap());
    disk.blind(ErrorKind::Other);
    // Nothing need be read.
    drop(store.account(ACCOUNT).await.unwrap());
    disk.mend();
    assert!(!has_index(&disk, ACCOUNT));
    store.close().await.unwrap();
    assert!(has_index(&disk, ACCOUNT));
}

#[tokio::test]
async fn accounts_that_nobody_has_are_unloaded_in_the_end() {
    let disk = SimulatedDisk::new();
    let store = open_large(&disk);
    let (large, held) = ("large", "held");
    for name in [large, held, "small"] {
        store.create_account(name, &[mailbox("INBOX")], NOW).await.unwrap();
    }
    let held_account = store.account(held).await.unwrap();
    let append = Step::Append(1, 1, UNLOAD_INDEX_OCTETS as usize, "");
    append.take(&*store.account(large).await.unwrap()).await.unwrap();
    drop(store.account("small").await.unwrap());
    // A task that has just written may count as one who has the account for a moment.
    let mut loaded = 0;
    while !has_index(&disk, large) {
        assert!(loaded < 4 * MAX_IDLE_ACCOUNTS, "it was never unloaded");
        let name = format!("n{loaded}");
        store.create_account(&name, &[mailbox("INBOX")], NOW).await.unwrap();
        drop(store.account(&name).await.unwrap());
        loaded += 1;
    }
    // With `large`, and `small` or what came last.
    assert!(loaded + 2 > MAX_IDLE_ACCOUNTS, "{loaded}");
    tokio::time::sleep(Duration::from_millis(20)).await;
    assert!(!has_index(&disk, "small"), "there is little to read in it");
    disk.blind(ErrorKind::Other);
    for gone in [large, "small"] {
        assert!(matches!(store.account(gone).await, Err(StoreError::Io { .. })));
    }
    drop((store.account(held).await.unwrap(), held_account));
    drop(store.account(&format!("n{}", loaded - 1)).await.unwrap());
}

/// The UIDVALIDITY of each mailbox.
async fn uid_validities(store: &LocalStore) -> Vec<u32> {
    let list = store.account(ACCOUNT).await.unwrap().mailboxes().await.unwrap();
    list.mailboxes.values().map(|info| info.uid_validity.get()).collect()
}

#[tokio::test]
async fn an_account_made_anew_has_another_uidvalidity() {
    let disk = SimulatedDisk::new();
    let mut all = Vec::new();
    for is_loaded in [true, false, true] {
        let store = open_soon(&disk).await.unwrap();
        drop(create(&store).await.unwrap());
        all.extend(uid_validities(&store).await);
        if is_loaded {
            store.delete_account(ACCOUNT).await.unwrap();
            continue;
        }
        store.close().await.unwrap();
        open_soon(&disk).await.unwrap().delete_account(ACCOUNT).await.unwrap();
    }
    assert_eq!(all, (0..6).map(|more| NOW as u32 + more).collect::<Vec<_>>());
}

/// Many mailboxes are made within a second, so that the last one's UIDVALIDITY is ahead of the clock, and nobody can read any more which
/// it was.
#[tokio::test]
async fn a_uid_validity_that_is_forgotten_is_not_given_twice() {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs() as i64;
    let path = Path::new(DIR).join("uidvalidity");
    for garbage in [&b""[..], b"rubbish\n", b"\xff\xff", b"99999999999\n", b"a directory"] {
        let disk = SimulatedDisk::new();
        let store = open_soon(&disk).await.unwrap();
        let names: Vec<_> = (0..200).map(|number| format!("x{number}")).collect();
        let many: Vec<_> = names.iter().map(|name| mailbox(name)).collect();
        store.create_account(ACCOUNT, &many, now).await.unwrap();
        let before = uid_validities(&store).await.into_iter().max().unwrap();
        assert!(i64::from(before) > now + 190);
        store.delete_account(ACCOUNT).await.unwrap();
        store.close().await.unwrap();
        drop(store);
        if garbage == b"a directory" {
            disk.remove_file(&path).unwrap();
            disk.create_dir(&path).unwrap();
        } else {
            disk.overwrite(&path, garbage);
        }
        let store = open_soon(&disk).await.unwrap();
        store.create_account(ACCOUNT, &[mailbox("x0")], now).await.unwrap();
        let after = uid_validities(&store).await;
        assert!(after[0] > before, "{garbage:?}: {after:?} after {before}");
        assert!(i64::from(after[0]) < now + 40 * 24 * 3600, "the numbers last");
        if garbage != b"a directory" {
            let written = String::from_utf8(disk.read(&path).unwrap()).unwrap();
            assert_eq!(written.trim().parse::<u32>().unwrap() + 1, after[0]);
        }
    }
}

#[tokio::test]
async fn what_stays_in_the_trash_hinders_nobody() {
    let disk = SimulatedDisk::new();
    let store = open_soon(&disk).await.unwrap();
    drop(create(&store).await.unwrap());
    drop(store);
    disk.overwrite(&Path::new(DIR).join("trash/0/seg/1.seg"), b"x");
    let before = disk.operations();
    drop(open_soon(&disk).await.unwrap());
    assert_eq!(disk.files().iter().filter(|path| path.starts_with("/data/trash")).count(), 0);
    let last = disk.operations() - before;
    disk.overwrite(&Path::new(DIR).join("trash/0/seg/1.seg"), b"x");
    disk.fail_at(disk.operations() + last, ErrorKind::Other, false);
    let store = open_soon(&disk).await.unwrap();
    disk.mend();
    assert!(disk.read(&Path::new(DIR).join("trash/0/seg/1.seg")).is_some());
    store.delete_account(ACCOUNT).await.unwrap();
    assert_eq!(disk.read(&Path::new(DIR).join("trash/0/seg/1.seg")).as_deref(), Some(&b"x"[..]));
}

#[tokio::test]
async fn a_directory_in_tmp_hinders_nobody() {
    let dir = tempfile::tempdir().unwrap();
    let store = LocalStore::open(dir.path()).unwrap();
    drop(create(&store).await.unwrap());
    store.close().await.unwrap();
    let stranger = store.account_dir(ACCOUNT).join("tmp/x");
    std::fs::create_dir_all(stranger.join("y")).unwrap();
    let store = LocalStore::open(dir.path()).unwrap();
    store.account(ACCOUNT).await.unwrap();
    assert!(!stranger.exists());
}

#[tokio::test]
async fn indexes_that_cannot_be_saved_leave_nothing() {
    let disk = SimulatedDisk::new();
    let store = open_large(&disk);
    drop(create(&store).await.unwrap());
    let files = disk.files();
    // Making the directory; then making, writing and syncing each of two mailboxes' files and the account's.
    for operation in 2..12 {
        let disk = SimulatedDisk::new();
        let store = open_large(&disk);
        drop(create(&store).await.unwrap());
        disk.fail_at(disk.operations() + operation, ErrorKind::StorageFull, false);
        store.close().await.unwrap();
        assert_eq!(disk.files(), files, "{operation}");
    }
}

/// It would have a log without any change, which is damaged.
#[tokio::test]
async fn an_account_without_a_mailbox_is_not_made() {
    let disk = SimulatedDisk::new();
    let store = open(&disk).unwrap();
    let refused = store.create_account(ACCOUNT, &[], NOW).await;
    assert_eq!(kind(refused), Some(ErrorKind::InvalidInput));
    assert_eq!(store.accounts().await.unwrap(), [] as [&str; 0]);
    create(&store).await.unwrap();
}

/// At each call of the disk that giving space back makes: it ends, and what it leaves is not the new account's.
#[test]
fn an_account_can_be_removed_and_made_anew_while_space_is_given_back() {
    on_threads(3, async {
        for at in 1.. {
            if !remove_at(at).await {
                assert!(at > 30, "{at}");
                return;
            }
        }
    });
}

/// Remove the account at a call; says whether there were so many.
async fn remove_at(at: u64) -> bool {
    let (disk, _) = crate::compaction::churned(true).await;
    let disk = disk.crash(0);
    let (calls, shared) = (AtomicU64::new(0), Arc::new(Mutex::new(None::<Arc<LocalStore>>)));
    let found = Arc::clone(&shared);
    let hear = move |call, path: &Path| {
        // While a file gets its name, nobody removes the account.
        let is_it = path.starts_with(account_dir().join("seg"))
            && !matches!(call, Call::Rename | Call::Renamed);
        let Some(store) = found.lock().unwrap().clone().filter(|_| is_it) else { return };
        if calls.fetch_add(1, Ordering::Relaxed) + 1 == at {
            Handle::current().block_on(async {
                store.delete_account(ACCOUNT).await.unwrap();
                let account = create(&*store).await.unwrap();
                Step::Append(1, 2, 50, "").take(&*account).await.unwrap();
            });
        }
    };
    let vfs = Arc::new(Heard::new(&disk, hear));
    let store = Arc::new(LocalStore::with_vfs(vfs, Path::new(DIR), SMALL).unwrap());
    let old = store.account(ACCOUNT).await.unwrap();
    *shared.lock().unwrap() = Some(Arc::clone(&store));
    // Whether it succeeds or not is not the question.
    let _ = store.compact(ACCOUNT).await;
    *shared.lock().unwrap() = None;
    let is_gone = old.mailboxes().await.is_err();
    let seen = picture(&*store.account(ACCOUNT).await.unwrap()).await;
    store.close().await.unwrap();
    let left = open_soon(&disk.crash(at)).await.unwrap();
    let report = left.check(ACCOUNT).await.unwrap();
    assert!(report.is_good(), "call {at}: {:#?}", report.findings);
    assert_eq!(picture(&*left.account(ACCOUNT).await.unwrap()).await, seen, "call {at}");
    assert_eq!(seen.contains("50 octets"), is_gone, "call {at}: {seen}");
    is_gone
}
