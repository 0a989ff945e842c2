//! Charsets by the names that messages give them.

use encoding_rs::{Encoding, ISO_2022_JP, UTF_8, WINDOWS_1252};
use memchr::memmem;

use crate::utf7;

/// Names that are used in mail but not on the Web, whose names `encoding_rs` knows.
const ALIASES: [(&str, &str); 11] = [
    ("cp932", "shift_jis"),
    ("cp936", "gbk"),
    ("cp949", "euc-kr"),
    ("cp950", "big5"),
    ("cp51932", "euc-jp"),
    ("cp65001", "utf-8"),
    ("iso2022jp", "iso-2022-jp"),
    ("iso-2022-jp-1", "iso-2022-jp"),
    ("latin-1", "iso-8859-1"),
    ("latin-9", "iso-8859-15"),
    ("latin9", "iso-8859-15"),
];

/// A charset.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) enum Charset {
    /// One that `encoding_rs` decodes.
    Known(&'static Encoding),
    /// UTF-7 (RFC 2152).
    Utf7,
    /// None was named, or one that says nothing of the octets beyond ASCII.
    Unknown,
}

impl Charset {
    /// The charset with this name, a language after it (RFC 2231 §5) being ignored.
    pub(crate) fn of(name: &[u8]) -> Self {
        let end = name.iter().position(|octet| *octet == b'*').unwrap_or(name.len());
        let name = name.get(..end).unwrap_or(name).trim_ascii().to_ascii_lowercase();
        if matches!(name.as_slice(), b"utf-7" | b"utf7" | b"unicode-1-1-utf-7") {
            return Self::Utf7;
        }
        // Who says US-ASCII and sends other octets says nothing.
        if matches!(name.as_slice(), b"us-ascii" | b"ascii" | b"ansi_x3.4-1968") {
            return Self::Unknown;
        }
        let alias = ALIASES.iter().find(|(alias, _)| alias.as_bytes() == name);
        let label = alias.map_or(name.as_slice(), |(_, label)| label.as_bytes());
        Encoding::for_label_no_replacement(label).map_or(Self::Unknown, Self::Known)
    }

    /// Octets as text. Those that the charset does not have become U+FFFD.
    pub(crate) fn decode(self, octets: &[u8]) -> String {
        let decode = |encoding: &'static Encoding| encoding.decode(octets).0.into_owned();
        self.encoding(octets).map_or_else(|| utf7::decode(octets), decode)
    }

    /// The same, whatever they begin with: a byte order mark came before them, or none.
    pub(crate) fn decode_after_mark(self, octets: &[u8]) -> String {
        let decode = |encoding: &'static Encoding| {
            encoding.decode_without_bom_handling(octets).0.into_owned()
        };
        self.encoding(octets).map_or_else(|| utf7::decode(octets), decode)
    }

    /// The encoding of these octets; `None` is UTF-7.
    fn encoding(self, octets: &[u8]) -> Option<&'static Encoding> {
        match self {
            Self::Known(encoding) => Some(encoding),
            Self::Utf7 => None,
            Self::Unknown => Some(guess(octets)),
        }
    }
}

/// The charset of octets that nothing is said of: UTF-8 if they are that, ISO-2022-JP if its escapes are in them,
/// otherwise Windows-1252, in which every octet is something.
fn guess(octets: &[u8]) -> &'static Encoding {
    let is_japanese = |escape: &&[u8]| memmem::find(octets, escape).is_some();
    if std::str::from_utf8(octets).is_err() {
        WINDOWS_1252
    } else if [&b"\x1b$B"[..], b"\x1b$@"].iter().any(is_japanese) {
        ISO_2022_JP
    } else {
        UTF_8
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_in_mail() {
        assert_eq!(Charset::of(b"CP932"), Charset::of(b"Shift_JIS"));
        assert_eq!(Charset::of(b" UTF-8*en"), Charset::Known(UTF_8));
        assert_eq!(Charset::of(b"iso-8859-1"), Charset::Known(WINDOWS_1252));
        assert_eq!(Charset::of(b"Unicode-1-1-UTF-7"), Charset::Utf7);
        for unknown in [&b"x-unknown"[..], b"us-ascii", b"", b"hz-gb-2312"] {
            assert_eq!(Charset::of(unknown), Charset::Unknown);
        }
    }

    #[test]
    fn octets_of_unknown_charset() {
        assert_eq!(Charset::Unknown.decode("grün".as_bytes()), "grün");
        assert_eq!(Charset::Unknown.decode(b"gr\xfcn"), "grün");
        assert_eq!(Charset::Unknown.decode(b"\x1b$B4A;z\x1b(B"), "漢字");
    }
}
