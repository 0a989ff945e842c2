//! `UIDBATCHES` (RFC 10022).

use super::Response;
use super::search::{correlator, plain_ranges, print_correlator};
use crate::parse::{Cursor, Parsed};
use crate::{Tag, print};

pub(super) fn print(out: &mut Vec<u8>, tag: &Tag, ranges: &[(u32, u32)]) {
    out.extend_from_slice(b"UIDBATCHES");
    print_correlator(out, tag);
    if !ranges.is_empty() {
        out.push(b' ');
        print::separated(out, b',', ranges, |out, range| print::pair(out, *range));
    }
}

pub(super) fn parse(cursor: &mut Cursor<'_>) -> Parsed<Response> {
    let error = cursor.fail("the tag of the command");
    let tag = correlator(cursor)?.ok_or(error)?;
    let ranges = if cursor.space_and_more() { plain_ranges(cursor)? } else { Vec::new() };
    Ok(Response::UidBatches { tag, ranges })
}
