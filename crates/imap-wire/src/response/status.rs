//! `STATUS` (RFC 9051 §7.3.2).

use super::Response;
use crate::command::status;
use crate::parse::{Cursor, Parsed};
use crate::{StatusItem, WireMailbox, print};
use rookery_mail::MailboxId;

pub(super) fn print(out: &mut Vec<u8>, mailbox: &WireMailbox, items: &[(StatusItem, Option<u64>)]) {
    out.extend_from_slice(b"STATUS ");
    print::mailbox(out, &mailbox.0);
    out.push(b' ');
    print::list(out, items, |out, (item, value)| {
        out.extend_from_slice(item.as_str().as_bytes());
        out.push(b' ');
        match (item, value) {
            (_, None) => out.extend_from_slice(b"NIL"),
            (StatusItem::MailboxId, Some(id)) => {
                out.extend_from_slice(format!("({})", MailboxId(*id)).as_bytes());
            }
            (_, Some(number)) => print::number(out, *number),
        }
    });
}

pub(super) fn parse(cursor: &mut Cursor<'_>) -> Parsed<Response> {
    cursor.space()?;
    let mailbox = cursor.mailbox()?;
    cursor.space()?;
    let items = cursor.parenthesised("status items in parentheses", |cursor| {
        let item = status::item(cursor)?;
        cursor.space()?;
        let value = match item {
            StatusItem::AppendLimit if cursor.nil() => None,
            StatusItem::MailboxId => Some(cursor.object_id(b'M')?),
            _ => Some(cursor.number64()?),
        };
        Ok((item, value))
    })?;
    Ok(Response::Status { mailbox, items })
}
