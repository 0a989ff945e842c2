//! LMTP (RFC 2033): how a mail transfer agent hands mail over.
//!
//! [`serve`] holds one conversation over any stream. `command` reads lines, `session` knows what may
//! follow what, `data` finds the end of a message, `delivery` stores it for each recipient.

mod command;
mod data;
mod delivery;
mod envelope;
mod header;
mod session;
mod stream;
mod trace;

pub(crate) use session::serve;

use crate::limits::MAX_LMTP_COPIES;
use rookery_mailbox::Store;
use std::sync::Arc;
use tokio::sync::Semaphore;

/// What all conversations share.
#[derive(Clone)]
pub(crate) struct LmtpServices {
    pub(crate) store: Arc<dyn Store>,
    /// What the server calls itself.
    pub(crate) hostname: String,
    /// The largest message that is taken, in octets.
    pub(crate) message_size: u64,
    /// Recipients of one transaction.
    pub(crate) recipients: usize,
    /// Places for copies of messages that are coming in.
    pub(crate) copies: Arc<Semaphore>,
}

/// The places for copies that all conversations share.
pub(crate) fn places_for_copies() -> Arc<Semaphore> {
    Arc::new(Semaphore::new(MAX_LMTP_COPIES as usize))
}

/// Who is at the other end, for the log.
#[derive(Clone)]
pub(crate) struct LmtpPeer {
    pub(crate) address: String,
    pub(crate) session: u64,
}

#[cfg(test)]
mod tests;
