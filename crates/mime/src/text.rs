//! Text of charsets: header values, parameters, bodies.

use encoding_rs::Encoding;
use memchr::memmem;

use crate::charset::Charset;
use crate::encoded_word;
use crate::parameter::{percent_decode, split_extended};

/// A header value as text: unfolded, encoded-words (RFC 2047) decoded, white space between two of them gone.
///
/// Octets of adjacent words of one charset are decoded together, since senders split characters. Octets outside
/// of encoded-words are taken for UTF-8 or else Windows-1252.
#[must_use]
pub fn decode_header(value: &[u8]) -> String {
    let value = crate::header::unfold(value);
    let mut text = HeaderText::default();
    let mut rest = value.as_slice();
    while let Some(start) = memmem::find(rest, b"=?") {
        let (before, from) = rest.split_at_checked(start).unwrap_or((rest, &[]));
        text.plain(before);
        rest = match encoded_word::take(from) {
            Some((word, after)) => {
                text.word(Charset::of(word.charset), &word.octets);
                after
            }
            None => {
                let (marker, after) = from.split_at_checked(2).unwrap_or((from, &[]));
                text.plain(marker);
                after
            }
        };
    }
    text.plain(rest);
    text.finish()
}

/// Text put together from encoded-words and what is between them.
#[derive(Default)]
struct HeaderText {
    text: String,
    /// Octets outside of words, not decoded yet.
    plain: Vec<u8>,
    /// Octets of words of one charset, not decoded yet; `plain` follows them.
    words: Option<(Charset, Vec<u8>)>,
}

impl HeaderText {
    fn plain(&mut self, octets: &[u8]) {
        self.plain.extend_from_slice(octets);
    }

    fn word(&mut self, charset: Charset, octets: &[u8]) {
        let is_adjacent = self.words.is_some() && self.plain.trim_ascii().is_empty();
        if is_adjacent {
            self.plain.clear();
        }
        match &mut self.words {
            Some((same, pending)) if is_adjacent && *same == charset => {
                pending.extend_from_slice(octets);
            }
            _ => {
                self.flush();
                self.words = Some((charset, octets.to_vec()));
            }
        }
    }

    fn flush(&mut self) {
        if let Some((charset, octets)) = self.words.take() {
            self.text.push_str(&charset.decode(&octets));
        }
        self.text.push_str(&Charset::Unknown.decode(&self.plain));
        self.plain.clear();
    }

    fn finish(mut self) -> String {
        self.flush();
        self.text
    }
}

/// The value of a parameter as text. If the name ends in `*`, the value is in the extended form of RFC 2231;
/// otherwise it is decoded as [`decode_header`] does, since many senders write encoded-words there.
#[must_use]
pub fn decode_param(name: &[u8], value: &[u8]) -> String {
    if !name.ends_with(b"*") {
        return decode_header(value);
    }
    let (charset, encoded) = split_extended(value);
    charset.map_or(Charset::Unknown, Charset::of).decode(&percent_decode(encoded))
}

/// The value of a parameter as text, in the extended form if it is there in that.
#[must_use]
pub fn find_param(params: &[(Vec<u8>, Vec<u8>)], name: &str) -> Option<String> {
    let extended = [name, "*"].concat();
    let named =
        |wanted: &str| params.iter().find(|(name, _)| name.eq_ignore_ascii_case(wanted.as_bytes()));
    let (name, value) = named(&extended).or_else(|| named(name))?;
    Some(decode_param(name, value))
}

/// A text body (its transfer encoding undone) as text.
///
/// A byte order mark decides over the charset. Without a charset, or with an unknown one, the body is taken for UTF-8
/// if it is that, or else Windows-1252.
#[must_use]
pub fn decode_text(charset: Option<&[u8]>, body: &[u8]) -> String {
    match byte_order_mark(body) {
        Some((charset, octets)) => {
            decode_after_mark(Some(charset), body.get(octets..).unwrap_or_default())
        }
        None => decode_after_mark(charset, body),
    }
}

/// The byte order mark that a text body begins with: the charset that it says, and its octets.
#[must_use]
pub fn byte_order_mark(body: &[u8]) -> Option<(&'static [u8], usize)> {
    Encoding::for_bom(body).map(|(encoding, octets)| (encoding.name().as_bytes(), octets))
}

/// As [`decode_text`], for what is behind the mark, or where there is none: octets that look like one here are text.
#[must_use]
pub fn decode_after_mark(charset: Option<&[u8]>, octets: &[u8]) -> String {
    charset.map_or(Charset::Unknown, Charset::of).decode_after_mark(octets)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn examples_of_rfc_2047() {
        for (value, text) in [
            ("=?ISO-8859-1?Q?a?=", "a"),
            ("=?ISO-8859-1?Q?a?= b", "a b"),
            ("=?ISO-8859-1?Q?a?=  \r\n  =?ISO-8859-1?Q?b?=", "ab"),
            ("=?ISO-8859-1?Q?a_?= =?ISO-8859-2?Q?_b?=", "a  b"),
            ("x =?US-ASCII?Q?Keith_Moore?= y", "x Keith Moore y"),
            ("=?ISO-8859-1?B?SWYgeW91IGNhbiByZWFkIHRoaXMgeW8=?=", "If you can read this yo"),
        ] {
            assert_eq!(decode_header(value.as_bytes()), text, "{value}");
        }
    }

    #[test]
    fn characters_split_across_words() {
        assert_eq!(decode_header(b"=?utf-8?Q?a=C3?= =?UTF-8?B?pGI=?="), "aäb");
        assert_eq!(
            decode_header(b"=?utf-8?Q?=E2=82?= =?utf-8?Q?=AC?= =?utf-8?Q?=E2=82=AC?="),
            "€€"
        );
    }

    #[test]
    fn octets_outside_of_words() {
        assert_eq!(decode_header("grün =?x".as_bytes()), "grün =?x");
        assert_eq!(decode_header(b"gr\xfcn =?utf-8?q?gr=C3=BCn?= gr\xfcn"), "grün grün grün");
        assert_eq!(decode_header(b"a\r\n b\0"), "a b");
    }

    #[test]
    fn parameters_in_each_form() {
        assert_eq!(decode_param(b"filename*", b"utf-8'en'gr%C3%BCn%zz"), "grün%zz");
        assert_eq!(decode_param(b"filename*", b"gr%C3%BCn"), "grün");
        assert_eq!(decode_param(b"filename", b"=?utf-8?q?gr=C3=BCn?="), "grün");
        let params = [(b"name".to_vec(), b"x".to_vec()), (b"Name*".to_vec(), b"''y".to_vec())];
        assert_eq!(find_param(&params, "name").as_deref(), Some("y"));
        assert_eq!(find_param(&params, "other"), None);
    }

    #[test]
    fn bodies_in_charsets() {
        assert_eq!(decode_text(Some(b"iso-8859-1"), b"gr\xfcn"), "grün");
        assert_eq!(decode_text(Some(b"nonsense"), b"gr\xfcn"), "grün");
        assert_eq!(decode_text(None, "grün".as_bytes()), "grün");
        assert_eq!(decode_text(Some(b"utf-7"), b"gr+APw-n"), "grün");
        assert_eq!(decode_text(Some(b"iso-8859-1"), b"\xef\xbb\xbfgr\xc3\xbcn"), "grün");
        assert_eq!(decode_text(Some(b"koi8-r"), b"\xf0\xf2\xe9"), "ПРИ");
    }

    #[test]
    fn floods_of_words_take_linear_time() {
        for pattern in ["=?", "=?a?q?", "=?a?q?x?= ", "=?utf-8?B?"] {
            let text = decode_header(pattern.repeat((1 << 20) / pattern.len()).as_bytes());
            assert!(text.len() <= 1 << 20);
        }
    }
}
