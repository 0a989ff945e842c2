//! Errors of the system, as the port has them.

use crate::fields::BadRecord;
use rookery_mailbox::{Refused, StoreError};
use rustix::io::Errno;
use std::fmt;
use std::io;

/// What an error of the system means: a full disk is refused, the rest is our fault.
pub(crate) fn io_error(context: &'static str, source: io::Error) -> StoreError {
    if is_full(&source) { Refused::OverQuota.into() } else { StoreError::Io { context, source } }
}

/// Whether there was no room, which there may be again.
pub(crate) fn is_full(error: &io::Error) -> bool {
    use io::ErrorKind::{FileTooLarge, QuotaExceeded, StorageFull};
    matches!(error.kind(), StorageFull | QuotaExceeded | FileTooLarge)
}

/// Whether it was the disk that could not read: a bad sector, a controller that does not answer, a file system that finds itself
/// damaged. Some other time it may.
pub(crate) fn is_unreadable(error: &io::Error) -> bool {
    let in_file = || error.get_ref()?.downcast_ref::<InFile>();
    match error.raw_os_error().map(Errno::from_raw_os_error) {
        Some(code) => [Errno::IO, Errno::UCLEAN, Errno::BADMSG, Errno::NODATA].contains(&code),
        None => in_file().is_some_and(|it| is_unreadable(&it.source)),
    }
}

/// Whether an error says nothing of what the disk has: there were too many open files, no memory or no permission.
pub(crate) fn is_of_the_moment(error: &io::Error) -> bool {
    use io::ErrorKind::{InvalidData, NotFound, UnexpectedEof, Unsupported};
    let is_of_content = [InvalidData, NotFound, UnexpectedEof, Unsupported].contains(&error.kind());
    !is_of_content && !is_unreadable(error)
}

/// What there is, or nothing if the disk cannot read it, or it is damaged or missing.
pub(crate) fn unless_of_the_moment<T>(found: io::Result<T>) -> io::Result<Option<T>> {
    match found {
        Err(error) if is_of_the_moment(&error) => Err(error),
        found => Ok(found.ok()),
    }
}

/// Whether there is no file of this name: nothing at all, or something that is none.
pub(crate) fn is_no_file(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::InvalidData)
}

/// An error with the name of the file.
#[derive(Debug)]
pub(crate) struct InFile {
    pub(crate) name: String,
    pub(crate) source: io::Error,
}

impl fmt::Display for InFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.name, self.source)
    }
}

impl std::error::Error for InFile {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.source)
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
