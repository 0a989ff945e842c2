//! Every bound of the mailbox model, by name.

/// Keywords that one mailbox can have: as many as [`crate::FlagSet`] has bits for.
pub const MAX_KEYWORDS: usize = 128;

/// Rows in a chunk of a snapshot: a change copies one chunk, a scan skips whole ones.
pub const CHUNK_ROWS: usize = 512;

/// Mailboxes of one account.
pub const MAX_MAILBOXES: usize = 10_000;

/// Names that an account can subscribe to.
pub const MAX_SUBSCRIPTIONS: usize = 20_000;

/// Changes of its own that a client need not be told of between two looks at the mailbox: a forgotten one is
/// reported without need, which harms nobody.
pub const MAX_HUSHED: usize = 64;

/// Times that a change is tried again when somebody else's change came in between.
pub const MAX_ATTEMPTS: u32 = 3;

/// Expunges that a mailbox remembers, about 16 octets each, so that a client which was away is told of what is gone and
/// of nothing else. A client that was away for longer is told of all that is not there, which is more to send and no
/// less right.
pub const MAX_TOMBSTONES: usize = 65_536;

/// Message ids by which a message finds its thread: its own, and those of the messages nearest to it.
pub const MAX_THREAD_KEYS: usize = 16;

/// Rows that a search looks at before it lets others run.
pub const SEARCH_ROWS: usize = 1024;

/// Messages whose summaries a search reads at a time.
pub const SEARCH_BATCH: usize = 64;

/// Octets that the messages can have, each counted with a megabyte at the most, whose summaries a search reads at a time:
/// more than a few kilobytes have only summaries of large headers, and of very many parts.
pub const SEARCH_BATCH_OCTETS: u64 = 2 * 1024 * 1024;

/// Octets of a message's content that a search reads at a time, and of decoded text that it looks through at a time.
pub const SEARCH_WINDOW: usize = 64 * 1024;

/// Octets of one header block that a search looks through.
pub const MAX_SEARCHED_HEADER: u64 = 1024 * 1024;

/// Octets of one message that a search reads; text beyond them is not found.
pub const MAX_SEARCHED_OCTETS: u64 = 64 * 1024 * 1024;
