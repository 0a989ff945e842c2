//! Why a command failed, in words for its user.

use rookery_mailbox::{Refused, StoreError};
use std::fmt;
use std::os::unix::fs::MetadataExt;

/// What went wrong, and what to do next where that is known.
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize)]
pub(crate) struct Failure {
    message: String,
    hint: Option<String>,
    /// Whether nobody is left to be asked for more.
    #[serde(skip)]
    is_final: bool,
}

impl Failure {
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), hint: None, is_final: false }
    }

    pub(crate) fn hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }

    /// What was asked has no other answer any more: the server is gone, or gives answers that make no sense.
    pub(crate) fn at_last(self) -> Self {
        Self { is_final: true, ..self }
    }

    /// Where the failure is of one thing only, go on with the others: it is returned as a value.
    pub(crate) fn of_one<T>(result: Result<T, Self>) -> Result<Result<T, Self>, Self> {
        match result {
            Err(failure) if failure.is_final => Err(failure),
            other => Ok(other),
        }
    }

    /// What went wrong, without what to do next.
    pub(crate) fn message(&self) -> &str {
        &self.message
    }

    /// A server that does not speak as this program does.
    pub(crate) fn unexpected_answer() -> Self {
        Self::new("the server gave an unexpected answer")
            .hint("restart it: it may be of another version")
            .at_last()
    }

    /// A store's failure to do something to an account.
    pub(crate) fn of_account(account: &str, error: StoreError) -> Self {
        match error {
            StoreError::Refused(Refused::NoSuchAccount) => {
                Self::new(format!("no such account {account}"))
                    .hint("`rookery account list` shows the accounts")
            }
            error => error.into(),
        }
    }

    /// A store's failure to do something to a mailbox.
    pub(crate) fn of_mailbox(account: &str, mailbox: &str, error: StoreError) -> Self {
        match error {
            StoreError::Refused(Refused::NoSuchMailbox) => {
                Self::new(format!("no such mailbox {mailbox}"))
                    .hint(format!("`rookery mailbox list {account}` shows the account's mailboxes"))
            }
            error => error.into(),
        }
    }

    /// A failure of the system while doing something to something.
    pub(crate) fn io(doing: impl fmt::Display, error: &std::io::Error) -> Self {
        let mut failure = Self::new(format!("{doing}: {error}"));
        match error.kind() {
            std::io::ErrorKind::PermissionDenied => {
                failure.message.push_str(&user());
                failure
                    .hint("run as the user that owns the data directory, or mend its permissions")
            }
            std::io::ErrorKind::StorageFull => failure.hint("make room on the disk"),
            _ => failure,
        }
    }
}

/// As whom this process does what it does, as far as the system says.
fn user() -> String {
    let id = std::fs::metadata("/proc/self").map(|own| own.uid());
    id.map(|id| format!(" (as the user with id {id})")).unwrap_or_default()
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
            StoreError::ReadOnly => failure.hint("look into the server's log for the reason"),
            StoreError::Damaged(_) => {
                failure.hint("`rookery check` says what is damaged and what can be done about it")
            }
            _ => failure,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::ErrorKind;

    #[test]
    fn who_was_denied_is_said() {
        let text = Failure::io("reading x", &ErrorKind::PermissionDenied.into()).to_string();
        assert!(text.starts_with("reading x: permission denied (as the user with id "), "{text}");
        let text = Failure::io("reading x", &ErrorKind::NotFound.into()).to_string();
        assert_eq!(text, "reading x: entity not found");
    }
}
