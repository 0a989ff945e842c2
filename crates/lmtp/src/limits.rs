//! Every bound of LMTP, by name.

use std::time::Duration;

/// The longest command line without its end, in octets. RFC 5321 §4.5.3.1.4 wants 512 at least, its extensions add to that.
pub const MAX_LINE: usize = 4096;

/// The longest address in a command, in octets. RFC 5321 §4.5.3.1.3 wants 256.
pub const MAX_ADDRESS: usize = 1024;

/// Octets read from a client at a time.
pub const READ_SIZE: usize = 32 * 1024;

/// Octets of replies that may wait while pipelined commands are worked off.
pub const REPLIES_SIZE: usize = 16 * 1024;

/// Copies of messages that come in at the same time, one for each recipient; the beginning of each lies in memory,
/// some 64 KiB.
pub const MAX_COPIES: u32 = 2000;

/// How long a client waits for others' messages to be through before it is told to come again.
pub const COPIES_PATIENCE: Duration = Duration::from_secs(60);

/// How long a client may be silent (RFC 5321 §4.5.3.2.7: five minutes at least).
pub const DEADLINE: Duration = Duration::from_secs(300);

/// How long a client may take to accept replies.
pub const WRITE_DEADLINE: Duration = Duration::from_secs(120);

/// Errors of syntax and sequence on one connection, since the last delivered message, before it is closed.
pub const MAX_ERRORS: u32 = 100;
