//! A file system that cannot be written to. As root only: it is one of the test's own.

use crate::rookery::Data;
use std::time::{Duration, Instant};

const MESSAGE: &str = "Subject: x\r\n\r\nx\r\n";

#[test]
fn mail_on_a_read_only_file_system_can_be_read_and_changed_when_it_is_writable_again() {
    let data = Data::new();
    let Some(mount) = data.mount(16) else {
        println!("skipped: no file system can be mounted here");
        return;
    };
    let added = data.run_with(&["account", "add", "ada", "--password-stdin"], b"tulip\n");
    assert_eq!(added.code, 0, "{}", added.err);
    let server = data.serve();
    server.ada().append(MESSAGE.as_bytes()).unwrap();
    server.kill();
    data.remount("ro");

    let server = data.serve();
    let mut ada = server.ada();
    ada.ok("SELECT INBOX");
    assert_eq!(ada.messages(), [MESSAGE.as_bytes()]);
    let append = format!("APPEND INBOX {{{}+}}\r\n{MESSAGE}", MESSAGE.len());
    for command in ["STORE 1 +FLAGS (\\Seen)", "CREATE Elsewhere", &append] {
        let refused = ada.command(command).pop().unwrap();
        assert!(refused.contains(" NO "), "{command}: {refused}");
    }
    data.remount("rw");
    let deadline = Instant::now() + Duration::from_secs(20);
    while !server.ada().command(&append).pop().unwrap().contains(" OK ") {
        assert!(Instant::now() < deadline, "it stays read-only");
        std::thread::sleep(Duration::from_millis(200));
    }
    let mut again = server.ada();
    again.ok("SELECT INBOX");
    assert_eq!(again.messages().len(), 2);
    // Commands reach it as well, though their socket could not be bound at first.
    while data.run(&["account", "disable", "ada"]).code != 0 {
        assert!(Instant::now() < deadline, "commands do not reach it");
    }
    assert_eq!(data.log().matches("no socket for administration").count(), 1);
    drop(mount);
}
