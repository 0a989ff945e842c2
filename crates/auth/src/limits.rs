//! Every bound of authentication, by name.

use std::time::Duration;

/// The longest login name or authorization identity, in octets. RFC 4616 §2 wants 255 to be taken.
/// Held by `other_messages_are_refused`, `login_takes_a_name_and_then_a_password`.
pub const MAX_NAME_LEN: usize = 512;

/// The longest account name, in octets of UTF-8.
/// Held by `what_could_mislead_is_refused`.
pub const MAX_ACCOUNT_NAME: usize = 200;

/// The longest password, in octets. RFC 4616 §2 wants 255 to be taken.
/// Held by `login_takes_a_name_and_then_a_password`.
pub const MAX_PASSWORD_LEN: usize = 1024;

/// The longest PLAIN message, in octets: two names, a password and two separators.
/// Held by `other_messages_are_refused`.
pub const MAX_PLAIN_LEN: usize = 2 * MAX_NAME_LEN + MAX_PASSWORD_LEN + 2;

/// The longest stored hash, in octets.
/// Held by `what_is_not_understood_is_named`.
pub const MAX_HASH_LEN: usize = 2048;

/// The most memory that a stored argon2 hash may ask for, in KiB: 256 MiB.
/// Held by `what_is_too_costly_is_refused_before_it_is_tried`.
pub const MAX_ARGON2_MEMORY: u32 = 256 * 1024;

/// The most memory that a thread keeps from one argon2 hash to the next, in KiB: 32 MiB, so that our own
/// hashes fit.
/// Held by `memory_is_used_again_and_given_back_when_it_is_much`.
pub const MAX_KEPT_ARGON2_MEMORY: usize = 32 * 1024;

/// The most work that a stored argon2 hash may ask for, in KiB times passes: about two seconds.
/// Held by `what_is_too_costly_is_refused_before_it_is_tried`.
pub const MAX_ARGON2_WORK: u64 = 2 * 1024 * 1024;

/// The most lanes of a stored argon2 hash.
/// Held by `what_is_too_costly_is_refused_before_it_is_tried`.
pub const MAX_ARGON2_LANES: u32 = 16;

/// The highest cost of a stored bcrypt hash: about two seconds.
/// Held by `what_is_too_costly_is_refused_before_it_is_tried`.
pub const MAX_BCRYPT_COST: u32 = 15;

/// The most rounds of a stored SHA-crypt hash: about a second.
/// Held by `what_is_too_costly_is_refused_before_it_is_tried`.
pub const MAX_SHA_CRYPT_ROUNDS: u32 = 1_000_000;

/// The most iterations of a stored SCRAM hash: about a second.
/// Held by `what_is_too_costly_is_refused_before_it_is_tried`.
pub const MAX_SCRAM_ITERATIONS: u32 = 1_000_000;

/// Passwords whose successful verification is remembered.
/// Held by `the_memory_is_bounded`.
pub const MAX_VERIFIED: usize = 4096;

/// How long a successful verification is remembered.
/// Held by `only_the_same_pair_is_found_and_not_for_ever`.
pub const VERIFIED_FOR: Duration = Duration::from_secs(10 * 60);

/// Peers, and as many accounts, whose failures are remembered.
/// Held by `tables_stay_bounded_and_keep_the_latest`.
pub const MAX_THROTTLED: usize = 16_384;

/// Failures that are free: people mistype.
/// Held by `a_network_of_one_subscriber_counts_as_one_peer`.
pub const FREE_FAILURES: u32 = 2;

/// The wait after the first failure that is not free; each further one doubles it.
/// Held by `attempts_side_by_side_wait_as_those_in_a_row_do`.
pub const FIRST_DELAY: Duration = Duration::from_millis(500);

/// The longest wait because of a peer's failures.
/// Held by `waits_grow_to_a_limit_and_are_forgotten`.
pub const MAX_PEER_DELAY: Duration = Duration::from_secs(16);

/// The longest wait because of an account's failures; short, since its owner waits as well.
/// Held by `waits_grow_to_a_limit_and_are_forgotten`.
pub const MAX_ACCOUNT_DELAY: Duration = Duration::from_secs(4);

/// How long after the last failure everything is forgotten.
/// Held by `waits_grow_to_a_limit_and_are_forgotten`.
pub const FORGET_AFTER: Duration = Duration::from_secs(15 * 60);
