//! What everything in the server shares: the store and the accounts of one data directory.

use crate::accounts::{Accounts, Locate};
use crate::config::Limits;
use crate::failure::Failure;
use crate::private_file;
use rookery_imap::{Connections, limits as imap};
use rookery_mailbox::Store;
use rookery_store_local::{LocalStore, limits as store_local};
use std::io;
use std::path::Path;
use std::sync::Arc;

// IMAP counts all that the store holds of each message of an APPEND.
const _: () = assert!(imap::APPEND_BEGINNING >= store_local::SPOOL_MEMORY as u64);

/// The store and the accounts.
#[derive(Clone)]
pub(crate) struct Services {
    pub(crate) store: Arc<dyn Store>,
    /// The same store, if it is the embedded one, for what only that can do.
    pub(crate) local: Option<Arc<LocalStore>>,
    pub(crate) accounts: Arc<Accounts>,
    /// The IMAP connections of each account: none where no server runs.
    pub(crate) connections: Connections,
    /// The largest message that is taken, in octets.
    pub(crate) message_size: u64,
}

/// Why a data directory could not be opened.
pub(crate) enum OpenError {
    /// Another process has it open.
    Locked,
    /// Something else, in words.
    Failed(Failure),
}

impl Services {
    /// Open a data directory, making it if it is missing. One process at a time can have it open.
    pub(crate) fn open(data: &Path, limits: &Limits) -> Result<Self, OpenError> {
        let failed = |error: &io::Error| {
            OpenError::Failed(Failure::io(format!("opening {}", data.display()), error))
        };
        make_data(data).map_err(OpenError::Failed)?;
        let store = LocalStore::open(data).map_err(|error| match error {
            rookery_mailbox::StoreError::Io { source, .. }
                if source.kind() == io::ErrorKind::WouldBlock =>
            {
                OpenError::Locked
            }
            rookery_mailbox::StoreError::Io { source, .. } => failed(&source),
            error => OpenError::Failed(error.into()),
        })?;
        Self::of(store, limits).map_err(|error| failed(&error))
    }

    /// Those of a store that is open.
    pub(crate) fn of(store: LocalStore, limits: &Limits) -> io::Result<Self> {
        store.set_max_messages(limits.messages_per_account);
        let (store, message_size) = (Arc::new(store), limits.message_size);
        let located = Arc::clone(&store);
        let locate: Locate = Box::new(move |name| located.account_dir(name));
        let accounts = Arc::new(Accounts::new(locate)?);
        let local = Some(Arc::clone(&store));
        Ok(Self { store, local, accounts, connections: Connections::default(), message_size })
    }
}

/// Make a data directory, and say whether it was missing.
pub(crate) fn make_data(data: &Path) -> Result<bool, Failure> {
    let is_new = !is_data(data)?;
    private_file::make_dir(data)
        .map_err(|error| Failure::io(format!("making {}", data.display()), &error))?;
    Ok(is_new)
}

/// Whether there is a data directory. Something else in its place is a failure.
pub(crate) fn is_data(data: &Path) -> Result<bool, Failure> {
    match data.metadata() {
        Ok(metadata) if metadata.is_dir() => Ok(true),
        Ok(_) => {
            let message = format!("{} is a file, not a data directory", data.display());
            Err(Failure::new(message).hint("name another place with --data"))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(Failure::io(format!("opening {}", data.display()), &error)),
    }
}
