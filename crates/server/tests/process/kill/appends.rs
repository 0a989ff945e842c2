//! Killed in the middle of appends.

use crate::rookery::{Data, Server};
use std::collections::HashSet;
use std::sync::Mutex;
use std::time::{Duration, Instant};

const ROUNDS: u32 = 50;
const CLIENTS: u32 = 4;

#[test]
fn nothing_acknowledged_is_lost() {
    let data = Data::with_ada();
    let acknowledged = Mutex::new(HashSet::new());
    for round in 0..ROUNDS {
        let server = data.serve();
        append_until_killed(server, round, &acknowledged);
    }
    let server = data.serve();
    let mut client = server.ada();
    client.ok("SELECT INBOX");
    let found = client.messages();
    let acknowledged = acknowledged.into_inner().unwrap();
    eprintln!("{} messages acknowledged, {} found", acknowledged.len(), found.len());
    assert!(
        acknowledged.len() > ROUNDS as usize,
        "the server was killed too early to tell anything"
    );
    let known =
        |message: &Vec<u8>| message.starts_with(b"Subject: ") && message.ends_with(b"end\r\n");
    assert!(found.iter().all(known), "a message was torn");
    let found: HashSet<_> = found.into_iter().collect();
    assert_eq!(acknowledged.difference(&found).count(), 0);
}

/// Let clients append as fast as they can, and kill the server after a time that differs by round.
fn append_until_killed(server: Server, round: u32, acknowledged: &Mutex<HashSet<Vec<u8>>>) {
    let before = acknowledged.lock().unwrap().len();
    let clients: Vec<_> = (0..CLIENTS).map(|_| server.ada()).collect();
    std::thread::scope(|scope| {
        for (number, mut client) in clients.into_iter().enumerate() {
            scope.spawn(move || {
                for count in 0_u32.. {
                    let message = message(round, number, count);
                    if client.append(&message).is_none() {
                        return;
                    }
                    acknowledged.lock().unwrap().insert(message);
                }
            });
        }
        let begun = wait_for_more_than(before, acknowledged);
        std::thread::sleep(Duration::from_millis(u64::from(round * 7919 % 120)));
        server.kill();
        assert!(begun, "the server acknowledged nothing in round {round}");
    });
}

/// Wait for the first message of a round, but not for ever.
fn wait_for_more_than(before: usize, acknowledged: &Mutex<HashSet<Vec<u8>>>) -> bool {
    let start = Instant::now();
    while start.elapsed() < Duration::from_secs(10) {
        if acknowledged.lock().unwrap().len() > before {
            return true;
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    false
}

/// A message that no other is like, of a size between a line and many blocks of a disk.
fn message(round: u32, client: usize, count: u32) -> Vec<u8> {
    let lines = "a line of text that fills the message\r\n".repeat((count as usize * 97) % 500);
    format!("Subject: {round} {client} {count}\r\n\r\n{lines}end\r\n").into_bytes()
}
