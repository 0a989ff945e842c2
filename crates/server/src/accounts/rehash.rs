//! Hashes that came from other servers become ours when their owners log in: while they cost something else to check than
//! what is checked for a name that nobody has, time tells who has an account.

use super::{Accounts, Name, file, lock};
use nix::unistd::geteuid;
use rookery_auth::Secret;
use rookery_auth::password::StoredPassword;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::sync::Arc;
use std::time::Instant;

/// A password that was right, and the stored form that it was right for.
pub(super) struct Match {
    pub(super) name: Name,
    pub(super) stored: String,
    pub(super) password: Secret,
}

impl Match {
    /// Whether the stored form is one of other servers.
    pub(super) fn is_foreign(&self) -> bool {
        self.stored.parse::<StoredPassword>().is_ok_and(|stored| !stored.is_current())
    }
}

impl Accounts {
    /// Store a password that was right in our own form. Nobody waits for it, and what stands in its way is only logged: the
    /// former form goes on to open the account.
    pub(super) async fn rehash(self: Arc<Self>, right: Match) {
        let account = right.name.clone();
        match self.rehashed(right).await {
            Ok(true) => tracing::info!(account = account.as_str(), "password hashed anew"),
            Ok(false) => {}
            Err(error) => {
                tracing::warn!(account = account.as_str(), %error, "the password keeps its former hash");
            }
        }
    }

    /// Whether there was anything left to do: another login may have been first, or the password is a new one by now.
    async fn rehashed(self: &Arc<Self>, right: Match) -> io::Result<bool> {
        let _locked = self.lock(&right.name).await;
        let (accounts, asked) = (Arc::clone(self), (right.name.clone(), right.stored.clone()));
        let is_wanted = move || accounts.can_replace(&asked.0, &asked.1);
        if !tokio::task::spawn_blocking(is_wanted).await.map_err(io::Error::other)?? {
            return Ok(false);
        }
        let password = Secret::new(right.password.as_bytes());
        let hash = move |memory: &mut _| rookery_auth::password::hash(password.as_bytes(), memory);
        let hashed = self.hashing.run(hash).await.ok().and_then(Result::ok);
        let hashed = hashed.ok_or_else(|| io::Error::other("there is no time to hash it"))?;
        let accounts = Arc::clone(self);
        let replace = move || accounts.replace(&right, &hashed);
        tokio::task::spawn_blocking(replace).await.map_err(io::Error::other)?
    }

    /// Whether the account has this stored password, in a file that is ours: not a link to a file that others keep, nor
    /// one of another user, which would become ours.
    fn can_replace(&self, name: &Name, stored: &str) -> io::Result<bool> {
        let Some(file) =
            self.read(name)?.filter(|file| file.passwords.iter().any(|it| it == stored))
        else {
            return Ok(false);
        };
        let metadata = std::fs::symlink_metadata(self.file_of(name))?;
        Ok(!file.disabled && metadata.is_file() && metadata.uid() == geteuid().as_raw())
    }

    fn replace(&self, right: &Match, hashed: &str) -> io::Result<bool> {
        let Some(mut account) = self.read(&right.name)?.map(|file| file::AccountFile::clone(&file))
        else {
            return Ok(false);
        };
        let Some(place) = account.passwords.iter_mut().find(|it| **it == right.stored) else {
            return Ok(false);
        };
        hashed.clone_into(place);
        self.write(&right.name, &account)?;
        lock(&self.verified).insert(hashed, right.password.as_bytes(), Instant::now());
        Ok(true)
    }
}
