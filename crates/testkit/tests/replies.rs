//! Mailboxes of which every message is an answer to the same one, as mailing lists and floods make them.

use rookery_mailbox::delivery::{Incoming, deliver};
use rookery_mailbox::{Account, Store, initial_mailboxes};
use rookery_store_local::LocalStore;
use std::time::{Duration, Instant};

const NOW: i64 = 1_800_000_000;

/// How long it takes to deliver so many messages with the subject `Re: `, each in answer to the one before.
async fn time_of(count: u32) -> Duration {
    let dir = tempfile::tempdir().unwrap();
    let store = LocalStore::open(dir.path()).unwrap();
    store.create_account("u", &initial_mailboxes(), NOW).await.unwrap();
    let account = Account::new(store.account("u").await.unwrap());
    let start = Instant::now();
    for number in 0..count {
        let text = format!(
            "Subject: Re: \r\nMessage-ID: <{number}@x>\r\nReferences: <0@x> <{}@x>\r\n\r\nx\r\n",
            number.saturating_sub(1)
        );
        let mut incoming = Incoming::new(&account).await.unwrap();
        incoming.write(text.as_bytes()).await.unwrap();
        deliver(&account, incoming, None, NOW).await.unwrap();
    }
    let taken = start.elapsed();
    let snapshot = account.open(&rookery_mail::MailboxName::inbox()).await.unwrap().1.snapshot();
    let threads: std::collections::BTreeSet<_> = snapshot.rows().map(|row| row.thread.0).collect();
    assert_eq!((snapshot.counts().messages, threads.len()), (count, 1));
    taken
}

/// Ten times as many cost ten times as much; were it quadratic, it would be a hundred times. The machine has other things to
/// do, so it is tried a few times.
#[tokio::test]
async fn answers_without_a_subject_are_delivered_in_linear_time() {
    let mut seen = Vec::new();
    for _ in 0..3 {
        let (few, many) = (time_of(200).await, time_of(2000).await);
        if many < few * 40 {
            return;
        }
        seen.push((few, many));
    }
    panic!("{seen:?}");
}
