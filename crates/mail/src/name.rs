//! Mailbox names as they are stored: UTF-8 with one hierarchy delimiter.

use crate::limits::{MAX_NAME_DEPTH, MAX_NAME_LEN};
use std::borrow::Borrow;
use std::fmt;

/// What stands between the levels of a name.
pub const DELIMITER: char = '/';
/// The one name that every account has; equal in any case (RFC 9051 §5.1).
pub const INBOX: &str = "INBOX";

/// The name of a mailbox: one to [`MAX_NAME_DEPTH`] non-empty levels, no control characters,
/// `INBOX` as first level in capitals. Whether the text is in NFC is for the caller to see to.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct MailboxName(Box<str>);

/// Why a text is no mailbox name.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum NameError {
    /// It is empty, or one of its levels is.
    EmptyLevel,
    /// It is longer than [`MAX_NAME_LEN`].
    TooLong,
    /// It is deeper than [`MAX_NAME_DEPTH`].
    TooDeep,
    /// It has a character that would break a line, or that nobody can see.
    ForbiddenCharacter,
    /// It begins with `#`, which namespaces are marked with (RFC 9051 §5.1.2).
    NamespacePrefix,
}

impl fmt::Display for NameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::EmptyLevel => "a level of the mailbox name is empty",
            Self::TooLong => "the mailbox name is too long",
            Self::TooDeep => "the mailbox name has too many levels",
            Self::ForbiddenCharacter => "the mailbox name has a forbidden character",
            Self::NamespacePrefix => "a mailbox name cannot begin with #",
        })
    }
}

impl std::error::Error for NameError {}

impl MailboxName {
    /// A name of its text.
    ///
    /// # Errors
    /// See [`NameError`].
    pub fn new(text: &str) -> Result<Self, NameError> {
        if text.len() > MAX_NAME_LEN {
            return Err(NameError::TooLong);
        }
        if text.chars().any(is_forbidden) {
            return Err(NameError::ForbiddenCharacter);
        }
        if text.starts_with('#') {
            return Err(NameError::NamespacePrefix);
        }
        if text.split(DELIMITER).any(str::is_empty) {
            return Err(NameError::EmptyLevel);
        }
        if text.split(DELIMITER).count() > MAX_NAME_DEPTH {
            return Err(NameError::TooDeep);
        }
        let (first, rest) = text.split_at(text.find(DELIMITER).unwrap_or(text.len()));
        if first.eq_ignore_ascii_case(INBOX) {
            return Ok(Self(format!("{INBOX}{rest}").into()));
        }
        Ok(Self(text.into()))
    }

    /// The name of every account's inbox.
    #[must_use]
    pub fn inbox() -> Self {
        Self(INBOX.into())
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether this is the inbox itself.
    #[must_use]
    pub fn is_inbox(&self) -> bool {
        &*self.0 == INBOX
    }

    /// The name one level up.
    #[must_use]
    pub fn parent(&self) -> Option<Self> {
        self.0.rfind(DELIMITER).map(|end| Self(self.0[..end].into()))
    }

    /// The names above this one, the highest first.
    pub fn ancestors(&self) -> impl Iterator<Item = Self> {
        self.0.match_indices(DELIMITER).map(|(end, _)| Self(self.0[..end].into()))
    }

    /// Whether this name lies anywhere below the other.
    #[must_use]
    pub fn is_below(&self, other: &Self) -> bool {
        self.0.strip_prefix(&*other.0).is_some_and(|rest| rest.starts_with(DELIMITER))
    }

    /// The name that this one has after `from`, itself or a name above it, is renamed to `to`.
    ///
    /// # Errors
    /// When the new name would be too long or too deep.
    pub fn moved(&self, from: &Self, to: &Self) -> Result<Option<Self>, NameError> {
        if self == from {
            return Ok(Some(to.clone()));
        }
        if !self.is_below(from) {
            return Ok(None);
        }
        Self::new(&format!("{}{}", to.0, &self.0[from.0.len()..])).map(Some)
    }
}

/// So that sorted collections of names can be asked for a range of texts.
impl Borrow<str> for MailboxName {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for MailboxName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Control characters and line separators (RFC 5198 §2 by way of RFC 9051 §5.1).
fn is_forbidden(c: char) -> bool {
    c.is_control() || matches!(c, '\u{2028}' | '\u{2029}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> MailboxName {
        MailboxName::new(text).unwrap()
    }

    #[test]
    fn inbox_is_one_name_in_any_case() {
        assert_eq!(name("inBox"), MailboxName::inbox());
        assert_eq!(name("inbox/Sub").as_str(), "INBOX/Sub");
        assert_eq!(name("Inboxes").as_str(), "Inboxes");
        assert_eq!(name("a/inbox").as_str(), "a/inbox");
    }

    #[test]
    fn bad_names_are_refused() {
        for (text, error) in [
            ("", NameError::EmptyLevel),
            ("/a", NameError::EmptyLevel),
            ("a//b", NameError::EmptyLevel),
            ("a\r\nb", NameError::ForbiddenCharacter),
            ("a\u{2028}b", NameError::ForbiddenCharacter),
            ("#news", NameError::NamespacePrefix),
        ] {
            assert_eq!(MailboxName::new(text), Err(error), "{text:?}");
        }
        assert_eq!(MailboxName::new(&"x".repeat(1001)), Err(NameError::TooLong));
        assert_eq!(MailboxName::new(&format!("{}z", "a/".repeat(50))), Err(NameError::TooDeep));
    }

    #[test]
    fn names_know_their_place() {
        assert_eq!(name("a/b/c").parent(), Some(name("a/b")));
        assert_eq!(name("a/b/c").ancestors().collect::<Vec<_>>(), [name("a"), name("a/b")]);
        assert!(name("a/b").is_below(&name("a")) && !name("ab").is_below(&name("a")));
        assert_eq!(name("a/b").moved(&name("a"), &name("x/y")), Ok(Some(name("x/y/b"))));
        assert_eq!(name("ab").moved(&name("a"), &name("x")), Ok(None));
    }
}
