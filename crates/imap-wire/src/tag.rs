//! Command tags.

use crate::limits;
use crate::parse::is_tag_char;
use std::fmt;

/// The tag of a command, with which its completion is marked (RFC 9051 §2.2.1).
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Tag(Box<str>);

impl Tag {
    /// A tag of its text: one to [`limits::TAG`] octets of `ASTRING-CHAR` other than `+` (RFC 9051 §9).
    #[must_use]
    pub fn new(text: &[u8]) -> Option<Self> {
        let valid = !text.is_empty() && text.len() <= limits::TAG;
        (valid && text.iter().copied().all(is_tag_char))
            .then(|| Self(text.iter().copied().map(char::from).collect()))
    }

    /// The tag with which a command begins: all up to the first space, or there is none to answer to.
    pub(crate) fn of_command(command: &[u8]) -> Option<Self> {
        let end = command.iter().position(|b| *b == b' ').unwrap_or(command.len());
        command.get(..end).and_then(Self::new)
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
