//! Mailboxes of which every message is an answer to the same one, as mailing lists and floods make them.

use rookery_mailbox::delivery::{Incoming, deliver};
use rookery_mailbox::{Account, Store, initial_mailboxes};
use rookery_store_local::vfs::SimulatedDisk;
use rookery_store_local::{LocalStore, Options};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

const NOW: i64 = 1_800_000_000;

/// Messages whose delivery is measured together.
const BLOCK: u32 = 500;

/// Blocks that are delivered.
const BLOCKS: u32 = 24;

/// How much longer the last block may take than the second one, which meets a mailbox a sixteenth as large: as long, if each
/// message costs the same, and sixteen times as long if each looks at all that are there.
const MOST: u32 = 4;

/// How long each block takes of messages with the subject `Re: `, each in answer to the one before, on a disk that takes no
/// time.
async fn times_of_blocks() -> Vec<Duration> {
    let disk = Arc::new(SimulatedDisk::new());
    let store = LocalStore::with_vfs(disk, Path::new("/data"), Options::default()).unwrap();
    store.create_account("u", &initial_mailboxes(), NOW).await.unwrap();
    let account = Account::new(store.account("u").await.unwrap());
    let mut times = Vec::new();
    for block in 0..BLOCKS {
        let start = Instant::now();
        for number in block * BLOCK..(block + 1) * BLOCK {
            let text = format!(
                "Subject: Re: \r\nMessage-ID: <{number}@x>\r\nReferences: <0@x> <{}@x>\r\n\r\nx\r\n",
                number.saturating_sub(1)
            );
            let mut incoming = Incoming::new(&account).await.unwrap();
            incoming.write(text.as_bytes()).await.unwrap();
            deliver(&account, incoming, None, NOW).await.unwrap();
        }
        times.push(start.elapsed());
    }
    let snapshot = account.open(&rookery_mail::MailboxName::inbox()).await.unwrap().1.snapshot();
    let threads: std::collections::BTreeSet<_> = snapshot.rows().map(|row| row.thread.0).collect();
    assert_eq!((snapshot.counts().messages, threads.len()), (BLOCK * BLOCKS, 1));
    times
}

/// The machine has other things to do, so it is tried a few times, and the quickest of the neighbouring blocks count.
#[tokio::test]
async fn answers_without_a_subject_are_delivered_in_linear_time() {
    let mut seen = Vec::new();
    for _ in 0..3 {
        let times = times_of_blocks().await;
        let quickest = |blocks: &[Duration]| blocks.iter().min().copied().unwrap_or_default();
        let (few, many) = (quickest(&times[1..4]), quickest(&times[times.len() - 3..]));
        if many < few * MOST {
            return;
        }
        seen.push(times);
    }
    panic!("{seen:?}");
}
