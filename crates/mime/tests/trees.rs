//! Trees of messages written by hand: each part as its number, media type, range and what the range holds.

mod soundness;

use std::fmt::Write as _;

use rookery_mime::{Content, Message, Part, SectionText};
use soundness::assert_sound;

/// One line a part: number, media type, header, body, line ends in the body.
fn outline(text: &str) -> String {
    let message = Message::scan(text.as_bytes());
    assert_sound(&message, text.as_bytes());
    let mut out = String::new();
    draw(&message.root, "0", text, &mut out);
    out
}

fn draw(part: &Part, number: &str, text: &str, out: &mut String) {
    let index = |offset: u64| usize::try_from(offset).unwrap();
    let slice = |range: &std::ops::Range<u64>| &text[index(range.start)..index(range.end)];
    let (media_type, subtype) = (part.media_type.escape_ascii(), part.media_subtype.escape_ascii());
    let (header, body) = (slice(&part.header), slice(&part.body));
    writeln!(out, "{number} {media_type}/{subtype} {header:?} {body:?} {}", part.lines).unwrap();
    match &part.content {
        Content::Leaf => {}
        Content::Multipart(parts) => {
            for (index, part) in parts.iter().enumerate() {
                draw(part, &format!("{number}.{}", index + 1), text, out);
            }
        }
        Content::Message(embedded) => draw(&embedded.root, &format!("{number}m"), text, out),
    }
}

/// The outline of a message, its root's line left out: that is always the whole.
fn parts(text: &str) -> Vec<String> {
    outline(text).lines().skip(1).map(str::to_owned).collect()
}

const MIXED: &str = "Content-Type: multipart/mixed; boundary=x\r\n\r\n";

#[test]
fn ranges_are_exact() {
    let text = "A: b\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\npre\r\n--x\r\nC: d\r\n\r\nbody\r\n\r\n--x--\r\nepi\r\n";
    let message = Message::scan(text.as_bytes());
    assert_eq!((message.size, message.lines), (89, 11));
    assert_eq!((message.root.header.clone(), message.root.body.clone()), (0..51, 51..89));
    let part = message.part(&[1]).unwrap();
    assert_eq!((part.header.clone(), part.body.clone(), part.lines), (61..69, 69..75, 1));
    assert_eq!(message.part(&[2]), None);
    assert_eq!(message.part(&[0]), None);
}

#[test]
fn plain_messages() {
    assert_eq!(outline(""), "0 text/plain \"\" \"\" 0\n");
    assert_eq!(outline("A: b"), "0 text/plain \"A: b\" \"\" 0\n");
    assert_eq!(outline("A: b\n"), "0 text/plain \"A: b\\n\" \"\" 0\n");
    assert_eq!(outline("\r\nx"), "0 text/plain \"\\r\\n\" \"x\" 0\n");
    assert_eq!(outline("A: b\r\n\r\nx\r\ny"), "0 text/plain \"A: b\\r\\n\\r\\n\" \"x\\r\\ny\" 1\n");
    assert_eq!(outline("no colon\n\nx\n"), "0 text/plain \"no colon\\n\\n\" \"x\\n\" 1\n");
    assert_eq!(outline("A: b\r\rx"), "0 text/plain \"A: b\\r\\rx\" \"\" 0\n");
}

#[test]
fn the_line_end_before_a_boundary_belongs_to_it() {
    for end in ["\r\n", "\n"] {
        let text = format!("{MIXED}--x\r\n\r\na{end}--x\r\nB: c\r\n\r\n{end}{end}--x--");
        let inner = end.escape_debug();
        let expected = [
            "0.1 text/plain \"\\r\\n\" \"a\" 0".to_owned(),
            format!("0.2 text/plain \"B: c\\r\\n\\r\\n\" \"{inner}\" 1"),
        ];
        assert_eq!(parts(&text), expected);
    }
}

#[test]
fn parts_without_body_or_blank_line() {
    let text = format!("{MIXED}--x\r\n--x\r\nA: b\r\n--x\r\nA: b\r\n\r\n--x--\r\n");
    assert_eq!(
        parts(&text),
        [
            "0.1 text/plain \"\" \"\" 0",
            "0.2 text/plain \"A: b\\r\\n\" \"\" 0",
            "0.3 text/plain \"A: b\\r\\n\\r\\n\" \"\" 0",
        ]
    );
}

#[test]
fn the_end_of_the_message_ends_all() {
    assert_eq!(
        parts(&format!("{MIXED}--x\r\n\r\na\r\n")),
        ["0.1 text/plain \"\\r\\n\" \"a\\r\\n\" 1"]
    );
    let one = ["0.1 text/plain \"\\r\\n\" \"a\" 0"];
    assert_eq!(
        parts(&format!("{MIXED}--x\r\n\r\na\r\n--x")),
        one,
        "a broken boundary begins nothing"
    );
    assert_eq!(parts(&format!("{MIXED}--x\r\n\r\na\r\n--x--")), one);
    assert_eq!(parts(&format!("{MIXED}--x\r\n\r\na\r\n--x--\r\n--x\r\n\r\nepilogue")), one);
}

#[test]
fn an_outer_boundary_closes_the_inner_multipart() {
    let text = format!(
        "{MIXED}--x\r\nContent-Type: multipart/mixed; boundary=xy\r\n\r\n--xy\r\n\r\na\r\n--x\r\n\r\nb\r\n--xy\r\n--x--"
    );
    assert_eq!(
        parts(&text),
        [
            "0.1 multipart/mixed \"Content-Type: multipart/mixed; boundary=xy\\r\\n\\r\\n\" \"--xy\\r\\n\\r\\na\" 2",
            "0.1.1 text/plain \"\\r\\n\" \"a\" 0",
            "0.2 text/plain \"\\r\\n\" \"b\" 0",
            "0.3 text/plain \"\" \"\" 0",
        ]
    );
}

#[test]
fn a_nested_multipart_ends_before_the_line_end_of_the_outer_boundary() {
    let inner = "Content-Type: multipart/mixed; boundary=y\r\n\r\n--y\r\n\r\na\r\n--y--\r\n";
    assert_eq!(
        parts(&format!("{MIXED}--x\r\n{inner}--x--"))[0],
        format!("0.1 multipart/mixed {:?} {:?} 3", &inner[..45], "--y\r\n\r\na\r\n--y--")
    );
    assert_eq!(
        parts(&format!("{MIXED}--x\r\n{inner}\r\n--x--"))[0],
        format!("0.1 multipart/mixed {:?} {:?} 4", &inner[..45], "--y\r\n\r\na\r\n--y--\r\n")
    );
}

#[test]
fn multiparts_without_parts_have_their_body_as_text() {
    let text = "Content-Type: multipart/mixed\r\n\r\nHello\r\n";
    assert_eq!(parts(text), ["0.1 text/plain \"\" \"Hello\\r\\n\" 1"]);
    assert_eq!(parts(&format!("{MIXED}--y\r\n")), ["0.1 text/plain \"\" \"--y\\r\\n\" 1"]);
    assert_eq!(parts("Content-Type: multipart/mixed; boundary=x"), ["0.1 text/plain \"\" \"\" 0"]);
}

#[test]
fn embedded_messages() {
    let text = format!(
        "{MIXED}--x\r\nContent-Type: message/rfc822\r\n\r\nSubject: s\r\n\r\ntext\r\n--x--"
    );
    assert_eq!(
        parts(&text),
        [
            "0.1 message/rfc822 \"Content-Type: message/rfc822\\r\\n\\r\\n\" \"Subject: s\\r\\n\\r\\ntext\" 2",
            "0.1m text/plain \"Subject: s\\r\\n\\r\\n\" \"text\" 0",
        ]
    );
    let message = Message::scan(text.as_bytes());
    let Content::Message(embedded) = &message.part(&[1]).unwrap().content else { panic!() };
    assert_eq!(embedded.envelope.subject.as_deref(), Some(&b"s"[..]));
    assert_eq!(message.part(&[1, 1]), Some(&embedded.root));
    let encoded =
        text.replace("message/rfc822", "message/rfc822\r\nContent-Transfer-Encoding: base64");
    assert!(parts(&encoded)[0].starts_with("0.1 application/octet-stream"));
}

#[test]
fn parts_of_a_digest_are_messages() {
    let text = "Content-Type: multipart/digest; boundary=x\n\n--x\n\nSubject: s\n\nt\n--x\nContent-Type: text/x\n\nu\n--x--\n";
    assert_eq!(
        parts(text),
        [
            "0.1 message/rfc822 \"\\n\" \"Subject: s\\n\\nt\" 2",
            "0.1m text/plain \"Subject: s\\n\\n\" \"t\" 0",
            "0.2 text/x \"Content-Type: text/x\\n\\n\" \"u\" 0",
        ]
    );
}

#[test]
fn sections_as_in_rfc_9051_6_4_5() {
    let inner = "Content-Type: multipart/mixed; boundary=y\r\n\r\n--y\r\nI: 1\r\n\r\none\r\n--y\r\n\r\ntwo\r\n--y--\r\n";
    let text = format!(
        "{MIXED}--x\r\n\r\nfirst\r\n--x\r\nContent-Type: message/rfc822\r\n\r\n{inner}\r\n--x--\r\n"
    );
    let message = Message::scan(text.as_bytes());
    let section = |path: &[u32], kind: SectionText| {
        let range = message.section(path, kind)?;
        text.get(usize::try_from(range.start).ok()?..usize::try_from(range.end).ok()?)
    };
    use SectionText::{Header, Mime, Text, Whole};
    assert_eq!(section(&[], Whole), Some(text.as_str()));
    assert_eq!(section(&[], Header), Some(MIXED));
    assert_eq!(section(&[], Text), Some(&text[MIXED.len()..]));
    assert_eq!(section(&[], Mime), None);
    assert_eq!(section(&[1], Whole), Some("first"));
    assert_eq!(section(&[1], Mime), Some("\r\n"));
    assert_eq!(section(&[1], Header), None);
    assert_eq!(section(&[1], Text), None);
    assert_eq!(section(&[1, 1], Whole), None);
    assert_eq!(section(&[2], Whole), Some(inner));
    assert_eq!(section(&[2], Mime), Some("Content-Type: message/rfc822\r\n\r\n"));
    assert_eq!(section(&[2], Header), Some(&inner[..45]));
    assert_eq!(section(&[2], Text), Some(&inner[45..]));
    assert_eq!(section(&[2, 1], Whole), Some("one"));
    assert_eq!(section(&[2, 1], Mime), Some("I: 1\r\n\r\n"));
    assert_eq!(section(&[2, 2], Whole), Some("two"));
    assert_eq!(section(&[3], Whole), None);
}

#[test]
fn part_one_of_a_single_part_is_its_body() {
    let message = Message::scan(b"A: b\r\n\r\nx");
    assert_eq!(message.section(&[1], SectionText::Whole), Some(8..9));
    assert_eq!(message.section(&[1], SectionText::Mime), Some(0..8));
    assert_eq!(message.section(&[2], SectionText::Whole), None);
    assert_eq!(message.section(&[1, 1], SectionText::Whole), None);
    let nested = Message::scan(b"Content-Type: message/rfc822\n\nA: b\n\nx");
    assert_eq!(nested.section(&[1], SectionText::Header), Some(30..36));
    assert_eq!(nested.section(&[1, 1], SectionText::Whole), Some(36..37));
    assert_eq!(nested.section(&[1, 1, 1], SectionText::Whole), None);
}

#[test]
fn repeated_fields_of_an_envelope() {
    let message = Message::scan(b"Subject: one\nFrom: a@b\nSubject: two\nFrom: c@d\nSender:\n\n");
    assert_eq!(message.envelope.subject.as_deref(), Some(&b"one"[..]));
    assert_eq!(message.envelope.from.len(), 2);
    assert_eq!(message.envelope.sender, message.envelope.from);
    assert_eq!(message.envelope.reply_to, message.envelope.from);
    assert_eq!(message.envelope.date, None);
}
