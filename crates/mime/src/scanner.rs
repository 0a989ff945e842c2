//! The scanner: octets in, tree out.
//!
//! It goes line by line, holding the open parts from the message inwards and, of the current line, only as many
//! octets as can tell what the line is.

use memchr::memchr_iter;

use crate::boundary::{self, Delimiter};
use crate::entity::{Budget, HeaderBlock};
use crate::first_text::FirstText;
use crate::limits;
use crate::line::{Line, Mark, Unfinished, split_line};
use crate::open::{Kind, Open};
use crate::{Envelope, Message, Part};

/// Octets of a body line that tell whether it is a boundary: two dashes before it, two after it.
const BODY_LINE_OCTETS: usize = limits::BOUNDARY_OCTETS + 4;

/// Scans a message that comes in pieces; how it is cut into pieces makes no difference.
#[derive(Debug)]
pub struct Scanner {
    /// Where the current line begins.
    line_start: Mark,
    unfinished: Unfinished,
    /// Octets of the line end before the current line.
    previous_end: u64,
    /// The message and those of its parts that have not ended, each within the one before.
    open: Vec<Open>,
    /// The header block of the innermost open part, until it ends.
    header: Option<HeaderBlock>,
    /// Whether a multipart is open that a boundary line can divide.
    divisible: bool,
    budget: Budget,
    first_text: FirstText,
    /// The message ids of the message's References.
    references: Vec<Vec<u8>>,
    /// The message, when it has ended.
    ended: Option<(Part, Envelope)>,
}

impl Default for Scanner {
    fn default() -> Self {
        Self::new()
    }
}

impl Scanner {
    /// A scanner at the start of a message.
    #[must_use]
    pub fn new() -> Self {
        Self {
            line_start: Mark::default(),
            unfinished: Unfinished::default(),
            previous_end: 0,
            open: vec![Open::message(Mark::default())],
            header: Some(HeaderBlock::new(true)),
            divisible: false,
            budget: Budget::default(),
            first_text: FirstText::default(),
            references: Vec::new(),
            ended: None,
        }
    }

    /// Take the next octets of the message.
    pub fn push(&mut self, bytes: &[u8]) {
        let mut rest = bytes;
        while !rest.is_empty() {
            if self.header.is_none() && !self.divisible && self.unfinished.is_empty() {
                self.first_text.push(rest);
                return self.skip(rest);
            }
            let limit = self.line_limit();
            let Some((piece, after)) = split_line(rest) else {
                self.first_text.push(rest);
                return self.unfinished.extend(rest, limit);
            };
            rest = after;
            self.first_text.push(piece);
            self.finish_line(piece, limit);
        }
    }

    /// Whether enough has been pushed for a [`Message::preview`].
    #[must_use]
    pub fn has_preview(&self) -> bool {
        self.first_text.is_enough()
    }

    /// Octets of header fields that were kept so far: the more, the longer it takes to end.
    #[must_use]
    pub fn kept(&self) -> usize {
        self.budget.kept()
    }

    /// The message that was pushed.
    #[must_use]
    pub fn finish(self) -> Message {
        self.finish_with_references().0
    }

    /// The message that was pushed, and the message ids of its References field (RFC 5322 §3.6.4), oldest first:
    /// an envelope has no place for them, and whoever groups messages into threads needs them once.
    #[must_use]
    pub fn finish_with_references(mut self) -> (Message, Vec<Vec<u8>>) {
        if !self.unfinished.is_empty() {
            let unfinished = std::mem::take(&mut self.unfinished);
            let line = unfinished.at_end();
            self.line(line, self.after(line.octets, 0));
        }
        let end = self.line_start;
        while self.header.is_some() {
            self.end_header(end);
        }
        self.close_down_to(0, end);
        let (root, envelope) = self.ended.unwrap_or_else(|| Open::message(end).close(end));
        let preview = Some(self.first_text.finish());
        let message =
            Message { size: end.offset, lines: end.lines, root, envelope, preview, utf8: false };
        (message, self.references)
    }

    /// Nothing but octets of bodies can follow: only count.
    fn skip(&mut self, bytes: &[u8]) {
        let lines = memchr_iter(b'\n', bytes).count() as u64;
        self.line_start = self.after(bytes.len() as u64, lines);
    }

    fn line_limit(&self) -> usize {
        if self.header.is_some() { limits::FIELD_OCTETS } else { BODY_LINE_OCTETS }
    }

    /// The place some octets and line ends after the start of the current line.
    fn after(&self, octets: u64, lines: u64) -> Mark {
        Mark { offset: self.line_start.offset + octets, lines: self.line_start.lines + lines }
    }

    fn finish_line(&mut self, piece: &[u8], limit: usize) {
        if self.unfinished.is_empty() {
            let line = Line::whole(piece, limit);
            return self.line(line, self.after(line.octets, 1));
        }
        let mut unfinished = std::mem::take(&mut self.unfinished);
        let line = unfinished.finish(piece, limit);
        self.line(line, self.after(line.octets, 1));
        unfinished.clear();
        self.unfinished = unfinished;
    }

    /// Take a line that ends at `end`.
    fn line(&mut self, line: Line<'_>, end: Mark) {
        let delimiter = self.delimiter(line.text);
        self.first_text.end_line(delimiter.map(|delimiter| delimiter.index + 1));
        match (delimiter, &mut self.header) {
            (Some(delimiter), _) => self.divide(delimiter, line.end_octets > 0, end),
            (None, Some(_)) if line.is_blank => self.end_header(end),
            (None, Some(header)) => header.line(line.text, &mut self.budget),
            (None, None) => {}
        }
        self.line_start = end;
        self.previous_end = line.end_octets;
    }

    /// What the line delimits. When no part may be added, nothing begins one.
    fn delimiter(&self, text: &[u8]) -> Option<Delimiter> {
        if !self.divisible {
            return None;
        }
        let boundaries = self.open.iter().enumerate();
        let boundaries = boundaries.filter_map(|(index, open)| Some((index, open.boundary()?)));
        let delimiter = boundary::find(text, boundaries)?;
        (delimiter.closes || self.budget.parts > 0).then_some(delimiter)
    }

    /// A boundary line that ends at `end`: close what is open within its multipart, and begin the next part; but
    /// a line that the message breaks off begins none.
    fn divide(&mut self, delimiter: Delimiter, is_whole: bool, end: Mark) {
        while self.header.is_some() {
            self.end_header(self.line_start);
        }
        self.close_down_to(delimiter.index + 1, self.content_end());
        let Some(multipart) = self.open.last_mut() else { return };
        if delimiter.closes {
            multipart.end_parts();
        } else if is_whole && self.budget.take_part() {
            let part = Open::part(end, multipart.default_of_parts());
            self.header = Some(HeaderBlock::new(false));
            self.open.push(part);
        }
        self.divisible = self.open.iter().any(|open| open.boundary().is_some());
    }

    /// Where the parts end that a boundary in the current line ends: before the line end that belongs to the
    /// boundary, unless that is the end of the header.
    fn content_end(&self) -> Mark {
        let Mark { offset, lines } = self.line_start;
        let before = Mark {
            offset: offset.saturating_sub(self.previous_end),
            lines: lines.saturating_sub(u64::from(self.previous_end > 0)),
        };
        match self.open.last() {
            Some(open) if open.body_start().offset > before.offset => open.body_start(),
            _ => before,
        }
    }

    /// The innermost header block ends at `end`: find out what its body is.
    fn end_header(&mut self, end: Mark) {
        let Some(header) = self.header.take() else { return };
        let depth = self.open.len();
        if depth == 1 {
            self.references = header.references();
        }
        let Some(open) = self.open.last_mut() else { return };
        match open.end_header(&header, end, depth, &mut self.budget) {
            Kind::Leaf => self.first_text.begin(&self.open),
            Kind::Multipart { .. } => {
                self.divisible |= open.boundary().is_some();
                self.first_text.begin(&self.open);
            }
            Kind::Message { .. } => {
                self.open.push(Open::message(end));
                self.header = Some(HeaderBlock::new(true));
            }
        }
    }

    /// End the innermost parts until `count` are open.
    fn close_down_to(&mut self, count: usize, end: Mark) {
        while self.open.len() > count {
            self.first_text.end(self.open.len());
            let Some(open) = self.open.pop() else { return };
            let closed = open.close(end);
            match self.open.last_mut() {
                Some(outer) => outer.take(closed),
                None => self.ended = Some(closed),
            }
        }
    }
}

impl Message {
    /// Scan a message that is in memory.
    #[must_use]
    pub fn scan(bytes: &[u8]) -> Self {
        let mut scanner = Scanner::new();
        scanner.push(bytes);
        scanner.finish()
    }
}
