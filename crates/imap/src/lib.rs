//! The IMAP conversation: connection, session, command table, one file per command.
//!
//! [`serve`] holds one conversation over any stream. Octets come in through [`conn`], the only file
//! that touches a stream; `gate` says which command may run in which state; `command::<name>` asks
//! the mailbox model; answers leave through `out`; and each error becomes protocol in `refusal`.

mod append_limit;
mod budget;
mod capability;
mod changes;
mod command;
mod compress;
mod conn;
mod connections;
mod dispatch;
mod gate;
pub mod limits;
mod long_code;
mod mask;
mod message_limit;
mod names;
mod out;
mod progress;
mod refusal;
mod selected;
mod session;
mod sync;
mod turns;
mod walk;

pub use conn::turn_away;
pub use connections::{Connections, Ended};
pub use mask::{Mask, NotMaskable};
pub use turns::Turns;

use rookery_auth::Directory;
use rookery_mailbox::Store;
use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::sync::Arc;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::watch;

/// The target of log lines that anybody can cause who reaches a port, so that there can be a bound to them.
pub(crate) const STRANGERS: &str = "rookery_imap::strangers";

/// The same for failed logins.
pub(crate) const FAILED_LOGINS: &str = "rookery_imap::failed_logins";

/// What all conversations share.
pub struct Services {
    /// Where the mail is.
    pub store: Arc<dyn Store>,
    /// Who may log in.
    pub directory: Arc<dyn Directory>,
    /// How many connections each account has.
    pub connections: Connections,
    /// Whose turn it is among those that have much to say.
    pub turns: Turns,
    /// What the administrator decided.
    pub settings: Settings,
}

/// What the administrator decides.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Whether STARTTLS can be offered to a client without TLS.
    pub starttls: bool,
    /// Whether a client on a loopback address may log in without TLS.
    pub allow_plaintext: bool,
    /// The largest message that APPEND takes, in octets.
    pub max_message_size: u64,
    /// How many connections one account may have.
    pub connections_per_account: usize,
    /// Octets that one connection may make the server hold after login; [`limits::MIN_MEMORY`] at the least.
    pub memory_per_connection: usize,
    /// Whether clients may do without message numbers (RFC 9586). A widespread client enables that
    /// wherever it is offered, and then fails.
    pub uid_only: bool,
    /// How many messages one FETCH, STORE, SEARCH, MOVE or UID EXPUNGE works on, and COPY and APPEND take
    /// (RFC 9738: MESSAGELIMIT); as many as there are without it.
    pub message_limit: Option<NonZeroU32>,
    /// How many messages one COPY, MOVE or APPEND takes (RFC 9738: SAVELIMIT), if other than `message_limit`;
    /// no fewer than that.
    pub save_limit: Option<NonZeroU32>,
    /// What this client is not told of.
    pub hidden: Mask,
    /// How long a client may take to log in.
    pub login_deadline: std::time::Duration,
    /// How long a client may be silent after it logged in (RFC 9051 §5.4: at least 30 minutes).
    pub idle_deadline: std::time::Duration,
    /// How long a client may take to accept one batch of answers.
    pub write_deadline: std::time::Duration,
    /// How long a command takes before the client is told that it goes on, and how long until it is told again.
    pub progress_pace: std::time::Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            starttls: false,
            allow_plaintext: false,
            max_message_size: limits::DEFAULT_MAX_MESSAGE_SIZE,
            connections_per_account: limits::DEFAULT_CONNECTIONS_PER_ACCOUNT,
            memory_per_connection: limits::DEFAULT_MEMORY,
            uid_only: false,
            message_limit: None,
            save_limit: None,
            hidden: Mask::default(),
            login_deadline: limits::DEFAULT_LOGIN_DEADLINE,
            idle_deadline: limits::DEFAULT_IDLE_DEADLINE,
            write_deadline: limits::DEFAULT_WRITE_DEADLINE,
            progress_pace: limits::DEFAULT_PROGRESS_PACE,
        }
    }
}

/// Who is at the other end.
#[derive(Clone, Debug)]
pub struct Peer {
    /// Its address, where it has one.
    pub address: Option<SocketAddr>,
    /// Whether the stream is protected by TLS.
    pub secure: bool,
    /// The session's number, for the log.
    pub session: u64,
}

impl Peer {
    /// Whether the peer is on this machine; a stream without an address is.
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        self.address.is_none_or(|address| address.ip().to_canonical().is_loopback())
    }
}

/// Where a conversation begins.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Stage {
    /// With the greeting.
    Greeting,
    /// With the first command after the TLS handshake that STARTTLS asked for.
    AfterStartTls,
}

/// How a conversation ended.
#[derive(Debug)]
pub enum Outcome<S> {
    /// It is over; the stream has been shut down.
    Closed,
    /// The client was promised TLS: the next octets on the stream are a handshake.
    StartTls(S),
}

/// Hold a conversation until it ends. When `shutdown` turns true, the client gets a BYE after the
/// command that is running.
pub async fn serve<S>(
    stream: S,
    peer: Peer,
    services: Arc<Services>,
    shutdown: watch::Receiver<bool>,
    stage: Stage,
) -> Outcome<S>
where
    S: AsyncRead + AsyncWrite + Unpin + Send,
{
    let (mut read, mut write) = tokio::io::split(stream);
    let patience = services.settings.write_deadline;
    let end = {
        let turns = services.turns.clone();
        let (input, out) = conn::open(&mut read, (&mut write, patience), turns, shutdown.clone());
        session::Session::new(services, peer).run(input, out, stage).await
    };
    match end {
        session::End::StartTls => Outcome::StartTls(read.unsplit(write)),
        session::End::LoggedOut => {
            conn::shut_down(&mut write, patience).await;
            Outcome::Closed
        }
        session::End::SentAway => {
            conn::shut_down(&mut write, patience).await;
            conn::linger(&mut read, shutdown).await;
            Outcome::Closed
        }
    }
}
