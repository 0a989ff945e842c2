//! Every bound of the server, by name. Those with `DEFAULT` can be configured.

use std::num::NonZeroU32;
use std::time::Duration;

/// IMAP connections at the same time. Who comes beyond that is told so with BYE; where TLS comes first the connection is closed
/// without a word. Setting: `limits.connections`.
pub(crate) const DEFAULT_CONNECTIONS: usize = 10_000;

/// IMAP connections at the same time from one address, which in IPv6 are the 64 bits that one subscriber has; a household with
/// a few mail programs needs dozens.
/// Setting: `limits.connections_per_address`.
pub(crate) const DEFAULT_CONNECTIONS_PER_ADDRESS: usize = 200;

/// The least that a limit of messages in one command can be, in messages (RFC 9738 §3).
pub(crate) const MIN_MESSAGE_LIMIT: NonZeroU32 = NonZeroU32::new(1000).unwrap();

/// The least that the time can be for which a client may be silent (RFC 9051 §5.4).
pub(crate) const MIN_IDLE_DEADLINE: Duration = Duration::from_secs(30 * 60);

/// The most that the times can be for which a client may be silent, or may take to log in: a month is as good as no limit.
pub(crate) const MAX_DEADLINE: Duration = Duration::from_secs(31 * 24 * 60 * 60);

/// Recipients of one LMTP transaction. RFC 5321 §4.5.3.1.8 wants 100 at least.
/// Setting: `limits.lmtp_recipients`.
pub(crate) const DEFAULT_LMTP_RECIPIENTS: usize = 100;

/// LMTP connections at the same time, which are no matter of `limits.connections`: a mail transfer agent has a few dozen.
/// Setting: `limits.lmtp_connections`.
pub(crate) const DEFAULT_LMTP_CONNECTIONS: usize = 1000;

/// Connections without a place that are heard out at the same time, so that they can read why; more are closed at once. No more
/// than a sixteenth of the files that the system lets the server open.
pub(crate) const MAX_HEARD_OUT: usize = 100;

/// Open files that the server needs besides one for each connection: those of the store, mostly. Where the system allows few, they
/// are half of those.
pub(crate) const FILES_BESIDE_CONNECTIONS: usize = 1024;

/// How long a TLS handshake may take.
pub(crate) const HANDSHAKE_DEADLINE: Duration = Duration::from_secs(30);

/// How long an accept loop rests after the system refused a connection, for want of file descriptors mostly.
pub(crate) const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Lines of one kind that strangers cause to be logged, and that are written, in each [`LINES_PERIOD`]: refused connections, failed
/// handshakes, connections that end without a login, who is introduced before one. The rest is counted.
pub(crate) const MAX_STRANGER_LINES: u64 = 10;

/// The same for failed logins, which programs such as fail2ban read; hashing does not let many more happen.
pub(crate) const MAX_LOGIN_LINES: u64 = 50;

/// Octets of log lines that may wait for somebody who takes them; further lines are lost, and counted.
pub(crate) const MAX_WAITING_LOG: usize = 1024 * 1024;

/// How long the process waits at its end for its log to be taken.
pub(crate) const LOG_PATIENCE: Duration = Duration::from_secs(1);

/// How often it is said how many lines were left out.
pub(crate) const LINES_PERIOD: Duration = Duration::from_secs(1);

/// How long sessions may take to end when the server goes down.
pub(crate) const SHUTDOWN_DEADLINE: Duration = Duration::from_secs(10);

/// The largest configuration file, and file of an account, in octets.
pub(crate) const MAX_CONFIG_SIZE: u64 = 1024 * 1024;

/// Account files that are kept in memory.
pub(crate) const MAX_CACHED_ACCOUNTS: usize = 10_000;

/// Locks that changes of accounts are spread over by name.
pub(crate) const ACCOUNT_LOCKS: usize = 64;

/// Logins, and new passwords, that may wait for a thread that hashes them.
pub(crate) const MAX_WAITING_LOGINS: usize = 512;

/// Threads that hash passwords; each may keep some 20 MB while there is work.
pub(crate) const MAX_HASHING_THREADS: usize = 4;

/// How much less than others the threads that hash passwords get of a processor that all want, as `nice` has it: a tenth, so that a flood
/// of guesses keeps nobody waiting who has logged in, and somebody who does still gets through.
pub(crate) const HASHING_NICENESS: i32 = 10;

/// How long a thread that hashes passwords waits for work before it ends.
pub(crate) const HASHING_IDLE: Duration = Duration::from_secs(10);

/// The longest administrative request or response, in octets.
pub(crate) const MAX_ADMIN_FRAME: usize = 4 * 1024 * 1024;

/// Accounts in one administrative answer, some 300 octets each; who lists more asks again.
pub(crate) const MAX_ADMIN_ACCOUNTS: usize = 2000;

/// Mailboxes in one administrative answer, some 1300 octets each at most; who lists more asks again.
pub(crate) const MAX_ADMIN_MAILBOXES: usize = 1000;

/// Messages in one administrative answer; who lists more asks again.
pub(crate) const MAX_ADMIN_LISTED: usize = 500;

/// The longest piece of a message that travels with an administrative request, in octets.
pub(crate) const MAX_ADMIN_CHUNK: usize = 64 * 1024;

/// Administrative connections at the same time.
pub(crate) const MAX_ADMIN_CONNECTIONS: usize = 32;

/// Messages that travel with one administrative request.
pub(crate) const MAX_ADMIN_MESSAGES: usize = 256;

/// How long a command waits for a server that is just starting or stopping, and a server for a command.
pub(crate) const ADMIN_PATIENCE: Duration = Duration::from_secs(5);

/// How long either waits before it looks again.
pub(crate) const ADMIN_RETRY: Duration = Duration::from_millis(50);

/// Octets of messages that an import hands over at once.
pub(crate) const IMPORT_BATCH_SIZE: usize = 4 * 1024 * 1024;

/// The longest answer to a question on a terminal, in octets.
pub(crate) const MAX_ANSWER: u64 = 1024;

/// Directories within directories that an import descends into.
pub(crate) const MAX_IMPORT_DEPTH: usize = 50;
