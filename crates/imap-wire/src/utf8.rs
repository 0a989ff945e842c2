//! UTF-8 in quoted strings (RFC 9755 §3, RFC 9051 §4.3).

use crate::parse::Cursor;
use crate::{Malformed, Tag};

/// Whether the quoted strings of a command, its literals inlined, are UTF-8.
///
/// # Errors
/// At the first quoted string that is not.
pub fn quoted_utf8(command: &[u8]) -> Result<(), Malformed> {
    if std::str::from_utf8(command).is_ok() {
        return Ok(());
    }
    check(&mut Cursor::new(command)).map_err(|error| match Tag::of_command(command) {
        Some(tag) => error.with_tag(&tag),
        None => error,
    })
}

fn check(cursor: &mut Cursor<'_>) -> Result<(), Malformed> {
    while !cursor.at_end() {
        cursor.take_while(|octet| !matches!(octet, b'"' | b'{'));
        let error = cursor.fail("UTF-8 in the quoted string");
        match cursor.peek() {
            // What cannot be read is for the grammar to refuse.
            Some(b'"') => match cursor.quoted() {
                Ok(text) if std::str::from_utf8(&text).is_err() => return Err(error),
                Ok(_) => {}
                Err(_) => return Ok(()),
            },
            Some(_) if cursor.message_literal().is_err() => return Ok(()),
            _ => {}
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quoted_strings_are_looked_at_and_literals_are_not() {
        for good in [
            &b"a SELECT \"caf\xc3\xa9\""[..],
            b"a LOGIN {1}\r\n\xe9 x",
            b"a APPEND {4}\r\n\"\xe9\"x ~{1}\r\n\xff",
            b"a X \xe9 \"x",
            b"",
        ] {
            assert_eq!(quoted_utf8(good), Ok(()));
        }
        for bad in [&b"a SELECT \"caf\xe9\""[..], b"a X {2}\r\n\"\xe9 \"\\\"\xc3\""] {
            assert_eq!(quoted_utf8(bad).unwrap_err().tag, Tag::new(b"a"));
        }
    }
}
