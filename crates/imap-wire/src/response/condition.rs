//! Status responses (RFC 9051 §7.1).

use super::Status;
use super::code::Code;
use crate::parse::{Cursor, Parsed};
use crate::print;

const NAMES: [(&str, Status); 5] = [
    ("OK", Status::Ok),
    ("NO", Status::No),
    ("BAD", Status::Bad),
    ("PREAUTH", Status::PreAuth),
    ("BYE", Status::Bye),
];

impl Status {
    fn as_str(self) -> &'static str {
        NAMES.iter().find(|(_, status)| *status == self).map_or("BAD", |(name, _)| name)
    }
}

pub(super) fn print(out: &mut Vec<u8>, status: Status, code: Option<&Code>, text: &str) {
    out.extend_from_slice(status.as_str().as_bytes());
    out.push(b' ');
    if let Some(code) = code {
        out.push(b'[');
        code.print(out);
        out.extend_from_slice(b"] ");
    }
    match text.strip_prefix('[') {
        // Without a code before it, the bracket would begin one.
        Some(rest) if code.is_none() => {
            out.push(b'(');
            print::text(out, rest);
        }
        _ => print::text(out, text),
    }
}

/// Whether a status comes next.
pub(super) fn comes_next(cursor: &Cursor<'_>) -> bool {
    let word = cursor.rest().split(|octet| *octet == b' ').next().unwrap_or(&[]);
    NAMES.iter().any(|(name, _)| word.eq_ignore_ascii_case(name.as_bytes()))
}

/// Status, code, text.
pub(super) fn parse(cursor: &mut Cursor<'_>) -> Parsed<(Status, Option<Code>, String)> {
    let error = cursor.fail("OK, NO, BAD, PREAUTH, or BYE");
    let name = cursor.label("a status")?;
    let status = NAMES.iter().find(|(known, _)| *known == name).ok_or(error)?.1;
    cursor.take(b' ');
    let mut code = None;
    if cursor.take(b'[') {
        code = Some(Code::parse(cursor)?);
        cursor.expect(b']', "]")?;
        cursor.take(b' ');
    }
    Ok((status, code, text(cursor)?))
}

/// The rest of the line.
pub(super) fn text(cursor: &mut Cursor<'_>) -> Parsed<String> {
    let text = cursor.take_while(|octet| !matches!(octet, b'\r' | b'\n' | 0));
    if cursor.at_end() {
        Ok(String::from_utf8_lossy(text).into_owned())
    } else {
        Err(cursor.fail("the end of the text"))
    }
}
