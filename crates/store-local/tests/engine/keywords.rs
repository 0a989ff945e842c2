//! Keywords that take over bits, in the log: read again, and with changes missing.

use crate::damage::{copy, frames, segment};
use crate::repair::without_indexes;
use crate::workload::{ACCOUNT, DIR, create, message, open_soon};
use rookery_mail::{Flag, Keyword, MailboxId, Uid, UidSet};
use rookery_mailbox::limits::MAX_KEYWORDS;
use rookery_mailbox::{AccountStore, FlagChange, FlagOperation, Store};
use rookery_store_local::vfs::SimulatedDisk;
use rookery_store_local::{LocalStore, Options};
use std::path::Path;
use std::sync::Arc;

const INBOX: MailboxId = MailboxId(1);

/// Changes of the flags of two messages, of which the first one has all keywords that there can be.
const CHANGES: [(u32, FlagOperation, &str); 5] = [
    (1, FlagOperation::Replace, "k5"),
    (2, FlagOperation::Add, "fresh"),
    (1, FlagOperation::Add, "fresh"),
    (2, FlagOperation::Replace, "\\Seen k0"),
    (1, FlagOperation::Add, "\\Flagged"),
];

/// What the first keywords of the inbox are, and the flags of its messages.
async fn shown(account: &dyn AccountStore) -> (String, Vec<String>) {
    let snapshot = account.open(INBOX).await.unwrap().snapshot();
    let first: Vec<&str> = snapshot.keywords().iter().take(3).map(Keyword::as_str).collect();
    let names = snapshot.flag_names();
    let flags = snapshot.rows().map(|row| names.of(row.flags).collect::<Vec<_>>());
    (first.join(" "), flags.map(|flags| flags.join(" ")).collect())
}

async fn shown_on(disk: &SimulatedDisk) -> (String, Vec<String>) {
    let store = open_soon(disk).await.unwrap();
    let account = store.account(ACCOUNT).await.unwrap();
    shown(&*account).await
}

/// An account on which all that was done, in one segment, with index snapshots of the moment before so many last changes.
pub(crate) async fn done(since: usize) -> SimulatedDisk {
    let disk = SimulatedDisk::new();
    let open = || LocalStore::with_vfs(Arc::new(disk.clone()), Path::new(DIR), Options::default());
    let mut store = open().unwrap();
    let account = create(&store).await.unwrap();
    let all: Vec<String> = (0..MAX_KEYWORDS).map(|at| format!("k{at}")).collect();
    for flags in [all.join(" ").as_str(), ""] {
        let new = message(&*account, 10, flags).await.unwrap();
        account.append(INBOX, vec![new], 0).await.unwrap();
    }
    drop(account);
    for (at, (uid, operation, text)) in CHANGES.iter().enumerate() {
        if at + since == CHANGES.len() {
            store.close().await.unwrap();
            drop(store);
            store = open_soon(&disk).await.unwrap();
        }
        let flags = text.split_whitespace().map(|flag| Flag::parse(flag).unwrap()).collect();
        let change = FlagChange { operation: *operation, flags };
        let uids: UidSet = Uid::new(*uid).into_iter().collect();
        let account = store.account(ACCOUNT).await.unwrap();
        account.store_flags(INBOX, &uids, &change, None).await.unwrap();
    }
    disk
}

/// The same without some of the changes, which cannot be read any more.
fn damaged(disk: &SimulatedDisk, changes: &[usize]) -> SimulatedDisk {
    let (damaged, mut octets) = (copy(disk), disk.read(&segment(1)).unwrap());
    let frames = frames(&octets);
    for change in changes {
        // In the metadata, and more than a single bit.
        let at = frames[frames.len() - CHANGES.len() + change].offset + 66;
        octets[at..at + 2].iter_mut().for_each(|octet| *octet ^= 0xa5);
    }
    damaged.overwrite(&segment(1), &octets);
    damaged
}

fn expected() -> (String, Vec<String>) {
    ("fresh k0 k2".into(), vec!["\\Flagged fresh k5".into(), "\\Seen k0".into()])
}

#[tokio::test]
async fn bits_that_were_taken_over_are_read_again() {
    for since in 0..=CHANGES.len() {
        let disk = done(since).await;
        assert_eq!(shown_on(&disk).await, expected(), "{since} changes after the snapshots");
        assert_eq!(shown_on(&without_indexes(&disk)).await, expected());
        let store = open_soon(&disk).await.unwrap();
        assert!(store.check(ACCOUNT).await.unwrap().is_good());
    }
}

/// What is shown of an account that is read with damage is there after its repair.
async fn put_together(changes: &[usize]) -> (String, Vec<String>) {
    let disk = without_indexes(&damaged(&done(0).await, changes));
    let read = shown_on(&disk).await;
    let store = open_soon(&disk).await.unwrap();
    assert!(store.repair(ACCOUNT).await.unwrap().is_good());
    store.close().await.unwrap();
    drop(store);
    assert_eq!(shown_on(&disk).await, read);
    read
}

/// The next change that is about the keyword says its name.
#[tokio::test]
async fn a_keyword_whose_coming_is_missing_has_its_name() {
    assert_eq!(put_together(&[1]).await, expected());
}

/// That messages lost a keyword is missing: they do not get the one that took over its bit.
#[tokio::test]
async fn a_keyword_that_took_over_a_bit_is_nobody_elses() {
    let (names, flags) = put_together(&[0]).await;
    assert_eq!((names.as_str(), flags[1].as_str()), ("fresh k0 k2", "\\Seen k0"));
    let rest: Vec<String> = (2..MAX_KEYWORDS).map(|at| format!("k{at}")).collect();
    assert_eq!(flags[0], format!("\\Flagged fresh {}", rest.join(" ")));
}

/// A keyword has come back with another bit, and what took over its first one is not known.
#[tokio::test]
async fn no_two_bits_stand_for_the_same_keyword() {
    let flags = vec!["\\Flagged k5".to_owned(), "\\Seen k0".to_owned()];
    assert_eq!(put_together(&[1, 2]).await, ("$Recovered0 k0 k2".into(), flags));
}
