//! For each message of a mailbox the flags that later changes set or take away, whatever they are before.

use rookery_mail::{Uid, UidRange};
use rookery_mailbox::{FlagOperation, FlagSet};
use std::collections::BTreeMap;

/// Flags, each by its bit.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Bits {
    system: u8,
    /// Halves, for these lie closer together in memory than the whole.
    keywords: [u64; 2],
}

impl Bits {
    pub(super) const ALL: Self = Self { system: u8::MAX, keywords: [u64::MAX; 2] };

    /// Those that are not what they were before, whatever that was, after a change.
    pub(super) fn of(operation: FlagOperation, flags: FlagSet) -> Self {
        match operation {
            FlagOperation::Replace => Self::ALL,
            FlagOperation::Add | FlagOperation::Remove => {
                let FlagSet { system, keywords } = flags;
                let half = |shift: u32| u64::try_from(keywords >> shift & u128::from(u64::MAX));
                let keywords = [half(0).unwrap_or_default(), half(64).unwrap_or_default()];
                Self { system: system.bits(), keywords }
            }
        }
    }

    pub(super) fn is_empty(self) -> bool {
        self == Self::default()
    }

    fn union(self, other: Self) -> Self {
        let [low, high] = self.keywords;
        let [other_low, other_high] = other.keywords;
        let system = self.system | other.system;
        Self { system, keywords: [low | other_low, high | other_high] }
    }

    fn contains(self, other: Self) -> bool {
        self.union(other) == self
    }
}

/// Neighbours of which the same is known.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Span {
    last: u32,
    bits: Bits,
}

/// What is overwritten later, by the first UID of each span. Spans do not overlap, and of neighbours not the same is known.
#[derive(Default)]
pub(super) struct Overwritten {
    spans: BTreeMap<u32, Span>,
}

impl Overwritten {
    /// How many spans there are.
    pub(super) fn len(&self) -> usize {
        self.spans.len()
    }

    /// These flags of these messages are overwritten here. Adds to `needed` the messages of which not all of them are
    /// overwritten later; returns how many spans were looked at.
    pub(super) fn overwrite(
        &mut self,
        range: UidRange,
        bits: Bits,
        needed: &mut Vec<UidRange>,
    ) -> usize {
        let last = range.last().get();
        let taken = self.take(range);
        let count = taken.len();
        let nothing = |last| Span { last, bits: Bits::default() };
        let mut next = Some(range.first().get());
        for (first, span) in taken {
            if let Some(at) = next.filter(|at| *at < first) {
                self.put((at, nothing(first - 1)), bits, needed);
            }
            self.put((first, span), bits, needed);
            next = span.last.checked_add(1);
        }
        if let Some(at) = next.filter(|at| *at <= last) {
            self.put((at, nothing(last)), bits, needed);
        }
        self.join(last);
        count + 1
    }

    /// These messages are looked at here, with the flags that they have. Returns how many spans were looked at.
    pub(super) fn read(&mut self, range: UidRange) -> usize {
        self.take(range).len() + 1
    }

    fn put(&mut self, (first, span): (u32, Span), bits: Bits, needed: &mut Vec<UidRange>) {
        if !span.bits.contains(bits) {
            needed
                .extend(Uid::new(first).zip(Uid::new(span.last)).map(|(a, b)| UidRange::new(a, b)));
        }
        let span = Span { bits: span.bits.union(bits), ..span };
        match self.spans.range_mut(..first).next_back() {
            Some((_, before)) if before.bits == span.bits && before.last + 1 == first => {
                before.last = span.last;
            }
            _ => drop(self.spans.insert(first, span)),
        }
    }

    /// Make one of the spans before and behind this UID if they say the same.
    fn join(&mut self, last: u32) {
        let Some(next) = last.checked_add(1) else { return };
        let Some(behind) = self.spans.get(&next).copied() else { return };
        if let Some((_, before)) = self.spans.range_mut(..next).next_back()
            && before.last == last
            && before.bits == behind.bits
        {
            before.last = behind.last;
            self.spans.remove(&next);
        }
    }

    /// Take out all that is known of these messages.
    fn take(&mut self, range: UidRange) -> Vec<(u32, Span)> {
        let (first, last) = (range.first().get(), range.last().get());
        let mut taken = Vec::new();
        if let Some((_, span)) = self.spans.range_mut(..first).next_back()
            && span.last >= first
        {
            taken.push((first, *span));
            span.last = first - 1;
        }
        taken.extend(self.spans.range(first..=last).map(|(first, span)| (*first, *span)));
        for (first, span) in &mut taken {
            self.spans.remove(first);
            if span.last > last {
                self.spans.insert(last + 1, *span);
                span.last = last;
            }
        }
        taken
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rookery_mail::{SystemFlags, UidSet};

    fn flags(bits: u8) -> FlagSet {
        let system = SystemFlags::from_bits(bits);
        FlagSet { system, keywords: u128::from(bits >> 3) << 63 }
    }

    #[test]
    fn what_a_change_overwrites() {
        let bits = |operation, it| Bits::of(operation, flags(it));
        assert_eq!(bits(FlagOperation::Replace, 0), Bits::ALL);
        assert!(bits(FlagOperation::Add, 0).is_empty());
        assert!(!bits(FlagOperation::Remove, 0b1000).is_empty());
        assert_eq!(bits(FlagOperation::Add, 0b1_1001).keywords, [1 << 63, 1]);
    }

    /// Spans of UIDs up to the largest, in two places.
    fn span() -> impl Strategy<Value = UidRange> {
        let uid = |at: u32| Uid::new(if at > 20 { u32::MAX - 40 + at } else { at + 1 }).unwrap();
        (0..=40u32, 0..=40u32).prop_map(move |(a, b)| UidRange::new(uid(a), uid(b)))
    }

    proptest! {
        /// One message at a time says the same.
        #[test]
        fn spans_say_what_single_messages_do(
            steps in prop::collection::vec((span(), prop::option::of(0..32u8)), 1..40),
        ) {
            let probes = (1..22).chain(u32::MAX - 20..=u32::MAX).filter_map(Uid::new);
            let probes: Vec<Uid> = probes.collect();
            let mut each: BTreeMap<Uid, Bits> = BTreeMap::new();
            let mut overwritten = Overwritten::default();
            for (range, change) in steps {
                let bits = change.map(|it| Bits::of(FlagOperation::Add, flags(it)));
                let Some(bits) = bits.filter(|bits| !bits.is_empty()) else {
                    overwritten.read(range);
                    each.retain(|uid, _| !range.contains(*uid));
                    continue;
                };
                let mut needed = Vec::new();
                overwritten.overwrite(range, bits, &mut needed);
                let needed: UidSet = needed.into_iter().collect();
                for uid in probes.iter().copied().filter(|uid| range.contains(*uid)) {
                    let later = each.entry(uid).or_default();
                    prop_assert_eq!(needed.contains(uid), !later.contains(bits));
                    *later = later.union(bits);
                }
                let spans: Vec<(u32, Span)> = overwritten.spans.iter().map(|(a, b)| (*a, *b)).collect();
                for pair in spans.windows(2) {
                    let ((_, one), (next, other)) = (pair[0], pair[1]);
                    prop_assert!(one.last < next && (one.last + 1 < next || one.bits != other.bits));
                }
                for uid in &probes {
                    let at = spans.iter().find(|(a, span)| *a <= uid.get() && uid.get() <= span.last);
                    let bits = at.map_or(Bits::default(), |(_, span)| span.bits);
                    prop_assert_eq!(bits, each.get(uid).copied().unwrap_or_default());
                }
            }
        }
    }
}
