//! Fields of a raw header block, and the selections from it that IMAP asks for.

use memchr::{memchr, memchr2};
use std::cmp::Ordering;

/// Room for the fields that are usually asked for.
const SELECTED_OCTETS: usize = 512;

/// A field as it stands in a header block.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Field<'a> {
    /// Before the colon, without white space after it; empty if the line has no colon.
    pub name: &'a [u8],
    /// The whole field with its folded lines and line ends.
    pub raw: &'a [u8],
    /// After the colon, still folded, without the line end.
    pub value: &'a [u8],
}

/// The fields of a header block, up to its blank line.
pub fn fields(header: &[u8]) -> impl Iterator<Item = Field<'_>> {
    raw_fields(header).map(Field::new)
}

/// The same, each as it stands there.
fn raw_fields(header: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = header;
    std::iter::from_fn(move || {
        let (raw, after) = rest.split_at_checked(field_len(rest)?)?;
        rest = after;
        Some(raw)
    })
}

/// The name of a field, as [`Field::name`].
fn name_of(raw: &[u8]) -> &[u8] {
    let end = memchr2(b':', b'\n', raw).filter(|end| raw.get(*end) == Some(&b':'));
    raw.get(..end.unwrap_or(0)).unwrap_or_default().trim_ascii_end()
}

/// The value of the first field with this name (in any case), unfolded.
#[must_use]
pub fn value(header: &[u8], name: &[u8]) -> Option<Vec<u8>> {
    fields(header)
        .find(|field| field.name.eq_ignore_ascii_case(name))
        .map(|field| unfold(field.value))
}

/// The fields with one of these names, or (`not`) all others, as exact octets with a blank line after them:
/// BODY[HEADER.FIELDS (...)] and BODY[HEADER.FIELDS.NOT (...)] (RFC 9051 §6.4.5).
///
/// The answer ends in a blank line even if the header has none, and has CRLF where the last field lacks a line end.
#[must_use]
pub fn select(header: &[u8], names: &[impl AsRef<[u8]>], not: bool) -> Vec<u8> {
    // Sorted, for both the fields and the names may be very many.
    let mut wanted: Vec<&[u8]> = names.iter().map(AsRef::as_ref).collect();
    wanted.sort_unstable_by(|a, b| in_any_case(a, b));
    let mut selected = Vec::with_capacity(SELECTED_OCTETS.min(header.len()));
    for raw in raw_fields(header) {
        let name = name_of(raw);
        let named = wanted.binary_search_by(|wanted| in_any_case(wanted, name)).is_ok();
        if named != not {
            selected.extend_from_slice(raw);
        }
    }
    if !selected.is_empty() && !selected.ends_with(b"\n") {
        selected.extend_from_slice(b"\r\n");
    }
    selected.extend_from_slice(b"\r\n");
    selected
}

/// An order of names in which upper and lower case are alike. Few names have the same length, so that most comparisons end
/// there.
fn in_any_case(a: &[u8], b: &[u8]) -> Ordering {
    let lower = u8::to_ascii_lowercase;
    a.len().cmp(&b.len()).then_with(|| a.iter().map(lower).cmp(b.iter().map(lower)))
}

/// A field value as one line: without line ends, NUL and the white space around it. White space that began a folded
/// line stays, and a CR without LF becomes a space.
#[must_use]
pub fn unfold(value: &[u8]) -> Vec<u8> {
    let value = value.trim_ascii();
    let next = value.iter().skip(1).copied().map(Some).chain([None]);
    let pairs = value.iter().copied().zip(next);
    let unfolded = pairs.filter_map(|pair| match pair {
        (b'\n' | 0, _) | (b'\r', Some(b'\n')) => None,
        (b'\r', _) => Some(b' '),
        (octet, _) => Some(octet),
    });
    unfolded.collect()
}

impl<'a> Field<'a> {
    /// The field in these lines.
    pub(crate) fn new(raw: &'a [u8]) -> Self {
        let line = without_line_end(raw);
        let first_line = line.get(..memchr(b'\n', line).unwrap_or(line.len())).unwrap_or(line);
        let (name, value) = match memchr(b':', first_line) {
            Some(colon) => line.split_at(colon),
            None => (&line[..0], line),
        };
        Self { name: name.trim_ascii_end(), raw, value: value.strip_prefix(b":").unwrap_or(value) }
    }
}

/// A line without the LF or CRLF that ends it.
pub(crate) fn without_line_end(line: &[u8]) -> &[u8] {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    line.strip_suffix(b"\r").unwrap_or(line)
}

/// Octets of the field at the start, or `None` at the blank line or the end.
fn field_len(block: &[u8]) -> Option<usize> {
    if block.is_empty() || block.starts_with(b"\n") || block.starts_with(b"\r\n") {
        return None;
    }
    let mut len = 0;
    loop {
        let rest = block.get(len..)?;
        len += memchr(b'\n', rest).map_or(rest.len(), |end| end + 1);
        if !matches!(block.get(len), Some(b' ' | b'\t')) {
            return Some(len);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: &[u8] =
        b"From: a\r\nSubject : b\r\n c\r\n\td\r\nno colon\r\nsubject:e\r\n\r\nbody: x";

    #[test]
    fn fields_with_their_folded_lines() {
        let found: Vec<_> = fields(HEADER).map(|field| (field.name, field.value)).collect();
        let expected: [(&[u8], &[u8]); 4] = [
            (b"From", b" a"),
            (b"Subject", b" b\r\n c\r\n\td"),
            (b"", b"no colon"),
            (b"subject", b"e"),
        ];
        assert_eq!(found, expected);
        assert_eq!(value(HEADER, b"SUBJECT"), Some(b"b c\td".to_vec()));
        assert_eq!(value(HEADER, b"body"), None);
    }

    #[test]
    fn selections_are_exact_octets_with_a_blank_line() {
        let select_text = |header: &[u8], names: &[&str], not: bool| {
            String::from_utf8(select(header, names, not)).unwrap()
        };
        let subjects = "Subject : b\r\n c\r\n\td\r\nsubject:e\r\n\r\n";
        assert_eq!(select_text(HEADER, &["SUBJECT", "x"], false), subjects);
        assert_eq!(select_text(HEADER, &["subject"], true), "From: a\r\nno colon\r\n\r\n");
        assert_eq!(select_text(HEADER, &["x"], false), "\r\n");
        assert_eq!(select_text(b"A: b", &["a"], false), "A: b\r\n\r\n");
        assert_eq!(select_text(b"A: b\nC: d\n\n", &["a"], false), "A: b\n\r\n");
        assert_eq!(select_text(b"", &["a"], true), "\r\n");
    }

    #[test]
    fn unfolding_leaves_one_line() {
        assert_eq!(unfold(b" a\r\n b\n\tc\0\r\n"), b"a b\tc");
        assert_eq!(unfold(b"a\rb\r\r\n c"), b"a b  c");
    }

    #[test]
    fn a_header_of_folds_or_colons_takes_linear_time() {
        for pattern in ["\n ", "a\n", "::", ":\n ", " \n"] {
            let header = pattern.repeat((1 << 20) / pattern.len());
            let names = ["a"; 10];
            let both = select(header.as_bytes(), &names, false).len()
                + select(header.as_bytes(), &names, true).len();
            assert!(both <= header.len() + 6);
        }
    }
}
