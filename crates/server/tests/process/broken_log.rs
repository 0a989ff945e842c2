//! A log that nobody reads, or that cannot be written, while everybody is served.

use crate::rookery::Data;
use std::fs::File;
use std::process::Stdio;

/// Go through what is logged, at any level that is on, and through a signal; nobody notices.
fn check_service(data: &Data, log: Stdio) {
    let server = data.serve_logging_to(log);
    let mut before = server.ada();
    for _ in 0..3 {
        server.ada().ok("LOGOUT");
        assert!(server.connect("imap").command("LOGIN ada daffodil")[0].contains(" NO "));
        assert!(
            server.connect("lmtp").deliver("ada@example.org", "a: b\r\n\r\nx").starts_with("250")
        );
        server.signal("HUP");
    }
    before.ok("SELECT INBOX");
    assert_eq!(before.messages().len(), 3);
    server.signal("TERM");
    assert!(server.wait().success());
}

#[test]
fn a_log_on_a_full_disk_disturbs_nobody() {
    check_service(&Data::with_ada(), File::create("/dev/full").unwrap().into());
}

#[test]
fn a_log_whose_reader_is_gone_disturbs_nobody() {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    check_service(&Data::with_ada(), writer.into());
}

#[test]
fn a_log_that_nobody_reads_disturbs_nobody() {
    let (_reader, writer) = std::io::pipe().unwrap();
    let mut full = writer.try_clone().unwrap();
    // A pipe takes 64 KiB; whoever writes more waits.
    std::io::Write::write_all(&mut full, &[b'x'; 65_536]).unwrap();
    check_service(&Data::with_ada(), writer.into());
}
