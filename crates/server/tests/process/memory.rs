//! How much memory strangers can make the server take.

use crate::rookery::Data;
use std::time::Instant;

/// Clients that guess at the same time.
const CLIENTS: u32 = 25;
/// Connections of each client, one after the other: the server sends who fails often away.
const CONNECTIONS: u32 = 4;
/// Wrong logins on each connection.
const GUESSES: u32 = 5;
/// The most memory that the server may ever have had, in KiB.
const BOUND: u64 = 150 * 1024;

#[test]
fn wrong_logins_do_not_exhaust_memory() {
    let data = Data::with_ada();
    let server = data.serve();
    let start = Instant::now();
    std::thread::scope(|scope| {
        for client in 0..CLIENTS {
            let server = &server;
            scope.spawn(move || {
                for connection in 0..CONNECTIONS {
                    let mut imap = server.connect("imap");
                    for guess in 0..GUESSES {
                        let login = format!("LOGIN user-{client}-{connection}-{guess} daffodil");
                        let answer = imap.command(&login).pop().unwrap();
                        assert!(answer.contains(" NO [AUTHENTICATIONFAILED]"), "{answer}");
                    }
                }
            });
        }
    });
    let (now, most) = (server.memory("VmRSS"), server.memory("VmHWM"));
    let logins = CLIENTS * CONNECTIONS * GUESSES;
    eprintln!("{logins} wrong logins in {:?}: {most} KiB at most, {now} now", start.elapsed());
    assert!(most < BOUND, "{most} KiB");
}
