//! `LSUB` (RFC 3501 §6.3.9), and `XLIST`, which has the same arguments: what `LIST` with special uses was before
//! RFC 6154. Some clients of old know nothing else.

use super::CommandBody;
use super::list::print_pattern;
use crate::parse::{Cursor, Parsed};
use crate::{WireMailbox, print};

pub(super) fn parse(cursor: &mut Cursor<'_>) -> Parsed<CommandBody> {
    let (reference, pattern) = arguments(cursor)?;
    Ok(CommandBody::Lsub { reference, pattern })
}

pub(super) fn parse_xlist(cursor: &mut Cursor<'_>) -> Parsed<CommandBody> {
    let (reference, pattern) = arguments(cursor)?;
    Ok(CommandBody::Xlist { reference, pattern })
}

fn arguments(cursor: &mut Cursor<'_>) -> Parsed<(WireMailbox, Vec<u8>)> {
    cursor.space()?;
    let reference = cursor.mailbox()?;
    cursor.space()?;
    Ok((reference, cursor.list_mailbox()?))
}

pub(super) fn print(out: &mut Vec<u8>, name: &str, reference: &WireMailbox, pattern: &[u8]) {
    out.extend_from_slice(name.as_bytes());
    print::mailbox(out, &reference.0);
    out.push(b' ');
    print_pattern(out, pattern);
}
