//! Every bound of a conversation, by name.

use std::time::Duration;

/// The largest message that APPEND, and the server by LMTP and import, take unless configured, in octets. Setting: `limits.message_size`.
/// Held by `the_example_is_true`, `a_message_that_is_too_big_is_refused_before_it_is_sent`.
pub const DEFAULT_MAX_MESSAGE_SIZE: u64 = 64 * 1024 * 1024;

/// Connections of one account at the same time unless configured; a mail program has five to fifteen of them.
/// Setting: `limits.connections_per_account`.
/// Held by `the_example_is_true`, `login/too-many-connections`.
pub const DEFAULT_CONNECTIONS_PER_ACCOUNT: usize = 100;

/// How long a client may take to log in unless configured. Setting: `limits.login_seconds`.
/// Held by `the_example_is_true`, `who_does_not_log_in_in_time_is_sent_away`.
pub const DEFAULT_LOGIN_DEADLINE: Duration = Duration::from_secs(120);

/// How long a client may be silent unless configured. RFC 9051 §5.4 wants 30 minutes at least;
/// phones hold IDLE for 29. Setting: `limits.idle_seconds`.
/// Held by `the_example_is_true`, `a_client_may_be_silent_for_thirty_minutes_and_not_for_ever`.
pub const DEFAULT_IDLE_DEADLINE: Duration = Duration::from_secs(31 * 60);

/// How long a command may take without a sign of life, unless configured (RFC 9585 has 10 to 15 seconds).
/// Held by `the_times_that_no_administrator_decides_are_kept`.
pub const DEFAULT_PROGRESS_PACE: Duration = Duration::from_secs(10);

/// How long a client may take to accept one batch of answers, unless its conversation is given another time.
/// Held by `the_times_that_no_administrator_decides_are_kept`.
pub const DEFAULT_WRITE_DEADLINE: Duration = Duration::from_secs(300);

/// How long a client that is sent away may go on sending, so that it reads why; longer than its octets are under way.
/// Held by `who_is_sent_away_is_listened_to_for_a_moment`.
pub const LINGER: Duration = Duration::from_secs(2);

/// Octets that are taken from a client that is sent away, and thrown away: more than are under way at a time.
/// Held by `who_is_sent_away_is_listened_to_for_a_moment`.
pub const LINGER_OCTETS: u64 = 8 * 1024 * 1024;

/// How long a client may pause within a literal.
/// Held by `who_pauses_within_a_literal_is_sent_away`.
pub const LITERAL_DEADLINE: Duration = Duration::from_secs(300);

/// Octets read from the stream at a time. Nothing is read while a command runs, so that of what is pipelined behind it
/// no more is held here; the rest stays with the system, and with the client.
/// Held by `what_is_pipelined_behind_a_command_stays_outside`.
pub const READ_OCTETS: usize = 16 * 1024;

/// Octets read from the stream at a time before login.
/// Held by the compiler.
pub const READ_BEFORE_LOGIN: usize = 4 * 1024;

/// Octets of a read with fewer of which it is a drop. Tuning.
pub const DROP_OCTETS: usize = 32;

/// Drops one after the other within a command after which a client's octets are left to gather; who types has more than that
/// in a line, and does not notice. Tuning.
pub const MAX_DROPS: u32 = 16;

/// How long they are left to gather then, before each read. Tuning.
pub const GATHERING: Duration = Duration::from_millis(10);

/// How hard what is sent is compressed, 1 to 9: from 3 on it takes much more time to save little more. Tuning.
pub const DEFLATE_LEVEL: u32 = 3;

/// Octets of answers from which on they are compressed on a thread for work that takes long, a few hundred microseconds.
/// Tuning.
pub const HEAVY_BATCH: usize = 16 * 1024;

/// Octets by which the room for compressed answers grows. Tuning.
pub const DEFLATE_PIECE: usize = 4096;

/// How long a client is silent before its compressor is let go of, to be made anew with the next answer. Tuning.
pub const DEFLATER_REST: Duration = Duration::from_secs(5);

/// Compressors that the whole server keeps between batches of answers, of some 380 KB each. Those of further connections
/// are made anew for each batch: it may then be longer, for it refers to nothing before it.
/// Held by `no_more_compressors_are_kept_than_there_are_places`.
pub const MAX_KEPT_DEFLATERS: usize = 128;

/// Octets of answers that may wait in memory: with more a command goes on when the client has accepted them.
/// Held by `of_the_answers_to_one_read_no_more_waits_than_may`, `no_more_waits_than_may_and_one_response`.
pub const OUT_HIGH_WATER: usize = 64 * 1024;

/// Octets of answers that may wait in memory before login.
/// Held by `of_the_answers_to_one_read_no_more_waits_than_may`.
pub const OUT_BEFORE_LOGIN: usize = 4 * 1024;

/// Pieces of an answer, such as rows of a mailbox, that are gone through before others can run, however little is said of them.
/// Tuning.
pub const PIECES_IN_A_TURN: usize = 4096;

/// Turns that an answer takes like everybody's; if it is longer, it waits for each further one in a line of all that are.
/// Held by `a_short_answer_does_not_wait_for_long_ones`.
pub const SHORT_ANSWER_TURNS: u32 = 2;

/// Octets of answers that there is room for at first; the room grows with them. Tuning.
pub const OUT_AT_FIRST: usize = 512;

/// Octets of a message that are fetched from the store at a time. Tuning.
pub const CONTENT_CHUNK: u64 = 64 * 1024;

/// Octets of a message's summary from which on it is read on a thread for work that takes long: it has very many parts, or large
/// headers. Tuning.
pub const HEAVY_SUMMARY: usize = 64 * 1024;

/// Octets of a part from which on it is decoded, or looked at, on a thread for work that takes long. Tuning.
pub const HEAVY_PART: u64 = 128 * 1024;

/// Octets of one item of a FETCH that are printed, and held until the client has taken them, where the message has very many
/// parts.
/// Held by `a_long_structure_leaves_in_pieces`.
pub const PRINTED_AT_ONCE: usize = 512 * 1024;

/// Octets that the messages can have whose summaries are asked of the store at a time: more than a few kilobytes have only
/// summaries of large headers, and of very many parts.
/// Held by the compiler.
pub const SUMMARIES_AT_ONCE: usize = 1536 * 1024;

/// Octets that one of these messages counts for at the most: its text is not in its summary. Tuning.
pub const MAX_SUMMARY_WEIGHT: usize = 1024 * 1024;

/// Octets of a message that are asked of the store with its summary where its header is wanted: most headers are no longer.
/// Tuning.
pub const HEADER_OCTETS: usize = 6 * 1024;

/// Octets of a header block that `HEADER.FIELDS` looks at: what a search does, `MAX_SEARCHED_HEADER`.
/// Held by `of_a_header_without_end_so_much_is_looked_at`.
pub const MAX_HEADER_OCTETS: u64 = 1024 * 1024;

/// The smallest batch that UIDBATCHES cuts, in messages. RFC 10022 lets a server refuse no larger ones, and
/// smaller ones save neither side any work.
/// Held by `nonsense_is_refused_in_order`.
pub const MIN_UID_BATCH: u32 = 500;

/// Batches in one answer to UIDBATCHES: those of two million messages, in some 80 KiB.
/// Held by `nonsense_is_refused_in_order`.
pub const MAX_UID_BATCHES: u32 = 4000;

/// Messages of one answer that are worked on at a time, as they are when their turn comes; if their bodies are fetched, their
/// `\Seen` is set by one commit. Tuning.
pub const FETCH_BATCH: usize = 64;

/// Items of one FETCH that decode the same part, or look through the same header, each from its start. Clients ask for a
/// part and its size, or for one piece of it.
/// Held by `fetch/binary-many-pieces`, `fetch/header-many-selections`.
pub const MAX_LOOKS_AT_PART: usize = 16;

/// Summaries that are asked of the store at a time. One can have a megabyte. Tuning.
pub const SUMMARY_BATCH: usize = 8;

/// Mailboxes and subscriptions up to which LIST chooses among them where it is asked for; among more on a thread for work that
/// takes long. Tuning.
pub const SHORT_LIST: usize = 1000;

/// Names that LIST compares with patterns before it lets others run; of the longest ones this takes a millisecond.
/// Tuning.
pub const COMPARISONS_IN_A_TURN: usize = 64;

/// Patterns of one LIST.
/// Held by `faults/limits`.
pub const MAX_LIST_PATTERNS: usize = 50;

/// Ranges of UIDs in one VANISHED response; what is more goes into another one, since there are clients that
/// take no longer lines than a megabyte.
/// Held by `no_response_names_more_ranges_than_clients_take`.
pub const VANISHED_RANGES: usize = 1000;

/// Pairs of number and UID that a client can offer to narrow down what it is told as vanished (RFC 7162 §3.2.5.2). Those
/// after them are not looked at.
/// Held by `so_many_pairs_are_compared`, `qresync/matches-without-end`.
pub const MAX_SEQUENCE_MATCHES: usize = 10_000;

/// Commands that fail to parse, or come in the wrong state, before the client is sent away.
/// Held by `nonsense_ends_the_conversation_after_a_while`, `what_is_too_big_is_answered_before_the_connection_ends`.
pub const MAX_BAD_COMMANDS: u32 = 50;

/// Failed logins on one connection before the client is sent away.
/// Held by `guessing_passwords_ends_the_conversation`.
pub const MAX_FAILED_LOGINS: u32 = 5;

/// Octets that one connection may make the server hold before login, what it costs to wait included. TLS has its own
/// buffers beside them.
/// Held by the compiler, `literals_that_nobody_waits_for`, `lines_that_never_end`.
pub const MEMORY_BEFORE_LOGIN: usize = 64 * 1024;

/// Octets that one connection may make the server hold after login, unless configured: a half for what a command works with,
/// a quarter for commands themselves, the rest for what comes in and goes out.
/// Setting: `limits.memory_per_connection`.
/// Held by `the_example_is_true`, `what_is_known_of_many_messages_at_once_is_limited`.
pub const DEFAULT_MEMORY: usize = 16 * 1024 * 1024;

/// The least that one connection may be allowed to make the server hold after login, in octets.
/// Held by `the_least_that_a_limit_can_be_is_enough`.
pub const MIN_MEMORY: usize = 4 * 1024 * 1024;

/// Octets that a conversation takes while it waits, as its test has it.
/// Held by the compiler, `a_waiting_conversation_is_small`.
pub const CONVERSATION: usize = 6 * 1024;

/// Octets that the layer of COMPRESS takes: the states of both directions, and what was received.
/// Held by the compiler, `compressed_floods`.
pub const COMPRESSION: usize = 448 * 1024;

/// Octets of one command with its literals, before login.
/// Held by `session/command-too-big`.
pub const COMMAND_BEFORE_LOGIN: usize = 8 * 1024;

/// Octets of one command with its literals, after login; a sixty-fourth of `limits.memory_per_connection` if that is less.
/// Held by `a_larger_budget_takes_no_longer_commands`, `a_smaller_budget_takes_shorter_commands`.
pub const COMMAND_AFTER_LOGIN: usize = 256 * 1024;

/// Literals in one command after login; more than [`MAX_APPEND_MESSAGES`].
/// Held by `a_command_has_so_many_literals`.
pub const LITERALS_AFTER_LOGIN: usize = 256;

/// Octets of a non-synchronizing literal before login (RFC 7888 §5: LITERAL-).
/// Held by `session/literal-too-big-before-login`, `interop/12-no-big-literal-before-login`.
pub const NON_SYNC_BEFORE_LOGIN: u64 = 4096;

/// Ranges of UIDs that are printed at a time in the answer to a SEARCH.
/// Held by `a_long_answer_is_never_whole_in_memory`, `a_long_copyuid_is_never_whole_in_memory`.
pub const ANSWERED_AT_ONCE: usize = 1024;

/// Octets that the ranges of UIDs which `$` stands for can take at least, with the smallest `limits.memory_per_connection`.
/// Held by the compiler, `many_matches_that_lie_apart_are_saved`.
pub const LEAST_SAVED: usize = 64 * 1024;

/// Characters of the name in a failed login that are logged: what is longer is no account's.
/// Held by `failed_logins_are_logged_without_passwords`.
pub const MAX_LOGGED_USER: usize = 200;

/// Parameters of ID that are logged, once for each login: strangers may send ID as often as they like.
/// Held by `a_client_is_described_in_a_few_words`.
pub const MAX_LOGGED_ID_FIELDS: usize = 10;

/// Characters of each of their names and values that are logged; those of known clients have fewer.
/// Held by `a_client_is_described_in_a_few_words`.
pub const MAX_LOGGED_ID_TEXT: usize = 100;

/// Messages in one APPEND. The store may keep the beginning of each in memory until all have come.
/// Held by `faults/limits`.
pub const MAX_APPEND_MESSAGES: usize = 200;

/// How much one APPEND may bring, in messages of the largest size: a gigabyte, unless configured. A short command with many
/// URLs of the same large message asks for more than that, and others would wait while it is written.
/// Held by `what_the_messages_of_one_command_add_up_to_is_limited`.
pub const MAX_APPEND_SIZES: u64 = 16;

/// Octets of the beginning of a message that may be in memory until all of one APPEND have come, as the store has it.
/// Held by the compiler, `of_each_message_of_an_append_the_beginning_counts`.
pub const APPEND_BEGINNING: u64 = 64 * 1024;
