//! How many connections each account has: a place for each of them, which is free again when it goes.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The connections of all accounts; clones count together.
#[derive(Clone, Default, Debug)]
pub struct Connections(Arc<Mutex<HashMap<Arc<str>, usize>>>);

/// A place for one connection of an account.
#[derive(Debug)]
pub(crate) struct Place {
    connections: Connections,
    account: Arc<str>,
}

impl Connections {
    /// A place for a connection of this account, if it has fewer than `most`.
    pub(crate) fn place(&self, account: &str, most: usize) -> Option<Place> {
        let mut counts = self.lock();
        let known = counts.get_key_value(account).map(|(name, count)| (Arc::clone(name), *count));
        let (account, count) = known.unwrap_or_else(|| (account.into(), 0));
        if count >= most {
            return None;
        }
        counts.insert(Arc::clone(&account), count + 1);
        drop(counts);
        Some(Place { connections: self.clone(), account })
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Arc<str>, usize>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut counts = self.connections.lock();
        if let Some(count) = counts.get_mut(&self.account) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&self.account);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_limited_for_each_account_and_come_back() {
        let connections = Connections::default();
        let place = |account| connections.place(account, 2);
        let (one, two) = (place("ada"), place("ada"));
        assert!(one.is_some() && two.is_some() && place("ada").is_none());
        assert!(place("bob").is_some());
        drop(two);
        assert!(place("ada").is_some() && one.is_some());
        drop(one);
        assert!(connections.lock().is_empty());
    }
}
