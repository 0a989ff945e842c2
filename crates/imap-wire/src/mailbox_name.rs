//! Mailbox names on the wire: modified UTF-7 (RFC 3501 §5.1.3) or UTF-8 (RFC 9051 §5.1).

use base64::engine::general_purpose::{GeneralPurpose, NO_PAD};
use base64::{Engine as _, alphabet};
use std::fmt;

/// A mailbox name, or a reference name, as it stands on the wire.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct WireMailbox(pub Vec<u8>);

/// Why octets are no mailbox name.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum MailboxNameError {
    /// They are not UTF-8.
    NotUtf8,
}

impl fmt::Display for MailboxNameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the mailbox name is not UTF-8")
    }
}

impl std::error::Error for MailboxNameError {}

impl WireMailbox {
    /// The name's text. Without `utf8` (which IMAP4rev2 and UTF8=ACCEPT switch on) it is read as modified UTF-7,
    /// where what is no valid sequence is taken as it stands, and so is UTF-8.
    ///
    /// # Errors
    /// When it is not UTF-8.
    pub fn decode(&self, utf8: bool) -> Result<String, MailboxNameError> {
        let text = std::str::from_utf8(&self.0).map_err(|_| MailboxNameError::NotUtf8)?;
        Ok(if utf8 { text.to_owned() } else { decode_utf7(text) })
    }

    /// The wire form of a name.
    #[must_use]
    pub fn encode(name: &str, utf8: bool) -> Self {
        Self(if utf8 { name.as_bytes().to_vec() } else { encode_utf7(name) })
    }
}

/// How base64 goes in a name: `,` for `/`, no padding (RFC 3501 §5.1.3).
const BASE64: GeneralPurpose = GeneralPurpose::new(&alphabet::IMAP_MUTF7, NO_PAD);

fn encode_utf7(name: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(name.len());
    let mut rest = name;
    while !rest.is_empty() {
        let plain = rest.find(|c| !is_direct(c)).unwrap_or(rest.len());
        let (direct, after) = rest.split_at(plain);
        out.extend_from_slice(direct.replace('&', "&-").as_bytes());
        let shifted = after.find(is_direct).unwrap_or(after.len());
        let (shifted, after) = after.split_at(shifted);
        if !shifted.is_empty() {
            let units: Vec<u8> = shifted.encode_utf16().flat_map(u16::to_be_bytes).collect();
            out.push(b'&');
            out.extend_from_slice(BASE64.encode(units).as_bytes());
            out.push(b'-');
        }
        rest = after;
    }
    out
}

/// Whether a character stands for itself.
fn is_direct(c: char) -> bool {
    matches!(c, ' '..='~')
}

fn decode_utf7(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((direct, shifted)) = rest.split_once('&') {
        out.push_str(direct);
        rest = match decode_shifted(shifted) {
            Some((decoded, after)) => {
                out.push_str(&decoded);
                after
            }
            None => {
                out.push('&');
                shifted
            }
        };
    }
    out.push_str(rest);
    out
}

/// What the sequence after a `&` stands for, and what follows it; nothing if it is no valid sequence.
fn decode_shifted(text: &str) -> Option<(String, &str)> {
    let end = text.find(|c: char| !c.is_ascii_alphanumeric() && !matches!(c, '+' | ','))?;
    let (sequence, after) = text.split_at(end);
    let after = after.strip_prefix('-')?;
    if sequence.is_empty() {
        return Some(("&".to_owned(), after));
    }
    let octets = BASE64.decode(sequence).ok()?;
    let (units, odd) = octets.as_chunks::<2>();
    if units.is_empty() || !odd.is_empty() {
        return None;
    }
    let decoded =
        String::from_utf16(&units.iter().map(|unit| u16::from_be_bytes(*unit)).collect::<Vec<_>>());
    decoded.ok().map(|decoded| (decoded, after))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn decoded(wire: &str) -> String {
        WireMailbox(wire.as_bytes().to_vec()).decode(false).unwrap()
    }

    #[test]
    fn names_have_the_form_of_the_rfc() {
        for (name, wire) in [
            ("~peter/mail/台北/日本語", "~peter/mail/&U,BTFw-/&ZeVnLIqe-"),
            ("☺!", "&Jjo-!"),
            ("a&b", "a&-b"),
            ("&", "&-"),
            ("Entwürfe", "Entw&APw-rfe"),
            ("😀", "&2D3eAA-"),
            ("", ""),
        ] {
            assert_eq!(WireMailbox::encode(name, false).0, wire.as_bytes());
            assert_eq!(decoded(wire), name);
        }
    }

    #[test]
    fn what_is_no_sequence_is_taken_as_it_stands() {
        for wire in
            ["a & b", "&", "a&b", "&&", "&Jjo", "&Jjo!-", "&J-", "&2D0-", "Entwürfe", "&A-&"]
        {
            assert_eq!(decoded(wire), wire);
        }
        assert_eq!(decoded("&x&-y&APw-"), "&x&yü");
    }

    #[test]
    fn octets_that_are_not_utf8_are_refused() {
        for utf8 in [false, true] {
            let latin1 = WireMailbox(b"Entw\xfcrfe".to_vec());
            assert_eq!(latin1.decode(utf8), Err(MailboxNameError::NotUtf8));
        }
    }

    proptest! {
        #[test]
        fn every_name_survives(name in prop_oneof![any::<String>(), "[&a-c-]{0,9}"], utf8: bool) {
            let wire = WireMailbox::encode(&name, utf8);
            prop_assert!(utf8 || wire.0.iter().all(|octet| matches!(octet, b' '..=b'~')));
            prop_assert_eq!(wire.decode(utf8), Ok(name));
        }

        #[test]
        fn every_wire_name_means_something(wire in "[&A-Z0-9,+-]{0,12}|[ -~ü]{0,12}") {
            let name = decoded(&wire);
            prop_assert_eq!(WireMailbox::encode(&name, false).decode(false), Ok(name));
        }
    }
}
