//! Work that needs a processor for long, on a few threads of its own.
//!
//! The threads that serve conversations serve all of them, so that nothing may keep one for long. There are fewer threads
//! here than processors, so that one is left for the others whatever is asked for; they take turns between all that there is to
//! do, and let the system run others in between. What waits here is bounded by what asks: a conversation runs one
//! command at a time.

use crate::StoreError;
use crate::limits::{HEAVY_STRETCH, MAX_HEAVY_THREADS};
use std::future::poll_fn;
use std::io;
use std::num::NonZeroUsize;
use std::pin::pin;
use std::sync::OnceLock;
use std::thread::available_parallelism;
use std::time::Instant;
use tokio::runtime::{Builder, Handle, Runtime};
use tokio::task::JoinHandle;

/// The work was not done: it panicked, or the process is ending.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("work for a thread of its own was not done")]
pub struct NotDone;

impl NotDone {
    /// The same in the terms of an engine that was asked for this.
    #[must_use]
    pub fn during(self, context: &'static str) -> StoreError {
        StoreError::Io { context, source: io::Error::other(self) }
    }
}

static PROCESSORS: OnceLock<usize> = OnceLock::new();
static THREADS: OnceLock<Option<Runtime>> = OnceLock::new();

/// Say how many processors there are, where the system may not be asked later any more. Counts once, before the first work.
pub fn set_processors(processors: usize) {
    // Whoever says it again says the same.
    let _ = PROCESSORS.set(processors);
}

/// How many threads there are for such work.
#[must_use]
pub fn threads() -> usize {
    let ask = || available_parallelism().map_or(1, NonZeroUsize::get);
    threads_for(*PROCESSORS.get_or_init(ask))
}

/// One processor is left for the others, where there are several.
fn threads_for(processors: usize) -> usize {
    processors.saturating_sub(1).clamp(1, MAX_HEAVY_THREADS)
}

/// Where the work is done; nothing where the system has no threads left.
fn place() -> Option<&'static Handle> {
    let build = || {
        let mut threads_of_their_own = Builder::new_multi_thread();
        threads_of_their_own.worker_threads(threads()).thread_name("heavy");
        threads_of_their_own.build().ok()
    };
    THREADS.get_or_init(build).as_ref().map(Runtime::handle)
}

/// Do something there that waits or yields after every little piece: these are its turns. It ends at the next of them when
/// whoever waits for it goes away.
///
/// # Errors
/// [`NotDone`].
pub async fn in_turns<T: Send + 'static>(
    work: impl Future<Output = T> + Send + 'static,
) -> Result<T, NotDone> {
    match place() {
        Some(place) => Waiting(place.spawn(polite(work))).end().await,
        None => Ok(work.await),
    }
}

/// Do something there in one turn.
///
/// # Errors
/// [`NotDone`].
pub async fn at_once<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, NotDone> {
    in_turns(async { work() }).await
}

/// Whoever waits for work; without them it goes on no longer than to its next turn.
struct Waiting<T>(JoinHandle<T>);

impl<T> Waiting<T> {
    async fn end(mut self) -> Result<T, NotDone> {
        (&mut self.0).await.map_err(|_| NotDone)
    }
}

impl<T> Drop for Waiting<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Let the system run others first every little while: else a thread that has slept waits for milliseconds for one that
/// computes, where there are few processors.
async fn polite<T>(work: impl Future<Output = T>) -> T {
    let (mut work, mut since) = (pin!(work), Instant::now());
    poll_fn(|cx| {
        let polled = work.as_mut().poll(cx);
        if polled.is_pending() && since.elapsed() >= HEAVY_STRETCH {
            std::thread::yield_now();
            since = Instant::now();
        }
        polled
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::mpsc;
    use std::time::Duration;
    use tokio::task::yield_now;

    #[test]
    fn a_processor_is_left_for_the_others() {
        assert_eq!([0, 1, 2, 3, 8].map(threads_for), [1, 1, 1, 2, 7]);
        assert_eq!(threads_for(1000), MAX_HEAVY_THREADS);
    }

    #[tokio::test(flavor = "current_thread")]
    async fn no_more_is_done_at_the_same_time_than_there_are_threads() {
        let now = Arc::new(AtomicUsize::new(0));
        let mut all = tokio::task::JoinSet::new();
        for _ in 0..100 {
            let now = Arc::clone(&now);
            let work = move || {
                let running = now.fetch_add(1, Ordering::SeqCst) + 1;
                std::thread::sleep(Duration::from_millis(1));
                now.fetch_sub(1, Ordering::SeqCst);
                (running, std::thread::current().id())
            };
            all.spawn(at_once(work));
        }
        let here = std::thread::current().id();
        for done in all.join_all().await {
            let (running, thread) = done.unwrap();
            assert!(running <= threads() && thread != here);
        }
    }

    /// Work without end on each of the threads keeps nobody from theirs.
    #[tokio::test(flavor = "current_thread")]
    async fn small_work_gets_its_turn_beside_work_without_end() {
        let endless = || {
            tokio::spawn(in_turns(async {
                while always() {
                    yield_now().await;
                }
            }))
        };
        let endless: Vec<_> = (0..threads() * 3).map(|_| endless()).collect();
        tokio::task::yield_now().await;
        assert_eq!(at_once(|| 5).await, Ok(5));
        assert!(endless.iter().all(|endless| !endless.is_finished()));
    }

    fn always() -> bool {
        true
    }

    #[tokio::test(flavor = "current_thread")]
    async fn work_ends_when_nobody_waits_for_it_any_more() {
        let (held, over) = mpsc::channel::<()>();
        let work = in_turns(async move {
            while held.send(()).is_ok() {
                yield_now().await;
            }
        });
        let gone = tokio::time::timeout(Duration::from_millis(20), work).await;
        assert!(gone.is_err());
        while over.recv_timeout(Duration::from_secs(10)).is_ok() {}
        assert_eq!(over.recv(), Err(mpsc::RecvError), "it is dropped, not only stopped");
    }

    #[tokio::test]
    async fn a_panic_costs_its_caller_the_answer_and_nobody_else_anything() {
        assert_eq!(at_once(|| std::panic::panic_any("on purpose")).await, Err::<(), _>(NotDone));
        assert_eq!(at_once(|| 5).await, Ok(5));
    }
}
