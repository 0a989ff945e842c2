//! Messages made to be slow or to fill memory: they are neither, and the limits hold.

mod soundness;

use std::time::{Duration, Instant};

use rookery_mime::{Content, Message, Part, limits};
use soundness::assert_sound;

/// The longest that a megabyte may take without optimisation; what is quadratic takes minutes.
const MAX_TIME: Duration = Duration::from_secs(3);
const MEGABYTE: usize = 1 << 20;

fn scan(text: &str) -> Message {
    let start = Instant::now();
    let message = Message::scan(text.as_bytes());
    let encoded = message.encode();
    assert!(start.elapsed() < MAX_TIME, "{:?} for {:.80}", start.elapsed(), text);
    assert_sound(&message, text.as_bytes());
    assert_eq!(Message::decode(&encoded).as_ref(), Some(&message));
    message
}

fn flood(start: &str, pattern: &str) -> Message {
    scan(&[start, &pattern.repeat(MEGABYTE / pattern.len())].concat())
}

fn count(part: &Part) -> usize {
    match &part.content {
        Content::Leaf => 1,
        Content::Multipart(parts) => 1 + parts.iter().map(count).sum::<usize>(),
        Content::Message(embedded) => 1 + count(&embedded.root),
    }
}

fn depth(part: &Part) -> usize {
    match &part.content {
        Content::Leaf => 1,
        Content::Multipart(parts) => 1 + parts.iter().map(depth).max().unwrap_or(0),
        Content::Message(embedded) => 1 + depth(&embedded.root),
    }
}

const MIXED: &str = "Content-Type: multipart/mixed; boundary=x\n\n";

#[test]
fn parts_end_at_the_limit() {
    let message = flood(MIXED, "--x\n\n");
    assert_eq!(count(&message.root), limits::PARTS + 1);
    let message = flood("Content-Type: multipart/digest; boundary=x\n\n", "--x\n\n\n");
    assert!(count(&message.root) <= limits::PARTS + 1);
    flood(MIXED, "--x\nContent-Type: multipart/mixed; boundary=y\n\n--y\n");
}

#[test]
fn depth_ends_at_the_limit() {
    for pattern in
        ["Content-Type: message/rfc822\n\n", "Content-Type: multipart/mixed; boundary=x\n\n--x\n"]
    {
        let message = flood("", pattern);
        assert_eq!(depth(&message.root), limits::DEPTH);
    }
    let start = "Content-Type: multipart/mixed; boundary=x\n\n--x\n".repeat(limits::DEPTH - 1);
    assert_eq!(depth(&scan(&(start + "\nleaf\n")).root), limits::DEPTH);
}

#[test]
fn boundaries_that_share_their_beginning() {
    let same = "b".repeat(limits::BOUNDARY_OCTETS - 50);
    let nested: String = (0..limits::DEPTH - 1).fold(String::new(), |text, level| {
        let boundary = format!("{same}{level:0>50}");
        text + &format!("Content-Type: multipart/mixed; boundary={boundary}\n\n--{boundary}\n")
    });
    flood(&(nested.clone() + "\n"), &format!("--{same}x\n"));
    flood(&nested, &format!("--{same}{:0>50}\n", 0));
}

#[test]
fn headers_without_end() {
    for pattern in [
        "A: b\n",
        "To: a@b\n",
        "To: a@b,\n ",
        ":",
        "Content-Type: a/b\n",
        "Content-Type",
        "\n ",
        "Subject: x\n y\n",
        "To: (",
        "To: <",
        "To: \"",
        "To: a:",
        "To: @",
        "To: a b.",
        "Cc: =?a?q?",
        "-",
        "--",
        "--x\n x\n",
    ] {
        flood("", pattern);
        flood("To: ", pattern.trim_end_matches('\n'));
        flood("Content-Type: multipart/mixed", pattern.trim_end_matches('\n'));
    }
}

#[test]
fn parameters_and_addresses_end_at_their_limits() {
    let message = flood("Content-Type: a/b", "; a*0=b");
    assert!(message.root.params.len() <= limits::PARAMETERS);
    let message = flood("Content-Type: a/b", "; a=b c (d)");
    assert_eq!(message.root.params.len(), limits::PARAMETERS);
    flood("Content-Type: a/b; a=", "b ");
    let pieces: String = (0..limits::PARAMETERS).map(|n| format!("; a{n}*0*=''%20")).collect();
    flood(MIXED, &format!("--x\nContent-Type: a/b{pieces}\n\n"));
    let pieces: String = (0..limits::PARAMETERS).rev().map(|n| format!("; a*{n}=b")).collect();
    flood(MIXED, &format!("--x\nContent-Type: a/b{pieces}\n\n"));
    let message = flood("", "To: a,b\nCc: a:\n");
    let lists = [&message.envelope.to, &message.envelope.cc];
    assert!(lists.iter().map(|list| list.len()).sum::<usize>() <= limits::ADDRESSES);
    let message = flood("To: ", "a,");
    assert_eq!(message.envelope.to.len(), limits::ADDRESSES - 1);
}

#[test]
fn kept_values_end_at_their_limits() {
    let message = flood("Subject: ", "x");
    assert_eq!(message.envelope.subject.unwrap().len(), limits::FIELD_OCTETS - "Subject: ".len());
    let part = format!("--x\nContent-ID: {}\n\n", "i".repeat(10_000));
    let message = scan(&[MIXED, &part.repeat(2 * limits::KEPT_OCTETS / part.len())].concat());
    let Content::Multipart(parts) = &message.root.content else { panic!() };
    let kept: usize = parts.iter().filter_map(|part| part.id.as_ref()).map(Vec::len).sum();
    assert!(kept <= limits::KEPT_OCTETS && kept > limits::KEPT_OCTETS / 2);
    let message = scan(&"To: a@b\n".repeat(2 * limits::FIELDS));
    assert_eq!(message.envelope.to.len(), limits::FIELDS);
}
