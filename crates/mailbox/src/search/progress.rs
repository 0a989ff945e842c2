//! How far a long task has come.

use std::sync::atomic::{AtomicU64, Ordering};

/// How far a task has come, for those who wait for it: it counts, and they look when they like.
#[derive(Debug, Default)]
pub struct Progress {
    done: AtomicU64,
    goal: AtomicU64,
}

impl Progress {
    /// The task begins, and is to come so far.
    pub(crate) fn begin(&self, goal: u64) {
        self.goal.store(goal, Ordering::Relaxed);
    }

    /// So much more is done.
    pub(crate) fn advance(&self, by: u64) {
        self.done.fetch_add(by, Ordering::Relaxed);
    }

    /// How much is done, and how much there is to do; the latter is 0 until the task has begun.
    #[must_use]
    pub fn look(&self) -> (u64, u64) {
        (self.done.load(Ordering::Relaxed), self.goal.load(Ordering::Relaxed))
    }
}
