//! `STATUS` (RFC 9051 §6.3.11).

use super::{CommandBody, print_argument};
use crate::parse::{Cursor, Parsed};
use crate::{WireMailbox, print};

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

impl StatusItem {
    const ALL: [Self; 10] = [
        Self::Messages,
        Self::Recent,
        Self::UidNext,
        Self::UidValidity,
        Self::Unseen,
        Self::Deleted,
        Self::Size,
        Self::HighestModSeq,
        Self::AppendLimit,
        Self::MailboxId,
    ];

    /// The wire form.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Messages => "MESSAGES",
            Self::Recent => "RECENT",
            Self::UidNext => "UIDNEXT",
            Self::UidValidity => "UIDVALIDITY",
            Self::Unseen => "UNSEEN",
            Self::Deleted => "DELETED",
            Self::Size => "SIZE",
            Self::HighestModSeq => "HIGHESTMODSEQ",
            Self::AppendLimit => "APPENDLIMIT",
            Self::MailboxId => "MAILBOXID",
        }
    }
}

pub(super) fn parse(cursor: &mut Cursor<'_>) -> Parsed<CommandBody> {
    cursor.space()?;
    let mailbox = cursor.mailbox()?;
    cursor.space()?;
    Ok(CommandBody::Status { mailbox, items: items(cursor)? })
}

/// Items in parentheses, at least one.
pub(super) fn items(cursor: &mut Cursor<'_>) -> Parsed<Vec<StatusItem>> {
    cursor.parenthesised_some("status items in parentheses", item)
}

/// `status-att`.
pub(crate) fn item(cursor: &mut Cursor<'_>) -> Parsed<StatusItem> {
    let error = cursor.fail("a status item");
    let name = cursor.label("a status item")?;
    StatusItem::ALL.into_iter().find(|item| item.as_str() == name).ok_or(error)
}

pub(super) fn print(out: &mut Vec<u8>, mailbox: &WireMailbox, items: &[StatusItem]) {
    print_argument(out, "STATUS ", mailbox);
    out.push(b' ');
    print_items(out, items);
}

pub(super) fn print_items(out: &mut Vec<u8>, items: &[StatusItem]) {
    print::list(out, items, |out, item| out.extend_from_slice(item.as_str().as_bytes()));
}
