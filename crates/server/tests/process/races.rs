//! Clients that want the same thing at the same time: one of them gets it, and nothing is there twice.

use crate::client::Client;
use crate::rookery::{Data, Server};
use std::collections::BTreeMap;

/// Clients at the same time.
const CLIENTS: usize = 8;
/// Messages that all of them move.
const MESSAGES: usize = 40;

/// A client of an account with messages in the inbox, and a place for each client to move them to.
fn with_places(server: &Server) -> Client {
    let mut ada = server.ada();
    for number in 0..MESSAGES {
        let text = format!("Subject: {number}\r\n\r\nmessage\r\n");
        ada.append(text.as_bytes()).unwrap();
    }
    (0..CLIENTS).for_each(|number| drop(ada.ok(&format!("CREATE Place{number}"))));
    ada
}

/// How often each message is in this mailbox, by its text.
fn count(client: &mut Client, mailbox: &str, all: &mut BTreeMap<Vec<u8>, u32>) {
    client.ok(&format!("EXAMINE {mailbox}"));
    for message in client.messages() {
        *all.entry(message).or_default() += 1;
    }
}

/// No message is lost, and none is there twice, in the inbox and all places together.
fn check_each_is_there_once(ada: &mut Client) {
    let mut all = BTreeMap::new();
    count(ada, "INBOX", &mut all);
    (0..CLIENTS).for_each(|number| count(ada, &format!("Place{number}"), &mut all));
    assert_eq!(all.len(), MESSAGES, "none is lost");
    assert!(all.values().all(|count| *count == 1), "none is there twice: {all:?}");
}

/// Let every client do this at the same time.
fn together(server: &Server, what: impl Fn(usize, &mut Client) + Sync) {
    let clients: Vec<_> = (0..CLIENTS).map(|_| server.ada()).collect();
    std::thread::scope(|scope| {
        for (number, mut client) in clients.into_iter().enumerate() {
            let what = &what;
            scope.spawn(move || what(number, &mut client));
        }
    });
}

/// Each message ends in one place, once, whoever moved it, all at a time or one by one.
#[test]
fn messages_that_many_clients_move_end_in_one_place_once() {
    let data = Data::with_ada();
    let server = data.serve();
    let mut ada = with_places(&server);
    together(&server, |number, client| {
        client.ok("SELECT INBOX");
        for first in (1..=MESSAGES).step_by(number % 4 + 1) {
            let last = first + number % 4;
            // What is gone already is no error of the client's.
            let answer = client.command(&format!("UID MOVE {first}:{last} Place{number}"));
            let answer = answer.last().unwrap();
            assert!(answer.contains(" OK ") || answer.contains(" NO ["), "{answer}");
        }
    });
    let mut left = BTreeMap::new();
    count(&mut ada, "INBOX", &mut left);
    assert!(left.is_empty(), "all were moved: {left:?}");
    check_each_is_there_once(&mut ada);
}

/// The same by number, with clients that have not heard yet of what the others took.
#[test]
fn messages_that_many_clients_move_by_number_are_never_doubled() {
    let data = Data::with_ada();
    let server = data.serve();
    let mut ada = with_places(&server);
    together(&server, |number, client| {
        client.ok("SELECT INBOX");
        for _ in 0..MESSAGES {
            drop(client.command(&format!("MOVE 1 Place{number}")));
        }
    });
    check_each_is_there_once(&mut ada);
}

/// Every round makes and removes the mailbox under everybody's feet: each command is answered, never by an error of ours,
/// whoever makes it is the only one, and in the end the account is sound.
#[test]
fn a_mailbox_that_all_make_and_delete_is_there_or_not() {
    let data = Data::with_ada();
    let server = data.serve();
    together(&server, |number, client| {
        for round in 0..30 {
            let name = format!("shared/{}", round % 3);
            let command = match (number + round) % 4 {
                0 | 1 => format!("CREATE {name}"),
                2 => format!("DELETE {name}"),
                _ => format!("RENAME {name} other/{number}-{round}"),
            };
            let answer = client.command(&command).pop().unwrap();
            let expected = [" OK ", " NO [ALREADYEXISTS]", " NO [NONEXISTENT]", " NO [INUSE]"];
            assert!(expected.iter().any(|it| answer.contains(it)), "{command}: {answer}");
            client.command(&format!("STATUS {name} (MESSAGES UIDVALIDITY)"));
        }
    });
    let mut ada = server.ada();
    let before = ada.ok("LIST \"\" *");
    let mut names: Vec<_> = before.iter().filter(|line| line.starts_with("* LIST")).collect();
    let count = names.len();
    names.sort();
    names.dedup();
    assert_eq!(names.len(), count, "each name is there once: {before:?}");
    server.kill();
    let checked = data.run(&["check", "ada"]);
    assert_eq!(checked.code, 0, "{}{}", checked.out, checked.err);
    let after = data.serve().ada().ok("LIST \"\" *");
    assert_eq!(after[..count], before[..count], "a restart finds the same");
}

/// Of those who create a name at the same time one is told that it did, and of those who delete it one.
#[test]
fn of_many_who_create_or_delete_a_name_one_succeeds() {
    let data = Data::with_ada();
    let server = data.serve();
    for round in 0..10 {
        for verb in ["CREATE", "DELETE"] {
            let done = std::sync::atomic::AtomicUsize::new(0);
            together(&server, |_, client| {
                let answer = client.command(&format!("{verb} once-{round}")).pop().unwrap();
                let is_done = answer.contains(" OK ");
                assert!(is_done || answer.contains(" NO ["), "{answer}");
                done.fetch_add(usize::from(is_done), std::sync::atomic::Ordering::Relaxed);
            });
            assert_eq!(done.into_inner(), 1, "{verb}");
        }
    }
}
