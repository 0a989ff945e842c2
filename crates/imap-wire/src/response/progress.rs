//! The code `INPROGRESS` (RFC 9585).

use super::code::Code;
use crate::parse::{Cursor, Parsed};
use crate::{Tag, print};

pub(super) fn print(
    out: &mut Vec<u8>,
    tag: Option<&Tag>,
    progress: Option<u64>,
    goal: Option<u64>,
) {
    out.extend_from_slice(b"INPROGRESS");
    if tag.is_none() && progress.is_none() && goal.is_none() {
        return;
    }
    out.extend_from_slice(b" (");
    print::nstring(out, tag.map(|tag| tag.as_str().as_bytes()));
    for number in [progress, goal] {
        out.push(b' ');
        match number {
            Some(number) => print::number(out, number),
            None => out.extend_from_slice(b"NIL"),
        }
    }
    out.push(b')');
}

/// What follows the name.
pub(super) fn parse(cursor: &mut Cursor<'_>) -> Parsed<Code> {
    if !cursor.take_text(" (") {
        return Ok(Code::InProgress { tag: None, progress: None, goal: None });
    }
    let error = cursor.fail("NIL or a tag");
    let tag = match cursor.nstring()? {
        Some(text) => Some(Tag::new(&text).ok_or(error)?),
        None => None,
    };
    let progress = spaced_number(cursor)?;
    let goal = spaced_number(cursor)?;
    cursor.expect(b')', ")")?;
    Ok(Code::InProgress { tag, progress, goal })
}

/// A space, and a number or `NIL`.
fn spaced_number(cursor: &mut Cursor<'_>) -> Parsed<Option<u64>> {
    cursor.space()?;
    if cursor.nil() { Ok(None) } else { cursor.number64().map(Some) }
}
