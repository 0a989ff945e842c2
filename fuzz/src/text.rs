//! Text of any charset is decoded whatever it is, in a length that is bounded, and the same however it is cut.

use rookery_mail::MailboxName;
use rookery_mailbox::list::Pattern;
use rookery_mime::{
    Decoder, Encoding, base_subject, date, header, limits, message_ids, preview, text,
};

/// Octets that one octet of a charset becomes at the most, and those that an empty text becomes.
const GROWTH: (usize, usize) = (6, 16);

fn assert_bounded(decoded: &str, octets: &[u8]) {
    let most = octets.len() * GROWTH.0 + GROWTH.1;
    assert!(decoded.len() <= most, "{} octets of {}", decoded.len(), octets.len());
}

fn assert_cuts_change_nothing(encoding: Encoding, octets: &[u8], piece: usize) {
    let whole = encoding.decode(octets);
    let (mut decoder, mut pieces) = (Decoder::new(encoding), Vec::new());
    octets.chunks(piece).for_each(|octets| decoder.push(octets, &mut pieces));
    decoder.finish(&mut pieces);
    assert!(pieces == whole, "{encoding:?} in pieces of {piece}");
}

/// Panics unless the promise is kept.
pub fn check(input: &[u8]) {
    let mut lines = input.splitn(2, |octet| *octet == b'\n');
    let (charset, octets) = (lines.next().unwrap_or_default(), lines.next().unwrap_or_default());
    let decoded = text::decode_text(Some(charset), octets);
    assert_bounded(&decoded, octets);
    let word = [b"=?", charset, b"?q?", octets, b"?="].concat();
    assert_bounded(&text::decode_header(&word), &word);
    assert_bounded(&text::decode_param(charset, octets), octets);
    for encoding in [Encoding::Identity, Encoding::QuotedPrintable, Encoding::Base64] {
        assert_cuts_change_nothing(encoding, octets, 1 + charset.len() % 9);
    }
    let (base, _) = base_subject(&decoded);
    assert!(base_subject(&base).0 == base && base.len() <= decoded.len());
    for shown in [preview::of_html(&decoded), preview::of_plain(&decoded)] {
        assert!(shown.chars().count() <= limits::PREVIEW_CHARS, "{shown}");
        assert!(!shown.chars().any(char::is_control), "{shown:?}");
    }
    if let Some(date) = date::parse(octets) {
        let again = rookery_mail::DateTime::with_offset(date.unix, date.offset_minutes);
        let printed = date::parse(again.to_header().as_bytes());
        assert!(again.unix() != date.unix || printed.map(|date| date.unix) == Some(date.unix));
    }
    for id in message_ids(octets) {
        assert!(!id.is_empty() && id.len() <= octets.len());
    }
    assert!(header::unfold(octets).len() <= octets.len());
    let (Ok(pattern), Ok(name)) = (std::str::from_utf8(charset), MailboxName::new(&decoded)) else {
        return;
    };
    let matches = Pattern::new(pattern).matches(&name);
    assert!(
        !matches || pattern.contains(['*', '%']) || pattern.eq_ignore_ascii_case(name.as_str())
    );
}
