//! Lists of message ids, as In-Reply-To and References have them (RFC 5322 §3.6.4).

use crate::lexer::{Lexer, is_white_space};
use crate::limits;

/// The message ids in a field's value, without their angle brackets, quoting removed so that equal ids are equal
/// octets (RFC 5256 §3). What is between them is skipped.
#[must_use]
pub fn message_ids(value: &[u8]) -> Vec<Vec<u8>> {
    let mut lexer = Lexer::new(value);
    let mut ids = Vec::new();
    while ids.len() < limits::MESSAGE_IDS {
        lexer.run(|octet| !b"<\"(".contains(&octet));
        lexer.skip_cfws();
        match lexer.peek() {
            None => break,
            Some(b'"') => {
                lexer.bump();
                lexer.quoted();
            }
            Some(b'<') => {
                lexer.bump();
                ids.extend(id(&mut lexer));
            }
            Some(_) => {}
        }
    }
    ids
}

/// An id whose first bracket was taken; `None` if it has no last one or nothing in it.
fn id(lexer: &mut Lexer<'_>) -> Option<Vec<u8>> {
    let mut id = Vec::new();
    loop {
        id.extend(lexer.run(|octet| !is_white_space(octet) && !b"<>\"(".contains(&octet)));
        match lexer.peek()? {
            b'"' => {
                lexer.bump();
                id.extend(lexer.quoted());
            }
            b'>' => {
                lexer.bump();
                return (!id.is_empty()).then_some(id);
            }
            b'<' => return None,
            _ => {
                lexer.skip_cfws();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(value: &str) -> Vec<String> {
        let ids = message_ids(value.as_bytes());
        ids.into_iter().map(|id| String::from_utf8(id).unwrap()).collect()
    }

    #[test]
    fn ids_and_what_is_between_them() {
        assert_eq!(ids("<a@b> <c@d>"), ["a@b", "c@d"]);
        assert_eq!(ids("<a@b><c@d>\r\n\t<e@f>"), ["a@b", "c@d", "e@f"]);
        assert_eq!(ids("Your message of \"<x@y>\" (<z@z>) <a@b>, thanks"), ["a@b"]);
        assert_eq!(ids("<\"a\\b\"@c> < a @ b >"), ["ab@c", "a@b"]);
    }

    #[test]
    fn broken_ids_are_skipped() {
        assert_eq!(ids("a@b"), [""; 0]);
        assert_eq!(ids("<> <a@b <c@d>"), ["c@d"]);
        assert_eq!(ids("<a@b"), [""; 0]);
        // A form feed is white space to ASCII and not to mail; it once was neither taken nor skipped.
        assert_eq!(ids("<a\x0cb> <\x0c"), ["a\x0cb"]);
    }

    #[test]
    fn floods_end_at_the_limit() {
        assert_eq!(ids(&"<a>".repeat(100_000)).len(), limits::MESSAGE_IDS);
        for pattern in ["<", "<\"", "<(", "<a ", "\"", "("] {
            assert!(ids(&pattern.repeat(500_000)).is_empty());
        }
    }
}
