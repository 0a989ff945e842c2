//! What a message may make us hold. Beyond a limit it becomes less structured; nothing fails.

/// Levels of parts, the message being the first. A multipart or message at the last level is given as
/// application/octet-stream: clients drop a BODYSTRUCTURE a hundred levels deep and take fifty.
/// Held by `depth_ends_at_the_limit`.
pub const DEPTH: usize = 51;

/// Parts of a message, those of messages within it included. Later boundaries are text of the last part.
/// Held by `parts_end_at_the_limit`.
pub const PARTS: usize = 10_000;

/// Octets of a boundary. RFC 2046 §5.1.1 has 70 and a line has 998; with a longer one a multipart has no parts.
/// Held by `boundaries_in_each_form`.
pub const BOUNDARY_OCTETS: usize = 1_000;

/// Octets of one header field that are looked at, so that no line is held whole.
/// Held by `kept_values_end_at_their_limits`.
pub const FIELD_OCTETS: usize = 256 * 1024;

/// Fields kept of one header block until it ends. What is no field of an envelope or of MIME is not kept.
/// Held by `kept_values_end_at_their_limits`.
pub const FIELDS: usize = 200;

/// Octets of all header fields that are kept of one message. Fields after that are as if they were not there.
/// Held by `kept_values_end_at_their_limits`.
pub const KEPT_OCTETS: usize = 1024 * 1024;

/// Addresses of all address fields of one message, counting the beginning and end of groups.
/// Held by `parameters_and_addresses_end_at_their_limits`.
pub const ADDRESSES: usize = 20_000;

/// Parameters of one field.
/// Held by `parameters_and_addresses_end_at_their_limits`.
pub const PARAMETERS: usize = 200;

/// Tags of one Content-Language.
/// Held by `limits_hold`.
pub const LANGUAGES: usize = 50;

/// Octets of an encoded-word. RFC 2047 §2 has 75, but whole subjects are written as one.
/// Held by `a_word_has_a_length`.
pub const ENCODED_WORD_OCTETS: usize = 2_048;

/// Octets of a charset's name in an encoded-word, with the question mark behind it.
/// Held by `a_word_has_a_length`.
pub const CHARSET_OCTETS: usize = 64;

/// Octets of white space at a line's end that quoted-printable holds back until it knows that the line ends.
/// Held by `white_space_without_end_is_not_held_for_ever`.
pub const TRAILING_SPACE_OCTETS: usize = 1_000;

/// Message ids of one field: a thread that is longer is tied together by its last messages all the same.
/// Held by `floods_end_at_the_limit`.
pub const MESSAGE_IDS: usize = 10_000;

/// Characters of a preview (RFC 8970 §3.3: should be 200, never more than 256).
/// Held by `plain_text`.
pub const PREVIEW_CHARS: usize = 200;

/// Octets of a part, as it is transfer-encoded, that are held while it passes by and looked at for a preview: the styles
/// at the top of an advertisement are often half of this.
/// Held by `no_more_is_held_than_the_limit_says`.
pub const PREVIEW_OCTETS: usize = 64 * 1024;

/// Characters of an HTML entity, its ampersand and semicolon included.
/// Held by `an_entity_has_a_length`.
pub const ENTITY_CHARS: usize = 12;
