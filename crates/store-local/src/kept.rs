//! Accounts that stay although nobody has them.

use crate::account::Account;
use crate::limits::{KEPT_IDLE, MAX_IDLE_ACCOUNTS};
use crate::open_segments::OpenSegment;
use crate::sync::lock;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// Accounts that stay loaded for a while, or until the store is closed.
#[derive(Default)]
pub(crate) struct Kept {
    accounts: Mutex<Accounts>,
}

#[derive(Default)]
struct Accounts {
    /// Those that are loaded: delivery comes back to the same accounts again and again.
    loaded: Vec<Loaded>,
    /// Those whose writing or syncing failed, by name. After a failed sync the system may hold octets that the disk does not
    /// have and never will: memory knows which.
    failed: BTreeMap<String, Failed>,
    is_closed: bool,
}

/// An account whose log nobody knows for certain.
enum Failed {
    /// As it was before, so that it stays.
    Loaded { _account: Arc<Account> },
    /// It could not even be opened, when that was last tried.
    Shut(Instant),
}

/// An account and when somebody was last known to use it.
struct Loaded {
    account: Arc<Account>,
    used: Instant,
}

impl Loaded {
    fn is_in_use(&self) -> bool {
        Arc::strong_count(&self.account) > 1
    }
}

/// What is let go of. Nobody who serves others is to wait for that.
#[derive(Default)]
pub(crate) struct Gone {
    /// Accounts that nobody has used for a while.
    pub(crate) accounts: Vec<Arc<Account>>,
    /// Files of those that stay, which are closed when this is dropped.
    pub(crate) files: Vec<OpenSegment>,
}

impl Kept {
    /// Keep an account that was loaded just now, or used again; returns what is to go for it. Accounts that sessions have
    /// stay, and do not count.
    pub(crate) fn keep(&self, account: &Arc<Account>) -> Gone {
        let mut accounts = lock(&self.accounts);
        if accounts.is_closed {
            return Gone::default();
        }
        let (now, mut files) = (Instant::now(), Vec::new());
        accounts.loaded.retain(|loaded| !Arc::ptr_eq(&loaded.account, account));
        for loaded in &mut accounts.loaded {
            if loaded.is_in_use() {
                loaded.used = now;
            } else {
                files.extend(loaded.account.open_segments().clear());
            }
        }
        // Stable, so that those in use at the same time stay in the order of loading.
        accounts.loaded.sort_by_key(|loaded| loaded.used);
        let idle = accounts.loaded.iter().filter(|loaded| !loaded.is_in_use()).count();
        let mut excess = (idle + 1).saturating_sub(MAX_IDLE_ACCOUNTS);
        let gone = accounts.loaded.extract_if(.., |loaded| {
            let is_old = now.duration_since(loaded.used) >= KEPT_IDLE;
            let goes = !loaded.is_in_use() && (is_old || excess > 0);
            excess = excess.saturating_sub(usize::from(goes));
            goes
        });
        let gone = gone.map(|loaded| loaded.account).collect();
        accounts.loaded.push(Loaded { account: Arc::clone(account), used: now });
        Gone { accounts: gone, files }
    }

    /// Remember that the log of an account is not known any more.
    pub(crate) fn fail(&self, account: &Arc<Account>) {
        let mut accounts = lock(&self.accounts);
        if !accounts.is_closed {
            let failed = Failed::Loaded { _account: Arc::clone(account) };
            accounts.failed.insert(account.name().to_owned(), failed);
        }
    }

    /// Remember that the log of an account could not be synced when it was opened; says whether that is new.
    pub(crate) fn shut(&self, name: &str) -> bool {
        let mut accounts = lock(&self.accounts);
        accounts.failed.insert(name.to_owned(), Failed::Shut(Instant::now())).is_none()
    }

    /// Whether that is too short a while ago to be tried again.
    pub(crate) fn is_shut(&self, name: &str, retry_after: Duration) -> bool {
        let accounts = lock(&self.accounts);
        matches!(accounts.failed.get(name), Some(Failed::Shut(tried)) if tried.elapsed() < retry_after)
    }

    /// The log of an account is known again; says whether it was not.
    pub(crate) fn regained(&self, name: &str) -> bool {
        let regained = lock(&self.accounts).failed.remove(name);
        regained.is_some()
    }

    /// Let go of an account, so that it is loaded anew unless sessions have it.
    pub(crate) fn release(&self, dir: &Path) {
        let mut accounts = lock(&self.accounts);
        let loaded: Vec<Loaded> =
            accounts.loaded.extract_if(.., |loaded| loaded.account.dir() == dir).collect();
        // An account is dropped when the lock is free.
        drop(accounts);
        drop(loaded);
    }

    /// The account is removed; another one may take its name.
    pub(crate) fn forget(&self, name: &str) {
        let mut accounts = lock(&self.accounts);
        let failed = accounts.failed.remove(name);
        let loaded: Vec<Loaded> =
            accounts.loaded.extract_if(.., |loaded| loaded.account.name() == name).collect();
        // An account is dropped when the lock is free.
        drop(accounts);
        drop((failed, loaded));
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
