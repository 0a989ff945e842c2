//! Every depth, size and count that this crate bounds, in one place.

/// Octets of one command, inlined literals included. Large enough for a search program or a set of UIDs that a
/// client writes out in full (RFC 7162 §4 asks for 8192), small enough to hold for each connection.
/// Held by `the_octets_of_kept_literals_count`.
pub const COMMAND: usize = 64 * 1024;

/// Octets that a command takes in memory once it is read, unless its reader has less room: a set of a few octets on the
/// wire has sixteen for each range, a list fifty for each name.
/// Held by `what_takes_more_room_than_there_is_is_refused`.
pub const VALUE: usize = 2 * 1024 * 1024;

/// Octets that each string takes besides its own: where it is, how long it is, and what the allocator adds. Tuning.
pub const STRING_OVERHEAD: usize = 48;

/// Octets of one line of a command, up to its CRLF or its literal.
/// Held by `a_line_without_end_is_not_held`.
pub const LINE: usize = 64 * 1024;

/// Literals inlined into one command. Each costs the client a line, so that more than a few are never seen.
/// Held by `many_literals_are_too_many`.
pub const LITERALS: usize = 128;

/// Octets of the largest non-synchronizing literal by default (RFC 7888 §5: LITERAL-).
/// Held by `a_literal_that_nobody_waits_for_has_a_size`.
pub const NON_SYNC_LITERAL: u64 = 4096;

/// Digits of a literal's size in a command or response that is read as a value. The framer takes any number of them, adds up to no
/// more than 2^63, and hands commands on with the least digits.
/// Held by `the_size_of_a_literal_has_so_many_digits`.
pub const LITERAL_DIGITS: usize = 20;

/// Octets by which a buffer grows at least: it has never much more than what is in it. Tuning.
pub const GROWTH: usize = 512;

/// Octets of capacity that an emptied buffer keeps; larger ones are given back, for idle connections are many.
/// Held by `an_emptied_buffer_gives_its_memory_back`.
pub const IDLE_CAPACITY: usize = 4096;

/// Octets of a tag, which is echoed and kept while its command runs.
/// Held by `tags_have_a_length`.
pub const TAG: usize = 1000;

/// Ranges in one sequence set. A full command of five-digit UIDs has fewer.
/// Held by `long_lists_are_refused`, `answers_with_many_ranges_are_refused`.
pub const SEQUENCE_RANGES: usize = 16_384;

/// Nesting of search keys, that of the fuzziest generated filters known being about 10.
/// Held by `deep_and_wide_programs_are_refused_without_using_up_the_stack`.
pub const SEARCH_DEPTH: usize = 50;

/// Search keys in one program: each is looked at for each message.
/// Held by `deep_and_wide_programs_are_refused_without_using_up_the_stack`.
pub const SEARCH_KEYS: usize = 1000;

/// Items, names or flags in one parenthesised list, header field names included.
/// Held by `long_lists_are_refused`.
pub const LIST_ITEMS: usize = 1000;

/// Numbers in a part's path, `1.2.3`. Deeper parts than this do not exist (see the `mime` crate's own limit).
/// Held by `long_lists_are_refused`.
pub const PATH_NUMBERS: usize = 100;

/// Messages in one command held as a whole value; those of a streamed MULTIAPPEND are the connection's to count.
/// Held by `long_lists_are_refused`.
pub const APPEND_MESSAGES: usize = 1000;

/// Parts of one message that is put together by CATENATE: enough for one that replaces a few of very many
/// attachments, and each may cost a lookup of another message.
/// Held by `parts_are_counted_across_literals`, `catenate/too-many-parts`.
pub const CATENATE_PARTS: usize = 1000;

/// Nesting of parenthesised values that are skipped or of body structures that are read back.
/// Held by `long_lists_are_refused`, `deep_structures_are_refused_without_using_up_the_stack`.
pub const NESTING: usize = 100;

/// Octets up to which a string is sent as a quoted string; longer ones go as literals, since clients have
/// buffers for lines (RFC 2683 §3.2.1.5 speaks of 1000 octets).
/// Held by `strings_are_printed_so_that_they_fit`, `a_bad_url_does_not_leave_its_code`.
pub const QUOTED: usize = 1000;

/// Octets of an object id (RFC 8474 §7).
/// Held by `object_ids_have_a_length`.
pub const OBJECT_ID: usize = 255;
