//! The threads, and what they do in turns.

use super::{Owner, Rota};
use crate::limits::HEAVY_STRETCH;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Wake, Waker};
use std::thread;
use std::time::Instant;
use tokio::runtime::Handle;

/// Threads, and the work that can go on.
#[derive(Default)]
pub(super) struct Pool {
    /// Work that can go on.
    ready: Mutex<Rota<Arc<Task>>>,
    more: Condvar,
}

/// What is to be done.
pub(super) type Work = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Something that is done in turns.
pub(super) struct Task {
    pool: Arc<Pool>,
    owner: Owner,
    /// Where it was asked for: what it waits for is done there.
    runtime: Option<Handle>,
    status: Mutex<Status>,
    /// Nothing once it is done.
    work: Mutex<Option<Work>>,
    /// Whether nobody waits for it any more.
    gone: AtomicBool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Status {
    /// It waits for something.
    Waiting,
    /// It can go on, and waits for its turn.
    Ready,
    Running,
    /// It is running, and will be able to go on.
    RunningOn,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Pool {
    /// A pool with so many threads.
    pub(super) fn start(threads: usize) -> io::Result<Arc<Self>> {
        let pool = Arc::new(Self::default());
        for started in 0..threads {
            let of = Arc::clone(&pool);
            match thread::Builder::new().name("heavy".to_owned()).spawn(move || of.run()) {
                Err(error) if started == 0 => return Err(error),
                // Fewer do, more slowly.
                Err(_) => break,
                Ok(_) => {}
            }
        }
        Ok(pool)
    }

    /// Begin something, in its turn.
    pub(super) fn begin(self: &Arc<Self>, owner: Owner, work: Work) -> Arc<Task> {
        let task = Arc::new(Task {
            pool: Arc::clone(self),
            owner,
            runtime: Handle::try_current().ok(),
            status: Mutex::new(Status::Ready),
            work: Mutex::new(Some(work)),
            gone: AtomicBool::new(false),
        });
        self.add(Arc::clone(&task));
        task
    }

    fn add(&self, task: Arc<Task>) {
        lock(&self.ready).push(task.owner, task);
        self.more.notify_one();
    }

    /// Let the system run others every little while: else a thread that has slept waits for milliseconds for one that
    /// computes, where there are few processors.
    fn run(&self) {
        let mut since = Instant::now();
        loop {
            self.next().turn();
            if since.elapsed() >= HEAVY_STRETCH {
                thread::yield_now();
                since = Instant::now();
            }
        }
    }

    fn next(&self) -> Arc<Task> {
        let mut ready = lock(&self.ready);
        loop {
            match ready.pop() {
                Some(task) => return task,
                None => ready = self.more.wait(ready).unwrap_or_else(PoisonError::into_inner),
            }
        }
    }
}

impl Task {
    /// Go on until it waits or yields.
    fn turn(self: Arc<Self>) {
        *lock(&self.status) = Status::Running;
        let is_over = self.poll();
        if is_over || self.gone.load(Ordering::SeqCst) {
            // Without what it is about it is nothing; who wakes it wakes nobody.
            let work = lock(&self.work).take();
            // What panics when it goes takes no thread with it.
            let _ = catch_unwind(AssertUnwindSafe(|| drop(work)));
            return;
        }
        let mut status = lock(&self.status);
        let goes_on = *status == Status::RunningOn;
        *status = if goes_on { Status::Ready } else { Status::Waiting };
        drop(status);
        if goes_on {
            let pool = Arc::clone(&self.pool);
            pool.add(self);
        }
    }

    /// Whether it is over: done, or failed.
    fn poll(self: &Arc<Self>) -> bool {
        let _runtime = self.runtime.as_ref().map(Handle::enter);
        let waker = Waker::from(Arc::clone(self));
        let mut work = lock(&self.work);
        let Some(work) = work.as_mut().filter(|_| !self.gone.load(Ordering::SeqCst)) else {
            return true;
        };
        let poll = || work.as_mut().poll(&mut Context::from_waker(&waker)).is_ready();
        // Who waits is told by what is dropped.
        catch_unwind(AssertUnwindSafe(poll)).unwrap_or(true)
    }

    /// Nobody waits for it any more: it ends, now if it is not running, else at its next turn at the latest.
    pub(super) fn cancel(&self) {
        self.gone.store(true, Ordering::SeqCst);
        if let Ok(mut work) = self.work.try_lock() {
            drop(work.take());
        }
    }
}

impl Wake for Task {
    fn wake(self: Arc<Self>) {
        let mut status = lock(&self.status);
        match *status {
            Status::Waiting => *status = Status::Ready,
            Status::Running => return *status = Status::RunningOn,
            Status::Ready | Status::RunningOn => return,
        }
        drop(status);
        let pool = Arc::clone(&self.pool);
        pool.add(self);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::poll_fn;
    use std::sync::mpsc;
    use std::task::Poll;
    use tokio::task::yield_now;

    fn begin(pool: &Arc<Pool>, owner: u64, work: impl Future<Output = ()> + Send + 'static) {
        pool.begin(Owner(owner), Box::pin(work));
    }

    /// In which order work of these accounts has turns on one thread, if each has so many.
    fn order(owners: &[u64], turns: usize) -> Vec<u64> {
        let pool = Pool::start(1).unwrap();
        let (hold, held) = mpsc::channel::<()>();
        let (log, logged) = mpsc::channel();
        // The thread is kept until all are there.
        begin(&pool, 0, async move { held.recv().unwrap() });
        for owner in owners.iter().copied() {
            let log = log.clone();
            begin(&pool, owner, async move {
                for _ in 0..turns {
                    log.send(owner).unwrap();
                    yield_now().await;
                }
            });
        }
        drop(log);
        hold.send(()).unwrap();
        logged.iter().collect()
    }

    #[test]
    fn many_connections_of_one_account_have_the_turns_of_one() {
        let crowd = [[1; 100].as_slice(), &[2], &[3]].concat();
        let order = order(&crowd, 10);
        assert_eq!(order.len(), 1020);
        assert!(order.chunks(3).take(10).all(|round| round == [1, 2, 3]), "{order:?}");
    }

    #[test]
    fn connections_of_an_account_take_turns() {
        let pool = Pool::start(1).unwrap();
        let (log, logged) = mpsc::channel();
        let (hold, held) = mpsc::channel::<()>();
        begin(&pool, 0, async move { held.recv().unwrap() });
        for number in 0..3 {
            let log = log.clone();
            begin(&pool, 1, async move {
                for _ in 0..5 {
                    log.send(number).unwrap();
                    yield_now().await;
                }
            });
        }
        drop(log);
        hold.send(()).unwrap();
        assert_eq!(logged.iter().collect::<Vec<_>>(), [0, 1, 2].repeat(5));
    }

    /// What is woken while it runs, after it has run, from here and from there, goes on each time.
    #[test]
    fn no_wake_is_lost() {
        let pool = Pool::start(3).unwrap();
        let (wakers, woken) = mpsc::channel::<Waker>();
        let (done, all_done) = mpsc::channel();
        for number in 0..4 {
            let (wakers, done) = (wakers.clone(), done.clone());
            let mut left = 2000;
            begin(&pool, number, async move {
                poll_fn(|cx| {
                    left -= 1;
                    wakers.send(cx.waker().clone()).unwrap();
                    if left == 0 { Poll::Ready(()) } else { Poll::Pending }
                })
                .await;
                done.send(()).unwrap();
            });
        }
        drop((wakers, done));
        thread::spawn(move || woken.iter().for_each(Waker::wake));
        assert_eq!(all_done.iter().count(), 4);
    }
}
