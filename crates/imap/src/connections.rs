//! The connections of each account: a place for each of them, which is free again when it goes, and how all of an account's are
//! ended at once.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use tokio::sync::Notify;

/// The connections of all accounts; clones count together.
#[derive(Clone, Default, Debug)]
pub struct Connections(Arc<Mutex<All>>);

#[derive(Default, Debug)]
struct All {
    accounts: HashMap<Arc<str>, Row>,
    endings: u64,
}

/// The connections of one account.
#[derive(Default, Debug)]
struct Row {
    count: usize,
    /// The end of those that are there now.
    end: Arc<EndOfAll>,
}

/// A place for one connection of an account.
#[derive(Debug)]
pub(crate) struct Place {
    connections: Connections,
    account: Arc<str>,
    end: Arc<EndOfAll>,
}

/// Why an administrator ended the connections of an account.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Ended {
    /// Nobody may log in to the account.
    Disabled,
    /// The account is no more.
    Deleted,
    /// It takes another password.
    NewPassword,
}

/// What connections that were there at the same time wait for.
#[derive(Default, Debug)]
pub(crate) struct EndOfAll {
    why: OnceLock<Ended>,
    told: Notify,
}

impl EndOfAll {
    /// Whether it has come.
    pub(crate) fn come(&self) -> Option<Ended> {
        self.why.get().copied()
    }

    /// Wait for it.
    pub(crate) async fn wait(&self) -> Ended {
        loop {
            let told = self.told.notified();
            if let Some(why) = self.come() {
                return why;
            }
            told.await;
        }
    }

    fn tell(&self, why: Ended) {
        // Nobody else can have told it: it has left its row.
        let _ = self.why.set(why);
        self.told.notify_waiters();
    }
}

impl Connections {
    /// A place for a connection of this account, if it has fewer than `most`.
    pub(crate) fn place(&self, account: &str, most: usize) -> Option<Place> {
        let mut all = self.lock();
        let known = all.accounts.get_key_value(account).map(|(name, _)| Arc::clone(name));
        let account = known.unwrap_or_else(|| account.into());
        if all.accounts.get(&account).map_or(0, |row| row.count) >= most {
            return None;
        }
        let row = all.accounts.entry(Arc::clone(&account)).or_default();
        row.count += 1;
        let end = Arc::clone(&row.end);
        drop(all);
        Some(Place { connections: self.clone(), account, end })
    }

    /// End the connections that the account has now: each client is sent away, after the command that is running. Those to come
    /// are let in or not as the directory says, which must know better by now: a login that it granted before, and
    /// that has no place yet, is checked again.
    pub fn end(&self, account: &str, why: Ended) {
        let mut all = self.lock();
        all.endings += 1;
        let end = all.accounts.get_mut(account).map(|row| std::mem::take(&mut row.end));
        drop(all);
        if let Some(end) = end {
            end.tell(why);
        }
    }

    /// How often connections were ended so far, of whatever account.
    pub(crate) fn endings(&self) -> u64 {
        self.lock().endings
    }

    /// How many connections the account has.
    #[must_use]
    pub fn count(&self, account: &str) -> usize {
        self.lock().accounts.get(account).map_or(0, |row| row.count)
    }

    /// The accounts that have connections.
    #[must_use]
    pub fn accounts(&self) -> Vec<Arc<str>> {
        self.lock().accounts.keys().cloned().collect()
    }

    fn lock(&self) -> MutexGuard<'_, All> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Place {
    /// The end of all that were there at the same time.
    pub(crate) fn end(&self) -> Arc<EndOfAll> {
        Arc::clone(&self.end)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut all = self.connections.lock();
        if let Some(row) = all.accounts.get_mut(&self.account) {
            row.count -= 1;
            if row.count == 0 {
                all.accounts.remove(&self.account);
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
        assert_eq!((connections.count("ada"), connections.count("bob")), (1, 0));
        drop(one);
        assert!(connections.lock().accounts.is_empty());
    }

    #[test]
    fn those_that_are_there_end_and_no_others() {
        let connections = Connections::default();
        let place = |account| connections.place(account, 9).unwrap();
        let (one, two, bob) = (place("ada"), place("ada"), place("bob"));
        connections.end("ada", Ended::Disabled);
        connections.end("eve", Ended::Deleted);
        let later = place("ada");
        for (place, come) in [(&one, true), (&two, true), (&bob, false), (&later, false)] {
            assert_eq!(place.end.come(), come.then_some(Ended::Disabled));
        }
        connections.end("ada", Ended::NewPassword);
        assert_eq!(one.end.come(), Some(Ended::Disabled));
        assert_eq!(later.end.come(), Some(Ended::NewPassword));
        assert_eq!((connections.endings(), connections.count("ada")), (3, 3));
    }
}
