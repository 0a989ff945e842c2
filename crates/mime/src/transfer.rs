//! Content-Transfer-Encoding (RFC 2045 §6), undone piece by piece.

use memchr::memchr3;

use crate::limits;
use crate::parameter::{first_token, hex};

/// How a body is encoded.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Encoding {
    /// `7bit`, `8bit` or `binary`: not at all.
    Identity,
    /// `quoted-printable`.
    QuotedPrintable,
    /// `base64`.
    Base64,
}

impl Encoding {
    /// The encoding that a Content-Transfer-Encoding names (none is `7bit`). `None` if we do not know it:
    /// BINARY then answers UNKNOWN-CTE (RFC 3516 §4.3).
    #[must_use]
    pub fn parse(value: Option<&[u8]>) -> Option<Self> {
        let name = first_token(value.unwrap_or_default()).to_ascii_lowercase();
        match name.as_slice() {
            b"" | b"7bit" | b"8bit" | b"binary" => Some(Self::Identity),
            b"quoted-printable" => Some(Self::QuotedPrintable),
            b"base64" => Some(Self::Base64),
            _ => None,
        }
    }

    /// Undo the encoding of a body that is in memory.
    #[must_use]
    pub fn decode(self, body: &[u8]) -> Vec<u8> {
        let mut out = Vec::with_capacity(body.len());
        let mut decoder = Decoder::new(self);
        decoder.push(body, &mut out);
        decoder.finish(&mut out);
        out
    }
}

/// Undoes an encoding; how the input is cut into pieces makes no difference.
///
/// Broken input yields what can be decoded: octets that base64 does not have are skipped, and what looks like
/// quoted-printable but is not stays as it is.
#[derive(Clone, Debug)]
pub struct Decoder(State);

#[derive(Clone, Debug)]
enum State {
    Identity,
    Base64(Base64),
    QuotedPrintable(QuotedPrintable),
}

impl Decoder {
    /// A decoder at the start of a body.
    #[must_use]
    pub fn new(encoding: Encoding) -> Self {
        Self(match encoding {
            Encoding::Identity => State::Identity,
            Encoding::Base64 => State::Base64(Base64::default()),
            Encoding::QuotedPrintable => State::QuotedPrintable(QuotedPrintable::default()),
        })
    }

    /// Take the next octets of the body and append what they decode to.
    pub fn push(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
        match &mut self.0 {
            State::Identity => out.extend_from_slice(bytes),
            State::Base64(base64) => base64.push(bytes, out),
            State::QuotedPrintable(quoted) => quoted.push(bytes, out),
        }
    }

    /// The body has ended: append what was held back.
    pub fn finish(self, out: &mut Vec<u8>) {
        if let State::QuotedPrintable(quoted) = self.0 {
            quoted.finish(out);
        }
    }
}

/// Bits of sextets that do not make an octet yet.
#[derive(Clone, Debug, Default)]
struct Base64 {
    bits: u32,
    count: u32,
}

/// What each octet stands for: a sextet, or nothing (`NO_SEXTET`).
const SEXTETS: [u8; 256] = sextets();
const NO_SEXTET: u8 = 255;

const fn sextets() -> [u8; 256] {
    let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut table = [NO_SEXTET; 256];
    let mut sextet = 0;
    while sextet < 64 {
        table[alphabet[sextet as usize] as usize] = sextet;
        sextet += 1;
    }
    table
}

impl Base64 {
    fn push(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
        out.reserve(bytes.len() / 4 * 3 + 3);
        for octet in bytes {
            match SEXTETS.get(usize::from(*octet)).copied().unwrap_or(NO_SEXTET) {
                // Padding ends a quantum; another may follow, since some senders join encoded pieces.
                NO_SEXTET if *octet == b'=' => *self = Self::default(),
                NO_SEXTET => {}
                sextet => self.sextet(sextet, out),
            }
        }
    }

    fn sextet(&mut self, sextet: u8, out: &mut Vec<u8>) {
        self.bits = (self.bits << 6 | u32::from(sextet)) & 0xffff;
        self.count += 6;
        if self.count >= 8 {
            self.count -= 8;
            out.extend(u8::try_from(self.bits >> self.count & 0xff));
        }
    }
}

/// Octets whose meaning the next ones tell: what follows an equals sign, or white space that may end a line.
#[derive(Clone, Debug, Default)]
struct QuotedPrintable {
    held: Vec<u8>,
}

impl QuotedPrintable {
    fn push(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
        let mut rest = bytes;
        while let Some((first, after)) = rest.split_first() {
            if self.held.is_empty() {
                let plain = memchr3(b'=', b' ', b'\t', rest).unwrap_or(rest.len());
                let (run, special) = rest.split_at_checked(plain).unwrap_or((rest, &[]));
                out.extend_from_slice(run);
                rest = special;
                if let Some((special, after)) = rest.split_first() {
                    self.held.push(*special);
                    rest = after;
                }
            } else if self.take(*first, out) {
                rest = after;
            }
        }
    }

    /// Take an octet while some are held. If it is none of their kind, they are let go and it has to come again:
    /// whether it was taken.
    fn take(&mut self, octet: u8, out: &mut Vec<u8>) -> bool {
        let is_escape = self.held.first() == Some(&b'=');
        match (self.held.as_slice(), octet) {
            (_, b'\n') if is_escape && !self.has_digit() => self.held.clear(),
            ([.., b'\r'], b'\n') if !is_escape => self.end_line(b"\r\n", out),
            (_, b'\n') if !is_escape => self.end_line(b"\n", out),
            ([.., b'\r'], _) => return self.let_go(out),
            ([b'='], digit) if hex(digit).is_some() => self.held.push(digit),
            ([b'=', high], low) if hex(*high).is_some() => return self.escape(*high, low, out),
            (held, b' ' | b'\t' | b'\r') if held.len() < limits::TRAILING_SPACE_OCTETS => {
                self.held.push(octet);
            }
            _ => return self.let_go(out),
        }
        true
    }

    fn has_digit(&self) -> bool {
        self.held.get(1).copied().and_then(hex).is_some()
    }

    fn end_line(&mut self, end: &[u8], out: &mut Vec<u8>) {
        self.held.clear();
        out.extend_from_slice(end);
    }

    fn escape(&mut self, high: u8, low: u8, out: &mut Vec<u8>) -> bool {
        let Some((high, low)) = hex(high).zip(hex(low)) else { return self.let_go(out) };
        self.held.clear();
        out.push(high << 4 | low);
        true
    }

    fn let_go(&mut self, out: &mut Vec<u8>) -> bool {
        out.append(&mut self.held);
        false
    }

    /// White space and a soft line break at the end mean nothing; half an escape stays as it is.
    fn finish(self, out: &mut Vec<u8>) {
        if self.has_digit() {
            out.extend_from_slice(&self.held);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn base64(text: &str) -> Vec<u8> {
        Encoding::Base64.decode(text.as_bytes())
    }

    fn quoted(text: &str) -> String {
        String::from_utf8(Encoding::QuotedPrintable.decode(text.as_bytes())).unwrap()
    }

    #[test]
    fn names_of_encodings() {
        assert_eq!(Encoding::parse(None), Some(Encoding::Identity));
        assert_eq!(Encoding::parse(Some(b" BASE64 (x)")), Some(Encoding::Base64));
        assert_eq!(Encoding::parse(Some(b"Quoted-Printable;")), Some(Encoding::QuotedPrintable));
        assert_eq!(Encoding::parse(Some(b"8BIT")), Some(Encoding::Identity));
        assert_eq!(Encoding::parse(Some(b"x-uuencode")), None);
    }

    #[test]
    fn base64_whole_and_broken() {
        assert_eq!(base64("aGVsbG8="), b"hello");
        assert_eq!(base64("aGVs\r\nbG8=\r\n"), b"hello");
        assert_eq!(base64("aGVs!*bG8"), b"hello", "foreign octets and missing padding");
        assert_eq!(base64("aGVsbG8=aGVsbG8="), b"hellohello", "joined pieces");
        assert_eq!(base64("/+8"), [0xff, 0xef]);
        assert_eq!(base64("a"), b"");
        assert_eq!(base64("===="), b"");
    }

    #[test]
    fn quoted_printable_whole_and_broken() {
        assert_eq!(quoted("a=3Db =\r\nc=C3=a4"), "a=b cä");
        assert_eq!(quoted("soft=  \t\r\nbreak=\nend="), "softbreakend");
        assert_eq!(quoted("a \t\r\nb \nc  d "), "a\r\nb\nc  d");
        assert_eq!(quoted("=zz =4 =4"), "=zz =4 =4");
        assert_eq!(quoted("==41 = x =\rx"), "=A = x =\rx");
        assert_eq!(quoted("a \rb"), "a \rb");
    }

    #[test]
    fn white_space_without_end_is_not_held_for_ever() {
        let spaces = vec![b' '; 1 << 20];
        let mut decoder = Decoder::new(Encoding::QuotedPrintable);
        let mut out = Vec::new();
        decoder.push(&spaces, &mut out);
        assert!(out.len() + limits::TRAILING_SPACE_OCTETS + 1 >= spaces.len());
    }

    proptest! {
        #[test]
        fn pieces_decode_as_the_whole(
            text in "([ \t=\r\nA-Fa-f0-9+/xyz]|=\r\n|=[0-9A-F]{2}){0,60}",
            cuts in proptest::collection::vec(0_usize..5, 0..60),
        ) {
            for encoding in [Encoding::Identity, Encoding::Base64, Encoding::QuotedPrintable] {
                let mut decoder = Decoder::new(encoding);
                let (mut out, mut rest) = (Vec::new(), text.as_bytes());
                for cut in &cuts {
                    let (piece, after) = rest.split_at((*cut).min(rest.len()));
                    decoder.push(piece, &mut out);
                    rest = after;
                }
                decoder.push(rest, &mut out);
                decoder.finish(&mut out);
                prop_assert_eq!(out, encoding.decode(text.as_bytes()));
            }
        }
    }
}
