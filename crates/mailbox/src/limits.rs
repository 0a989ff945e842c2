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

/// Threads for work that needs a processor for long, over all conversations: one less than there are processors, one at the
/// least, and so many at the most.
pub const MAX_HEAVY_THREADS: usize = 16;

/// How long such a thread computes before it lets the system run others.
pub const HEAVY_STRETCH: std::time::Duration = std::time::Duration::from_micros(100);

/// Octets of header fields that are kept of a message from which on it is looked at on a thread for work that takes long, a few
/// hundred microseconds.
pub const HEAVY_HEADER: usize = 64 * 1024;

/// Rows of a mailbox that a client's view looks at in one step to find what has changed, some ten nanoseconds each; a longer
/// look goes on on a thread for such work.
pub const SYNC_ROWS: usize = 8192;

/// Runs of UIDs without a gap, or expunges, up to which a client's view is changed where it is asked for; with more that is
/// done on a thread for such work.
pub const SHORT_SYNC_RUNS: usize = 8192;

/// Rows that a search looks at before it lets others run, some ten nanoseconds each; of a key that is made of others, as many
/// fewer.
pub const SEARCH_ROWS: usize = 4096;

/// Looks at a row up to which a search is done where it is asked for, a millisecond or two; a longer one goes to a thread
/// for such work.
pub const SHORT_SEARCH_LOOKS: u64 = 65_536;

/// Messages up to which a search that may have to read them is done where it is asked for.
pub const SHORT_SEARCH_MESSAGES: u64 = 16;

/// Octets of such messages.
pub const SHORT_SEARCH_OCTETS: u64 = 128 * 1024;

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
