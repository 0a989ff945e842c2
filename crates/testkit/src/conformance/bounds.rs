//! How many messages an account can have.

use super::fixture::{Fixture, NOW, assert_refused, mailbox, message, uids};
use rookery_mail::{MailboxId, Uid, UidSet};
use rookery_mailbox::{Absent, FlagOperation, Refused, Store};
use std::sync::Arc;

impl Fixture {
    /// How many messages there are in the inbox and in the other mailbox.
    async fn sizes(&self) -> (u32, u32) {
        let count = async |id| self.snapshot(id).await.counts().messages;
        (count(self.inbox).await, count(self.other).await)
    }
}

/// Put an engine without accounts, whose accounts can have six messages, through what that means.
pub async fn six_messages(store: Arc<dyn Store>) {
    what_is_too_much_changes_nothing(&*store).await;
    what_adds_nothing_goes_on(&*store).await;
    room_comes_back(&*store).await;
    accounts_have_room_of_their_own(&*store).await;
    store.close().await.expect("everything that was asked for is done");
}

async fn what_is_too_much_changes_nothing(store: &dyn Store) {
    let f = Fixture::new(store, "too-much").await;
    f.append(f.inbox, &[("a", ""), ("b", ""), ("c", "")]).await;
    f.append(f.other, &[("d", "")]).await;
    let before = (f.snapshot(f.inbox).await, f.snapshot(f.other).await);
    let three = [("e", "$New"), ("f", ""), ("g", "")];
    for id in [f.inbox, f.other] {
        assert_refused(f.try_append(id, &three).await, Refused::TooManyMessages);
        assert_refused(f.try_copy(f.inbox, id).await, Refused::TooManyMessages);
    }
    let after = (f.snapshot(f.inbox).await, f.snapshot(f.other).await);
    assert_eq!(f.sizes().await, (3, 1));
    for (before, after) in [(before.0, after.0), (before.1, after.1)] {
        assert_eq!(after.highest_modseq(), before.highest_modseq());
        assert_eq!((after.uid_next(), after.keywords()), (before.uid_next(), before.keywords()));
    }
    assert_eq!(
        f.append(f.inbox, &three[..2]).await.uids,
        uids([4, 5]),
        "as many as there is room for"
    );
    assert_refused(f.try_append(f.other, &three[..1]).await, Refused::TooManyMessages);
    assert_refused(f.try_copy(f.other, f.other).await, Refused::TooManyMessages);
    // Other refusals are told first, as they are of an account with room.
    assert_refused(f.try_append(MailboxId(99), &three).await, Refused::NoSuchMailbox);
    assert_refused(f.try_copy(f.inbox, MailboxId(99)).await, Refused::NoSuchMailbox);
}

async fn what_adds_nothing_goes_on(store: &dyn Store) {
    let f = Fixture::new(store, "no-more").await;
    f.append(f.inbox, &[("x", ""); 6]).await;
    let some = uids([1, 2]);
    let moved = f.account.move_messages(f.inbox, &some, f.other, Absent::Skip, NOW).await;
    assert_eq!(moved.expect("moved").destination, uids([1, 2]));
    let moved = f.account.move_messages(f.inbox, &uids([3]), f.inbox, Absent::Skip, NOW).await;
    assert_eq!(moved.expect("moved").destination, uids([7]));
    let new = message(&*f.account, b"new", Vec::new()).await;
    let uid = Uid::new(4).expect("not 0");
    let replaced = f.account.replace(f.inbox, uid, f.other, new, NOW).await;
    assert_eq!(replaced.expect("one comes, one goes").uids, uids([3]));
    assert_eq!(f.sizes().await, (3, 3));
    let new = [mailbox("Old")];
    f.account.create_with_messages_of(f.inbox, &new, NOW).await.expect("the inbox is renamed");
    assert_eq!(f.sizes().await, (0, 3));
    f.try_append(f.inbox, &[]).await.expect("nothing is not too much");
    let copied = f.try_copy(f.inbox, f.other).await.expect("neither is a copy of nothing");
    assert_eq!(copied.source, UidSet::new());
    assert_refused(f.try_append(f.inbox, &[("y", "")]).await, Refused::TooManyMessages);
    f.store(f.other, &UidSet::all(), FlagOperation::Add, "\\Seen $Read").await;
}

async fn room_comes_back(store: &dyn Store) {
    let f = Fixture::new(store, "room").await;
    f.append(f.inbox, &[("x", ""); 4]).await;
    f.append(f.other, &[("x", ""); 2]).await;
    f.remove(f.inbox, &uids([1, 2])).await;
    assert_refused(f.try_append(f.inbox, &[("y", ""); 3]).await, Refused::TooManyMessages);
    f.try_copy(f.other, f.inbox).await.expect("two have gone");
    assert_refused(f.try_append(f.inbox, &[("y", "")]).await, Refused::TooManyMessages);
    f.account.delete(f.other).await.expect("it is deleted");
    f.append(f.inbox, &[("y", ""); 2]).await;
    assert_refused(f.try_append(f.inbox, &[("y", "")]).await, Refused::TooManyMessages);
}

async fn accounts_have_room_of_their_own(store: &dyn Store) {
    let (one, other) = (Fixture::new(store, "full").await, Fixture::new(store, "empty").await);
    one.append(one.inbox, &[("x", ""); 6]).await;
    other.append(other.inbox, &[("x", ""); 6]).await;
    assert_refused(one.try_append(one.inbox, &[("y", "")]).await, Refused::TooManyMessages);
}
