//! Numbers that name things.

use crate::limits::LATEST_CLOCK;
use std::fmt;
use std::num::NonZeroU32;

/// A message's unique identifier in its mailbox (RFC 9051 §2.3.1.1). Grows, is never used twice.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Uid(NonZeroU32);

impl Uid {
    /// The smallest UID.
    pub const MIN: Self = Self(NonZeroU32::MIN);
    /// The largest UID that the wire can carry.
    pub const MAX: Self = Self(NonZeroU32::MAX);

    /// A UID of a number, unless it is 0.
    #[must_use]
    pub fn new(number: u32) -> Option<Self> {
        NonZeroU32::new(number).map(Self)
    }

    /// The number.
    #[must_use]
    pub fn get(self) -> u32 {
        self.0.get()
    }

    /// The next larger UID, if there is one.
    #[must_use]
    pub fn next(self) -> Option<Self> {
        self.0.checked_add(1).map(Self)
    }

    /// The next smaller UID, if there is one.
    #[must_use]
    pub fn previous(self) -> Option<Self> {
        Self::new(self.get() - 1)
    }
}

impl fmt::Display for Uid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A mailbox's UIDVALIDITY (RFC 9051 §2.3.1.1): with the name and the UID it names a message for ever.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct UidValidity(NonZeroU32);

impl UidValidity {
    /// The smallest one, 1.
    pub const MIN: Self = Self(NonZeroU32::MIN);

    /// A UIDVALIDITY of a number, unless it is 0.
    #[must_use]
    pub fn new(number: u32) -> Option<Self> {
        NonZeroU32::new(number).map(Self)
    }

    /// The one that the clock suggests, by its seconds since 1970. A clock that is far ahead for once must not use up the numbers
    /// behind it, for no mailbox could be made ever after: what it says counts up to [`LATEST_CLOCK`].
    #[must_use]
    pub fn suggested_by(seconds: i64) -> Self {
        let seconds = u32::try_from(seconds).unwrap_or(if seconds < 0 { 0 } else { LATEST_CLOCK });
        Self::new(seconds.min(LATEST_CLOCK)).unwrap_or(Self::MIN)
    }

    /// The number.
    #[must_use]
    pub fn get(self) -> u32 {
        self.0.get()
    }
}

impl fmt::Display for UidValidity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A modification sequence (RFC 7162 §3.1): one counter per account that every change advances.
/// At most 63 bits, as the wire demands. Zero is "before everything".
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct ModSeq(u64);

impl ModSeq {
    /// Before everything.
    pub const ZERO: Self = Self(0);
    /// The largest one that the wire can carry.
    pub const MAX: Self = Self(i64::MAX as u64);

    /// A modification sequence of a number, unless it needs more than 63 bits.
    #[must_use]
    pub fn new(number: u64) -> Option<Self> {
        (number <= Self::MAX.0).then_some(Self(number))
    }

    /// The number.
    #[must_use]
    pub fn get(self) -> u64 {
        self.0
    }

    /// The following one.
    ///
    /// # Panics
    /// After 2^63 changes.
    #[must_use]
    pub fn next(self) -> Self {
        assert!(self < Self::MAX, "an account ran out of modification sequences");
        Self(self.0 + 1)
    }
}

impl fmt::Display for ModSeq {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

macro_rules! object_id {
    ($(#[$doc:meta])* $name:ident, $prefix:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        pub struct $name(pub u64);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!($prefix, "{:x}"), self.0)
            }
        }

        impl $name {
            /// The id of its printed form, and of no other: ids that differ in case are different ids.
            #[must_use]
            pub fn parse(text: &[u8]) -> Option<Self> {
                let digits = std::str::from_utf8(text).ok()?.strip_prefix($prefix)?;
                let id = Self(u64::from_str_radix(digits, 16).ok()?);
                (id.to_string().as_bytes() == text).then_some(id)
            }
        }
    };
}

object_id!(
    /// A mailbox's stable id (RFC 8474 §4): survives renaming, is never used twice in an account.
    MailboxId,
    "M"
);
object_id!(
    /// The id of a message's immutable content (RFC 8474 §5.1): all copies share it.
    EmailId,
    "E"
);
object_id!(
    /// The id of a thread (RFC 8474 §5.2): that of the content of its first message, as a number.
    ThreadId,
    "T"
);

#[cfg(test)]
mod tests {
    use super::*;

    // proves: 8474/7/c 8474/8.1/a
    #[test]
    fn an_object_id_cannot_be_taken_for_anything_else() {
        for number in [0, 9, 0x1e9, 0x2fff, u64::MAX] {
            for id in [
                MailboxId(number).to_string(),
                EmailId(number).to_string(),
                ThreadId(number).to_string(),
            ] {
                assert!(id.starts_with(|first: char| first.is_ascii_uppercase()), "{id}");
                let is_digit = |rest: char| matches!(rest, '0'..='9' | 'a'..='f');
                assert!(id.len() > 1 && id.chars().skip(1).all(is_digit), "{id}");
            }
        }
    }

    // proves: 8474/7/b
    #[test]
    fn an_object_id_is_read_as_it_is_printed() {
        for number in [0, 1, 0xbeef, u64::MAX] {
            assert_eq!(
                ThreadId::parse(ThreadId(number).to_string().as_bytes()),
                Some(ThreadId(number))
            );
        }
        for text in
            ["", "T", "t1", "TA", "T01", "T+1", "E1", "1", "T1 ", "T10000000000000000", "T\u{661}"]
        {
            assert_eq!(ThreadId::parse(text.as_bytes()), None, "{text}");
        }
        assert_eq!(ThreadId::parse(b"T\xff"), None);
    }

    #[test]
    fn a_clock_counts_up_to_its_limit() {
        let suggested = |seconds| UidValidity::suggested_by(seconds).get();
        assert_eq!([i64::MIN, -1, 0, 1, 1_800_000_000].map(suggested), [1, 1, 1, 1, 1_800_000_000]);
        let latest = i64::from(LATEST_CLOCK);
        assert_eq!(
            [latest, latest + 1, i64::from(u32::MAX) + 1, i64::MAX].map(suggested),
            [LATEST_CLOCK; 4]
        );
    }
}
