//! Every bound of the mailbox model, by name.

/// Keywords that one mailbox can have: as many as [`crate::FlagSet`] has bits for. One that no message has makes room for a new one.
/// Held by `store/keyword-limit`, `the_in_memory_engine_conforms`, `on_a_simulated_disk`.
pub const MAX_KEYWORDS: usize = 128;

/// Rows in a chunk of a snapshot: a change copies one chunk, a scan skips whole ones. Tuning.
pub const CHUNK_ROWS: usize = 512;

/// Mailboxes of one account.
/// Held by `an_account_has_so_many_mailboxes`.
pub const MAX_MAILBOXES: usize = 10_000;

/// Messages of one account, those of all its mailboxes together, unless configured. Each takes a tenth of a kilobyte of memory while the
/// account is loaded, however large it is, and a COPY makes as many as there are without a word for the disk. An account that has more
/// takes no further ones.
/// Setting: `limits.messages_per_account`.
/// Held by `the_example_is_true`, `the_in_memory_engine_holds_so_many_messages`, `an_account_holds_so_many_messages`.
pub const DEFAULT_MAX_MESSAGES: u64 = 2_097_152;

/// Names that an account can subscribe to.
/// Held by `the_in_memory_engine_conforms`, `on_a_simulated_disk`.
pub const MAX_SUBSCRIPTIONS: usize = 20_000;

/// Changes of its own that a client need not be told of between two looks at the mailbox: a forgotten one is
/// reported without need, which harms nobody.
/// Held by `so_many_own_changes_are_kept_apart`.
pub const MAX_HUSHED: usize = 64;

/// Times that a change is tried again when somebody else's change came in between. Tuning.
pub const MAX_ATTEMPTS: u32 = 3;

/// Expunges that a mailbox remembers, about 16 octets each, so that a client which was away is told of what is gone and
/// of nothing else. A client that was away for longer is told of all that is not there, which is more to send and no
/// less right.
/// Held by `the_in_memory_engine_conforms`, `on_a_simulated_disk`.
pub const MAX_TOMBSTONES: usize = 65_536;

/// Expunges that the mailboxes of an account share among each other. A mailbox forgets when it remembers new ones, so that one of
/// 10,000 may have as many as when there were fewer: the most of all together is seven times as many, 230 MB.
/// Held by `the_in_memory_engine_conforms`, `on_real_files`.
pub const MAX_ACCOUNT_TOMBSTONES: usize = 2_097_152;

/// Message ids by which a message finds its thread: its own, and those of the messages nearest to it.
/// Held by `of_many_references_the_nearest_and_the_first_count`.
pub const MAX_THREAD_KEYS: usize = 16;

/// Threads for work that needs a processor for long, over all conversations: one less than there are processors, one at the
/// least, and so many at the most.
/// Held by `a_processor_is_left_for_the_others`.
pub const MAX_HEAVY_THREADS: usize = 16;

/// How long such a thread computes before it lets the system run others. Tuning.
pub const HEAVY_STRETCH: std::time::Duration = std::time::Duration::from_micros(100);

/// Octets of header fields that are kept of a message from which on it is looked at on a thread for work that takes long, a few
/// hundred microseconds. Tuning.
pub const HEAVY_HEADER: usize = 64 * 1024;

/// Rows of a mailbox that a client's view looks at in one step to find what has changed, some ten nanoseconds each; a longer
/// look goes on on a thread for such work. Tuning.
pub const SYNC_ROWS: usize = 8192;

/// Runs of UIDs without a gap, or expunges, up to which a client's view is changed where it is asked for; with more that is
/// done on a thread for such work. Tuning.
pub const SHORT_SYNC_RUNS: usize = 8192;

/// Rows that a search looks at before it lets others run, some ten nanoseconds each; of a key that is made of others, as many
/// fewer. Tuning.
pub const SEARCH_ROWS: usize = 4096;

/// Looks at a row up to which a search is done where it is asked for, a millisecond or two; a longer one goes to a thread
/// for such work. Tuning.
pub const SHORT_SEARCH_LOOKS: u64 = 65_536;

/// Messages up to which a search that may have to read them is done where it is asked for. Tuning.
pub const SHORT_SEARCH_MESSAGES: u64 = 16;

/// Octets of such messages. Tuning.
pub const SHORT_SEARCH_OCTETS: u64 = 128 * 1024;

/// Messages whose summaries a search reads at a time. Tuning.
pub const SEARCH_BATCH: usize = 64;

/// Octets that the messages can have, each counted with a megabyte at the most, whose summaries a search reads at a time:
/// more than a few kilobytes have only summaries of large headers, and of very many parts. Tuning.
pub const SEARCH_BATCH_OCTETS: u64 = 2 * 1024 * 1024;

/// Octets of a message's content that a search reads at a time, and of decoded text that it looks through at a time.
/// Held by `memory_stays_within_the_window`.
pub const SEARCH_WINDOW: usize = 64 * 1024;

/// Octets of one header block that a search looks through.
/// Held by `of_a_header_without_end_so_much_is_looked_at`.
pub const MAX_SEARCHED_HEADER: u64 = 1024 * 1024;

/// Octets of one message that a search reads; text beyond them is not found.
/// Held by `of_one_message_so_much_is_read`.
pub const MAX_SEARCHED_OCTETS: u64 = 64 * 1024 * 1024;
