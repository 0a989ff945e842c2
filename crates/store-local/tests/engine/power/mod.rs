//! Power cuts, wherever they come: what is done to a store is recorded once, with what was asked for and acknowledged when,
//! and the disk is then cut off after each of its operations, in several ways each.
//!
//! Each test goes through its share of [`TOTAL`] crash points; `ROOKERY_CRASH_POINTS=1000000` makes them so many in all.
//! A crash point is a disk that differs from all others of the same moment. A failure names its seed:
//! `ROOKERY_SEED=7 ROOKERY_CRASH_POINTS=1` does that round alone.

mod accounts;
mod beside;
mod copies;
mod failures;
mod groups;
mod leaving;
mod recovery;
mod scripts;

use crate::workload::{ACCOUNT, DIR, SMALL, create, message, on_threads, picture};
use rookery_mail::MailboxId;
use rookery_mailbox::{AccountStore, Refused, Store, StoreError};
use rookery_store_local::vfs::{Dice, Recording, SimulatedDisk};
use rookery_store_local::{LocalStore, Options};
use std::collections::HashSet;
use std::fmt::Display;
use std::io::ErrorKind;
use std::ops::RangeInclusive;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// The crash points of the normal test run, at least.
const TOTAL: u64 = 10_000;
/// Each test's share.
const SCRIPTS: u64 = 2_500;
const COMPACTION: u64 = 3_000;
const BESIDE: u64 = 1_500;
const RECOVERY: u64 = 2_500;
const GROUPS: u64 = 2_000;
const ACCOUNTS: u64 = 1_000;
const COMMANDS: u64 = 1_500;
const FAILURES: u64 = 1_200;
/// Copies of an account that are made while it changes, in as many crash points.
const COPIES: u64 = 1_200;
const _: () = assert!(
    SCRIPTS + COMPACTION + BESIDE + RECOVERY + GROUPS + ACCOUNTS + COMMANDS + FAILURES >= TOTAL
);

/// What there is to see where there is no account.
const NO_ACCOUNT: &str = "no account";

/// Only messages of some size are spooled to files; all else as small as [`SMALL`] has it.
pub(crate) const BRIEF: Options =
    Options { spool_memory: 600, segment_octets: 3000, index_octets: 1800, ..SMALL };

pub(crate) fn setting(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().expect("a number"))
}

/// Says which seed it was, when a round fails.
struct Seed(u64);

impl Drop for Seed {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("ROOKERY_SEED={} ROOKERY_CRASH_POINTS=1 does this again", self.0);
        }
    }
}

/// Do rounds, each with a seed of its own, until they have gone through a share of the crash points. All that blocks
/// runs on one thread, so that the same seed does the same.
fn rounds(what: &str, share: u64, round: impl AsyncFnMut(u64) -> u64) {
    rounds_on(1, what, share, round);
}

/// The same on so many threads; the round sees to it that one of them goes on at a time.
fn rounds_on(threads: usize, what: &str, share: u64, mut round: impl AsyncFnMut(u64) -> u64) {
    let total = setting("ROOKERY_CRASH_POINTS").unwrap_or(TOTAL);
    let wanted = (u128::from(share) * u128::from(total)).div_ceil(u128::from(TOTAL));
    let first = setting("ROOKERY_SEED").unwrap_or(1);
    let (mut points, mut seed) = (0, first);
    while u128::from(points) < wanted {
        let failing = Seed(seed);
        points += on_threads(threads, round(seed));
        drop(failing);
        seed += 1;
    }
    println!("{points} {what}, seeds {first} to {}", seed - 1);
}

/// What was done to a disk, and what may be there after a power cut.
struct Story {
    recording: Recording,
    /// The operations that the disk had seen at the beginning and at the end.
    operations: RangeInclusive<u64>,
    options: Options,
    /// What there is to see before all changes, and after each.
    pictures: Vec<String>,
    /// How many changes had been left out of segments that were written anew, in the end.
    omitted: u64,
    /// How many changes had been acknowledged after so many operations.
    acknowledged: Vec<(u64, usize)>,
    /// After how many operations the next change was asked for.
    asked: Vec<u64>,
    /// What could be seen, by power cuts after some operation and before another one, of changes that were refused in the end.
    almost: Vec<(u64, u64, String)>,
}

/// A story while it happens.
struct Teller {
    disk: SimulatedDisk,
    options: Options,
    first: u64,
    pictures: Vec<String>,
    acknowledged: Vec<(u64, usize)>,
    asked: Vec<u64>,
    almost: Vec<(u64, u64, String)>,
}

impl Teller {
    /// Begin with a disk on which this is to be seen.
    fn new(disk: &SimulatedDisk, options: Options, seen: String) -> Self {
        disk.record();
        let (disk, first, pictures) = (disk.clone(), disk.operations(), vec![seen]);
        let (acknowledged, asked) = (vec![(first, 0)], Vec::new());
        Self { disk, options, first, pictures, acknowledged, asked, almost: Vec::new() }
    }

    /// So many changes are asked for, all at once.
    fn ask(&mut self, changes: usize) {
        let now = self.disk.operations();
        self.asked.extend(std::iter::repeat_n(now, changes));
    }

    /// What was asked for has been acknowledged; this is to be seen after each change.
    fn acknowledge(&mut self, pictures: impl IntoIterator<Item = String>) {
        self.pictures.extend(pictures);
        self.acknowledged.push((self.disk.operations(), self.pictures.len() - 1));
    }

    /// What was asked for last was refused; this would have been to be seen.
    fn almost(&mut self, picture: Option<String>) {
        let asked = self.asked.last().copied().unwrap_or(0);
        self.almost.extend(picture.map(|picture| (asked, self.disk.operations(), picture)));
    }

    fn end(self) -> Story {
        let Self { disk, options, first, pictures, acknowledged, asked, almost } = self;
        let (operations, recording) = (first..=disk.operations(), disk.recording());
        let omitted = crate::squeeze::omitted(&disk);
        Story { recording, operations, options, pictures, omitted, acknowledged, asked, almost }
    }
}

impl Story {
    /// Which pictures are possible after so many operations.
    fn possible(&self, operation: u64) -> Vec<&str> {
        let low = self.acknowledged.iter().take_while(|(at, _)| *at <= operation).last().unwrap().1;
        let high = self.asked.iter().take_while(|at| **at < operation).count();
        let pictures = &self.pictures[low..=high.max(low).min(self.pictures.len() - 1)];
        let almost = self.almost.iter().filter(|(from, to, _)| (*from..*to).contains(&operation));
        pictures.iter().chain(almost.map(|(_, _, it)| it)).map(String::as_str).collect()
    }

    /// The largest UIDVALIDITY that was seen before an operation.
    fn largest_uid_validity(&self, operation: u64) -> u32 {
        let low = self.acknowledged.iter().take_while(|(at, _)| *at <= operation).last().unwrap().1;
        self.pictures[..=low].iter().flat_map(|it| uid_validities(it)).max().unwrap_or(0)
    }

    /// Cut after each operation, in up to so many ways; returns how many crash points that were.
    async fn cut_everywhere(mut self, seed: u64, ways: u64) -> u64 {
        let mut points = 0;
        for operation in self.operations.clone() {
            for (way, left) in self.cut(operation, seed, ways) {
                let moment = format!("cut after operation {operation}, way {way}");
                let possible = self.possible(operation);
                let new = check(&left, self.options, &possible, &moment).await;
                let given = uid_validities(&new).min().unwrap_or(u32::MAX);
                assert!(given > self.largest_uid_validity(operation), "{moment}: {new}");
                points += 1;
            }
        }
        points
    }

    /// The disks, all different, that power cuts after an operation leave.
    fn cut(&mut self, operation: u64, seed: u64, ways: u64) -> Vec<(u64, SimulatedDisk)> {
        let disk = self.recording.after(operation);
        let mut dice = Dice::new(seed ^ (operation << 20));
        let mut seen = HashSet::new();
        let all = (0..ways).map(|way| (way, disk.crash(dice.roll(u64::from(u32::MAX)))));
        all.filter(|(_, left)| seen.insert(left.fingerprint())).collect()
    }
}

/// Open a disk that somebody may just be letting go of.
async fn open(disk: &SimulatedDisk, options: Options) -> Result<LocalStore, StoreError> {
    loop {
        let vfs = Arc::new(disk.clone());
        match LocalStore::with_vfs(vfs, Path::new(DIR), options) {
            Err(StoreError::Io { source, .. }) if source.kind() == ErrorKind::WouldBlock => {
                tokio::time::sleep(Duration::from_micros(50)).await;
            }
            opened => return opened,
        }
    }
}

/// The account, if there is one, and what there is to see.
async fn look(
    store: &LocalStore,
    moment: &impl Display,
) -> (Option<Arc<dyn AccountStore>>, String) {
    match store.account(ACCOUNT).await {
        Ok(account) => {
            let seen = picture(&*account).await;
            (Some(account), seen)
        }
        Err(StoreError::Refused(Refused::NoSuchAccount)) => (None, NO_ACCOUNT.to_owned()),
        Err(error) => panic!("{moment}: {error}"),
    }
}

/// What a power cut left opens, is one of the possible, and can be gone on with; returns what there is to see of an account
/// that was made because there was none.
async fn check(disk: &SimulatedDisk, options: Options, possible: &[&str], moment: &str) -> String {
    let store = open(disk, options).await.unwrap_or_else(|error| panic!("{moment}: {error}"));
    let (account, seen) = look(&store, &moment).await;
    is_one_of(&seen, possible, moment);
    if let Some(account) = account {
        go_on(&*account, moment).await;
        return String::new();
    }
    let account = create(&store).await.unwrap_or_else(|error| panic!("{moment}: {error}"));
    picture(&*account).await
}

/// The UIDVALIDITYs in a picture.
fn uid_validities(picture: &str) -> impl Iterator<Item = u32> {
    let rest = picture.split("UidValidity(").skip(1);
    rest.filter_map(|rest| rest.split_once(')')?.0.parse().ok())
}

fn is_one_of(seen: &str, possible: &[&str], moment: &str) {
    assert!(
        possible.contains(&seen),
        "{moment}: there is\n{seen}\nand not one of\n{}",
        possible.join("\nor\n")
    );
}

/// The next message gets the next UID, and a larger modification sequence than all before.
async fn go_on(account: &dyn AccountStore, moment: &str) {
    let inbox = account.open(MailboxId(1)).await.unwrap();
    let before = inbox.snapshot();
    let more = vec![message(account, 20, "\\Seen").await.unwrap()];
    let appended = account.append(MailboxId(1), more, 1).await;
    let appended = appended.unwrap_or_else(|error| panic!("{moment}: {error}"));
    assert_eq!(appended.uids.first(), before.uid_next(), "{moment}");
    let list = account.mailboxes().await.unwrap();
    for info in list.mailboxes.values().filter(|info| info.id != MailboxId(1)) {
        let other = account.open(info.id).await.unwrap().snapshot();
        assert!(appended.modseq > other.highest_modseq(), "{moment}");
    }
    assert!(appended.modseq > before.highest_modseq(), "{moment}");
}
