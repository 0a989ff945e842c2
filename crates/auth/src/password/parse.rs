//! Reading stored passwords and holding them to the limits.

use super::{Kind, StoredPassword, argon2id::Argon2id, salted::Salted, scram::Scram};
use crate::limits::{MAX_BCRYPT_COST, MAX_HASH_LEN, MAX_SHA_CRYPT_ROUNDS};
use std::str::FromStr;

/// Why a stored password is not understood.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum HashError {
    /// The scheme is not one of ours.
    #[error("unknown password scheme {0}")]
    UnknownScheme(String),
    /// What follows the scheme is not of its form.
    #[error("malformed password hash")]
    Malformed,
    /// Checking it would take too much time or memory, by [`crate::limits`].
    #[error("a password hash that is too costly to check")]
    TooCostly,
}

impl FromStr for StoredPassword {
    type Err = HashError;

    fn from_str(stored: &str) -> Result<Self, HashError> {
        if stored.len() > MAX_HASH_LEN {
            return Err(HashError::Malformed);
        }
        match stored.strip_prefix('{').and_then(|rest| rest.split_once('}')) {
            Some((scheme, value)) => of_scheme(&scheme.to_ascii_uppercase(), value),
            None => of_crypt(stored),
        }
        .map(Self)
    }
}

fn of_scheme(scheme: &str, value: &str) -> Result<Kind, HashError> {
    match scheme {
        "PLAIN" if value.is_empty() => Err(HashError::Malformed),
        "PLAIN" => Ok(Kind::Plain(value.to_owned())),
        "SHA256-CRYPT" | "SHA512-CRYPT" => sha_crypt(value),
        "BLF-CRYPT" => bcrypt(value),
        "ARGON2ID" => argon2id(value),
        "SSHA256" => Salted::sha256(value).map(Kind::Salted),
        "SSHA512" => Salted::sha512(value).map(Kind::Salted),
        "SCRAM-SHA-256" => Scram::parse(value).map(Kind::Scram),
        "CRYPT" => of_crypt(value),
        _ => Err(HashError::UnknownScheme(format!("{{{scheme}}}"))),
    }
}

/// A hash that names its algorithm itself, as crypt(3) has them.
fn of_crypt(hash: &str) -> Result<Kind, HashError> {
    let name = hash.strip_prefix('$').and_then(|rest| rest.split('$').next());
    match name.unwrap_or_default() {
        "5" | "6" => sha_crypt(hash),
        "2a" | "2b" | "2y" => bcrypt(hash),
        "argon2id" => argon2id(hash),
        "" => Err(HashError::Malformed),
        other => Err(HashError::UnknownScheme(format!("${other}$"))),
    }
}

fn sha_crypt(hash: &str) -> Result<Kind, HashError> {
    let is_sha = hash.starts_with("$5$") || hash.starts_with("$6$");
    let mut fields = hash.split('$').skip(2);
    let mut salt = fields.next().ok_or(HashError::Malformed)?;
    if let Some(rounds) = salt.strip_prefix("rounds=") {
        let rounds: u32 = rounds.parse().map_err(|_| HashError::Malformed)?;
        if rounds > MAX_SHA_CRYPT_ROUNDS {
            return Err(HashError::TooCostly);
        }
        salt = fields.next().ok_or(HashError::Malformed)?;
    }
    let digest = fields.next().ok_or(HashError::Malformed)?;
    // A password of n octets is hashed together with the salt n times, so the salt counts too.
    if !is_sha || salt.len() > 16 || !matches!(digest.len(), 43 | 86) || fields.next().is_some() {
        return Err(HashError::Malformed);
    }
    Ok(Kind::ShaCrypt(hash.to_owned()))
}

fn bcrypt(hash: &str) -> Result<Kind, HashError> {
    let parts: bcrypt::HashParts = hash.parse().map_err(|_| HashError::Malformed)?;
    if parts.get_cost() > MAX_BCRYPT_COST {
        return Err(HashError::TooCostly);
    }
    Ok(Kind::Bcrypt(hash.to_owned()))
}

fn argon2id(hash: &str) -> Result<Kind, HashError> {
    Argon2id::parse(hash).map(|hash| Kind::Argon2id(Box::new(hash)))
}
