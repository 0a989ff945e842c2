//! Sets of UIDs as sorted, disjoint ranges: small for any number of neighbours.

use crate::Uid;
use std::fmt;
use std::ops::Range;

/// A range of UIDs, both ends included, `first` not above `last`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct UidRange {
    first: Uid,
    last: Uid,
}

impl UidRange {
    /// The range between two UIDs, given in any order.
    #[must_use]
    pub fn new(a: Uid, b: Uid) -> Self {
        Self { first: a.min(b), last: a.max(b) }
    }

    /// The lower end.
    #[must_use]
    pub fn first(self) -> Uid {
        self.first
    }

    /// The upper end.
    #[must_use]
    pub fn last(self) -> Uid {
        self.last
    }

    /// Whether it holds the UID.
    #[must_use]
    pub fn contains(self, uid: Uid) -> bool {
        self.first <= uid && uid <= self.last
    }

    /// How many UIDs it spans.
    #[must_use]
    pub fn span(self) -> u64 {
        u64::from(self.last.get()) - u64::from(self.first.get()) + 1
    }

    /// Those at these positions, which must not lie beyond its span.
    fn part(self, positions: Range<u64>) -> Option<Self> {
        let uid =
            |position: u64| Uid::new(self.first.get().checked_add(position.try_into().ok()?)?);
        let last = positions.end.checked_sub(1).filter(|last| *last >= positions.start)?;
        Some(Self { first: uid(positions.start)?, last: uid(last)? })
    }

    /// Its UIDs, ascending.
    pub fn iter(self) -> impl DoubleEndedIterator<Item = Uid> {
        (self.first.get()..=self.last.get()).filter_map(Uid::new)
    }
}

/// A set of UIDs. Ranges are sorted, and neither overlap nor touch.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct UidSet {
    ranges: Vec<UidRange>,
}

impl UidSet {
    /// The empty set.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Every UID there can be.
    #[must_use]
    pub fn all() -> Self {
        Self { ranges: vec![UidRange::new(Uid::MIN, Uid::MAX)] }
    }

    /// The set of these ranges, in the memory that they have where they ascend and neither overlap nor touch.
    #[must_use]
    pub fn from_ranges(mut ranges: Vec<UidRange>) -> Self {
        let is_apart = |pair: &[UidRange]| match pair {
            [before, after] => before.last.next().is_some_and(|next| next < after.first),
            _ => true,
        };
        if !ranges.windows(2).all(is_apart) {
            return ranges.into_iter().collect();
        }
        ranges.shrink_to_fit();
        Self { ranges }
    }

    /// Add one UID. Cheap at the upper end.
    pub fn insert(&mut self, uid: Uid) {
        self.insert_range(UidRange::new(uid, uid));
    }

    /// Add a range. Cheap at the upper end; elsewhere linear in the number of ranges.
    pub fn insert_range(&mut self, range: UidRange) {
        // Most sets are made in their order.
        match self.ranges.last_mut() {
            Some(last) if range.first <= last.last => {}
            Some(last) if last.last.next() == Some(range.first) => {
                last.last = range.last;
                return;
            }
            _ => return self.ranges.push(range),
        }
        let start = self
            .ranges
            .partition_point(|have| have.last.next().is_some_and(|after| after < range.first));
        let end = start
            + self.ranges[start..]
                .partition_point(|have| range.last.next().is_none_or(|after| have.first <= after));
        let merged = self.ranges[start..end].iter().fold(range, |all, have| UidRange {
            first: all.first.min(have.first),
            last: all.last.max(have.last),
        });
        self.ranges.splice(start..end, [merged]);
    }

    /// Whether it holds the UID. Logarithmic in the number of ranges.
    #[must_use]
    pub fn contains(&self, uid: Uid) -> bool {
        let at = self.ranges.partition_point(|range| range.last < uid);
        self.ranges.get(at).is_some_and(|range| range.contains(uid))
    }

    /// Whether it holds none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ranges.is_empty()
    }

    /// How many UIDs it holds.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.ranges.iter().map(|range| range.span()).sum()
    }

    /// The smallest.
    #[must_use]
    pub fn first(&self) -> Option<Uid> {
        self.ranges.first().map(|range| range.first)
    }

    /// The largest.
    #[must_use]
    pub fn last(&self) -> Option<Uid> {
        self.ranges.last().map(|range| range.last)
    }

    /// Its ranges, ascending.
    #[must_use]
    pub fn ranges(&self) -> &[UidRange] {
        &self.ranges
    }

    /// Its UIDs, ascending. Mind [`UidSet::all`]: intersect with what exists first.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = Uid> {
        self.ranges.iter().flat_map(|range| range.iter())
    }

    /// Those at these positions, the smallest being at 0. Linear in the number of ranges.
    #[must_use]
    pub fn at(&self, positions: Range<u64>) -> Self {
        let mut before = 0;
        let mut ranges = Vec::new();
        for range in &self.ranges {
            let cut = |position: u64| position.saturating_sub(before).min(range.span());
            ranges.extend(range.part(cut(positions.start)..cut(positions.end)));
            before += range.span();
        }
        Self { ranges }
    }

    /// Those in both sets.
    #[must_use]
    pub fn intersection(&self, other: &Self) -> Self {
        let (mut a, mut b) = (self.ranges.iter().peekable(), other.ranges.iter().peekable());
        let mut ranges = Vec::new();
        while let (Some(left), Some(right)) = (a.peek(), b.peek()) {
            let (first, last) = (left.first.max(right.first), left.last.min(right.last));
            if first <= last {
                ranges.push(UidRange { first, last });
            }
            if left.last < right.last {
                a.next();
            } else {
                b.next();
            }
        }
        Self { ranges }
    }

    /// Those in this set only.
    #[must_use]
    pub fn difference(&self, other: &Self) -> Self {
        self.intersection(&other.complement())
    }

    /// Those in either set.
    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        let (mut all, few) = if self.ranges.len() >= other.ranges.len() {
            (self.clone(), other)
        } else {
            (other.clone(), self)
        };
        few.ranges.iter().for_each(|range| all.insert_range(*range));
        all
    }

    fn complement(&self) -> Self {
        let mut ranges = Vec::with_capacity(self.ranges.len() + 1);
        let mut next = Some(Uid::MIN);
        for range in &self.ranges {
            if let (Some(first), Some(last)) = (next, range.first.previous())
                && first <= last
            {
                ranges.push(UidRange { first, last });
            }
            next = range.last.next();
        }
        if let Some(first) = next {
            ranges.push(UidRange { first, last: Uid::MAX });
        }
        Self { ranges }
    }
}

impl FromIterator<Uid> for UidSet {
    fn from_iter<I: IntoIterator<Item = Uid>>(uids: I) -> Self {
        let mut set = Self::new();
        let mut uids = uids.into_iter();
        let Some(first) = uids.next() else { return set };
        // Neighbours are put together before they are put in.
        let mut range = UidRange::new(first, first);
        uids.for_each(|uid| {
            if range.last.next() == Some(uid) {
                range.last = uid;
            } else {
                set.insert_range(std::mem::replace(&mut range, UidRange::new(uid, uid)));
            }
        });
        set.insert_range(range);
        set
    }
}

impl FromIterator<UidRange> for UidSet {
    fn from_iter<I: IntoIterator<Item = UidRange>>(ranges: I) -> Self {
        let mut set = Self::new();
        ranges.into_iter().for_each(|range| set.insert_range(range));
        set
    }
}

/// The form that IMAP has for sets: `1:3,7`. Nothing for the empty set, which the wire cannot carry.
impl fmt::Display for UidSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, range) in self.ranges.iter().enumerate() {
            let comma = if i == 0 { "" } else { "," };
            if range.first == range.last {
                write!(f, "{comma}{}", range.first)?;
            } else {
                write!(f, "{comma}{}:{}", range.first, range.last)?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    fn set(numbers: impl IntoIterator<Item = u32>) -> UidSet {
        numbers.into_iter().filter_map(Uid::new).collect()
    }

    #[test]
    fn ranges_merge_when_they_touch() {
        assert_eq!(set([1, 3, 2, 9, 8, 20]).to_string(), "1:3,8:9,20");
        let mut all = UidSet::all();
        all.insert(Uid::MAX);
        assert_eq!(all, UidSet::all());
    }

    #[test]
    fn it_agrees_with_a_plain_set() {
        // All pairs of subsets of 1..=7 are enough to meet every way in which ranges can lie.
        let members = |mask: u32| (1..=7u32).filter(move |i| mask >> (i - 1) & 1 == 1);
        for a in 0..128 {
            let (left, plain_left) = (set(members(a)), members(a).collect::<BTreeSet<_>>());
            assert_eq!(left.len(), plain_left.len() as u64);
            for b in 0..128 {
                let (right, plain_right) = (set(members(b)), members(b).collect::<BTreeSet<_>>());
                let both = plain_left.intersection(&plain_right).copied();
                assert_eq!(left.intersection(&right), set(both));
                assert_eq!(
                    left.difference(&right),
                    set(plain_left.difference(&plain_right).copied())
                );
                assert_eq!(left.union(&right), set(plain_left.union(&plain_right).copied()));
            }
            for (first, end) in (0..9).flat_map(|first| (0..9).map(move |end| (first, end))) {
                let between = plain_left.iter().copied().take(end).skip(first);
                assert_eq!(left.at(first as u64..end as u64), set(between));
            }
        }
    }
}
