//! Every bound of the mailbox model, by name.

/// Keywords that one mailbox can have: as many as [`crate::FlagSet`] has bits for.
pub const MAX_KEYWORDS: usize = 128;

/// Rows in a chunk of a snapshot: a change copies one chunk, a scan skips whole ones.
pub const CHUNK_ROWS: usize = 512;

/// Mailboxes of one account.
pub const MAX_MAILBOXES: usize = 10_000;

/// Names that an account can subscribe to.
pub const MAX_SUBSCRIPTIONS: usize = 20_000;
