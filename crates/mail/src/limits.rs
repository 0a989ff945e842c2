//! Every bound of names, by name.

/// The longest name of a mailbox, in octets of UTF-8.
pub const MAX_NAME_LEN: usize = 1000;

/// The deepest name of a mailbox, in levels.
pub const MAX_NAME_DEPTH: usize = 50;

/// The longest keyword, in octets.
pub const MAX_KEYWORD_LEN: usize = 100;
