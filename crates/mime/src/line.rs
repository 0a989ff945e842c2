//! Lines of a stream, put together from pieces without holding long ones.

use memchr::memchr;

/// A place between two octets of the message.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Mark {
    /// Octets before it.
    pub(crate) offset: u64,
    /// Line ends (LF) before it.
    pub(crate) lines: u64,
}

/// A line, or what is left of the message after the last one.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Line<'a> {
    /// Its first octets, without the line end.
    pub(crate) text: &'a [u8],
    /// All its octets, with the line end.
    pub(crate) octets: u64,
    /// Octets of its line end: 2 (CRLF), 1 (LF) or, at the end of the message, 0.
    pub(crate) end_octets: u64,
    /// Whether there is nothing in it but the line end.
    pub(crate) is_blank: bool,
}

/// The line that has come in part.
#[derive(Debug, Default)]
pub(crate) struct Unfinished {
    kept: Vec<u8>,
    octets: u64,
    ends_in_cr: bool,
}

impl Unfinished {
    /// Whether nothing of the line has come yet.
    pub(crate) fn is_empty(&self) -> bool {
        self.octets == 0
    }

    /// Take more of the line, keeping no more than its first `limit` octets.
    pub(crate) fn extend(&mut self, piece: &[u8], limit: usize) {
        let room = limit.saturating_sub(self.kept.len());
        self.kept.extend_from_slice(piece.get(..room).unwrap_or(piece));
        self.octets += piece.len() as u64;
        self.ends_in_cr = piece.last().map_or(self.ends_in_cr, |octet| *octet == b'\r');
    }

    /// The line, now that `end_octets` of line end have come with it.
    fn line(&self, end_octets: u64) -> Line<'_> {
        let text_octets = usize::try_from(self.octets - end_octets).unwrap_or(usize::MAX);
        Line {
            text: self.kept.get(..text_octets).unwrap_or(&self.kept),
            octets: self.octets,
            end_octets,
            is_blank: text_octets == 0,
        }
    }

    /// The line that the end of the message ends.
    pub(crate) fn at_end(&self) -> Line<'_> {
        self.line(0)
    }

    /// Take the rest of the line, with its LF.
    pub(crate) fn finish(&mut self, piece: &[u8], limit: usize) -> Line<'_> {
        let has_cr = match piece {
            [.., before, _] => *before == b'\r',
            _ => self.ends_in_cr,
        };
        self.extend(piece, limit);
        self.line(if has_cr { 2 } else { 1 })
    }

    pub(crate) fn clear(&mut self) {
        self.kept.clear();
        self.octets = 0;
        self.ends_in_cr = false;
    }
}

impl<'a> Line<'a> {
    /// A line that came in one piece, with its LF.
    pub(crate) fn whole(piece: &'a [u8], limit: usize) -> Self {
        let end_octets = if piece.ends_with(b"\r\n") { 2 } else { 1 };
        let text = piece.get(..piece.len().saturating_sub(end_octets)).unwrap_or_default();
        Self {
            text: text.get(..limit).unwrap_or(text),
            octets: piece.len() as u64,
            end_octets: end_octets as u64,
            is_blank: text.is_empty(),
        }
    }
}

/// The octets up to and with the first LF, and those after it; `None` if there is no LF.
pub(crate) fn split_line(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    bytes.split_at_checked(memchr(b'\n', bytes)? + 1)
}
