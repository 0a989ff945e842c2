//! After login: a user of the server, who may take more, and has something to ask for.

use super::{Rude, Victim, say_all, scaled};
use flate2::{Compress, Compression, FlushCompress};

/// Connections of an attack.
const COUNT: usize = 20;

/// Connections of an attack that gives the server much to do.
const FEW: usize = 10;

/// What a compressed flood stands for, in MiB.
const MEBIBYTES: u64 = 8;

/// Let Ada's clients say this and wait; each may make the server hold so many KiB.
fn attack(victim: &Victim, name: &str, octets: &[u8], each: u64) {
    attack_by(COUNT, victim, name, octets, each);
}

/// The same from so many connections.
fn attack_by(count: usize, victim: &Victim, name: &str, octets: &[u8], each: u64) {
    let count = scaled(count);
    let mut users = victim.users(count);
    let before = victim.measure();
    say_all(&mut users, octets);
    victim.assert_bounded(before, name, count, each);
}

/// A message, the first answer with which fills all that is between server and client.
fn large() -> Vec<u8> {
    let line = "0123456789".repeat(7);
    format!("Subject: large\r\n\r\n{}", format!("{line}\r\n").repeat(200_000)).into_bytes()
}

#[test]
fn commands_that_never_end() {
    let octets = [b"a SEARCH ", "(".repeat(4_000_000).as_bytes()].concat();
    attack(&Victim::new(), "Parentheses in a line that never ends", &octets, 600);
}

#[test]
fn literals_that_never_end() {
    for (name, length) in [
        ("Many non-synchronizing literals", 1000),
        ("Many non-synchronizing literals that are too long together", 16_000),
    ] {
        let literal = format!(" {{{length}+}}\r\n{}", "x".repeat(length));
        let octets = format!("a SEARCH TEXT{}", literal.repeat(250));
        attack(&Victim::new(), name, octets.as_bytes(), 900);
    }
}

/// Each name is two octets on the wire and many in memory, for as long as the answer is not read.
#[test]
fn lists_of_an_answer_that_is_not_read() {
    let names = "a ".repeat(990);
    for (name, lists) in [
        ("Lists in a FETCH whose answer is not read", 40),
        ("Lists in a FETCH that take too much memory", 130),
    ] {
        let items = (1..lists).map(|part| format!(" BODY.PEEK[{part}.HEADER.FIELDS ({names}a)]"));
        let octets = format!("a FETCH 1 (BODY.PEEK[]{})\r\n", items.collect::<String>());
        let victim = Victim::with_mail([large().as_slice()]);
        attack(&victim, name, octets.as_bytes(), 3 * 1024);
    }
}

#[test]
fn pieces_of_an_answer_that_is_not_read() {
    let items = (0..800).map(|n| format!(" BODY.PEEK[]<{n}.10000000>"));
    let octets = format!("a FETCH 1 (BODY.PEEK[]{})\r\n", items.collect::<String>());
    let victim = Victim::with_mail([large().as_slice()]);
    attack(&victim, "The same message 801 times, not read", octets.as_bytes(), 1024);
}

#[test]
fn commands_whose_answers_are_not_read() {
    let octets = "a LIST \"\" *\r\n".repeat(800);
    let victim = Victim::new();
    let mut ada = victim.ada();
    // An answer is a thousand times as long as what asks for it.
    (0..50).for_each(|n| drop(ada.ok(&format!("CREATE \"a long name {n}\""))));
    let name = "Pipelined LIST whose answers are not read";
    attack(&victim, name, octets.as_bytes(), 400);
}

#[test]
fn search_programs() {
    let set = "1,".repeat(120);
    let sets = format!("a SEARCH {}ALL\r\n", format!("{set}1 ").repeat(990));
    let deep = format!("b SEARCH {}ALL\r\n", "OR NOT (ALL) ".repeat(16));
    let texts = format!("c SEARCH {}ALL\r\n", "OR BODY x TEXT y ".repeat(300));
    let many = format!("d SEARCH {}ALL\r\n", "TEXT a ".repeat(37_000));
    let octets = [sets, deep, texts, many].concat();
    let victim = Victim::with_mail([b"Subject: x\r\n\r\nx".as_slice(); 50]);
    attack_by(FEW, &victim, "Search programs", octets.as_bytes(), 3 * 1024);
}

#[test]
fn patterns_and_names() {
    let pattern = "*%".repeat(2400);
    let list = format!("a LIST \"\" ({})\r\n", vec![pattern; 50].join(" "));
    let create = format!("b CREATE {{200000+}}\r\n{}\r\n", "x/".repeat(100_000));
    let status = format!("c STATUS {{200000+}}\r\n{} (MESSAGES)\r\n", "&AOk-".repeat(40_000));
    let patterns = format!("d LIST \"\" ({}a)\r\n", "a ".repeat(90_000));
    let octets = [list, create, status, patterns].concat();
    attack_by(
        FEW,
        &Victim::new(),
        "Patterns of LIST, names of mailboxes",
        octets.as_bytes(),
        2 * 1024,
    );
}

#[test]
fn fields_and_capabilities() {
    let id = format!("a ID ({}\"a\" \"b\")\r\n", "\"a\" \"b\" ".repeat(990));
    let enable = format!("b ENABLE {}\r\n", "A ".repeat(990));
    // Again and again: nothing of it is kept.
    let octets = [id, enable].concat().repeat(12);
    attack(&Victim::new(), "ID and ENABLE", octets.as_bytes(), 600);
}

/// Every second of very many messages is gone: there are as many ranges of them as messages.
#[test]
fn messages_with_gaps_between_them() {
    let victim = Victim::with_mail([b"x".as_slice(); 2]);
    let mut ada = victim.ada();
    ada.ok("STORE 1 +FLAGS (\\Deleted)");
    (0..16).for_each(|_| drop(ada.ok("UID COPY 1:* INBOX")));
    ada.ok("EXPUNGE");
    for (name, command) in [
        ("FETCH of 65,536 messages with gaps, not read", "a UID FETCH 1:* (UID FLAGS)\r\n"),
        ("SEARCH of 65,536 messages with gaps, not read", "a UID SEARCH ALL\r\n"),
        ("STORE of 65,536 messages with gaps, not read", "a UID STORE 1:* +FLAGS (\\Seen)\r\n"),
    ] {
        attack(&victim, name, command.as_bytes(), 400);
    }
}

/// Of each answer the beginning is read, and then all of the mailbox changes: nobody keeps it as it was. What is answered is longer
/// than what the system takes of it.
#[test]
fn answers_that_are_not_read_while_all_changes() {
    let victim = Victim::with_mail([b"x".as_slice(); 2]);
    let mut ada = victim.ada();
    (0..15).for_each(|_| drop(ada.ok("UID COPY 1:* INBOX")));
    let mut names = ["a", "b"].map(|letter| letter.repeat(100)).into_iter().cycle();
    let mut change_all = || {
        let keyword = names.next().unwrap();
        ada.ok(&format!("STORE 1:* FLAGS.SILENT ({keyword})"));
    };
    let silent = "STORE 1:* (UNCHANGEDSINCE 999999) +FLAGS.SILENT (\\Draft)";
    for command in ["FETCH 1:* FLAGS", "NOOP", "STORE 1:* +FLAGS (\\Seen)", silent] {
        let count = scaled(FEW);
        let mut users = victim.users(count);
        change_all();
        let before = victim.measure();
        for user in &mut users {
            user.ask(&format!("a {command}\r\n"), "\r\n* 1 FETCH");
            change_all();
        }
        let name = format!("{command} of 65,536 messages, not read while all changes");
        victim.assert_bounded(before, &name, count, 400);
    }
}

/// Searches that take long, and all of the mailbox changes after each has begun: nobody keeps it as it was.
#[test]
fn searches_that_go_on_while_all_changes() {
    let victim = Victim::with_mail([b"x".as_slice(); 2]);
    let mut ada = victim.ada();
    (0..15).for_each(|_| drop(ada.ok("UID COPY 1:* INBOX")));
    let mut flags = ["\\Seen", "\\Draft"].into_iter().cycle();
    let mut change_all =
        || drop(ada.ok(&format!("STORE 1:* FLAGS.SILENT ({})", flags.next().unwrap())));
    // Looks at each message for each of the keys, one after the other.
    let search = format!("a SEARCH NOT ({}LARGER 1)\r\n", "SMALLER 9 ".repeat(200));
    let count = scaled(FEW);
    let mut users = victim.users(count);
    change_all();
    let before = victim.measure();
    for user in &mut users {
        user.say(search.as_bytes());
        change_all();
    }
    victim.assert_bounded(before, "SEARCH of 65,536 messages while all changes", count, 400);
}

/// All flags are changed by many connections at once, again and again: of what the mailbox was before and between nothing is kept, for as
/// long as changes wait for each other.
#[test]
fn changes_of_all_flags_at_once() {
    let victim = Victim::with_mail([b"x".as_slice(); 2]);
    let mut ada = victim.ada();
    (0..15).for_each(|_| drop(ada.ok("UID COPY 1:* INBOX")));
    let changes = ["+", "-"].map(|sign| format!("a STORE 1:* {sign}FLAGS.SILENT (\\Draft)\r\n"));
    let count = scaled(FEW);
    let mut users = victim.users(count);
    let before = victim.measure();
    say_all(&mut users, changes.concat().repeat(5).as_bytes());
    victim.assert_bounded(before, "STORE of 65,536 messages by all at once", count, 700);
}

/// Two hundred messages that are never finished: the beginning of each waits in memory.
#[test]
fn messages_of_one_append() {
    let message = [b" {70000+}\r\n", "x".repeat(70_000).as_bytes()].concat();
    let octets = [b"a APPEND INBOX", message.repeat(195).as_slice()].concat();
    let victim = Victim::new();
    let count = scaled(FEW);
    let mut users = victim.users(count);
    let before = victim.measure();
    say_all(&mut users, &octets);
    victim.assert_bounded(before, "MULTIAPPEND that is never finished", count, 9 * 1024);
}

/// So many MiB each, in a line and in a literal that is refused.
#[test]
fn compressed_floods() {
    for (name, begin) in [
        ("Compressed line without end", "a SEARCH "),
        ("Compressed literal that is refused", "a LOGIN {104857600+}\r\n"),
    ] {
        let (victim, count) = (Victim::new(), scaled(FEW));
        let mut users = victim.users(count);
        let before = victim.measure();
        users.iter_mut().for_each(|user| user.ask("z COMPRESS DEFLATE\r\n", "\r\nz OK"));
        say_all(&mut users, &bomb(begin));
        victim.assert_bounded(before, name, count, 1200);
        drop::<Vec<Rude>>(users);
    }
}

/// What stands for many octets behind a beginning, made without ever having them.
fn bomb(begin: &str) -> Vec<u8> {
    let mut deflate = Compress::new(Compression::best(), false);
    let mebibyte = "x".repeat(1 << 20);
    let mut out = Vec::with_capacity(1 << 20);
    deflate.compress_vec(begin.as_bytes(), &mut out, FlushCompress::Sync).unwrap();
    for _ in 0..MEBIBYTES {
        deflate.compress_vec(mebibyte.as_bytes(), &mut out, FlushCompress::Sync).unwrap();
    }
    assert!(deflate.total_in() > MEBIBYTES << 20 && out.len() < 1 << 20, "{} octets", out.len());
    out
}
