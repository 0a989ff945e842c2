//! Failed logins slow down what follows from the same peer or for the same account.
//!
//! Nothing is locked: a lock would let anybody keep an account's owner out. Waits grow by doubling up
//! to a limit and are forgotten after a quiet while. There is no clock in here.

use crate::limits::{
    FIRST_DELAY, FORGET_AFTER, FREE_FAILURES, MAX_ACCOUNT_DELAY, MAX_PEER_DELAY, MAX_THROTTLED,
};
use std::collections::HashMap;
use std::hash::Hash;
use std::net::{IpAddr, Ipv6Addr};
use std::time::{Duration, Instant};

/// Failures by peer and by account, in tables of at most [`MAX_THROTTLED`] rows each.
#[derive(Debug, Default)]
pub struct Throttle {
    peers: Table<IpAddr>,
    accounts: Table<String>,
}

impl Throttle {
    /// Nobody has failed yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// An attempt begins: how long it has to wait before its password is looked at. It counts as a failure
    /// of its account until it is known to be none, so that guesses made side by side wait as those made
    /// one after the other do.
    pub fn begin(&mut self, peer: Option<IpAddr>, account: &str, now: Instant) -> Duration {
        let of_peer = peer.map_or(0, |peer| self.peers.failures(&network(peer), now));
        let of_account = self.accounts.failures(account, now);
        self.accounts.failed(account.to_owned(), now);
        wait(of_peer, MAX_PEER_DELAY).max(wait(of_account, MAX_ACCOUNT_DELAY))
    }

    /// An attempt that has begun failed: it counts for the peer as well.
    pub fn failed(&mut self, peer: Option<IpAddr>, now: Instant) {
        if let Some(peer) = peer {
            self.peers.failed(network(peer), now);
        }
    }

    /// An attempt that has begun succeeded: the account's failures are forgotten. Those of the peer are not,
    /// or a peer with one account of its own could guess at others for ever.
    pub fn succeeded(&mut self, account: &str) {
        self.accounts.rows.remove(account);
    }

    /// An attempt that has begun ended without anybody looking at its password: it counts for nothing.
    pub fn withdrawn(&mut self, account: &str) {
        if let Some(row) = self.accounts.rows.get_mut(account) {
            row.failures = row.failures.saturating_sub(1);
        }
    }

    /// Whether nothing is held against an account: each wait because of it has become needless.
    #[must_use]
    pub fn is_clear(&self, account: &str, now: Instant) -> bool {
        self.accounts.failures(account, now) == 0
    }
}

/// What an address stands for wherever peers are counted: itself, or the network of 64 bits that one subscriber gets in IPv6.
#[must_use]
pub fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(v4) => IpAddr::V4(v4),
        IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() >> 64 << 64)),
    }
}

fn wait(failures: u32, longest: Duration) -> Duration {
    let doublings = match failures.checked_sub(FREE_FAILURES + 1) {
        None => return Duration::ZERO,
        Some(doublings) => doublings.min(16),
    };
    FIRST_DELAY.saturating_mul(1 << doublings).min(longest)
}

#[derive(Debug)]
struct Table<K> {
    rows: HashMap<K, Row>,
}

#[derive(Clone, Copy, Debug)]
struct Row {
    failures: u32,
    last: Instant,
}

impl<K> Default for Table<K> {
    fn default() -> Self {
        Self { rows: HashMap::new() }
    }
}

impl<K: Eq + Hash + Clone> Table<K> {
    fn failures<Q: Eq + Hash + ?Sized>(&self, key: &Q, now: Instant) -> u32
    where
        K: std::borrow::Borrow<Q>,
    {
        self.rows.get(key).filter(|row| is_fresh(row, now)).map_or(0, |row| row.failures)
    }

    fn failed(&mut self, key: K, now: Instant) {
        let failures = self.failures(&key, now).saturating_add(1);
        if !self.rows.contains_key(&key) {
            self.make_room(now);
        }
        self.rows.insert(key, Row { failures, last: now });
    }

    /// Forget what is old; if that is not enough, the half that failed least recently, so that the
    /// work is spread over as many insertions.
    fn make_room(&mut self, now: Instant) {
        if self.rows.len() < MAX_THROTTLED {
            return;
        }
        self.rows.retain(|_, row| is_fresh(row, now));
        if self.rows.len() < MAX_THROTTLED {
            return;
        }
        let mut times: Vec<Instant> = self.rows.values().map(|row| row.last).collect();
        let middle = times.len() / 2;
        let (_, median, _) = times.select_nth_unstable(middle);
        let median = *median;
        self.rows.retain(|_, row| row.last > median);
    }
}

fn is_fresh(row: &Row, now: Instant) -> bool {
    now.saturating_duration_since(row.last) < FORGET_AFTER
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;

    const PEER: Option<IpAddr> = Some(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1)));
    const OTHER: Option<IpAddr> = Some(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 2)));

    /// An attempt from start to failure; says how long it had to wait.
    fn fail(
        throttle: &mut Throttle,
        peer: Option<IpAddr>,
        account: &str,
        now: Instant,
    ) -> Duration {
        let delay = throttle.begin(peer, account, now);
        throttle.failed(peer, now);
        delay
    }

    /// How long an attempt would have to wait.
    fn delay(
        throttle: &mut Throttle,
        peer: Option<IpAddr>,
        account: &str,
        now: Instant,
    ) -> Duration {
        let delay = throttle.begin(peer, account, now);
        throttle.withdrawn(account);
        delay
    }

    #[test]
    fn waits_grow_to_a_limit_and_are_forgotten() {
        let (mut throttle, now) = (Throttle::new(), Instant::now());
        let mut fail = || fail(&mut throttle, PEER, "ada", now).as_millis();
        let waits: Vec<_> = (0..12).map(|_| fail()).collect();
        assert_eq!(waits[..6], [0, 0, 0, 500, 1000, 2000]);
        assert_eq!(delay(&mut throttle, PEER, "bob", now), MAX_PEER_DELAY);
        assert_eq!(delay(&mut throttle, OTHER, "ada", now), MAX_ACCOUNT_DELAY);
        assert_eq!(delay(&mut throttle, OTHER, "bob", now), Duration::ZERO);
        assert_eq!(delay(&mut throttle, PEER, "ada", now + FORGET_AFTER), Duration::ZERO);
    }

    #[test]
    fn attempts_side_by_side_wait_as_those_in_a_row_do() {
        let (mut throttle, now) = (Throttle::new(), Instant::now());
        let mut begin = || throttle.begin(OTHER, "ada", now).as_millis();
        let waits: Vec<_> = (0..6).map(|_| begin()).collect();
        assert_eq!(waits, [0, 0, 0, 500, 1000, 2000]);
        assert!(!throttle.is_clear("ada", now));
        throttle.succeeded("ada");
        assert!(throttle.is_clear("ada", now));
    }

    #[test]
    fn success_clears_the_account_but_not_the_peer() {
        let (mut throttle, now) = (Throttle::new(), Instant::now());
        (0..5).for_each(|_| _ = fail(&mut throttle, PEER, "ada", now));
        throttle.succeeded("ada");
        assert_eq!(delay(&mut throttle, OTHER, "ada", now), Duration::ZERO);
        assert!(delay(&mut throttle, PEER, "ada", now) > Duration::ZERO);
    }

    #[test]
    fn a_network_of_one_subscriber_counts_as_one_peer() {
        let (mut throttle, now) = (Throttle::new(), Instant::now());
        let address = |text: &str| Some(text.parse::<IpAddr>().unwrap());
        (0..5).for_each(|_| _ = fail(&mut throttle, address("2001:db8:1:2::1"), "ada", now));
        let same = address("2001:db8:1:2:ffff::9");
        assert!(delay(&mut throttle, same, "bob", now) > Duration::ZERO);
        assert_eq!(delay(&mut throttle, address("2001:db8:1:3::1"), "bob", now), Duration::ZERO);
        (0..5).for_each(|_| _ = fail(&mut throttle, PEER, "ada", now));
        assert!(delay(&mut throttle, address("::ffff:192.0.2.1"), "bob", now) > Duration::ZERO);
    }

    #[test]
    fn tables_stay_bounded_and_keep_the_latest() {
        let (mut throttle, start) = (Throttle::new(), Instant::now());
        for i in 0..40_000_u32 {
            let peer = Some(IpAddr::V4(Ipv4Addr::from_bits(i)));
            let now = start + Duration::from_millis(u64::from(i));
            (0..4).for_each(|_| _ = fail(&mut throttle, peer, &format!("user{i}"), now));
            assert!(delay(&mut throttle, peer, "nobody", now) > Duration::ZERO);
        }
        assert!(throttle.peers.rows.len() <= MAX_THROTTLED);
        assert!(throttle.accounts.rows.len() <= MAX_THROTTLED);
    }
}
