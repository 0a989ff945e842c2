//! `rookery check`, with and without a running server.

use crate::rookery::Data;
use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

/// Two messages in `ada`'s inbox, of which the first is the larger one.
fn data() -> Data {
    let data = Data::with_ada();
    for body in ["a needle in the hay ".repeat(100), "short".to_owned()] {
        let message = format!("Subject: x\r\n\r\n{body}");
        assert_eq!(data.run_with(&["deliver", "ada"], message.as_bytes()).code, 0);
    }
    data
}

fn file(data: &Data, name: &str) -> PathBuf {
    data.dir().join("accounts/ada").join(name)
}

fn check(data: &Data, args: &[&str]) -> (i32, String) {
    let done = data.run(&[&["check"], args].concat());
    (done.code, done.out + &done.err)
}

/// Change so many octets of the first message.
fn damage(data: &Data, count: usize) -> Vec<u8> {
    let path = file(data, "seg/1.seg");
    let mut octets = std::fs::read(&path).unwrap();
    let at = octets.windows(6).rposition(|window| window == b"needle").unwrap();
    octets[at..at + count].iter_mut().for_each(|octet| *octet ^= 1);
    std::fs::write(&path, &octets).unwrap();
    octets
}

#[test]
fn accounts_are_checked_without_a_server() {
    checked(&data(), false);
}

#[test]
fn accounts_are_checked_through_a_server() {
    let data = data();
    let server = data.serve();
    let mut client = server.ada();
    client.ok("SELECT INBOX");
    checked(&data, true);
    assert!(client.command("FETCH 1 BODY.PEEK[]").last().unwrap().contains(" NO "));
    client.ok("FETCH 2 (ENVELOPE BODY.PEEK[TEXT])");
}

fn checked(data: &Data, is_loaded: bool) {
    assert_eq!(data.run(&["account", "add", "eve"]).code, 0);
    let (code, text) = check(data, &[]);
    assert_eq!(code, 0, "{text}");
    assert!(text.starts_with("ada: nothing is wrong (2 messages, "), "{text}");
    assert!(text.contains("\neve: nothing is wrong (0 messages, "), "{text}");
    let (code, text) = check(data, &["nobody"]);
    assert!(code == 1 && text.contains("no such account nobody"), "{text}");

    std::fs::set_permissions(file(data, "account.toml"), Permissions::from_mode(0o644)).unwrap();
    std::fs::write(file(data, "account.idx"), "rubbish").unwrap();
    std::fs::write(file(data, "account.01234567.new"), "rubbish").unwrap();
    let (code, text) = check(data, &["ada"]);
    assert_eq!(code, 1);
    for expected in [
        "ada: 2 faults (",
        "\n  account.toml: its mode is 0644\n",
        "\n  account.idx: an index snapshot is damaged",
        "\n  account.01234567.new: a file that a crash left (a note)\n",
        "rookery: something is wrong with 1 account\n",
        "`rookery check --repair`",
    ] {
        assert!(text.contains(expected), "{expected}: {text}");
    }
    let (code, text) = check(data, &["--repair"]);
    assert_eq!(code, 0, "{text}");
    assert!(text.contains("mended: its mode is 0600 now") && text.contains("mended: removed"));
    let how =
        if is_loaded { "mended: written anew" } else { "mended: removed; they are made anew" };
    assert!(text.contains(how), "{text}");
    assert_eq!(check(data, &[]).0, 0);

    let octets = damage(data, 2);
    for args in [&["ada", "--repair"][..], &[]] {
        let (code, text) = check(data, args);
        assert_eq!(code, 1);
        assert!(text.contains(": a message is damaged\n    concerns \"INBOX\", UID 1\n"), "{text}");
        assert!(text.contains("reading this message fails; everything else works"), "{text}");
    }
    assert_eq!(
        std::fs::read(file(data, "seg/1.seg")).unwrap(),
        octets,
        "what cannot be mended is left alone"
    );
    let (code, text) = check(data, &["ada", "--json"]);
    assert!(code == 1 && text.contains("\"uids\": \"1\"") && text.contains("\"is_wrong\": true"));

    std::fs::write(file(data, "account.toml"), "no toml").unwrap();
    let (_, text) = check(data, &[]);
    assert!(text.contains("account.toml: it cannot be read: "), "{text}");
    assert!(data.run(&["account", "list"]).out.contains("ada   account.toml cannot be read"));
}

/// A message that does not fit into one read is refused before any of it is sent, and nobody makes a good copy of it.
#[test]
fn a_large_message_that_is_damaged_is_refused_before_it_is_sent() {
    let data = Data::with_ada();
    for body in ["a needle in the hay ".repeat(20_000), "short".to_owned()] {
        let message = format!("Subject: x\r\n\r\n{body}");
        assert_eq!(data.run_with(&["deliver", "ada"], message.as_bytes()).code, 0);
    }
    damage(&data, 2);
    let server = data.serve();
    let mut client = server.ada();
    client.ok("SELECT INBOX");
    for command in [
        "FETCH 1 BODY.PEEK[]",
        "FETCH 1 BODY.PEEK[TEXT]",
        "FETCH 1 BODY.PEEK[1]",
        "FETCH 1 BINARY.PEEK[1]",
        "FETCH 1 BODY.PEEK[]<300000.1000000>",
        "APPEND INBOX CATENATE (URL \"/INBOX/;UID=1\")",
    ] {
        let answer = client.command(command).pop().unwrap();
        assert!(answer.contains(" NO [CORRUPTION]"), "{command}: {answer}");
    }
    client.ok("FETCH 1 (ENVELOPE BODY.PEEK[]<20.100000>)");
    client.ok("FETCH 2 BODY.PEEK[TEXT]");
    let status = client.ok("STATUS INBOX (MESSAGES)");
    assert!(status[0].contains("MESSAGES 2"), "{status:?}");
}

#[test]
fn a_flipped_bit_costs_nothing() {
    let data = data();
    let before = std::fs::read(file(&data, "seg/1.seg")).unwrap();
    assert_ne!(damage(&data, 1), before);
    assert_eq!(check(&data, &[]).0, 1);
    let (code, text) = check(&data, &["--repair"]);
    assert!(code == 0 && text.contains("a bit of a message was another one"), "{text}");
    assert_eq!(std::fs::read(file(&data, "seg/1.seg")).unwrap(), before);
    assert_eq!(check(&data, &[]).0, 0);
}

/// An account whose log is damaged can be read, is repaired while the server runs, and goes on; others never notice.
#[test]
fn a_damaged_account_can_be_read_and_goes_on_when_it_is_repaired() {
    let data = data();
    assert_eq!(data.run(&["account", "add", "eve"]).code, 0);
    let validity = |data: &Data| {
        let server = data.serve();
        let lines = server.ada().ok("STATUS INBOX (UIDVALIDITY)");
        let number = lines[0].rsplit(' ').next().unwrap().trim_end_matches(')').to_owned();
        number.parse::<u32>().unwrap()
    };
    let validity_before = validity(&data);
    std::fs::remove_file(file(&data, "account.idx")).unwrap();
    let mut octets = std::fs::read(file(&data, "seg/1.seg")).unwrap();
    // The change that made the mailboxes.
    octets[70..72].fill(0xff);
    std::fs::write(file(&data, "seg/1.seg"), &octets).unwrap();
    let server = data.serve();
    let mut client = server.ada();
    client.ok("SELECT INBOX");
    let lines = client.command("FETCH 1:* BODY.PEEK[TEXT]");
    assert!(lines.iter().any(|line| line.contains("a needle in the hay")), "{lines:?}");
    assert!(lines.iter().any(|line| line.contains("short")), "{lines:?}");
    let refused = client.command("CREATE x");
    assert!(refused.last().unwrap().contains(" NO "), "{refused:?}");
    assert_eq!(data.run_with(&["deliver", "eve"], b"Subject: x\r\n\r\nx").code, 0);

    let (code, text) = check(&data, &[]);
    assert_eq!(code, 1);
    for expected in [
        "seg/1.seg, octet 64: this should be a frame header with its checksum",
        "change 1 is missing here",
        "the account opens with what can be read, and takes no changes",
    ] {
        assert!(text.contains(expected), "{expected}: {text}");
    }
    let (code, text) = check(&data, &["ada", "--repair"]);
    assert!(code == 1 && text.contains("disconnect its clients"), "{text}");
    drop(client);
    let (mut code, mut text) = check(&data, &["ada", "--repair"]);
    for _ in 0..100 {
        if !text.contains("disconnect its clients") {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(50));
        (code, text) = check(&data, &["ada", "--repair"]);
    }
    assert!(code == 1 && text.contains("goes on in 2.seg with all that can be read"), "{text}");
    let last = "rookery: changes that cannot be read any more are lost from 1 account, mail that they brought with them; no later check will say so\n";
    assert!(text.ends_with(last), "{text}");
    assert_eq!(check(&data, &["ada"]).0, 0, "nothing is wrong with it any more");
    assert!(text.contains("the change that made the mailbox INBOX is missing"), "{text}");
    assert!(text.contains("it has a new UIDVALIDITY"), "{text}");
    assert!(!text.contains("the mailbox Recovered is missing"), "{text}");
    let lines = server.ada().ok("STATUS INBOX (UIDVALIDITY)");
    let number = lines[0].rsplit(' ').next().unwrap().trim_end_matches(')').parse::<u32>();
    assert!(number.unwrap() > validity_before, "{lines:?}: it was {validity_before}");
    let mut client = server.ada();
    client.ok("CREATE x");
    client.ok("SELECT INBOX");
    client.ok("MOVE 1 x");
    assert_eq!(check(&data, &[]).0, 0);
    assert_eq!(std::fs::read(file(&data, "seg/1.seg")).unwrap(), octets);
}

/// What is damaged of one message concerns that message only, and the log says so when the account is opened without
/// its indexes.
#[test]
fn a_damaged_message_costs_that_message() {
    let data = data();
    damage(&data, 2);
    std::fs::remove_file(file(&data, "account.idx")).unwrap();
    let server = data.serve();
    let mut client = server.ada();
    client.ok("SELECT INBOX");
    assert!(client.command("FETCH 1 BODY.PEEK[]").last().unwrap().contains(" NO "));
    client.ok("FETCH 2 BODY.PEEK[TEXT]");
    client.ok("STORE 1:2 +FLAGS (\\Seen)");
    data.await_log("something of a message is damaged");
    let warned = data.log();
    let line = warned.lines().find(|line| line.contains("something of a message is damaged"));
    let line = line.unwrap_or_else(|| panic!("{warned}"));
    assert!(line.contains("segment=1") && line.contains("email=1"), "{line}");
    // It is reported until it is expunged, by whatever looks.
    for args in [&["ada", "--repair"][..], &[]] {
        let (code, text) = check(&data, args);
        assert!(code == 1 && text.contains("concerns \"INBOX\", UID 1\n"), "{text}");
        assert!(text.contains("Restore it from a backup, or expunge it"), "{text}");
    }
    client.ok("STORE 1 +FLAGS (\\Deleted)");
    client.ok("EXPUNGE");
    let (code, text) = check(&data, &[]);
    assert!(code == 0 && text.contains(": a message is damaged (a note)\n"), "{text}");
}

/// A damaged summary costs nothing, and a damaged frame only its message, as long as the indexes know of it.
#[test]
fn damage_around_a_message_does_not_disturb_others() {
    for (part, is_lost) in [("summary", false), ("header", true), ("summary and message", true)] {
        let data = data();
        let path = file(&data, "seg/1.seg");
        let mut octets = std::fs::read(&path).unwrap();
        let frame = octets.windows(5).position(|window| window == b"RkFr\x01").unwrap();
        let meta = u32::from_le_bytes(*octets[frame + 24..].first_chunk().unwrap()) as usize;
        let summary = u32::from_le_bytes(*octets[frame + 28..].first_chunk().unwrap()) as usize;
        let places = match part {
            "summary" => vec![frame + 64 + meta + 3],
            "header" => vec![frame + 9],
            _ => vec![frame + 64 + meta + 3, frame + 64 + meta + summary + 3],
        };
        places.into_iter().for_each(|place| octets[place] ^= 1);
        std::fs::write(&path, octets).unwrap();
        let server = data.serve();
        let mut client = server.ada();
        client.ok("SELECT INBOX");
        for command in ["FETCH 1:2 ENVELOPE", "FETCH 1:2 BODYSTRUCTURE"] {
            let lines = client.command(command);
            let told: Vec<&str> = lines.iter().filter_map(|line| line.get(..9)).collect();
            assert!(told.contains(&"* 2 FETCH"), "{part}: {lines:?}");
            assert_eq!(told.contains(&"* 1 FETCH"), !is_lost, "{part}: {lines:?}");
            let last = lines.last().unwrap();
            assert_eq!(last.contains(" NO [CORRUPTION]"), is_lost, "{part}: {lines:?}");
            assert!(is_lost || last.contains(" OK "), "{part}: {lines:?}");
        }
        client.ok("SEARCH SUBJECT x");
        client.ok("STORE 1:2 +FLAGS (\\Seen)");
        client.ok("COPY 2 Archive");
    }
}

/// Whatever an account has lost is said, and what is somebody else's opens nothing.
#[test]
fn what_an_account_has_lost_is_said() {
    let data = data();
    assert_eq!(data.run(&["account", "add", "eve"]).code, 0);
    let own = std::fs::read(file(&data, "account.toml")).unwrap();
    std::fs::copy(data.dir().join("accounts/eve/account.toml"), file(&data, "account.toml"))
        .unwrap();
    let (code, text) = check(&data, &[]);
    let what = "account.toml: it cannot be read: it says that it is of the account eve";
    assert!(code == 1 && text.contains(what), "{text}");

    std::fs::remove_file(file(&data, "account.toml")).unwrap();
    let made = std::process::Command::new("mkfifo").arg(file(&data, "account.toml")).status();
    assert!(made.unwrap().success());
    let (code, text) = check(&data, &[]);
    assert!(code == 1 && text.contains("it is not a regular file"), "{text}");

    std::fs::remove_file(file(&data, "account.toml")).unwrap();
    std::fs::write(file(&data, "account.toml"), own).unwrap();
    std::fs::set_permissions(file(&data, "account.toml"), Permissions::from_mode(0o600)).unwrap();
    let (code, text) = check(&data, &[]);
    assert_eq!(code, 0, "{text}");
    std::fs::remove_dir_all(file(&data, "seg")).unwrap();
    for args in [&[][..], &["ada"], &["ada", "--repair"]] {
        let (code, text) = check(&data, args);
        assert!(code == 1 && text.contains("the directory of the log, is missing"), "{text}");
    }
}
