//! To which thread a key leads, for each that a message ever had. Senders choose what is hashed, so nothing here may depend
//! on keys being spread.

use rookery_mail::ThreadId;
use rookery_mailbox::ThreadKey;
use std::collections::HashMap;

/// Keys that came after the others were sorted, up to which they are not sorted in.
const MIN_LATE: usize = 4096;

/// Keys that are new in a change.
pub(crate) type NewThreads = HashMap<ThreadKey, ThreadId>;

/// The keys of an account. Nearly all lie in one sorted row, which an index snapshot is read into as it is.
#[derive(Clone, Debug, Default)]
pub(crate) struct Threads {
    sorted: Vec<(ThreadKey, ThreadId)>,
    /// None of these is among the sorted ones.
    late: NewThreads,
}

impl Threads {
    /// The thread to which a key leads.
    pub(crate) fn get(&self, key: ThreadKey) -> Option<ThreadId> {
        let found = self.sorted.binary_search_by_key(&key, |(key, _)| *key);
        let sorted = found.ok().and_then(|at| self.sorted.get(at)).map(|(_, thread)| *thread);
        sorted.or_else(|| self.late.get(&key).copied())
    }

    /// How many keys there are.
    pub(crate) fn len(&self) -> usize {
        self.sorted.len() + self.late.len()
    }

    /// Let keys lead to threads; those that lead somewhere already go on to.
    pub(crate) fn extend(&mut self, new: NewThreads) {
        for (key, thread) in new {
            if self.get(key).is_none() {
                self.late.insert(key, thread);
            }
        }
        if self.late.len() > MIN_LATE.max(self.sorted.len() / 4) {
            self.sorted = self.to_sorted();
            self.late.clear();
        }
    }

    /// All keys, sorted.
    pub(crate) fn to_sorted(&self) -> Vec<(ThreadKey, ThreadId)> {
        let late = self.late.iter().map(|(key, thread)| (*key, *thread));
        let mut all: Vec<_> = self.sorted.iter().copied().chain(late).collect();
        // Two runs, the first of which is sorted: that is fast.
        all.sort_by_key(|(key, _)| *key);
        all
    }
}

impl FromIterator<(ThreadKey, ThreadId)> for Threads {
    fn from_iter<I: IntoIterator<Item = (ThreadKey, ThreadId)>>(all: I) -> Self {
        let mut sorted: Vec<_> = all.into_iter().collect();
        if !sorted.is_sorted_by(|(a, _), (b, _)| a < b) {
            sorted.sort_by_key(|(key, _)| *key);
            sorted.dedup_by_key(|(key, _)| *key);
        }
        Self { sorted, late: NewThreads::new() }
    }
}

impl PartialEq for Threads {
    fn eq(&self, other: &Self) -> bool {
        self.to_sorted() == other.to_sorted()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn keys_lead_where_they_first_led(batches in prop::collection::vec(prop::collection::vec((0..9000u64, any::<u64>()), 0..3000), 0..6)) {
            let (mut threads, mut expected) = (Threads::default(), NewThreads::new());
            for batch in batches {
                let new: NewThreads =
                    batch.into_iter().map(|(key, thread)| (ThreadKey(key), ThreadId(thread))).collect();
                for (key, thread) in &new {
                    expected.entry(*key).or_insert(*thread);
                }
                threads.extend(new);
            }
            for key in (0..9000).map(ThreadKey) {
                prop_assert_eq!(threads.get(key), expected.get(&key).copied());
            }
            let again: Threads = threads.to_sorted().into_iter().rev().collect();
            prop_assert_eq!(again, threads);
        }
    }
}
