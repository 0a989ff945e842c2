//! Files and numbers as large as nobody needs them, and logs with nothing in them.

use crate::damage::{copy, frames, segment};
use crate::repair::{copied, goes_on, known, known_of, promised, repair, without_indexes};
use crate::workload::{
    ACCOUNT, DIR, NOW, SMALL, Step, account_dir, create, done, mailbox, name, open_soon, script,
};
use rookery_mailbox::{Refused, Store, StoreError};
use rookery_store_local::vfs::{RealFiles, SimulatedDisk, Vfs};
use rookery_store_local::{Finding, LocalStore, Options};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// All index snapshots and segments of an account on real files.
fn files(account: &Path) -> Vec<PathBuf> {
    let of = |dir: PathBuf| std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path());
    let all = of(account.join("box")).chain([account.join("account.idx")]);
    let mut all: Vec<PathBuf> = all.collect();
    all.sort();
    all.extend(of(account.join("seg")));
    all
}

/// A file that claims to have a tebibyte has nothing in nearly all of it. Nobody asks for that much memory, nor reads it.
#[tokio::test]
async fn a_file_that_is_too_large_is_damaged() {
    let dir = tempfile::tempdir().unwrap();
    let options = Options { segment_octets: 64 << 20, ..SMALL };
    let open = || LocalStore::with_vfs(Arc::new(RealFiles), dir.path(), options).unwrap();
    let store = open();
    let account = create(&store).await.unwrap();
    for step in script() {
        step.take(&*account).await.unwrap();
    }
    let healthy = known(&*account).await;
    let path = store.account_dir(ACCOUNT);
    drop(account);
    store.close().await.unwrap();
    drop(store);
    assert!(files(&path).len() > 4);
    let began = Instant::now();
    // What is made anew has another name.
    for at in 0..files(&path).len() {
        let path = files(&path).swap_remove(at);
        let file = std::fs::OpenOptions::new().write(true).open(&path).unwrap();
        let is_segment = path.extension().unwrap() == "seg";
        let Ok(()) = file.set_len(1 << 40) else {
            println!("skipped: no file here can be so large");
            return;
        };
        let store = open();
        assert!(!store.check(ACCOUNT).await.unwrap().is_good(), "{path:?}");
        let account = store.account(ACCOUNT).await.unwrap();
        assert_eq!(known(&*account).await.contents, healthy.contents, "{path:?}");
        let changed = account.subscribe(&name("x"), true).await;
        assert_eq!(changed.is_ok(), !is_segment, "{path:?} {changed:?}");
        drop(account);
        let report = store.repair(ACCOUNT).await.unwrap();
        assert!(report.is_good(), "{path:?} {report:#?}");
        let account = store.account(ACCOUNT).await.unwrap();
        account.subscribe(&name("x"), false).await.unwrap();
        assert_eq!(known(&*account).await.contents, healthy.contents, "{path:?}");
        drop(account);
        store.close().await.unwrap();
    }
    assert!(began.elapsed() < Duration::from_secs(300), "{:?}", began.elapsed());
}

/// A copy may end before its index snapshots do, but not before the account was made.
#[tokio::test]
async fn a_log_without_any_change_is_damaged() {
    let disk = done(true, Options::default()).await;
    let whole = disk.read(&segment(1)).unwrap();
    let first = &frames(&whole)[0];
    for len in [64, first.offset + 70] {
        let original = copy(&disk);
        original.overwrite(&segment(1), &whole[..len]);
        let copy = copied(&original);
        let alone = without_indexes(&copy);
        for disk in [original, copy, alone] {
            let store = open_soon(&disk).await.unwrap();
            assert!(!store.check(ACCOUNT).await.unwrap().is_good());
            let account = store.account(ACCOUNT).await.unwrap();
            assert!(account.mailboxes().await.unwrap().mailboxes.contains_key(&name("INBOX")));
            let refused = account.create(&[mailbox("x")], NOW).await;
            assert!(matches!(refused, Err(StoreError::ReadOnly)), "{refused:?}");
            drop(account);
            store.close().await.unwrap();
            drop(store);
            repair(&disk).await;
            goes_on(&disk).await;
        }
    }
}

#[tokio::test]
async fn no_uid_validity_is_given_twice() {
    let disk = SimulatedDisk::new();
    disk.create_dir(Path::new(DIR)).unwrap();
    disk.overwrite(&Path::new(DIR).join("uidvalidity"), b"4294967294\n");
    let store = open_soon(&disk).await.unwrap();
    let inbox = [mailbox("INBOX")];
    store.create_account("last", &inbox, NOW).await.unwrap();
    let account = store.account("last").await.unwrap();
    let refused = account.create(&[mailbox("x")], NOW).await;
    assert!(matches!(refused, Err(StoreError::Refused(Refused::OutOfNumbers))), "{refused:?}");
    account.subscribe(&name("x"), true).await.unwrap();
    drop(account);
    store.delete_account("last").await.unwrap();
    let refused = store.create_account("last", &inbox, NOW).await;
    assert!(matches!(refused, Err(StoreError::Refused(Refused::OutOfNumbers))), "{refused:?}");
}

/// A frame by which `x` is subscribed to, with this modification sequence.
fn frame(log: &[u8], sequence: u64, modseq: u64) -> Vec<u8> {
    let mut number = Vec::new();
    let mut rest = modseq;
    while rest > 127 {
        number.push(u8::try_from(rest & 127).unwrap() | 128);
        rest >>= 7;
    }
    number.push(u8::try_from(rest).unwrap());
    let mut meta = vec![2, u8::try_from(number.len()).unwrap()];
    meta.extend(number);
    meta.extend([15, 3, 1, 1, b'x']);
    let mut frame = b"RkFr\x06\x01\0\0".to_vec();
    frame.extend(sequence.to_le_bytes());
    frame.extend((sequence - 1).to_le_bytes());
    frame.extend(u32::try_from(meta.len()).unwrap().to_le_bytes());
    frame.extend([0; 12]);
    frame.extend(crc32c::crc32c(&meta).to_le_bytes());
    frame.extend([0; 16]);
    let sum = crc32c::crc32c(&[log, &frame].concat());
    frame.extend(sum.to_le_bytes());
    frame.extend(meta);
    frame.resize(frame.len().next_multiple_of(8), 0);
    frame
}

#[tokio::test]
async fn an_account_without_modification_sequences_refuses_changes() {
    let disk = done(true, Options::default()).await;
    let healthy = known_of(&disk).await;
    let mut octets = disk.read(&segment(1)).unwrap();
    let sequence = frames(&octets).len() as u64 + 1;
    let end = frame(&octets[16..24], sequence, (1 << 63) - 1);
    octets.extend(end);
    disk.overwrite(&segment(1), &octets);
    let store = open_soon(&disk).await.unwrap();
    let account = store.account(ACCOUNT).await.unwrap();
    for _ in 0..2 {
        let refused = Step::Append(1, 1, 10, "").take(&*account).await;
        assert!(matches!(refused, Err(StoreError::Refused(Refused::OutOfNumbers))), "{refused:?}");
    }
    promised(&healthy, &known(&*account).await, &BTreeSet::new());
    drop(account);
    store.delete_account(ACCOUNT).await.unwrap();
}

/// Behind a segment with the last number that there is none can be begun: a repair says so, and leaves the log as it is.
#[tokio::test]
async fn behind_the_last_number_no_segment_is_begun() {
    let disk = done(true, SMALL).await;
    let mut octets = disk.read(&segment(1)).unwrap();
    // The change that made the mailboxes.
    octets[70..72].fill(0xff);
    disk.overwrite(&segment(1), &octets);
    disk.overwrite(&segment(u32::MAX), b"rubbish");
    disk.overwrite(&account_dir().join("account.idx"), b"");
    let before = disk.read(&segment(1));
    let report = repair(&disk).await;
    let is_said = |it: &Finding| it.consequence.contains("no segment can come after");
    assert!(report.findings.iter().any(is_said), "{report:#?}");
    assert_eq!(disk.read(&segment(1)), before);
}
