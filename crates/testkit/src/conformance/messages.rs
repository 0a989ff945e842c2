//! Messages: how they come, change and go.

use super::fixture::{Fixture, NOW, assert_refused, flags, uids};
use rookery_mail::{EmailId, Flag, Keyword, MailboxId, Uid, UidSet};
use rookery_mailbox::limits::MAX_KEYWORDS;
use rookery_mailbox::{Absent, Counts, FlagChange, FlagOperation, Refused, Row, Status, Store};

pub(super) async fn appends_are_all_or_nothing(store: &dyn Store) {
    let f = Fixture::new(store, "appends").await;
    let before = f.snapshot(f.inbox).await;
    let appended = f.append(f.inbox, &[("one", "\\Seen"), ("three", "$A \\Draft $B")]).await;
    let after = f.snapshot(f.inbox).await;
    assert_eq!((appended.uids, appended.uid_validity), (uids([1, 2]), before.uid_validity()));
    assert_eq!(after.highest_modseq(), appended.modseq);
    assert!(appended.modseq > before.highest_modseq());
    assert_eq!(after.uid_next(), Uid::new(3));
    assert_eq!(f.flags_of(f.inbox).await, ["\\Seen", "\\Draft $A $B"]);
    let rows: Vec<&Row> = after.rows().collect();
    assert!(rows.iter().all(|row| (row.modseq, row.created) == (appended.modseq, appended.modseq)));
    assert!(
        rows.iter().all(|row| row.save_date == NOW && row.internal_date.offset_minutes() == 120)
    );
    assert_eq!(rows.iter().map(|row| row.size).collect::<Vec<_>>(), [3, 5]);
    assert_ne!(rows[0].email, rows[1].email);
    let counts = after.counts();
    assert_eq!((counts.messages, counts.unseen, counts.deleted, counts.size), (2, 1, 0, 8));
    assert_refused(f.try_append(MailboxId(99), &[("x", "")]).await, Refused::NoSuchMailbox);
    assert_eq!(f.append(f.inbox, &[("four", "")]).await.uids, uids([3]));
}

pub(super) async fn flags_change_only_where_they_differ(store: &dyn Store) {
    let f = Fixture::new(store, "flags").await;
    f.append(f.inbox, &[("a", ""), ("b", "\\Seen"), ("c", "\\Seen $K")]).await;
    let before = f.snapshot(f.inbox).await;
    let all = UidSet::all();
    let stored = f.store(f.inbox, &all, FlagOperation::Add, "\\Seen").await;
    let changed = f.snapshot(f.inbox).await.changes_since(before.highest_modseq()).rows;
    assert_eq!(changed.iter().map(|row| row.uid.get()).collect::<Vec<_>>(), [1]);
    assert_eq!(Some(changed[0].modseq), stored.modseq);
    assert_eq!(changed[0].created, before.highest_modseq());
    let stored = f.store(f.inbox, &uids([2, 3, 77]), FlagOperation::Replace, "$L \\Flagged").await;
    assert!(stored.modified.is_empty());
    f.store(f.inbox, &uids([3]), FlagOperation::Remove, "$l \\Answered $unknown").await;
    assert_eq!(f.flags_of(f.inbox).await, ["\\Seen", "\\Flagged $L", "\\Flagged"]);
    let after = f.snapshot(f.inbox).await;
    let keywords: Vec<&str> = after.keywords().iter().map(Keyword::as_str).collect();
    assert_eq!(keywords, ["$K", "$L"], "removing does not add");
    let nothing = FlagChange { operation: FlagOperation::Add, flags: Vec::new() };
    let missing = f.account.store_flags(MailboxId(99), &all, &nothing, None).await;
    assert_refused(missing, Refused::NoSuchMailbox);
}

pub(super) async fn flags_of_changed_messages_are_left_alone(store: &dyn Store) {
    let f = Fixture::new(store, "unchangedsince").await;
    let first = f.append(f.inbox, &[("a", ""), ("b", "")]).await.modseq;
    f.store(f.inbox, &uids([1]), FlagOperation::Add, "\\Seen").await;
    let change = FlagChange { operation: FlagOperation::Add, flags: flags("\\Flagged") };
    let all = UidSet::all();
    let stored = f.account.store_flags(f.inbox, &all, &change, Some(first)).await.expect("stored");
    assert_eq!((stored.modified.clone(), stored.modseq.is_some()), (uids([1]), true));
    assert_eq!(f.flags_of(f.inbox).await, ["\\Seen", "\\Flagged"]);
    let stored = f.account.store_flags(f.inbox, &all, &change, Some(first)).await.expect("stored");
    assert_eq!((stored.modified.clone(), stored.modseq), (uids([1, 2]), None));
}

/// So that a client that changes flags without a word hears of what others did to the same messages right before.
pub(super) async fn changes_that_were_overtaken_are_reported(store: &dyn Store) {
    let f = Fixture::new(store, "overtaken").await;
    f.append(f.inbox, &[("a", ""), ("b", ""), ("c", "\\Flagged")]).await;
    let known = f.snapshot(f.inbox).await.highest_modseq();
    f.store(f.inbox, &uids([1, 3]), FlagOperation::Add, "\\Seen").await;
    let change = FlagChange { operation: FlagOperation::Add, flags: flags("\\Flagged") };
    let all = UidSet::all();
    let stored = f.account.store_flags_known(f.inbox, &all, &change, None, known).await;
    let stored = stored.expect("stored");
    assert_eq!((&stored.overtaken, stored.modseq), (&uids([1]), Some(stored.as_of)));
    assert_eq!(f.snapshot(f.inbox).await.highest_modseq(), stored.as_of);
    let stored = f.account.store_flags_known(f.inbox, &all, &change, None, known).await;
    let stored = stored.expect("there is nothing to do");
    assert_eq!((stored.overtaken.is_empty(), stored.modseq), (true, None));
}

pub(super) async fn keywords_run_out(store: &dyn Store) {
    let f = Fixture::new(store, "keywords").await;
    let all: Vec<String> = (0..MAX_KEYWORDS).map(|i| format!("k{i}")).collect();
    f.append(f.inbox, &[("a", &all.join(" ")), ("b", "K7")]).await;
    let before = f.snapshot(f.inbox).await;
    assert_refused(
        f.try_append(f.inbox, &[("c", ""), ("d", "k1 one-more")]).await,
        Refused::TooManyKeywords,
    );
    let flags = vec![Flag::Keyword(Keyword::new("one-more").expect("a keyword"))];
    let change = FlagChange { operation: FlagOperation::Add, flags };
    let stored = f.account.store_flags(f.inbox, &UidSet::all(), &change, None).await;
    assert_refused(stored, Refused::TooManyKeywords);
    f.append(f.other, &[("x", "one-more")]).await;
    let copied = f.account.copy(f.other, &UidSet::all(), f.inbox, Absent::Skip, NOW).await;
    assert_refused(copied, Refused::TooManyKeywords);
    assert_eq!(f.snapshot(f.inbox).await, before, "what is refused changes nothing");
    assert_eq!(f.flags_of(f.inbox).await, [all.join(" ").as_str(), "k7"]);
}

pub(super) async fn copies_share_content(store: &dyn Store) {
    let f = Fixture::new(store, "copies").await;
    f.append(f.other, &[("x", "$mine")]).await;
    f.append(f.inbox, &[("one", "$a"), ("two", "\\Seen $b"), ("three", "$c")]).await;
    let source = f.snapshot(f.inbox).await;
    let copied = f
        .account
        .copy(f.inbox, &uids([2, 3, 9]), f.other, Absent::Skip, NOW + 5)
        .await
        .expect("copied");
    assert_eq!((copied.source, copied.destination), (uids([2, 3]), uids([2, 3])));
    assert_eq!(f.flags_of(f.other).await, ["$mine", "\\Seen $b", "$c"]);
    let target = f.snapshot(f.other).await;
    let keywords: Vec<&str> = target.keywords().iter().map(Keyword::as_str).collect();
    assert_eq!(keywords, ["$mine", "$b", "$c"], "only what the copies have comes along");
    for (old, new) in source.rows().skip(1).zip(target.rows().skip(1)) {
        assert_eq!((old.email, old.size), (new.email, new.size));
        assert_eq!((old.internal_date, new.save_date), (new.internal_date, NOW + 5));
        assert_eq!((new.modseq, new.created), (target.highest_modseq(), target.highest_modseq()));
    }
    assert_eq!(f.snapshot(f.inbox).await, source, "the source stays as it is");
    let within =
        f.account.copy(f.inbox, &uids([1]), f.inbox, Absent::Skip, NOW).await.expect("copied");
    assert_eq!(within.destination, uids([4]));
    let none = f
        .account
        .copy(f.inbox, &uids([99]), f.other, Absent::Skip, NOW)
        .await
        .expect("nothing to do");
    assert!(none.source.is_empty() && none.destination.is_empty());
    let some = uids([1, 99]);
    let refused =
        f.account.copy(f.inbox, &some, f.other, Absent::RefuseBelow(some.len()), NOW).await;
    assert_refused(refused, Refused::NoSuchMessage);
    let refused = f
        .account
        .move_messages(f.inbox, &some, f.other, Absent::RefuseBelow(some.len()), NOW)
        .await;
    assert_refused(refused, Refused::NoSuchMessage);
    assert_eq!(f.snapshot(f.other).await, target);
    let nowhere = f.account.copy(f.inbox, &uids([1]), MailboxId(99), Absent::Skip, NOW).await;
    assert_refused(nowhere, Refused::NoSuchMailbox);
}

pub(super) async fn moves_leave_nothing_behind(store: &dyn Store) {
    let f = Fixture::new(store, "moves").await;
    f.append(f.inbox, &[("one", "$k"), ("two", ""), ("three", "")]).await;
    let before = f.snapshot(f.inbox).await;
    let moved = f
        .account
        .move_messages(f.inbox, &uids([1, 3]), f.other, Absent::Skip, NOW)
        .await
        .expect("moved");
    assert_eq!((moved.source, moved.destination), (uids([1, 3]), uids([1, 2])));
    let (source, target) = (f.snapshot(f.inbox).await, f.snapshot(f.other).await);
    assert_eq!(source.uids(), uids([2]));
    assert_eq!(source.changes_since(before.highest_modseq()).vanished, uids([1, 3]));
    assert_eq!(source.highest_modseq(), target.highest_modseq(), "one change, one number");
    assert_eq!(f.flags_of(f.other).await, ["$k", ""]);
    let email = target.rows().next().expect("a message").email;
    assert_eq!(&f.account.content(email, 0..9).await.expect("its content")[..], b"one");
    let within = f
        .account
        .move_messages(f.other, &uids([1]), f.other, Absent::Skip, NOW)
        .await
        .expect("moved");
    assert_eq!((within.source, within.destination), (uids([1]), uids([3])));
    assert_eq!(f.snapshot(f.other).await.uids(), uids([2, 3]));
    let nowhere =
        f.account.move_messages(f.inbox, &uids([2]), MailboxId(99), Absent::Skip, NOW).await;
    assert_refused(nowhere, Refused::NoSuchMailbox);
    assert_eq!(f.snapshot(f.inbox).await.uids(), uids([2]));
}

pub(super) async fn expunge_takes_deleted_messages_only(store: &dyn Store) {
    let f = Fixture::new(store, "expunge").await;
    let messages = [("a", "\\Deleted"), ("b", ""), ("c", "\\Deleted"), ("d", "\\Deleted")];
    let appended = f.append(f.inbox, &messages).await;
    let gone = f.account.expunge(f.inbox, &uids([1, 2, 3])).await.expect("expunged");
    assert_eq!(gone, uids([1, 3]));
    let snapshot = f.snapshot(f.inbox).await;
    assert_eq!(snapshot.uids(), uids([2, 4]));
    assert_eq!(snapshot.changes_since(appended.modseq).vanished, gone);
    assert_eq!((snapshot.counts().deleted, snapshot.counts().size), (1, 2));
    assert!(f.account.expunge(f.inbox, &uids([1, 2, 3])).await.expect("nothing to do").is_empty());
    f.account.expunge(f.inbox, &UidSet::all()).await.expect("expunged");
    assert_eq!(f.append(f.inbox, &[("e", "")]).await.uids, uids([5]), "no UID is used twice");
    assert_refused(f.account.expunge(MailboxId(99), &uids([1])).await, Refused::NoSuchMailbox);
}

/// With or without the mailbox being open.
pub(super) async fn the_status_is_that_of_the_snapshot(store: &dyn Store) {
    let f = Fixture::new(store, "status").await;
    let status = async || f.account.status(f.inbox).await.expect("a status");
    let empty = status().await;
    assert_eq!((empty.counts, empty.uid_next, empty.recent), (Counts::default(), Uid::new(1), 0));
    f.append(f.inbox, &[("one", "\\Seen"), ("three", "\\Deleted"), ("", "")]).await;
    let (counts, recent) = (status().await.counts, status().await.recent);
    assert_eq!((counts.messages, counts.unseen, counts.deleted, counts.size), (3, 2, 1, 8));
    assert_eq!(recent, 3);
    f.account.expunge(f.inbox, &UidSet::all()).await.expect("expunged");
    assert_eq!((status().await.recent, status().await.counts.messages), (2, 2));
    f.account.claim_recent(f.inbox).await.expect("an answer");
    f.account.copy(f.inbox, &uids([1]), f.inbox, Absent::Skip, NOW).await.expect("copied");
    assert_eq!(status().await.recent, 1);
    let snapshot = f.snapshot(f.inbox).await;
    assert_eq!(status().await, Status::of(&snapshot, Uid::new(4)));
    assert_eq!(status().await.highest_modseq, snapshot.highest_modseq());
    assert_refused(f.account.status(MailboxId(99)).await, Refused::NoSuchMailbox);
}

pub(super) async fn recent_is_claimed_once(store: &dyn Store) {
    let f = Fixture::new(store, "recent").await;
    assert_eq!(f.account.claim_recent(f.inbox).await.expect("an answer"), None);
    f.append(f.inbox, &[("a", ""), ("b", "")]).await;
    assert_eq!(f.account.first_recent(f.inbox).await.expect("an answer"), Uid::MIN);
    let claimed = f.account.claim_recent(f.inbox).await.expect("an answer").expect("two messages");
    assert_eq!((claimed.first().get(), claimed.last().get()), (1, 2));
    assert_eq!(f.account.claim_recent(f.inbox).await.expect("an answer"), None);
    assert_eq!(Uid::new(3), f.account.first_recent(f.inbox).await.ok());
    f.account.copy(f.inbox, &uids([1]), f.inbox, Absent::Skip, NOW).await.expect("copied");
    let claimed = f.account.claim_recent(f.inbox).await.expect("an answer").expect("a copy");
    assert_eq!((claimed.first().get(), claimed.last().get()), (3, 3));
    assert_refused(f.account.claim_recent(MailboxId(99)).await, Refused::NoSuchMailbox);
    assert_refused(f.account.first_recent(MailboxId(99)).await, Refused::NoSuchMailbox);
}

pub(super) async fn contents_are_exact(store: &dyn Store) {
    let f = Fixture::new(store, "contents").await;
    let long: String = (0..100_000u32).map(|i| char::from(b' ' + (i % 997 % 90) as u8)).collect();
    f.append(f.inbox, &[("", ""), ("abc\r\n\0", ""), (&long, "")]).await;
    let emails: Vec<EmailId> = f.snapshot(f.inbox).await.rows().map(|row| row.email).collect();
    let content = |at: usize, range| f.account.content(emails[at], range);
    assert_eq!(&content(0, 0..10).await.expect("nothing")[..], b"");
    assert_eq!(&content(1, 0..100).await.expect("all")[..], b"abc\r\n\0");
    assert_eq!(&content(1, 2..4).await.expect("some")[..], b"c\r");
    assert_eq!(&content(1, 50..60).await.expect("nothing")[..], b"");
    assert_eq!(content(2, 0..u64::MAX).await.expect("all"), long.as_bytes());
    assert_eq!(content(2, 65_530..65_550).await.expect("some"), &long.as_bytes()[65_530..65_550]);
    let asked = [emails[2], EmailId(999), emails[0]];
    let summaries = f.account.summaries(&asked).await.expect("summaries");
    let texts: Vec<Option<&[u8]>> = summaries.iter().map(Option::as_deref).collect();
    assert_eq!(texts, [Some(&b"summary of 100000 octets"[..]), None, Some(b"summary of 0 octets")]);
    assert_refused(f.account.content(EmailId(999), 0..1).await, Refused::NoSuchMessage);
    // A copy keeps the content when the original goes.
    f.account.copy(f.inbox, &uids([2]), f.other, Absent::Skip, NOW).await.expect("copied");
    f.store(f.inbox, &UidSet::all(), FlagOperation::Add, "\\Deleted").await;
    f.account.expunge(f.inbox, &UidSet::all()).await.expect("expunged");
    assert_eq!(&content(1, 0..100).await.expect("all")[..], b"abc\r\n\0");
}
