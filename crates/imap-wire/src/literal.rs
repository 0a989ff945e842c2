//! Announcements of literals at the end of lines (RFC 9051 §4.3, RFC 7888 §3).

/// The line without the CR of its CRLF.
pub(crate) fn without_cr(line: &[u8]) -> &[u8] {
    line.strip_suffix(b"\r").unwrap_or(line)
}

/// What is to be known of a line to tell whether it ends in the announcement of a literal.
#[derive(Clone, Debug, Default)]
pub(crate) struct LineEnd {
    in_quotes: bool,
    escaped: bool,
    after_tilde: bool,
    announced: Option<Unfinished>,
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

/// As much of an announcement as a line has so far.
#[derive(Clone, Copy, Debug)]
struct Unfinished {
    announcement: Announcement,
    next: Next,
}

/// What an announcement can go on with.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Next {
    FirstDigit,
    /// Or a plus, or the end.
    Digit,
    Brace,
    /// Nothing but the end of the line.
    End,
    Newline,
}

/// The largest literal that can be announced. What says that it is larger is taken for it, and refused as too big, so that its octets are
/// never taken for commands.
const MAX_LITERAL: u64 = i64::MAX.cast_unsigned();

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
            self.announced = match octet {
                b'{' if !self.in_quotes => Some(Unfinished::new(self.after_tilde)),
                octet => self.announced.and_then(|announced| announced.and(*octet)),
            };
            match octet {
                _ if self.escaped => self.escaped = false,
                b'\\' => self.escaped = self.in_quotes,
                b'"' => self.in_quotes = !self.in_quotes,
                _ => {}
            }
            self.after_tilde = *octet == b'~';
        }
    }

    /// The announcement, unless it is part of a quoted string: then it is text.
    pub(crate) fn literal(&self) -> Option<Announcement> {
        let ended = |found: &Unfinished| [Next::End, Next::Newline].contains(&found.next);
        self.announced.filter(ended).map(|found| found.announcement)
    }
}

impl Unfinished {
    /// That of a brace.
    fn new(binary: bool) -> Self {
        let announcement =
            Announcement { length: 1 + usize::from(binary), size: 0, sync: true, binary };
        Self { announcement, next: Next::FirstDigit }
    }

    /// With another octet; `None` if that makes it text.
    fn and(mut self, octet: u8) -> Option<Self> {
        let Announcement { length, size, sync, .. } = &mut self.announcement;
        self.next = match (self.next, octet) {
            (Next::FirstDigit | Next::Digit, b'0'..=b'9') => {
                let digit = u64::from(octet - b'0');
                *size = size.saturating_mul(10).saturating_add(digit).min(MAX_LITERAL);
                Next::Digit
            }
            (Next::Digit, b'+') => {
                *sync = false;
                Next::Brace
            }
            (Next::Digit | Next::Brace, b'}') => Next::End,
            (Next::End, b'\r') => {
                self.next = Next::Newline;
                return Some(self);
            }
            _ => return None,
        };
        *length += 1;
        Some(self)
    }
}
