//! The reference engine: everything in memory, nothing durable.
//!
//! Naive on purpose, since other engines are compared with it. Each change is made on a copy of the account, which
//! takes the account's place if nothing was refused; snapshots are rebuilt from scratch. Tests and dialogs use it.

mod account;
mod mailbox;
mod state;

use crate::limits::{DEFAULT_MAX_MESSAGES, MAX_TOMBSTONES};
use crate::{AccountStore, NewMailbox, Refused, Reply, Store, StoreError};
use account::MemoryAccount;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// An engine that forgets everything when it is dropped.
pub struct MemoryStore {
    accounts: Mutex<BTreeMap<String, Arc<MemoryAccount>>>,
    bounds: Bounds,
}

/// What an account holds at the most.
#[derive(Clone, Copy)]
struct Bounds {
    messages: u64,
    /// Expunges that a mailbox remembers.
    tombstones: usize,
}

impl Default for MemoryStore {
    fn default() -> Self {
        let bounds = Bounds { messages: DEFAULT_MAX_MESSAGES, tombstones: MAX_TOMBSTONES };
        Self { accounts: Mutex::default(), bounds }
    }
}

impl MemoryStore {
    /// An engine without accounts.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The same engine, whose mailboxes remember so many expunges, for tests.
    #[must_use]
    pub fn with_max_tombstones(mut self, max_tombstones: usize) -> Self {
        self.bounds.tombstones = max_tombstones;
        self
    }

    /// The same engine, whose accounts have so many messages at the most.
    #[must_use]
    pub fn with_max_messages(mut self, max_messages: u64) -> Self {
        self.bounds.messages = max_messages;
        self
    }

    fn add(&self, name: &str, mailboxes: &[NewMailbox], now: i64) -> Result<(), StoreError> {
        let mut accounts = lock(&self.accounts);
        if accounts.contains_key(name) {
            return Err(Refused::AccountExists.into());
        }
        let account = MemoryAccount::new(name, self.bounds);
        account.change(|state| state.create(mailboxes, now))?;
        accounts.insert(name.to_owned(), Arc::new(account));
        Ok(())
    }
}

impl Store for MemoryStore {
    fn account<'a>(&'a self, name: &'a str) -> Reply<'a, Arc<dyn AccountStore>> {
        let account = lock(&self.accounts).get(name).cloned();
        let account = account.map(|account| account as Arc<dyn AccountStore>);
        ready(account.ok_or(Refused::NoSuchAccount.into()))
    }

    fn create_account<'a>(
        &'a self,
        name: &'a str,
        mailboxes: &'a [NewMailbox],
        now: i64,
    ) -> Reply<'a, ()> {
        ready(self.add(name, mailboxes, now))
    }

    fn delete_account<'a>(&'a self, name: &'a str) -> Reply<'a, ()> {
        ready(match lock(&self.accounts).remove(name) {
            Some(account) => account.change(|state| {
                state.close();
                Ok(())
            }),
            None => Err(Refused::NoSuchAccount.into()),
        })
    }

    fn accounts(&self) -> Reply<'_, Vec<String>> {
        ready(Ok(lock(&self.accounts).keys().cloned().collect()))
    }

    fn close(&self) -> Reply<'_, ()> {
        ready(Ok(()))
    }
}

/// An answer that is there already.
fn ready<'a, T: Send + 'a>(answer: Result<T, StoreError>) -> Reply<'a, T> {
    Box::pin(std::future::ready(answer))
}

/// What is locked is replaced as a whole, so that a panic elsewhere cannot have left it half done.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
