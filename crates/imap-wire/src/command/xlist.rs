//! `XLIST`: what `LIST` with special uses was before RFC 6154. Some clients of old know nothing else.

use super::CommandBody;
use super::list::print_pattern;
use crate::parse::{Cursor, Parsed};
use crate::{WireMailbox, print};

pub(super) fn parse(cursor: &mut Cursor<'_>) -> Parsed<CommandBody> {
    cursor.space()?;
    let reference = cursor.mailbox()?;
    cursor.space()?;
    let pattern = cursor.list_mailbox()?;
    Ok(CommandBody::Xlist { reference, pattern })
}

pub(super) fn print(out: &mut Vec<u8>, reference: &WireMailbox, pattern: &[u8]) {
    out.extend_from_slice(b"XLIST ");
    print::mailbox(out, &reference.0);
    out.push(b' ');
    print_pattern(out, pattern);
}
