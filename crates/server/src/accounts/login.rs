//! Logging in: who asks how often, which account, which password.

use super::{AccountFile, Accounts, Name, lock};
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

/// What a client claims.
struct Claim {
    name: Option<Name>,
    password: Secret,
}

impl Accounts {
    /// Whether the password opens the account. Hashing runs on as many threads as there are cores; who
    /// was right a moment ago does not queue for them behind those who guess.
    async fn verify(self: &Arc<Self>, name: Option<Name>, password: &[u8]) -> Result<(), Denied> {
        let _place = self.waiting.try_acquire().map_err(|_| Denied::Throttled)?;
        let claim = Arc::new(Claim { name, password: Secret::new(password) });
        if self.on_thread(&claim, Self::is_remembered).await? {
            return Ok(());
        }
        let _core = self.hashing.acquire().await.map_err(|_| Denied::Unavailable)?;
        let right = self.on_thread(&claim, Self::is_right).await?;
        if right { Ok(()) } else { Err(Denied::BadCredentials) }
    }

    /// Do something on a thread that may be kept busy.
    async fn on_thread(
        self: &Arc<Self>,
        claim: &Arc<Claim>,
        check: fn(&Self, &Claim) -> Result<bool, Denied>,
    ) -> Result<bool, Denied> {
        let (accounts, claim) = (Arc::clone(self), Arc::clone(claim));
        let done = tokio::task::spawn_blocking(move || check(&accounts, &claim)).await;
        done.map_err(|_| Denied::Unavailable)?
    }

    fn is_remembered(&self, claim: &Claim) -> Result<bool, Denied> {
        let Some(account) = self.find(claim)?.filter(|account| !account.disabled) else {
            return Ok(false);
        };
        let (verified, password) = (lock(&self.verified), claim.password.as_bytes());
        let now = Instant::now();
        Ok(account.passwords.iter().any(|stored| verified.contains(stored, password, now)))
    }

    fn is_right(&self, claim: &Claim) -> Result<bool, Denied> {
        let password = claim.password.as_bytes();
        let Some(account) = self.find(claim)? else {
            verify_nothing(password);
            return Ok(false);
        };
        let is_right = |stored: &&String| {
            stored.parse::<StoredPassword>().is_ok_and(|stored| stored.verify(password))
        };
        let right = account.passwords.iter().find(is_right).filter(|_| !account.disabled);
        if let Some(stored) = right {
            lock(&self.verified).insert(stored, password, Instant::now());
        }
        Ok(right.is_some())
    }

    fn find(&self, claim: &Claim) -> Result<Option<Arc<AccountFile>>, Denied> {
        let Some(name) = &claim.name else { return Ok(None) };
        self.read(name).map_err(|error| {
            tracing::error!(account = name.as_str(), %error, "account.toml cannot be read");
            Denied::Unavailable
        })
    }
}
