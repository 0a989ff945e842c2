//! Logging in: who asks how often, which account, which password.

use super::attempt::Attempt;
use super::rehash::Match;
use super::{AccountFile, Accounts, Name, NotHashed, lock};
use crate::logging::STRANGERS;
use rookery_auth::password::{Memory, StoredPassword, is_well_known, verify_nothing};
use rookery_auth::{Denied, Directory, Login, LoginReply, Secret};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Instant;

/// The accounts as one peer sees them: its failures slow it down.
pub(crate) struct PeerDirectory {
    accounts: Arc<Accounts>,
    peer: Option<IpAddr>,
    /// Whether hashes of other servers become ours.
    rehash: bool,
}

impl PeerDirectory {
    /// For the peer of a connection. Programs on this machine speak for many people, so that only
    /// accounts are slowed down there.
    pub(crate) fn new(accounts: Arc<Accounts>, peer: Option<IpAddr>) -> Self {
        let peer = peer.filter(|address| !address.to_canonical().is_loopback());
        Self { accounts, peer, rehash: false }
    }

    /// Whether a password that is stored in the form of another server is stored in ours when it was right.
    pub(crate) fn rehashing(self, rehash: bool) -> Self {
        Self { rehash, ..self }
    }

    async fn check(
        &self,
        authzid: Option<&str>,
        user: &str,
        password: &[u8],
    ) -> Result<Login, Denied> {
        let name = Name::new(user).ok();
        let attempt = Attempt::begin(&self.accounts, self.peer, name.as_ref()).await;
        let result = self.accounts.verify(name.clone(), password, self.rehash).await;
        attempt.end(result.as_ref().map(|_| ()).map_err(|denied| *denied));
        let hidden = result?.hidden_capabilities.clone();
        // Who is on this machine already is nobody who tries passwords from afar.
        if self.peer.is_some() && is_well_known(password) {
            return Err(Denied::WellKnown);
        }
        let name = name.ok_or(Denied::BadCredentials)?;
        let other = |authzid: &str| !authzid.is_empty() && Name::new(authzid) != Ok(name.clone());
        if authzid.is_some_and(other) {
            return Err(Denied::NotAuthorized);
        }
        let credential = "password".to_owned();
        Ok(Login { account: name.as_str().to_owned(), credential, hidden })
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
    /// The account, if the password opens it. Who was right a moment ago does not queue for the threads
    /// that hash behind those who guess.
    async fn verify(
        self: &Arc<Self>,
        name: Option<Name>,
        password: &[u8],
        rehash: bool,
    ) -> Result<Arc<AccountFile>, Denied> {
        let claim = Arc::new(Claim { name, password: Secret::new(password) });
        let account = match claim.name.as_ref().and_then(|name| self.unchanged(name)) {
            None => {
                let (accounts, claim) = (Arc::clone(self), Arc::clone(&claim));
                let found = tokio::task::spawn_blocking(move || accounts.find(&claim)).await;
                found.map_err(|_| Denied::Unavailable)??
            }
            known => known,
        };
        if let Some(account) = account.filter(|account| self.remembers(account, password)) {
            return Ok(account);
        }
        let accounts = Arc::clone(self);
        let right = self.hashing.run(move |memory| accounts.opened(&claim, memory)).await;
        match right {
            Ok(Ok(Some((account, right)))) => {
                if rehash && right.is_foreign() {
                    tokio::spawn(Arc::clone(self).rehash(right));
                }
                Ok(account)
            }
            Ok(Ok(None)) => Err(Denied::BadCredentials),
            Ok(Err(denied)) => Err(denied),
            Err(NotHashed::Busy) => Err(Denied::Throttled),
            Err(NotHashed::Failed) => Err(Denied::Unavailable),
        }
    }

    /// Whether this password opened the account a moment ago.
    fn remembers(&self, account: &AccountFile, password: &[u8]) -> bool {
        let (verified, now) = (lock(&self.verified), Instant::now());
        let is_known = |stored: &String| verified.contains(stored, password, now);
        !account.disabled && account.passwords.iter().any(is_known)
    }

    fn opened(
        &self,
        claim: &Claim,
        memory: &mut Memory,
    ) -> Result<Option<(Arc<AccountFile>, Match)>, Denied> {
        let password = claim.password.as_bytes();
        let Some(account) = self.find(claim)? else {
            verify_nothing(password, memory);
            return Ok(None);
        };
        let mut is_right = |stored: &&String| {
            stored.parse::<StoredPassword>().is_ok_and(|stored| stored.verify(password, memory))
        };
        let right = account.passwords.iter().find(&mut is_right).filter(|_| !account.disabled);
        let Some((stored, name)) = right.cloned().zip(claim.name.clone()) else { return Ok(None) };
        lock(&self.verified).insert(&stored, password, Instant::now());
        Ok(Some((account, Match { name, stored, password: Secret::new(password) })))
    }

    fn find(&self, claim: &Claim) -> Result<Option<Arc<AccountFile>>, Denied> {
        let Some(name) = &claim.name else { return Ok(None) };
        self.read(name).map_err(|error| {
            tracing::error!(target: STRANGERS, account = name.as_str(), %error, "account.toml cannot be read");
            Denied::Unavailable
        })
    }
}
