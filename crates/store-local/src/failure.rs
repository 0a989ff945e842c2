//! Errors of the system, as the port has them.

use crate::fields::BadRecord;
use rookery_mailbox::{Refused, StoreError};
use std::io;

/// What an error of the system means: a full disk is refused, the rest is our fault.
pub(crate) fn io_error(context: &'static str, source: io::Error) -> StoreError {
    match source.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Refused::OverQuota.into(),
        _ => StoreError::Io { context, source },
    }
}

/// A task of ours ended before it was done.
pub(crate) fn failed(context: &'static str) -> StoreError {
    StoreError::Io { context, source: io::Error::other("the task ended early") }
}

/// Something stored is not what it should be.
pub(crate) fn damaged(place: &str, expected: &BadRecord) -> StoreError {
    StoreError::Damaged(format!("{place}: expected {expected}"))
}
