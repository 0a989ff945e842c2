//! The nouns of mail: UIDs, modification sequences, flags, mailbox names, special uses, object ids.
//!
//! Tiny and without dependencies, so that every other crate can speak the same language.
//! Nothing in here waits, allocates without a bound, or knows a protocol's syntax.

mod date;
mod flag;
mod id;
pub mod limits;
mod name;
mod special_use;
mod uid_set;

pub use date::{DateTime, InvalidDate};
pub use flag::{Flag, FlagError, Keyword, SystemFlag, SystemFlags};
pub use id::{EmailId, MailboxId, ModSeq, ThreadId, Uid, UidValidity};
pub use name::{DELIMITER, INBOX, MailboxName, NameError};
pub use special_use::SpecialUse;
pub use uid_set::{UidRange, UidSet};
