//! Being refused to write, by a file system that is read-only or for want of permission: administrators are told once that it began
//! and once that it is over, and clients that no changes are taken at the moment.

use crate::failure::io_error;
use rookery_mailbox::StoreError;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};

/// Whether writing is refused, as it was last seen.
#[derive(Default)]
pub(crate) struct Trouble(AtomicBool);

/// Whether an error says that nothing may be written.
pub(crate) fn is_refusal(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::ReadOnlyFilesystem | io::ErrorKind::PermissionDenied)
}

impl Trouble {
    /// What an error means to whoever wanted to write.
    pub(crate) fn of(&self, account: &str, what: &'static str, error: io::Error) -> StoreError {
        if !is_refusal(&error) {
            return io_error(what, error);
        }
        if !self.0.swap(true, Ordering::Relaxed) {
            tracing::error!(%account, %error, "{what} failed: an account can be read, and takes changes again when it can be written to");
        }
        StoreError::ReadOnly
    }

    /// Something was written.
    pub(crate) fn is_over(&self, account: &str, what: &'static str) {
        if self.0.load(Ordering::Relaxed) && self.0.swap(false, Ordering::Relaxed) {
            tracing::info!(%account, "{what} succeeds again");
        }
    }
}
