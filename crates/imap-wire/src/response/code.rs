//! Response codes (RFC 9051 §7.1, RFC 5530 §3).

use rookery_mail::{Flag, UidSet};

/// What a status means, for programs.
#[derive(Clone, PartialEq, Debug)]
pub enum Code {
    /// The text is to be shown.
    Alert,
    /// The UIDs of appended messages (RFC 9051 §6.3.12).
    AppendUid {
        /// The target's UIDVALIDITY.
        validity: u32,
        /// The UIDs.
        uids: UidSet,
    },
    /// The UIDs of copied or moved messages (RFC 9051 §6.4.7).
    CopyUid {
        /// The target's UIDVALIDITY.
        validity: u32,
        /// The UIDs that were.
        source: UidSet,
        /// The UIDs that are, in the same order.
        destination: UidSet,
    },
    /// The charset is not known; these are.
    BadCharset(Vec<String>),
    /// What the server can do.
    Capability(Vec<String>),
    /// A message could not be parsed.
    Parse,
    /// The flags that can be kept.
    PermanentFlags {
        /// Those that are known.
        flags: Vec<Flag>,
        /// Whether new keywords can be made: `\*`.
        any: bool,
    },
    /// The mailbox was opened for reading only.
    ReadOnly,
    /// The mailbox was opened for reading and writing.
    ReadWrite,
    /// The target does not exist, but could be created.
    TryCreate,
    /// The next UID.
    UidNext(u32),
    /// The UIDVALIDITY.
    UidValidity(u32),
    /// The number of the first message without `\Seen` (RFC 3501 §7.1).
    Unseen(u32),
    /// UIDs do not last.
    UidNotSticky,
    /// The mailbox that was selected before is closed.
    Closed,
    /// Something is down for the moment.
    Unavailable,
    /// Wrong credentials.
    AuthenticationFailed,
    /// Right credentials, but not for this identity.
    AuthorizationFailed,
    /// The credentials have expired.
    Expired,
    /// Needs encryption.
    PrivacyRequired,
    /// A person has to look at it.
    ContactAdmin,
    /// The rights do not suffice.
    NoPerm,
    /// Something else is using it.
    InUse,
    /// Somebody has expunged some of the messages.
    ExpungeIssued,
    /// The server's data are damaged.
    Corruption,
    /// The server has a bug.
    ServerBug,
    /// The client has a bug.
    ClientBug,
    /// It can never be done.
    Cannot,
    /// A limit of the server is reached.
    Limit,
    /// Over quota.
    OverQuota,
    /// The target exists already.
    AlreadyExists,
    /// There is no such thing.
    NonExistent,
    /// The result was not saved as `$`.
    NotSaved,
    /// The mailbox has children.
    HasChildren,
    /// The part's transfer encoding is not known.
    UnknownCte,
    /// The message is too big (RFC 7889 §3).
    TooBig,
    /// Another one: its name and what follows it.
    Other(String, Option<String>),
}
