//! One round of a digest over password and salt: `{SSHA256}`, `{SSHA512}`.

use super::HashError;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256, Sha512};
use subtle::ConstantTimeEq;

/// A digest and the salt that follows it.
#[derive(Clone)]
pub(super) struct Salted {
    digest: Vec<u8>,
    salt: Vec<u8>,
}

impl Salted {
    pub(super) fn sha256(text: &str) -> Result<Self, HashError> {
        Self::parse(text, 32)
    }

    pub(super) fn sha512(text: &str) -> Result<Self, HashError> {
        Self::parse(text, 64)
    }

    fn parse(text: &str, length: usize) -> Result<Self, HashError> {
        let mut digest = STANDARD.decode(text).map_err(|_| HashError::Malformed)?;
        if digest.len() < length {
            return Err(HashError::Malformed);
        }
        let salt = digest.split_off(length);
        Ok(Self { digest, salt })
    }

    pub(super) fn matches(&self, password: &[u8]) -> bool {
        let equal = if self.digest.len() == 32 {
            Sha256::new_with_prefix(password)
                .chain_update(&self.salt)
                .finalize()
                .ct_eq(&self.digest)
        } else {
            Sha512::new_with_prefix(password)
                .chain_update(&self.salt)
                .finalize()
                .ct_eq(&self.digest)
        };
        equal.into()
    }
}
