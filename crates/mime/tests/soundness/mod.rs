//! What holds of every tree, whatever the message was.

use std::ops::Range;

use rookery_mime::{Content, Message, Part, limits};

/// Panics unless the ranges of a message nest, are in order and lie within it, and types fit contents.
pub(crate) fn assert_sound(message: &Message, bytes: &[u8]) {
    assert_eq!(message.size, bytes.len() as u64);
    assert_eq!(message.root.header.start, 0);
    assert_eq!(message.root.body.end, message.size);
    assert_eq!(message.lines, line_ends(bytes, &(0..message.size)));
    assert_part(&message.root, bytes, 1);
}

fn assert_part(part: &Part, bytes: &[u8], depth: usize) {
    assert!(depth <= limits::DEPTH);
    assert!(part.header.start <= part.header.end);
    assert_eq!(part.header.end, part.body.start);
    assert!(part.body.start <= part.body.end);
    assert_eq!(part.lines, line_ends(bytes, &part.body));
    assert!(!part.media_type.is_empty() && !part.media_subtype.is_empty());
    let is_message = part.is("message", "rfc822") || part.is("message", "global");
    match &part.content {
        Content::Leaf => assert!(!part.is("multipart", "*") && !is_message),
        Content::Multipart(parts) => {
            assert!(part.is("multipart", "*") && !parts.is_empty());
            let mut start = part.body.start;
            for child in parts {
                assert!(start <= child.header.start && child.body.end <= part.body.end);
                start = child.body.end;
                assert_part(child, bytes, depth + 1);
            }
        }
        Content::Message(embedded) => {
            assert!(is_message);
            assert_eq!(embedded.root.header.start, part.body.start);
            assert_eq!(embedded.root.body.end, part.body.end);
            assert_part(&embedded.root, bytes, depth + 1);
        }
    }
}

fn line_ends(bytes: &[u8], range: &Range<u64>) -> u64 {
    let index = |offset: u64| usize::try_from(offset).unwrap();
    let body = &bytes[index(range.start)..index(range.end)];
    body.iter().filter(|octet| **octet == b'\n').count() as u64
}
