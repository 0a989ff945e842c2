//! One attempt to log in, as the throttle sees it.

use super::{Accounts, Name, lock};
use rookery_auth::Denied;
use std::net::IpAddr;
use std::time::Instant;

/// An attempt that has begun. When it is dropped without having ended, it has failed: who hangs up before
/// the answer does not guess any faster.
pub(super) struct Attempt<'a> {
    accounts: &'a Accounts,
    peer: Option<IpAddr>,
    account: &'a str,
    ended: bool,
}

impl<'a> Attempt<'a> {
    /// Begin, and wait for as long as former failures demand.
    pub(super) async fn begin(
        accounts: &'a Accounts,
        peer: Option<IpAddr>,
        name: Option<&'a Name>,
    ) -> Self {
        let account = name.map_or("", Name::as_str);
        let attempt = Self { accounts, peer, account, ended: false };
        let start = tokio::time::Instant::now();
        loop {
            let delay = lock(&accounts.throttle).begin(peer, account, Instant::now());
            if delay.is_zero() {
                // The shortest sleep is a millisecond: the clock of timers ticks no faster.
                return attempt;
            }
            tokio::select! {
                () = tokio::time::sleep_until(start + delay) => return attempt,
                // A mail program opens several connections at once. The first that is let in clears the
                // others, whom the throttle has forgotten then: they begin again.
                () = attempt.until_clear() => {}
            }
        }
    }

    async fn until_clear(&self) {
        let waiter = self.accounts.waiting.begin(self.account);
        loop {
            let cleared = waiter.cleared.notified();
            if lock(&self.accounts.throttle).is_clear(self.account, Instant::now()) {
                return;
            }
            cleared.await;
        }
    }

    /// The password was looked at, or could not be.
    pub(super) fn end(mut self, result: Result<(), Denied>) {
        self.ended = true;
        let mut throttle = lock(&self.accounts.throttle);
        match result {
            Ok(()) => {
                throttle.succeeded(self.account);
                self.accounts.waiting.wake(self.account);
            }
            Err(Denied::BadCredentials) => throttle.failed(self.peer, Instant::now()),
            Err(_) => throttle.withdrawn(self.account),
        }
    }
}

impl Drop for Attempt<'_> {
    fn drop(&mut self) {
        if !self.ended {
            lock(&self.accounts.throttle).failed(self.peer, Instant::now());
        }
    }
}
