//! `ID` (RFC 2971 §3.1).

use super::{CommandBody, IdFields};
use crate::parse::{Cursor, Parsed};
use crate::print;

pub(super) fn parse(cursor: &mut Cursor<'_>) -> Parsed<CommandBody> {
    cursor.space()?;
    fields(cursor).map(CommandBody::Id)
}

/// The fields, of the command and of the response.
pub(crate) fn fields(cursor: &mut Cursor<'_>) -> Parsed<Option<IdFields>> {
    if cursor.nil() {
        return Ok(None);
    }
    let fields = cursor.parenthesised("NIL or fields in parentheses", |cursor| {
        let name = cursor.string()?;
        cursor.space()?;
        Ok((name, cursor.nstring()?))
    });
    fields.map(Some)
}

pub(super) fn print(out: &mut Vec<u8>, fields: Option<&IdFields>) {
    out.extend_from_slice(b"ID ");
    print_fields(out, fields);
}

/// The fields, of the command and of the response.
pub(crate) fn print_fields(out: &mut Vec<u8>, fields: Option<&IdFields>) {
    match fields {
        None => out.extend_from_slice(b"NIL"),
        Some(fields) => print::list(out, fields, |out, (name, value)| {
            print::string(out, name);
            out.push(b' ');
            print::nstring(out, value.as_deref());
        }),
    }
}
