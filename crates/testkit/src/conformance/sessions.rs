//! What sessions that share a mailbox see of each other.

use super::fixture::{Fixture, NOW, mailbox, message, name, uids};
use rookery_mail::{EmailId, ModSeq, UidSet};
use rookery_mailbox::{Absent, AccountStore, FlagOperation, Store};
use std::collections::BTreeSet;
use std::sync::Arc;

pub(super) async fn changes_are_published_before_replies(store: &dyn Store) {
    let f = Fixture::new(store, "published").await;
    let (inbox, other) = (
        f.account.open(f.inbox).await.expect("it is there"),
        f.account.open(f.other).await.expect("it is there"),
    );
    let again = f.account.open(f.inbox).await.expect("it is there");
    assert!(Arc::ptr_eq(&inbox, &again), "one open mailbox is shared by all");
    let mut watch = inbox.watch();
    let appended = f.append(f.inbox, &[("a", ""), ("b", "")]).await;
    assert!(watch.has_changed().expect("the mailbox is open"));
    assert_eq!(watch.borrow_and_update().highest_modseq(), appended.modseq);
    let stored = f.store(f.inbox, &uids([1]), FlagOperation::Add, "\\Deleted").await;
    assert_eq!(inbox.snapshot().highest_modseq(), stored.as_of);
    f.account.copy(f.inbox, &uids([1]), f.other, Absent::Skip, NOW).await.expect("copied");
    assert_eq!(other.snapshot().counts().messages, 1);
    f.account.expunge(f.inbox, &UidSet::all()).await.expect("expunged");
    assert_eq!(inbox.snapshot().uids(), uids([2]));
    f.account.move_messages(f.inbox, &uids([2]), f.other, Absent::Skip, NOW).await.expect("moved");
    assert_eq!((inbox.snapshot().uids(), other.snapshot().uids()), (uids([]), uids([1, 2])));
    f.account.rename(&[(f.other, name("New"))], &[], NOW).await.expect("renamed");
    assert_eq!(other.snapshot().counts().messages, 2);
}

pub(super) async fn what_changes_nothing_publishes_nothing(store: &dyn Store) {
    let f = Fixture::new(store, "unchanged").await;
    f.append(f.inbox, &[("a", "\\Seen")]).await;
    let mut watch = f.account.open(f.inbox).await.expect("it is there").watch();
    let before = watch.borrow_and_update().highest_modseq();
    let stored = f.store(f.inbox, &UidSet::all(), FlagOperation::Add, "\\Seen").await;
    assert_eq!(stored.modseq, None);
    f.store(f.inbox, &uids([9]), FlagOperation::Add, "new-keyword").await;
    f.account.expunge(f.inbox, &UidSet::all()).await.expect("nothing to do");
    f.account.copy(f.inbox, &uids([9]), f.inbox, Absent::Skip, NOW).await.expect("nothing to do");
    f.account
        .move_messages(f.inbox, &uids([9]), f.other, Absent::Skip, NOW)
        .await
        .expect("nothing to do");
    f.account.subscribe(&name("x"), false).await.expect("nothing to do");
    assert!(!watch.has_changed().expect("the mailbox is open"));
    assert!(watch.borrow().keywords().is_empty());
    assert_eq!(f.append(f.inbox, &[("b", "")]).await.modseq, before.next());
}

/// Several tasks append, flag, move and expunge; in the end every message is where its task put it, and a watcher
/// has seen states in order only.
pub(super) async fn many_tasks_lose_nothing(store: &dyn Store) {
    const TASKS: usize = 8;
    const ROUNDS: usize = 12;
    let f = Fixture::new(store, "tasks").await;
    let inbox = f.account.open(f.inbox).await.expect("it is there");
    let mut watch = inbox.watch();
    let watcher = tokio::spawn(async move {
        let mut last = ModSeq::ZERO;
        while watch.changed().await.is_ok() {
            let snapshot = watch.borrow_and_update().clone();
            assert!(snapshot.highest_modseq() > last, "states come in order");
            last = snapshot.highest_modseq();
            if snapshot.is_deleted() || snapshot.keywords().iter().any(|k| k.as_str() == "end") {
                break;
            }
        }
    });
    let mut tasks = Vec::new();
    for task in 0..TASKS {
        let new = [mailbox(&format!("task{task}"))];
        let own = f.account.create(&new, NOW).await.expect("a new name")[0].id;
        let (account, inbox) = (Arc::clone(&f.account), f.inbox);
        tasks.push(tokio::spawn(async move {
            for round in 0..ROUNDS {
                let content = format!("task {task} round {round}").into_bytes();
                let new = message(&*account, &content, Vec::new()).await;
                let uids = account.append(inbox, vec![new], NOW).await.expect("appended").uids;
                let moved = account
                    .move_messages(inbox, &uids, own, Absent::Skip, NOW)
                    .await
                    .expect("moved");
                assert_eq!(moved.source, uids);
                assert_eq!(moved.destination.len(), 1);
            }
            check_task(&*account, own, task, ROUNDS).await
        }));
    }
    let mut emails = BTreeSet::new();
    for task in tasks {
        emails.extend(task.await.expect("the task went well"));
    }
    assert_eq!(emails.len(), TASKS * ROUNDS, "each message has its own id");
    let last = inbox.snapshot();
    let gone = last.changes_since(ModSeq::ZERO).vanished.len();
    assert_eq!((last.counts().messages, gone), (0, (TASKS * ROUNDS) as u64));
    f.append(f.inbox, &[("end", "end")]).await;
    watcher.await.expect("the watcher was content");
}

async fn check_task(
    account: &dyn AccountStore,
    mailbox: rookery_mail::MailboxId,
    task: usize,
    rounds: usize,
) -> Vec<EmailId> {
    let snapshot = account.open(mailbox).await.expect("it is there").snapshot();
    let emails: Vec<EmailId> = snapshot.rows().map(|row| row.email).collect();
    assert_eq!(emails.len(), rounds);
    for (round, email) in emails.iter().enumerate() {
        let content = account.content(*email, 0..100).await.expect("its content");
        assert_eq!(content, format!("task {task} round {round}").as_bytes());
    }
    emails
}
