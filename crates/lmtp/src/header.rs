//! Takes Return-Path fields out of a message: the server that delivers it writes the only one
//! (RFC 5321 §4.4).

use crate::limits::MAX_HELD;

const NAME: &[u8] = b"return-path";

/// Drops the fields from a message that comes in pieces. Keeps no more than a field's
/// name and the blanks that may follow it (RFC 5322 §4.5).
#[derive(Debug)]
pub(crate) struct ReturnPathFilter {
    state: State,
    /// The beginning of a line that might be the field's name.
    held: Vec<u8>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum State {
    /// At the beginning of a line; whether it would continue a dropped field.
    LineStart {
        dropping: bool,
    },
    Keep,
    Drop,
    Body,
}

impl ReturnPathFilter {
    pub(crate) fn new() -> Self {
        Self { state: State::LineStart { dropping: false }, held: Vec::new() }
    }

    /// Take octets and add those that stay to `out`.
    pub(crate) fn filter(&mut self, octets: &[u8], out: &mut Vec<u8>) {
        for (at, octet) in octets.iter().enumerate() {
            if self.state == State::Body {
                out.extend(octets.iter().skip(at));
                return;
            }
            self.step(*octet, out);
        }
    }

    /// The message is complete: add what was held back.
    pub(crate) fn finish(mut self, out: &mut Vec<u8>) {
        out.append(&mut self.held);
    }

    fn step(&mut self, octet: u8, out: &mut Vec<u8>) {
        match self.state {
            State::LineStart { dropping } => self.begin_line(octet, dropping, out),
            State::Keep => {
                out.push(octet);
                self.end_line(octet, false);
            }
            State::Drop => self.end_line(octet, true),
            State::Body => out.push(octet),
        }
    }

    fn end_line(&mut self, octet: u8, dropping: bool) {
        if octet == b'\n' {
            self.state = State::LineStart { dropping };
        }
    }

    fn begin_line(&mut self, octet: u8, dropping: bool, out: &mut Vec<u8>) {
        if self.held.is_empty() && dropping && matches!(octet, b' ' | b'\t') {
            self.state = State::Drop;
            return;
        }
        self.held.push(octet);
        if self.held_is_name() {
            self.held.clear();
            self.state = State::Drop;
        } else if !self.held_may_be_name() {
            self.state = match self.held.as_slice() {
                b"\n" | b"\r\n" => State::Body,
                b"\r" => return,
                held if held.ends_with(b"\n") => State::LineStart { dropping: false },
                _ => State::Keep,
            };
            out.append(&mut self.held);
        }
    }

    /// Whether the held beginning is that of a field to drop. Nobody writes that many blanks honestly.
    fn held_is_name(&self) -> bool {
        match self.held.split_last() {
            Some((b':', before)) => before.len() >= NAME.len() && begins_like_name(before),
            _ => self.held.len() >= MAX_HELD && self.held_may_be_name(),
        }
    }

    fn held_may_be_name(&self) -> bool {
        begins_like_name(&self.held)
    }
}

/// Whether these octets are the beginning of the name, or the name and blanks.
fn begins_like_name(octets: &[u8]) -> bool {
    let (name, blanks) = octets.split_at(octets.len().min(NAME.len()));
    NAME.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name))
        && blanks.iter().all(|octet| matches!(octet, b' ' | b'\t'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filter(message: &str, piece: usize) -> String {
        let (mut filter, mut out) = (ReturnPathFilter::new(), Vec::new());
        message.as_bytes().chunks(piece).for_each(|piece| filter.filter(piece, &mut out));
        filter.finish(&mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn return_paths_go_and_everything_else_stays() {
        for (message, expected) in [
            ("Return-Path: <a>\r\nA: b\r\n\r\nc", "A: b\r\n\r\nc"),
            (
                "A: b\r\nreturn-path:\r\n <a>\r\n\t<b>\r\nC: d\r\n e\r\n\r\n",
                "A: b\r\nC: d\r\n e\r\n\r\n",
            ),
            ("A: b\r\n\r\nReturn-Path: <a>\r\n", "A: b\r\n\r\nReturn-Path: <a>\r\n"),
            ("\r\nReturn-Path: <a>\r\n", "\r\nReturn-Path: <a>\r\n"),
            ("A: b\n\nReturn-Path: x\n", "A: b\n\nReturn-Path: x\n"),
            ("Return-Path: a\nReturn-Path: b\nReturn-Pathology: c\n", "Return-Pathology: c\n"),
            ("Return\r\nRet\nA:\r\n\r\n", "Return\r\nRet\nA:\r\n\r\n"),
            ("\rA: b\r\nReturn-Path: c\r\n", "\rA: b\r\n"),
            ("return-path \t: <a>\r\n <b>\r\nA: b\r\n", "A: b\r\n"),
            ("Return-Path x: <a>\r\nA: b\r\n", "Return-Path x: <a>\r\nA: b\r\n"),
            ("Return: <a>\r\n", "Return: <a>\r\n"),
            ("Return-Path  \r\n\r\n", "Return-Path  \r\n\r\n"),
            ("Retur", "Retur"),
            ("\r", "\r"),
        ] {
            for piece in 1..=message.len() {
                assert_eq!(filter(message, piece), expected, "{message:?} in pieces of {piece}");
            }
        }
    }

    /// Blanks behind the name end somewhere: nothing more of them is kept, and the line is a Return-Path.
    #[test]
    fn of_a_line_without_end_so_much_is_held() {
        let (mut filter, mut out) = (ReturnPathFilter::new(), Vec::new());
        filter.filter(b"Return-Path", &mut out);
        for _ in 0..1000 {
            filter.filter(&[b' '; 100], &mut out);
            assert!(filter.held.len() <= MAX_HELD);
        }
        filter.filter(b"\r\nA: b\r\n\r\n", &mut out);
        filter.finish(&mut out);
        assert_eq!(out, b"A: b\r\n\r\n");
    }
}
