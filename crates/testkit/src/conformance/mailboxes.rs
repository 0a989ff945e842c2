//! Mailboxes, their names and their subscriptions.

use super::fixture::{Fixture, NOW, assert_refused, mailbox, name};
use rookery_mail::{MailboxId, MailboxName, SpecialUse};
use rookery_mailbox::limits::{MAX_MAILBOXES, MAX_SUBSCRIPTIONS};
use rookery_mailbox::{MailboxInfo, NewMailbox, Refused, Store};

pub(super) async fn mailboxes_come_and_go(store: &dyn Store) {
    let f = Fixture::new(store, "mailboxes").await;
    let trash = |text: &str| NewMailbox {
        special_use: Some(SpecialUse::Trash),
        subscribed: true,
        ..mailbox(text)
    };
    let made = f.account.create(&[mailbox("a"), trash("a/b")], NOW).await.expect("new names");
    assert!(made[0].uid_validity < made[1].uid_validity, "each is larger than the one before");
    let list = f.account.mailboxes().await.expect("a list");
    assert_eq!(list.mailboxes[&name("a/b")], made[1]);
    assert!(list.subscriptions.contains(&name("a/b")) && !list.subscriptions.contains(&name("a")));
    for taken in [vec![mailbox("new"), mailbox("a")], vec![mailbox("INBOX")]] {
        assert_refused(f.account.create(&taken, NOW).await, Refused::AlreadyExists);
    }
    let second = [mailbox("new"), trash("t")];
    assert_refused(f.account.create(&second, NOW).await, Refused::SpecialUseTaken);
    assert_eq!(f.account.mailboxes().await.expect("a list"), list, "all or nothing");
    assert_refused(f.account.delete(f.inbox).await, Refused::Inbox);
    f.account.delete(made[0].id).await.expect("it can be deleted");
    assert_refused(f.account.delete(made[0].id).await, Refused::NoSuchMailbox);
    let list = f.account.mailboxes().await.expect("a list");
    assert!(list.mailboxes.contains_key(&name("a/b")), "what is below stays");
}

pub(super) async fn a_deleted_mailbox_never_comes_back(store: &dyn Store) {
    let f = Fixture::new(store, "deleted").await;
    let old = f.account.mailboxes().await.expect("a list").mailboxes[&name("Other")].clone();
    f.append(old.id, &[("message", "")]).await;
    let open = f.account.open(old.id).await.expect("it is there");
    f.account.delete(old.id).await.expect("it can be deleted");
    let last = open.snapshot();
    assert!(last.is_deleted() && last.rows().next().is_none());
    assert_eq!(last.tombstones().count(), 1);
    let made = f.account.create(&[mailbox("Other")], NOW).await.expect("the name is free");
    assert!(made[0].id != old.id && made[0].uid_validity > old.uid_validity);
    assert!(open.snapshot().is_deleted(), "the old one stays deleted");
    assert_eq!(f.snapshot(made[0].id).await.counts().messages, 0);
    assert_refused(f.account.open(old.id).await.map(|_| ()), Refused::NoSuchMailbox);
    assert_refused(f.try_append(old.id, &[("x", "")]).await, Refused::NoSuchMailbox);
}

pub(super) async fn renaming_is_all_or_nothing(store: &dyn Store) {
    let f = Fixture::new(store, "renaming").await;
    let new = [mailbox("a"), mailbox("a/b"), mailbox("c")];
    let made = f.account.create(&new, NOW).await.expect("new names");
    let (a, b, c) = (&made[0], &made[1], &made[2]);
    f.append(b.id, &[("message", "")]).await;
    f.account.subscribe(&b.name, true).await.expect("any name can be subscribed to");
    let before = f.account.mailboxes().await.expect("a list");
    for (renames, refused) in [
        (vec![(a.id, name("x")), (b.id, name("c"))], Refused::AlreadyExists),
        (vec![(a.id, name("x")), (MailboxId(999), name("y"))], Refused::NoSuchMailbox),
        (vec![(a.id, name("x")), (f.inbox, name("y"))], Refused::Inbox),
    ] {
        assert_refused(f.account.rename(&renames, &[], NOW).await, refused);
        assert_eq!(f.account.mailboxes().await.expect("a list"), before);
    }
    let open = f.account.open(b.id).await.expect("it is there");
    let renames = [(a.id, name("x/y")), (b.id, name("x/y/b")), (c.id, name("a"))];
    f.account.rename(&renames, &[mailbox("x")], NOW).await.expect("the names are free");
    let after = f.account.mailboxes().await.expect("a list");
    let moved = &after.mailboxes[&name("x/y/b")];
    assert_eq!((moved.id, moved.uid_validity), (b.id, b.uid_validity));
    assert_eq!(after.mailboxes[&name("a")].id, c.id);
    assert!(after.mailboxes.contains_key(&name("x")) && !after.mailboxes.contains_key(&name("c")));
    assert!(after.subscriptions.contains(&name("x/y/b")), "the new name is subscribed to");
    assert!(after.subscriptions.contains(&name("a/b")), "and the old one still is");
    assert_eq!((open.snapshot().is_deleted(), open.snapshot().counts().messages), (false, 1));
}

pub(super) async fn subscriptions_live_apart_from_mailboxes(store: &dyn Store) {
    let f = Fixture::new(store, "subscriptions").await;
    f.account.subscribe(&name("nowhere"), true).await.expect("any name can be subscribed to");
    f.account.subscribe(&name("Other"), true).await.expect("any name can be subscribed to");
    f.account.delete(f.other).await.expect("it can be deleted");
    let list = f.account.mailboxes().await.expect("a list");
    assert!(list.subscriptions.iter().eq(&[name("Other"), name("nowhere")]));
    f.account.subscribe(&name("Other"), false).await.expect("any can be given up");
    f.account.subscribe(&name("never was"), false).await.expect("any can be given up");
    let list = f.account.mailboxes().await.expect("a list");
    assert!(list.subscriptions.iter().eq(&[name("nowhere")]));
}

/// A clock that has been in the year 2300 for once: mailboxes can be made afterwards, and each has a UIDVALIDITY of its own.
pub(super) async fn a_clock_that_is_far_ahead_uses_up_no_uid_validities(store: &dyn Store) {
    let f = Fixture::new(store, "clock").await;
    let mut last = None;
    for (number, now) in [10_413_792_000, i64::MAX, NOW, -1, i64::MIN].into_iter().enumerate() {
        let made = f
            .account
            .create(&[mailbox(&format!("m{number}"))], now)
            .await
            .expect("there are numbers left");
        assert!(
            last < Some(made[0].uid_validity),
            "{now}: {} after {last:?}",
            made[0].uid_validity
        );
        last = Some(made[0].uid_validity);
    }
    assert!(last.is_some_and(|last| last.get() < u32::MAX - 190_000_000), "{last:?}");
}

/// As many subscriptions as there may be, in a few changes: the names that mailboxes had before stay subscribed.
pub(super) async fn mailboxes_and_subscriptions_are_limited(store: &dyn Store) {
    let f = Fixture::new(store, "limited").await;
    let new = |n| NewMailbox { subscribed: true, ..mailbox(&format!("m/{n}")) };
    let more: Vec<NewMailbox> = (0..MAX_MAILBOXES).map(new).collect();
    assert_refused(f.account.create(&more, NOW).await, Refused::TooManyMailboxes);
    let made = f.account.create(&more[..1000], NOW).await.expect("so many fit");
    let renames = |first: usize, made: &[MailboxInfo]| -> Vec<(MailboxId, MailboxName)> {
        let renamed = |info: &MailboxInfo| (info.id, name(&format!("{first}/{}", info.id.0)));
        made.iter().map(renamed).collect()
    };
    for at in 0.. {
        let list = f.account.mailboxes().await.expect("a list");
        let room = (MAX_SUBSCRIPTIONS - list.subscriptions.len()).min(made.len());
        if room == 0 {
            break;
        }
        f.account.rename(&renames(at, &made[..room]), &[], NOW).await.expect("they fit");
    }
    let list = f.account.mailboxes().await.expect("a list");
    assert_eq!(list.subscriptions.len(), MAX_SUBSCRIPTIONS);
    let one_more = f.account.subscribe(&name("more"), true).await;
    assert_refused(one_more, Refused::TooManyMailboxes);
    let renamed = f.account.rename(&renames(99, &made[..1]), &[], NOW).await;
    assert_refused(renamed, Refused::TooManyMailboxes);
    assert_eq!(f.account.mailboxes().await.expect("a list"), list, "nothing has changed");
}

pub(super) async fn a_mailbox_can_have_an_append_limit_of_its_own(store: &dyn Store) {
    let f = Fixture::new(store, "append-limits").await;
    let limits = async || {
        let list = f.account.mailboxes().await.expect("mailboxes are listed");
        list.mailboxes.values().map(|info| info.append_limit).collect::<Vec<_>>()
    };
    assert_eq!(limits().await, [None, None]);
    let set = async |id, limit| f.account.set_append_limit(id, limit).await;
    set(f.other, Some(5)).await.expect("it is set");
    set(f.inbox, Some(0)).await.expect("it is set");
    assert_eq!(limits().await, [Some(0), Some(5)]);
    f.account.rename(&[(f.other, name("New"))], &[mailbox("Other")], NOW).await.expect("renamed");
    assert_eq!(limits().await, [Some(0), Some(5), None], "it stays with the mailbox");
    let before = f.append(f.other, &[("larger than that", "")]).await.modseq;
    set(f.other, Some(5)).await.expect("it is so already");
    assert_eq!(f.append(f.other, &[("x", "")]).await.modseq, before.next(), "no change");
    set(f.other, None).await.expect("it is set");
    assert_eq!(limits().await, [Some(0), None, None]);
    assert_refused(set(MailboxId(99), Some(1)).await, Refused::NoSuchMailbox);
}
