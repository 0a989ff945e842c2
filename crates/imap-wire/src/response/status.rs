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
            StatusItem::MailboxId => mailbox_id(cursor)?,
            _ => cursor.number64()?,
        };
        Ok((item, value))
    })?;
    Ok(Response::Status { mailbox, items })
}

/// The number of a mailbox id in parentheses.
fn mailbox_id(cursor: &mut Cursor<'_>) -> Parsed<u64> {
    let error = cursor.fail("a mailbox id of this server in parentheses");
    cursor.expect(b'(', "(")?;
    cursor.take(b'M');
    let digits = cursor.take_while(|octet| octet.is_ascii_hexdigit());
    cursor.expect(b')', ")")?;
    let digits = std::str::from_utf8(digits).ok();
    digits.and_then(|text| u64::from_str_radix(text, 16).ok()).ok_or(error)
}
