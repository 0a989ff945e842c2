//! A disk that fails where messages are put while they come in: a file is where their directory should be.

use crate::client::Client;
use crate::rookery::Data;

fn append(client: &mut Client, octets: usize) -> String {
    let text = "x".repeat(octets);
    let answer = client.command(&format!("APPEND INBOX {{{octets}+}}\r\n{text}"));
    answer.last().unwrap().clone()
}

/// Nobody is told of a bug, nor that the message can never be taken; all else goes on, and so does this when the disk does.
#[test]
fn a_message_that_cannot_be_spooled_is_put_off() {
    const LONG: usize = 1_000_000;
    let data = Data::with_ada();
    let server = data.serve();
    let mut ada = server.ada();
    let place = data.dir().join("accounts/ada/tmp");
    std::fs::remove_dir(&place).unwrap();
    std::fs::write(&place, "in the way").unwrap();
    for _ in 0..2 {
        let answer = append(&mut ada, LONG);
        assert!(answer.contains(" NO [UNAVAILABLE] "), "{answer}");
        let lines = "this line is as long as others\r\n".repeat(LONG / 32);
        let answer = server.connect("lmtp").deliver("ada", &format!("Subject: x\r\n\r\n{lines}"));
        assert!(answer.starts_with("451 4.3.0 "), "{answer}");
    }
    data.await_log("spooling a message: ");
    let answer = append(&mut ada, 100);
    assert!(answer.contains(" OK "), "what is short needs no file: {answer}");
    std::fs::remove_file(&place).unwrap();
    std::fs::create_dir(&place).unwrap();
    let answer = append(&mut ada, LONG);
    assert!(answer.contains(" OK "), "{answer}");
}
