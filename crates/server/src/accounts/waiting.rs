//! Attempts that wait until nothing is held against their account any more.

use super::lock;
use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use tokio::sync::Notify;

/// Who waits, by account: as many rows as there are attempts that wait at the most.
#[derive(Default)]
pub(super) struct Waiting {
    accounts: Mutex<HashMap<String, Row>>,
}

#[derive(Default)]
struct Row {
    cleared: Arc<Notify>,
    attempts: usize,
}

impl Waiting {
    /// Begin to wait for an account.
    pub(super) fn begin<'a>(&'a self, account: &'a str) -> Waiter<'a> {
        let mut accounts = lock(&self.accounts);
        if !accounts.contains_key(account) {
            accounts.insert(account.to_owned(), Row::default());
        }
        let cleared = accounts.get_mut(account).map(|row| {
            row.attempts += 1;
            Arc::clone(&row.cleared)
        });
        Waiter { waiting: self, account, cleared: cleared.unwrap_or_default() }
    }

    /// Wake whoever waits for this account, and nobody else.
    pub(super) fn wake(&self, account: &str) {
        if let Some(row) = lock(&self.accounts).get(account) {
            row.cleared.notify_waiters();
        }
    }

    #[cfg(test)]
    pub(super) fn rows(&self) -> usize {
        lock(&self.accounts).len()
    }
}

/// An attempt that waits, until it is dropped.
pub(super) struct Waiter<'a> {
    waiting: &'a Waiting,
    account: &'a str,
    /// Told whenever the account has nothing held against it any more.
    pub(super) cleared: Arc<Notify>,
}

impl Drop for Waiter<'_> {
    fn drop(&mut self) {
        let mut accounts = lock(&self.waiting.accounts);
        let Some(row) = accounts.get_mut(self.account) else { return };
        row.attempts = row.attempts.saturating_sub(1);
        if row.attempts == 0 {
            accounts.remove(self.account);
        }
    }
}
