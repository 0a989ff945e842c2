//! Logging in: who asks how often, which account, which password.

use super::{Accounts, Name, lock};
use rookery_auth::password::{StoredPassword, verify_nothing};
use rookery_auth::{Denied, Directory, Login, LoginReply, Secret};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Instant;

/// The accounts as one peer sees them: its failures slow it down.
pub(crate) struct PeerDirectory {
    accounts: Arc<Accounts>,
    peer: Option<IpAddr>,
}

impl PeerDirectory {
    /// For the peer of a connection. Programs on this machine speak for many people, so that only
    /// accounts are slowed down there.
    pub(crate) fn new(accounts: Arc<Accounts>, peer: Option<IpAddr>) -> Self {
        let peer = peer.filter(|address| !address.to_canonical().is_loopback());
        Self { accounts, peer }
    }

    async fn check(
        &self,
        authzid: Option<&str>,
        user: &str,
        password: &[u8],
    ) -> Result<Login, Denied> {
        let name = Name::new(user).ok();
        let throttled = name.as_ref().map_or("", Name::as_str);
        let delay = lock(&self.accounts.throttle).delay(self.peer, throttled, Instant::now());
        tokio::time::sleep(delay).await;
        let result = self.accounts.verify(name.clone(), password).await;
        let mut throttle = lock(&self.accounts.throttle);
        match result {
            Ok(()) => throttle.succeeded(throttled),
            Err(Denied::BadCredentials) => throttle.failed(self.peer, throttled, Instant::now()),
            Err(_) => {}
        }
        drop(throttle);
        result?;
        let name = name.ok_or(Denied::BadCredentials)?;
        let other = |authzid: &str| !authzid.is_empty() && Name::new(authzid) != Ok(name.clone());
        if authzid.is_some_and(other) {
            return Err(Denied::NotAuthorized);
        }
        let credential = "password".to_owned();
        Ok(Login { account: name.as_str().to_owned(), read_only: false, credential })
    }
}

impl Directory for PeerDirectory {
    fn login<'a>(
        &'a self,
        authzid: Option<&'a str>,
        user: &'a str,
        password: &'a [u8],
    ) -> LoginReply<'a> {
        Box::pin(self.check(authzid, user, password))
    }
}

impl Accounts {
    /// Whether the password opens the account. Hashing runs on as many threads as there are cores.
    async fn verify(self: &Arc<Self>, name: Option<Name>, password: &[u8]) -> Result<(), Denied> {
        let _place = self.waiting.try_acquire().map_err(|_| Denied::Throttled)?;
        let _core = self.hashing.acquire().await.map_err(|_| Denied::Unavailable)?;
        let (accounts, password) = (Arc::clone(self), Secret::new(password));
        let check = move || accounts.verify_now(name.as_ref(), password.as_bytes());
        tokio::task::spawn_blocking(check).await.map_err(|_| Denied::Unavailable)?
    }

    fn verify_now(&self, name: Option<&Name>, password: &[u8]) -> Result<(), Denied> {
        let account = name.and_then(|name| self.read(name).transpose()).transpose();
        let account = account.map_err(|error| {
            tracing::error!(account = name.map(Name::as_str), %error, "account.toml cannot be read");
            Denied::Unavailable
        })?;
        let Some(account) = account else {
            verify_nothing(password);
            return Err(Denied::BadCredentials);
        };
        let right = account.passwords.iter().any(|stored| self.is_right(stored, password));
        if right && !account.disabled { Ok(()) } else { Err(Denied::BadCredentials) }
    }

    fn is_right(&self, stored: &str, password: &[u8]) -> bool {
        if lock(&self.verified).contains(stored, password, Instant::now()) {
            return true;
        }
        let right = stored.parse::<StoredPassword>().is_ok_and(|stored| stored.verify(password));
        if right {
            lock(&self.verified).insert(stored, password, Instant::now());
        }
        right
    }
}
