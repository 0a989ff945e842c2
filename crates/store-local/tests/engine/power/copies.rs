//! Copies of an account that are made while it changes, file by file in any order and piece by piece, as `cp -r` makes
//! them: each is the account as it was at some moment of the copying.

use super::scripts::{random_script, tell};
use super::{BRIEF, COPIES, Story, check, open, rounds};
use crate::workload::{ACCOUNT, DIR};
use rookery_store_local::vfs::{Dice, SimulatedDisk, Vfs, VfsFile};
use rookery_store_local::{Options, Severity};
use std::path::{Path, PathBuf};
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
}

impl Copier {
    fn new(began: u64, seed: u64) -> Self {
        let mut dice = Dice::new(seed);
        let haste = [1, 2, 4, 12][dice.roll(4) as usize];
        let waiting = vec![Path::new(DIR).join("accounts").join(ACCOUNT)];
        Self { began, waiting, open: None, copied: Vec::new(), dice, haste }
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
                let at = self.dice.roll(self.waiting.len() as u64 + 1) as usize;
                self.waiting.insert(at, path.join(name));
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
    /// Copy again and again; returns how many copies that were.
    async fn copy_everywhere(mut self, seed: u64) -> u64 {
        let (mut copiers, mut copies): (Vec<Copier>, _) = (Vec::new(), 0);
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
                check_copy(&copier.copy(), self.options, &possible, &moment).await;
                copies += 1;
            }
        }
        copies
    }

    /// Which pictures a copy may show that was made between two operations.
    fn possible_between(&self, first: u64, last: u64) -> Vec<&str> {
        let all = (first..=last).flat_map(|operation| self.possible(operation));
        let mut all: Vec<&str> = all.collect();
        all.dedup();
        all
    }
}

async fn check_copy(disk: &SimulatedDisk, options: Options, possible: &[&str], moment: &str) {
    let store = open(disk, options).await.unwrap();
    let report = store.check(ACCOUNT).await.unwrap();
    let wrong: Vec<_> =
        report.findings.iter().filter(|it| it.severity == Severity::Wrong).collect();
    assert!(wrong.is_empty(), "{moment}: {wrong:?}");
    drop(store);
    check(disk, options, possible, moment).await;
}

#[test]
fn a_copy_made_while_an_account_changes_is_the_account_at_some_moment() {
    rounds("copies", COPIES, async |seed| {
        let options = Options { segment_octets: 1500, index_octets: 900, ..BRIEF };
        tell(&random_script(seed, 30), options, seed % 2 == 0).await.copy_everywhere(seed).await
    });
}
