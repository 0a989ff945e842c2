//! Writing the terminals of the grammar (RFC 9051 §9). Nothing in here allocates beyond what `out` grows by.

use crate::limits;
use crate::parse::{is_astring_char, is_atom_char, is_text_safe};
use crate::{PartialRange, Section, SectionText, SeqNumber, SequenceSet, WireFlag};
use rookery_mail::{DateTime, Flag};

/// Digits of the largest number.
const MAX_DIGITS: usize = 20;

const MONTHS: [&[u8]; 12] = [
    b"Jan", b"Feb", b"Mar", b"Apr", b"May", b"Jun", b"Jul", b"Aug", b"Sep", b"Oct", b"Nov", b"Dec",
];

/// A number in decimal.
pub fn number(out: &mut Vec<u8>, number: u64) {
    let digits = number.checked_ilog10().map_or(1, |log| log as usize + 1);
    let mut places = [0u8; MAX_DIGITS];
    let mut rest = number;
    for place in places.iter_mut().take(digits).rev() {
        *place = b'0' + u8::try_from(rest % 10).unwrap_or(0);
        rest /= 10;
    }
    let end = out.len() + digits;
    // Of a size that is known when this is compiled, copying is a few moves and no call.
    out.extend_from_slice(&places);
    out.truncate(end);
}

/// Two numbers with a colon between them, in their order.
pub(crate) fn pair(out: &mut Vec<u8>, (from, to): (u32, u32)) {
    number(out, u64::from(from));
    out.push(b':');
    number(out, u64::from(to));
}

/// A page of results, its ends in their order.
pub fn partial_range(out: &mut Vec<u8>, range: PartialRange) {
    let (sign, from, to): (&[u8], _, _) = match range {
        PartialRange::First(from, to) => (b"", from, to),
        PartialRange::Last(from, to) => (b"-", from, to),
    };
    out.extend_from_slice(sign);
    number(out, u64::from(from.get()));
    out.push(b':');
    out.extend_from_slice(sign);
    number(out, u64::from(to.get()));
}

/// Ranges with a comma between each two. One of a single number is written as that number.
pub fn ranges(out: &mut Vec<u8>, ranges: impl IntoIterator<Item = (u32, u32)>) {
    separated(out, b',', ranges, |out, range| {
        if range.0 == range.1 { number(out, u64::from(range.0)) } else { pair(out, range) }
    });
}

/// A quoted string. It cannot carry NUL, CR and LF, which become `?`; see [`string`] for what can be anything.
pub fn quoted(out: &mut Vec<u8>, text: &[u8]) {
    out.push(b'"');
    for octet in text {
        match octet {
            b'"' | b'\\' => out.extend_from_slice(&[b'\\', *octet]),
            0 | b'\r' | b'\n' => out.push(b'?'),
            _ => out.push(*octet),
        }
    }
    out.push(b'"');
}

/// The announcement of a literal of that size, whose octets have to follow.
pub fn literal_head(out: &mut Vec<u8>, size: u64) {
    out.push(b'{');
    number(out, size);
    out.extend_from_slice(b"}\r\n");
}

/// A literal.
pub fn literal(out: &mut Vec<u8>, octets: &[u8]) {
    literal_head(out, octets.len() as u64);
    out.extend_from_slice(octets);
}

/// A string: quoted if it is short and has nothing but printable ASCII and tabs, else a literal.
pub fn string(out: &mut Vec<u8>, text: &[u8]) {
    // Looked through to the end, and not only to what decides: many octets are compared at a time then.
    let (mut is_safe, mut is_plain) = (true, true);
    for octet in text {
        is_safe &= is_text_safe(*octet);
        is_plain &= !matches!(octet, b'"' | b'\\');
    }
    if !is_safe || text.len() > limits::QUOTED {
        literal(out, text);
    } else if is_plain {
        out.reserve(text.len() + 2);
        out.push(b'"');
        out.extend_from_slice(text);
        out.push(b'"');
    } else {
        quoted(out, text);
    }
}

/// A string where `NIL` means that there is none.
pub fn nstring(out: &mut Vec<u8>, text: Option<&[u8]>) {
    match text {
        Some(text) => string(out, text),
        None => out.extend_from_slice(b"NIL"),
    }
}

/// A string that goes without quotes if it can. `NIL` gets them, lest it be taken for nothing.
pub fn astring(out: &mut Vec<u8>, text: &[u8]) {
    if is_plain(text) {
        out.extend_from_slice(text);
    } else {
        string(out, text);
    }
}

/// A mailbox name in wire form: as [`astring`], but UTF-8 is quoted (RFC 9051 §5.1). There is none in it unless
/// the client has switched that on.
pub fn mailbox(out: &mut Vec<u8>, name: &[u8]) {
    if is_plain(name) {
        out.extend_from_slice(name);
    } else {
        mailbox_string(out, name);
    }
}

/// A mailbox name where there can be no atom.
pub(crate) fn mailbox_string(out: &mut Vec<u8>, name: &[u8]) {
    let printable = name.iter().all(|octet| *octet >= 128 || is_text_safe(*octet));
    if printable && name.len() <= limits::QUOTED && std::str::from_utf8(name).is_ok() {
        quoted(out, name);
    } else {
        literal(out, name);
    }
}

/// A hierarchy delimiter, quoted, or `NIL`.
pub fn delimiter(out: &mut Vec<u8>, delimiter: Option<char>) {
    match delimiter.and_then(|c| u8::try_from(c).ok()).filter(|octet| is_text_safe(*octet)) {
        Some(octet) => quoted(out, &[octet]),
        None => out.extend_from_slice(b"NIL"),
    }
}

/// A date and time with its quotes (RFC 9051 §9: `date-time`).
pub fn date_time(out: &mut Vec<u8>, date: DateTime) {
    let (year, month, day) = date.date();
    let (hour, minute, second) = date.time();
    out.push(b'"');
    out.extend_from_slice(&digits::<2>(u32::from(day), b' '));
    month_and_year(out, year, month);
    for (before, part) in [(b' ', hour), (b':', minute), (b':', second)] {
        out.push(before);
        out.extend_from_slice(&digits::<2>(u32::from(part), b'0'));
    }
    let offset = date.offset_minutes();
    out.extend_from_slice(if offset < 0 { b" -" } else { b" +" });
    let offset = u32::from(offset.unsigned_abs());
    out.extend_from_slice(&digits::<4>(offset / 60 * 100 + offset % 60, b'0'));
    out.push(b'"');
}

/// A date without quotes (RFC 9051 §9: `date-text`), of days since 1970-01-01.
pub fn date(out: &mut Vec<u8>, day: i64) {
    // The calendar repeats after 400 years of this many days; this way no date is clamped.
    const CYCLE: i64 = 146_097;
    let cycles = i32::try_from(day.div_euclid(CYCLE)).unwrap_or(0);
    let (year, month, day) = DateTime::from_unix(day.rem_euclid(CYCLE) * 86_400).date();
    number(out, u64::from(day));
    month_and_year(out, year.saturating_add(cycles.saturating_mul(400)), month);
}

fn month_and_year(out: &mut Vec<u8>, year: i32, month: u8) {
    out.push(b'-');
    out.extend_from_slice(MONTHS.get(usize::from(month.wrapping_sub(1))).unwrap_or(&MONTHS[0]));
    out.push(b'-');
    match u32::try_from(year).unwrap_or(0) {
        year @ ..10_000 => out.extend_from_slice(&digits::<4>(year, b'0')),
        year => number(out, u64::from(year)),
    }
}

/// The last digits of a number, with something else in place of zeros before it.
fn digits<const WIDTH: usize>(mut value: u32, pad: u8) -> [u8; WIDTH] {
    let mut digits = [pad; WIDTH];
    for digit in digits.iter_mut().rev() {
        *digit = b'0' + u8::try_from(value % 10).unwrap_or(0);
        value /= 10;
        if value == 0 {
            break;
        }
    }
    digits
}

/// Human-readable text: what is not printable ASCII becomes `?`.
pub fn text(out: &mut Vec<u8>, text: &str) {
    // Nearly all is, and then it is copied at once.
    if text.bytes().fold(true, |is_safe, octet| is_safe & is_text_safe(octet)) {
        return out.extend_from_slice(text.as_bytes());
    }
    out.extend(
        text.chars().map(|c| u8::try_from(c).ok().filter(|b| is_text_safe(*b)).unwrap_or(b'?')),
    );
}

/// Something that has to be an atom but comes from outside: what no atom has becomes `_`.
pub(crate) fn word(out: &mut Vec<u8>, word: &str) {
    out.extend(
        word.chars().map(|c| u8::try_from(c).ok().filter(|b| is_atom_char(*b)).unwrap_or(b'_')),
    );
    if word.is_empty() {
        out.push(b'_');
    }
}

/// A [`word`] that may have a backslash before it: a flag or an attribute.
pub(crate) fn attribute(out: &mut Vec<u8>, attribute: &str) {
    let name = attribute.strip_prefix('\\');
    if name.is_some() {
        out.push(b'\\');
    }
    word(out, name.unwrap_or(attribute));
}

/// Things between parentheses, a space between each two.
pub(crate) fn list<T>(
    out: &mut Vec<u8>,
    items: impl IntoIterator<Item = T>,
    item: impl FnMut(&mut Vec<u8>, T),
) {
    out.push(b'(');
    spaced(out, items, item);
    out.push(b')');
}

/// Things with a space between each two.
pub(crate) fn spaced<T>(
    out: &mut Vec<u8>,
    items: impl IntoIterator<Item = T>,
    item: impl FnMut(&mut Vec<u8>, T),
) {
    separated(out, b' ', items, item);
}

/// Things with an octet between each two.
pub(crate) fn separated<T>(
    out: &mut Vec<u8>,
    between: u8,
    items: impl IntoIterator<Item = T>,
    mut item: impl FnMut(&mut Vec<u8>, T),
) {
    for (i, value) in items.into_iter().enumerate() {
        if i > 0 {
            out.push(between);
        }
        item(out, value);
    }
}

/// Whether a text can go as an atom in place of an astring without being taken for something else.
fn is_plain(text: &[u8]) -> bool {
    !text.is_empty()
        && text.len() <= limits::QUOTED
        && text.iter().copied().all(is_astring_char)
        && !text.eq_ignore_ascii_case(b"NIL")
}

/// The `FLAGS` item of a FETCH response, of the names of the flags.
pub fn flags<'a>(out: &mut Vec<u8>, names: impl IntoIterator<Item = &'a str>) {
    out.extend_from_slice(b"FLAGS ");
    list(out, names, |out, name| out.extend_from_slice(name.as_bytes()));
}

/// A flag.
pub fn flag(out: &mut Vec<u8>, flag: &Flag) {
    out.extend_from_slice(flag.as_str().as_bytes());
}

/// A flag as a client sends it.
pub(crate) fn wire_flag(out: &mut Vec<u8>, flag: &WireFlag) {
    match flag {
        WireFlag::Flag(flag) => self::flag(out, flag),
        WireFlag::Recent => out.extend_from_slice(b"\\Recent"),
        WireFlag::Unknown(text) => attribute(out, &String::from_utf8_lossy(text)),
    }
}

/// A set of message numbers or UIDs.
pub(crate) fn sequence_set(out: &mut Vec<u8>, set: &SequenceSet) {
    match set {
        SequenceSet::Saved => out.push(b'$'),
        SequenceSet::Set(ranges) => separated(out, b',', ranges, |out, range| {
            seq_number(out, range.from);
            if range.from != range.to {
                out.push(b':');
                seq_number(out, range.to);
            }
        }),
    }
}

/// A message number or UID, or `*`.
pub(crate) fn seq_number(out: &mut Vec<u8>, seq_number: SeqNumber) {
    match seq_number {
        SeqNumber::Number(value) => number(out, u64::from(value.get())),
        SeqNumber::Star => out.push(b'*'),
    }
}

/// A section with its brackets.
pub(crate) fn section(out: &mut Vec<u8>, section: &Section) {
    out.push(b'[');
    path(out, &section.path);
    if !section.path.is_empty() && section.text.is_some() {
        out.push(b'.');
    }
    match &section.text {
        None => {}
        Some(SectionText::Header) => out.extend_from_slice(b"HEADER"),
        Some(SectionText::HeaderFields(names)) => {
            out.extend_from_slice(b"HEADER.FIELDS ");
            list(out, names, |out, name| astring(out, name));
        }
        Some(SectionText::HeaderFieldsNot(names)) => {
            out.extend_from_slice(b"HEADER.FIELDS.NOT ");
            list(out, names, |out, name| astring(out, name));
        }
        Some(SectionText::Text) => out.extend_from_slice(b"TEXT"),
        Some(SectionText::Mime) => out.extend_from_slice(b"MIME"),
    }
    out.push(b']');
}

/// A part's path with its brackets.
pub(crate) fn section_binary(out: &mut Vec<u8>, numbers: &[u32]) {
    out.push(b'[');
    path(out, numbers);
    out.push(b']');
}

fn path(out: &mut Vec<u8>, numbers: &[u32]) {
    separated(out, b'.', numbers, |out, part| number(out, u64::from(*part)));
}
