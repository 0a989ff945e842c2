//! Work that needs a processor for long, on a few threads of its own.
//!
//! The threads that serve conversations serve all of them, so that nothing may keep one for long. There are fewer threads
//! here than processors, so that one is left for the others whatever is asked for; they take turns between the accounts for which
//! there is something to do, and let the system run others in between. What waits here is bounded by what asks: a conversation runs
//! one command at a time.

mod pool;
mod rota;

pub use rota::Rota;

use crate::StoreError;
use crate::limits::MAX_HEAVY_THREADS;
use pool::{Pool, Task, Work};
use std::future::poll_fn;
use std::hash::{BuildHasher, Hash, RandomState};
use std::io;
use std::net::IpAddr;
use std::num::NonZeroUsize;
use std::sync::{Arc, OnceLock};
use std::task::Poll;
use std::thread::available_parallelism;
use tokio::sync::oneshot;

/// For which account work is done, or for which address while it is not known for which account; they take turns.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Owner(u64);

impl Owner {
    /// Whoever has not logged in.
    pub const STRANGER: Self = Self(0);

    /// The account of this name. That two are taken for one is as good as impossible, and harmless.
    #[must_use]
    pub fn account(name: &str) -> Self {
        Self::of(name)
    }

    /// Whoever is at this address.
    #[must_use]
    pub fn address(address: IpAddr) -> Self {
        Self::of(&address.to_canonical())
    }

    fn of(what: &(impl Hash + ?Sized)) -> Self {
        static HASHING: OnceLock<RandomState> = OnceLock::new();
        Self(HASHING.get_or_init(RandomState::new).hash_one(what))
    }
}

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
static POOL: OnceLock<Option<Arc<Pool>>> = OnceLock::new();

/// How many processors there are, as the system said when this was first asked: later it may not be asked any more.
#[must_use]
pub fn processors() -> usize {
    *PROCESSORS.get_or_init(|| available_parallelism().map_or(1, NonZeroUsize::get))
}

/// How many threads there are for such work.
#[must_use]
pub fn threads() -> usize {
    threads_for(processors(), MAX_HEAVY_THREADS)
}

/// Threads for work that takes a processor's whole time: one processor is left for the others, where there are several, and
/// there are never more threads than `most`.
#[must_use]
pub fn threads_for(processors: usize, most: usize) -> usize {
    processors.saturating_sub(1).clamp(1, most)
}

/// Have no threads for it, unless there are some already: all is done where it is asked for. For whoever lets a clock go on
/// when nothing else does, and would take such work for nothing.
pub fn have_no_threads() {
    // Whoever says it again says the same.
    let _ = POOL.set(None);
}

/// Where the work is done; nothing where the system has no threads left.
fn pool() -> Option<&'static Arc<Pool>> {
    POOL.get_or_init(|| Pool::start(threads()).ok()).as_ref()
}

/// Do something there that waits or yields after every little piece: these are its turns. It ends at the next of them when
/// whoever waits for it goes away.
///
/// # Errors
/// [`NotDone`].
pub fn in_turns<T: Send + 'static>(
    owner: Owner,
    work: impl Future<Output = T> + Send + 'static,
) -> impl Future<Output = Result<T, NotDone>> + Send {
    let (done, end) = oneshot::channel();
    // In a box from here on: who waits for it should be no larger for that.
    let work: Work = Box::pin(async move {
        // Who has asked may have gone.
        let _ = done.send(work.await);
    });
    async move {
        let _waiting = match pool() {
            Some(pool) => Some(Waiting(pool.begin(owner, work))),
            None => {
                work.await;
                None
            }
        };
        end.await.map_err(|_| NotDone)
    }
}

/// Do something there in one turn.
///
/// # Errors
/// [`NotDone`].
pub fn at_once<T: Send + 'static>(
    owner: Owner,
    work: impl FnOnce() -> T + Send + 'static,
) -> impl Future<Output = Result<T, NotDone>> + Send {
    in_turns(owner, async { work() })
}

/// Begin something here that waits or yields after every little piece, for mostly it has no other, and go on with it there.
///
/// # Errors
/// [`NotDone`].
pub fn begun_here<T: Send + 'static>(
    owner: Owner,
    work: impl Future<Output = T> + Send + 'static,
) -> impl Future<Output = Result<T, NotDone>> + Send {
    let mut work = Box::pin(work);
    async move {
        match poll_fn(|cx| Poll::Ready(work.as_mut().poll(cx))).await {
            Poll::Ready(done) => Ok(done),
            Poll::Pending => in_turns(owner, work).await,
        }
    }
}

/// Whoever waits for work; without them it goes on no longer than to its next turn.
struct Waiting(Arc<Task>);

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.cancel();
    }
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
        let threads_for = |processors| threads_for(processors, 16);
        assert_eq!([0, 1, 2, 3, 8, 1000].map(threads_for), [1, 1, 1, 2, 7, 16]);
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
            all.spawn(at_once(Owner::STRANGER, work));
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
            tokio::spawn(in_turns(Owner::STRANGER, async {
                while always() {
                    yield_now().await;
                }
            }))
        };
        let endless: Vec<_> = (0..threads() * 3).map(|_| endless()).collect();
        tokio::task::yield_now().await;
        assert_eq!(at_once(Owner::STRANGER, || 5).await, Ok(5));
        assert!(endless.iter().all(|endless| !endless.is_finished()));
    }

    /// A crowd of one account keeps nobody of another one waiting for longer than one of them would.
    #[tokio::test(flavor = "current_thread")]
    async fn turns_are_between_accounts() {
        let (crowd, alone) = (Owner::account("crowd"), Owner::account("alone"));
        let turns = Arc::new(AtomicUsize::new(0));
        let busy = || {
            let turns = Arc::clone(&turns);
            tokio::spawn(in_turns(crowd, async move {
                while always() {
                    turns.fetch_add(1, Ordering::SeqCst);
                    yield_now().await;
                }
            }))
        };
        let _crowd: Vec<_> = (0..100).map(|_| busy()).collect();
        while turns.load(Ordering::SeqCst) < 1000 {
            yield_now().await;
        }
        let meanwhile = in_turns(alone, async move {
            let before = turns.load(Ordering::SeqCst);
            for _ in 0..100 {
                yield_now().await;
            }
            turns.load(Ordering::SeqCst) - before
        });
        let meanwhile = meanwhile.await.unwrap();
        // A turn of theirs for each of ours; a few more where there are several threads.
        assert!(meanwhile < 100 * 2 * (threads() + 1), "{meanwhile} turns of others in 100");
    }

    #[tokio::test(flavor = "current_thread")]
    async fn the_first_piece_is_done_here_and_all_others_elsewhere() {
        let here = std::thread::current().id();
        for pieces in [1, 2, 5] {
            let work = async move {
                let mut threads = vec![std::thread::current().id()];
                while threads.len() < pieces {
                    yield_now().await;
                    threads.push(std::thread::current().id());
                }
                threads
            };
            let threads = begun_here(Owner::STRANGER, work).await.unwrap();
            assert_eq!(threads.len(), pieces);
            assert!(threads.iter().enumerate().all(|(at, thread)| (*thread == here) == (at == 0)));
        }
    }

    fn always() -> bool {
        true
    }

    #[tokio::test(flavor = "current_thread")]
    async fn work_ends_when_nobody_waits_for_it_any_more() {
        let (held, over) = mpsc::channel::<()>();
        let work = in_turns(Owner::STRANGER, async move {
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
        assert_eq!(
            at_once(Owner::STRANGER, || std::panic::panic_any("on purpose")).await,
            Err::<(), _>(NotDone)
        );
        assert_eq!(at_once(Owner::STRANGER, || 5).await, Ok(5));
    }
}
