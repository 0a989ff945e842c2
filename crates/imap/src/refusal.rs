//! The one place where errors become protocol.

use rookery_imap_wire::{Code, Malformed, MalformedKind, Status};
use rookery_mail::NameError;
use rookery_mailbox::{Refused, StoreError};
use std::borrow::Cow;
use std::io;

use crate::conn::NoInput;
use crate::out::Gone;

/// A wish that is not granted, in the client's terms.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Refusal {
    pub(crate) status: Status,
    pub(crate) code: Option<Code>,
    pub(crate) text: Cow<'static, str>,
}

/// Why a command did not end in OK.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The client asked for something that it cannot have.
    Refused(Refusal),
    /// We are at fault.
    Fault(StoreError),
    /// There is nobody to answer to, or nothing more to answer.
    Ended(NoInput),
}

impl Refusal {
    /// A NO with a code.
    pub(crate) fn no(code: Code, text: &'static str) -> Self {
        Self { status: Status::No, code: Some(code), text: text.into() }
    }

    /// A BAD.
    pub(crate) fn bad(text: impl Into<Cow<'static, str>>) -> Self {
        Self { status: Status::Bad, code: None, text: text.into() }
    }

    /// The answer to message numbers once UIDONLY is enabled (RFC 9586 §3).
    pub(crate) fn uid_required() -> Self {
        Self { code: Some(Code::UidRequired), ..Self::bad("Messages go by their UIDs here") }
    }

    /// The answer to a use that no mailbox can have, or that another one has (RFC 6154 §3).
    pub(crate) fn special_use() -> Self {
        Self::no(Code::UseAttr, "A mailbox cannot have that special use")
    }

    /// The answer to a literal or a message that is larger than we take.
    pub(crate) fn too_big() -> Self {
        Self::no(Code::TooBig, "The message is too big")
    }

    /// The answer to a command of which all that is no message is over this limit.
    pub(crate) fn command_too_big(limit: &'static str) -> Self {
        let text = format!("The command is too big: {limit}");
        Self { code: Some(Code::TooBig), ..Self::bad(text) }
    }
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<Gone> for Failure {
    fn from(Gone: Gone) -> Self {
        Self::Ended(NoInput::Hangup)
    }
}

impl From<NoInput> for Failure {
    fn from(end: NoInput) -> Self {
        Self::Ended(end)
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Refused(refused) => Self::Refused(refused.into()),
            fault => Self::Fault(fault),
        }
    }
}

impl From<Refused> for Refusal {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::NoSuchAccount => Self::no(Code::Unavailable, "The account is gone"),
            Refused::AccountExists | Refused::AlreadyExists => {
                Self::no(Code::AlreadyExists, "There is such a mailbox already")
            }
            Refused::SpecialUseTaken => Self::special_use(),
            Refused::NoSuchMailbox => Self::no(Code::NonExistent, "There is no such mailbox"),
            Refused::Inbox => Self::no(Code::Cannot, "INBOX can be neither created nor deleted"),
            Refused::TooManyKeywords => {
                Self::no(Code::Limit, "The mailbox has as many keywords as it can have")
            }
            Refused::TooManyMailboxes => Self::no(Code::Limit, "There are too many mailboxes"),
            Refused::TooManyMessages => {
                Self::no(Code::Limit, "The account has as many messages as it can have")
            }
            Refused::BadName => Self::no(Code::Cannot, "No mailbox can have that name"),
            Refused::TooScattered => {
                Self::no(Code::Limit, "Too many matches lie apart, search among fewer messages")
            }
            Refused::OutOfNumbers => Self::no(Code::Limit, "The account has used up its numbers"),
            Refused::OutOfUids => Self::no(Code::Limit, "The mailbox has used up its UIDs"),
            Refused::NoSuchMessage => Self::no(Code::ExpungeIssued, "The message is gone"),
            Refused::OverQuota => Self::no(Code::OverQuota, "There is no space left"),
        }
    }
}

impl From<NameError> for Refusal {
    fn from(error: NameError) -> Self {
        let text = match error {
            NameError::EmptyLevel => "A level of the mailbox name is empty",
            NameError::TooLong => "The mailbox name is too long",
            NameError::TooDeep => "The mailbox name has too many levels",
            NameError::ForbiddenCharacter => "The mailbox name has a forbidden character",
            NameError::NamespacePrefix => "A mailbox name cannot begin with #",
        };
        Self::no(Code::Cannot, text)
    }
}

impl From<&Malformed> for Refusal {
    fn from(malformed: &Malformed) -> Self {
        match malformed.kind {
            MalformedKind::UnknownCommand => Self::bad("Unknown command"),
            MalformedKind::Syntax => {
                Self::bad(format!("Expected {} at octet {}", malformed.expected, malformed.offset))
            }
            MalformedKind::TooMuch(limit) => Self {
                status: Status::Bad,
                code: Some(Code::Limit),
                text: format!("The command has too much: {limit}").into(),
            },
        }
    }
}

/// What the client is told of a fault of ours. The details are for the log.
pub(crate) fn of_fault(fault: &StoreError) -> Refusal {
    match fault {
        StoreError::ReadOnly => {
            Refusal::no(Code::Unavailable, "The account takes no changes at the moment")
        }
        StoreError::Damaged(_) => {
            Refusal::no(Code::Corruption, "Something that was stored is damaged")
        }
        // What fails is the disk, or there are too many open files: nothing in here has to be mended.
        StoreError::Io { source, .. } if !is_ours(source.kind()) => {
            Refusal::no(Code::Unavailable, "Reading or writing is not possible at the moment")
        }
        StoreError::Io { .. } | StoreError::Refused(_) => {
            Refusal::no(Code::ServerBug, "Something went wrong here, see the log")
        }
    }
}

/// Kinds of errors that do not come from the system, but from a task that died, or from what we found to be wrong.
fn is_ours(kind: io::ErrorKind) -> bool {
    use io::ErrorKind::{InvalidData, InvalidInput, Other};
    matches!(kind, Other | InvalidData | InvalidInput)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A client that hears of a bug gives up, or tells its user to report it.
    #[test]
    fn a_disk_that_fails_is_no_bug() {
        const EIO: i32 = 5;
        const EMFILE: i32 = 24;
        let code = |source| of_fault(&StoreError::Io { context: "spooling", source }).code;
        for system in [EIO, EMFILE].map(io::Error::from_raw_os_error) {
            let named = io::Error::new(system.kind(), "1.seg: it failed");
            assert_eq!(code(system), Some(Code::Unavailable));
            assert_eq!(code(named), Some(Code::Unavailable), "with the name of the file");
        }
        assert_eq!(code(io::Error::other("the task ended early")), Some(Code::ServerBug));
    }
}
