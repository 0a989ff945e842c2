//! What clients are told that the server can do: in each state, and where an administrator hides some of it.

use crate::client::Client;
use crate::rookery::{Data, Server};
use crate::tls::{Secured, command, line, secure};
use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress};
use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::time::Duration;

const ANY: &str = "127.0.0.1:0";

/// The words of the first list of capabilities, be it a response or a code in one.
fn listed(lines: &[String]) -> Vec<&str> {
    let found = lines.iter().find_map(|line| line.split_once("CAPABILITY "));
    let list = found.unwrap_or_else(|| panic!("no capabilities in {lines:?}")).1;
    list.split(']').next().unwrap().split_whitespace().collect()
}

/// All of `there` are in the list, and none of those that must be `gone`.
fn check(when: &str, lines: &[String], there: &[&str], gone: &[&str]) {
    let listed = listed(lines);
    let has = |name: &&&str| listed.contains(*name);
    assert!(listed.contains(&"IMAP4rev1"), "{when}: {listed:?}");
    assert_eq!(there.iter().find(|name| !has(name)), None, "{when}: {listed:?}");
    assert_eq!(gone.iter().find(|name| has(name)), None, "{when}: {listed:?}");
}

/// The same connection, compressed.
struct Compressed {
    stream: Secured,
    out: Compress,
    into: Decompress,
}

impl Compressed {
    fn new(stream: Secured) -> Self {
        let (out, into) = (Compress::new(Compression::fast(), false), Decompress::new(false));
        Self { stream, out, into }
    }

    /// Say a command, the last one or not, and hear what comes up to its answer.
    fn command(&mut self, command: &str, flush: FlushCompress) -> Vec<String> {
        let mut octets = Vec::with_capacity(1000);
        self.out.compress_vec(format!("{command}\r\n").as_bytes(), &mut octets, flush).unwrap();
        self.stream.get_mut().write_all(&octets).unwrap();
        let answer = format!("{} ", command.split(' ').next().unwrap());
        let mut text = Vec::with_capacity(10_000);
        loop {
            let lines: Vec<String> = String::from_utf8_lossy(&text)
                .split_terminator("\r\n")
                .map(str::to_owned)
                .collect();
            if text.ends_with(b"\r\n") && lines.iter().any(|line| line.starts_with(&answer)) {
                return lines;
            }
            let octets = self.stream.fill_buf().unwrap();
            assert!(!octets.is_empty(), "{command}: the connection ended after {lines:?}");
            let before = self.into.total_in();
            self.into.decompress_vec(octets, &mut text, FlushDecompress::None).unwrap();
            let taken = (self.into.total_in() - before) as usize;
            self.stream.consume(taken);
        }
    }
}

/// From the greeting to UNAUTHENTICATE: the list is right in every state.
fn every_state(data: &Data, server: &Server, shown: &[&str], hidden: &[&str]) {
    let before = ["SASL-IR", "LITERAL-", "ID", "ENABLE", "IDLE"];
    let after = [&["LITERAL+", "UIDPLUS", "CONDSTORE", "UNAUTHENTICATE"], shown].concat();
    let not = |names: &[&'static str]| [names, hidden].concat();

    let mut stream = TcpStream::connect(server.address("imap")).unwrap();
    let mut plain = BufReader::new(stream.try_clone().unwrap());
    let greeting = [line(&mut plain)];
    let locked = [&before[..], &["STARTTLS", "LOGINDISABLED"]].concat();
    check(
        "greeting",
        &greeting,
        &locked,
        &not(&["AUTH=PLAIN", "AUTH=LOGIN", "LITERAL+", "COMPRESS=DEFLATE"]),
    );
    stream.write_all(b"a STARTTLS\r\n").unwrap();
    let answer = line(&mut plain);
    assert!(answer.starts_with("a OK") && !answer.contains("CAPABILITY"), "{answer}");

    let mut client = secure(data, stream);
    let open = [&before[..], &["AUTH=PLAIN", "AUTH=LOGIN"]].concat();
    let early =
        not(&["STARTTLS", "LOGINDISABLED", "LITERAL+", "COMPRESS=DEFLATE", "UNAUTHENTICATE"]);
    check("TLS", &command(&mut client, "b CAPABILITY"), &open, &early);
    let late = not(&["STARTTLS", "LOGINDISABLED", "AUTH=PLAIN", "AUTH=LOGIN", "LITERAL-"]);
    check("login", &command(&mut client, "c LOGIN ada tulip"), &after, &late);
    check("logged in", &command(&mut client, "d CAPABILITY"), &after, &late);
    command(&mut client, "e SELECT INBOX");
    check("selected", &command(&mut client, "f CAPABILITY"), &after, &late);
    let client = if hidden.contains(&"COMPRESS=DEFLATE") {
        assert!(command(&mut client, "g COMPRESS DEFLATE")[0].starts_with("g BAD"));
        assert!(command(&mut client, "h UNAUTHENTICATE")[0].starts_with("h OK"));
        &mut client
    } else {
        assert!(command(&mut client, "g COMPRESS DEFLATE")[0].starts_with("g OK"));
        let mut compressed = Compressed::new(client);
        let asked = compressed.command("h CAPABILITY", FlushCompress::Sync);
        let still: Vec<_> =
            after.iter().copied().filter(|name| *name != "COMPRESS=DEFLATE").collect();
        check("compressed", &asked, &still, &[&late[..], &["COMPRESS=DEFLATE"]].concat());
        let out = compressed.command("i UNAUTHENTICATE", FlushCompress::Finish);
        check("unauthenticated", &out, &open, &early);
        &mut { compressed.stream }
    };
    check("unauthenticated", &command(client, "j CAPABILITY"), &open, &early);
    check("login again", &command(client, "k LOGIN ada tulip"), &after, &late);
}

#[test]
fn the_list_is_right_in_every_state() {
    let data = Data::with_ada();
    let server = data.start(&["serve", "--imap", ANY, "--imaps", ANY]);
    every_state(&data, &server, &["IMAP4rev2", "COMPRESS=DEFLATE", "QRESYNC"], &[]);
    let imaps = TcpStream::connect(server.address("imaps")).unwrap();
    let greeting = [line(&mut secure(&data, imaps))];
    check("imaps", &greeting, &["AUTH=PLAIN"], &["STARTTLS", "LOGINDISABLED"]);
}

#[test]
fn the_list_is_right_in_every_state_where_some_is_hidden() {
    let data = Data::with_ada();
    let file = data.beside("rookery.toml");
    let config = "version = 1\n[capabilities]\nhide = [\"IMAP4rev2\"]\n\
                  [[capabilities.network]]\nfrom = [\"127.0.0.0/8\"]\nhide = [\"compress=deflate\"]\n\
                  [[capabilities.network]]\nfrom = [\"192.0.2.0/24\"]\nhide = [\"UIDPLUS\"]\n";
    std::fs::write(&file, config).unwrap();
    assert_eq!(data.run(&["account", "hide", "ada", "QRESYNC"]).code, 0);
    let server = data.start(&["serve", "--imap", ANY, "--config", file.to_str().unwrap()]);
    every_state(&data, &server, &[], &["IMAP4rev2", "COMPRESS=DEFLATE", "QRESYNC"]);
}

#[test]
fn a_reload_hides_from_new_clients() {
    let data = Data::with_ada();
    let file = data.beside("rookery.toml");
    let config = |hide: &str| format!("version = 1\n[capabilities]\nhide = [{hide}]\n");
    std::fs::write(&file, config("")).unwrap();
    let server = data.start(&["serve", "--imap", ANY, "--config", file.to_str().unwrap()]);
    let mut old = server.connect("imap");
    std::fs::write(&file, config("\"IDLE\"")).unwrap();
    server.signal("HUP");
    let is_hidden = |client: Client| !listed(&[client.greeting]).contains(&"IDLE");
    let changed = (0..100).any(|_| {
        std::thread::sleep(Duration::from_millis(20));
        is_hidden(server.connect("imap"))
    });
    assert!(changed, "{}", data.log());
    assert!(listed(&old.ok("CAPABILITY")).contains(&"IDLE"), "who is here stays as they were");
}

#[test]
fn capabilities_are_hidden_from_one_account() {
    let data = Data::with_ada();
    let server = data.serve();
    let hidden = |what: &[&str]| data.run(&[&["account", what[0], "ada"], &what[1..]].concat());
    assert_eq!(hidden(&["hide", "condstore", "MOVE"]).code, 0);
    assert_eq!(hidden(&["hide", "CONDSTORE"]).code, 0);
    let shown = data.run(&["account", "show", "ada"]).out;
    assert!(shown.lines().any(|line| line.ends_with(" MOVE CONDSTORE")), "{shown}");

    let mut client = server.connect("imap");
    check("login", &client.ok("LOGIN ada tulip"), &["UIDPLUS"], &["CONDSTORE", "MOVE"]);
    assert_eq!(client.ok("ENABLE CONDSTORE")[0], "* ENABLED");
    client.ok("SELECT INBOX");
    // The command of what is hidden is still there.
    client.ok("UID MOVE 1:* Archive");
    client.ok("UNAUTHENTICATE");

    for (wrong, what) in [
        (["hide", "MOOVE"], "did you mean `MOVE`?"),
        (["hide", "IMAP4rev1"], "no client can do without it"),
        (["hide", "AUTH=PLAIN"], "cannot be hidden"),
        (["unhide", "IDLE"], "is not hidden"),
    ] {
        let done = hidden(&wrong);
        assert!(done.code == 1 && done.err.contains(what), "{wrong:?}: {}", done.err);
    }
    assert_eq!(hidden(&["unhide", "move", "CONDSTORE"]).code, 0);
    check("unhidden", &client.ok("LOGIN ada tulip"), &["CONDSTORE", "MOVE"], &[]);
    assert_eq!(client.ok("ENABLE CONDSTORE")[0], "* ENABLED CONDSTORE");
}
