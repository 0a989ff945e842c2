//! What may stand in the octets that a dialog sends: `${variable}` and `<<x*500>>`.

use super::matching::Vars;

/// The octets with variables and repetitions filled in. Unknown variables stay as they are.
pub(super) fn expand(octets: &[u8], vars: &Vars) -> Vec<u8> {
    let mut out = Vec::with_capacity(octets.len());
    let mut rest = octets;
    while let Some(&octet) = rest.first() {
        match variable(rest, vars).or_else(|| repetition(rest)) {
            Some((text, after)) => {
                out.extend_from_slice(&text);
                rest = after;
            }
            None => {
                out.push(octet);
                rest = &rest[1..];
            }
        }
    }
    out
}

fn variable<'a>(text: &'a [u8], vars: &Vars) -> Option<(Vec<u8>, &'a [u8])> {
    let (name, after) = enclosed(text, b"${", b"}")?;
    let name = std::str::from_utf8(name).ok()?;
    Some((vars.get(name)?.clone().into_bytes(), after))
}

fn repetition(text: &[u8]) -> Option<(Vec<u8>, &[u8])> {
    let (inside, after) = enclosed(text, b"<<", b">>")?;
    let (unit, times) = std::str::from_utf8(inside).ok()?.rsplit_once('*')?;
    Some((unit.repeat(times.parse().ok()?).into_bytes(), after))
}

fn enclosed<'a>(text: &'a [u8], open: &[u8], close: &[u8]) -> Option<(&'a [u8], &'a [u8])> {
    let inside = text.strip_prefix(open)?;
    let end = inside.windows(close.len()).position(|window| window == close)?;
    Some((&inside[..end], &inside[end + close.len()..]))
}

/// The octets that a text with `\r`, `\n`, `\\` and `\xHH` stands for.
pub(super) fn unescape(text: &str) -> Result<Vec<u8>, String> {
    let mut out = Vec::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        if c != '\\' {
            out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
            continue;
        }
        match chars.next() {
            Some('r') => out.push(b'\r'),
            Some('n') => out.push(b'\n'),
            Some('t') => out.push(b'\t'),
            Some('\\') => out.push(b'\\'),
            Some('x') => out.push(hex_octet(&mut chars)?),
            other => return Err(format!("unknown escape \\{}", other.unwrap_or(' '))),
        }
    }
    Ok(out)
}

fn hex_octet(chars: &mut std::str::Chars<'_>) -> Result<u8, String> {
    let digits: String = chars.take(2).collect();
    u8::from_str_radix(&digits, 16).map_err(|_| format!("\\x{digits} is no octet"))
}

/// Octets as the inside of a quoted string, with everything unprintable escaped.
pub(super) fn escape(octets: &[u8]) -> String {
    let mut out = String::with_capacity(octets.len());
    for chunk in octets.utf8_chunks() {
        chunk.valid().chars().for_each(|c| escape_char(c, &mut out));
        chunk.invalid().iter().for_each(|octet| out.push_str(&format!("\\x{octet:02x}")));
    }
    out
}

fn escape_char(c: char, out: &mut String) {
    match c {
        '\r' => out.push_str("\\r"),
        '\n' => out.push_str("\\n"),
        '"' => out.push_str("\\\""),
        '\\' => out.push_str("\\\\"),
        '\t' => out.push('\t'),
        c if c.is_ascii_control() => out.push_str(&format!("\\x{:02x}", c as u32)),
        c => out.push(c),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_and_repetitions_are_filled_in() {
        let vars = Vars::from([("uid".to_owned(), "7".to_owned())]);
        assert_eq!(
            expand(b"FETCH ${uid} ${none} <<ab*3>> <x@y>", &vars),
            b"FETCH 7 ${none} ababab <x@y>"
        );
    }

    #[test]
    fn escapes_go_both_ways() {
        assert_eq!(unescape("a\\r\\n\\x00\\\\").unwrap(), b"a\r\n\0\\");
        assert!(unescape("\\q").is_err());
        assert_eq!(escape(b"a\"\r\n\0\xff\xc3\xa4"), "a\\\"\\r\\n\\x00\\xffä");
    }
}
