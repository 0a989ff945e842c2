//! Flags and keywords (RFC 9051 §2.3.2).

use crate::limits::MAX_KEYWORD_LEN;
use std::fmt;
use std::hash::{Hash, Hasher};

/// A flag whose meaning the protocol fixes. `\Recent` is not among them: it belongs to a session, not to a message.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[repr(u8)]
pub enum SystemFlag {
    /// Message has been read.
    Seen = 1,
    /// Message has been answered.
    Answered = 2,
    /// Message is marked for attention.
    Flagged = 4,
    /// Message goes with the next EXPUNGE.
    Deleted = 8,
    /// Message is not finished.
    Draft = 16,
}

impl SystemFlag {
    /// All of them, in the order in which they are printed.
    pub const ALL: [Self; 5] =
        [Self::Answered, Self::Flagged, Self::Deleted, Self::Seen, Self::Draft];

    /// The wire form.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Seen => "\\Seen",
            Self::Answered => "\\Answered",
            Self::Flagged => "\\Flagged",
            Self::Deleted => "\\Deleted",
            Self::Draft => "\\Draft",
        }
    }
}

/// A set of system flags in one byte; what the bits mean is fixed for ever, since files hold it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct SystemFlags(u8);

impl SystemFlags {
    /// No flag.
    pub const NONE: Self = Self(0);

    /// The set of the bits that are known; the others are dropped.
    #[must_use]
    pub fn from_bits(bits: u8) -> Self {
        Self(bits & 31)
    }

    /// The bits.
    #[must_use]
    pub fn bits(self) -> u8 {
        self.0
    }

    /// Whether the flag is set.
    #[must_use]
    pub fn contains(self, flag: SystemFlag) -> bool {
        self.0 & flag as u8 != 0
    }

    /// Set the flag.
    pub fn insert(&mut self, flag: SystemFlag) {
        self.0 |= flag as u8;
    }

    /// Clear the flag.
    pub fn remove(&mut self, flag: SystemFlag) {
        self.0 &= !(flag as u8);
    }

    /// Those in either set.
    #[must_use]
    pub fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Those in this set only.
    #[must_use]
    pub fn difference(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// Those that are set, in the order in which they are printed.
    pub fn iter(self) -> impl Iterator<Item = SystemFlag> {
        SystemFlag::ALL.into_iter().filter(move |flag| self.contains(*flag))
    }
}

impl FromIterator<SystemFlag> for SystemFlags {
    fn from_iter<I: IntoIterator<Item = SystemFlag>>(flags: I) -> Self {
        let mut set = Self::NONE;
        flags.into_iter().for_each(|flag| set.insert(flag));
        set
    }
}

/// A keyword: a flag whose meaning clients agree upon, such as `$Forwarded`.
///
/// Keywords differing in ASCII case only are the same keyword; the spelling that came first is kept.
#[derive(Clone, Debug)]
pub struct Keyword(Box<str>);

impl Keyword {
    /// A keyword of its wire form: an atom (RFC 9051 §9, `flag-keyword`) of at most [`MAX_KEYWORD_LEN`] octets.
    ///
    /// # Errors
    /// When it is no atom, or too long.
    pub fn new(text: &str) -> Result<Self, FlagError> {
        if text.len() > MAX_KEYWORD_LEN {
            return Err(FlagError::TooLong);
        }
        let is_atom_char = |b: u8| b.is_ascii_graphic() && !b"(){%*\"\\]".contains(&b);
        if text.is_empty() || !text.bytes().all(is_atom_char) {
            return Err(FlagError::NotAnAtom);
        }
        Ok(Self(text.into()))
    }

    /// The spelling.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl PartialEq for Keyword {
    fn eq(&self, other: &Self) -> bool {
        self.0.eq_ignore_ascii_case(&other.0)
    }
}

impl Eq for Keyword {}

impl Hash for Keyword {
    fn hash<H: Hasher>(&self, state: &mut H) {
        for byte in self.0.bytes() {
            byte.to_ascii_lowercase().hash(state);
        }
    }
}

impl fmt::Display for Keyword {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A flag that a client can set on a message.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Flag {
    /// One that the protocol defines.
    System(SystemFlag),
    /// One that clients agree upon.
    Keyword(Keyword),
}

/// Why a text is no flag.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FlagError {
    /// It has a character that atoms do not have, or none at all.
    NotAnAtom,
    /// It is longer than [`MAX_KEYWORD_LEN`].
    TooLong,
    /// It begins with a backslash but is no system flag that can be set (`\Recent` cannot).
    UnknownSystemFlag,
}

impl fmt::Display for FlagError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotAnAtom => "a flag is an atom",
            Self::TooLong => "a keyword is too long",
            Self::UnknownSystemFlag => "no such system flag, or not one that can be set",
        })
    }
}

impl std::error::Error for FlagError {}

impl Flag {
    /// A flag of its wire form, in any case.
    ///
    /// # Errors
    /// See [`FlagError`].
    pub fn parse(text: &str) -> Result<Self, FlagError> {
        if !text.starts_with('\\') {
            return Keyword::new(text).map(Self::Keyword);
        }
        SystemFlag::ALL
            .into_iter()
            .find(|flag| flag.as_str().eq_ignore_ascii_case(text))
            .map(Self::System)
            .ok_or(FlagError::UnknownSystemFlag)
    }

    /// The wire form.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::System(flag) => flag.as_str(),
            Self::Keyword(keyword) => keyword.as_str(),
        }
    }
}

impl fmt::Display for Flag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_are_parsed_in_any_case() {
        assert_eq!(Flag::parse("\\sEEN"), Ok(Flag::System(SystemFlag::Seen)));
        assert_eq!(Flag::parse("$FORWARDED"), Flag::parse("$Forwarded"));
        assert_eq!(Flag::parse("\\Recent"), Err(FlagError::UnknownSystemFlag));
        assert_eq!(Flag::parse("a b"), Err(FlagError::NotAnAtom));
        assert_eq!(Flag::parse("grüße"), Err(FlagError::NotAnAtom));
        assert_eq!(Flag::parse(&"k".repeat(MAX_KEYWORD_LEN + 1)), Err(FlagError::TooLong));
    }

    #[test]
    fn a_set_holds_what_was_put_in() {
        let mut set: SystemFlags = [SystemFlag::Seen, SystemFlag::Draft].into_iter().collect();
        assert!(set.contains(SystemFlag::Draft) && !set.contains(SystemFlag::Flagged));
        set.remove(SystemFlag::Draft);
        assert_eq!(set.iter().collect::<Vec<_>>(), [SystemFlag::Seen]);
        assert_eq!(SystemFlags::from_bits(0xff).iter().count(), 5);
    }
}
