//! The few threads that hash passwords.
//!
//! A hash takes megabytes, and each thread that ever made one may keep as much: so there are few such
//! threads, each with memory that it uses again, and what they have no time for waits in a queue. They end
//! when there is nothing to do, and their memory goes with them.

use super::lock;
use crate::limits::{HASHING_IDLE, HASHING_NICENESS, MAX_HASHING_THREADS, MAX_WAITING_LOGINS};
use rookery_auth::password::Memory;
use rookery_mailbox::heavy;
use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use tokio::sync::oneshot;

type Job = Box<dyn FnOnce(&mut Memory) + Send>;

/// Threads that hash, one less than there are cores, and a queue before them.
pub(super) struct HashingPool {
    shared: Arc<Shared>,
    most: usize,
}

/// Why something was not hashed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum NotHashed {
    /// Too much waits already.
    Busy,
    /// There is no thread, no memory or no random number to be had.
    Failed,
}

#[derive(Default)]
struct Shared {
    queue: Mutex<Queue>,
    arrived: Condvar,
}

#[derive(Default)]
struct Queue {
    jobs: VecDeque<Job>,
    threads: usize,
    idle: usize,
}

/// As nice as a thread can be.
const NICEST: i32 = 19;

/// How nice those are who come after whoever is this nice.
fn nicer(here: i32) -> i32 {
    here.saturating_add(HASHING_NICENESS).min(NICEST)
}

impl HashingPool {
    pub(super) fn new() -> Self {
        Self::on(heavy::processors())
    }

    fn on(processors: usize) -> Self {
        Self { shared: Arc::default(), most: heavy::threads_for(processors, MAX_HASHING_THREADS) }
    }

    /// Do something on one of the threads. It holds its place in the queue when its caller goes away, but
    /// is not begun any more.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Memory) -> T + Send + 'static,
    ) -> Result<T, NotHashed> {
        let (answer, answered) = oneshot::channel();
        self.push(Box::new(move |memory| {
            if !answer.is_closed() {
                // The caller may have gone away in the meantime.
                let _ = answer.send(work(memory));
            }
        }))?;
        answered.await.map_err(|_| NotHashed::Failed)
    }

    fn push(&self, job: Job) -> Result<(), NotHashed> {
        let mut queue = lock(&self.shared.queue);
        if queue.jobs.len() >= MAX_WAITING_LOGINS {
            return Err(NotHashed::Busy);
        }
        if queue.idle <= queue.jobs.len() && queue.threads < self.most {
            let shared = Arc::clone(&self.shared);
            let thread = std::thread::Builder::new().name("hashing".to_owned());
            match thread.spawn(move || shared.work()) {
                Ok(_) => queue.threads += 1,
                Err(_) if queue.threads > 0 => {}
                Err(_) => return Err(NotHashed::Failed),
            }
        }
        queue.jobs.push_back(job);
        self.shared.arrived.notify_one();
        Ok(())
    }
}

impl Shared {
    /// What a thread does until there is nothing to do.
    fn work(&self) {
        // Of the calling thread alone, as Linux has it. Where that is forbidden, it hashes like others do their work.
        let here = rustix::process::getpriority_process(None).unwrap_or(0);
        let _ = rustix::process::setpriority_process(None, nicer(here));
        let mut memory = Memory::default();
        while let Some(job) = self.next() {
            // A panic costs its caller the answer and nobody else anything.
            if catch_unwind(AssertUnwindSafe(|| job(&mut memory))).is_err() {
                memory = Memory::default();
            }
        }
    }

    fn next(&self) -> Option<Job> {
        let mut queue = lock(&self.queue);
        if queue.jobs.is_empty() {
            queue.idle += 1;
            let is_empty = |queue: &mut Queue| queue.jobs.is_empty();
            let waited = self.arrived.wait_timeout_while(queue, HASHING_IDLE, is_empty);
            queue = waited.unwrap_or_else(PoisonError::into_inner).0;
            queue.idle -= 1;
        }
        let job = queue.jobs.pop_front();
        if job.is_none() {
            queue.threads -= 1;
        }
        job
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::mpsc;

    #[test]
    fn there_are_never_very_many_threads() {
        assert_eq!([2, 3, 5, 256].map(|it| HashingPool::on(it).most), [1, 2, 4, 4]);
    }

    #[tokio::test]
    async fn a_processor_is_left_and_others_go_first() {
        let pool = HashingPool::new();
        assert!(pool.most < heavy::processors() || heavy::processors() == 1);
        let here = rustix::process::getpriority_process(None).unwrap();
        let there = pool.run(|_| rustix::process::getpriority_process(None).unwrap()).await;
        assert_eq!(there, Ok(nicer(here)));
        assert_eq!([0, 5, 15].map(nicer), [HASHING_NICENESS, HASHING_NICENESS + 5, NICEST]);
    }

    #[tokio::test]
    async fn few_threads_do_everything_and_survive_panics() {
        let (pool, now) = (Arc::new(HashingPool::new()), Arc::new(AtomicUsize::new(0)));
        let mut callers = tokio::task::JoinSet::new();
        for _ in 0..50 {
            let (pool, now) = (Arc::clone(&pool), Arc::clone(&now));
            callers.spawn(async move {
                let work = move |_: &mut Memory| {
                    let running = now.fetch_add(1, Ordering::SeqCst) + 1;
                    std::thread::sleep(std::time::Duration::from_millis(1));
                    now.fetch_sub(1, Ordering::SeqCst);
                    running
                };
                pool.run(work).await.unwrap()
            });
        }
        assert!(callers.join_all().await.into_iter().all(|running| running <= pool.most));
        let panicked = pool.run(|_| std::panic::panic_any("on purpose")).await;
        assert_eq!(panicked, Err::<(), _>(NotHashed::Failed));
        assert_eq!(pool.run(|_| 5).await, Ok(5));
    }

    #[tokio::test]
    async fn the_queue_is_bounded_and_who_goes_away_is_passed_over() {
        let pool = HashingPool { most: 1, ..HashingPool::new() };
        let (free, wait) = mpsc::channel::<()>();
        let (begun, has_begun) = mpsc::channel();
        let block: Job = Box::new(move |_| {
            begun.send(()).unwrap();
            wait.recv().unwrap();
        });
        pool.push(block).unwrap();
        has_begun.recv().unwrap();
        let done = Arc::new(AtomicUsize::new(0));
        for _ in 0..MAX_WAITING_LOGINS {
            let done = Arc::clone(&done);
            let gone = pool.run(move |_| done.fetch_add(1, Ordering::SeqCst));
            assert!(tokio::time::timeout(std::time::Duration::ZERO, gone).await.is_err());
        }
        assert_eq!(pool.run(|_| ()).await, Err(NotHashed::Busy));
        free.send(()).unwrap();
        while pool.run(|_| ()).await != Ok(()) {}
        assert_eq!(done.load(Ordering::SeqCst), 0);
    }
}
