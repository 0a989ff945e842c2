//! Threads: which messages join which, and that they stay.

use super::fixture::{Fixture, NOW, assert_refused, message, uids};
use rookery_mail::{EmailId, MailboxId, UidSet};
use rookery_mailbox::{Absent, FlagOperation, NewMessage, Refused, Row, Store, ThreadKey};

impl Fixture {
    /// Append one message for each list of keys, in one change; returns which message each is in a thread with: for a
    /// message that began its thread, itself.
    async fn append_threaded(&self, mailbox: MailboxId, messages: &[&[u64]]) -> Vec<u64> {
        let new = self.threaded(messages).await;
        let appended = self.account.append(mailbox, new, NOW).await.expect("they are appended");
        let snapshot = self.snapshot(mailbox).await;
        snapshot.rows_in(&appended.uids).map(|row| row.thread.0).collect()
    }

    async fn threaded(&self, messages: &[&[u64]]) -> Vec<NewMessage> {
        let mut new = Vec::new();
        for keys in messages {
            let thread_keys = keys.iter().copied().map(ThreadKey).collect();
            let message = message(&*self.account, b"x", Vec::new()).await;
            new.push(NewMessage { thread_keys, ..message });
        }
        new
    }

    async fn rows(&self, mailbox: MailboxId) -> Vec<Row> {
        self.snapshot(mailbox).await.rows().cloned().collect()
    }
}

pub(super) async fn messages_join_the_first_thread_that_is_known(store: &dyn Store) {
    let f = Fixture::new(store, "threads").await;
    assert_eq!(f.append_threaded(f.inbox, &[&[10], &[], &[20], &[]]).await, [1, 2, 3, 4]);
    assert_eq!(f.append_threaded(f.other, &[&[11, 10]]).await, [1], "in any mailbox");
    assert_eq!(f.append_threaded(f.inbox, &[&[12, 11], &[21, 99, 20]]).await, [1, 3]);
    let bridge: &[u64] = &[30, 20, 10];
    assert_eq!(f.append_threaded(f.inbox, &[bridge]).await, [3], "the first that is known");
    let later: [&[u64]; 4] = [&[40, 10], &[41, 20], &[42, 30], &[43, 99]];
    assert_eq!(f.append_threaded(f.inbox, &later).await, [1, 3, 3, 3], "keys lead where they led");
    let at_once: [&[u64]; 4] = [&[50], &[51, 50], &[52, 60, 60], &[60]];
    assert_eq!(f.append_threaded(f.inbox, &at_once).await, [13, 13, 15, 15], "in one change");
    let expected: Vec<u64> = f.rows(f.inbox).await.iter().map(|row| row.email.0).collect();
    assert!(expected.contains(&15), "a thread has the number of its first message");
}

pub(super) async fn threads_stay_with_copies_and_outlive_messages(store: &dyn Store) {
    let f = Fixture::new(store, "threads-stay").await;
    f.append_threaded(f.inbox, &[&[1], &[2, 1]]).await;
    let before = f.rows(f.inbox).await;
    let all = UidSet::all();
    f.account.copy(f.inbox, &all, f.other, Absent::Skip, NOW).await.expect("they are copied");
    f.account
        .move_messages(f.inbox, &uids([2]), f.other, Absent::Skip, NOW)
        .await
        .expect("it is moved");
    let threads: Vec<(EmailId, u64)> =
        f.rows(f.other).await.iter().map(|row| (row.email, row.thread.0)).collect();
    let (one, two) = (before[0].email, before[1].email);
    assert_eq!(threads, [(one, 1), (two, 1), (two, 1)]);
    for mailbox in [f.inbox, f.other] {
        f.store(mailbox, &all, FlagOperation::Add, "\\Deleted").await;
        f.account.expunge(mailbox, &all).await.expect("they are expunged");
    }
    assert_eq!(f.append_threaded(f.inbox, &[&[3, 2]]).await, [1], "nobody has it any more");
    f.account.delete(f.other).await.expect("it is deleted");
    assert_eq!(f.append_threaded(f.inbox, &[&[4, 3]]).await, [1]);
}

pub(super) async fn what_is_refused_begins_no_thread(store: &dyn Store) {
    let f = Fixture::new(store, "threads-refused").await;
    let new = f.threaded(&[&[1]]).await;
    let refused = f.account.append(MailboxId(99), new, NOW).await;
    assert_refused(refused, Refused::NoSuchMailbox);
    assert_eq!(f.append_threaded(f.inbox, &[&[], &[2, 1]]).await, [1, 2]);
}
