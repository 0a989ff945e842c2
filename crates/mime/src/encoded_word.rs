//! Encoded-words (RFC 2047): `=?charset?B?...?=`.

use memchr::{memchr, memmem};

use crate::limits;
use crate::parameter::hex;
use crate::transfer::Encoding;

/// An encoded-word.
#[derive(PartialEq, Eq, Debug)]
pub(crate) struct EncodedWord<'a> {
    /// The charset, with a language after it or not.
    pub(crate) charset: &'a [u8],
    /// The octets in that charset.
    pub(crate) octets: Vec<u8>,
}

/// The encoded-word at the start, and what is after it.
///
/// Spaces within are accepted, though RFC 2047 §2 forbids them.
pub(crate) fn take(text: &[u8]) -> Option<(EncodedWord<'_>, &[u8])> {
    let inner = text.strip_prefix(b"=?")?;
    let charset_end = memchr(b'?', inner.get(..limits::CHARSET_OCTETS).unwrap_or(inner))?;
    let (charset, inner) = (inner.get(..charset_end)?, inner.get(charset_end + 1..)?);
    let [kind, b'?', inner @ ..] = inner else { return None };
    let end = memmem::find(inner.get(..limits::ENCODED_WORD_OCTETS).unwrap_or(inner), b"?=")?;
    let encoded = inner.get(..end)?;
    let octets = match kind {
        b'B' | b'b' => Encoding::Base64.decode(encoded),
        b'Q' | b'q' => decode_q(encoded),
        _ => return None,
    };
    let is_named = !charset.is_empty() && charset.iter().all(u8::is_ascii_graphic);
    is_named.then_some((EncodedWord { charset, octets }, inner.get(end + 2..)?))
}

/// The Q encoding (RFC 2047 §4.2); what looks like an escape but is none stays as it is.
fn decode_q(encoded: &[u8]) -> Vec<u8> {
    let mut octets = Vec::with_capacity(encoded.len());
    let mut rest = encoded;
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        match (first, after) {
            (b'_', _) => octets.push(b' '),
            (b'=', [high, low, after @ ..]) => match hex(*high).zip(hex(*low)) {
                Some((high, low)) => {
                    octets.push(high << 4 | low);
                    rest = after;
                }
                None => octets.push(b'='),
            },
            _ => octets.push(*first),
        }
    }
    octets
}

#[cfg(test)]
mod tests {
    use super::*;

    fn octets(text: &[u8]) -> Option<Vec<u8>> {
        take(text).map(|(word, _)| word.octets)
    }

    #[test]
    fn words_of_both_encodings() {
        let (word, rest) = take(b"=?utf-8*en?q?a_=C3=A4?= x").unwrap();
        assert_eq!((word.charset, rest), (&b"utf-8*en"[..], &b" x"[..]));
        assert_eq!(word.octets, "a ä".as_bytes());
        assert_eq!(octets(b"=?x?B?aGk=?="), Some(b"hi".to_vec()));
        assert_eq!(octets(b"=?x?Q?=?="), Some(b"=".to_vec()));
        assert_eq!(octets(b"=?x?Q??="), Some(Vec::new()));
    }

    /// So that a text full of beginnings without an end is not searched to its end for each of them.
    #[test]
    fn a_word_has_a_length() {
        let word = |octets: usize| format!("=?x?Q?{}?=", "a".repeat(octets));
        let most = limits::ENCODED_WORD_OCTETS - "?=".len();
        assert_eq!(octets(word(most).as_bytes()), Some(vec![b'a'; most]));
        assert_eq!(octets(word(most + 1).as_bytes()), None);
        let charset = |octets: usize| format!("=?{}?Q?a?=", "x".repeat(octets));
        assert_eq!(octets(charset(limits::CHARSET_OCTETS - 1).as_bytes()), Some(b"a".to_vec()));
        assert_eq!(octets(charset(limits::CHARSET_OCTETS).as_bytes()), None);
    }

    #[test]
    fn what_is_no_word() {
        for text in
            ["=?x?Q?abc", "=?x?Z?abc?=", "=??Q?a?=", "=?a b?Q?a?=", "=?x?QQ?a?=", "=?", "abc"]
        {
            assert_eq!(octets(text.as_bytes()), None, "{text}");
        }
    }
}
