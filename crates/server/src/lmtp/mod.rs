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

pub(crate) use session::serve;

use rookery_mailbox::Store;
use std::sync::Arc;

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
}

/// Who is at the other end, for the log.
#[derive(Clone)]
pub(crate) struct LmtpPeer {
    pub(crate) address: String,
    pub(crate) session: u64,
}

#[cfg(test)]
mod tests;
