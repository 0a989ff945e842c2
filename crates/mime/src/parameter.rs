//! Parameters of Content-Type and Content-Disposition, with the continuations of RFC 2231 joined.

use crate::lexer::{Lexer, is_white_space};
use crate::limits;
use crate::structure::find_param;
use std::collections::{BTreeMap, BTreeSet};

pub(crate) type Params = Vec<(Vec<u8>, Vec<u8>)>;

/// Type, subtype and parameters of a Content-Type; `None` if there is no `type/subtype` in it.
pub(crate) fn content_type(value: &[u8]) -> Option<(Vec<u8>, Vec<u8>, Params)> {
    let mut lexer = Lexer::new(value);
    let media_type = token(&mut lexer);
    if media_type.is_empty() || !lexer.eat(b'/') {
        return None;
    }
    let media_subtype = token(&mut lexer);
    if media_subtype.is_empty() {
        return None;
    }
    Some((media_type.to_vec(), media_subtype.to_vec(), params(&mut lexer)))
}

/// Kind and parameters of a Content-Disposition; `None` if it names no kind.
pub(crate) fn disposition(value: &[u8]) -> Option<(Vec<u8>, Params)> {
    let mut lexer = Lexer::new(value);
    let kind = token(&mut lexer);
    (!kind.is_empty()).then(|| (kind.to_vec(), params(&mut lexer)))
}

/// The tags of a Content-Language (RFC 3282).
pub(crate) fn languages(value: &[u8]) -> Vec<Vec<u8>> {
    let mut lexer = Lexer::new(value);
    let mut tags = Vec::new();
    while lexer.peek().is_some() && tags.len() < limits::LANGUAGES {
        let tag = token(&mut lexer);
        if tag.is_empty() {
            lexer.bump();
        } else {
            tags.push(tag.to_vec());
        }
    }
    tags
}

/// The first word of a value, such as a Content-Transfer-Encoding.
pub(crate) fn first_token(value: &[u8]) -> Vec<u8> {
    token(&mut Lexer::new(value)).to_vec()
}

/// The boundary that the parameters of a multipart give, if it is usable.
pub(crate) fn boundary(params: &Params) -> Option<Vec<u8>> {
    let plain = find_param(params, b"boundary").map(<[u8]>::to_vec);
    let boundary = plain.or_else(|| find_param(params, b"boundary*").map(extended_octets))?;
    (1..=limits::BOUNDARY_OCTETS).contains(&boundary.len()).then_some(boundary)
}

/// The octets of a value in the extended form `charset'language'percent-encoded` (RFC 2231 §4).
pub(crate) fn extended_octets(value: &[u8]) -> Vec<u8> {
    percent_decode(split_extended(value).1)
}

/// The charset and the encoded octets of a value in the extended form.
pub(crate) fn split_extended(value: &[u8]) -> (Option<&[u8]>, &[u8]) {
    let mut pieces = value.splitn(3, |octet| *octet == b'\'');
    match (pieces.next(), pieces.next(), pieces.next()) {
        (Some(charset), Some(_), Some(text)) => (Some(charset), text),
        _ => (None, value),
    }
}

pub(crate) fn percent_decode(text: &[u8]) -> Vec<u8> {
    let mut octets = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        let pair = after.first().copied().and_then(hex).zip(after.get(1).copied().and_then(hex));
        match pair {
            Some((high, low)) if *first == b'%' => {
                octets.push(high << 4 | low);
                rest = after.get(2..).unwrap_or_default();
            }
            _ => octets.push(*first),
        }
    }
    octets
}

/// The value of a hexadecimal digit.
pub(crate) fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

/// A token with the comments around it skipped.
fn token<'a>(lexer: &mut Lexer<'a>) -> &'a [u8] {
    lexer.skip_cfws();
    let token = lexer.run(|octet| !is_white_space(octet) && !b"()<>,;:\\\"/=".contains(&octet));
    lexer.skip_cfws();
    token
}

/// The parameters in what is left of a value. A missing semicolon is forgiven, and what is no parameter skipped.
fn params(lexer: &mut Lexer<'_>) -> Params {
    let mut found = Vec::new();
    while found.len() < limits::PARAMETERS && lexer.peek().is_some() {
        let name = token(lexer);
        if !name.is_empty() && lexer.eat(b'=') {
            lexer.skip_cfws();
            found.push((name.to_vec(), value(lexer)));
        } else if name.is_empty() {
            lexer.bump();
        }
    }
    join_continuations(found)
}

/// A quoted string, or all up to the next semicolon or parameter: file names with spaces are often not quoted.
fn value(lexer: &mut Lexer<'_>) -> Vec<u8> {
    if lexer.eat(b'"') {
        return lexer.quoted();
    }
    let mut value = word(lexer).to_vec();
    loop {
        let spaced = lexer.skip_cfws();
        let next = word(&mut lexer.clone());
        if !spaced || next.is_empty() || next.contains(&b'=') {
            return value;
        }
        value.push(b' ');
        value.extend_from_slice(word(lexer));
    }
}

fn word<'a>(lexer: &mut Lexer<'a>) -> &'a [u8] {
    lexer.run(|octet| !is_white_space(octet) && !b";(".contains(&octet))
}

/// One piece of a parameter written as `name*0`, `name*1*` and so on (RFC 2231 §3).
struct Piece {
    number: usize,
    extended: bool,
}

/// The name before the asterisk and which piece it is, if it is one.
fn piece(name: &[u8]) -> Option<(&[u8], Piece)> {
    let extended = name.ends_with(b"*");
    let name = name.strip_suffix(b"*").unwrap_or(name);
    let asterisk = name.iter().rposition(|octet| *octet == b'*')?;
    let (base, number) = (name.get(..asterisk)?, name.get(asterisk + 1..)?);
    let digits = std::str::from_utf8(number).ok().filter(|text| !text.starts_with('+'))?;
    Some((base, Piece { number: digits.parse().ok()?, extended }))
}

/// The pieces of one parameter by their numbers: whether they are in the extended form, and their text.
type Pieces<'a> = BTreeMap<usize, (bool, &'a [u8])>;

/// Put together what was written in pieces, in a time that grows with the length alone.
fn join_continuations(params: Params) -> Params {
    let all = all_pieces(&params);
    if !all.values().any(|pieces| pieces.contains_key(&0)) {
        return params;
    }
    let (mut joined, mut done) = (Params::new(), BTreeSet::new());
    for (name, value) in &params {
        let of_name = piece(name).map(|(base, piece)| (base, base.to_ascii_lowercase(), piece));
        match of_name {
            Some((base, key, Piece { number: 0, .. })) => {
                let pieces = all.get(&key).filter(|_| done.insert(key));
                joined.extend(pieces.map(|pieces| join(base, pieces)));
            }
            // A later piece has gone into the first, if there is one.
            Some((_, key, _)) if all.get(&key).is_some_and(|it| it.contains_key(&0)) => {}
            _ => joined.push((name.clone(), value.clone())),
        }
    }
    joined
}

/// The pieces of each parameter that comes in pieces; of those with the same number the first.
fn all_pieces(params: &Params) -> BTreeMap<Vec<u8>, Pieces<'_>> {
    let mut all: BTreeMap<Vec<u8>, Pieces<'_>> = BTreeMap::new();
    for (name, value) in params {
        if let Some((base, Piece { number, extended })) = piece(name) {
            let pieces = all.entry(base.to_ascii_lowercase()).or_default();
            pieces.entry(number).or_insert((extended, value));
        }
    }
    all
}

/// All pieces from the first up to a gap, in the extended form if one of them is.
fn join(base: &[u8], pieces: &Pieces<'_>) -> (Vec<u8>, Vec<u8>) {
    let pieces = || (0..).map_while(|number| pieces.get(&number));
    let extended = pieces().any(|(extended, _)| *extended);
    let mut name = base.to_vec();
    let mut value = Vec::new();
    if extended {
        name.push(b'*');
        if pieces().next().is_some_and(|(first, _)| !first) {
            value.extend_from_slice(b"''");
        }
    }
    for (own, text) in pieces() {
        if extended && !own {
            percent_encode(text, &mut value);
        } else {
            value.extend_from_slice(text);
        }
    }
    (name, value)
}

/// Percent-encoding as extended values have it.
pub(crate) fn percent_encode(text: &[u8], out: &mut Vec<u8>) {
    for octet in text {
        if octet.is_ascii_graphic() && !b"%'*".contains(octet) {
            out.push(*octet);
        } else {
            out.extend_from_slice(format!("%{octet:02X}").as_bytes());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Type, subtype and parameters as one text.
    fn parse(value: &str) -> Option<String> {
        let (media_type, media_subtype, params) = content_type(value.as_bytes())?;
        let mut text = format!("{}/{}", media_type.escape_ascii(), media_subtype.escape_ascii());
        for (name, value) in params {
            text += &format!(" {}={{{}}}", name.escape_ascii(), value.escape_ascii());
        }
        Some(text)
    }

    #[test]
    fn content_types_of_each_form() {
        for (value, expected) in [
            ("text/plain; charset=utf-8", "text/plain charset={utf-8}"),
            (
                "(a(b)c) text (x) / (y) plain ; (q) charset (r) = (s) utf-8 (t)",
                "text/plain charset={utf-8}",
            ),
            ("a/b; x=\"y; \\\"z\"; w=", "a/b x={y; \\\"z} w={}"),
            ("a/b; name=two words.pdf; x=y", "a/b name={two words.pdf} x={y}"),
            ("a/b charset=utf-8 boundary=\"x\"", "a/b charset={utf-8} boundary={x}"),
            ("a/b;;junk; =; x=y/z=w", "a/b x={y/z=w}"),
            ("a/b; x=\"open", "a/b x={open}"),
        ] {
            assert_eq!(parse(value).as_deref(), Some(expected), "{value}");
        }
        for value in ["", "text", "text/", "/plain", ";;;=;/;\"\\"] {
            assert_eq!(parse(value), None, "{value}");
        }
    }

    #[test]
    fn continuations_are_joined() {
        for (value, expected) in [
            ("a/b; n*0=x; n*1=y", "a/b n={xy}"),
            ("a/b; n*1=y; n*0=x; m=z", "a/b n={xy} m={z}"),
            (
                "a/b; n*0*=utf-8'en'%C3; n*1*=%A4; n*2=\"a b%\"",
                "a/b n*={utf-8\\'en\\'%C3%A4a%20b%25}",
            ),
            ("a/b; n*0=x; n*1*=%20", "a/b n*={\\'\\'x%20}"),
            ("a/b; n*0=x; n*2=z", "a/b n={x}"),
            ("a/b; n*1=y; n*=utf-8''z", "a/b n*1={y} n*={utf-8\\'\\'z}"),
            ("a/b; n*+0=x; N*0=y; n*1=z", "a/b n*+0={x} N={yz}"),
            ("a/b; n*0=x; n*1=y; N*0=z; n*1=w", "a/b n={xy}"),
        ] {
            assert_eq!(parse(value).as_deref(), Some(expected), "{value}");
        }
    }

    #[test]
    fn boundaries_in_each_form() {
        let of = |value: &str| {
            content_type(value.as_bytes()).and_then(|(_, _, params)| boundary(&params))
        };
        assert_eq!(of("a/b; BOUNDARY=\"x y\""), Some(b"x y".to_vec()));
        assert_eq!(of("a/b; boundary*0=x; boundary*1=y"), Some(b"xy".to_vec()));
        assert_eq!(of("a/b; boundary*=us-ascii''x%20y"), Some(b"x y".to_vec()));
        assert_eq!(of("a/b; boundary=\"\""), None);
        assert_eq!(of(&format!("a/b; boundary={}", "x".repeat(limits::BOUNDARY_OCTETS + 1))), None);
    }

    #[test]
    fn dispositions_languages_and_tokens() {
        let (kind, params) = disposition(b"attachment; filename=a.b").unwrap();
        assert_eq!(
            (kind, params),
            (b"attachment".to_vec(), vec![(b"filename".to_vec(), b"a.b".to_vec())])
        );
        assert_eq!(disposition(b" ; x=y"), None);
        assert_eq!(languages(b"en, (x) de-AT ,,fr"), [&b"en"[..], b"de-AT", b"fr"]);
        assert_eq!(first_token(b" (x) base64 (y)"), b"base64");
    }

    #[test]
    fn limits_hold() {
        let flood = format!("a/b{}", "; x*0=y".repeat(10 * limits::PARAMETERS));
        let (_, _, params) = content_type(flood.as_bytes()).unwrap();
        assert!(params.len() <= limits::PARAMETERS);
        assert_eq!(languages("a,".repeat(1000).as_bytes()).len(), limits::LANGUAGES);
    }
}
