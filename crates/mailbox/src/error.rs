//! What can go wrong in a store, in two kinds: the user's wish cannot be granted, or we are at fault.

use std::fmt;

/// Why a wish is refused. Each becomes a response code in one place of the protocol front.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Refused {
    /// No account has this name.
    NoSuchAccount,
    /// An account of this name exists.
    AccountExists,
    /// No mailbox has this id (any more).
    NoSuchMailbox,
    /// A mailbox of this name exists.
    AlreadyExists,
    /// Another mailbox has this special use.
    SpecialUseTaken,
    /// The inbox can be neither deleted nor created.
    Inbox,
    /// The mailbox has [`crate::limits::MAX_KEYWORDS`] keywords.
    TooManyKeywords,
    /// The account has [`crate::limits::MAX_MAILBOXES`] mailboxes or too many subscriptions.
    TooManyMailboxes,
    /// The account would have more messages than it can have.
    TooManyMessages,
    /// The mailbox has used up its UIDs.
    OutOfUids,
    /// The account has no modification sequences left, or no UIDVALIDITY that no mailbox had.
    OutOfNumbers,
    /// No message content has this id (any more).
    NoSuchMessage,
    /// The disk or the quota is full.
    OverQuota,
    /// What a search found comes to more ranges than may be kept.
    TooScattered,
    /// No mailbox can have this name: it lies below the mailbox that is to get it, or it, or one below it, would be
    /// too long or too deep.
    BadName,
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoSuchAccount => "no such account",
            Self::AccountExists => "the account exists already",
            Self::NoSuchMailbox => "no such mailbox",
            Self::AlreadyExists => "the mailbox exists already",
            Self::SpecialUseTaken => "another mailbox has that special use",
            Self::Inbox => "the inbox cannot be deleted or created",
            Self::TooManyKeywords => "the mailbox has too many keywords",
            Self::TooManyMailboxes => "the account has too many mailboxes",
            Self::TooManyMessages => "the account has as many messages as it can have",
            Self::OutOfUids => "the mailbox has no UIDs left",
            Self::OutOfNumbers => "the account has used up its numbers",
            Self::NoSuchMessage => "the message is gone",
            Self::OverQuota => "there is no space left",
            Self::TooScattered => "the matches lie too scattered",
            Self::BadName => "the mailbox cannot have this name",
        })
    }
}

/// Why a store did not do what it was asked for. Nothing has changed then.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The wish cannot be granted.
    #[error("{0}")]
    Refused(Refused),
    /// The account takes no changes after a fault; reading works.
    #[error("the account is read-only after a fault")]
    ReadOnly,
    /// Reading or writing failed.
    #[error("{context}: {source}")]
    Io {
        /// What was being done.
        context: &'static str,
        /// What the system said.
        source: std::io::Error,
    },
    /// What was stored is not what was read.
    #[error("damaged: {0}")]
    Damaged(String),
}

impl From<Refused> for StoreError {
    fn from(refused: Refused) -> Self {
        Self::Refused(refused)
    }
}
