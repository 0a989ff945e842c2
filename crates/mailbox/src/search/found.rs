//! What a search has found so far: a range for each row of neighbours, whatever gaps there are between their UIDs.

use super::Wanted;
use crate::{Numbering, Refused, StoreError};
use rookery_mail::{Uid, UidRange, UidSet};

/// The matches, from the end on from which they are looked for.
pub(super) struct Found {
    /// Disjoint, ascending; descending where the highest are looked for first.
    ranges: Vec<UidRange>,
    count: u64,
    wanted: Wanted,
    numbering: Numbering,
    /// Ranges that there may be.
    most: usize,
}

impl Found {
    pub(super) fn new(wanted: Wanted, numbering: Numbering, most: usize) -> Self {
        Self { ranges: Vec::new(), count: 0, wanted, numbering, most }
    }

    /// Whether no more are wanted.
    pub(super) fn is_enough(&self) -> bool {
        match self.wanted {
            Wanted::All => false,
            Wanted::Lowest(count) | Wanted::Highest(count) => self.count >= count,
        }
    }

    /// Take the matches of a batch, in any order. Refuses those which lie so scattered that there are too many ranges.
    pub(super) fn take(&mut self, batch: &mut Vec<Uid>) -> Result<(), StoreError> {
        batch.sort_unstable();
        self.count += batch.len() as u64;
        match self.wanted {
            Wanted::All | Wanted::Lowest(_) => batch.drain(..).for_each(|uid| self.push(uid)),
            Wanted::Highest(_) => batch.drain(..).rev().for_each(|uid| self.push(uid)),
        }
        if self.ranges.len() > self.most {
            return Err(Refused::TooScattered.into());
        }
        Ok(())
    }

    fn push(&mut self, uid: Uid) {
        match self.ranges.last_mut() {
            Some(last) if last.last() < uid && self.numbering.are_neighbours(last.last(), uid) => {
                *last = UidRange::new(last.first(), uid);
            }
            Some(last)
                if uid < last.first() && self.numbering.are_neighbours(uid, last.first()) =>
            {
                *last = UidRange::new(uid, last.last());
            }
            _ => self.ranges.push(UidRange::new(uid, uid)),
        }
    }

    pub(super) fn into_set(mut self) -> UidSet {
        if let Wanted::Highest(_) = self.wanted {
            self.ranges.reverse();
        }
        UidSet::from_ranges(self.ranges)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn uids(numbers: &[u32]) -> Vec<Uid> {
        numbers.iter().copied().filter_map(Uid::new).collect()
    }

    fn numbering(uids: impl Iterator<Item = u32>) -> Numbering {
        Numbering::of(uids.filter_map(Uid::new))
    }

    #[test]
    fn gaps_between_matches_cost_nothing() {
        // Every second and third UID is gone, and of what is left 22 does not match.
        let there = (1..=40).step_by(3);
        let matches: Vec<Uid> =
            there.clone().filter(|uid| *uid != 22).filter_map(Uid::new).collect();
        for wanted in [Wanted::All, Wanted::Highest(40)] {
            let mut found = Found::new(wanted, numbering(there.clone()), 2);
            found.take(&mut matches.clone()).unwrap();
            assert_eq!(found.into_set().to_string(), "1:19,25:40");
        }
    }

    #[test]
    fn batches_become_a_set_from_either_end() {
        let mut up = Found::new(Wanted::Lowest(6), numbering(1..=40), 3);
        up.take(&mut uids(&[2, 1, 4])).unwrap();
        up.take(&mut uids(&[9, 5])).unwrap();
        assert!(!up.is_enough());
        up.take(&mut uids(&[10])).unwrap();
        assert!(up.is_enough());
        assert_eq!(up.into_set().to_string(), "1:2,4:5,9:10");
        let mut down = Found::new(Wanted::Highest(1), numbering(1..=40), 3);
        down.take(&mut uids(&[10, 9, 5])).unwrap();
        down.take(&mut uids(&[1, 4, 2])).unwrap();
        assert_eq!(down.into_set().to_string(), "1:2,4:5,9:10");
    }

    #[test]
    fn what_lies_too_scattered_is_refused() {
        for wanted in [Wanted::All, Wanted::Highest(9)] {
            let mut found = Found::new(wanted, numbering(1..=40), 3);
            found.take(&mut uids(&[11, 12, 13, 14, 21, 31])).unwrap();
            let refused = found.take(&mut uids(&[1, 2]));
            assert!(matches!(refused, Err(StoreError::Refused(Refused::TooScattered))));
        }
    }
}
