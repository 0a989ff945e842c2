//! Many at once.

use crate::workload::{ACCOUNT, DIR, SMALL, create, message, name, open_soon, picture};
use rookery_mail::{MailboxId, UidSet};
use rookery_mailbox::{Absent, Refused, Store, StoreError};
use rookery_store_local::vfs::{SimulatedDisk, Vfs};
use rookery_store_local::{LocalStore, Options, Severity};
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn appends_share_syncs() {
    let disk = SimulatedDisk::new();
    let store = LocalStore::with_vfs(Arc::new(disk.clone()), Path::new(DIR), Options::default());
    let store = store.unwrap();
    let account = create(&store).await.unwrap();
    let before = disk.syncs();
    let mut tasks = JoinSet::new();
    for _ in 0..32 {
        let account = Arc::clone(&account);
        tasks.spawn(async move {
            let mut uids = Vec::new();
            for _ in 0..20 {
                let message = message(&*account, 500, "").await.unwrap();
                let appended = account.append(MailboxId(1), vec![message], 1).await.unwrap();
                let snapshot = account.open(MailboxId(1)).await.unwrap().snapshot();
                let uid = appended.uids.first().unwrap();
                assert!(snapshot.row(uid).is_some(), "what is acknowledged can be seen");
                uids.push(uid);
            }
            uids
        });
    }
    let uids: Vec<_> = tasks.join_all().await.into_iter().flatten().collect();
    assert_eq!(uids.iter().collect::<BTreeSet<_>>().len(), 640);
    let syncs = disk.syncs() - before;
    assert!(syncs < 320, "{syncs} syncs for 640 appends");
    let seen = picture(&*account).await;
    store.close().await.unwrap();
    let store = LocalStore::with_vfs(Arc::new(disk), Path::new(DIR), Options::default()).unwrap();
    assert_eq!(picture(&*store.account(ACCOUNT).await.unwrap()).await, seen);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_that_nobody_waits_for_stops_nobody() {
    let disk = SimulatedDisk::new();
    let store = open_soon(&disk).await.unwrap();
    let account = create(&store).await.unwrap();
    for round in 0..100 {
        let message = message(&*account, 200, "").await.unwrap();
        let waiting = account.append(MailboxId(1), vec![message], 1);
        let _ = tokio::time::timeout(Duration::from_micros(round * 5), waiting).await;
    }
    let message = message(&*account, 200, "").await.unwrap();
    account.append(MailboxId(1), vec![message], 1).await.unwrap();
    let snapshot = account.open(MailboxId(1)).await.unwrap().snapshot();
    let uids: UidSet = snapshot.uids();
    assert_eq!(uids.ranges().len(), 1);
    assert!(snapshot.rows().all(|row| row.size == 200));
}

/// Whoever finds nobody writing sees to it that somebody does, and may be gone before that has begun.
#[tokio::test]
async fn what_was_asked_for_is_done_though_nobody_waits() {
    let store = open_soon(&SimulatedDisk::new()).await.unwrap();
    let account = create(&store).await.unwrap();
    let open = account.open(MailboxId(1)).await.unwrap();
    let message = message(&*account, 200, "").await.unwrap();
    let mut asking = account.append(MailboxId(1), vec![message], 1);
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    assert!(asking.as_mut().poll(&mut context).is_pending());
    drop(asking);
    let is_there = async {
        while open.snapshot().counts().messages == 0 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), is_there).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_account_is_loaded_once_for_all() {
    let store = Arc::new(open_soon(&SimulatedDisk::new()).await.unwrap());
    drop(create(&*store).await.unwrap());
    let mut tasks = JoinSet::new();
    for number in 0..16 {
        let store = Arc::clone(&store);
        tasks.spawn(async move {
            let account = store.account(ACCOUNT).await.unwrap();
            account.subscribe(&name(&format!("n{number}")), true).await.unwrap();
            account
        });
    }
    let accounts = tasks.join_all().await;
    let list = accounts[0].mailboxes().await.unwrap();
    assert_eq!(list.subscriptions.len(), 18);
    let open = accounts[1].open(MailboxId(1)).await.unwrap();
    store.delete_account(ACCOUNT).await.unwrap();
    assert!(open.snapshot().is_deleted());
    let gone = accounts[2].mailboxes().await;
    assert!(matches!(gone, Err(StoreError::Refused(Refused::NoSuchAccount))));
    let gone = accounts[3].subscribe(&name("x"), true).await;
    assert!(matches!(gone, Err(StoreError::Refused(Refused::NoSuchAccount))));
}

/// Messages come and go, space is given back and index snapshots are written, and whenever the account is checked
/// meanwhile, nothing is wrong.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn checks_run_beside_everything() {
    let options = Options { died_octets: 1, segment_octets: 3000, ..SMALL };
    let disk: Arc<dyn Vfs> = Arc::new(SimulatedDisk::new());
    let store = Arc::new(LocalStore::with_vfs(disk, Path::new(DIR), options).unwrap());
    let account = create(&*store).await.unwrap();
    let mut tasks = JoinSet::new();
    for task in 0..4 {
        let account = Arc::clone(&account);
        tasks.spawn(async move {
            for round in 0..60 {
                let new = message(&*account, 100 * task + 7 * round, "\\Deleted").await.unwrap();
                let appended = account.append(MailboxId(1), vec![new], 1).await.unwrap();
                account
                    .copy(MailboxId(1), &appended.uids, MailboxId(2), Absent::Skip, 1)
                    .await
                    .unwrap();
                if round % 3 > 0 {
                    account.expunge(MailboxId(1), &appended.uids).await.unwrap();
                    account.expunge(MailboxId(2), &UidSet::all()).await.unwrap();
                }
            }
        });
    }
    let mut checks = 0;
    while !tasks.is_empty() {
        while let Some(ended) = tasks.try_join_next() {
            ended.unwrap();
        }
        let report =
            if checks % 4 == 3 { store.repair(ACCOUNT).await } else { store.check(ACCOUNT).await };
        let report = report.unwrap();
        let wrong = report.findings.iter().filter(|it| it.severity == Severity::Wrong);
        assert_eq!(wrong.collect::<Vec<_>>(), [] as [&rookery_store_local::Finding; 0]);
        checks += 1;
    }
    assert!(checks > 5, "{checks}");
    store.close().await.unwrap();
}
