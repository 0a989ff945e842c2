//! Trees nest, do not depend on cuts, and survive encoding; readers of values take anything.

use std::ops::Range;

use rookery_mime::{
    Content, Encoding, Message, Part, Scanner, base_subject, date, downgrade, header, limits,
    message_ids, preview, text,
};

/// Panics unless all that a part holds lies within it, in order.
fn assert_nested(part: &Part, within: &Range<u64>) {
    assert!(within.start <= part.header.start && part.header.start <= part.header.end);
    assert!(part.header.end == part.body.start && part.body.start <= part.body.end);
    assert!(part.body.end <= within.end);
    match &part.content {
        Content::Leaf => assert!(!part.is("multipart", "*") && !part.is("message", "rfc822")),
        Content::Multipart(parts) => {
            assert!(!parts.is_empty());
            parts.iter().fold(part.body.start, |start, child| {
                assert_nested(child, &(start..part.body.end));
                child.body.end
            });
        }
        Content::Message(embedded) => assert_nested(&embedded.root, &part.body),
    }
}

/// Panics unless conventional clients are shown nothing international, and no more the second time.
fn assert_downgraded(input: &[u8], mut message: Message) {
    let shown = downgrade::header(input);
    assert!(downgrade::header(&shown) == shown, "{}", String::from_utf8_lossy(&shown));
    for field in header::fields(&shown).filter(|_| !input.is_ascii()) {
        let raw = std::str::from_utf8(field.raw);
        assert!(raw.is_err() || field.raw.is_ascii(), "{raw:?} is left");
    }
    downgrade::message(&mut message);
    let once = message.encode();
    downgrade::message(&mut message);
    assert!(message.encode() == once);
}

/// Panics unless the promise is kept.
pub fn check(input: &[u8]) {
    let message = Message::scan(input);
    let chars = message.preview.as_ref().map(|preview| preview.chars().count());
    assert!(chars.is_some_and(|chars| chars <= limits::PREVIEW_CHARS));
    assert_nested(&message.root, &(0..input.len() as u64));
    let mut scanner = Scanner::new();
    for piece in input.chunks(1 + input.len() % 7) {
        scanner.push(piece);
    }
    assert!(scanner.finish() == message);
    assert!(Message::decode(&message.encode()).as_ref() == Some(&message));
    let _any = Message::decode(input);

    assert_downgraded(input, message);

    let decoded = text::decode_header(input);
    let (base, _) = base_subject(&decoded);
    assert!(base_subject(&base).0 == base);
    let _any =
        (text::decode_text(None, input), text::decode_param(b"a*", input), date::parse(input));
    let _any = (message_ids(input), preview::of_html(&decoded), preview::of_plain(&decoded));
    for encoding in [Encoding::Identity, Encoding::QuotedPrintable, Encoding::Base64] {
        assert!(encoding.decode(input).len() <= input.len());
    }
    assert!(header::select(input, &["a"], false).ends_with(b"\r\n"));
}
