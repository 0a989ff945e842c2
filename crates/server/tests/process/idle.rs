//! How soon mail that comes in is seen.

use crate::rookery::Data;
use std::time::{Duration, Instant};

#[test]
fn delivered_mail_appears_in_an_idle_client() {
    let data = Data::with_ada();
    let server = data.serve();
    let mut idle = server.ada();
    idle.ok("SELECT INBOX");
    idle.send(b"i IDLE\r\n").unwrap();
    assert!(idle.line().unwrap().starts_with('+'));
    let mut slowest = Duration::ZERO;
    for number in 1..=10 {
        let mut lmtp = server.connect("lmtp");
        let start = Instant::now();
        let answer = lmtp.deliver("ada@example.org", "Subject: x\r\n\r\nx");
        assert!(answer.starts_with("250"), "{answer}");
        let exists = format!("* {number} EXISTS");
        while idle.line().unwrap() != exists {}
        slowest = slowest.max(start.elapsed());
    }
    eprintln!("from the first LMTP command to EXISTS in the IDLE client: {slowest:?} at most");
    assert!(slowest < Duration::from_secs(1), "{slowest:?}");
    assert!(data.log().contains("lmtp: delivered"), "{}", data.log());
}
