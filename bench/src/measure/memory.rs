//! What the system says of the memory of a server's processes.

use super::tree;
use crate::Fallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

/// Octets of memory that a process has for itself: what would come back if it went. Buffers of sockets, which are the
/// system's, are not in it.
pub(crate) fn private(process: u32) -> Fallible<i64> {
    Ok(i64::try_from(sum(process, "Private_").ok_or("no memory of the process")?)?)
}

/// Octets of memory of all processes of a server; what several of them share counts once.
pub(crate) fn proportional(first: u32) -> Fallible<u64> {
    tree::sum(first, |process| sum(process, "Pss:"))
}

fn sum(process: u32, start: &str) -> Option<u64> {
    let text = std::fs::read_to_string(format!("/proc/{process}/smaps_rollup")).ok()?;
    let lines = text.lines().filter(|line| line.starts_with(start));
    let kibibytes = lines.filter_map(|line| line.split_whitespace().nth(1)?.parse::<u64>().ok());
    Some(kibibytes.sum::<u64>() * 1024)
}

/// How often memory is looked at while something is measured: looking takes time, too.
const PACE: Duration = Duration::from_millis(250);

/// Looks at a server's memory again and again.
pub(crate) struct Peak {
    first: u32,
    over: Arc<AtomicBool>,
    most: Arc<AtomicU64>,
    thread: JoinHandle<()>,
}

impl Peak {
    /// Begin.
    pub(crate) fn watch(first: u32) -> Self {
        let (over, most) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
        let (its_over, its_most) = (Arc::clone(&over), Arc::clone(&most));
        let thread = std::thread::spawn(move || {
            std::thread::park_timeout(PACE);
            while !its_over.load(Ordering::Relaxed) {
                its_most.fetch_max(proportional(first).unwrap_or(0), Ordering::Relaxed);
                std::thread::park_timeout(PACE);
            }
        });
        Self { first, over, most, thread }
    }

    /// The most that was seen, now included.
    pub(crate) fn end(self) -> Fallible<u64> {
        self.over.store(true, Ordering::Relaxed);
        self.thread.thread().unpark();
        self.thread.join().map_err(|_| "the thread that watches memory failed")?;
        Ok(self.most.load(Ordering::Relaxed).max(proportional(self.first)?))
    }
}
