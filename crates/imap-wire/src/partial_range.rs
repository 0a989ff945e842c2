//! Pages of results (RFC 9394 §4: `partial-range`).

use std::num::NonZeroU32;
use std::ops::Range;

/// Which of the results are wanted, by their positions from 1 on. The ends are as they were written, for the answer
/// repeats them; which of them is the larger one does not matter.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum PartialRange {
    /// `1:100`, counted from the lowest UID.
    First(NonZeroU32, NonZeroU32),
    /// `-1:-100`, counted from the highest UID.
    Last(NonZeroU32, NonZeroU32),
}

impl PartialRange {
    /// The positions among so many results, from 0 on and with the lowest UID first; empty if there are not so many.
    #[must_use]
    pub fn positions(self, count: u64) -> Range<u64> {
        let (Self::First(one, other) | Self::Last(one, other)) = self;
        let before = u64::from(one.min(other).get() - 1).min(count);
        let end = u64::from(one.max(other).get()).min(count);
        match self {
            Self::First(..) => before..end,
            Self::Last(..) => count - end..count - before,
        }
    }
}
