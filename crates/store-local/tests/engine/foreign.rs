//! Segments that lie where another one should: those of other accounts, copies, and some with each other's names.

use crate::damage::{append, copy, last_segment, segment};
use crate::repair::{
    break_off, contents_of, copied, goes_on, known, known_of, names_lost, promised, repair,
    without_indexes, wrong,
};
use crate::unreadable::contents;
use crate::workload::{ACCOUNT, DIR, SMALL, Step, create, done, open_soon, script};
use rookery_mail::UidSet;
use rookery_mailbox::{Store, StoreError};
use rookery_store_local::vfs::{RealFiles, SimulatedDisk, Vfs};
use rookery_store_local::{LocalStore, Options, Report};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

/// Another account on another disk, with a mailbox that this one has not.
async fn theirs(options: Options) -> SimulatedDisk {
    let disk = SimulatedDisk::new();
    let store = LocalStore::with_vfs(Arc::new(disk.clone()), Path::new(DIR), options).unwrap();
    let account = create(&store).await.unwrap();
    for step in script().into_iter().chain([Step::Create("theirs")]) {
        step.take(&*account).await.unwrap();
    }
    drop(account);
    store.close().await.unwrap();
    disk
}

/// The names of all mailboxes.
async fn look(disk: &SimulatedDisk) -> Result<String, StoreError> {
    let store = open_soon(disk).await.unwrap();
    let account = store.account(ACCOUNT).await?;
    Ok(format!("{:?}", account.mailboxes().await?))
}

async fn check(disk: &SimulatedDisk) -> Report {
    open_soon(disk).await.unwrap().check(ACCOUNT).await.unwrap()
}

fn says(report: &Report, what: &str) -> bool {
    report.findings.iter().any(|finding| finding.what.contains(what))
}

/// All files of an account, as somebody copies them over those of another one.
fn copied_over(disk: &SimulatedDisk, from: &SimulatedDisk) -> SimulatedDisk {
    let restored = copy(disk);
    for path in from.files() {
        restored.overwrite(&path, &from.read(&path).unwrap());
    }
    restored
}

#[tokio::test]
async fn the_mail_of_another_account_is_not_served() {
    let theirs = theirs(Options::default()).await;
    let disk = done(true, Options::default()).await;
    let healthy = known_of(&disk).await;
    let own = disk.read(&segment(1)).unwrap();
    disk.overwrite(&segment(1), &theirs.read(&segment(1)).unwrap());
    for repaired in [false, true] {
        if repaired {
            let report = repair(&disk).await;
            assert!(report.findings.iter().any(|it| names_lost(it, 1)), "{report:#?}");
        }
        let report = check(&disk).await;
        assert!(says(&report, "this segment belongs to another account"), "{report:#?}");
        assert!(!report.is_good());
        assert!(!look(&disk).await.unwrap().contains("theirs"));
        let found = known_of(&disk).await;
        assert_eq!((found.messages, found.contents.len()), (healthy.messages.clone(), 0));
    }
    // Nothing is final: the account's own segment is its own again.
    disk.overwrite(&segment(1), &own);
    assert!(check(&disk).await.is_good());
    promised(&healthy, &known_of(&disk).await, &BTreeSet::new());
    goes_on(&disk).await;
}

/// As many segments are of the other account as of this one; a copy of the account knows no less than it.
#[tokio::test]
async fn segments_do_not_outvote_an_account() {
    let theirs = theirs(SMALL).await;
    let disk = done(true, SMALL).await;
    let healthy = known_of(&disk).await;
    let last = last_segment(&disk);
    for gone in [vec![last], (2..=last).collect(), (1..last).collect()] {
        let damaged = copy(&disk);
        let mut lost = BTreeSet::new();
        for number in &gone {
            damaged.overwrite(&segment(*number), &theirs.read(&segment(*number)).unwrap());
            let (before, count) = contents_of(&disk, *number);
            lost.extend(before + 1..=before + count);
        }
        for disk in [copied(&damaged), damaged] {
            promised(&healthy, &known_of(&disk).await, &lost);
            repair(&disk).await;
            promised(&healthy, &known_of(&disk).await, &lost);
            assert!(!look(&disk).await.unwrap().contains("theirs"));
            // Without index snapshots segments are all that there is to know it by.
            match gone.len() {
                1 => goes_on(&disk).await,
                _ => append(&disk).await,
            }
            let unknown = look(&without_indexes(&disk)).await;
            // Nobody may know any more whose it is; it is never the other one.
            assert!(unknown.map_or(gone.len() > 1, |found| !found.contains("theirs")));
            // Its copies are still this account.
            assert!(!look(&copied(&disk)).await.unwrap().contains("theirs"));
        }
    }
}

/// Nobody knows whose account it is: nothing is served, and nothing is written.
#[tokio::test]
async fn of_two_accounts_neither_is_served_by_chance() {
    let theirs = theirs(SMALL).await;
    let disk = without_indexes(&done(true, SMALL).await);
    for number in 2..=last_segment(&disk) {
        disk.remove_file(&segment(number)).unwrap();
    }
    disk.overwrite(&segment(2), &theirs.read(&segment(2)).unwrap());
    let before = contents(&disk);
    let report = repair(&disk).await;
    assert!(!report.is_good(), "{report:#?}");
    assert!(says(&report, "of this account or of another one"), "{report:#?}");
    assert!(matches!(look(&disk).await, Err(StoreError::Damaged(_))));
    assert!(contents(&disk) == before, "something was written");
}

/// The whole of another account, or of a backup, in the place of this one is no damage.
#[tokio::test]
async fn a_restored_account_is_that_account() {
    let theirs = theirs(Options::default()).await;
    let disk = done(true, Options::default()).await;
    let (bare, nothing) = (without_indexes(&theirs), SimulatedDisk::new());
    // Beside the account's own index snapshots segments of another log would be damage.
    for (to, from) in [(&disk, &theirs), (&nothing, &theirs), (&nothing, &bare)] {
        let restored = copied(&copied_over(to, from));
        assert!(look(&restored).await.unwrap().contains("theirs"));
        assert!(check(&restored).await.is_good());
        goes_on(&restored).await;
    }
    let over = copied_over(&disk, &theirs);
    assert!(look(&over).await.unwrap().contains("theirs"));
    goes_on(&over).await;
}

/// The last segment is a copy of another one, or gone: what is in the others is served, and goes on.
#[tokio::test]
async fn what_lies_in_the_place_of_the_last_segment_costs_that_segment() {
    let disk = done(true, SMALL).await;
    let healthy = known_of(&disk).await;
    let last = last_segment(&disk);
    let (before, count) = contents_of(&disk, last);
    let lost: BTreeSet<u64> = (before + 1..=before + count).collect();
    for number in 1..last {
        let damaged = copy(&disk);
        damaged.overwrite(&segment(last), &disk.read(&segment(number)).unwrap());
        assert!(!check(&damaged).await.is_good());
        let read_only = known_of(&damaged).await;
        promised(&healthy, &read_only, &lost);
        assert_eq!(read_only.messages, healthy.messages);
        let report = repair(&damaged).await;
        let left = wrong(&report).into_iter().filter(|it| it.mended.is_none());
        assert!(left.into_iter().all(|it| names_lost(it, last)), "{report:#?}");
        promised(&healthy, &known_of(&damaged).await, &lost);
        goes_on(&damaged).await;
    }
}

#[tokio::test]
async fn without_its_only_segment_an_account_is_what_its_index_snapshots_know() {
    let disk = done(true, Options::default()).await;
    let healthy = known_of(&disk).await;
    disk.remove_file(&segment(1)).unwrap();
    assert!(!check(&disk).await.is_good());
    assert_eq!(known_of(&disk).await.messages, healthy.messages);
    repair(&disk).await;
    assert_eq!(known_of(&disk).await.messages, healthy.messages);
    goes_on(&disk).await;
}

/// Give segments the names of others, each in a circle the next one's.
fn turned(disk: &SimulatedDisk, numbers: &[u32]) -> SimulatedDisk {
    let turned = copy(disk);
    for (at, number) in numbers.iter().enumerate() {
        let next = numbers[(at + 1) % numbers.len()];
        turned.overwrite(&segment(next), &disk.read(&segment(*number)).unwrap());
    }
    turned
}

#[tokio::test]
async fn segments_with_exchanged_names_cost_nothing() {
    for clean in [true, false] {
        let disk = done(clean, SMALL).await;
        let healthy = known_of(&copy(&disk)).await;
        let last = last_segment(&disk);
        assert!(last > 2);
        for numbers in [vec![1, 2], vec![1, last], vec![last - 1, last], vec![1, 2, 3]] {
            let damaged = turned(&disk, &numbers);
            assert!(!check(&damaged).await.is_good());
            let served = known_of(&damaged).await;
            assert_eq!(served.contents, healthy.contents, "{clean} {numbers:?}");
            assert_eq!(served.messages, healthy.messages, "{clean} {numbers:?}");
            let report = repair(&damaged).await;
            assert!(report.is_good(), "{report:#?}");
            assert!(says(&report, "under another name"), "{report:#?}");
            for number in 1..=last {
                assert_eq!(damaged.read(&segment(number)), disk.read(&segment(number)));
            }
            assert_eq!(known_of(&damaged).await.contents, healthy.contents);
            goes_on(&damaged).await;
        }
    }
}

#[tokio::test]
async fn a_segment_under_a_name_that_is_free_is_found() {
    for clean in [true, false] {
        let disk = done(clean, Options::default()).await;
        let healthy = known_of(&copy(&disk)).await;
        disk.rename(&segment(1), &segment(2)).unwrap();
        assert!(!check(&disk).await.is_good());
        assert_eq!(known_of(&disk).await.contents, healthy.contents);
        let report = repair(&disk).await;
        assert!(report.is_good(), "{report:#?}");
        assert_eq!(known_of(&disk).await.contents, healthy.contents);
        goes_on(&disk).await;
    }
}

/// The power goes while segments get their names back.
#[tokio::test]
async fn names_that_were_half_put_right_are_put_right() {
    let disk = done(true, SMALL).await;
    let healthy = known_of(&disk).await;
    let mended = async |left: &SimulatedDisk| {
        assert_eq!(known_of(left).await.contents, healthy.contents);
    };
    let broken = break_off(|| turned(&disk, &[1, 2, 3]), mended).await;
    assert!(broken > 5, "{broken}");
}

/// A directory, or a link that leads nowhere, is not a segment; a pipe keeps nobody waiting.
#[tokio::test]
async fn what_is_no_file_is_not_a_segment() {
    for kind in ["directory", "link", "pipe"] {
        let dir = tempfile::tempdir().unwrap();
        let open = || LocalStore::with_vfs(Arc::new(RealFiles), dir.path(), SMALL);
        let store = open().unwrap();
        let account = create(&store).await.unwrap();
        for step in script().into_iter().chain([Step::Append(1, 2, 30, ""), Step::Copy(1, 2)]) {
            step.take(&*account).await.unwrap();
        }
        let path = store.account_dir(ACCOUNT).join("seg");
        let healthy = known(&*account).await;
        drop(account);
        store.close().await.unwrap();
        let last = (1..).find(|it| !path.join(format!("{}.seg", it + 1)).exists()).unwrap();
        let file = path.join(format!("{last}.seg"));
        std::fs::remove_file(&file).unwrap();
        match kind {
            "directory" => std::fs::create_dir(&file).unwrap(),
            "link" => std::os::unix::fs::symlink("/nonexistent", &file).unwrap(),
            _ => {
                let made = std::process::Command::new("mkfifo").arg(&file).status();
                assert!(made.unwrap().success());
            }
        }
        let store = open().unwrap();
        let report = store.check(ACCOUNT).await.unwrap();
        let account = store.account(ACCOUNT).await.unwrap();
        let readable = known(&*account).await;
        assert!(!readable.contents.is_empty());
        // The index snapshots know them.
        assert_eq!(readable.messages, healthy.messages, "{kind}");
        let names = account.mailboxes().await.unwrap();
        let names = names.mailboxes.values().map(|it| (it.id, it.name.as_str().to_owned()));
        let names: BTreeMap<_, _> = names.collect();
        let mut gone: BTreeMap<String, UidSet> = BTreeMap::new();
        for ((mailbox, _, uid), email) in &healthy.messages {
            if !readable.contents.contains_key(email) {
                gone.entry(names[mailbox].clone()).or_default().insert(*uid);
            }
        }
        let named = wrong(&report).into_iter().flat_map(|it| it.concerns.clone());
        let named: Vec<_> = named.map(|it| (it.mailbox, it.uids)).collect();
        let gone: Vec<_> = gone.into_iter().map(|(name, uids)| (name, uids.to_string())).collect();
        assert!(!gone.is_empty() && !report.is_good());
        assert_eq!(named, gone, "{kind}: {report:#?}");
        drop(account);
        store.close().await.unwrap();
        let store = open().unwrap();
        let report = store.repair(ACCOUNT).await.unwrap();
        assert!(wrong(&report).iter().any(|it| it.mended.is_some()), "{kind}: {report:#?}");
        let account = store.account(ACCOUNT).await.unwrap();
        Step::Append(1, 1, 10, "").take(&*account).await.unwrap();
    }
}
