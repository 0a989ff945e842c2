//! A mailbox that sessions have open: its latest snapshot, and a wake when there is a newer one.

use crate::Snapshot;
use std::sync::Arc;
use tokio::sync::watch;

/// A mailbox shared by all sessions that have it open.
///
/// The engine publishes each durable state; a session that is woken looks at the latest one. States
/// may be skipped, never reordered.
#[derive(Debug)]
pub struct OpenMailbox {
    latest: watch::Sender<Arc<Snapshot>>,
}

impl OpenMailbox {
    /// Share a mailbox, beginning with a snapshot.
    #[must_use]
    pub fn new(snapshot: Arc<Snapshot>) -> Self {
        Self { latest: watch::Sender::new(snapshot) }
    }

    /// The latest durable state.
    #[must_use]
    pub fn snapshot(&self) -> Arc<Snapshot> {
        Arc::clone(&self.latest.borrow())
    }

    /// For the engine: a newer state is durable.
    pub fn publish(&self, snapshot: Arc<Snapshot>) {
        self.latest.send_replace(snapshot);
    }

    /// A receiver whose `changed()` is ready whenever a newer state was published.
    #[must_use]
    pub fn watch(&self) -> watch::Receiver<Arc<Snapshot>> {
        self.latest.subscribe()
    }
}
