//! Who is logged in when an administrator shuts an account, and who is about to be.

use crate::client::Client;
use crate::rookery::{Data, Server};
use std::sync::Barrier;
use std::time::{Duration, Instant};

/// How soon somebody who is logged in must be gone.
const SOON: Duration = Duration::from_secs(1);
/// How soon after a file was edited by hand: it is looked at every five seconds.
const NOT_SO_SOON: Duration = Duration::from_secs(10);

fn run(data: &Data, args: &[&str]) -> String {
    let done = data.run(args);
    assert_eq!(done.code, 0, "{args:?}: {}", done.err);
    done.err
}

/// A client that waits for news, as mail programs do.
fn idle(server: &Server) -> Client {
    let mut client = server.ada();
    client.ok("SELECT INBOX");
    client.send(b"i IDLE\r\n").unwrap();
    assert!(client.line().unwrap().starts_with("+ "));
    client
}

/// Nothing more comes but these words.
fn is_sent_away(client: &mut Client, words: &str, within: Duration) {
    let start = Instant::now();
    assert_eq!(client.line().unwrap(), words);
    assert_eq!(client.line().unwrap(), "");
    assert!(start.elapsed() < within, "{:?}", start.elapsed());
}

#[test]
fn who_is_logged_in_goes_when_the_account_is_disabled() {
    const BYE: &str = "* BYE [CONTACTADMIN] The account was disabled";
    let data = Data::with_ada();
    data.run_with(&["account", "add", "eve", "--password-stdin"], b"tulip\n");
    let server = data.serve();
    let mut waiting = [idle(&server), server.ada(), idle(&server)];
    let (mut eve, mut stranger) = (server.connect("imap"), server.connect("imap"));
    eve.ok("LOGIN eve tulip");
    run(&data, &["account", "disable", "ada"]);
    waiting.iter_mut().for_each(|client| is_sent_away(client, BYE, SOON));
    // Her password was right a moment ago, and is remembered.
    let refused = stranger.command("LOGIN ada tulip").pop().unwrap();
    assert!(refused.contains(" NO [AUTHENTICATIONFAILED]"), "{refused}");
    eve.ok("NOOP");
    let taken = server.connect("lmtp").deliver("ada", "Subject: x\r\n\r\nx");
    assert!(taken.starts_with("250 "), "{taken}");
    data.await_log("why=\"account disabled\"");

    run(&data, &["account", "enable", "ada"]);
    let mut again = server.ada();
    assert!(again.ok("STATUS INBOX (MESSAGES)")[0].contains("MESSAGES 1"));

    // Nobody tells the server of what is edited by hand.
    let path = data.dir().join("accounts/ada/account.toml");
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, text.replace("disabled = false", "disabled = true")).unwrap();
    is_sent_away(&mut again, BYE, NOT_SO_SOON);
    eve.ok("NOOP");
}

#[test]
fn who_is_logged_in_goes_with_the_account() {
    let data = Data::with_ada();
    let server = data.serve();
    let mut waiting = [idle(&server), server.ada()];
    run(&data, &["account", "delete", "ada"]);
    for client in &mut waiting {
        is_sent_away(client, "* BYE [CONTACTADMIN] The account was deleted", SOON);
    }
}

#[test]
fn who_is_logged_in_stays_when_the_password_changes_unless_they_are_to_go() {
    let data = Data::with_ada();
    let server = data.serve();
    let mut waiting = [server.ada(), server.ada()];
    let told = run(&data, &["account", "passwd", "ada"]);
    assert!(told.contains("still logged in: 2 connections") && told.contains("--end-sessions"));
    waiting.iter_mut().for_each(|client| drop(client.ok("NOOP")));
    let args = ["account", "passwd", "ada", "--password-stdin", "--end-sessions"];
    let done = data.run_with(&args, b"rose\n");
    assert_eq!((done.code, done.err.as_str()), (0, ""));
    for client in &mut waiting {
        is_sent_away(client, "* BYE [EXPIRED] The password was changed", SOON);
    }
    server.connect("imap").ok("LOGIN ada rose");
    let done = data.run_with(&["account", "passwd", "ada", "--password-stdin"], b"tulip\n");
    assert_eq!((done.code, done.err.as_str()), (0, ""), "nobody is logged in");
}

/// Whenever the login comes, before, in the middle or behind, nobody is logged in soon after. The passwords are stored in a form of
/// other servers, so that the file is written anew beside the administrator's change.
#[test]
fn nobody_slips_in_while_the_account_is_disabled() {
    const ACCOUNTS: usize = 8;
    const CLIENTS: usize = 6;
    let data = Data::with_ada();
    let users = data.beside("users");
    let lines: String = (0..ACCOUNTS).map(|number| format!("u{number}:{{PLAIN}}tulip\n")).collect();
    std::fs::write(&users, lines).unwrap();
    run(&data, &["account", "import", users.to_str().unwrap()]);
    let server = data.serve();
    for account in 0..ACCOUNTS {
        let name = format!("u{account}");
        let start = Barrier::new(CLIENTS + 1);
        std::thread::scope(|scope| {
            for number in 0..CLIENTS {
                let (start, name, server) = (&start, &name, &server);
                scope.spawn(move || {
                    let mut client = server.connect("imap");
                    start.wait();
                    std::thread::sleep(Duration::from_millis((number * account) as u64));
                    let answer = client.command(&format!("LOGIN {name} tulip")).pop().unwrap();
                    if answer.contains(" OK ") {
                        let bye = client.line().unwrap();
                        assert!(bye.starts_with("* BYE [CONTACTADMIN]"), "{bye}");
                    }
                });
            }
            start.wait();
            run(&data, &["account", "disable", &name]);
        });
        let shown = data.run(&["account", "show", &name]).out;
        assert!(shown.contains("disabled"), "{shown}");
    }
}
