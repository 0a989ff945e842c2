//! Accounts that are made, removed, and made anew.

use super::{ACCOUNTS, BRIEF, NO_ACCOUNT, Story, Teller, look, open, rounds};
use crate::workload::{ACCOUNT, create, message, picture};
use rookery_mail::MailboxId;
use rookery_mailbox::Store;
use rookery_store_local::vfs::{Dice, SimulatedDisk};

/// Lives of an account in one story.
const LIVES: usize = 3;

async fn tell(seed: u64) -> Story {
    let (disk, mut dice) = (SimulatedDisk::new(), Dice::new(seed));
    let mut teller = Teller::new(&disk, BRIEF, NO_ACCOUNT.to_owned());
    let mut store = open(&disk, BRIEF).await.unwrap();
    for _ in 0..LIVES {
        teller.ask(1);
        let account = create(&store).await.unwrap();
        teller.acknowledge([picture(&*account).await]);
        for _ in 0..dice.roll(3) {
            teller.ask(1);
            let new = message(&*account, dice.roll(700) as usize, "$A").await.unwrap();
            account.append(MailboxId(1), vec![new], 1).await.unwrap();
            teller.acknowledge([picture(&*account).await]);
        }
        drop(account);
        if dice.roll(2) == 0 {
            store.close().await.unwrap();
            store = open(&disk, BRIEF).await.unwrap();
        }
        teller.ask(1);
        store.delete_account(ACCOUNT).await.unwrap();
        teller.acknowledge([NO_ACCOUNT.to_owned()]);
    }
    store.close().await.unwrap();
    teller.end()
}

/// What is to be seen has UIDVALIDITY in it, which grows with each life: an account that comes back from an earlier
/// one is no possible picture.
#[test]
fn a_power_cut_while_accounts_come_and_go_leaves_none_that_is_half_there() {
    rounds("crash points", ACCOUNTS, async |seed| tell(seed).await.cut_everywhere(seed, 12).await);
}

/// Whoever was killed may not have synced that there is such an account.
#[tokio::test]
async fn an_account_that_was_seen_once_stays() {
    let disk = SimulatedDisk::new();
    let store = open(&disk, BRIEF).await.unwrap();
    disk.record();
    let first = disk.operations();
    create(&store).await.unwrap();
    let (last, mut recording, mut seen) = (disk.operations(), disk.recording(), 0);
    for operation in first..=last {
        let left = recording.after(operation).kill();
        let store = open(&left, BRIEF).await.unwrap();
        let (Some(account), picture) = look(&store, &operation).await else { continue };
        drop((account, store));
        seen += 1;
        for seed in 0..20 {
            let cut = left.crash(seed);
            let store = open(&cut, BRIEF).await.unwrap();
            assert_eq!(look(&store, &seed).await.1, picture, "after operation {operation}");
        }
    }
    assert!(seen > 1, "{seen}");
}
