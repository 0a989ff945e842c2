//! `STATUS` (RFC 9051 §6.3.11).

/// What STATUS tells about a mailbox.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum StatusItem {
    /// How many messages.
    Messages,
    /// How many with `\Recent` (RFC 3501 §6.3.10).
    Recent,
    /// The next UID.
    UidNext,
    /// The UIDVALIDITY.
    UidValidity,
    /// How many without `\Seen`.
    Unseen,
    /// How many with `\Deleted`.
    Deleted,
    /// The total size in octets.
    Size,
    /// The highest modification sequence (RFC 7162 §3.1.2.1).
    HighestModSeq,
    /// The largest message that can be appended, in octets (RFC 7889 §4).
    AppendLimit,
    /// The mailbox's id (RFC 8474 §4.3); its number, where values are numbers.
    MailboxId,
}
