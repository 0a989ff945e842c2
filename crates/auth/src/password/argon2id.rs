//! Argon2id (RFC 9106), in memory that is used again and again.

use super::{HashError, HashingFailed};
use crate::limits::{MAX_ARGON2_LANES, MAX_ARGON2_MEMORY, MAX_ARGON2_WORK, MAX_KEPT_ARGON2_MEMORY};
use argon2::{Algorithm, Argon2, Block, Params, PasswordHash, Version};
use subtle::ConstantTimeEq;

/// The octets of a new salt.
const SALT_LEN: usize = 16;

/// Memory for hashing, which fits what was hashed before. Each thread that hashes has its own and keeps
/// it while it has work: a program whose every hash takes memory anew ends up with much more of it than it
/// uses at a time, since the system's allocator gives little back.
#[derive(Default)]
pub struct Memory {
    blocks: Vec<Block>,
}

impl Memory {
    /// As many blocks.
    fn blocks(&mut self, count: usize) -> Result<&mut [Block], HashingFailed> {
        if self.blocks.len() < count {
            // What is in there need not be copied.
            self.blocks = Vec::new();
            self.blocks.try_reserve_exact(count).map_err(|_| HashingFailed)?;
            self.blocks.resize(count, Block::new());
        }
        self.blocks.get_mut(..count).ok_or(HashingFailed)
    }

    /// Let go of what only an unusually costly hash needed.
    fn trim(&mut self) {
        if self.blocks.len() > MAX_KEPT_ARGON2_MEMORY {
            self.blocks = Vec::new();
        }
    }
}

/// A stored hash, taken apart.
#[derive(Clone)]
pub(super) struct Argon2id {
    argon2: Argon2<'static>,
    salt: Vec<u8>,
    digest: Vec<u8>,
}

impl Argon2id {
    pub(super) fn parse(text: &str) -> Result<Self, HashError> {
        let hash = PasswordHash::new(text).map_err(|_| HashError::Malformed)?;
        let params = Params::try_from(&hash).map_err(|_| HashError::Malformed)?;
        let version = hash.version.map_or(Ok(Version::default()), Version::try_from);
        let version = version.map_err(|_| HashError::Malformed)?;
        let (salt, digest) = hash.salt.zip(hash.hash).ok_or(HashError::Malformed)?;
        if hash.algorithm.as_str() != "argon2id" {
            return Err(HashError::Malformed);
        }
        if is_too_costly(&params) {
            return Err(HashError::TooCostly);
        }
        let argon2 = Argon2::new(Algorithm::Argon2id, version, params);
        Ok(Self { argon2, salt: salt.to_vec(), digest: digest.as_ref().to_vec() })
    }

    pub(super) fn matches(&self, password: &[u8], memory: &mut Memory) -> bool {
        let mut digest = vec![0; self.digest.len()];
        let filled = fill(&self.argon2, password, &self.salt, &mut digest, memory);
        filled.is_ok() && digest.ct_eq(&self.digest).into()
    }

    /// Whether it is of the form that [`hash`] makes: a check costs the same.
    pub(super) fn is_current(&self) -> bool {
        let (own, params) = (Argon2::default(), self.argon2.params());
        let costs = |params: &Params| (params.m_cost(), params.t_cost(), params.p_cost());
        costs(params) == costs(own.params()) && self.digest.len() == Params::DEFAULT_OUTPUT_LEN
    }

    /// What a check costs.
    #[cfg(test)]
    pub(super) fn cost(&self) -> String {
        format!("{:?} {}", self.argon2, self.digest.len())
    }
}

/// A new hash with a new salt: `$argon2id$...`.
pub(super) fn hash(password: &[u8], memory: &mut Memory) -> Result<String, HashingFailed> {
    let mut salt = [0; SALT_LEN];
    getrandom::fill(&mut salt).map_err(|_| HashingFailed)?;
    let (argon2, mut digest) = (Argon2::default(), [0; Params::DEFAULT_OUTPUT_LEN]);
    fill(&argon2, password, &salt, &mut digest, memory)?;
    let hash = PasswordHash {
        algorithm: Algorithm::Argon2id.ident(),
        version: Some(Version::default().into()),
        params: argon2.params().try_into().map_err(|_| HashingFailed)?,
        salt: Some(salt.as_slice().try_into().map_err(|_| HashingFailed)?),
        hash: Some(digest.as_slice().try_into().map_err(|_| HashingFailed)?),
    };
    Ok(hash.to_string())
}

fn fill(
    argon2: &Argon2<'_>,
    password: &[u8],
    salt: &[u8],
    digest: &mut [u8],
    memory: &mut Memory,
) -> Result<(), HashingFailed> {
    let blocks = memory.blocks(argon2.params().block_count())?;
    let filled = argon2.hash_password_into_with_memory(password, salt, digest, blocks);
    memory.trim();
    filled.map_err(|_| HashingFailed)
}

fn is_too_costly(params: &Params) -> bool {
    let work = u64::from(params.m_cost()) * u64::from(params.t_cost());
    params.m_cost() > MAX_ARGON2_MEMORY
        || work > MAX_ARGON2_WORK
        || params.p_cost() > MAX_ARGON2_LANES
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_used_again_and_given_back_when_it_is_much() {
        let mut memory = Memory::default();
        let own = hash(b"tulip", &mut memory).unwrap();
        let kept = (memory.blocks.as_ptr(), memory.blocks.len());
        assert!(Argon2id::parse(&own).unwrap().matches(b"tulip", &mut memory));
        assert_eq!((memory.blocks.as_ptr(), memory.blocks.len()), kept);
        let costly = "$argon2id$v=19$m=65536,t=1,p=1$c2FsdHNhbHQ$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
        assert!(!Argon2id::parse(costly).unwrap().matches(b"tulip", &mut memory));
        assert!(memory.blocks.is_empty());
    }

    #[test]
    fn what_was_hashed_before_makes_no_difference() {
        let (mut memory, mut fresh) = (Memory::default(), Memory::default());
        let small =
            "$argon2id$v=19$m=64,t=1,p=1$c2FsdHNhbHQ$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
        let small = Argon2id::parse(small).unwrap();
        let own = Argon2id::parse(&hash(b"tulip", &mut fresh).unwrap()).unwrap();
        for password in [b"rose".as_slice(), b"tulip", b"daffodil", b"tulip"] {
            assert!(!small.matches(password, &mut memory));
            assert_eq!(own.matches(password, &mut memory), password == b"tulip");
        }
    }
}
