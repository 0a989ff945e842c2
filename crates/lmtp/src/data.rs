//! The end of a message and the dots that protect it (RFC 5321 §4.5.2).
//!
//! Only CRLF begins a line and only CRLF `.` CRLF ends the message: who takes bare CRs or LFs for line ends
//! can be made to see a second message inside of one. Octets are passed on exactly.

/// Takes the dots out of a message that comes in pieces, and finds its end.
#[derive(Debug)]
pub(crate) struct DotReader {
    state: State,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum State {
    LineStart,
    /// A dot began the line; it has not been passed on.
    Dot,
    /// The same, and a CR followed.
    DotCr,
    Text,
    /// A CR was passed on.
    Cr,
    End,
}

impl DotReader {
    pub(crate) fn new() -> Self {
        Self { state: State::LineStart }
    }

    /// Whether the message is complete.
    pub(crate) fn is_complete(&self) -> bool {
        self.state == State::End
    }

    /// Take octets, add what belongs to the message to `out`, and say how many were taken: all, unless
    /// the message ends before.
    pub(crate) fn read(&mut self, octets: &[u8], out: &mut Vec<u8>) -> usize {
        let mut taken = 0;
        while let Some(rest) = octets.get(taken..).filter(|rest| !rest.is_empty())
            && !self.is_complete()
        {
            taken += match self.state {
                State::Text => pass_text(rest, out),
                _ => 0,
            };
            if let Some(octet) = octets.get(taken) {
                self.step(*octet, out);
                taken += 1;
            }
        }
        taken
    }

    fn step(&mut self, octet: u8, out: &mut Vec<u8>) {
        self.state = match (self.state, octet) {
            (State::LineStart, b'.') => State::Dot,
            (State::Dot, b'\r') => State::DotCr,
            (State::DotCr, b'\n') => State::End,
            (State::DotCr, _) => {
                out.push(b'\r');
                self.state = State::Cr;
                return self.step(octet, out);
            }
            (before, _) => {
                out.push(octet);
                match (before, octet) {
                    (State::Cr, b'\n') => State::LineStart,
                    (_, b'\r') => State::Cr,
                    _ => State::Text,
                }
            }
        };
    }
}

/// Pass on what comes before the next CR, and say how much that was.
fn pass_text(octets: &[u8], out: &mut Vec<u8>) -> usize {
    let length = octets.iter().position(|octet| *octet == b'\r').unwrap_or(octets.len());
    out.extend(octets.iter().take(length));
    length
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The message and the number of octets left, read in pieces of this size.
    fn read(octets: &[u8], piece: usize) -> (Vec<u8>, bool, usize) {
        let (mut reader, mut out, mut taken) = (DotReader::new(), Vec::new(), 0);
        for piece in octets.chunks(piece) {
            let some = reader.read(piece, &mut out);
            taken += some;
            if some < piece.len() || reader.is_complete() {
                break;
            }
        }
        (out, reader.is_complete(), octets.len() - taken)
    }

    #[test]
    fn only_crlf_dot_crlf_is_the_end() {
        for (octets, message, complete, left) in [
            (b"a\r\n.\r\nQUIT".as_slice(), b"a\r\n".as_slice(), true, 4),
            (b".\r\n", b"", true, 0),
            (b"a\n.\nb\r\n.\r\n", b"a\n.\nb\r\n", true, 0),
            (b"a\n.\r\nb\r\n.\r\n", b"a\n.\r\nb\r\n", true, 0),
            (b"a\r\n.\nb\r\n.\r\n", b"a\r\n\nb\r\n", true, 0),
            (b"a\r.\rb\r\n.\r\n", b"a\r.\rb\r\n", true, 0),
            (b"a\r\n.\rb\r\n.\r\n", b"a\r\n\rb\r\n", true, 0),
            (b"..a\r\n...\r\n.\r\n", b".a\r\n..\r\n", true, 0),
            (b"a\r\r\n.\r\n", b"a\r\r\n", true, 0),
            (b"a\r\n.\r\r\n.\r\n", b"a\r\n\r\r\n", true, 0),
            (b"a\r\n.", b"a\r\n", false, 0),
        ] {
            for piece in 1..=octets.len() {
                assert_eq!(read(octets, piece), (message.to_vec(), complete, left), "{octets:?}");
            }
        }
    }

    proptest! {
        #[test]
        fn what_was_stuffed_comes_back(lines in proptest::collection::vec("[.a\r\n]{0,4}", 0..8)) {
            let message: String = lines.iter().map(|line| format!("{line}\r\n")).collect();
            let mut stuffed = String::new();
            for line in message.split_inclusive("\r\n") {
                if line.starts_with('.') {
                    stuffed.push('.');
                }
                stuffed.push_str(line);
            }
            stuffed.push_str(".\r\n");
            for piece in [1, 2, 3, 100] {
                let expected = (message.clone().into_bytes(), true, 0);
                prop_assert_eq!(read(stuffed.as_bytes(), piece), expected);
            }
        }
    }
}
