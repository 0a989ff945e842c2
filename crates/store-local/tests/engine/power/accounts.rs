//! Accounts that are made, removed, and made anew.

use super::{
    ACCOUNTS, BRIEF, COMMANDS, NO_ACCOUNT, Story, Teller, is_one_of, look, open, rounds,
    uid_validities,
};
use crate::workload::{ACCOUNT, account_dir, create, message, picture};
use rookery_mail::MailboxId;
use rookery_mailbox::{AccountStore, Store};
use rookery_store_local::LocalStore;
use rookery_store_local::vfs::{Dice, SimulatedDisk, Vfs};
use std::path::PathBuf;
use std::sync::Arc;

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
        end_life(&disk, &mut store, account, (&mut dice, &mut teller)).await;
    }
    store.close().await.unwrap();
    teller.end()
}

/// Let go of the account, now and then of the store as well, and remove it.
async fn end_life(
    disk: &SimulatedDisk,
    store: &mut LocalStore,
    account: Arc<dyn AccountStore>,
    (dice, teller): (&mut Dice, &mut Teller),
) {
    drop(account);
    if dice.roll(2) == 0 {
        store.close().await.unwrap();
        *store = open(disk, BRIEF).await.unwrap();
    }
    teller.ask(1);
    store.delete_account(ACCOUNT).await.unwrap();
    teller.acknowledge([NO_ACCOUNT.to_owned()]);
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

fn account_file() -> PathBuf {
    account_dir().join("account.toml")
}

/// Replace the account's file in the order in which the server does.
fn write_file(disk: &SimulatedDisk, password: &str) {
    let (dir, new) = (account_dir(), account_dir().join("account.toml.new"));
    let file = disk.create(&new).unwrap();
    file.write_at(password.as_bytes(), 0).unwrap();
    file.sync_data().unwrap();
    disk.rename(&new, &account_file()).unwrap();
    disk.sync_dir(&dir).unwrap();
}

/// Add an account in the order in which the server does: its directory, its file, and then what makes it one.
async fn add(disk: &SimulatedDisk, store: &LocalStore, password: &str) -> Arc<dyn AccountStore> {
    let dir = account_dir();
    if disk.list(&dir).is_err() {
        disk.create_dir(&dir).unwrap();
        disk.sync_dir(dir.parent().unwrap()).unwrap();
    }
    write_file(disk, password);
    create(store).await.unwrap()
}

/// What there is to see with the account's file.
async fn whole(disk: &SimulatedDisk, store: &LocalStore, moment: &str) -> String {
    match look(store, &moment).await {
        (Some(_), seen) => {
            let file = disk.read(&account_file()).unwrap_or_else(|| panic!("{moment}: no file"));
            format!("{}\n{seen}", String::from_utf8(file).unwrap())
        }
        (None, seen) => seen,
    }
}

async fn tell_with_files(seed: u64) -> Story {
    let (disk, mut dice) = (SimulatedDisk::new(), Dice::new(seed));
    let mut store = open(&disk, BRIEF).await.unwrap();
    let mut teller = Teller::new(&disk, BRIEF, NO_ACCOUNT.to_owned());
    for life in 0..LIVES {
        teller.ask(1);
        let account = add(&disk, &store, &format!("first password of life {life}")).await;
        teller.acknowledge([whole(&disk, &store, "added").await]);
        if dice.roll(2) == 0 {
            teller.ask(1);
            let new = message(&*account, dice.roll(700) as usize, "$A").await.unwrap();
            account.append(MailboxId(1), vec![new], 1).await.unwrap();
            teller.acknowledge([whole(&disk, &store, "with a message").await]);
        }
        teller.ask(1);
        write_file(&disk, "another password");
        teller.acknowledge([whole(&disk, &store, "with another password").await]);
        end_life(&disk, &mut store, account, (&mut dice, &mut teller)).await;
    }
    store.close().await.unwrap();
    teller.end()
}

/// What a power cut left is one of the possible; an account that is there can be removed, and one that is not there can be added, whatever
/// there is of it. Now and then the power goes in this as well.
async fn add_again(
    disk: &SimulatedDisk,
    (possible, largest): (&[&str], u32),
    dice: &mut Dice,
    moment: &str,
) -> u64 {
    let store = open(disk, BRIEF).await.unwrap_or_else(|error| panic!("{moment}: {error}"));
    let seen = whole(disk, &store, moment).await;
    is_one_of(&seen, possible, moment);
    let mut teller = Teller::new(disk, BRIEF, seen.clone());
    if seen != NO_ACCOUNT {
        teller.ask(1);
        store.delete_account(ACCOUNT).await.unwrap_or_else(|error| panic!("{moment}: {error}"));
        teller.acknowledge([NO_ACCOUNT.to_owned()]);
    }
    teller.ask(1);
    drop(add(disk, &store, "a password of its own").await);
    let seen = whole(disk, &store, moment).await;
    assert!(seen.starts_with("a password of its own\n"), "{moment}: {seen}");
    assert!(uid_validities(&seen).min() > Some(largest), "{moment}: {seen}");
    assert_eq!(store.accounts().await.unwrap(), [ACCOUNT], "{moment}");
    teller.acknowledge([seen]);
    drop(store);
    let (mut story, mut points) = (teller.end(), 1);
    if dice.roll(60) > 0 {
        return points;
    }
    for operation in story.operations.clone() {
        for (way, left) in story.cut(operation, dice.roll(1 << 30), 2) {
            let possible = (&*story.possible(operation), largest);
            let moment = format!("{moment}, then after operation {operation}, way {way}");
            points += Box::pin(add_again(&left, possible, dice, &moment)).await;
        }
    }
    points
}

/// The account's file is not the store's; there is none without it, nor with half of it.
#[test]
fn a_power_cut_in_a_command_about_an_account_leaves_all_of_it_or_nothing() {
    rounds("crash points", COMMANDS, async |seed| {
        let (mut story, mut dice) = (tell_with_files(seed).await, Dice::new(seed));
        let mut points = 0;
        for operation in story.operations.clone() {
            for (way, left) in story.cut(operation, seed, 8) {
                let moment = format!("cut after operation {operation}, way {way}");
                let possible = story.possible(operation);
                let largest = story.largest_uid_validity(operation);
                points += add_again(&left, (&possible, largest), &mut dice, &moment).await;
            }
        }
        points
    });
}
