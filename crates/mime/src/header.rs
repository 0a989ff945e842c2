//! Fields of a raw header block, and the selections from it that IMAP asks for.

use memchr::memchr;

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
    let mut rest = header;
    std::iter::from_fn(move || {
        let len = field_len(rest)?;
        let (raw, after) = rest.split_at_checked(len)?;
        rest = after;
        Some(Field::new(raw))
    })
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
    let mut selected = Vec::new();
    for field in fields(header) {
        let named = names.iter().any(|name| field.name.eq_ignore_ascii_case(name.as_ref()));
        if named != not {
            selected.extend_from_slice(field.raw);
        }
    }
    if !selected.is_empty() && !selected.ends_with(b"\n") {
        selected.extend_from_slice(b"\r\n");
    }
    selected.extend_from_slice(b"\r\n");
    selected
}

/// A field value as one line: without line ends, NUL and the white space around it. White space that began a folded
/// line stays.
#[must_use]
pub fn unfold(value: &[u8]) -> Vec<u8> {
    value.trim_ascii().iter().copied().filter(|octet| !b"\r\n\0".contains(octet)).collect()
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
