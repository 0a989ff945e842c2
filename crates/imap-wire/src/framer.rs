//! Where one command ends and the next begins, found before any grammar, with limits applied before allocating.

use crate::literal::{Announcement, LineEnd, without_cr};
use crate::{Tag, limits};

/// What a framer lets through.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct FramerLimits {
    /// Octets of one command, inlined literals included.
    pub command: usize,
    /// Octets of one line.
    pub line: usize,
    /// Literals inlined into one command.
    pub literals: usize,
    /// Octets of the largest non-synchronizing literal.
    pub non_sync_literal: u64,
}

impl Default for FramerLimits {
    /// The values of [`crate::limits`].
    fn default() -> Self {
        Self {
            command: limits::COMMAND,
            line: limits::LINE,
            literals: limits::LITERALS,
            non_sync_literal: limits::NON_SYNC_LITERAL,
        }
    }
}

/// What [`Framer::next`] found.
#[derive(Clone, PartialEq, Debug)]
pub enum Frame {
    /// Nothing more for now: feed octets, or answer the literal.
    Incomplete,
    /// A whole command without its final CRLF, with literals inline as `{n}`, CRLF, octets.
    Command(Vec<u8>),
    /// A literal is announced; answer with one of [`Framer::keep_literal`], [`Framer::stream_literal`],
    /// [`Framer::reject_literal`].
    Literal(LiteralHead),
    /// Octets of a streamed literal.
    Bytes(Vec<u8>),
    /// The end of a streamed literal.
    LiteralEnd,
    /// A command was over a limit. The rest of it will be swallowed without another frame.
    TooBig {
        /// Its tag, if it could be read.
        tag: Option<Tag>,
        /// Which limit: `command`, `line`, `literals` or `literal`.
        limit: &'static str,
    },
}

/// The announcement of a literal (RFC 9051 §4.3, RFC 7888 §3).
#[derive(Clone, PartialEq, Debug)]
pub struct LiteralHead {
    /// The command so far, without the announcement itself.
    pub prefix: Vec<u8>,
    /// How many octets; less than 2^63.
    pub size: u64,
    /// Whether the client waits for a continuation request.
    pub sync: bool,
    /// Whether it is a literal8, `~{n}`.
    pub binary: bool,
}

/// What [`Framer::next_line`] found.
#[derive(Clone, PartialEq, Debug)]
pub enum LineFrame {
    /// No whole line yet.
    Incomplete,
    /// A line without its CRLF.
    Line(Vec<u8>),
    /// A line was over the limit. The rest of it will be swallowed.
    TooBig,
}

/// Finds the borders of commands in a stream of octets, however the stream is cut.
///
/// Feed what arrives, then call [`Framer::next`] until it says [`Frame::Incomplete`]. A literal's octets are only
/// taken once its announcement was answered.
#[derive(Clone, Debug)]
pub struct Framer {
    limits: FramerLimits,
    /// What was fed; octets before `start` are done with.
    input: Vec<u8>,
    start: usize,
    /// Octets from `start` on that are known to hold no line end.
    scanned: usize,
    /// The command up to its last literal, that included.
    command: Vec<u8>,
    literals: usize,
    /// The tag of a command of which a literal was streamed, for its beginning is gone.
    tag: Option<Tag>,
    state: State,
}

#[derive(Clone, Debug)]
enum State {
    /// In a line of a command.
    Line,
    /// At a literal, waiting for an answer.
    Announced { size: u64, sync: bool, binary: bool },
    /// At a literal that the caller wanted to keep, but that is over the limit.
    Oversize { size: u64, sync: bool },
    /// In a literal that becomes part of the command.
    Keep { left: u64 },
    /// In a literal whose octets are handed out.
    Stream { left: u64 },
    /// In a literal of a command that is over.
    SwallowLiteral { left: u64 },
    /// In a line of a command that is over.
    SwallowLine(LineEnd),
}

impl Framer {
    /// A framer that has seen nothing.
    #[must_use]
    pub fn new(limits: FramerLimits) -> Self {
        Self {
            limits,
            input: Vec::new(),
            start: 0,
            scanned: 0,
            command: Vec::new(),
            literals: 0,
            tag: None,
            state: State::Line,
        }
    }

    /// Other limits from here on, as after login.
    pub fn set_limits(&mut self, limits: FramerLimits) {
        self.limits = limits;
    }

    /// Take octets from the stream.
    pub fn feed(&mut self, bytes: &[u8]) {
        if self.start > 0 {
            self.input.drain(..self.start);
            self.start = 0;
        }
        extend(&mut self.input, bytes);
    }

    /// Octets held: those not yet looked at and those of an unfinished command.
    #[must_use]
    pub fn buffered(&self) -> usize {
        self.available() + self.command.len()
    }

    /// Forget everything that was fed, and any unfinished command: what was pipelined behind STARTTLS must not be
    /// taken for something that came through TLS (RFC 9051 §6.2.1).
    pub fn discard_input(&mut self) {
        *self = Self::new(self.limits);
    }

    /// Hand back what was fed and not looked at: what was pipelined behind COMPRESS is compressed (RFC 4978 §3).
    pub fn take_input(&mut self) -> Vec<u8> {
        let octets = self.rest().to_vec();
        self.discard_input();
        octets
    }

    /// What comes next in the stream.
    #[expect(clippy::should_implement_trait, reason = "it does not end, as an iterator would")]
    pub fn next(&mut self) -> Frame {
        loop {
            let frame = match self.state {
                State::Line => self.line(),
                State::Announced { .. } => Some(Frame::Incomplete),
                State::Oversize { size, sync } => Some(self.too_big("command", size, sync)),
                State::Keep { left } => self.keep(left),
                State::Stream { left } => Some(self.stream(left)),
                State::SwallowLiteral { .. } | State::SwallowLine(_) => {
                    (!self.swallow()).then_some(Frame::Incomplete)
                }
            };
            if let Some(frame) = frame {
                return frame;
            }
        }
    }

    /// The next line that is no command: `DONE`, or a response to a SASL challenge. Only between commands. If it is a command all the
    /// same, the octets of its literals are swallowed with it.
    pub fn next_line(&mut self) -> LineFrame {
        if !self.swallow() || !matches!(self.state, State::Line) {
            return LineFrame::Incomplete;
        }
        let end = self.find_line_end();
        let line = without_cr(self.rest().get(..end.unwrap_or(self.available())).unwrap_or(&[]));
        if line.len() > self.limits.line {
            self.scanned = 0;
            self.state = State::SwallowLine(LineEnd::default());
            return LineFrame::TooBig;
        }
        let Some(end) = end else { return LineFrame::Incomplete };
        let line = line.to_vec();
        self.consume(end + 1);
        if let Some(Announcement { size, sync, .. }) = LineEnd::of(&line).literal() {
            self.give_up(size, sync);
        }
        LineFrame::Line(line)
    }

    /// Answer to [`Frame::Literal`]: it becomes part of the command. False if the command would be over its limit
    /// by that; then the next frame is [`Frame::TooBig`], and the client must not be asked to continue.
    #[must_use = "a literal that does not fit must not be asked for"]
    pub fn keep_literal(&mut self) -> bool {
        let State::Announced { size, sync, binary } = self.state else { return false };
        let room = self.limits.command.saturating_sub(self.command.len());
        let announcement = format!("{}{{{size}}}\r\n", if binary { "~" } else { "" });
        let fits =
            usize::try_from(size).is_ok_and(|size| size.saturating_add(announcement.len()) <= room);
        if fits {
            self.literals += 1;
            extend(&mut self.command, announcement.as_bytes());
            self.state = State::Keep { left: size };
        } else {
            self.state = State::Oversize { size, sync };
        }
        fits
    }

    /// Answer to [`Frame::Literal`]: its octets come as [`Frame::Bytes`], then [`Frame::LiteralEnd`]. What follows
    /// it on the line is framed as if it were a command of its own: [`Frame::Command`] with the rest of the line,
    /// or [`Frame::Literal`].
    pub fn stream_literal(&mut self) {
        let State::Announced { size, .. } = self.state else { return };
        if self.tag.is_none() {
            self.tag = Tag::of_command(&self.command);
        }
        self.command = Vec::new();
        self.literals = 0;
        self.state = State::Stream { left: size };
    }

    /// Answer to [`Frame::Literal`] when the command was answered with a tagged NO or BAD instead: a client that
    /// waits will not send the octets, and the next frame is the next command. One that does not wait sends the
    /// rest of its command, which is swallowed.
    ///
    /// While a literal is streamed, the rest of it and of its command is swallowed.
    pub fn reject_literal(&mut self) {
        match self.state {
            State::Announced { size, sync, .. } => self.give_up(size, sync),
            State::Stream { left } => self.give_up(left, false),
            _ => {}
        }
    }

    fn line(&mut self) -> Option<Frame> {
        let end = self.find_line_end();
        let length = end.unwrap_or(self.available());
        let line = self.input.get(self.start..self.start + length).unwrap_or(&[]);
        let line = without_cr(line);
        let (room, limit) = self.room();
        if line.len() > room {
            // Nothing beyond the limit is looked at, for it may or may not have come already.
            let tag = self.current_tag(line.get(..=room).unwrap_or(line));
            self.scanned = 0;
            self.forget_command();
            self.state = State::SwallowLine(LineEnd::default());
            return Some(Frame::TooBig { tag, limit });
        }
        let Some(end) = end else { return Some(Frame::Incomplete) };
        let literal = LineEnd::of(line).literal();
        let text = line.get(..line.len() - literal.map_or(0, |found| found.length));
        extend(&mut self.command, text.unwrap_or(&[]));
        self.consume(end + 1);
        Some(match literal {
            Some(literal) => self.announce(literal),
            None => {
                let command = std::mem::take(&mut self.command);
                self.forget_command();
                Frame::Command(command)
            }
        })
    }

    /// How long the next line of the command may be, and which limit says so.
    fn room(&self) -> (usize, &'static str) {
        let room = self.limits.command.saturating_sub(self.command.len());
        if self.limits.line <= room { (self.limits.line, "line") } else { (room, "command") }
    }

    fn announce(&mut self, literal: Announcement) -> Frame {
        let Announcement { size, sync, binary, .. } = literal;
        if self.literals >= self.limits.literals {
            return self.too_big("literals", size, sync);
        }
        if !sync && size > self.limits.non_sync_literal {
            return self.too_big("literal", size, sync);
        }
        self.state = State::Announced { size, sync, binary };
        Frame::Literal(LiteralHead { prefix: self.command.clone(), size, sync, binary })
    }

    fn too_big(&mut self, limit: &'static str, size: u64, sync: bool) -> Frame {
        let tag = self.current_tag(&[]);
        self.give_up(size, sync);
        Frame::TooBig { tag, limit }
    }

    /// The tag of the command that goes on with `line`, if the tag is whole.
    fn current_tag(&self, line: &[u8]) -> Option<Tag> {
        let begin = if self.command.is_empty() { line } else { &self.command };
        let is_whole = |tag: &Tag| tag.as_str().len() < begin.len();
        self.tag.clone().or_else(|| Tag::of_command(begin).filter(is_whole))
    }

    fn give_up(&mut self, octets: u64, sync: bool) {
        self.forget_command();
        self.state = if sync { State::Line } else { State::SwallowLiteral { left: octets } };
    }

    fn forget_command(&mut self) {
        self.command = Vec::new();
        self.literals = 0;
        self.tag = None;
    }

    fn keep(&mut self, left: u64) -> Option<Frame> {
        let count = self.at_hand(left);
        let octets = self.input.get(self.start..self.start + count).unwrap_or(&[]);
        extend(&mut self.command, octets);
        self.consume(count);
        let left = left - count as u64;
        self.state = if left == 0 { State::Line } else { State::Keep { left } };
        (left > 0).then_some(Frame::Incomplete)
    }

    fn stream(&mut self, left: u64) -> Frame {
        if left == 0 {
            self.state = State::Line;
            return Frame::LiteralEnd;
        }
        let count = self.at_hand(left);
        if count == 0 {
            return Frame::Incomplete;
        }
        self.state = State::Stream { left: left - count as u64 };
        if self.start == 0 && count == self.input.len() {
            self.scanned = 0;
            return Frame::Bytes(std::mem::take(&mut self.input));
        }
        let octets = self.rest().get(..count).unwrap_or(&[]).to_vec();
        self.consume(count);
        Frame::Bytes(octets)
    }

    /// Swallow what is to be swallowed; whether that is done.
    fn swallow(&mut self) -> bool {
        loop {
            match &mut self.state {
                State::SwallowLiteral { left } => {
                    let left = *left;
                    let count = self.at_hand(left);
                    self.consume(count);
                    let left = left - count as u64;
                    if left > 0 {
                        self.state = State::SwallowLiteral { left };
                        return false;
                    }
                    self.state = State::SwallowLine(LineEnd::default());
                }
                State::SwallowLine(_) => {
                    if !self.swallow_line() {
                        return false;
                    }
                }
                _ => return true,
            }
        }
    }

    /// Swallow up to the end of a line; whether it was reached.
    fn swallow_line(&mut self) -> bool {
        let end = memchr::memchr(b'\n', self.rest());
        let count = end.unwrap_or(self.available());
        let octets = self.input.get(self.start..self.start + count).unwrap_or(&[]);
        let mut literal = None;
        if let State::SwallowLine(line_end) = &mut self.state {
            line_end.push(octets);
            literal = line_end.literal();
        }
        self.consume(count + usize::from(end.is_some()));
        if end.is_some() {
            self.state = match literal {
                Some(literal) if !literal.sync => State::SwallowLiteral { left: literal.size },
                _ => State::Line,
            };
        }
        end.is_some()
    }

    fn rest(&self) -> &[u8] {
        self.input.get(self.start..).unwrap_or(&[])
    }

    fn available(&self) -> usize {
        self.input.len() - self.start
    }

    /// How many of `left` octets are there.
    fn at_hand(&self, left: u64) -> usize {
        usize::try_from(left).map_or(self.available(), |left| left.min(self.available()))
    }

    /// How many octets come before the next LF. What was searched is not searched again.
    fn find_line_end(&mut self) -> Option<usize> {
        let fresh = self.rest().get(self.scanned..).unwrap_or(&[]);
        let found = memchr::memchr(b'\n', fresh).map(|at| self.scanned + at);
        self.scanned = if found.is_some() { 0 } else { self.available() };
        found
    }

    fn consume(&mut self, count: usize) {
        self.scanned = 0;
        self.start += count;
        if self.start >= self.input.len() {
            self.start = 0;
            self.input.clear();
            self.input.shrink_to(limits::IDLE_CAPACITY);
        }
    }
}

/// Add octets, without the capacity that growing by doubling would leave.
fn extend(buffer: &mut Vec<u8>, octets: &[u8]) {
    if buffer.capacity() - buffer.len() < octets.len() {
        buffer.reserve_exact(octets.len().max(limits::GROWTH));
    }
    buffer.extend_from_slice(octets);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Idle connections are many.
    #[test]
    fn an_emptied_buffer_gives_its_memory_back() {
        let mut framer = Framer::new(FramerLimits::default());
        framer.feed(format!("a SEARCH TEXT {}", "x".repeat(50_000)).as_bytes());
        assert_eq!(framer.next(), Frame::Incomplete);
        framer.feed(b"\r\n");
        assert!(matches!(framer.next(), Frame::Command(_)));
        assert_eq!(framer.next(), Frame::Incomplete);
        let capacity = framer.input.capacity();
        assert!(capacity <= 2 * limits::IDLE_CAPACITY, "{capacity} octets are kept");
    }
}
