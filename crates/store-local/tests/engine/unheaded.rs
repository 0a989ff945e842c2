//! Segments whose headers are damaged, where no index snapshot says which log is the account's: their frames say it.

use crate::damage::{copy, frames, last_segment, segment};
use crate::repair::{goes_on, repair, without_indexes};
use crate::shifted::{Edit, Messages, OTHER, Random, append, edited, messages_of, written};
use crate::workload::{ACCOUNT, DIR, SMALL, create, is_writable, open_soon};
use rookery_mail::{EmailId, Uid};
use rookery_mailbox::{Store, StoreError};
use rookery_store_local::vfs::{SimulatedDisk, Vfs};
use rookery_store_local::{LocalStore, Options};
use std::path::Path;
use std::sync::Arc;

/// So many octets at the beginning of each segment are not what they were.
fn beheaded(disk: &SimulatedDisk, octets: usize) -> (SimulatedDisk, Vec<EmailId>) {
    let edits: Vec<Edit> = (1..=last_segment(disk))
        .map(|segment| Edit { segment, at: 0, gone: octets, put: vec![0x55; octets] })
        .collect();
    let (damaged, touched, _) = edited(disk, &edits);
    (damaged, touched.into_iter().collect())
}

/// The content ids, UIDs and contents of all messages but these.
fn without(found: &Messages, gone: &[EmailId]) -> Vec<(EmailId, Uid, Option<Vec<u8>>)> {
    let kept = found.iter().filter(|(email, _)| !gone.contains(email));
    let known = kept.flat_map(|(email, found)| found.iter().map(move |it| (*email, it)));
    known.map(|(email, it)| (email, it.1, it.3.clone())).collect()
}

async fn refusal(disk: &SimulatedDisk) -> Option<StoreError> {
    open_soon(disk).await.unwrap().account(ACCOUNT).await.err()
}

#[tokio::test]
async fn frames_say_which_log_they_are_of() {
    let disk = without_indexes(&written().await);
    let healthy = messages_of(&copy(&disk)).await;
    for (octets, least) in [(8, 60), (64, 60), (512, 50), (4096, 30)] {
        let (damaged, touched) = beheaded(&disk, octets);
        let expected = without(&healthy, &touched);
        assert!(expected.len() >= least, "{} of {}", expected.len(), healthy.len());
        let found = messages_of(&damaged).await;
        assert_eq!(without(&found, &touched), expected, "{octets}");
        assert_eq!(found == healthy, octets <= 64, "names, flags and dates: {octets}");
        assert!(!open_soon(&damaged).await.unwrap().check(ACCOUNT).await.unwrap().is_good());
        repair(&damaged).await;
        assert_eq!(without(&messages_of(&damaged).await, &touched), expected, "{octets}, repaired");
        // What was written anew says the same.
        let again = without_indexes(&damaged);
        assert_eq!(without(&messages_of(&again).await, &touched), expected, "{octets}, again");
        let store = open_soon(&damaged).await.unwrap();
        assert!(is_writable(&*store.account(ACCOUNT).await.unwrap()).await);
        drop(store);
        goes_on(&damaged).await;
    }
}

/// The mail of somebody else is not served, as nothing says which of two logs is the account's.
#[tokio::test]
async fn frames_of_two_logs_say_nothing() {
    let disk = without_indexes(&written().await);
    let (damaged, _) = beheaded(&disk, 64);
    let others = Path::new(DIR).join("accounts").join(OTHER).join("seg/1.seg");
    let mut octets = disk.read(&others).unwrap();
    octets[..64].fill(0);
    damaged.overwrite(&segment(2), &octets);
    assert!(matches!(refusal(&damaged).await, Some(StoreError::Damaged(_))));
    // Nor is it where both lie in one segment, and others have those of one only.
    let mixed = copy(&damaged);
    let own = disk.read(&segment(1)).unwrap();
    mixed.overwrite(&segment(1), &[&octets, &own[64..]].concat());
    mixed.overwrite(&segment(3), &octets);
    assert!(matches!(refusal(&mixed).await, Some(StoreError::Damaged(_))));
    let before: Vec<_> = damaged.files().iter().map(|file| damaged.read(file)).collect();
    let store = open_soon(&damaged).await.unwrap();
    drop(store.repair(ACCOUNT).await);
    assert_eq!(last_segment(&damaged), 3);
    let after: Vec<_> = damaged.files().iter().map(|file| damaged.read(file)).collect();
    assert!(before == after, "nothing is changed");
}

/// Of an account's own segment only the header is damaged, and that of another account beside it is whole.
#[tokio::test]
async fn a_segment_without_a_header_is_not_outvoted_by_one_that_has_one() {
    let disk = without_indexes(&written().await);
    let others = Path::new(DIR).join("accounts").join(OTHER).join("seg/1.seg");
    let octets = disk.read(&others).unwrap();
    let own = disk.read(&segment(1)).unwrap();
    disk.overwrite(&segment(1), &[&[0x55; 64], &own[64..]].concat());
    // Two of three are its own.
    disk.overwrite(&segment(3), &octets);
    let found = messages_of(&disk).await;
    assert!(found.len() > 30 && found.contains_key(&EmailId(1)), "{}", found.len());
    // One of two is.
    disk.overwrite(&segment(2), &octets);
    disk.remove_file(&segment(3)).unwrap();
    assert!(matches!(refusal(&disk).await, Some(StoreError::Damaged(_))));
}

/// A message may have frames of a log of its sender's in it.
#[tokio::test]
async fn frames_that_were_mailed_are_not_believed() {
    let others = written().await;
    let mailed = &others.read(&segment(1)).unwrap()[64..];
    let disk = SimulatedDisk::new();
    let options = Options { segment_octets: 1 << 20, ..SMALL };
    let store = LocalStore::with_vfs(Arc::new(disk.clone()), Path::new(DIR), options).unwrap();
    let account = create(&store).await.unwrap();
    append(&*account, 1, mailed, "\\Seen").await;
    append(&*account, 1, &Random(3).octets(500), "\\Seen").await;
    drop((account, store.close().await.unwrap(), store));
    let disk = without_indexes(&disk);
    let healthy = messages_of(&copy(&disk)).await;
    let octets = disk.read(&segment(1)).unwrap();
    let first = frames(&octets).into_iter().find(|frame| frame.kind == 1).unwrap();
    let (damaged, touched) = beheaded(&disk, 64);
    assert_eq!(touched, []);
    assert_eq!(messages_of(&damaged).await, healthy);
    // Where its own frame is damaged, they lie there as those of the log do.
    let (damaged, touched) = beheaded(&disk, first.offset + 8);
    assert_eq!(touched, [EmailId(1)]);
    assert!(matches!(refusal(&damaged).await, Some(StoreError::Damaged(_))));
}

/// What the disk cannot read now may say some other time which log it is: no log is begun anew under another number.
#[tokio::test]
async fn a_header_that_the_disk_cannot_read_is_waited_for() {
    let disk = without_indexes(&written().await);
    let healthy = messages_of(&copy(&disk)).await;
    let (damaged, touched) = beheaded(&disk, 4096);
    damaged.overwrite(&segment(2), &disk.read(&segment(2)).unwrap());
    damaged.spoil(&segment(2), 0..4096);
    let expected = without(&healthy, &touched);
    assert!(expected.len() >= 30, "{}", expected.len());
    assert_eq!(without(&messages_of(&damaged).await, &touched), expected);
    let report = repair(&damaged).await;
    let said = format!("{:?}", report.findings);
    assert!(said.contains("copy what it can read to another one"), "{said}");
    assert_eq!(last_segment(&damaged), 3);
    damaged.mend();
    repair(&damaged).await;
    assert_eq!(without(&messages_of(&damaged).await, &touched), expected);
    let second = damaged.read(&segment(2)).unwrap();
    assert_eq!(second, disk.read(&segment(2)).unwrap());
}
