//! Letting parts of a loaded account be in memory that were at rest in files.
//!
//! Files are caches: one that is missing or damaged is made up for by the log, which is read up to the place that the index
//! snapshots are of. The part has not changed since, or it would be in memory.

use crate::account::Account;
use crate::failure::{damaged, failed, is_unreadable};
use crate::fields::BadRecord;
use crate::index::{Content, Source};
use crate::recovery;
use crate::resting::Part;
use crate::salvage::{self, Cause};
use crate::state::State;
use crate::sync::{lock, read};
use rookery_mailbox::{Refused, StoreError};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

const READING: &str = "reading a part of an account";

impl Account {
    /// Let a part be in memory, without keeping others waiting.
    pub(crate) async fn need(self: &Arc<Self>, part: Part) -> Result<(), StoreError> {
        let permit = self.loads().acquire_owned().await.map_err(|_| failed(READING))?;
        let account = Arc::clone(self);
        let waking = tokio::task::spawn_blocking(move || {
            // The reading goes on when nobody waits for it any more.
            let _permit = permit;
            account.wake(part)
        });
        waking.await.map_err(|_| failed(READING))?
    }

    /// Let everything be in memory.
    pub(crate) fn wake_all(&self) -> Result<(), StoreError> {
        let parts: Vec<Part> = read(&self.state).parts().collect();
        parts.into_iter().try_for_each(|part| self.wake(part))
    }

    /// Let a part be in memory. Whoever calls this may have to wait for the disk.
    pub(crate) fn wake(&self, part: Part) -> Result<(), StoreError> {
        let _waking = lock(&self.waking);
        let source = {
            let state = read(&self.state);
            state.source.clone().filter(|_| state.is_at_rest(part))
        };
        let Some(source) = source else { return Ok(()) };
        let content = source.read(&*self.vfs(), self.dir(), part).or_else(|error| {
            tracing::warn!(account = %self.name(), %error, "a part of an account is rebuilt from the log");
            self.rebuild(&source, part)
        });
        match content {
            Ok(content) => read(&self.state).wake(content),
            Err(_) if self.gone.load(Ordering::SeqCst) => {
                return Err(Refused::NoSuchAccount.into());
            }
            Err(error) => return Err(error),
        }
        Ok(())
    }

    /// What the log says of a part.
    fn rebuild(&self, source: &Source, part: Part) -> Result<Content, StoreError> {
        let (vfs, max_tombstones) = (self.vfs(), self.options().max_tombstones);
        let state = match recovery::read_to(&*vfs, self.dir(), max_tombstones, source.position) {
            Err(StoreError::Damaged(what)) => self.put_together(Cause::Damaged(&what))?,
            Err(StoreError::Io { source, .. }) if is_unreadable(&source) => {
                let state = self.put_together(Cause::Unreadable(&source))?;
                // It is read anew when nobody has it any more.
                *lock(&self.unread) = Some(Instant::now());
                self.let_go();
                state
            }
            state => state?,
        };
        let expected = BadRecord("what the index snapshots name");
        Content::of(state, part).ok_or_else(|| damaged("the log", &expected))
    }

    /// The log is damaged where the index snapshots covered it: from now on nothing is changed, as if the account had been
    /// opened without them.
    fn put_together(&self, cause: Cause<'_>) -> Result<State, StoreError> {
        self.read_only.store(true, Ordering::SeqCst);
        let (vfs, max_tombstones) = (self.vfs(), self.options().max_tombstones);
        let why = (self.name(), cause);
        Ok(salvage::for_reading(&*vfs, self.dir(), max_tombstones, why)?.state)
    }
}
