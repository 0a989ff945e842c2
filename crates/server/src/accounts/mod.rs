//! Accounts: their names, their files, and who may log in to them.
//!
//! An account's `account.toml` lies in its directory, beside its mail. Files are read again when they
//! have changed, so that an administrator may edit them while the server runs.

mod attempt;
mod file;
mod hashing;
mod login;
mod rehash;
mod waiting;

pub(crate) use file::{AccountFile, Version};
pub(crate) use hashing::NotHashed;
pub(crate) use login::PeerDirectory;
pub(crate) use rookery_auth::AccountName as Name;

use crate::limits::{ACCOUNT_LOCKS, MAX_CACHED_ACCOUNTS};
use crate::private_file;
use hashing::HashingPool;
use rookery_auth::VerifiedPasswords;
use rookery_auth::throttle::Throttle;
use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::OwnedMutexGuard;
use waiting::Waiting;

/// Says where an account's directory is.
pub(crate) type Locate = Box<dyn Fn(&str) -> PathBuf + Send + Sync>;

/// The files of all accounts, and what is remembered of logins.
pub(crate) struct Accounts {
    locate: Locate,
    changing: [Arc<tokio::sync::Mutex<()>>; ACCOUNT_LOCKS],
    spread: RandomState,
    cached: Mutex<HashMap<Name, (file::Version, Arc<AccountFile>)>>,
    verified: Mutex<VerifiedPasswords>,
    throttle: Mutex<Throttle>,
    waiting: Waiting,
    hashing: HashingPool,
}

impl Accounts {
    /// Accounts whose directories are found this way.
    pub(crate) fn new(locate: Locate) -> io::Result<Self> {
        Ok(Self {
            locate,
            changing: std::array::from_fn(|_| Arc::default()),
            spread: RandomState::new(),
            cached: Mutex::default(),
            verified: Mutex::new(VerifiedPasswords::new().map_err(io::Error::other)?),
            throttle: Mutex::default(),
            waiting: Waiting::default(),
            hashing: HashingPool::new(),
        })
    }

    /// An account's file, `None` if there is none.
    pub(crate) fn read(&self, name: &Name) -> io::Result<Option<Arc<AccountFile>>> {
        let path = self.file_of(name);
        let Some(version) = file::version(&path)? else {
            lock(&self.cached).remove(name);
            return Ok(None);
        };
        if let Some((known, account)) = lock(&self.cached).get(name)
            && *known == version
        {
            return Ok(Some(Arc::clone(account)));
        }
        let account = Arc::new(AccountFile::read(&path)?);
        // The passwords of somebody else do not open this account.
        if Name::new(&account.name).ok().as_ref() != Some(name) {
            let what = format!("it says that it is of the account {}", account.name);
            return Err(io::Error::new(io::ErrorKind::InvalidData, what));
        }
        let mut cached = lock(&self.cached);
        if cached.len() >= MAX_CACHED_ACCOUNTS {
            cached.clear();
        }
        cached.insert(name.clone(), (version, Arc::clone(&account)));
        Ok(Some(account))
    }

    /// The present version of an account's file, `None` if there is none.
    pub(crate) fn version(&self, name: &Name) -> io::Result<Option<Version>> {
        file::version(&self.file_of(name))
    }

    /// An account's file, if it is known and has not changed. The look at its time stamp is taken on the spot, as it is in
    /// the system's memory: to hand it to another thread takes many times as long.
    fn unchanged(&self, name: &Name) -> Option<Arc<AccountFile>> {
        let (known, account) = lock(&self.cached).get(name).cloned()?;
        let version = file::version(&self.file_of(name)).ok()?;
        (version == Some(known)).then_some(account)
    }

    /// Wait until nobody else adds, changes or deletes an account of this name, and keep others from it.
    pub(crate) async fn lock(&self, name: &Name) -> OwnedMutexGuard<()> {
        let at = usize::try_from(self.spread.hash_one(name) % ACCOUNT_LOCKS as u64);
        let mutex = at.ok().and_then(|at| self.changing.get(at));
        mutex.map_or_else(Arc::default, Arc::clone).lock_owned().await
    }

    /// Replace an account's file.
    pub(crate) fn write(&self, name: &Name, account: &AccountFile) -> io::Result<()> {
        account.write(&self.file_of(name))?;
        lock(&self.cached).remove(name);
        Ok(())
    }

    /// Write the file of an account that the store does not have yet, with its directory. What is there already was left by an
    /// attempt that did not come to its end.
    pub(crate) fn create(&self, name: &Name, account: &AccountFile) -> io::Result<()> {
        private_file::make_dir(&self.directory(name))?;
        self.write(name, account)
    }

    /// Forget what is known of an account that is gone, with its file.
    pub(crate) fn forget(&self, name: &Name) {
        lock(&self.cached).remove(name);
    }

    /// The form in which a password is stored.
    pub(crate) async fn hash(&self, password: String) -> Result<String, NotHashed> {
        let hash = move |memory: &mut _| rookery_auth::password::hash(password, memory);
        self.hashing.run(hash).await?.map_err(|_| NotHashed::Failed)
    }

    /// Where an account's file and mail are.
    pub(crate) fn directory(&self, name: &Name) -> PathBuf {
        (self.locate)(name.as_str())
    }

    fn file_of(&self, name: &Name) -> PathBuf {
        self.directory(name).join("account.toml")
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
