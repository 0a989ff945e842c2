//! What conventional clients are shown of headers with UTF-8 in them, as of RFC 6858: names and texts become
//! encoded-words, addresses that they could not write to become ones that nobody has, parameters take the form of
//! RFC 2231 (which keeps file names; RFC 6858 §3.2 lets them go), and what is left is left out.
//!
//! Only what is UTF-8 is touched. Other octets beyond ASCII are no internationalised header but a mistake of somebody,
//! and clients guess what they are.

use crate::parameter::{content_type, disposition, percent_encode};
use crate::{Address, Content, Envelope, Message, Part, address, header, limits};
use std::borrow::Cow;

/// Characters of an encoded-word (RFC 2047 §2).
const WORD_CHARS: usize = 75;

/// What every encoded-word begins with, and ends with.
const WORD: (&str, &str) = ("=?UTF-8?Q?", "?=");

/// An address that nobody has (RFC 6858 §3.1).
const NOBODY: (&[u8], &[u8]) = (b"invalid", b"internationalized-address.invalid");

/// Whether a conventional client cannot be shown this.
fn is_international(text: &[u8]) -> bool {
    !text.is_ascii() && std::str::from_utf8(text).is_ok()
}

/// The envelope and body structure of a message as a conventional client is shown them.
pub fn message(message: &mut Message) {
    envelope(&mut message.envelope);
    part(&mut message.root);
}

/// A header block as a conventional client is shown it, its blank line included.
#[must_use]
pub fn header(block: &[u8]) -> Cow<'_, [u8]> {
    if block.is_ascii() {
        return Cow::Borrowed(block);
    }
    let mut out = Vec::with_capacity(block.len());
    let mut length = 0;
    for field in header::fields(block) {
        length += field.raw.len();
        if is_international(field.raw) {
            self::field(&field, &mut out);
        } else {
            out.extend_from_slice(field.raw);
        }
    }
    out.extend_from_slice(block.get(length..).unwrap_or_default());
    Cow::Owned(out)
}

fn field(field: &header::Field<'_>, out: &mut Vec<u8>) {
    let value = header::unfold(field.value);
    let name = field.name.to_ascii_lowercase();
    let resent = name.strip_prefix(b"resent-").unwrap_or(&name);
    let value = match resent {
        b"from" | b"sender" | b"reply-to" | b"to" | b"cc" | b"bcc" => addresses(&value),
        b"subject" | b"comments" | b"content-description" => words(&value),
        b"content-type" => match content_type(&value) {
            Some((kind, subtype, found)) => with_params([kind, subtype].join(&b'/'), found),
            None => return,
        },
        b"content-disposition" => match disposition(&value) {
            Some((kind, found)) => with_params(kind, found),
            None => return,
        },
        // RFC 6858 §3.4.
        _ => return,
    };
    if field.name.is_ascii() && value.is_ascii() {
        out.extend_from_slice(field.name);
        out.extend_from_slice(b": ");
        out.extend_from_slice(&value);
        out.extend_from_slice(b"\r\n");
    }
}

fn with_params(mut value: Vec<u8>, mut found: Vec<(Vec<u8>, Vec<u8>)>) -> Vec<u8> {
    params(&mut found);
    for (name, text) in found {
        value.extend_from_slice(b";\r\n ");
        value.extend_from_slice(&name);
        value.push(b'=');
        if name.ends_with(b"*") {
            value.extend_from_slice(&text);
        } else {
            quoted(&text, &mut value);
        }
    }
    value
}

fn addresses(value: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut is_first = true;
    for mut one in address::addresses(value, limits::ADDRESSES) {
        address(&mut one);
        if !is_first && one != Address::GroupEnd {
            out.extend_from_slice(b",\r\n ");
        }
        is_first = matches!(one, Address::GroupStart(_));
        print_address(&one, &mut out);
    }
    out
}

fn print_address(address: &Address, out: &mut Vec<u8>) {
    match address {
        Address::GroupStart(name) => {
            phrase(name, out);
            out.extend_from_slice(b": ");
        }
        Address::GroupEnd => out.push(b';'),
        Address::Mailbox { name, local, domain, .. } => {
            if let Some(name) = name {
                phrase(name, out);
                out.push(b' ');
            }
            out.push(b'<');
            phrase(local, out);
            if let Some(domain) = domain {
                out.push(b'@');
                out.extend_from_slice(domain);
            }
            out.push(b'>');
        }
    }
}

/// Words that may go as they are, encoded-words among them, or else a quoted string.
fn phrase(text: &[u8], out: &mut Vec<u8>) {
    let is_plain =
        |octet: &u8| octet.is_ascii_alphanumeric() || b" !#$%&'*+-/=?^_`{|}~.".contains(octet);
    if text.iter().all(is_plain) && !text.is_empty() {
        out.extend_from_slice(text);
    } else {
        quoted(text, out);
    }
}

fn quoted(text: &[u8], out: &mut Vec<u8>) {
    out.push(b'"');
    for octet in text {
        if matches!(octet, b'"' | b'\\') {
            out.push(b'\\');
        }
        out.push(*octet);
    }
    out.push(b'"');
}

fn envelope(envelope: &mut Envelope) {
    let Envelope { date, subject, in_reply_to, message_id, .. } = envelope;
    for id in [date, in_reply_to, message_id] {
        id.take_if(|text| is_international(text));
    }
    optional_words(subject);
    let Envelope { from, sender, reply_to, to, cc, bcc, .. } = envelope;
    [from, sender, reply_to, to, cc, bcc].into_iter().flatten().for_each(address);
}

fn part(part: &mut Part) {
    params(&mut part.params);
    if let Some(disposition) = &mut part.disposition {
        params(&mut disposition.params);
    }
    optional_words(&mut part.description);
    for field in [&mut part.id, &mut part.location, &mut part.md5] {
        field.take_if(|text| is_international(text));
    }
    match &mut part.content {
        Content::Leaf => {}
        Content::Multipart(parts) => parts.iter_mut().for_each(self::part),
        Content::Message(embedded) => {
            envelope(&mut embedded.envelope);
            self::part(&mut embedded.root);
        }
    }
}

/// Values become extended ones in percent-encoding (RFC 2231 §4).
fn params(params: &mut Vec<(Vec<u8>, Vec<u8>)>) {
    params.retain(|(name, value)| {
        !(is_international(name) || name.ends_with(b"*") && is_international(value))
    });
    for (name, value) in params {
        if is_international(value) {
            name.push(b'*');
            let mut extended = b"UTF-8''".to_vec();
            percent_encode(value, &mut extended);
            *value = extended;
        }
    }
}

fn address(one: &mut Address) {
    match one {
        Address::GroupEnd => {}
        Address::GroupStart(name) => *name = words(name),
        Address::Mailbox { name, route, local, domain } => {
            let is_reachable = [Some(&*local), domain.as_ref(), route.as_ref()]
                .into_iter()
                .flatten()
                .all(|text| !is_international(text));
            if is_reachable {
                optional_words(name);
                return;
            }
            // Whom it stands for is said in the name, where nobody can write to it.
            let mut shown = name.take().unwrap_or_default();
            if !shown.is_empty() {
                shown.push(b' ');
            }
            shown.extend_from_slice(local);
            if let Some(domain) = domain.as_ref() {
                shown.push(b'@');
                shown.extend_from_slice(domain);
            }
            *one = Address::Mailbox {
                name: Some(words(&shown)),
                route: None,
                local: NOBODY.0.to_vec(),
                domain: Some(NOBODY.1.to_vec()),
            };
        }
    }
}

fn optional_words(text: &mut Option<Vec<u8>>) {
    if let Some(text) = text {
        *text = words(text);
    }
}

/// A text of which the words from the first with UTF-8 to the last are encoded (RFC 2047 §4.2).
fn words(text: &[u8]) -> Vec<u8> {
    let Some(text) = std::str::from_utf8(text).ok().filter(|text| !text.is_ascii()) else {
        return text.to_vec();
    };
    let first = text.find(|c: char| !c.is_ascii()).unwrap_or_default();
    let last = text.rfind(|c: char| !c.is_ascii()).unwrap_or_default();
    let start = text.get(..first).and_then(|before| before.rfind(' ')).map_or(0, |at| at + 1);
    let end = text.get(last..).and_then(|after| after.find(' ')).map_or(text.len(), |at| last + at);
    let piece = |range: std::ops::Range<usize>| text.get(range).unwrap_or_default();
    let mut out = piece(0..start).as_bytes().to_vec();
    encode(piece(start..end), &mut out);
    out.extend_from_slice(piece(end..text.len()).as_bytes());
    out
}

/// Encoded-words, each of whole characters; the space between two of them means nothing.
fn encode(text: &str, out: &mut Vec<u8>) {
    let room = WORD_CHARS - WORD.0.len() - WORD.1.len();
    let mut word = String::new();
    for c in text.chars() {
        let mut octets = [0; 4];
        let encoded: String = match c {
            ' ' => "_".to_owned(),
            c if c.is_ascii_alphanumeric() => c.to_string(),
            c => c.encode_utf8(&mut octets).bytes().map(|octet| format!("={octet:02X}")).collect(),
        };
        if word.len() + encoded.len() > room {
            push_word(&word, out);
            out.push(b' ');
            word.clear();
        }
        word.push_str(&encoded);
    }
    push_word(&word, out);
}

fn push_word(word: &str, out: &mut Vec<u8>) {
    for piece in [WORD.0, word, WORD.1] {
        out.extend_from_slice(piece.as_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Scanner, text};
    use proptest::prelude::*;

    fn shown(block: &str) -> String {
        String::from_utf8(header(block.as_bytes()).into_owned()).unwrap()
    }

    #[test]
    fn headers_in_ascii_are_untouched() {
        let block = b"Subject :  a\r\n b\r\nX\r\n\r\n";
        assert!(matches!(header(block), Cow::Borrowed(same) if same == block));
        let latin1 = b"Subject: caf\xe9\r\nTo: \xfc@b\r\n\r\n";
        assert_eq!(&*header(latin1), latin1);
    }

    #[test]
    fn fields_are_encoded_replaced_or_left_out() {
        for (field, expected) in [
            (
                "Subject: Re: Grüße an Ünal, bald\r\n",
                "Subject: Re: =?UTF-8?Q?Gr=C3=BC=C3=9Fe_an_=C3=9Cnal=2C?= bald\r\n",
            ),
            ("From: Jürgen <j@b>\r\n", "From: =?UTF-8?Q?J=C3=BCrgen?= <j@b>\r\n"),
            (
                "To: \"A, B\" <a@b>,\r\n ö@b\r\n",
                "To: \"A, B\" <a@b>,\r\n =?UTF-8?Q?=C3=B6=40b?= <invalid@internationalized-address.invalid>\r\n",
            ),
            ("resent-cc: Ö: a@b, c@d;\r\n", "resent-cc: =?UTF-8?Q?=C3=96?=: <a@b>,\r\n <c@d>;\r\n"),
            (
                "Content-Disposition: attachment; filename=\"é.pdf\"; size=1\r\n",
                "Content-Disposition: attachment;\r\n filename*=UTF-8''%C3%A9.pdf;\r\n size=\"1\"\r\n",
            ),
            ("Content-Type: a/b; name=é\r\n", "Content-Type: a/b;\r\n name*=UTF-8''%C3%A9\r\n"),
            ("Content-Type: é\r\n", ""),
            ("X-Foo: é\r\n", ""),
            ("Message-ID: <é@b>\r\n", ""),
            ("Sübject: x\r\n", ""),
            ("Date: x\r\n", "Date: x\r\n"),
        ] {
            assert_eq!(shown(&format!("{field}\r\n")), format!("{expected}\r\n"), "{field}");
        }
    }

    #[test]
    fn encoded_words_are_short_and_mean_the_same() {
        let long = "Ünïcödé ".repeat(40);
        let encoded = words(long.trim().as_bytes());
        let encoded = std::str::from_utf8(&encoded).unwrap();
        assert!(encoded.is_ascii() && encoded.split(' ').all(|word| word.len() <= WORD_CHARS));
        assert_eq!(text::decode_header(encoded.as_bytes()), long.trim());
    }

    #[test]
    fn nothing_beyond_ascii_is_left_of_utf8() {
        let block = "From: Ö <ö@ü>\r\nTo: \"ö\\\"\" (ä) <a@b>, ä: b@ö;\r\nSubject: ö\r\nContent-Type: text/plain; ö=ä; name=ö; n*=ä\r\n\
            Content-Description: ä\r\nContent-ID: <ä>\r\n\r\nbody";
        let mut scanner = Scanner::new();
        scanner.push(block.as_bytes());
        let mut found = scanner.finish();
        message(&mut found);
        found.preview = None;
        let octets = format!("{found:?}");
        assert_eq!(found.root.id, None);
        assert!(octets.is_ascii(), "{octets}");
        assert!(shown(block.strip_suffix("body").unwrap()).is_ascii());
    }

    proptest! {
        #[test]
        fn no_header_in_utf8_makes_it_stumble(
            fields in prop::collection::vec(
                ("From|To|Resent-Cc|Subject|Content-Type|Content-Disposition|X|\\PC{0,5}",
                 "[ -~äö€😀\\\\\"<>@;:,()=*']{0,60}|\\PC{0,60}"),
                0..5,
            ),
        ) {
            let mut block: String =
                fields.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
            block.push_str("\r\n");
            let shown = header(block.as_bytes()).into_owned();
            prop_assert!(shown.is_ascii() && shown.ends_with(b"\r\n"));
            prop_assert!(header::fields(&shown).count() <= header::fields(block.as_bytes()).count());
            let mut scanner = Scanner::new();
            scanner.push(block.as_bytes());
            message(&mut scanner.finish());
        }
    }
}
