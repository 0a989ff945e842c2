//! What a server keeps for SCRAM-SHA-256 (RFC 7677), checked against a password in the clear.
//!
//! Written as `ITERATIONS,SALT,STOREDKEY,SERVERKEY`, the last three in base64.

use super::HashError;
use crate::limits::MAX_SCRAM_ITERATIONS;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::digest::InvalidLength;
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// The parts that a check needs.
#[derive(Clone)]
pub(super) struct Scram {
    iterations: u32,
    salt: Vec<u8>,
    stored_key: Vec<u8>,
}

impl Scram {
    pub(super) fn parse(text: &str) -> Result<Self, HashError> {
        let mut parts = text.split(',');
        let mut part = || parts.next().ok_or(HashError::Malformed);
        let iterations: u32 = part()?.parse().map_err(|_| HashError::Malformed)?;
        let mut octets = || STANDARD.decode(part()?).map_err(|_| HashError::Malformed);
        let (salt, stored_key, server_key) = (octets()?, octets()?, octets()?);
        let right_length = stored_key.len() == 32 && server_key.len() == 32;
        if !right_length || iterations == 0 || parts.next().is_some() {
            return Err(HashError::Malformed);
        }
        if iterations > MAX_SCRAM_ITERATIONS {
            return Err(HashError::TooCostly);
        }
        Ok(Self { iterations, salt, stored_key })
    }

    pub(super) fn matches(&self, password: &[u8]) -> bool {
        self.stored_key_of(password).is_ok_and(|key| key.ct_eq(&self.stored_key).into())
    }

    /// `H(HMAC(Hi(password, salt, i), "Client Key"))` (RFC 5802 §3).
    fn stored_key_of(&self, password: &[u8]) -> Result<[u8; 32], InvalidLength> {
        let salted = salted_password(password, &self.salt, self.iterations)?;
        let client_key = Hmac::<Sha256>::new_from_slice(&salted)?.chain_update(b"Client Key");
        Ok(Sha256::digest(client_key.finalize().into_bytes()).into())
    }
}

/// `Hi()` of RFC 5802 §2.2, which is PBKDF2 with one block of output.
fn salted_password(
    password: &[u8],
    salt: &[u8],
    iterations: u32,
) -> Result<[u8; 32], InvalidLength> {
    let keyed = Hmac::<Sha256>::new_from_slice(password)?;
    let first = keyed.clone().chain_update(salt).chain_update(1_u32.to_be_bytes());
    let mut round: [u8; 32] = first.finalize().into_bytes().into();
    let mut sum = round;
    for _ in 1..iterations {
        round = keyed.clone().chain_update(round).finalize().into_bytes().into();
        sum.iter_mut().zip(round).for_each(|(sum, octet)| *sum ^= octet);
    }
    Ok(sum)
}
