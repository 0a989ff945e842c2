//! Names of accounts as clients and mail systems say them: each is the one account's or nobody's.

use crate::client::Client;
use crate::isolation::files;
use crate::rookery::{Data, Server};

/// Accounts with their passwords; each has a message whose subject is its name.
const ACCOUNTS: [(&str, &str); 3] =
    [("ada", "tulip-field"), ("bob", "crocus-field"), ("m\u{fc}ller", "iris-field")];

/// Names that are nobody's, though somebody's is in them.
const NOBODYS: [&str; 24] = [
    "..",
    ".",
    "../bob",
    "ada/../bob",
    "./bob",
    "bob/",
    "bob/.",
    "/bob",
    "accounts/bob",
    "..\\bob",
    "%2e%2e/bob",
    "..%2fbob",
    "%62ob",
    "bob%00",
    "bob ",
    " bob",
    "bob@",
    "@bob",
    "bob\t",
    "bob\u{200b}",
    "bob\u{202e}",
    "b\u{3bf}b",
    "m%C3%BCller",
    "mu\u{308}\u{308}ller",
];

/// Other forms of a name.
const FORMS: [(&str, &str); 6] = [
    ("bob", "bob"),
    ("BOB", "bob"),
    ("ADA", "ada"),
    ("m\u{fc}ller", "m\u{fc}ller"),
    ("mu\u{308}ller", "m\u{fc}ller"),
    ("MU\u{308}LLER", "m\u{fc}ller"),
];

fn data() -> Data {
    let data = Data::new();
    for (name, password) in ACCOUNTS {
        let added = data.run_with(
            &["account", "add", name, "--password-stdin"],
            format!("{password}\n").as_bytes(),
        );
        assert_eq!(added.code, 0, "{}", added.err);
        let message = format!("Subject: {name}\r\n\r\nx");
        assert_eq!(data.run_with(&["deliver", name], message.as_bytes()).code, 0);
    }
    data
}

/// A name that an account could have, if its directory's name were not too long: three octets for each that is no ASCII.
fn too_long_for_a_file() -> String {
    "\u{e9}".repeat(100)
}

fn all_files(data: &Data) -> Vec<(std::path::PathBuf, Vec<u8>)> {
    let mut all = Vec::new();
    files(&data.dir().join("accounts"), &mut all);
    all
}

/// Begin to log in with a name of any octets.
fn begin(server: &Server, name: &[u8], password: &str) -> Client {
    let mut client = server.connect("imap");
    let login = [format!("a LOGIN {{{}+}}\r\n", name.len()).as_bytes(), name].concat();
    client.send(&[&login[..], format!(" {password}\r\n").as_bytes()].concat()).unwrap();
    client
}

/// What is answered to a login.
fn answer(client: &mut Client) -> String {
    loop {
        let line = client.line().unwrap();
        assert!(!line.is_empty(), "the connection ended");
        if !line.starts_with("* ") || line.starts_with("* BAD") {
            return line;
        }
    }
}

fn log_in(server: &Server, name: &[u8], password: &str) -> (Client, String) {
    let mut client = begin(server, name, password);
    let answer = answer(&mut client);
    (client, answer)
}

/// All at the same time, since who fails has to wait.
#[test]
fn names_that_are_nobodys_let_nobody_in() {
    let data = data();
    let server = data.serve();
    let long = too_long_for_a_file();
    let text = NOBODYS.into_iter().chain(["bob\0", "\0bob", "ada\0bob", "bob\0..", &long]);
    let octets = [&b"b\xf6b"[..], b"bob\xff", b"\xc1\xa2ob", b"\xed\xa0\x80bob"];
    let mut attempts = Vec::new();
    for name in text.map(str::as_bytes).chain(octets) {
        let password = if name.ends_with(b"ller") { "iris-field" } else { "crocus-field" };
        attempts.push((name, begin(&server, name, password)));
    }
    for (name, mut client) in attempts {
        let (name, answer) = (String::from_utf8_lossy(name), answer(&mut client));
        let is_refused = ["a NO ", "a BAD ", "* BAD "].iter().any(|it| answer.starts_with(it));
        assert!(is_refused && !answer.contains("UNAVAILABLE"), "{name:?}: {answer}");
    }
    assert!(!data.log().contains("ERROR"), "{}", data.log());
}

#[test]
fn all_forms_of_a_name_lead_to_its_own_account() {
    let data = data();
    let server = data.serve();
    for (form, name) in FORMS {
        for (owner, password) in ACCOUNTS {
            let (mut client, answer) = log_in(&server, form.as_bytes(), password);
            assert_eq!(answer.starts_with("a OK"), owner == name, "{form} {owner}: {answer}");
            if owner == name {
                client.ok("SELECT INBOX");
                let messages = client.messages();
                let subject = format!("Subject: {name}\r\n");
                let is_own = |it: &Vec<u8>| String::from_utf8_lossy(it).contains(&subject);
                assert!(messages.len() == 1 && messages.iter().all(is_own), "{form}");
            }
        }
    }
}

/// What is answered to a recipient.
fn recipient(server: &Server, address: &[u8]) -> String {
    let mut client = server.connect("lmtp");
    client.send(b"LHLO test\r\n").unwrap();
    while client.line().unwrap().starts_with("250-") {}
    client.send(b"MAIL FROM:<x@example.org> SMTPUTF8\r\n").unwrap();
    assert!(client.line().unwrap().starts_with("250 "));
    client.send(&[b"RCPT TO:<", address, b">\r\n"].concat()).unwrap();
    client.line().unwrap()
}

#[test]
fn names_that_are_nobodys_are_no_recipients() {
    let data = data();
    let server = data.serve();
    let before = all_files(&data);
    let added = data.run_with(&["account", "add", &too_long_for_a_file()], b"");
    assert!(added.code == 1 && added.err.contains("too long"), "{}", added.err);
    let nul = ["bob\0", "\0bob", "ada\0bob"];
    let long = too_long_for_a_file();
    for name in NOBODYS.into_iter().chain(nul).chain([long.as_str()]) {
        let quoted = format!("\"{}\"", name.replace('\\', "\\\\"));
        for local in [name, &quoted] {
            for address in [local.to_owned(), format!("{local}@example.org")] {
                let answer = recipient(&server, address.as_bytes());
                assert!(answer.starts_with("5"), "{address:?}: {answer}");
            }
        }
    }
    assert!(before == all_files(&data), "nothing has changed");
}

#[test]
fn mail_for_all_forms_of_a_name_comes_to_its_own_account() {
    let data = data();
    let server = data.serve();
    for (form, _) in FORMS {
        let answer = recipient(&server, format!("{form}@example.org").as_bytes());
        assert!(answer.starts_with("250 "), "{form}: {answer}");
    }
    for (form, _) in FORMS.into_iter().filter(|(form, _)| form.is_ascii()) {
        let message = format!("Subject: to {form}\r\n");
        assert!(server.connect("lmtp").deliver(form, &message).starts_with("250 "), "{form}");
    }
    for (owner, password) in ACCOUNTS {
        let (mut client, _) = log_in(&server, owner.as_bytes(), password);
        client.ok("SELECT INBOX");
        let count = client.messages().len();
        let expected =
            FORMS.iter().filter(|(form, name)| form.is_ascii() && *name == owner).count();
        assert_eq!(count, 1 + expected, "{owner}");
    }
}
