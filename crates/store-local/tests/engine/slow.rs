//! A disk that takes its time: whoever asks for something else is answered meanwhile. There is one thread for all, as the worst
//! case of few; a call of the disk that it had to wait for would never end.

use crate::heard::{Call, Heard};
use crate::workload::{ACCOUNT, DIR, SMALL, message, open_soon};
use rookery_mail::{EmailId, MailboxId, UidSet};
use rookery_mailbox::{AccountStore, Store};
use rookery_store_local::vfs::{SimulatedDisk, Vfs};
use rookery_store_local::{LocalStore, Options};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

/// Where a call of the disk stays.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Stop {
    BeforeRenaming,
    AfterRenaming,
    /// The second segment.
    Opening,
    Removing,
}

#[derive(Default)]
struct Gate {
    /// Which call stays, after so many that do not.
    next: Option<(Stop, usize)>,
    stays: bool,
    is_released: bool,
    /// Nobody released it in time.
    was_forgotten: bool,
}

/// A disk of which one call stays until it is released.
#[derive(Clone, Default)]
struct Slow {
    disk: SimulatedDisk,
    gate: Arc<(Mutex<Gate>, Condvar)>,
}

impl Slow {
    fn stop_at(&self, stop: Stop, after: usize) {
        *self.gate.0.lock().unwrap() = Gate { next: Some((stop, after)), ..Gate::default() };
    }

    fn pass(&self, here: Stop) {
        let (gate, changed) = &*self.gate;
        let mut gate = gate.lock().unwrap();
        match &mut gate.next {
            Some((stop, 0)) if *stop == here => {}
            Some((stop, after)) if *stop == here => return *after -= 1,
            _ => return,
        }
        (gate.next, gate.stays) = (None, true);
        let limit = Duration::from_secs(10);
        let stays = |gate: &mut Gate| !gate.is_released;
        let (mut gate, waited) = changed.wait_timeout_while(gate, limit, stays).unwrap();
        gate.was_forgotten |= waited.timed_out();
    }

    fn vfs(&self) -> Arc<dyn Vfs> {
        let slow = self.clone();
        let hear = move |call, path: &Path| {
            let is_segment = path.extension().is_some_and(|it| it == "seg");
            match call {
                Call::Open if path.ends_with("2.seg") => slow.pass(Stop::Opening),
                Call::Rename if is_segment => slow.pass(Stop::BeforeRenaming),
                Call::Renamed if is_segment => slow.pass(Stop::AfterRenaming),
                Call::Remove => slow.pass(Stop::Removing),
                _ => {}
            }
        };
        Arc::new(Heard::new(&self.disk, hear))
    }

    /// Wait until the call has come.
    async fn stays(&self) {
        while !self.gate.0.lock().unwrap().stays {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    fn release(&self) {
        let mut gate = self.gate.0.lock().unwrap();
        assert!(!gate.was_forgotten, "the thread that serves all waited for the disk");
        gate.is_released = true;
        self.gate.1.notify_all();
    }
}

/// An account with some segments of which most is dead, and none all, opened anew, and all that can be read of it.
async fn churned() -> (Slow, Arc<LocalStore>, Arc<dyn AccountStore>, BTreeMap<EmailId, Vec<u8>>) {
    let slow = Slow::default();
    let options = Options { segment_octets: 1800, ..SMALL };
    let open = || LocalStore::with_vfs(slow.vfs(), Path::new(DIR), options);
    let store = open().unwrap();
    let account = crate::workload::create(&store).await.unwrap();
    crate::compaction::churn(&*account).await;
    let before = all(&*account).await;
    store.close().await.unwrap();
    drop((account, store));
    drop(open_soon(&slow.disk).await.unwrap());
    let store = Arc::new(open().unwrap());
    let account = store.account(ACCOUNT).await.unwrap();
    assert!(slow.disk.list(&crate::compaction::segments()).unwrap().len() > 5);
    (slow, store, account, before)
}

/// All messages, with what is in them.
async fn all(account: &dyn AccountStore) -> BTreeMap<EmailId, Vec<u8>> {
    let mut all = BTreeMap::new();
    for id in [MailboxId(1), MailboxId(2)] {
        let snapshot = account.open(id).await.unwrap().snapshot();
        for row in snapshot.rows() {
            let octets = account.content(row.email, 0..u64::MAX).await.unwrap();
            all.insert(row.email, octets.to_vec());
        }
    }
    all
}

async fn soon<T>(it: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(30), it).await.expect("it waits for the disk")
}

/// Whether the new file has the name already or not.
#[tokio::test]
async fn messages_are_read_while_a_segment_takes_the_place_of_another_one() {
    for stop in [Stop::BeforeRenaming, Stop::AfterRenaming] {
        for is_open in [true, false] {
            for after in 0..4 {
                replace(stop, after, is_open).await;
            }
        }
    }
}

async fn replace(stop: Stop, after: usize, is_open: bool) {
    let (slow, store, account, before) = churned().await;
    if is_open {
        assert_eq!(all(&*account).await, before);
    }
    slow.stop_at(stop, after);
    let compacting = {
        let store = Arc::clone(&store);
        tokio::spawn(async move { store.compact(ACCOUNT).await.unwrap() })
    };
    soon(slow.stays()).await;
    // Changes wait, and keep nobody waiting.
    let changing = {
        let account = Arc::clone(&account);
        tokio::spawn(async move { account.expunge(MailboxId(2), &UidSet::all()).await })
    };
    for _ in 0..2 {
        assert_eq!(soon(all(&*account)).await, before, "{stop:?}");
    }
    slow.release();
    assert!(compacting.await.unwrap() > 3);
    changing.await.unwrap().unwrap();
    assert_eq!(all(&*account).await, before, "{stop:?}");
    drop((account, store));
    let store = open_soon(&slow.disk.crash(0)).await.unwrap();
    assert_eq!(all(&*store.account(ACCOUNT).await.unwrap()).await, before);
}

#[tokio::test]
async fn messages_are_read_while_a_segment_is_opened() {
    let (slow, _store, account, before) = churned().await;
    slow.stop_at(Stop::Opening, 0);
    let reading: Vec<_> = before
        .keys()
        .map(|email| {
            let (account, email) = (Arc::clone(&account), *email);
            tokio::spawn(async move { account.content(email, 0..u64::MAX).await.unwrap() })
        })
        .collect();
    soon(slow.stays()).await;
    // Whoever opens it once more does not stay.
    for _ in 0..2 {
        assert_eq!(soon(all(&*account)).await, before);
    }
    slow.release();
    for (reading, octets) in reading.into_iter().zip(before.values()) {
        assert_eq!(reading.await.unwrap(), *octets);
    }
}

/// Whoever gives up a message that is coming in does not wait until its file is gone.
#[tokio::test]
async fn a_message_that_is_given_up_keeps_nobody_waiting() {
    let (slow, _store, account, before) = churned().await;
    let spool = message(&*account, 1000, "").await.unwrap();
    slow.stop_at(Stop::Removing, 0);
    drop(spool);
    soon(slow.stays()).await;
    assert_eq!(soon(all(&*account)).await, before);
    slow.release();
}
