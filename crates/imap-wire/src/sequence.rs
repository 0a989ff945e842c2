//! Sets of message numbers or UIDs as commands have them (RFC 9051 §9: `sequence-set`).

use std::num::NonZeroU32;

/// Which messages a command is about.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum SequenceSet {
    /// `$`: the result of the last search that was saved (RFC 9051 §6.4.4.1).
    Saved,
    /// Ranges, in the order in which they were written; at least one.
    Set(Vec<SequenceRange>),
}

/// A range between two numbers in any order; a single number is a range from it to itself.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct SequenceRange {
    /// What stood before the colon.
    pub from: SeqNumber,
    /// What stood after the colon.
    pub to: SeqNumber,
}

/// A message number or UID, or the largest one there is.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum SeqNumber {
    /// A number.
    Number(NonZeroU32),
    /// `*`, the largest number in use.
    Star,
}

impl SeqNumber {
    /// The number, `star` for `*`.
    fn resolve(self, star: u32) -> u32 {
        match self {
            Self::Number(number) => number.get(),
            Self::Star => star,
        }
    }
}

impl From<NonZeroU32> for SequenceRange {
    fn from(number: NonZeroU32) -> Self {
        Self { from: SeqNumber::Number(number), to: SeqNumber::Number(number) }
    }
}

impl SequenceSet {
    /// The numbers as sorted ranges that neither overlap nor touch, both ends included. `*` is `star`, the largest
    /// number in use; when there is none, `star` is 0 and ranges with `*` hold nothing.
    ///
    /// Empty for [`SequenceSet::Saved`], which only the session can resolve.
    #[must_use]
    pub fn resolve(&self, star: u32) -> Vec<(u32, u32)> {
        let Self::Set(ranges) = self else { return Vec::new() };
        let mut plain: Vec<(u32, u32)> = ranges
            .iter()
            .map(|range| (range.from.resolve(star), range.to.resolve(star)))
            .filter(|(from, to)| *from != 0 && *to != 0)
            .map(|(from, to)| (from.min(to), from.max(to)))
            .collect();
        plain.sort_unstable();
        plain.dedup_by(|next, kept| {
            let joined = next.0 <= kept.1.saturating_add(1);
            if joined {
                kept.1 = kept.1.max(next.1);
            }
            joined
        });
        plain
    }
}
