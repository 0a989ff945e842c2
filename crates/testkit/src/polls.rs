//! How long the polls of a conversation keep the thread that serves it.
//!
//! A thread that serves conversations serves many: while one of them is polled, all others wait. Counted is the time in which
//! the thread computes, so that nothing depends on what else the machine has to do.

use rustix::time::{ClockId, clock_gettime};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Octets that a [`Client`](crate::client::Client) has to keep: a line that names very many messages is long.
pub const KEPT_OCTETS: usize = 16 << 20;

/// How long this thread has computed.
#[must_use]
pub fn thread_time() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    let (seconds, nanoseconds) = (time.tv_sec.try_into(), time.tv_nsec.try_into());
    Duration::new(seconds.unwrap_or_default(), nanoseconds.unwrap_or_default())
}

/// The longest poll of what is watched.
#[derive(Clone, Debug, Default)]
pub struct Polls {
    /// In nanoseconds.
    longest: Arc<AtomicU64>,
}

impl Polls {
    /// Take note of the polls of something.
    pub async fn watch<T>(&self, work: impl Future<Output = T>) -> T {
        let mut work = pin!(work);
        std::future::poll_fn(|cx| {
            let start = thread_time();
            let polled = work.as_mut().poll(cx);
            let took = thread_time().saturating_sub(start);
            let took = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX);
            self.longest.fetch_max(took, Ordering::SeqCst);
            polled
        })
        .await
    }

    /// The longest since it was last asked for.
    #[must_use]
    pub fn take_longest(&self) -> Duration {
        Duration::from_nanos(self.longest.swap(0, Ordering::SeqCst))
    }
}
