//! Before login: whoever can reach a port.

use super::{SLACK_FOR_STRANGERS, Victim, say_all, scaled};

/// Connections of an attack.
const COUNT: usize = 300;

/// Connections of an attack that gives the server much to do.
const FEW: usize = 50;

/// What each of them may make the server hold, in KiB, with the connection itself: `MEMORY_BEFORE_LOGIN`.
const EACH: u64 = 64;

/// The same for LMTP, which mail transfer agents speak that are trusted: a read, replies that wait, a hundred recipients.
const EACH_BY_LMTP: u64 = 160;

/// Let all strangers say this and wait.
fn attack(name: &str, protocol: &str, octets: &[u8]) {
    attack_by(COUNT, name, protocol, octets);
}

/// The same from so many connections.
fn attack_by(count: usize, name: &str, protocol: &str, octets: &[u8]) {
    let (victim, count) = (Victim::new(), scaled(count));
    let before = victim.measure();
    let mut strangers = victim.strangers(protocol, count);
    say_all(&mut strangers, octets);
    let each = if protocol == "lmtp" { EACH_BY_LMTP } else { EACH };
    victim.assert_no_more(before, name, count, count as u64 * each + SLACK_FOR_STRANGERS);
}

#[test]
fn connections_that_say_nothing() {
    attack("Connections that say nothing", "imap", b"");
}

#[test]
fn handshakes_that_never_end() {
    let hello = [&[0x16, 3, 1, 0x3f, 0xff, 1, 0, 0x3f, 0xfb][..], &[3; 15_000]].concat();
    attack("TLS handshakes that never end", "imaps", &hello);
}

#[test]
fn literals_that_never_end() {
    for (name, length) in [
        ("Literals that are never finished, before login", 8000),
        ("Literals that are too long, before login", 200_000),
    ] {
        let octets = format!("a LOGIN {{{length}}}\r\n{}", "x".repeat(length - 1));
        attack(name, "imap", octets.as_bytes());
    }
}

#[test]
fn literals_that_nobody_waits_for() {
    let literal = [b" {4000+}\r\n", "x".repeat(4000).as_bytes()].concat();
    let short = [b"a LOGIN", literal.repeat(50).as_slice()].concat();
    attack("Non-synchronizing literals, before login", "imap", &short);
    let long = [b"a LOGIN {200000+}\r\n".as_slice(), &[b'x'; 199_999]].concat();
    attack("Non-synchronizing literals that are too long, before login", "imap", &long);
}

#[test]
fn lines_that_never_end() {
    let octets = [b"a SEARCH ", "(".repeat(200_000).as_bytes()].concat();
    attack("Parentheses in a line that never ends, before login", "imap", &octets);
}

#[test]
fn braces() {
    let octets = [b"a LOGIN ", "{".repeat(200_000).as_bytes()].concat();
    attack("Braces in a line that never ends, before login", "imap", &octets);
}

#[test]
fn lists_and_sets() {
    let names = "a ".repeat(900);
    let set = format!("a FETCH {}1 ALL\r\n", "1,".repeat(8000));
    let list = format!("b FETCH 1 (BODY[HEADER.FIELDS ({names}a)])\r\n").repeat(8);
    let id = |pairs| format!("c ID ({}\"a\" \"b\")\r\n", "\"a\" \"b\" ".repeat(pairs));
    let enable = format!("d ENABLE {}\r\n", "A ".repeat(900));
    // What is small enough to be taken comes again and again: nothing of it is kept.
    let octets = [set, list, id(900), enable, id(60).repeat(100)].concat();
    attack("Sets, lists, ID and ENABLE, before login", "imap", octets.as_bytes());
}

#[test]
fn commands_whose_answers_are_not_read() {
    let octets = "a CAPABILITY\r\n".repeat(5000);
    attack_by(
        FEW,
        "Pipelined commands whose answers are not read, before login",
        "imap",
        octets.as_bytes(),
    );
}

#[test]
fn lmtp_lines_that_never_end() {
    let octets = [b"LHLO x\r\nMAIL FROM:<", "x".repeat(1 << 18).as_bytes()].concat();
    attack("LMTP: lines that never end", "lmtp", &octets);
}

#[test]
fn lmtp_recipients() {
    let recipients = "RCPT TO:<ada@example.org>\r\nRCPT TO:<nobody@example.org>\r\n".repeat(2000);
    let octets = format!("LHLO x\r\nMAIL FROM:<x@example.org>\r\n{recipients}");
    attack_by(FEW, "LMTP: recipients without end", "lmtp", octets.as_bytes());
}
