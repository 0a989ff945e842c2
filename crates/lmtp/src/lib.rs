//! LMTP (RFC 2033): how a mail transfer agent hands mail over. Knows no socket: who accepts connections hands streams in.
//!
//! [`serve`] holds one conversation over any stream. `command` reads lines, `session` knows what may
//! follow what, `data` finds the end of a message, `delivery` stores it for each recipient.

mod clock;
mod command;
mod data;
mod delivery;
mod envelope;
mod header;
pub mod limits;
mod session;
mod stream;
mod trace;

pub use command::{BadCommand, Command, Mail};
pub use envelope::Path;
pub use session::serve;

use crate::limits::MAX_RECIPIENTS;
use rookery_mailbox::Store;
use std::sync::Arc;
use tokio::sync::Semaphore;

/// What all conversations share.
#[derive(Clone)]
pub struct Services {
    /// Where mail goes.
    pub store: Arc<dyn Store>,
    /// What the server calls itself.
    pub hostname: String,
    /// The largest message that is taken, in octets.
    pub message_size: u64,
    /// Recipients of one transaction.
    pub recipients: usize,
    /// Places for recipients of messages that are coming in.
    pub places: Places,
}

/// Places for recipients, in all conversations that share them. Each has an account in use, and a copy of the message.
#[derive(Clone, Debug)]
pub struct Places(Arc<Semaphore>);

impl Places {
    /// So many, and [`limits::MAX_RECIPIENTS`] at the most.
    #[must_use]
    pub fn new(places: usize) -> Self {
        Self(Arc::new(Semaphore::new(places.clamp(1, MAX_RECIPIENTS))))
    }
}

impl Default for Places {
    fn default() -> Self {
        Self::new(MAX_RECIPIENTS)
    }
}

/// Who is at the other end, for the log.
#[derive(Clone, Debug)]
pub struct Peer {
    /// Its address, or where else it came from.
    pub address: String,
    /// The number of the conversation.
    pub session: u64,
}

#[cfg(test)]
mod tests;
