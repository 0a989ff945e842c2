//! Why a command failed, in words for its user.

use rookery_mailbox::{Refused, StoreError};
use std::fmt;

/// What went wrong, and what to do next where that is known.
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize)]
pub(crate) struct Failure {
    message: String,
    hint: Option<String>,
}

impl Failure {
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), hint: None }
    }

    pub(crate) fn hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }

    /// A server that does not speak as this program does.
    pub(crate) fn unexpected_answer() -> Self {
        Self::new("the server gave an unexpected answer")
            .hint("restart it: it may be of another version")
    }

    /// A failure of the system while doing something to something.
    pub(crate) fn io(doing: impl fmt::Display, error: &std::io::Error) -> Self {
        let failure = Self::new(format!("{doing}: {error}"));
        match error.kind() {
            std::io::ErrorKind::PermissionDenied => failure
                .hint("run as the user that owns the data directory, or mend its permissions"),
            std::io::ErrorKind::StorageFull => failure.hint("make room on the disk"),
            _ => failure,
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        match &self.hint {
            Some(hint) => write!(f, "\n  {hint}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Failure {}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        let failure = Self::new(error.to_string());
        match error {
            StoreError::Refused(Refused::NoSuchAccount) => {
                failure.hint("`rookery account list` shows the accounts")
            }
            StoreError::Refused(Refused::NoSuchMailbox) => {
                failure.hint("`rookery mailbox list NAME` shows an account's mailboxes")
            }
            StoreError::ReadOnly => failure.hint("look into the server's log, then restart it"),
            StoreError::Damaged(_) => failure.hint("restore the account's directory from a backup"),
            _ => failure,
        }
    }
}
