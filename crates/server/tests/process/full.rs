//! A full disk: a small file system of the server's own. These tests mount one, where they may, and say so where they may not.

use crate::client::Client;
use crate::rookery::{Data, Mount};
use std::fs::File;
use std::io::Write;
use std::time::{Duration, Instant};

const MIB: usize = 1 << 20;

/// A data directory on a file system of so many MiB, with the account `ada`; `None` where nothing can be mounted.
fn small(mib: usize) -> Option<(Data, Mount)> {
    let data = Data::new();
    let mount = data.mount(mib);
    if mount.is_none() {
        println!("skipped: no file system can be mounted here");
    }
    let mount = mount?;
    let added = data.run_with(&["account", "add", "ada", "--password-stdin"], b"tulip\n");
    assert_eq!(added.code, 0, "{}", added.err);
    Some((data, mount))
}

/// A message of about so many octets that no other is like.
fn message(number: usize, octets: usize) -> String {
    let line = format!("{number} fills the disk with lines of this length or another\r\n");
    format!("Subject: {number}\r\n\r\n{}", line.repeat(octets / line.len()))
}

/// Append a message; says what is answered.
fn append(client: &mut Client, text: &str) -> String {
    let lines = client.command(&format!("APPEND INBOX {{{}+}}\r\n{text}", text.len()));
    lines.last().unwrap().clone()
}

/// Append large messages, and ever smaller ones, until all are refused for want of space; what is there now.
fn fill(client: &mut Client) -> Vec<Vec<u8>> {
    let mut all = Vec::new();
    for octets in [MIB, MIB / 16, 4096, 100] {
        loop {
            let text = message(all.len(), octets);
            let answer = append(client, &text);
            if !answer.contains(" OK ") {
                assert!(answer.contains(" NO [OVERQUOTA] "), "{answer}");
                break;
            }
            all.push(text.into_bytes());
        }
    }
    all
}

/// Everything can be read.
fn check_read(client: &mut Client, all: &[Vec<u8>]) {
    client.ok("SELECT INBOX");
    assert!(client.messages() == all, "what was appended is there");
    let found = client.ok("SEARCH SUBJECT 1 LARGER 10");
    assert!(found[0].starts_with("* SEARCH 2"), "{found:?}");
}

#[test]
fn a_full_disk_refuses_mail_and_lets_all_else_go_on() {
    let Some((data, mount)) = small(24) else { return };
    let server = data.serve();
    assert_eq!(data.run(&["account", "add", "eve"]).code, 0);
    // What goes when `eve` goes.
    let large = message(0, 3 * MIB);
    assert_eq!(data.run_with(&["deliver", "eve"], large.as_bytes()).code, 0);
    let mut ada = server.ada();
    let all = fill(&mut ada);
    assert!(all.len() > 15, "{}", all.len());
    for size in [10, 100_000] {
        let refused = append(&mut ada, &message(1, size));
        assert!(refused.contains(" NO [OVERQUOTA] "), "{refused}");
        let refused = server.connect("lmtp").deliver("ada@example.org", &message(1, size));
        assert!(refused.starts_with("452 4.3.1 "), "{refused}");
    }
    let refused = data.run_with(&["deliver", "ada"], large.as_bytes());
    assert!(refused.code == 1 && refused.err.contains("space"), "{}", refused.err);
    check_read(&mut server.ada(), &all);

    // What frees space can be done, and what takes next to none.
    ada.ok("SELECT INBOX");
    ada.ok("CREATE Elsewhere");
    ada.ok("MOVE 1 Elsewhere");
    ada.ok("STORE 1 +FLAGS (\\Deleted)");
    assert!(ada.ok("EXPUNGE")[0].ends_with(" EXPUNGE"));
    ada.ok("DELETE Elsewhere");
    assert_eq!(data.run(&["account", "delete", "eve"]).code, 0);
    assert!(append(&mut ada, &message(1, MIB)).contains(" OK "), "there is space again");
    drop(mount);
}

/// Others may fill it up to the last block.
#[test]
fn a_disk_without_any_space_can_be_read_and_recovers() {
    let Some((data, mount)) = small(16) else { return };
    let server = data.serve();
    let mut ada = server.ada();
    let all: Vec<_> = (0..3).map(|number| message(number, MIB).into_bytes()).collect();
    all.iter().for_each(|text| ada.append(text).unwrap());
    let filler = mount.inside(&data.dir().join("filler"));
    let mut file = File::create(&filler).unwrap();
    for size in [MIB, 4096, 1] {
        while file.write_all(&vec![1; size]).is_ok() {}
    }
    check_read(&mut server.ada(), &all);
    let refused = append(&mut ada, "Subject: x\r\n\r\nx\r\n");
    assert!(refused.contains(" NO [OVERQUOTA] "), "{refused}");
    // There may be room in the last block of the log for some of these, and none for all.
    let answers: Vec<String> =
        (0..100).map(|number| ada.command(&format!("CREATE Box{number}")).pop().unwrap()).collect();
    let refused = answers.iter().filter(|it| it.contains(" NO [OVERQUOTA] ")).count();
    let created = answers.iter().filter(|it| it.contains(" OK ")).count();
    assert!(refused > 0 && refused + created == 100, "{answers:?}");
    let refused = data.run(&["account", "add", "eve"]);
    assert!(refused.code == 1 && refused.err.contains("space"), "{}", refused.err);
    assert_eq!(data.run(&["account", "list"]).code, 0);
    drop(file);
    std::fs::remove_file(&filler).unwrap();
    ada.ok("CREATE Box100");
    assert!(append(&mut ada, "Subject: x\r\n\r\nx\r\n").contains(" OK "));
    assert_eq!(data.run(&["account", "add", "eve"]).code, 0);

    server.kill();
    let server = data.serve();
    let mut ada = server.ada();
    let boxes = ada.ok("LIST \"\" Box*").len() - 1;
    assert_eq!(boxes, created + 1, "what was refused is not there, what was not refused is");
    ada.ok("SELECT INBOX");
    assert_eq!(ada.messages().len(), 4);
}

/// Space comes back from the segment that is written to, if what is left of it finds room in what is kept from mail.
#[test]
fn who_expunges_on_a_full_disk_can_append_again() {
    let Some((data, mount)) = small(24) else { return };
    let server = data.serve();
    let mut ada = server.ada();
    let all = fill(&mut ada);
    ada.ok("SELECT INBOX");
    let gone = all.len() - 5;
    ada.ok(&format!("STORE 1:{gone} +FLAGS (\\Deleted)"));
    ada.ok("EXPUNGE");
    let deadline = Instant::now() + Duration::from_secs(20);
    while !append(&mut ada, &message(0, MIB)).contains(" OK ") {
        assert!(Instant::now() < deadline, "no space has come back");
        std::thread::sleep(Duration::from_millis(100));
    }
    let mut left = all[gone..].to_vec();
    left.push(message(0, MIB).into_bytes());
    assert!(mail(server.ada()) == left);
    server.kill();
    assert!(mail(data.serve().ada()) == left);
    drop(mount);
}

/// What is in the mailbox of a new client.
fn mail(mut client: Client) -> Vec<Vec<u8>> {
    client.ok("SELECT INBOX");
    client.messages()
}

/// The size of any file is bounded (`LimitFSIZE`), so that a segment cannot grow: the system says so with a signal that ends who does
/// not know it.
#[test]
fn a_bound_to_the_size_of_files_refuses_mail_and_nothing_else() {
    let data = Data::with_ada();
    let any = "127.0.0.1:0";
    let server = data.start_with_small_files(2048, &["serve", "--imap", any, "--allow-plaintext"]);
    let (mut ada, mut other) = (server.ada(), server.ada());
    let all = fill(&mut ada);
    assert!(!all.is_empty(), "something fits");
    other.ok("SELECT INBOX");
    assert!(other.messages() == all, "what was appended is there");
    server.kill();
    check_read(&mut data.serve().ada(), &all);
}
