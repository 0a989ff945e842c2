//! Keywords of a mailbox that has had as many as it can have.

use super::fixture::{Fixture, NOW, assert_refused, flags, mailbox, message, uids};
use rookery_mail::{Keyword, UidSet};
use rookery_mailbox::limits::MAX_KEYWORDS;
use rookery_mailbox::{Absent, FlagChange, FlagOperation, Refused, Snapshot, Store};
use std::sync::Arc;
use tokio::task::JoinSet;

fn names(snapshot: &Snapshot) -> Vec<&str> {
    snapshot.keywords().iter().map(Keyword::as_str).collect()
}

/// An account whose inbox has had all keywords, and of whose two messages the one has `k0 k1`, the other `k3`.
async fn full(store: &dyn Store, account: &str) -> Fixture {
    let f = Fixture::new(store, account).await;
    let all: Vec<String> = (0..MAX_KEYWORDS).map(|i| format!("k{i}")).collect();
    f.append(f.inbox, &[("a", &all.join(" ")), ("b", "k3")]).await;
    f.store(f.inbox, &uids([1]), FlagOperation::Replace, "k0 k1").await;
    f
}

pub(super) async fn keywords_that_no_message_has_make_room(store: &dyn Store) {
    let f = full(store, "keywords-make-room").await;
    let before = f.snapshot(f.inbox).await;
    // `k4` is nobody's yet, and is not to be taken over by what comes before it.
    f.store(f.inbox, &uids([1]), FlagOperation::Add, "new2 k4 new5 NEW2").await;
    let after = f.snapshot(f.inbox).await;
    assert_eq!(f.flags_of(f.inbox).await, ["k0 k1 new2 k4 new5", "k3"]);
    let mut expected: Vec<String> = (0..MAX_KEYWORDS).map(|i| format!("k{i}")).collect();
    (expected[2], expected[5]) = ("new2".to_owned(), "new5".to_owned());
    assert_eq!(names(&after), expected);
    assert_eq!(after.changes_since(before.highest_modseq()).rows.len(), 1, "nobody else changes");
    assert_eq!(names(&before)[2], "k2", "who looks at it from before sees what was there");
    f.store(f.inbox, &uids([99]), FlagOperation::Add, "nobodys").await;
    f.store(f.inbox, &UidSet::all(), FlagOperation::Remove, "k2").await;
    assert_eq!(f.snapshot(f.inbox).await, after, "no message changes, and no keyword does");
}

pub(super) async fn many_keywords_come_at_once(store: &dyn Store) {
    let f = full(store, "keywords-at-once").await;
    // What a later message has is not taken over for an earlier one; what an earlier one got, the later ones have.
    f.append(f.inbox, &[("c", "n2 n4"), ("d", "n4 k5 n6")]).await;
    assert_eq!(f.flags_of(f.inbox).await[2..], ["n2 n4", "n4 k5 n6"]);
    f.append(f.other, &[("x", "\\Seen o7 k8 o9"), ("y", "o10"), ("z", "")]).await;
    f.account.copy(f.other, &uids([1]), f.inbox, Absent::Skip, NOW).await.expect("copied");
    let moved = f.account.move_messages(f.other, &uids([2]), f.inbox, Absent::Skip, NOW).await;
    moved.expect("moved");
    assert_eq!(f.flags_of(f.inbox).await[4..], ["\\Seen o7 k8 o9", "o10"]);
    let new = message(&*f.account, b"r", flags("r11")).await;
    let uid = *uids([3]).iter().collect::<Vec<_>>().first().expect("a UID");
    f.account.replace(f.other, uid, f.inbox, new, NOW).await.expect("replaced");
    let expected = ["k0 k1", "k3", "n2 n4", "n4 k5 n6", "\\Seen o7 k8 o9", "o10", "r11"];
    assert_eq!(f.flags_of(f.inbox).await, expected);
    let (from, new) = (f.inbox, [mailbox("Old")]);
    f.account.create_with_messages_of(from, &new, NOW).await.expect("all are moved");
    let list = f.account.mailboxes().await.expect("mailboxes are listed");
    let old = list.mailboxes[&super::fixture::name("Old")].id;
    assert_eq!(f.flags_of(old).await, expected);
    let in_bits = "k0 k1 n2 k3 n4 k5 n6 o7 k8 o9 o10 r11";
    assert_eq!(names(&*f.snapshot(old).await).join(" "), in_bits);
    f.append(f.inbox, &[("e", "later")]).await;
    assert_eq!(names(&*f.snapshot(f.inbox).await)[0], "later");
}

pub(super) async fn keywords_that_messages_have_make_no_room(store: &dyn Store) {
    let f = full(store, "keywords-no-room").await;
    let all = names(&*f.snapshot(f.inbox).await).join(" ");
    assert!(f.snapshot(f.inbox).await.has_room_for_keywords());
    f.store(f.inbox, &uids([2]), FlagOperation::Add, &all).await;
    let before = f.snapshot(f.inbox).await;
    assert!(!before.has_room_for_keywords());
    let change = FlagChange { operation: FlagOperation::Replace, flags: flags("new") };
    let stored = f.account.store_flags(f.inbox, &uids([2]), &change, None).await;
    assert_refused(stored, Refused::TooManyKeywords);
    f.store(f.inbox, &uids([2]), FlagOperation::Remove, "k9").await;
    // One is free, which two want, or which is wanted itself.
    for refused in ["n1 n2", "n1 k9", "k9 n1"] {
        let appended = f.try_append(f.inbox, &[("c", "")]).await;
        appended.expect("one without keywords");
        assert_refused(f.try_append(f.inbox, &[("c", refused)]).await, Refused::TooManyKeywords);
        let change = FlagChange { operation: FlagOperation::Add, flags: flags(refused) };
        let stored = f.account.store_flags(f.inbox, &uids([1]), &change, None).await;
        assert_refused(stored, Refused::TooManyKeywords);
    }
    assert_eq!(f.snapshot(f.inbox).await.keywords(), before.keywords());
    f.store(f.inbox, &uids([2]), FlagOperation::Add, "\\Deleted").await;
    f.account.expunge(f.inbox, &uids([2])).await.expect("expunged");
    f.append(f.inbox, &[("d", "n2 n3 n4")]).await;
    assert_eq!(names(&*f.snapshot(f.inbox).await)[2..6], ["n2", "n3", "n4", "k5"]);
}

/// Changes that are decided together know of each other.
pub(super) async fn keywords_are_taken_over_once(store: &dyn Store) {
    let f = full(store, "keywords-once").await;
    let all = names(&*f.snapshot(f.inbox).await).join(" ");
    f.store(f.inbox, &uids([2]), FlagOperation::Add, &all).await;
    f.store(f.inbox, &uids([2]), FlagOperation::Remove, "k10 k20 k30 k40").await;
    let messages: Vec<(&str, &str)> = (0..12).map(|_| ("m", "")).collect();
    f.append(f.inbox, &messages).await;
    let mut tasks = JoinSet::new();
    for number in 3..15 {
        let (account, inbox) = (Arc::clone(&f.account), f.inbox);
        tasks.spawn(async move {
            let flags = flags(&format!("mine{number}"));
            let change = FlagChange { operation: FlagOperation::Add, flags };
            account.store_flags(inbox, &uids([number]), &change, None).await.is_ok()
        });
    }
    let done = tasks.join_all().await.into_iter().filter(|done| *done).count();
    assert_eq!(done, 4, "as many as there was room for");
    let flags: Vec<String> = f.flags_of(f.inbox).await;
    let own = (3..).zip(&flags[2..]).filter(|(at, flags)| **flags == format!("mine{at}")).count();
    let none = flags[2..].iter().filter(|flags| flags.is_empty()).count();
    assert_eq!((own, none), (4, 8), "{flags:?}");
}
