//! Accounts that stay although nobody has them.

use crate::account::Account;
use crate::sync::lock;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

/// Accounts that stay until the store is closed.
#[derive(Default)]
pub(crate) struct Kept {
    accounts: Mutex<Accounts>,
}

#[derive(Default)]
struct Accounts {
    /// Those whose writing or syncing failed, by name, as they were before; `None` for one that could
    /// not even be opened. After a failed sync the system may hold octets that the disk does not have
    /// and never will: who reads the log again could take them for durable.
    failed: BTreeMap<String, Option<Arc<Account>>>,
    is_closed: bool,
}

impl Kept {
    /// Remember that the log of an account is not known any more.
    pub(crate) fn fail(&self, name: &str, account: Option<Arc<Account>>) {
        let mut accounts = lock(&self.accounts);
        if !accounts.is_closed {
            accounts.failed.insert(name.to_owned(), account);
        }
    }

    /// Whether the log of an account could not be synced when it was opened.
    pub(crate) fn is_unopenable(&self, name: &str) -> bool {
        matches!(lock(&self.accounts).failed.get(name), Some(None))
    }

    /// The account is removed; another one may take its name.
    pub(crate) fn forget(&self, name: &str) {
        let forgotten = lock(&self.accounts).failed.remove(name);
        drop(forgotten);
    }

    /// Let go of all, for good.
    pub(crate) fn close(&self) {
        let kept = std::mem::replace(
            &mut *lock(&self.accounts),
            Accounts { is_closed: true, ..Accounts::default() },
        );
        drop(kept);
    }
}
