//! `RENAME` (RFC 9051 §6.3.6).

use super::CommandBody;
use crate::parse::{Cursor, Parsed};
use crate::{WireMailbox, print};

pub(super) fn parse(cursor: &mut Cursor<'_>) -> Parsed<CommandBody> {
    cursor.space()?;
    let from = cursor.mailbox()?;
    cursor.space()?;
    let to = cursor.mailbox()?;
    Ok(CommandBody::Rename { from, to })
}

pub(super) fn print(out: &mut Vec<u8>, from: &WireMailbox, to: &WireMailbox) {
    out.extend_from_slice(b"RENAME ");
    print::mailbox(out, &from.0);
    out.push(b' ');
    print::mailbox(out, &to.0);
}
