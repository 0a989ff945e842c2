//! Two engines side by side.

use super::operations::Operation;
use rookery_mail::{EmailId, MailboxId};
use rookery_mailbox::{AccountStore, OpenMailbox, Status};
use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Do the same operations to an account of each of two engines, both new and made alike, and compare answers, lists,
/// snapshots and recency after each, and all contents in the end.
///
/// # Panics
/// When the engines differ.
pub async fn compare(a: &dyn AccountStore, b: &dyn AccountStore, operations: &[Operation]) {
    let mut open = BTreeMap::new();
    check_mailboxes(a, b, &mut open, "the beginning").await;
    for (number, operation) in (0..).zip(operations) {
        let moment = format!("operation {number}, {operation:?}");
        let (one, other) = (operation.apply(a, number).await, operation.apply(b, number).await);
        assert_eq!(one, other, "answers to {moment}");
        check_mailboxes(a, b, &mut open, &moment).await;
    }
    check_contents(a, b, &open).await;
}

type Open = BTreeMap<MailboxId, (Arc<OpenMailbox>, Arc<OpenMailbox>)>;

/// Opens each mailbox as soon as it is there and keeps it open, so that the engines must publish.
async fn check_mailboxes(
    a: &dyn AccountStore,
    b: &dyn AccountStore,
    open: &mut Open,
    moment: &str,
) {
    let list = a.mailboxes().await.expect("a list");
    assert_eq!(list, b.mailboxes().await.expect("a list"), "mailboxes after {moment}");
    for info in list.mailboxes.values() {
        let (one, other) = (a.status(info.id).await, b.status(info.id).await);
        assert_eq!(one.ok(), other.ok(), "status after {moment}");
        if let Entry::Vacant(entry) = open.entry(info.id) {
            let (one, other) = (a.open(info.id).await, b.open(info.id).await);
            entry.insert((one.expect("it is there"), other.expect("it is there")));
        }
        let (one, other) = (a.first_recent(info.id).await, b.first_recent(info.id).await);
        assert_eq!(one.ok(), other.ok(), "recency after {moment}");
    }
    for (one, other) in open.values() {
        let (one, other) = (one.snapshot(), other.snapshot());
        assert_eq!(one, other, "snapshots after {moment}");
        if let Ok(status) = b.status(one.id()).await {
            let first = b.first_recent(one.id()).await.expect("it is there");
            assert_eq!(status, Status::of(&other, Some(first)), "status after {moment}");
        }
        let is_listed = list.mailboxes.values().any(|info| info.id == one.id());
        assert_eq!(is_listed, !one.is_deleted(), "deletion after {moment}");
    }
}

async fn check_contents(a: &dyn AccountStore, b: &dyn AccountStore, open: &Open) {
    let mut emails = BTreeSet::new();
    for (one, _) in open.values() {
        emails.extend(one.snapshot().rows().map(|row| (row.email, row.size)));
    }
    let ids: Vec<EmailId> = emails.iter().map(|(email, _)| *email).collect();
    let (one, other) = (a.summaries(&ids).await, b.summaries(&ids).await);
    let summaries = one.expect("summaries");
    assert!(summaries.iter().all(Option::is_some), "each message has its summary");
    assert_eq!(summaries, other.expect("summaries"));
    for (email, size) in emails {
        let one = a.content(email, 0..u64::MAX).await.expect("content");
        let other = b.content(email, 0..u64::MAX).await.expect("content");
        assert_eq!(one.len() as u64, size);
        assert_eq!(one, other, "content of {email}");
        let part = size / 3..size / 2;
        let (one, other) = (a.content(email, part.clone()).await, b.content(email, part).await);
        assert_eq!(one.expect("content"), other.expect("content"));
    }
}
