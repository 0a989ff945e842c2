//! How many segment files all accounts of a store have open for reading.
//!
//! Each account keeps those that it read last. Of all of them together the store keeps so many: for one more, one goes that nobody
//! has read for a while, of whichever account.

use crate::limits::MAX_OPEN_SEGMENTS_IN_ALL;
use crate::open_segments::{OpenSegment, OpenSegments};
use crate::sync::lock;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, Weak};

/// Segment files that are open for reading, of all accounts of a store.
pub(crate) struct SegmentPool {
    most: AtomicUsize,
    /// In the order in which they are looked at when one has to go.
    open: Mutex<VecDeque<Entry>>,
}

/// A file that is open: whoever has it has this.
#[derive(Debug)]
pub(crate) struct Mark {
    /// Whether it was read since it was last looked at.
    was_read: AtomicBool,
}

impl Mark {
    /// The mark of a file that is about to be read.
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self { was_read: AtomicBool::new(true) })
    }

    /// It is read.
    pub(crate) fn note(&self) {
        self.was_read.store(true, Ordering::Relaxed);
    }
}

struct Entry {
    owner: Weak<OpenSegments>,
    mark: Weak<Mark>,
}

impl Entry {
    /// Whether nobody has the file any more.
    fn is_closed(&self) -> bool {
        self.mark.strong_count() == 0
    }

    /// Whether it was read since this was last asked.
    fn was_read(&self) -> bool {
        self.mark.upgrade().is_some_and(|mark| mark.was_read.swap(false, Ordering::Relaxed))
    }

    /// Take the file from its account.
    fn take(&self) -> Option<OpenSegment> {
        self.owner.upgrade()?.let_go_of(&*self.mark.upgrade()?)
    }
}

impl Default for SegmentPool {
    fn default() -> Self {
        let most = AtomicUsize::new(MAX_OPEN_SEGMENTS_IN_ALL);
        Self { most, open: Mutex::default() }
    }
}

impl SegmentPool {
    /// Let no more than so many files be open from now on.
    pub(crate) fn set_most(&self, most: usize) {
        self.most.store(most.clamp(1, MAX_OPEN_SEGMENTS_IN_ALL), Ordering::Relaxed);
    }

    /// An account keeps a file open; returns those that have to be closed for it.
    pub(crate) fn add(&self, owner: &Arc<OpenSegments>, mark: &Arc<Mark>) -> Vec<OpenSegment> {
        let most = self.most.load(Ordering::Relaxed);
        let entry = Entry { owner: Arc::downgrade(owner), mark: Arc::downgrade(mark) };
        let excess: Vec<Entry> = {
            let mut open = lock(&self.open);
            if open.len() >= most {
                open.retain(|entry| !entry.is_closed());
            }
            let excess = (open.len() + 1).saturating_sub(most);
            let excess = (0..excess).filter_map(|_| take_one(&mut open)).collect();
            open.push_back(entry);
            excess
        };
        // Accounts have locks of their own.
        excess.iter().filter_map(Entry::take).collect()
    }
}

/// The first one that has not been read since it was last looked at; the first one if all have.
fn take_one(open: &mut VecDeque<Entry>) -> Option<Entry> {
    for _ in 0..open.len() {
        let entry = open.pop_front()?;
        if !entry.was_read() {
            return Some(entry);
        }
        open.push_back(entry);
    }
    open.pop_front()
}
