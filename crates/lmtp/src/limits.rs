//! Every bound of LMTP, by name.

use std::time::Duration;

/// The longest command line without its end, in octets. RFC 5321 §4.5.3.1.4 wants 512 at least, its extensions add to that.
/// Held by `what_is_too_long_is_refused_and_the_conversation_goes_on`.
pub const MAX_LINE: usize = 4096;

/// The longest address in a command, in octets. RFC 5321 §4.5.3.1.3 wants 256.
/// Held by `what_is_no_path_is_refused`.
pub const MAX_ADDRESS: usize = 1024;

/// Octets read from a client at a time. Tuning.
pub const READ_SIZE: usize = 32 * 1024;

/// Octets of replies that may wait while pipelined commands are worked off.
/// Held by `so_many_replies_wait_and_no_more`.
pub const REPLIES_SIZE: usize = 16 * 1024;

/// Recipients of messages that come in at the same time, in all conversations together: each has an account in use, with the file
/// of its log, and a copy of the message, whose beginning lies in memory, some 64 KiB. Where the system allows few open files, they are fewer.
/// Held by `more_recipients_than_there_are_places_wait_and_are_put_off`.
pub const MAX_RECIPIENTS: usize = 2000;

/// How long the first recipient of a message waits for a place before the client is told to come again. The others do not wait: who
/// has places and waits for more keeps those from coming free that somebody else waits for.
/// Held by `more_recipients_than_there_are_places_wait_and_are_put_off`.
pub const PLACE_PATIENCE: Duration = Duration::from_secs(60);

/// How long a client may be silent (RFC 5321 §4.5.3.2.7: five minutes at least).
/// Held by `who_is_silent_or_does_not_listen_is_sent_away`.
pub const DEADLINE: Duration = Duration::from_secs(300);

/// How long a client may take to accept replies.
/// Held by `who_is_silent_or_does_not_listen_is_sent_away`.
pub const WRITE_DEADLINE: Duration = Duration::from_secs(120);

/// Errors of syntax and sequence on one connection, since the last delivered message, before it is closed.
/// Held by `errors_are_counted_until_a_message_is_delivered`.
pub const MAX_ERRORS: u32 = 100;

/// The longest beginning of a line that is held back until it is known not to be that of a Return-Path, in octets: blanks may
/// follow the name.
/// Held by `of_a_line_without_end_so_much_is_held`.
pub const MAX_HELD: usize = 1000;
