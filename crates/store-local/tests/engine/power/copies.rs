//! Copies of an account that are made while it changes, file by file in any order and piece by piece, as `cp -r` makes
//! them: each is the account as it was at some moment of the copying, possibly without messages that went for good later,
//! while it was made.

use super::scripts::{random_script, tell};
use super::{BRIEF, COPIES, Story, go_on, leaving, look, open, rounds, setting};
use crate::squeeze::{omitted, toggling};
use crate::workload::{ACCOUNT, Step, account_dir};
use rookery_mailbox::FlagOperation::Add;
use rookery_store_local::vfs::{Dice, SimulatedDisk, Vfs, VfsFile};
use rookery_store_local::{Options, Severity};
use std::path::PathBuf;
use std::sync::Arc;

/// A program that copies, while others go on.
struct Copier {
    /// How many operations the disk had seen when it began.
    began: u64,
    /// What it has yet to copy, the next one last.
    waiting: Vec<PathBuf>,
    /// What it is reading.
    open: Option<(PathBuf, Arc<dyn VfsFile>, Vec<u8>)>,
    copied: Vec<(PathBuf, Vec<u8>)>,
    dice: Dice,
    /// Steps that it does, at the most, between two operations.
    haste: u64,
    /// Whether it copies what it found last of a directory first.
    backwards: bool,
}

impl Copier {
    fn new(began: u64, seed: u64) -> Self {
        let mut dice = Dice::new(seed);
        let haste = [1, 2, 4, 12][dice.roll(4) as usize];
        let waiting = vec![account_dir()];
        let backwards = dice.roll(2) == 0;
        Self { began, waiting, open: None, copied: Vec::new(), dice, haste, backwards }
    }

    /// Read a piece, open a file or list a directory; says whether all is copied.
    fn step(&mut self, disk: &SimulatedDisk) -> bool {
        if let Some((path, file, mut octets)) = self.open.take() {
            let mut piece = vec![0; 1 + self.dice.roll(900) as usize];
            let count = file.read_at(&mut piece, octets.len() as u64).unwrap();
            octets.extend(&piece[..count]);
            match count {
                0 => self.copied.push((path, octets)),
                _ => self.open = Some((path, file, octets)),
            }
            return false;
        }
        let Some(path) = self.waiting.pop() else { return true };
        // What has gone in the meantime is left out.
        if disk.files().contains(&path) {
            self.open = disk.open(&path).ok().map(|file| (path, file, Vec::new()));
        } else if let Ok(names) = disk.list(&path) {
            for name in names {
                let all = self.waiting.len();
                let any = self.dice.roll(all as u64 + 1) as usize;
                self.waiting.insert(if self.backwards { all } else { any }, path.join(name));
            }
        }
        false
    }

    /// A disk with the copy.
    fn copy(&self) -> SimulatedDisk {
        let disk = SimulatedDisk::new();
        self.copied.iter().for_each(|(path, octets)| disk.overwrite(path, octets));
        disk
    }
}

impl Story {
    /// Copy again and again; returns how many copies that were, from how many of them messages went, and how many have
    /// segments of which changes were left out.
    async fn copy_everywhere(mut self, seed: u64) -> (u64, u64, u64) {
        let (mut copiers, mut copies, mut left): (Vec<Copier>, _, _) = (Vec::new(), 0, 0);
        let mut squeezed = 0;
        // An account of which nothing is acknowledged need not be in a copy.
        let first = self.acknowledged[1].0;
        for operation in first..=*self.operations.end() {
            if operation % 3 == 0 {
                copiers.push(Copier::new(operation, seed << 16 | operation));
            }
            let disk = self.recording.after(operation);
            let advance = |copier: &mut Copier| {
                let steps = 1 + copier.dice.roll(copier.haste);
                (0..steps).any(|_| copier.step(disk))
            };
            for copier in copiers.extract_if(.., advance).collect::<Vec<_>>() {
                let moment = format!("copied from operation {} to {operation}", copier.began);
                let possible = self.possible_between(copier.began, operation);
                squeezed += u64::from(omitted(&copier.copy()) > 0);
                let missing = check_copy(&copier.copy(), self.options, &possible, &moment).await;
                copies += 1;
                left += u64::from(missing > 0);
            }
        }
        (copies, left, squeezed)
    }

    /// Which pictures a copy may show that was made between two operations.
    fn possible_between(&self, first: u64, last: u64) -> Vec<&str> {
        let all = (first..=last).flat_map(|operation| self.possible(operation));
        let mut all: Vec<&str> = all.collect();
        all.dedup();
        all
    }
}

/// Returns how many messages went from the copy when it was opened.
async fn check_copy(
    disk: &SimulatedDisk,
    options: Options,
    possible: &[&str],
    moment: &str,
) -> usize {
    let store = open(disk, options).await.unwrap();
    let report = store.check(ACCOUNT).await.unwrap();
    let wrong: Vec<_> =
        report.findings.iter().filter(|it| it.severity == Severity::Wrong).collect();
    assert!(wrong.is_empty(), "{moment}: {wrong:?}");
    let (account, seen) = look(&store, &moment).await;
    let missing = possible.iter().enumerate();
    let missing = missing.filter_map(|(at, it)| leaving::missing(&seen, it, &possible[at + 1..]));
    let missing = missing.min().unwrap_or_else(|| {
        panic!("{moment}: there is\n{seen}\nand not one of\n{}", possible.join("\nor\n"))
    });
    drop((account, store));
    if missing > 0 {
        // They have gone for good, before anybody saw the account.
        let disk = disk.crash(0);
        let (_, again) = look(&open(&disk, options).await.unwrap(), &moment).await;
        assert_eq!(again, seen, "{moment}");
    }
    let store = open(disk, options).await.unwrap();
    go_on(&*look(&store, &moment).await.0.unwrap(), moment).await;
    missing
}

/// Messages that come, go, and give their space back.
fn coming_and_going(seed: u64) -> Vec<Step> {
    let mut script = random_script(seed, 5);
    for round in 0..3 {
        script.extend(toggling(seed ^ round << 8, 12));
        script.extend([
            Step::Append(1, 2, 700, ""),
            Step::Append(2, 1, 300, ""),
            Step::Append(1, 2, 500, "$A"),
            Step::Copy(1, 2),
            Step::Append(1, 2, 700, ""),
            Step::Flag(1, Add, "\\Deleted"),
            Step::Expunge(1),
            Step::Append(2, 1, 700, ""),
            Step::Flag(2, Add, "\\Deleted"),
            Step::Expunge(2),
        ]);
    }
    script
}

#[test]
fn a_copy_made_while_an_account_changes_is_the_account_at_some_moment() {
    let (mut all_left, mut all_squeezed) = (0, 0);
    rounds("copies", COPIES, async |seed| {
        let options = Options { segment_octets: 1500, index_octets: 900, ..BRIEF };
        let (script, compacting) = match seed % 4 {
            0 => (coming_and_going(seed), true),
            rest => (random_script(seed, 30), rest == 2),
        };
        let story = tell(&script, options, compacting).await;
        let (copies, left, squeezed) = story.copy_everywhere(seed).await;
        all_left += left;
        all_squeezed += squeezed;
        copies
    });
    println!("{all_squeezed} have segments of which changes were left out");
    // One seed need not have any.
    let is_one = setting("ROOKERY_SEED").is_some();
    assert!(all_squeezed > 0 || is_one, "no copy has a segment of which changes were left out");
    println!("messages went from {all_left} of them");
    assert!(all_left > 0 || is_one, "no copy was of that kind");
}
