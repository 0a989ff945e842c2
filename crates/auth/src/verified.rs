//! A memory of passwords that were right, so that ten connections of one client cost one hash.

use crate::limits::{MAX_VERIFIED, VERIFIED_FOR};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use std::collections::HashMap;
use std::time::Instant;

/// Pairs of a password and a stored hash that were found to match.
///
/// A pair is kept as its HMAC under a key that is drawn at start and never leaves the process, so that
/// no password can be read from here, and a changed stored hash is a different pair at once. At most
/// [`MAX_VERIFIED`] pairs, each for [`VERIFIED_FOR`].
pub struct VerifiedPasswords {
    key: [u8; 32],
    pairs: HashMap<[u8; 32], Instant>,
}

impl VerifiedPasswords {
    /// An empty memory with a key of its own.
    ///
    /// # Errors
    /// When the system has no random octets to give.
    pub fn new() -> Result<Self, getrandom::Error> {
        let mut key = [0; 32];
        getrandom::fill(&mut key)?;
        Ok(Self { key, pairs: HashMap::new() })
    }

    /// Whether the pair was found to match not long before `now`.
    #[must_use]
    pub fn contains(&self, stored: &str, password: &[u8], now: Instant) -> bool {
        let since = self.tag(stored, password).and_then(|tag| self.pairs.get(&tag));
        since.is_some_and(|since| is_fresh(*since, now))
    }

    /// Remember that the pair was found to match `now`.
    pub fn insert(&mut self, stored: &str, password: &[u8], now: Instant) {
        if self.pairs.len() >= MAX_VERIFIED {
            self.pairs.retain(|_, since| is_fresh(*since, now));
        }
        if self.pairs.len() >= MAX_VERIFIED {
            self.pairs.clear();
        }
        if let Some(tag) = self.tag(stored, password) {
            self.pairs.insert(tag, now);
        }
    }

    fn tag(&self, stored: &str, password: &[u8]) -> Option<[u8; 32]> {
        let mac = Hmac::<Sha256>::new_from_slice(&self.key).ok()?;
        let length = u64::try_from(stored.len()).ok()?.to_be_bytes();
        let mac = mac.chain_update(length).chain_update(stored).chain_update(password);
        Some(mac.finalize().into_bytes().into())
    }
}

fn is_fresh(since: Instant, now: Instant) -> bool {
    now.saturating_duration_since(since) < VERIFIED_FOR
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_same_pair_is_found_and_not_for_ever() {
        let (mut verified, now) = (VerifiedPasswords::new().unwrap(), Instant::now());
        verified.insert("{PLAIN}ab", b"cd", now);
        assert!(verified.contains("{PLAIN}ab", b"cd", now));
        assert!(!verified.contains("{PLAIN}abc", b"d", now));
        assert!(!verified.contains("{PLAIN}ab", b"ce", now));
        assert!(!verified.contains("{PLAIN}ab", b"cd", now + VERIFIED_FOR));
    }

    #[test]
    fn the_memory_is_bounded() {
        let (mut verified, now) = (VerifiedPasswords::new().unwrap(), Instant::now());
        (0..MAX_VERIFIED + 10).for_each(|i| verified.insert("x", &i.to_be_bytes(), now));
        assert!(verified.pairs.len() <= MAX_VERIFIED);
        assert!(verified.contains("x", &(MAX_VERIFIED + 9).to_be_bytes(), now));
    }
}
