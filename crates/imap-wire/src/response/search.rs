//! `SEARCH` (RFC 3501 §7.2.5) and `ESEARCH` (RFC 9051 §7.3.4).

use super::Response;
use crate::parse::{Cursor, Parsed};
use crate::{PartialRange, SeqNumber, SequenceSet, Tag, print};

pub(super) fn print(out: &mut Vec<u8>, numbers: &[u32], modseq: Option<u64>) {
    out.extend_from_slice(b"SEARCH");
    for number in numbers {
        out.push(b' ');
        print::number(out, u64::from(*number));
    }
    if let Some(modseq) = modseq {
        out.extend_from_slice(b" (MODSEQ ");
        print::number(out, modseq);
        out.push(b')');
    }
}

pub(super) fn print_modseq(out: &mut Vec<u8>, modseq: Option<u64>) {
    if let Some(modseq) = modseq {
        out.extend_from_slice(b" MODSEQ ");
        print::number(out, modseq);
    }
}

pub(super) fn print_extended_head(out: &mut Vec<u8>, tag: Option<&Tag>, uid: bool) {
    out.extend_from_slice(b"ESEARCH");
    if let Some(tag) = tag {
        print_correlator(out, tag);
    }
    if uid {
        out.extend_from_slice(b" UID");
    }
}

/// `search-correlator`, and the space before it.
pub(super) fn print_correlator(out: &mut Vec<u8>, tag: &Tag) {
    out.extend_from_slice(b" (TAG ");
    print::quoted(out, tag.as_str().as_bytes());
    out.push(b')');
}

pub(super) fn print_extended_data(
    out: &mut Vec<u8>,
    min: Option<u32>,
    max: Option<u32>,
    count: Option<u32>,
    all: Option<&[(u32, u32)]>,
) {
    for (name, number) in [(" MIN ", min), (" MAX ", max), (" COUNT ", count)] {
        if let Some(number) = number {
            out.extend_from_slice(name.as_bytes());
            print::number(out, u64::from(number));
        }
    }
    if let Some(ranges) = all.filter(|ranges| !ranges.is_empty()) {
        out.extend_from_slice(b" ALL ");
        print::ranges(out, ranges.iter().copied());
    }
}

/// `ret-data-partial` (RFC 9394 §4), and the space before it.
pub(super) fn print_partial(out: &mut Vec<u8>, partial: Option<&(PartialRange, Vec<(u32, u32)>)>) {
    if let Some((range, found)) = partial {
        out.extend_from_slice(b" PARTIAL (");
        print::partial_range(out, *range);
        out.push(b' ');
        if found.is_empty() {
            out.extend_from_slice(b"NIL");
        }
        print::ranges(out, found.iter().copied());
        out.push(b')');
    }
}

pub(super) fn parse(cursor: &mut Cursor<'_>) -> Parsed<Response> {
    let mut numbers = Vec::new();
    let mut modseq = None;
    while modseq.is_none() && cursor.space_and_more() {
        if cursor.take_text("(MODSEQ ") {
            modseq = Some(cursor.number64()?);
            cursor.expect(b')', ")")?;
        } else {
            numbers.push(cursor.nz_number()?.get());
        }
    }
    Ok(Response::Search { numbers, modseq })
}

pub(super) fn parse_extended(cursor: &mut Cursor<'_>) -> Parsed<Response> {
    let tag = correlator(cursor)?;
    let uid = cursor.take_text(" UID");
    let (mut min, mut max, mut count) = (None, None, None);
    let (mut all, mut partial, mut modseq) = (None, None, None);
    while cursor.space_and_more() {
        let name = cursor.extension_label("a return item")?;
        if !matches!(name.as_str(), "MIN" | "MAX" | "COUNT" | "ALL" | "PARTIAL" | "MODSEQ") {
            cursor.skip_extension_value()?;
            continue;
        }
        cursor.space()?;
        match name.as_str() {
            "MIN" => min = Some(cursor.number()?),
            "MAX" => max = Some(cursor.number()?),
            "COUNT" => count = Some(cursor.number()?),
            "MODSEQ" => modseq = Some(cursor.number64()?),
            "PARTIAL" => partial = Some(parse_partial(cursor)?),
            _ => all = Some(plain_ranges(cursor)?),
        }
    }
    Ok(Response::ESearch { tag, uid, min, max, count, all, partial, modseq })
}

/// `ret-data-partial`, of which the name and a space have been read.
fn parse_partial(cursor: &mut Cursor<'_>) -> Parsed<(PartialRange, Vec<(u32, u32)>)> {
    cursor.expect(b'(', "(")?;
    let range = cursor.partial_range()?;
    cursor.space()?;
    let found = if cursor.nil() { Vec::new() } else { plain_ranges(cursor)? };
    cursor.expect(b')', ")")?;
    Ok((range, found))
}

/// `search-correlator`, and the space before it, if they come next.
pub(super) fn correlator(cursor: &mut Cursor<'_>) -> Parsed<Option<Tag>> {
    if !cursor.take_text(" (TAG ") {
        return Ok(None);
    }
    let error = cursor.fail("a tag");
    let tag = cursor.astring("a tag")?;
    cursor.expect(b')', ")")?;
    Tag::new(&tag).map(Some).ok_or(error)
}

/// A sequence set without `*` and `$`.
pub(super) fn plain_ranges(cursor: &mut Cursor<'_>) -> Parsed<Vec<(u32, u32)>> {
    let error = cursor.fail("numbers");
    let SequenceSet::Set(ranges) = cursor.sequence_set()? else { return Err(error) };
    let plain = ranges.iter().map(|range| match (range.from, range.to) {
        (SeqNumber::Number(from), SeqNumber::Number(to)) => Some((from.get(), to.get())),
        _ => None,
    });
    plain.collect::<Option<Vec<_>>>().ok_or(error)
}
