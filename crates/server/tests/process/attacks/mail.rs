//! Messages that are meant to cost something: whoever may send mail to somebody here.

use super::{Victim, say_all, scaled};

/// Clients that look at such messages at the same time.
const COUNT: usize = 2;

/// Have such messages delivered and appended, and let clients look at them in all ways.
fn attack(name: &str, message: &str, count: usize, each: u64) {
    let victim = Victim::new();
    let before = victim.measure();
    for _ in 0..count {
        let answer = victim.server.connect("lmtp").deliver("ada@example.org", message);
        assert!(answer.starts_with("250"), "{answer}");
    }
    victim.server.ada().append(message.as_bytes()).expect("it is taken");
    let mut users = victim.users(scaled(COUNT));
    for command in [
        "SEARCH OR SUBJECT nothing TEXT nothing",
        "FETCH 1:* (ENVELOPE BODYSTRUCTURE BODY.PEEK[HEADER.FIELDS (To)] PREVIEW)",
    ] {
        say_all(&mut users, format!("f {command}\r\n").as_bytes());
        users.iter_mut().for_each(|user| user.hear(b"\r\nf OK"));
    }
    victim.assert_bounded(before, name, users.len(), each);
}

#[test]
fn messages_within_messages() {
    let nested = "Content-Type: message/rfc822\r\n\r\n".repeat(2000);
    attack("2,000 messages, each within another", &nested, 3, 4 * 1024);
}

#[test]
fn parts_within_parts() {
    let open = |n| format!("Content-Type: multipart/mixed; boundary=b{n}\r\n\r\n--b{n}\r\n");
    let nested: String = (0..2000).map(open).collect();
    attack("2,000 multiparts, each within another", &nested, 3, 4 * 1024);
}

#[test]
fn many_parts() {
    let parts = "--b\r\nContent-Type: text/x; a=b; c=d\r\n\r\nx\r\n".repeat(20_000);
    let message = format!("Content-Type: multipart/mixed; boundary=b\r\n\r\n{parts}");
    attack("20,000 parts", &message, 1, 18 * 1024);
}

#[test]
fn headers_without_end() {
    let fields = "X-Flood: 0123456789012345678901234567890123456789\r\n".repeat(5000);
    let known = "Subject: x\r\nTo: a@b\r\nReferences: <a@b>\r\n".repeat(20_000);
    attack("65,000 header fields", &format!("{fields}{known}\r\nx"), 2, 10 * 1024);
}

/// As much as is kept of a message, in each of many, and much more than that.
#[test]
fn messages_of_which_much_is_kept() {
    let names = ["Subject", "In-Reply-To", "Message-ID"];
    let more = ["References", "Content-ID", "Content-Description", "Content-Location"];
    for (name, names, length) in [
        ("Messages of which 750 KB are kept", names.to_vec(), 250_000),
        ("Messages with 7 MB of fields that are known", [&names[..], &more].concat(), 1_000_000),
    ] {
        let text = "x".repeat(length);
        let field = |name: &&str| format!("{name}: {text}\r\n");
        let header: String = names.iter().map(field).collect();
        attack(name, &format!("{header}\r\n"), scaled(1), 16 * 1024);
    }
}

/// Each message is twice the one before it, put together from that.
#[test]
fn messages_made_of_themselves() {
    let victim = Victim::with_mail([b"Subject: x\r\n\r\n0123456789".as_slice()]);
    let before = victim.measure();
    let mut ada = victim.ada();
    for uid in 1..=20 {
        let url = format!("URL /INBOX/;UID={uid}");
        ada.ok(&format!("APPEND INBOX CATENATE ({url} {url})"));
    }
    victim.assert_bounded(before, "CATENATE of the same message, 20 times doubled", 1, 1024);
}
