//! How much is done: in a full run, and in a quick one, which is for those who work on it.

use std::time::Duration;

/// Numbers of operations and messages.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sizes {
    /// Rounds, unless told.
    pub(crate) rounds: u32,
    /// Messages of the corpus.
    pub(crate) corpus: usize,
    /// Mailboxes whose sizes are compared.
    pub(crate) growth: &'static [u32],
    /// The one that only we are measured with.
    pub(crate) huge: Option<u32>,
    /// The mailbox that most is measured with.
    pub(crate) usual: u32,
    /// Small operations, one after the other.
    pub(crate) small: u64,
    /// Operations each of which waits for the disk.
    pub(crate) durable: u64,
    /// How long larger operations are repeated.
    pub(crate) span: Duration,
    /// Logins.
    pub(crate) logins: u64,
    /// Messages that are copied, moved and expunged, and that are appended with few commands.
    pub(crate) bulk: u32,
    /// Mailboxes of the account that has many.
    pub(crate) mailboxes: u32,
    /// Idle connections, on every server.
    pub(crate) idle: usize,
    /// Idle connections, once.
    pub(crate) very_idle: Option<usize>,
    /// Clients that wait for the same message.
    pub(crate) watchers: usize,
}

impl Sizes {
    /// Of the run whose figures are published.
    pub(crate) const FULL: Self = Self {
        rounds: 5,
        corpus: 6000,
        growth: &[1_000, 10_000, 100_000],
        huge: Some(1_000_000),
        usual: 10_000,
        small: 2_000,
        durable: 100,
        span: Duration::from_millis(250),
        logins: 100,
        bulk: 2_000,
        mailboxes: 1_000,
        idle: 1_000,
        very_idle: Some(10_000),
        watchers: 400,
    };

    /// Of a run of two minutes.
    pub(crate) const QUICK: Self = Self {
        rounds: 3,
        corpus: 1000,
        growth: &[1_000, 10_000],
        huge: None,
        usual: 10_000,
        small: 500,
        durable: 32,
        span: Duration::from_millis(100),
        logins: 40,
        bulk: 500,
        mailboxes: 200,
        idle: 200,
        very_idle: None,
        watchers: 100,
    };

    /// Accounts that have one mailbox each, of these sizes.
    pub(crate) fn accounts() -> impl Iterator<Item = String> {
        let all = Self::FULL.growth.iter().copied().chain(Self::FULL.huge);
        all.map(account)
    }
}

/// The account with a mailbox of so many messages.
pub(crate) fn account(messages: u32) -> String {
    format!("n{messages}")
}
