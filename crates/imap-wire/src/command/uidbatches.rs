//! `UIDBATCHES` (RFC 10022).

use super::CommandBody;
use crate::parse::{Cursor, Parsed};
use crate::print;

pub(super) fn parse(cursor: &mut Cursor<'_>) -> Parsed<CommandBody> {
    cursor.space()?;
    let size = cursor.nz_number()?.get();
    let range = if cursor.space_and_more() { Some(range(cursor)?) } else { None };
    Ok(CommandBody::UidBatches { size, range })
}

/// The first and the last batch that are wanted, in any order: whether that one makes sense is not for the grammar.
fn range(cursor: &mut Cursor<'_>) -> Parsed<(u32, u32)> {
    let from = cursor.nz_number()?.get();
    cursor.expect(b':', "a colon and the last batch")?;
    Ok((from, cursor.nz_number()?.get()))
}

pub(super) fn print(out: &mut Vec<u8>, size: u32, range: Option<(u32, u32)>) {
    out.extend_from_slice(b"UIDBATCHES ");
    print::number(out, u64::from(size));
    if let Some(range) = range {
        out.push(b' ');
        print::pair(out, range);
    }
}
