//! `UID EXPUNGE` (RFC 9051 §6.4.9). Plain EXPUNGE has no arguments.

use super::CommandBody;
use crate::parse::{Cursor, Parsed};
use crate::{SequenceSet, print};

pub(super) fn parse_uid(cursor: &mut Cursor<'_>) -> Parsed<CommandBody> {
    cursor.space()?;
    cursor.sequence_set().map(CommandBody::UidExpunge)
}

pub(super) fn print_uid(out: &mut Vec<u8>, set: &SequenceSet) {
    out.extend_from_slice(b"UID EXPUNGE ");
    print::sequence_set(out, set);
}
