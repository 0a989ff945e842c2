//! A disk that fails at some operations, goes on, and loses its power later.

use super::recovery::go_through;
use super::scripts::random_script;
use super::{BRIEF, FAILURES, NO_ACCOUNT, Story, Teller, open, rounds};
use crate::workload::{ACCOUNT, Step, create, name, picture, small_memory};
use rookery_mailbox::{AccountStore, Refused, Store, StoreError};
use rookery_store_local::vfs::{Dice, SimulatedDisk};
use std::io::ErrorKind;

/// Do a script on a disk that fails now and then. What was answered with an error has not happened, or the
/// account takes no more changes and only the next start tells.
async fn tell(seed: u64) -> Option<(Story, SimulatedDisk)> {
    let mut dice = Dice::new(seed);
    let (disk, memory) = (SimulatedDisk::new(), small_memory());
    let store = open(&disk, BRIEF).await.unwrap();
    let account = create(&store).await.unwrap();
    let oracle = create(&memory).await.unwrap();
    let mut teller = Teller::new(&disk, BRIEF, picture(&*oracle).await);
    let mut done = Vec::new();
    for (number, step) in random_script(seed, 25).iter().enumerate() {
        if number % 2 == 0 {
            let kind = [ErrorKind::StorageFull, ErrorKind::Other][dice.roll(2) as usize];
            disk.fail_at(disk.operations() + 1 + dice.roll(6), kind, false);
        }
        teller.ask(1);
        match step.take(&*account).await {
            Ok(()) => {
                step.take(&*oracle).await.unwrap();
                done.push(step.clone());
            }
            Err(StoreError::Refused(refused)) if refused != Refused::OverQuota => {
                assert!(step.take(&*oracle).await.is_err(), "{step:?}: {refused}");
            }
            Err(_) if is_read_only(&*account).await => {
                // It may be found after the next start, and with it what comes now is over.
                if step.take(&*oracle).await.is_ok() {
                    teller.pictures.push(picture(&*oracle).await);
                }
                break;
            }
            // Until it was answered, a power cut could have let it happen after all.
            Err(_) => teller.almost(as_if_done(&done, step).await),
        }
        teller.acknowledge([picture(&*oracle).await]);
    }
    disk.mend();
    // Whoever comes back to it finds it as it was.
    drop(account);
    store.account(ACCOUNT).await.ok()?;
    store.close().await.ok();
    drop(store);
    let left = disk.kill();
    Some((teller.end(), left))
}

/// What there would be to see if this step had been done as well.
async fn as_if_done(done: &[Step], step: &Step) -> Option<String> {
    let memory = small_memory();
    let oracle = create(&memory).await.unwrap();
    for step in done {
        step.take(&*oracle).await.unwrap();
    }
    step.take(&*oracle).await.ok()?;
    Some(picture(&*oracle).await)
}

async fn is_read_only(account: &dyn AccountStore) -> bool {
    // It is subscribed to already, so that nothing changes.
    matches!(account.subscribe(&name("INBOX"), true).await, Err(StoreError::ReadOnly))
}

#[test]
fn a_power_cut_after_errors_of_the_disk_loses_nothing_acknowledged() {
    rounds("crash points", FAILURES, async |seed| {
        let Some((story, left)) = tell(seed).await else { return 0 };
        let mut points = 0;
        if seed % 4 == 0 {
            // The next process finds what the system took for written.
            let possible = story.possible(*story.operations.end() + 1);
            points += go_through(&left, &possible, &mut Dice::new(seed), 1).await;
        }
        points + story.cut_everywhere(seed, 6).await
    });
}

/// Whatever cannot be read once: nothing is lost by it, nothing is taken for damaged or gone for good.
#[tokio::test]
async fn a_read_that_fails_anywhere_loses_nothing() {
    let (churned, before) = crate::compaction::churned(true).await;
    let repaired = crate::repair::repaired().await;
    let store = open(&repaired.crash(0), BRIEF).await.unwrap();
    let before_that = super::look(&store, &"repaired").await.1;
    let mut read_only = 0;
    for (disk, before) in [(churned, before), (repaired, before_that)] {
        let whole = disk.crash(0);
        touch(&whole).await;
        let all = whole.looks();
        assert!(all > 10, "{all}");
        for at in 1..=all {
            let once =
                if at % 2 == 0 { ErrorKind::Other.into() } else { SimulatedDisk::unreadable() };
            for (count, error) in [(1, once), (2, SimulatedDisk::unreadable())] {
                let moment = format!("look {at} of {all}, {count} times {error}");
                let failing = disk.crash(0);
                failing.fail_looks(at..=at + count - 1, error);
                // What cannot be read twice may be read another time.
                let is_read_only = touch(&failing).await;
                assert!(!is_read_only || count == 2, "{moment}");
                read_only += u64::from(is_read_only);
                failing.mend();
                let left = if count == 1 { failing } else { failing.crash(at) };
                for disk in [left] {
                    let store = open(&disk, BRIEF).await.unwrap();
                    let (account, seen) = super::look(&store, &moment).await;
                    assert_eq!(seen, before, "{moment}");
                    assert!(!self::is_read_only(&*account.unwrap()).await, "{moment}");
                }
            }
        }
    }
    assert!(read_only > 5, "{read_only}");
}

/// Open an account, give its space back and close it; says whether it took no changes.
async fn touch(disk: &SimulatedDisk) -> bool {
    let Ok(store) = open(disk, BRIEF).await else { return false };
    let Ok(account) = store.account(ACCOUNT).await else { return false };
    let is_read_only = is_read_only(&*account).await;
    // What there is of it can be read.
    for info in account.mailboxes().await.unwrap().mailboxes.values() {
        assert!(account.open(info.id).await.is_ok() || !is_read_only);
    }
    drop(account);
    let _ = store.compact(ACCOUNT).await;
    store.close().await.ok();
    is_read_only
}

/// The same for what was never there: an error is no proof of absence.
#[tokio::test]
async fn an_account_that_cannot_be_read_once_is_not_made_anew() {
    let disk = SimulatedDisk::new();
    let store = open(&disk, BRIEF).await.unwrap();
    drop(create(&store).await.unwrap());
    store.close().await.unwrap();
    drop(store);
    for at in 1..40 {
        let store = open(&disk, BRIEF).await.unwrap();
        disk.fail_look(disk.looks() + at, ErrorKind::Other);
        assert!(create(&store).await.is_err());
        disk.mend();
        assert_ne!(super::look(&store, &at).await.1, NO_ACCOUNT);
        store.close().await.ok();
    }
}
