//! Replacing a message by another one.

use super::fixture::{Fixture, NOW, assert_refused, flags, message, uids};
use rookery_mail::{MailboxId, Uid};
use rookery_mailbox::{Appended, Refused, Store, StoreError};

async fn replace(
    f: &Fixture,
    (from, uid): (MailboxId, u32),
    to: MailboxId,
    (content, flags): (&str, &str),
) -> Result<Appended, StoreError> {
    let new = message(&*f.account, content.as_bytes(), self::flags(flags)).await;
    f.account.replace(from, Uid::new(uid).expect("not 0"), to, new, NOW).await
}

pub(super) async fn a_message_takes_the_place_of_another(store: &dyn Store) {
    let f = Fixture::new(store, "replace").await;
    let before = f.append(f.inbox, &[("a", "\\Seen $A"), ("b", "\\Deleted"), ("c", "")]).await;
    let old = f.snapshot(f.inbox).await;
    let done = replace(&f, (f.inbox, 1), f.inbox, ("new", "\\Draft")).await.expect("replaced");
    let after = f.snapshot(f.inbox).await;
    assert_eq!((done.uid_validity, done.uids.clone()), (before.uid_validity, uids([4])));
    assert_eq!(done.modseq, before.modseq.next(), "one change");
    assert_eq!(after.uids(), uids([2, 3, 4]), "another message with \\Deleted stays");
    assert_eq!(f.flags_of(f.inbox).await, ["\\Deleted", "", "\\Draft"], "nothing is inherited");
    assert_eq!(after.highest_modseq(), done.modseq);
    let changes = after.changes_since(before.modseq);
    assert_eq!(changes.vanished, uids([1]));
    assert_eq!(changes.rows.iter().map(|row| row.uid.get()).collect::<Vec<_>>(), [4]);
    let email = |snapshot: &rookery_mailbox::Snapshot, uid| {
        snapshot.row(Uid::new(uid).expect("not 0")).expect("a message").email
    };
    assert_ne!(email(&after, 4), email(&old, 1), "RFC 8508 §4.6");
    let content = f.account.content(email(&after, 4), 0..9).await.expect("content");
    assert_eq!(&content[..], b"new");
    // Into another mailbox.
    let done = replace(&f, (f.inbox, 4), f.other, ("sent", "$B")).await.expect("replaced");
    assert_eq!((done.uids, f.snapshot(f.inbox).await.uids()), (uids([1]), uids([2, 3])));
    let (here, there) = (f.snapshot(f.inbox).await, f.snapshot(f.other).await);
    assert_eq!((there.uids(), f.flags_of(f.other).await), (uids([1]), vec!["$B".to_owned()]));
    assert_eq!((here.highest_modseq(), there.highest_modseq()), (done.modseq, done.modseq));
}

pub(super) async fn nothing_is_replaced_unless_all_can_be(store: &dyn Store) {
    let f = Fixture::new(store, "replace-refused").await;
    f.append(f.inbox, &[("a", "")]).await;
    let before = f.snapshot(f.inbox).await;
    let nowhere = MailboxId(99);
    for (old, to, reason) in [
        ((nowhere, 1), f.inbox, Refused::NoSuchMailbox),
        ((f.inbox, 1), nowhere, Refused::NoSuchMailbox),
        ((f.inbox, 9), nowhere, Refused::NoSuchMailbox),
        ((f.inbox, 2), f.other, Refused::NoSuchMessage),
        ((f.inbox, 2), f.inbox, Refused::NoSuchMessage),
    ] {
        assert_refused(replace(&f, old, to, ("x", "$A")).await, reason);
    }
    let many: Vec<String> = (0..=128).map(|at| format!("k{at}")).collect();
    let many = replace(&f, (f.inbox, 1), f.inbox, ("x", &many.join(" "))).await;
    assert_refused(many, Refused::TooManyKeywords);
    let after = f.snapshot(f.inbox).await;
    assert_eq!((after.uids(), after.highest_modseq()), (uids([1]), before.highest_modseq()));
    assert_eq!(after.keywords(), before.keywords());
    assert_eq!(f.append(f.other, &[("b", "")]).await.uids, uids([1]));
}
