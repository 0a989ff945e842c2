//! Strings.

use super::{Cursor, Parsed, is_astring_char, is_list_char};
use crate::WireMailbox;
use crate::limits;

impl<'a> Cursor<'a> {
    /// `string`.
    pub(crate) fn string(&mut self) -> Parsed<Vec<u8>> {
        match self.peek() {
            Some(b'"') => self.quoted(),
            Some(b'{') => self.literal(),
            _ => Err(self.fail("a string")),
        }
    }

    /// `astring`.
    pub(crate) fn astring(&mut self, expected: &'static str) -> Parsed<Vec<u8>> {
        self.string_or(is_astring_char, expected)
    }

    /// `list-mailbox`.
    pub(crate) fn list_mailbox(&mut self) -> Parsed<Vec<u8>> {
        self.string_or(is_list_char, "a mailbox pattern")
    }

    /// `mailbox`.
    pub(crate) fn mailbox(&mut self) -> Parsed<WireMailbox> {
        self.astring("a mailbox name").map(WireMailbox)
    }

    /// `nstring`.
    pub(crate) fn nstring(&mut self) -> Parsed<Option<Vec<u8>>> {
        if self.nil() { Ok(None) } else { self.string().map(Some) }
    }

    /// `NIL`, if it comes next; whether it did.
    pub(crate) fn nil(&mut self) -> bool {
        let longer = self.rest().get(3).copied().is_some_and(is_astring_char);
        !longer && self.take_text("NIL")
    }

    fn string_or(&mut self, kind: fn(u8) -> bool, expected: &'static str) -> Parsed<Vec<u8>> {
        match self.peek() {
            Some(b'"') => self.quoted(),
            Some(b'{') => self.literal(),
            Some(octet) if kind(octet) => {
                let text = self.take_while(kind);
                self.charge_string(text.len())?;
                Ok(text.to_vec())
            }
            _ => Err(self.fail(expected)),
        }
    }

    /// `quoted`. Octets beyond ASCII are taken as they are, since old clients send passwords in local charsets;
    /// whoever needs UTF-8 looks.
    pub(crate) fn quoted(&mut self) -> Parsed<Vec<u8>> {
        self.expect(b'"', "a quoted string")?;
        let mut text = Vec::new();
        loop {
            let run = self.take_while(|octet| !matches!(octet, b'"' | b'\\' | b'\r' | b'\n' | 0));
            text.extend_from_slice(run);
            if self.take(b'"') {
                self.charge_string(2 * text.len())?;
                return Ok(text);
            }
            self.expect(b'\\', "the end of the quoted string")?;
            match self.take_octets(1) {
                Some(octet @ (b"\"" | b"\\")) => text.extend_from_slice(octet),
                _ => return Err(self.fail("\\\" or \\\\ in the quoted string")),
            }
        }
    }

    /// `literal`: without NUL.
    pub(crate) fn literal(&mut self) -> Parsed<Vec<u8>> {
        let start = self.fail("a literal without NUL");
        let octets = self.literal_octets()?;
        if memchr::memchr(0, octets).is_some() {
            return Err(start);
        }
        self.charge_string(octets.len())?;
        Ok(octets.to_vec())
    }

    /// `literal` or `literal8`, and whether it is the latter. NUL is let through in both: whether a message may
    /// have it is decided where messages are stored.
    pub(crate) fn message_literal(&mut self) -> Parsed<(Vec<u8>, bool)> {
        let binary = self.take(b'~');
        Ok((self.literal_octets()?.to_vec(), binary))
    }

    fn literal_octets(&mut self) -> Parsed<&'a [u8]> {
        self.expect(b'{', "a literal")?;
        let error = self.fail("the size of a literal");
        let digits = self.take_while(|octet| octet.is_ascii_digit());
        let size = literal_size(digits).and_then(|size| usize::try_from(size).ok());
        let size = size.ok_or(error)?;
        self.take(b'+');
        self.expect(b'}', "the end of the literal's size")?;
        self.take(b'\r');
        self.expect(b'\n', "the end of the line before a literal")?;
        let error = self.fail("as many octets as the literal announced");
        self.take_octets(size).ok_or(error)
    }
}

/// The size in an announcement: one to [`limits::LITERAL_DIGITS`] digits, less than 2^63.
fn literal_size(digits: &[u8]) -> Option<u64> {
    let valid = (1..=limits::LITERAL_DIGITS).contains(&digits.len());
    let text = std::str::from_utf8(digits).ok().filter(|_| valid)?;
    let all_digits = text.bytes().all(|b| b.is_ascii_digit());
    text.parse().ok().filter(|size| all_digits && i64::try_from(*size).is_ok())
}
