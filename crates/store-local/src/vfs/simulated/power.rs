//! What a power cut leaves of a disk.

use super::{Content, Disk, Names, Pending, apply_name_change, put};
use std::path::Path;

/// What a disk writes whole or not at all, in octets.
pub(super) const SECTOR: usize = 512;

/// Small numbers that look random and are the same for the same seed (xorshift).
#[derive(Clone, Debug)]
pub struct Dice(u64);

impl Dice {
    /// Dice that always fall the same way for the same seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        let mut dice = Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
        dice.roll(2);
        dice
    }

    /// A number below `sides`, which is not 0.
    pub fn roll(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 20) % sides
    }
}

/// What survives of all that was not synced. Some cuts fall on one side as a whole, since a fault that only shows there is
/// not found by many small chances.
#[derive(Clone, Copy)]
struct Fate {
    names: Chance,
    content: Chance,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Chance {
    Nothing,
    Everything,
    Some,
}

impl Fate {
    fn new(dice: &mut Dice) -> Self {
        use Chance::{Everything, Nothing, Some};
        let (names, content) = match dice.roll(8) {
            0 => (Nothing, Nothing),
            1 => (Everything, Nothing),
            2 => (Nothing, Everything),
            3 => (Everything, Some),
            4 => (Some, Everything),
            _ => (Some, Some),
        };
        Self { names, content }
    }
}

impl Chance {
    fn survives(self, dice: &mut Dice) -> bool {
        match self {
            Self::Nothing => false,
            Self::Everything => true,
            Self::Some => dice.roll(2) == 0,
        }
    }
}

/// The disk after a power cut.
pub(super) fn cut(old: &Disk, seed: u64) -> Disk {
    let mut dice = Dice::new(seed);
    let fate = Fate::new(&mut dice);
    let mut names = old.durable_names.clone();
    for change in &old.pending {
        if fate.names.survives(&mut dice) {
            apply_name_change(&mut names, change);
        }
    }
    forget_orphans(&mut names);
    let leave = |content: &Content| {
        let left = survive(content, fate.content, &mut dice);
        let directory = content.directory;
        Content { seen: left.clone(), durable: left, pending: Vec::new(), directory }
    };
    let inodes = old.inodes.iter().map(leave).collect();
    let identity = old.identity;
    Disk { identity, inodes, durable_names: names.clone(), names, ..Disk::default() }
}

/// A failed sync has written nothing, all, or some of what it was to write, and nobody writes the rest any more.
pub(super) fn forget(content: &mut Content, seed: u64) {
    let mut dice = Dice::new(seed);
    let chance = match dice.roll(3) {
        0 => Chance::Nothing,
        1 => Chance::Everything,
        _ => Chance::Some,
    };
    content.durable = survive(content, chance, &mut dice);
    content.pending.clear();
}

/// Forget the names in directories that are themselves not there.
fn forget_orphans(names: &mut Names) {
    let present = names.clone();
    let there = |path: &Path| path.parent().is_none() || present.contains_key(path);
    names.retain(|path, _| path.ancestors().all(there));
}

/// What is left of a file: each piece that was not synced survives, or not.
fn survive(content: &Content, chance: Chance, dice: &mut Dice) -> Vec<u8> {
    let mut left = content.durable.clone();
    for pending in &content.pending {
        match pending {
            Pending::Truncate(len) if chance.survives(dice) => {
                left.truncate(usize::try_from(*len).unwrap_or(usize::MAX));
            }
            Pending::Truncate(_) => {}
            Pending::Write(offset, octets) => match chance {
                Chance::Everything => put(&mut left, *offset, octets),
                Chance::Nothing => {}
                Chance::Some => survive_write(&mut left, *offset, octets, dice),
            },
        }
    }
    left
}

fn survive_write(left: &mut Vec<u8>, offset: u64, octets: &[u8], dice: &mut Dice) {
    // All, nothing, a prefix, the whole length with holes, or one hole.
    let fate = dice.roll(5);
    // A sector, a page, or what no disk tears: the checksums must hold against that as well.
    let piece = [SECTOR, SECTOR, 4096, 64][usize::try_from(dice.roll(4)).unwrap_or(0)];
    let pieces = octets.len().div_ceil(piece) as u64;
    let chosen = dice.roll(pieces.max(1));
    let cut = dice.roll(octets.len() as u64 + 1);
    for (number, octets) in octets.chunks(piece).enumerate() {
        let start = (number * piece) as u64;
        let keep = match fate {
            0 => octets.len() as u64,
            1 => 0,
            2 => cut.saturating_sub(start).min(octets.len() as u64),
            3 => octets.len() as u64 * dice.roll(2),
            _ => octets.len() as u64 * u64::from(number as u64 != chosen),
        };
        let kept = octets.get(..usize::try_from(keep).unwrap_or(0)).unwrap_or_default();
        if !kept.is_empty() {
            put(left, offset + start, kept);
        }
    }
    // The length may be journalled before the data: zeros where nothing was written.
    if dice.roll(3) == 0 {
        let end = usize::try_from(offset).unwrap_or(0) + octets.len();
        left.resize(left.len().max(end), 0);
    }
}
