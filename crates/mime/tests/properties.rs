//! Properties of the scanner over arbitrary and adversarial input.

mod soundness;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use rookery_mime::{
    Content, EncodedPart, Message, Outline, Part, Scanner, SectionText, base_subject, date, header,
    limits, text,
};
use soundness::assert_sound;
use std::ops::Range;

/// Pieces that messages, and attacks on scanners of messages, are made of.
const PIECES: &[&[u8]] = &[
    b"\r\n",
    b"\n",
    b"\r",
    b"\r\n\r\n",
    b"\n\n",
    b" ",
    b"\t",
    b"\0",
    b"\xff",
    b"x",
    b"-",
    b"--",
    b"--a",
    b"--a\r\n",
    b"--a--\r\n",
    b"--ab\r\n",
    b"--ab--\n",
    b"--b\n",
    b"\r\n--b--",
    b"Content-Type: multipart/mixed; boundary=a\r\n\r\n",
    b"Content-Type: multipart/digest; boundary=\"ab\"\r\n",
    b"Content-Type: multipart/mixed;\r\n boundary=b\n\n",
    b"Content-Type: multipart/mixed\r\n\r\n",
    b"Content-Type: message/rfc822\r\n\r\n",
    b"Content-Type: message/global\n",
    b"Content-Type: text/plain\r\n",
    b"Content-Type: text/html\r\n\r\n",
    b"Content-Type: multipart/alternative; boundary=a\r\n\r\n",
    b"Content-Type: multipart/encrypted; boundary=b\r\n\r\n",
    b"Content-Transfer-Encoding: quoted-printable\r\n",
    b"some words =\r\n",
    b"> quoted\r\n",
    b"<p>rich &amp; famous",
    b"Content-Transfer-Encoding: base64\r\n",
    b"Content-Type: ;/(\"",
    b"From: a@b, G: c@d;\r\n",
    b"To: <",
    b"Subject: =?utf-8?q?x?=\r\n",
    b"Content-Disposition: attachment; a*0=b; a*1*=c\r\n",
    b"no colon\r\n",
    b": x\n",
];

fn message() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        4 => vec(select(PIECES), 0..60).prop_map(|pieces| pieces.concat()),
        1 => vec(any::<u8>(), 0..300),
    ]
}

fn scan_cut(bytes: &[u8], cuts: &[usize]) -> Message {
    let mut scanner = Scanner::new();
    let mut rest = bytes;
    for cut in cuts {
        let (piece, after) = rest.split_at((*cut).min(rest.len()));
        scanner.push(piece);
        rest = after;
    }
    scanner.push(rest);
    scanner.finish()
}

fn ranges(part: &EncodedPart<'_>) -> (Range<u64>, Range<u64>) {
    (part.header.clone(), part.body.clone())
}

/// That a part comes next, and what is in it.
fn assert_next<'a>(parts: &mut impl Iterator<Item = EncodedPart<'a>>, expected: &Part) {
    let part = parts.next().unwrap();
    assert_eq!(ranges(&part), (expected.header.clone(), expected.body.clone()));
    assert_eq!(part.media_type, expected.media_type);
    assert_eq!((part.charset(), part.is_text()), (expected.charset(), expected.is("text", "*")));
    match &expected.content {
        Content::Leaf => {}
        Content::Multipart(inner) => inner.iter().for_each(|part| assert_next(parts, part)),
        Content::Message(embedded) => assert_next(parts, &embedded.root),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1500, ..ProptestConfig::default() })]

    #[test]
    fn cuts_make_no_difference(bytes in message(), cuts in vec(0_usize..30, 0..40)) {
        let whole = Message::scan(&bytes);
        let chars = whole.preview.as_ref().map(|preview| preview.chars().count());
        prop_assert!(chars.is_some_and(|chars| chars <= limits::PREVIEW_CHARS));
        prop_assert_eq!(&scan_cut(&bytes, &cuts), &whole);
        prop_assert_eq!(&scan_cut(&bytes, &vec![1; bytes.len()]), &whole);
    }

    #[test]
    fn trees_are_sound_and_survive_encoding(bytes in message()) {
        let scanned = Message::scan(&bytes);
        assert_sound(&scanned, &bytes);
        prop_assert_eq!(Message::decode(&scanned.encode()), Some(scanned));
    }

    #[test]
    fn outlines_say_what_trees_say(bytes in message()) {
        let message = Message::scan(&bytes);
        let encoded = message.encode();
        let outline = Outline::new(&encoded).unwrap();
        prop_assert_eq!(outline.preview(), message.preview.as_deref());
        let mut parts = outline.parts(&encoded);
        assert_next(&mut parts, &message.root);
        prop_assert!(parts.next().is_none());
        let mut paths = vec![Vec::new()];
        for length in 1..5 {
            for number in 0..4 {
                let longer = paths.iter().filter(|path: &&Vec<u32>| path.len() + 1 == length);
                let longer: Vec<_> = longer.map(|path| [path.as_slice(), &[number]].concat()).collect();
                paths.extend(longer);
            }
        }
        for path in paths {
            let part = outline.part(&path, &encoded).map(|part| ranges(&part));
            let expected = message.part(&path).map(|part| (part.header.clone(), part.body.clone()));
            prop_assert_eq!(part, expected, "{:?}", path);
            use SectionText::{Header, Mime, Text, Whole};
            for text in [Whole, Header, Text, Mime] {
                let range = outline.section(&path, text, &encoded);
                prop_assert_eq!(range, message.section(&path, text), "{:?} {:?}", path, text);
            }
        }
    }

    #[test]
    fn damaged_encodings_never_panic(bytes in message(), place in any::<usize>(), octet in any::<u8>()) {
        let mut encoded = Message::scan(&bytes).encode();
        let place = 5 + place % (encoded.len() - 5);
        encoded[place] ^= octet;
        // With a checksum that fits, the damage reaches the reader of the tree.
        let sum = encoded[5..].iter().fold(2_166_136_261_u32, |sum, octet| {
            (sum ^ u32::from(*octet)).wrapping_mul(16_777_619)
        });
        encoded[1..5].copy_from_slice(&sum.to_le_bytes());
        let outline = Outline::new(&encoded);
        if let Some(outline) = &outline {
            let _ = outline.parts(&encoded).count();
        }
        if let Some(decoded) = Message::decode(&encoded) {
            prop_assert!(outline.is_some());
            prop_assert_eq!(Message::decode(&decoded.encode()), Some(decoded));
        }
    }

    #[test]
    fn fields_are_the_header_block(bytes in message()) {
        let scanned = Message::scan(&bytes);
        let block = &bytes[..usize::try_from(scanned.root.header.end).unwrap()];
        let fields: Vec<u8> = header::fields(block).flat_map(|field| field.raw.to_vec()).collect();
        prop_assert!(block.starts_with(&fields));
        prop_assert!(matches!(&block[fields.len()..], b"" | b"\n" | b"\r\n"));
        let names = [&b"from"[..], b"Subject", b"", b"TO", b"content-Type", b"DATE", b"Content", b"Sub"];
        let some = header::select(block, &names, false);
        let others = header::select(block, &names, true);
        prop_assert!(some.ends_with(b"\r\n") && others.ends_with(b"\r\n"));
        let count = |block: &[u8]| header::fields(block).count();
        prop_assert_eq!(count(&some) + count(&others), count(block));
        let named = |field: &header::Field<'_>| names.iter().any(|name| field.name.eq_ignore_ascii_case(name));
        prop_assert_eq!(count(&some), header::fields(block).filter(named).count());
    }

    #[test]
    fn readers_of_values_take_anything(bytes in message()) {
        let decoded = text::decode_header(&bytes);
        let (base, _) = base_subject(&decoded);
        prop_assert_eq!(base_subject(&base).0, base);
        prop_assert!(text::decode_param(b"name*", &bytes).len() <= 3 * bytes.len());
        prop_assert!(text::decode_text(Some(b"utf-7"), &bytes).len() <= 3 * bytes.len());
        prop_assert!(text::decode_text(None, &bytes).len() <= 3 * bytes.len());
        let _: Option<date::SentDate> = date::parse(&bytes);
    }
}

fn assert_cuts_make_no_difference(bytes: &[u8], places: std::ops::Range<usize>) {
    let whole = Message::scan(bytes);
    assert_sound(&whole, bytes);
    for at in places {
        assert_eq!(scan_cut(bytes, &[at, 1, 1]), whole, "cut at {at}");
    }
}

#[test]
fn cuts_within_a_field_beyond_its_limit_make_no_difference() {
    let bytes = [b"Subject: ", &vec![b'x'; limits::FIELD_OCTETS][..], b"\r\n\r\n"].concat();
    assert_cuts_make_no_difference(&bytes, limits::FIELD_OCTETS - 5..bytes.len());
}

#[test]
fn cuts_within_a_boundary_line_beyond_its_limit_make_no_difference() {
    let boundary = vec![b'b'; limits::BOUNDARY_OCTETS];
    let content_type = [b"Content-Type: multipart/mixed; boundary=", &boundary[..]].concat();
    let delimiter = [b"--", &boundary[..], b"--", &[b'y'; 100]].concat();
    let bytes = [&content_type[..], b"\r\n\r\n\r\n", &delimiter, b"\r\nepilogue"].concat();
    assert_cuts_make_no_difference(&bytes, content_type.len()..bytes.len());
}
