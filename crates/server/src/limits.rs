//! Every bound of the server, by name. Those with `DEFAULT` can be configured.

use std::num::NonZeroU32;
use std::time::Duration;

/// IMAP connections at the same time. Who comes beyond that is told so with BYE; where TLS comes first the connection is closed
/// without a word. Setting: `limits.connections`.
/// Held by `the_example_is_true`, `places_are_limited_and_come_back`.
pub(crate) const DEFAULT_CONNECTIONS: usize = 10_000;

/// IMAP connections at the same time from one address, which in IPv6 are the 64 bits that one subscriber has; a household with
/// a few mail programs needs dozens.
/// Setting: `limits.connections_per_address`.
/// Held by `the_example_is_true`, `all_addresses_of_a_subscriber_count_together`.
pub(crate) const DEFAULT_CONNECTIONS_PER_ADDRESS: usize = 200;

/// The least that a limit of messages in one command can be, in messages (RFC 9738 §3).
/// Held by `the_least_that_a_limit_can_be_is_enough`.
pub(crate) const MIN_MESSAGE_LIMIT: NonZeroU32 = NonZeroU32::new(1000).unwrap();

/// The least number of messages that an account can be let have.
/// Held by `the_messages_of_an_account_have_their_bounds`.
pub(crate) const MIN_MESSAGES_PER_ACCOUNT: u64 = 1000;

/// The least that the time can be for which a client may be silent (RFC 9051 §5.4).
/// Held by `the_least_that_a_limit_can_be_is_enough`.
pub(crate) const MIN_IDLE_DEADLINE: Duration = Duration::from_secs(30 * 60);

/// The most that the times can be for which a client may be silent, or may take to log in: a month is as good as no limit.
/// Held by `a_month_is_the_most_that_a_client_may_take`.
pub(crate) const MAX_DEADLINE: Duration = Duration::from_secs(31 * 24 * 60 * 60);

/// Recipients of one LMTP transaction. RFC 5321 §4.5.3.1.8 wants 100 at least.
/// Setting: `limits.lmtp_recipients`.
/// Held by `the_example_is_true`, `commands_out_of_order_are_refused`.
pub(crate) const DEFAULT_LMTP_RECIPIENTS: usize = 100;

/// LMTP connections at the same time, which are no matter of `limits.connections`: a mail transfer agent has a few dozen.
/// Setting: `limits.lmtp_connections`.
/// Held by `the_example_is_true`, `this_machine_counts_in_all_only_and_lmtp_for_itself`.
pub(crate) const DEFAULT_LMTP_CONNECTIONS: usize = 1000;

/// Connections without a place that are heard out at the same time, so that they can read why; more are closed at once. No more
/// than a sixteenth of the files that the system lets the server open.
/// Held by `not_everybody_who_is_one_too_many_is_heard_out`.
pub(crate) const MAX_HEARD_OUT: usize = 100;

/// Open files that an IMAP connection brings along: its own, and the log of the account that it is logged in to. A message that
/// comes in has none.
/// Held by `so_many_connections_are_let_in_as_there_are_files_for`, `an_account_that_is_used_a_little_has_one_file_open`.
pub(crate) const FILES_PER_CONNECTION: usize = 2;

/// Open files that the server needs besides those that connections, and recipients of mail, bring along: those of the store, mostly. Where
/// the system allows few, they are half of those.
/// Held by the compiler, `too_few_open_files_are_told_and_survived`.
pub(crate) const FILES_BESIDE_CONNECTIONS: usize = 1280;

/// What the store has open of these at the most is named in its limits: segments that are read, messages that come in, a log and a message
/// that is copied into it, or an index snapshot, for each account that is written, accounts that nobody has any more, and some while an
/// account is loaded. Commands of administrators have a connection and an account each.
const _: () = {
    use rookery_store_local::limits as store;
    let of_store = store::MAX_OPEN_SEGMENTS_IN_ALL
        + store::MAX_CONCURRENT_SPOOLS
        + 2 * store::MAX_CONCURRENT_COMMITS
        + store::MAX_CONCURRENT_READS
        + 4 * store::MAX_CONCURRENT_LOADS
        + store::MAX_IDLE_ACCOUNTS;
    let others = MAX_HEARD_OUT + 2 * MAX_ADMIN_CONNECTIONS;
    assert!(of_store + others <= FILES_BESIDE_CONNECTIONS - 64);
};

/// How long a TLS handshake may take.
/// Held by `a_handshake_that_never_ends_is_given_up`.
pub(crate) const HANDSHAKE_DEADLINE: Duration = Duration::from_secs(30);

/// How long an accept loop rests after the system refused a connection, for want of file descriptors mostly. Tuning.
pub(crate) const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Lines of one kind that strangers cause to be logged, and that are written, in each [`LINES_PERIOD`]: refused connections, failed
/// handshakes, connections that end without a login, who is introduced before one. The rest is counted.
/// Held by `each_kind_has_its_bound`, `strangers_cannot_fill_the_log`.
pub(crate) const MAX_STRANGER_LINES: u64 = 10;

/// The same for failed logins, which programs such as fail2ban read; hashing does not let many more happen.
/// Held by `each_kind_has_its_bound`.
pub(crate) const MAX_LOGIN_LINES: u64 = 50;

/// Octets of log lines that may wait for somebody who takes them; further lines are lost, and counted.
/// Held by `nobody_waits_for_an_output_that_takes_nothing_and_memory_has_a_bound`.
pub(crate) const MAX_WAITING_LOG: usize = 1024 * 1024;

/// How long the process waits at its end for its log to be taken. Tuning.
pub(crate) const LOG_PATIENCE: Duration = Duration::from_secs(1);

/// How often it is said how many lines were left out.
/// Held by `strangers_cannot_fill_the_log`.
pub(crate) const LINES_PERIOD: Duration = Duration::from_secs(1);

/// How long the configuration and certificates may take to be read again, until another SIGHUP is heeded. Tuning.
pub(crate) const RELOAD_PATIENCE: Duration = Duration::from_secs(10);

/// How long sessions may take to end when the server goes down.
/// Held by `clients_that_do_not_listen_do_not_keep_the_server_up_for_long`.
pub(crate) const SHUTDOWN_DEADLINE: Duration = Duration::from_secs(10);

/// The largest configuration file, file of an account, and PEM file, in octets.
/// Held by `of_a_file_that_is_too_long_nothing_is_taken`.
pub(crate) const MAX_CONFIG_SIZE: u64 = 1024 * 1024;

/// Account files that are kept in memory.
/// Held by `so_many_files_are_kept_in_memory_and_no_more`.
pub(crate) const MAX_CACHED_ACCOUNTS: usize = 10_000;

/// How long until the files of accounts that have connections are looked at again, whether they say that the account is disabled. Tuning.
pub(crate) const DISABLED_PACE: Duration = Duration::from_secs(5);

/// Locks that changes of accounts are spread over by name. Tuning.
pub(crate) const ACCOUNT_LOCKS: usize = 64;

/// Logins, and new passwords, that may wait for a thread that hashes them.
/// Held by `the_queue_is_bounded_and_who_goes_away_is_passed_over`.
pub(crate) const MAX_WAITING_LOGINS: usize = 512;

/// Threads that hash passwords; each may keep some 20 MB while there is work.
/// Held by `there_are_never_very_many_threads`.
pub(crate) const MAX_HASHING_THREADS: usize = 4;

/// How much less than others the threads that hash passwords get of a processor that all want, as `nice` has it: a tenth, so that a flood
/// of guesses keeps nobody waiting who has logged in, and somebody who does still gets through.
/// Held by `a_processor_is_left_and_others_go_first`.
pub(crate) const HASHING_NICENESS: i32 = 10;

/// How long a thread that hashes passwords waits for work before it ends. Tuning.
pub(crate) const HASHING_IDLE: Duration = Duration::from_secs(10);

/// The longest administrative request or response, in octets.
/// Held by `lengths_are_limited_before_memory_is_taken`.
pub(crate) const MAX_ADMIN_FRAME: usize = 4 * 1024 * 1024;

/// Accounts in one administrative answer, some 300 octets each; who lists more asks again.
/// Held by `lists_are_as_long_as_they_have_to_be`.
pub(crate) const MAX_ADMIN_ACCOUNTS: usize = 2000;

/// Mailboxes in one administrative answer, some 1300 octets each at most; who lists more asks again.
/// Held by `lists_are_as_long_as_they_have_to_be`.
pub(crate) const MAX_ADMIN_MAILBOXES: usize = 1000;

/// Messages in one administrative answer; who lists more asks again.
/// Held by `a_list_of_messages_comes_in_pages`.
pub(crate) const MAX_ADMIN_LISTED: usize = 500;

/// The longest piece of a message that travels with an administrative request, in octets.
/// Held by `lengths_are_limited_before_memory_is_taken`.
pub(crate) const MAX_ADMIN_CHUNK: usize = 64 * 1024;

/// Administrative connections at the same time.
/// Held by `so_many_commands_are_answered_at_the_same_time_and_no_more`.
pub(crate) const MAX_ADMIN_CONNECTIONS: usize = 32;

/// Messages that travel with one administrative request.
/// Held by `so_many_messages_come_with_one_request_and_no_more`.
pub(crate) const MAX_ADMIN_MESSAGES: usize = 256;

/// How long a command waits for a server that is just starting or stopping, and a server for a command. Tuning.
pub(crate) const ADMIN_PATIENCE: Duration = Duration::from_secs(5);

/// How long a server that could not bind the socket for commands, on a read-only file system say, waits before it tries again.
/// Tuning.
pub(crate) const ADMIN_REBIND: Duration = Duration::from_secs(2);

/// How long either waits before it looks again. Tuning.
pub(crate) const ADMIN_RETRY: Duration = Duration::from_millis(50);

/// Octets of messages that an import hands over at once. Tuning.
pub(crate) const IMPORT_BATCH_SIZE: usize = 4 * 1024 * 1024;

/// The longest answer to a question on a terminal, in octets.
/// Held by `only_yes_is_agreement`.
pub(crate) const MAX_ANSWER: u64 = 1024;

/// Octets of a line of an mbox file that are read at once; more are read in pieces.
/// Held by `a_message_that_is_too_large_costs_itself_only`.
pub(crate) const MBOX_LINE_OCTETS: u64 = 64 * 1024;

/// The largest file of users that is imported, in octets. Held by `of_a_file_that_is_too_long_nothing_is_taken`.
pub(crate) const MAX_PASSWD_FILE: u64 = 256 * 1024 * 1024;

/// Directories within directories that an import descends into.
/// Held by `folders_lie_in_folders_so_deep_and_no_deeper`, `maildirs_lie_in_maildirs_so_deep_and_no_deeper`.
pub(crate) const MAX_IMPORT_DEPTH: usize = 50;
