//! Expunges: that the latest are remembered, and what is said of those that are not.

use super::fixture::{Fixture, NOW, mailbox, uids};
use rookery_mail::{MailboxId, ModSeq, Uid, UidRange, UidSet};
use rookery_mailbox::limits::{MAX_ACCOUNT_TOMBSTONES, MAX_TOMBSTONES};
use rookery_mailbox::{Absent, Snapshot, Store};

impl Fixture {
    /// More messages than there are expunges to remember; says up to which UID.
    async fn fill(&self, mailbox: MailboxId) -> u32 {
        self.fill_to(mailbox, MAX_TOMBSTONES + 20).await
    }

    /// So many messages at the least; says up to which UID.
    async fn fill_to(&self, mailbox: MailboxId, least: usize) -> u32 {
        self.append(mailbox, &[("x", ""); 20]).await;
        let mut count = 20;
        while count < least {
            self.try_copy(mailbox, mailbox).await.expect("copied");
            count *= 2;
        }
        u32::try_from(count).expect("a UID")
    }
}

fn range(first: u32, last: u32) -> UidSet {
    let uid = |number| Uid::new(number).expect("not 0");
    [UidRange::new(uid(first), uid(last))].into_iter().collect()
}

fn vanished(snapshot: &Snapshot, since: ModSeq) -> UidSet {
    snapshot.changes_since(since).vanished
}

pub(super) async fn the_oldest_expunges_are_forgotten(store: &dyn Store) {
    let f = Fixture::new(store, "tombstones").await;
    let last = f.fill(f.inbox).await;
    let before = f.snapshot(f.inbox).await.highest_modseq();
    let one = f.remove(f.inbox, &uids([3, 5])).await;
    let two = f.remove(f.inbox, &uids([7])).await;
    let after_one = vanished(&*f.snapshot(f.inbox).await, one);
    assert_eq!(after_one, uids([7]), "the latest is remembered");
    let many = u32::try_from(MAX_TOMBSTONES).expect("a UID") - 1;
    let three = f.remove(f.inbox, &range(11, 10 + many)).await;
    let snapshot = f.snapshot(f.inbox).await;
    assert!(snapshot.tombstone_floor() >= one, "the oldest is forgotten");
    assert!(snapshot.tombstones().all(|stone| stone.modseq > snapshot.tombstone_floor()));
    assert!(snapshot.tombstones().count() <= MAX_TOMBSTONES);
    let missing = uids([3, 5, 7]).union(&range(11, 10 + many));
    assert_eq!(vanished(&snapshot, before), missing);
    let since_two = vanished(&snapshot, two);
    assert!(since_two == range(11, 10 + many) || since_two == missing);
    assert_eq!(vanished(&snapshot, three), UidSet::new());
    assert_eq!(u64::from(last), missing.len() + u64::from(snapshot.counts().messages));
}

pub(super) async fn what_is_forgotten_is_told_as_what_is_missing(store: &dyn Store) {
    let f = Fixture::new(store, "tombstones-missing").await;
    let last = f.fill(f.inbox).await;
    f.remove(f.inbox, &uids([2])).await;
    let before = f.snapshot(f.inbox).await.highest_modseq();
    f.append(f.inbox, &[("new", "")]).await;
    let moved = f.account.move_messages(f.inbox, &range(4, last), f.other, Absent::Skip, NOW).await;
    assert_eq!(moved.expect("they are moved").source, range(4, last));
    let snapshot = f.snapshot(f.inbox).await;
    assert_eq!(snapshot.tombstone_floor(), snapshot.highest_modseq(), "all in one change");
    let changes = snapshot.changes_since(before);
    assert_eq!(changes.vanished, uids([2]).union(&range(4, last)), "and what was gone before");
    let rows: Vec<u32> = changes.rows.iter().map(|row| row.uid.get()).collect();
    assert_eq!(rows, [last + 1], "and nothing that has not been given or is there");
    f.remove(f.inbox, &uids([last + 1])).await;
    let snapshot = f.snapshot(f.inbox).await;
    assert_eq!(vanished(&snapshot, before), uids([2]).union(&range(4, last + 1)));
    assert_eq!(vanished(&snapshot, snapshot.highest_modseq()), UidSet::new());
}

/// In an account with many mailboxes each remembers less, or what a MOVE from one to the next leaves behind would add up without end.
pub(super) async fn mailboxes_share_what_an_account_remembers(store: &dyn Store) {
    let f = Fixture::new(store, "shares").await;
    let share = MAX_ACCOUNT_TOMBSTONES / 64;
    assert!(share < MAX_TOMBSTONES);
    let last = f.fill_to(f.inbox, share + 2).await;
    let before = f.snapshot(f.inbox).await.highest_modseq();
    f.remove(f.inbox, &range(1, last / 2)).await;
    let more: Vec<_> = (2..64).map(|number| mailbox(&format!("m{number}"))).collect();
    f.account.create(&more, NOW).await.expect("mailboxes are made");
    let two = f.remove(f.inbox, &range(last / 2 + 1, last)).await;
    let snapshot = f.snapshot(f.inbox).await;
    assert!(snapshot.tombstones().count() <= share);
    assert!(snapshot.tombstone_floor() > before && snapshot.tombstone_floor() <= two);
    assert_eq!(vanished(&snapshot, before), range(1, last), "it is told what is not there");
}
