//! The mailbox model: the port that engines implement, snapshots that sessions share, one client's
//! view, search and delivery. Names no engine and no protocol, and has no way to reach either.

mod account;
pub mod delivery;
mod error;
pub mod heavy;
pub mod limits;
pub mod list;
mod memory;
pub mod names;
mod open;
mod remembered;
mod runs;
pub mod search;
mod snapshot;
mod status;
mod store;
mod thread;
mod view;

pub use account::{Account, initial_mailboxes};
pub use error::{Refused, StoreError};
pub use memory::MemoryStore;
pub use open::OpenMailbox;
pub use remembered::remembered_expunges;
pub use snapshot::{
    Changes, Counts, FlagNames, FlagSet, Row, Rows, Snapshot, SnapshotEdit, SnapshotParts,
    Tombstone,
};
pub use status::Status;
pub use store::{
    Absent, AccountStore, Appended, Beginning, Copied, FlagChange, FlagOperation, MailboxInfo,
    MailboxList, NewMailbox, NewMessage, Reply, Spool, Store, Stored,
};
pub use thread::ThreadKey;
pub use view::{Event, Expunges, News, Numbering, Syncing, View};
