//! `rookery export` where not all is as it should be.

use crate::client::Client;
use crate::rookery::Data;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

/// The UIDs of a folder, and what its list begins with: UIDVALIDITY and the next UID.
fn uidlist(folder: &Path) -> (u32, u32, Vec<u32>) {
    let text = std::fs::read_to_string(folder.join("dovecot-uidlist")).unwrap();
    let mut lines = text.lines();
    let first: Vec<_> = lines.next().unwrap().split(' ').collect();
    let number = |text: &str| text.parse::<u32>().unwrap();
    let uids = lines.map(|line| number(line.split_once(" :").unwrap().0)).collect();
    assert_eq!(first[0], "3");
    (number(first[1].strip_prefix('V').unwrap()), number(first[2].strip_prefix('N').unwrap()), uids)
}

fn uid_validity(client: &mut Client, mailbox: &str) -> u32 {
    let answer = client.ok(&format!("STATUS {mailbox} (UIDVALIDITY)")).swap_remove(0);
    let (_, number) = answer.split_once("(UIDVALIDITY ").unwrap();
    number.trim_end_matches(')').parse().unwrap()
}

#[test]
fn a_damaged_message_is_left_out_and_gaps_and_uidvalidity_are_kept() {
    let data = Data::with_ada();
    let server = data.serve();
    let mut ada = server.ada();
    for body in ["one", "two", "a needle in the hay", "four"] {
        ada.append(format!("Subject: x\r\n\r\n{body}\r\n").as_bytes()).unwrap();
    }
    ada.ok("CREATE Other");
    ada.ok("APPEND Other {3+}\r\nx:y");
    ada.ok("SELECT INBOX");
    ada.ok("STORE 2 +FLAGS (\\Deleted)");
    ada.ok("EXPUNGE");
    let known = (uid_validity(&mut ada, "INBOX"), uid_validity(&mut ada, "Other"));
    server.signal("TERM");
    assert!(server.wait().success());

    let segment = data.dir().join("accounts/ada/seg/1.seg");
    let mut octets = std::fs::read(&segment).unwrap();
    let at = octets.windows(6).rposition(|window| window == b"needle").unwrap();
    octets[at..at + 3].fill(b'x');
    std::fs::write(&segment, octets).unwrap();

    let out = data.beside("out");
    let done = data.run(&["export", "ada", "--maildir", out.to_str().unwrap()]);
    assert_eq!(done.code, 1, "{}", done.out);
    assert!(done.err.contains("INBOX: UID 3 left out: "), "{}", done.err);
    assert!(done.out.contains("  INBOX    2\n"), "{}", done.out);
    assert!(done.out.contains("  Other    1\n"), "{}", done.out);
    let (inbox, next, uids) = uidlist(&out);
    assert_eq!((inbox, next, uids), (known.0, 5, vec![1, 4]));
    let (other, next, uids) = uidlist(&out.join(".Other"));
    assert_eq!((other, next, uids), (known.1, 2, vec![1]));
}

#[test]
fn mail_comes_in_and_mailboxes_go_while_an_account_is_exported() {
    let data = Data::with_ada();
    let server = data.serve();
    let mut ada = server.ada();
    (0..20).for_each(|_| ada.append(b"Subject: x\r\n\r\nx\r\n").unwrap());
    let is_done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut writer = server.ada();
            let mut changer = server.ada();
            while !is_done.load(Ordering::Relaxed) {
                writer.append(b"Subject: y\r\n\r\ny\r\n").unwrap();
                changer.ok("CREATE Zoo");
                changer.ok("RENAME Zoo Zone");
                changer.ok("DELETE Zone");
            }
        });
        for round in 0..5 {
            let out = data.beside(&format!("out{round}"));
            let done = data.run(&["export", "ada", "--maildir", out.to_str().unwrap()]);
            let is_right = done.code == 0 || done.err.contains("Zo");
            assert!(is_right && done.out.contains("mailboxes exported"), "{}", done.err);
            let (_, next, uids) = uidlist(&out);
            assert!(uids.len() >= 20 && uids.iter().all(|&uid| uid < next), "{next}: {uids:?}");
            let files = std::fs::read_dir(out.join("cur")).unwrap().count();
            assert_eq!(files, uids.len());
        }
        is_done.store(true, Ordering::Relaxed);
    });
}
