//! `COPY` (RFC 9051 §6.4.7) and `MOVE` (RFC 9051 §6.4.8).

use super::{CommandBody, print_uid};
use crate::parse::{Cursor, Parsed};
use crate::{SequenceSet, WireMailbox, print};

pub(super) fn parse(cursor: &mut Cursor<'_>, uid: bool) -> Parsed<CommandBody> {
    let (set, mailbox) = arguments(cursor)?;
    Ok(CommandBody::Copy { uid, set, mailbox })
}

pub(super) fn parse_move(cursor: &mut Cursor<'_>, uid: bool) -> Parsed<CommandBody> {
    let (set, mailbox) = arguments(cursor)?;
    Ok(CommandBody::Move { uid, set, mailbox })
}

fn arguments(cursor: &mut Cursor<'_>) -> Parsed<(SequenceSet, WireMailbox)> {
    cursor.space()?;
    let set = cursor.sequence_set()?;
    cursor.space()?;
    Ok((set, cursor.mailbox()?))
}

pub(super) fn print(
    out: &mut Vec<u8>,
    name: &str,
    uid: bool,
    set: &SequenceSet,
    mailbox: &WireMailbox,
) {
    print_uid(out, uid);
    out.extend_from_slice(name.as_bytes());
    print::sequence_set(out, set);
    out.push(b' ');
    print::mailbox(out, &mailbox.0);
}
