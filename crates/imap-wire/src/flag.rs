//! Flags as a client sends them.

use rookery_mail::Flag;

/// A flag in a command: one that can be set, or one that the server has to refuse.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum WireFlag {
    /// One that can be set.
    Flag(Flag),
    /// `\Recent`, which only servers set (RFC 3501 §2.3.2).
    Recent,
    /// A system flag that is not known, or a keyword that is too long, as it was sent.
    Unknown(Vec<u8>),
}
