//! Every bound of names, by name.

/// The longest name of a mailbox, in octets of UTF-8.
/// Held by `bad_names_are_refused`, `faults/limits`.
pub const MAX_NAME_LEN: usize = 1000;

/// The deepest name of a mailbox, in levels.
/// Held by `bad_names_are_refused`, `faults/deep-create`.
pub const MAX_NAME_DEPTH: usize = 50;

/// The longest keyword, in octets.
/// Held by `flags_are_parsed_in_any_case`, `faults/limits`.
pub const MAX_KEYWORD_LEN: usize = 100;

/// The latest time that becomes a UIDVALIDITY, in seconds since 1970: the year 2100. There are 192 million numbers behind it, which
/// are counted through one by one.
/// Held by `a_clock_counts_up_to_its_limit`.
pub const LATEST_CLOCK: u32 = 4_102_444_800;
