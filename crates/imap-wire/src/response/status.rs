//! `STATUS` (RFC 9051 §7.3.2).

use super::Response;
use crate::command::status;
use crate::parse::{Cursor, Parsed};
use crate::{StatusItem, WireMailbox, print};
use rookery_mail::MailboxId;

pub(super) fn print(out: &mut Vec<u8>, mailbox: &WireMailbox, items: &[(StatusItem, u64)]) {
    out.extend_from_slice(b"STATUS ");
    print::mailbox(out, &mailbox.0);
    out.push(b' ');
    print::list(out, items, |out, (item, value)| {
        out.extend_from_slice(item.as_str().as_bytes());
        out.push(b' ');
        match item {
            StatusItem::MailboxId => {
                out.extend_from_slice(format!("({})", MailboxId(*value)).as_bytes());
            }
            _ => print::number(out, *value),
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
            StatusItem::MailboxId => cursor.object_id(b'M')?,
            _ => cursor.number64()?,
        };
        Ok((item, value))
    })?;
    Ok(Response::Status { mailbox, items })
}
