//! Stored passwords: made with argon2id, understood in the forms in which other servers keep them.
//!
//! A stored password is `{SCHEME}` and what the scheme needs. Hashes that begin with `$` name their
//! algorithm themselves and may stand bare. What a stored hash may cost is limited, since it may come
//! from a file that somebody else wrote.
//!
//! Checking takes tens of milliseconds of CPU and megabytes of memory by design: do it on few threads that
//! may be kept busy, each of which has its own [`Memory`].

mod argon2id;
mod parse;
mod salted;
mod scram;
mod well_known;

pub use argon2id::Memory;
pub use parse::HashError;
pub use well_known::is_well_known;

use crate::limits::MAX_PASSWORD_LEN;
use argon2::password_hash::PasswordVerifier;
use argon2id::Argon2id;
use salted::Salted;
use scram::Scram;
use sha_crypt::ShaCrypt;
use sha2::{Digest, Sha256};
use std::borrow::Cow;
use subtle::ConstantTimeEq;

/// A stored password, taken apart and within the limits.
#[derive(Clone)]
pub struct StoredPassword(Kind);

#[derive(Clone)]
enum Kind {
    Plain(String),
    ShaCrypt(String),
    Bcrypt(String),
    Argon2id(Box<Argon2id>),
    Salted(Salted),
    Scram(Scram),
}

impl StoredPassword {
    /// Whether the password is the one that was stored, in the octets given or as SASLprep prepares
    /// them (RFC 4013): clients differ in which they send.
    #[must_use]
    pub fn verify(&self, password: &[u8], memory: &mut Memory) -> bool {
        if password.len() > MAX_PASSWORD_LEN {
            return false;
        }
        if self.matches(password, memory) {
            return true;
        }
        let prepared = prepare(password);
        *prepared != *password && self.matches(&prepared, memory)
    }

    /// Whether it is of the kind that [`hash`] makes, so that checking it costs what checking our own costs.
    #[must_use]
    pub fn is_current(&self) -> bool {
        matches!(&self.0, Kind::Argon2id(hash) if hash.is_current())
    }

    /// The empty password opens nothing, whatever is stored (RFC 4616 §2), but takes as long as others.
    fn matches(&self, password: &[u8], memory: &mut Memory) -> bool {
        let is_right = match &self.0 {
            Kind::Plain(stored) => equal(stored.as_bytes(), password),
            Kind::ShaCrypt(hash) => {
                ShaCrypt::default().verify_password(password, hash.as_str()).is_ok()
            }
            Kind::Bcrypt(hash) => bcrypt::verify(password, hash).unwrap_or(false),
            Kind::Argon2id(hash) => hash.matches(password, memory),
            Kind::Salted(salted) => salted.matches(password),
            Kind::Scram(scram) => scram.matches(password),
        };
        is_right && !password.is_empty()
    }
}

/// Why no hash could be made: the system has no random octets or no memory to give.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("the password could not be hashed")]
pub struct HashingFailed;

/// Hash a password with argon2id and a new salt: `{ARGON2ID}$argon2id$...`. It is prepared with
/// SASLprep where that is possible (RFC 4616 §2).
///
/// # Errors
/// See [`HashingFailed`].
pub fn hash(password: impl AsRef<[u8]>, memory: &mut Memory) -> Result<String, HashingFailed> {
    let prepared = prepare(password.as_ref());
    argon2id::hash(&prepared, memory).map(|hash| format!("{{ARGON2ID}}{hash}"))
}

/// Whether the password is the stored one; `false` for a stored form that is not understood.
#[must_use]
pub fn verify(stored: &str, password: &[u8], memory: &mut Memory) -> bool {
    stored.parse::<StoredPassword>().is_ok_and(|stored| stored.verify(password, memory))
}

/// A hash of the cost of those that [`hash`] makes, which no known password has.
const NOBODY: &str = "{ARGON2ID}$argon2id$v=19$m=19456,t=2,p=1$\
    bm9ib2R5cyBzYWx0$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// Do what checking a password that [`hash`] made costs, for a user whom nobody knows, so that the
/// time does not tell.
pub fn verify_nothing(password: &[u8], memory: &mut Memory) {
    std::hint::black_box(verify(NOBODY, password, memory));
}

/// Whether two texts are equal, in a time that tells nothing about either.
#[must_use]
pub(crate) fn equal(a: &[u8], b: &[u8]) -> bool {
    Sha256::digest(a).ct_eq(&Sha256::digest(b)).into()
}

/// A password in the form in which passwords are compared, or as it is where SASLprep refuses it.
fn prepare(password: &[u8]) -> Cow<'_, [u8]> {
    let prepared = std::str::from_utf8(password).ok().and_then(|t| stringprep::saslprep(t).ok());
    match prepared {
        Some(Cow::Owned(prepared)) => Cow::Owned(prepared.into_bytes()),
        _ => Cow::Borrowed(password),
    }
}

#[cfg(test)]
mod tests;
