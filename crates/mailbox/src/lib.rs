//! The mailbox model: the port that engines implement, snapshots that sessions share, one client's
//! view, search and delivery. Names no engine and no protocol, and has no way to reach either.

mod error;
pub mod limits;
mod open;
mod snapshot;
mod store;

pub use error::{Refused, StoreError};
pub use open::OpenMailbox;
pub use snapshot::{
    Changes, Counts, FlagSet, Row, Snapshot, SnapshotEdit, SnapshotParts, Tombstone,
};
pub use store::{
    AccountStore, Appended, Copied, FlagChange, FlagOperation, MailboxInfo, MailboxList,
    NewMailbox, NewMessage, Reply, Spool, Store, Stored,
};
