//! What is wrong with input that is not what the grammar says.

use crate::Tag;
use std::fmt;

/// Input that no rule of the grammar accepts. The server's answer is BAD (RFC 9051 §7.1.3).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Malformed {
    /// The command's tag, if it could be read; without one the answer is untagged.
    pub tag: Option<Tag>,
    /// Where in the input, in octets.
    pub offset: usize,
    /// What was expected there, as words to put after "expected".
    pub expected: &'static str,
    /// The kind of trouble.
    pub kind: MalformedKind,
}

/// Kinds of malformed input.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum MalformedKind {
    /// The command's name is none that is known.
    UnknownCommand,
    /// The grammar has something else at this place.
    Syntax,
    /// It is longer, deeper or more than the limit that is named (see [`crate::limits`]).
    TooMuch(&'static str),
}

impl Malformed {
    /// A syntax error.
    pub(crate) fn syntax(offset: usize, expected: &'static str) -> Self {
        Self { tag: None, offset, expected, kind: MalformedKind::Syntax }
    }

    /// More than a limit allows.
    pub(crate) fn too_much(offset: usize, limit: &'static str) -> Self {
        Self { tag: None, offset, expected: "less", kind: MalformedKind::TooMuch(limit) }
    }

    pub(crate) fn with_tag(self, tag: &Tag) -> Self {
        Self { tag: Some(tag.clone()), ..self }
    }
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            MalformedKind::UnknownCommand => f.write_str("unknown command"),
            MalformedKind::Syntax => write!(f, "expected {} at {}", self.expected, self.offset),
            MalformedKind::TooMuch(limit) => write!(f, "too much: {limit}"),
        }
    }
}

impl std::error::Error for Malformed {}
