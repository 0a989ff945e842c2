//! `COMPRESS` (RFC 4978 §3).

use super::CommandBody;
use crate::parse::{Cursor, Parsed};
use crate::print;

pub(super) fn parse(cursor: &mut Cursor<'_>) -> Parsed<CommandBody> {
    cursor.space()?;
    cursor.label("a compression mechanism").map(CommandBody::Compress)
}

pub(super) fn print(out: &mut Vec<u8>, mechanism: &str) {
    out.extend_from_slice(b"COMPRESS ");
    print::word(out, mechanism);
}
