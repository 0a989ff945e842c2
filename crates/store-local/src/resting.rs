//! What of an account may lie in a file of its own until somebody needs it.

use rookery_mail::MailboxId;
use std::sync::OnceLock;

/// A part of an account that index snapshots have in a file of its own.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Part {
    /// Where content lies, and how many messages have it.
    Contents,
    /// The keys of threads.
    Threads,
    /// The messages of a mailbox.
    Mailbox(MailboxId),
}

/// Something that is in memory, or in a file until it is needed. Nothing changes in a file: who changes it lets it be in
/// memory first.
#[derive(Debug)]
pub(crate) struct Resting<T>(OnceLock<T>);

impl<T> Resting<T> {
    /// Something in a file.
    pub(crate) fn at_rest() -> Self {
        Self(OnceLock::new())
    }

    /// It, if it is in memory.
    pub(crate) fn get(&self) -> Option<&T> {
        self.0.get()
    }

    /// It, if it is in memory.
    pub(crate) fn get_mut(&mut self) -> Option<&mut T> {
        self.0.get_mut()
    }

    /// It, for whoever needs nothing else of the account.
    pub(crate) fn take(self) -> Option<T> {
        self.0.into_inner()
    }

    /// Let it be in memory from now on. If it is already, that stays.
    pub(crate) fn wake(&self, it: T) {
        let _ = self.0.set(it);
    }
}

impl<T> From<T> for Resting<T> {
    fn from(it: T) -> Self {
        Self(OnceLock::from(it))
    }
}

impl<T: Default> Default for Resting<T> {
    fn default() -> Self {
        Self::from(T::default())
    }
}
