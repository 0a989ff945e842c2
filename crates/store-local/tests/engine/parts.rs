//! The parts of an account that are read when they are needed: which are, once, and what becomes of those that cannot be.

use crate::compaction::churned;
use crate::heard::{Call, Heard};
use crate::workload::{
    ACCOUNT, DIR, NOW, SMALL, Step, create, done, mailbox, open_soon, picture, pictures,
};
use rookery_mail::{EmailId, MailboxId, UidSet};
use rookery_mailbox::{Absent, FlagOperation, Store, StoreError};
use rookery_store_local::vfs::{SimulatedDisk, Vfs};
use rookery_store_local::{LocalStore, Options};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use tokio::task::JoinSet;

/// A disk that remembers which files were opened.
struct Watched {
    disk: SimulatedDisk,
    opened: Arc<Mutex<Vec<String>>>,
}

impl Watched {
    fn new(disk: &SimulatedDisk) -> Self {
        Self { disk: disk.clone(), opened: Arc::default() }
    }

    fn vfs(&self) -> Arc<dyn Vfs> {
        let opened = Arc::clone(&self.opened);
        let hear = move |call, path: &Path| {
            if call == Call::Open {
                let name = path.file_name().unwrap().to_string_lossy().into_owned();
                opened.lock().unwrap().push(name);
            }
        };
        Arc::new(Heard::new(&self.disk, hear))
    }

    /// The names of index snapshots that were opened since this was last asked, but for the stamps; sorted.
    fn opened(&self) -> Vec<String> {
        let opened = std::mem::take(&mut *self.opened.lock().unwrap());
        let names = opened.iter().filter_map(|name| name.strip_suffix(".idx"));
        let mut names: Vec<_> =
            names.map(|name| name.split('.').next().unwrap().to_owned()).collect();
        names.sort();
        names
    }
}

fn store_on(vfs: Arc<dyn Vfs>) -> LocalStore {
    LocalStore::with_vfs(vfs, Path::new(DIR), Options::default()).unwrap()
}

fn files(disk: &SimulatedDisk) -> Vec<PathBuf> {
    disk.files().into_iter().filter(|path| path.starts_with(DIR)).collect()
}

/// The files of parts.
fn parts(disk: &SimulatedDisk) -> Vec<PathBuf> {
    files(disk).into_iter().filter(|path| path.parent().unwrap().ends_with("box")).collect()
}

/// A disk with an account that has thirty mailboxes with messages, and was closed.
async fn many_mailboxes() -> SimulatedDisk {
    let disk = SimulatedDisk::new();
    let store = store_on(Arc::new(disk.clone()));
    let account = create(&store).await.unwrap();
    let new: Vec<_> = (3..=30).map(|number| mailbox(&format!("m{number}"))).collect();
    account.create(&new, NOW).await.unwrap();
    for id in 1..=30 {
        Step::Threads(id, &[&[1, 2], &[3]]).take(&*account).await.unwrap();
        Step::Append(id, 2, 50, "\\Seen").take(&*account).await.unwrap();
    }
    store.close().await.unwrap();
    disk
}

#[tokio::test]
async fn only_what_is_needed_is_read_and_that_once() {
    let watched = Watched::new(&many_mailboxes().await);
    let store = store_on(watched.vfs());
    let account = store.account(ACCOUNT).await.unwrap();
    // The first time for the log that it says to be the account's.
    assert_eq!(watched.opened(), ["account", "account"], "when it is opened");
    let list = account.mailboxes().await.unwrap();
    for info in list.mailboxes.values() {
        let status = account.status(info.id).await.unwrap();
        assert_eq!((status.counts.messages, status.counts.unseen, status.recent), (4, 2, 4));
        assert_eq!(status.uid_next.unwrap().get(), 5);
        assert_eq!(account.first_recent(info.id).await.unwrap().get(), 1);
    }
    assert_eq!(watched.opened(), [""; 0], "for the status of all");
    let open = account.open(MailboxId(7)).await.unwrap();
    account.open(MailboxId(7)).await.unwrap();
    assert_eq!(watched.opened(), ["7"]);
    let email = open.snapshot().rows().next().unwrap().email;
    account.content(email, 0..9).await.unwrap();
    account.summaries(&[email, EmailId(1)]).await.unwrap();
    assert_eq!(watched.opened(), ["contents"]);
    Step::Append(9, 1, 10, "").take(&*account).await.unwrap();
    assert_eq!(watched.opened(), ["9"], "no keys, no threads");
    Step::Threads(9, &[&[3, 4]]).take(&*account).await.unwrap();
    Step::Copy(7, 10).take(&*account).await.unwrap();
    assert_eq!(watched.opened(), ["10", "threads"]);
    account.create(&[mailbox("new")], NOW).await.unwrap();
    account.delete(MailboxId(11)).await.unwrap();
    assert_eq!(watched.opened(), ["11"]);
    assert_eq!(account.status(MailboxId(7)).await.unwrap().counts, open.snapshot().counts());
    let before = picture(&*account).await;
    drop(account);
    store.close().await.unwrap();
    assert_eq!(picture(&*store_on(watched.vfs()).account(ACCOUNT).await.unwrap()).await, before);
}

/// A crash makes recovery read what the changes concern that no index snapshot has, and nothing else.
#[tokio::test]
async fn recovery_reads_what_the_log_goes_on_with() {
    let disk = many_mailboxes().await;
    let store = store_on(Arc::new(disk.clone()));
    let account = store.account(ACCOUNT).await.unwrap();
    Step::Flag(5, FlagOperation::Add, "\\Flagged").take(&*account).await.unwrap();
    let before = picture(&*account).await;
    let watched = Watched::new(&disk.crash(3));
    let left = store_on(watched.vfs());
    let account = left.account(ACCOUNT).await.unwrap();
    assert_eq!(watched.opened(), ["5", "account", "account"]);
    assert_eq!(picture(&*account).await, before);
    left.close().await.unwrap();
    // What was not touched has the file that it had.
    let old: Vec<PathBuf> = parts(&disk);
    let kept = parts(&watched.disk).iter().filter(|path| old.contains(path)).count();
    assert_eq!(kept, old.len() - 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_who_need_the_same_read_it_once() {
    let disk = many_mailboxes().await;
    for round in 0..20u64 {
        let watched = Watched::new(&SimulatedDisk::duplicate(&disk));
        let store = store_on(watched.vfs());
        let account = store.account(ACCOUNT).await.unwrap();
        let mut tasks = JoinSet::new();
        for task in 0..8u64 {
            let account = Arc::clone(&account);
            tasks.spawn(async move {
                let (one, other) = (MailboxId(1 + (task + round) % 2), MailboxId(3));
                if task % 4 == 3 {
                    Step::Threads(1, &[&[9]]).take(&*account).await.unwrap();
                    let all = UidSet::all();
                    account.copy(one, &all, other, Absent::Skip, NOW).await.unwrap();
                } else {
                    let open = account.open(one).await.unwrap();
                    let email = open.snapshot().rows().next().unwrap().email;
                    account.content(email, 0..9).await.unwrap();
                }
            });
        }
        tasks.join_all().await;
        let opened = watched.opened();
        let expected = ["1", "2", "3", "account", "account", "contents", "threads"];
        assert_eq!(opened, expected, "round {round}");
        let seen = picture(&*account).await;
        drop(account);
        store.close().await.unwrap();
        let again = store_on(watched.vfs());
        assert_eq!(picture(&*again.account(ACCOUNT).await.unwrap()).await, seen);
        assert_eq!(again.check(ACCOUNT).await.unwrap().findings, []);
    }
}

/// The files go, or rot, after the account was opened; whatever is needed first.
#[tokio::test]
async fn what_cannot_be_read_later_is_rebuilt_exactly() {
    let expected = pictures().await.pop().unwrap();
    let disk = done(true, SMALL).await;
    for path in parts(&disk) {
        for how in 0..4usize {
            let copy = disk.duplicate();
            let store = open_soon(&copy).await.unwrap();
            let account = store.account(ACCOUNT).await.unwrap();
            let whole = copy.read(&path).unwrap();
            match how {
                0 => copy.remove_file(&path).unwrap(),
                1 => copy.overwrite(&path, &whole[..whole.len() / 2]),
                // That of another one, which is whole.
                2 => copy.overwrite(&path, &copy.read(&parts(&copy)[0]).unwrap()),
                _ => {
                    let mut octets = whole.clone();
                    octets[whole.len() / 2] ^= 1;
                    copy.overwrite(&path, &octets);
                }
            }
            if how == 3 {
                // It is changed before anybody looks at it.
                Step::Threads(1, &[&[5]]).take(&*account).await.unwrap();
                Step::Copy(1, 2).take(&*account).await.unwrap();
                let seen = picture(&*account).await;
                store.close().await.unwrap();
                drop((store, account));
                let store = open_soon(&copy).await.unwrap();
                let account = store.account(ACCOUNT).await.unwrap();
                assert_eq!(picture(&*account).await, seen, "{path:?}");
                continue;
            }
            assert_eq!(picture(&*account).await, expected, "{path:?} {how}");
            Step::Append(1, 1, 10, "").take(&*account).await.unwrap();
        }
    }
}

/// The log is damaged where only the index snapshots know what it said, and one of them cannot be read.
#[tokio::test]
async fn without_log_and_file_an_account_can_be_read_only() {
    let disk = done(true, Options::default()).await;
    let segment = crate::damage::segment(1);
    let frames = crate::damage::frames(&disk.read(&segment).unwrap());
    let damaged = crate::damage::flipped(&disk, frames[frames.len() / 2].offset + 30);
    for path in parts(&damaged) {
        let copy = damaged.duplicate();
        let store = open_soon(&copy).await.unwrap();
        let account = store.account(ACCOUNT).await.unwrap();
        copy.remove_file(&path).unwrap();
        let octets = copy.read(&segment);
        for info in account.mailboxes().await.unwrap().mailboxes.values() {
            match account.open(info.id).await {
                Ok(open) => {
                    for row in open.snapshot().rows() {
                        account.content(row.email, 0..u64::MAX).await.unwrap();
                    }
                }
                Err(error) => assert!(matches!(error, StoreError::Damaged(_)), "{error}"),
            }
        }
        let changed = Step::Threads(1, &[&[99]]).take(&*account).await;
        assert!(matches!(changed, Err(StoreError::ReadOnly)), "{path:?}: {changed:?}");
        store.close().await.unwrap();
        assert_eq!(copy.read(&segment), octets, "what is damaged is left alone");
    }
}

/// A segment that is written anew while hardly anything is in memory.
#[tokio::test]
async fn contents_are_where_they_are_after_space_was_given_back() {
    let (disk, before) = churned(true).await;
    for crash in [true, false] {
        let copy = disk.duplicate();
        let store = open_soon(&copy).await.unwrap();
        assert!(store.compact(ACCOUNT).await.unwrap() > 1);
        if !crash {
            // So that index snapshots are written, of which only this mailbox's is new.
            let account = store.account(ACCOUNT).await.unwrap();
            account.create(&[mailbox("new")], NOW).await.unwrap();
            account.delete(MailboxId(3)).await.unwrap();
            store.close().await.unwrap();
        }
        let left = copy.duplicate();
        let again = open_soon(&left).await.unwrap();
        let account = again.account(ACCOUNT).await.unwrap();
        assert_eq!(
            picture(&*account).await.split_once('\n').unwrap().1,
            before.split_once('\n').unwrap().1
        );
        assert_eq!(again.check(ACCOUNT).await.unwrap().findings, []);
    }
}

#[tokio::test]
async fn a_check_holds_each_part_against_the_log() {
    let disk = done(true, SMALL).await;
    for path in parts(&disk)
        .into_iter()
        .chain(files(&disk).into_iter().filter(|path| path.ends_with("account.idx")))
    {
        let copy = disk.duplicate();
        copy.remove_file(&path).unwrap();
        let store = open_soon(&copy).await.unwrap();
        let report = store.check(ACCOUNT).await.unwrap();
        let is_account = path.ends_with("account.idx");
        assert_eq!(report.findings.iter().any(|it| it.what.contains("missing")), !is_account);
        store.repair(ACCOUNT).await.unwrap();
        let account = store.account(ACCOUNT).await.unwrap();
        assert_eq!(picture(&*account).await, pictures().await.pop().unwrap(), "{path:?}");
        drop(account);
        store.close().await.unwrap();
        drop(store);
        let store = open_soon(&copy).await.unwrap();
        assert_eq!(store.check(ACCOUNT).await.unwrap().findings, []);
    }
}

/// Index snapshots are written after a sync, so that where the log ends with them nothing is left to sync.
#[tokio::test]
async fn only_what_may_not_be_durable_is_synced() {
    let disk = many_mailboxes().await;
    let syncs = async |disk: &SimulatedDisk| {
        let store = store_on(Arc::new(disk.clone()));
        let before = disk.syncs();
        drop(store.account(ACCOUNT).await.unwrap());
        disk.syncs() - before
    };
    assert_eq!(syncs(&disk.duplicate()).await, 0);
    let copied = SimulatedDisk::new();
    for path in disk.files() {
        copied.overwrite(&path, &disk.read(&path).unwrap());
    }
    assert_eq!(syncs(&copied).await, 1, "who copied it need not have synced it");
    let store = store_on(Arc::new(disk.clone()));
    let account = store.account(ACCOUNT).await.unwrap();
    account.claim_recent(MailboxId(1)).await.unwrap();
    assert_eq!(syncs(&disk.kill()).await, 1, "the log goes on");
}

/// An account that is removed while somebody is about to read a part of it.
#[tokio::test]
async fn what_is_removed_is_gone() {
    let disk = many_mailboxes().await;
    let store = store_on(Arc::new(disk.clone()));
    let account = store.account(ACCOUNT).await.unwrap();
    let open = account.open(MailboxId(1)).await.unwrap();
    store.delete_account(ACCOUNT).await.unwrap();
    assert!(open.snapshot().is_deleted());
    let gone = account.open(MailboxId(2)).await;
    assert!(matches!(gone, Err(StoreError::Refused(_))));
}
