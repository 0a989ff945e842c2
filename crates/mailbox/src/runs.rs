//! Ascending UIDs and their numbers, as runs of neighbours: a mailbox without gaps is one run.

use rookery_mail::{Uid, UidRange, UidSet};
use std::cmp::Ordering;
use std::ops::Range;

/// Where a run of neighbouring UIDs that are numbered one after the other begins. It ends where the numbers of the next one begin.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Start {
    uid: Uid,
    number: u32,
}

/// Neighbouring UIDs that are numbered one after the other.
#[derive(Clone, Copy)]
struct Run {
    range: UidRange,
    /// The number of its first UID.
    number: u32,
}

impl Run {
    fn len(self) -> u32 {
        self.range.last().get() - self.range.first().get() + 1
    }

    /// The numbers of its UIDs from the one to the other, as far as it has such.
    fn numbers(self, first: Uid, last: Uid) -> Option<UidRange> {
        let (first, last) = (first.max(self.range.first()), last.min(self.range.last()));
        let number = |uid: Uid| Uid::new(self.number + (uid.get() - self.range.first().get()));
        (first <= last).then(|| Some(UidRange::new(number(first)?, number(last)?)))?
    }
}

/// Ascending UIDs, numbered from 1.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Runs {
    starts: Vec<Start>,
    /// How many UIDs there are.
    len: u32,
}

impl Runs {
    pub(crate) fn len(&self) -> u32 {
        self.len
    }

    /// The last number of the run at this place.
    fn last_number(&self, at: usize) -> u32 {
        self.starts.get(at + 1).map_or(self.len, |next| next.number - 1)
    }

    fn run(&self, at: usize) -> Option<Run> {
        let Start { uid: first, number } = *self.starts.get(at)?;
        let last = Uid::new(first.get() + (self.last_number(at) - number))?;
        Some(Run { range: UidRange::new(first, last), number })
    }

    /// The place of the run that begins at a UID or the nearest one before it, and the number that the UID has if the run
    /// reaches that far.
    fn reach(&self, uid: Uid) -> Option<(usize, u32)> {
        let at = self.starts.partition_point(|start| start.uid <= uid).checked_sub(1)?;
        let start = self.starts.get(at)?;
        Some((at, start.number + (uid.get() - start.uid.get())))
    }

    /// The place of the first run that ends at a UID or after it.
    fn place(&self, uid: Uid) -> usize {
        self.reach(uid).map_or(0, |(at, number)| at + usize::from(number > self.last_number(at)))
    }

    /// Logarithmic in the number of runs.
    pub(crate) fn uid(&self, number: u32) -> Option<Uid> {
        let at = self.starts.partition_point(|start| start.number <= number).checked_sub(1)?;
        let start = self.starts.get(at).filter(|_| number <= self.len)?;
        Uid::new(start.uid.get() + (number - start.number))
    }

    /// Logarithmic in the number of runs.
    pub(crate) fn number(&self, uid: Uid) -> Option<u32> {
        let (at, number) = self.reach(uid)?;
        (number <= self.last_number(at)).then_some(number)
    }

    /// The numbers of those of the UIDs that there are. Costs what the set's ranges and the runs between them cost, and has no
    /// more ranges than the set: numbers have no gaps.
    pub(crate) fn numbers(&self, uids: &UidSet) -> UidSet {
        let ranges = uids.ranges().iter();
        let cut = |range: &UidRange| {
            let (first, last) = (range.first(), range.last());
            self.runs_in(*range).filter_map(move |run| run.numbers(first, last))
        };
        ranges.flat_map(cut).collect()
    }

    /// How many runs there are.
    pub(crate) fn count_of_runs(&self) -> usize {
        self.starts.len()
    }

    /// UIDs among which those that there are have these numbers, and no others. As many ranges as the numbers have, however
    /// many gaps there are.
    pub(crate) fn around(&self, numbers: &UidSet) -> UidSet {
        let ranges = numbers.ranges().iter().filter_map(|range| {
            let (first, last) = (range.first().get(), range.last().get().min(self.len()));
            Some(UidRange::new(self.uid(first)?, self.uid(last)?))
        });
        ranges.collect()
    }

    /// The runs that have some of these UIDs. Logarithmic in the number of runs.
    fn runs_in(&self, range: UidRange) -> impl Iterator<Item = Run> {
        self.places_in(range).filter_map(|at| self.run(at))
    }

    fn places_in(&self, range: UidRange) -> Range<usize> {
        let to = self.starts.partition_point(|start| start.uid <= range.last());
        self.place(range.first())..to
    }

    /// Those of these UIDs that there are.
    pub(crate) fn ranges_in(&self, range: UidRange) -> impl Iterator<Item = UidRange> {
        let cut = move |run: Run| {
            let (first, last) = (run.range.first(), run.range.last());
            UidRange::new(first.max(range.first()), last.min(range.last()))
        };
        self.runs_in(range).map(cut)
    }

    /// How many ranges those of the UIDs have that there are. Logarithmic in the number of runs, for each range of the set.
    pub(crate) fn count_ranges(&self, uids: &UidSet) -> usize {
        uids.ranges().iter().map(|range| self.places_in(*range).len()).sum()
    }

    /// Whether the one comes next to the other. Logarithmic in the number of runs.
    pub(crate) fn are_neighbours(&self, uid: Uid, next: Uid) -> bool {
        let Some((at, number)) = self.reach(uid) else { return false };
        match number.cmp(&self.last_number(at)) {
            Ordering::Less => uid.next() == Some(next),
            Ordering::Equal => self.starts.get(at + 1).is_some_and(|after| after.uid == next),
            Ordering::Greater => false,
        }
    }

    /// Put a UID that has a number into a set of such, of which it is the largest: across the gap, if they are neighbours.
    pub(crate) fn add_to(&self, set: &mut UidSet, uid: Uid) {
        let before = set.last().filter(|last| {
            // The next UID joins the set's last range by itself.
            *last < uid && last.next() != Some(uid) && self.are_neighbours(*last, uid)
        });
        let first = before.and_then(Uid::next).unwrap_or(uid);
        set.insert_range(UidRange::new(first, uid));
    }

    /// Octets that it takes.
    pub(crate) fn octets(&self) -> usize {
        size_of_val(self.starts.as_slice())
    }

    /// How many of the UIDs there are. Logarithmic in the number of runs, for each range of the set.
    pub(crate) fn count(&self, uids: &UidSet) -> u32 {
        let ranges = uids.ranges().iter();
        ranges
            .map(|range| {
                self.up_to(range.last()) - range.first().previous().map_or(0, |uid| self.up_to(uid))
            })
            .sum()
    }

    /// How many there are that are not above a UID.
    fn up_to(&self, uid: Uid) -> u32 {
        self.reach(uid).map_or(0, |(at, number)| number.min(self.last_number(at)))
    }

    fn last(&self) -> Option<Uid> {
        let start = self.starts.last()?;
        Uid::new(start.uid.get() + (self.len - start.number))
    }

    pub(crate) fn uids(&self) -> UidSet {
        (0..self.starts.len()).filter_map(|at| self.run(at)).map(|run| run.range).collect()
    }

    /// Those of the UIDs that there are.
    pub(crate) fn intersection(&self, uids: &UidSet) -> UidSet {
        let ranges = uids.ranges().iter().flat_map(|range| self.ranges_in(*range));
        UidSet::from_ranges(ranges.collect())
    }

    /// Add a UID above all others; what is not above them has no place at the end and is ignored.
    pub(crate) fn push(&mut self, uid: Uid) {
        let _ = self.add(uid);
    }

    /// Add a UID if it is above all others; says whether it was.
    pub(crate) fn add(&mut self, uid: Uid) -> bool {
        let last = self.last();
        if last.is_some_and(|last| last >= uid) {
            return false;
        }
        self.len += 1;
        if last.is_none_or(|last| last.next() != Some(uid)) {
            self.starts.push(Start { uid, number: self.len });
        }
        true
    }

    /// Remove those of the UIDs that are there. Linear in the number of runs.
    pub(crate) fn remove(&mut self, uids: &UidSet) {
        if uids.is_empty() {
            return;
        }
        let left = self.uids().difference(uids);
        self.len = 0;
        let renumbered = left.ranges().iter().map(|range| {
            let run = Run { range: *range, number: self.len + 1 };
            self.len += run.len();
            Start { uid: range.first(), number: run.number }
        });
        self.starts = renumbered.collect();
    }
}

impl FromIterator<Uid> for Runs {
    fn from_iter<I: IntoIterator<Item = Uid>>(uids: I) -> Self {
        let mut runs = Self::default();
        uids.into_iter().for_each(|uid| runs.push(uid));
        runs
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn uid(number: u32) -> Uid {
        Uid::new(number).unwrap()
    }

    fn set(numbers: impl IntoIterator<Item = u32>) -> UidSet {
        numbers.into_iter().map(uid).collect()
    }

    #[test]
    fn a_mailbox_without_gaps_is_one_run() {
        let runs: Runs = (1..=1000).map(uid).collect();
        assert_eq!((runs.count_of_runs(), runs.len()), (1, 1000));
    }

    #[test]
    fn removal_renumbers_what_follows() {
        let mut runs: Runs = (10..=20).map(uid).collect();
        runs.remove(&set([10, 13, 14, 99]));
        assert_eq!(runs.len(), 8);
        assert_eq!((1..=9).map(|n| runs.uid(n).map(Uid::get)).collect::<Vec<_>>(), {
            let left = [11, 12, 15, 16, 17, 18, 19, 20].map(Some);
            [left.as_slice(), &[None]].concat()
        });
        assert_eq!((runs.number(uid(15)), runs.number(uid(14))), (Some(3), None));
        let numbers = |uids: UidSet| -> UidSet {
            uids.iter().filter_map(|uid| runs.number(uid)).map(uid).collect()
        };
        for (first, last) in (1..25).flat_map(|first| (first..25).map(move |last| (first, last))) {
            for uids in [set(first..=last), set([1, first, last]), set([11, 16, first, last, 20])] {
                let there = uids.iter().filter(|uid| runs.number(*uid).is_some()).collect();
                assert_eq!(runs.intersection(&uids), there);
                assert_eq!(runs.numbers(&uids), numbers(uids));
            }
        }
        assert_eq!(runs.around(&set([2, 3, 5])), set([12, 13, 14, 15, 17]));
        assert_eq!(runs.intersection(&set(12..=15)), set([12, 15]));
        assert_eq!(runs.count_ranges(&set([1, 11, 12, 13, 14, 15, 16, 19, 99])), 3);
        let near = [(11, 12), (12, 15), (15, 16), (11, 15), (12, 16), (20, 11)];
        let near = near.map(|(a, b)| runs.are_neighbours(uid(a), uid(b)));
        assert_eq!(near, [true, true, true, false, false, false]);
        assert_eq!(runs.count(&set([1, 10, 11, 12, 13, 14, 15, 99])), 3);
        assert_eq!(runs.count(&UidSet::all()), 8);
    }

    #[test]
    fn the_largest_uids_overflow_nothing() {
        let runs: Runs = [uid(u32::MAX - 1), Uid::MAX].into_iter().collect();
        assert_eq!((runs.len(), runs.uid(2), runs.uid(3)), (2, Some(Uid::MAX), None));
        assert_eq!(runs.around(&UidSet::all()).len(), 2);
        assert_eq!((runs.number(Uid::MAX), runs.count(&UidSet::all())), (Some(2), 2));
    }
}
