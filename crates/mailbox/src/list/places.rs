//! Sets of places in a pattern, as bits.

const WORD: usize = u64::BITS as usize;

#[derive(Clone, Debug)]
pub(super) struct Places(Vec<u64>);

impl Places {
    /// The empty set of places from 0 to `end`, both included.
    pub(super) fn none(end: usize) -> Self {
        Self(vec![0; end / WORD + 1])
    }

    /// Add a place, which must not lie after the end.
    pub(super) fn insert(&mut self, place: usize) {
        if let Some(word) = self.0.get_mut(place / WORD) {
            *word |= 1 << (place % WORD);
        }
    }

    pub(super) fn contains(&self, place: usize) -> bool {
        self.0.get(place / WORD).is_some_and(|word| word >> (place % WORD) & 1 == 1)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.iter().all(|word| *word == 0)
    }

    /// Keep those that are in the other set too.
    pub(super) fn retain(&mut self, other: &Self) {
        self.0.iter_mut().zip(&other.0).for_each(|(word, other)| *word &= other);
    }

    /// Add those of the other set.
    pub(super) fn unite(&mut self, other: &Self) {
        self.0.iter_mut().zip(&other.0).for_each(|(word, other)| *word |= other);
    }

    /// Move each place on by one.
    pub(super) fn shift(&mut self) {
        let mut carry = 0;
        for word in &mut self.0 {
            let top = *word >> (WORD - 1);
            *word = *word << 1 | carry;
            carry = top;
        }
    }
}
