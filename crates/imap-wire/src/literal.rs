//! Announcements of literals at the end of lines (RFC 9051 §4.3, RFC 7888 §3).

use crate::limits;

/// The line without the CR of its CRLF.
pub(crate) fn without_cr(line: &[u8]) -> &[u8] {
    line.strip_suffix(b"\r").unwrap_or(line)
}

/// What is to be known of a line to tell whether it ends in the announcement of a literal.
#[derive(Clone, Debug, Default)]
pub(crate) struct LineEnd {
    in_quotes: bool,
    escaped: bool,
    tail: Vec<u8>,
}

/// The announcement of a literal at the end of a line.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Announcement {
    /// Octets of the announcement itself.
    pub(crate) length: usize,
    pub(crate) size: u64,
    pub(crate) sync: bool,
    pub(crate) binary: bool,
}

/// `~{`, the digits, `+}` and a CR.
const ANNOUNCEMENT_OCTETS: usize = limits::LITERAL_DIGITS + 5;

impl LineEnd {
    pub(crate) fn of(line: &[u8]) -> Self {
        let mut end = Self::default();
        // Nearly all lines end otherwise, and need no look at their quotes.
        if line.ends_with(b"}") {
            end.push(line);
        }
        end
    }

    pub(crate) fn push(&mut self, octets: &[u8]) {
        for octet in octets {
            match octet {
                _ if self.escaped => self.escaped = false,
                b'\\' => self.escaped = self.in_quotes,
                b'"' => self.in_quotes = !self.in_quotes,
                _ => {}
            }
        }
        let fresh = octets.len().saturating_sub(ANNOUNCEMENT_OCTETS);
        self.tail.extend_from_slice(octets.get(fresh..).unwrap_or(&[]));
        let surplus = self.tail.len().saturating_sub(ANNOUNCEMENT_OCTETS);
        self.tail.drain(..surplus);
    }

    /// The announcement, unless it is part of a quoted string or the number is no 63 bits wide: then it is text.
    pub(crate) fn literal(&self) -> Option<Announcement> {
        if self.in_quotes {
            return None;
        }
        let line = without_cr(&self.tail);
        let open = memchr::memrchr(b'{', line)?;
        let (before, announcement) = line.split_at_checked(open)?;
        let number = announcement.strip_prefix(b"{")?.strip_suffix(b"}")?;
        let (number, sync) = match number.strip_suffix(b"+") {
            Some(number) => (number, false),
            None => (number, true),
        };
        let binary = before.ends_with(b"~");
        let length = announcement.len() + usize::from(binary);
        Some(Announcement { length, size: literal_size(number)?, sync, binary })
    }
}

/// The size in an announcement: one to [`limits::LITERAL_DIGITS`] digits, less than 2^63.
pub(crate) fn literal_size(digits: &[u8]) -> Option<u64> {
    let valid = (1..=limits::LITERAL_DIGITS).contains(&digits.len());
    let text = std::str::from_utf8(digits).ok().filter(|_| valid)?;
    let all_digits = text.bytes().all(|b| b.is_ascii_digit());
    text.parse().ok().filter(|size| all_digits && i64::try_from(*size).is_ok())
}
