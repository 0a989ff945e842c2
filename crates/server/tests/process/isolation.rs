//! What nobody learns: what others have, who has an account, and any secret from the log.

use crate::client::Client;
use crate::rookery::{Data, Server};
use crate::tls;
use std::net::TcpStream;
use std::path::Path;
use std::time::{Duration, Instant};

const ANY: &str = "127.0.0.1:0";

/// A data directory where `bob`, whose password is `crocus`, has an account beside `ada`.
fn with_bob() -> Data {
    let data = Data::with_ada();
    let added = data.run_with(&["account", "add", "bob", "--password-stdin"], b"crocus\n");
    assert_eq!(added.code, 0, "{}", added.err);
    data
}

fn bob(server: &Server) -> Client {
    let mut client = server.connect("imap");
    client.ok("LOGIN bob crocus");
    client
}

/// The names by which one account's client might reach another's mailbox `Diary`, on one server or another.
fn names_of_others(mailbox: &str) -> Vec<String> {
    let mut names = Vec::new();
    for before in [
        "bob/",
        "/bob/",
        "~bob/",
        "../bob/",
        "../../bob/",
        "INBOX/../../bob/",
        "./../bob/",
        "user/bob/",
        "user.bob.",
        "#user/bob/",
        "Other Users/bob/",
        "#shared/bob/",
        "shared/bob/",
        "..%2Fbob%2F",
        "..&AC8-bob&AC8-",
        "..&//8-bob/",
        "imap://bob@localhost/",
        "bob\\\\",
        "/var/mail/bob/",
        "accounts/bob/",
        "../accounts/bob/",
        "%",
        "*",
        "",
    ] {
        names.push(format!("{before}{mailbox}"));
    }
    names
}

/// The files of an account with what is in them.
pub(crate) fn files(dir: &Path, all: &mut Vec<(std::path::PathBuf, Vec<u8>)>) {
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, all);
        } else {
            all.push((path.clone(), std::fs::read(&path).unwrap()));
        }
    }
    all.sort();
}

fn answer(client: &mut Client, command: &str) -> String {
    let line = client.command(command).pop().unwrap();
    line.split_once(' ').unwrap().1.to_owned()
}

#[test]
fn no_name_leads_into_the_account_of_another() {
    let data = with_bob();
    let server = data.serve();
    let mut bob = bob(&server);
    bob.ok("CREATE Diary");
    bob.ok("APPEND Diary {15+}\r\nSubject: x\r\n\r\nx");
    let mut before = Vec::new();
    files(&data.dir().join("accounts/bob"), &mut before);
    let mut ada = server.ada();
    ada.append(b"Subject: mine\r\n\r\nmine\r\n").unwrap();
    for name in names_of_others("Diary") {
        for command in ["SELECT", "EXAMINE", "DELETE"] {
            let answer = answer(&mut ada, &format!("{command} \"{name}\""));
            assert!(answer.starts_with("NO "), "{command} {name}: {answer}");
        }
        ada.ok("SELECT INBOX");
        for command in [
            format!("STATUS \"{name}\" (MESSAGES)"),
            format!("COPY 1 \"{name}\""),
            format!("MOVE 1 \"{name}\""),
            format!("RENAME \"{name}\" Mine"),
            format!("APPEND \"{name}\" {{5+}}\r\nhello"),
        ] {
            let answer = answer(&mut ada, &command);
            assert!(answer.starts_with("NO "), "{command}: {answer}");
        }
        let listed = ada.ok(&format!("LIST \"\" \"{name}\""));
        assert!(!listed.iter().any(|line| line.contains("Diary")), "{listed:?}");
        // It may become a mailbox of one's own.
        drop(answer(&mut ada, &format!("CREATE \"{name}\"")));
        drop(answer(&mut ada, &format!("APPEND \"{name}\" {{5+}}\r\nhello")));
        drop(answer(&mut ada, &format!("DELETE \"{name}\"")));
    }
    let delivered =
        server.connect("lmtp").deliver("ada+../bob/Diary@example.org", "Subject: x\r\n");
    assert!(delivered.starts_with("250 "), "a detail that names no mailbox is none: {delivered}");
    assert_eq!(ada.ok("STATUS INBOX (MESSAGES)")[0], "* STATUS INBOX (MESSAGES 2)");
    let mut after = Vec::new();
    files(&data.dir().join("accounts/bob"), &mut after);
    assert!(before == after, "nothing of the other account has changed");
    assert_eq!(bob.ok("STATUS Diary (MESSAGES)")[0], "* STATUS Diary (MESSAGES 1)");
}

#[test]
fn it_is_not_told_which_names_another_has() {
    let data = with_bob();
    let server = data.serve();
    bob(&server).ok("CREATE Diary");
    let mut ada = server.ada();
    ada.append(b"Subject: mine\r\n\r\nmine\r\n").unwrap();
    for (there, missing) in names_of_others("Diary").iter().zip(names_of_others("Nothing")) {
        for command in ["SELECT", "DELETE", "SUBSCRIBE", "UNSUBSCRIBE", "COPY 1", "MOVE 1"] {
            ada.ok("SELECT INBOX");
            let one = answer(&mut ada, &format!("{command} \"{there}\""));
            let other = answer(&mut ada, &format!("{command} \"{missing}\""));
            assert_eq!(one, other, "{command} {there}");
        }
        assert_eq!(
            ada.ok(&format!("LIST \"\" \"{there}\"")).len(),
            ada.ok(&format!("LIST \"\" \"{missing}\"")).len()
        );
    }
}

/// How long it takes to be refused, at the least: other things that happen meanwhile only add to it.
fn refused(server: &Server, login: &str) -> (Duration, String) {
    let mut client = server.connect("imap");
    let start = Instant::now();
    let line = client.command(login).pop().unwrap();
    (start.elapsed(), line)
}

/// The bound is coarse, and looked at again with more attempts, since the machine has other things to do; a name for which no
/// hash is computed would be refused in a fiftieth of the time.
#[test]
fn a_wrong_name_and_a_wrong_password_are_alike_in_text_and_time() {
    let data = Data::new();
    // Accounts of their own: the third failure of one would make it wait.
    let names: Vec<_> = (0..8).map(|number| format!("ada{number}")).collect();
    for name in &names {
        let added = data.run_with(&["account", "add", name, "--password-stdin"], b"tulip\n");
        assert_eq!(added.code, 0, "{}", added.err);
    }
    let server = data.serve();
    let (mut wrong, mut unknown) = (Duration::MAX, Duration::MAX);
    let alike = names.iter().chain(&names).enumerate().any(|(round, name)| {
        let (time, text) = refused(&server, &format!("LOGIN {name} daffodil"));
        let (other_time, other) = refused(&server, &format!("LOGIN eve{round} daffodil"));
        assert!(text.contains(" NO [AUTHENTICATIONFAILED]") && text == other, "{text} {other}");
        (wrong, unknown) = (wrong.min(time), unknown.min(other_time));
        round > 2 && wrong < unknown * 3 && unknown < wrong * 3
    });
    assert!(alike, "wrong password {wrong:?}, unknown name {unknown:?}");
}

/// These are names whose passwords came from another server, in a form that costs nothing to check; the bound is
/// as coarse as above.
#[test]
fn a_password_from_another_server_costs_what_others_cost_once_it_was_used() {
    let data = Data::new();
    let users = data.beside("users");
    let names: Vec<_> = (0..8).map(|number| format!("bob{number}")).collect();
    let lines: Vec<_> =
        names.iter().map(|name| format!("{name}:{{PLAIN}}tulip-{name}\n")).collect();
    std::fs::write(&users, lines.concat()).unwrap();
    let imported = data.run(&["account", "import", users.to_str().unwrap()]);
    assert_eq!(imported.code, 0, "{}", imported.err);
    let server = data.serve();
    let file = |name: &str| {
        std::fs::read_to_string(data.dir().join(format!("accounts/{name}/account.toml"))).unwrap()
    };
    for name in &names {
        assert!(file(name).contains("{PLAIN}tulip"));
        server.connect("imap").ok(&format!("LOGIN {name} tulip-{name}"));
    }
    let start = Instant::now();
    while names.iter().any(|name| !file(name).contains("{ARGON2ID}")) {
        assert!(start.elapsed() < Duration::from_secs(30), "they are hashed anew: {}", data.log());
        std::thread::sleep(Duration::from_millis(10));
    }
    let (mut wrong, mut unknown) = (Duration::MAX, Duration::MAX);
    let alike = names.iter().chain(&names).enumerate().any(|(round, name)| {
        wrong = wrong.min(refused(&server, &format!("LOGIN {name} daffodil")).0);
        unknown = unknown.min(refused(&server, &format!("LOGIN eve{round} daffodil")).0);
        round > 2 && wrong < unknown * 3 && unknown < wrong * 3
    });
    assert!(alike, "wrong password {wrong:?}, unknown name {unknown:?}");
}

/// Base64 of these, as SASL has it.
fn base64(text: &str) -> String {
    const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::new();
    for three in text.as_bytes().chunks(3) {
        let bits = (0..3).fold(0, |bits, at| bits << 8 | u32::from(*three.get(at).unwrap_or(&0)));
        for at in 0..4 {
            let letter = LETTERS[(bits >> (18 - 6 * at) & 63) as usize];
            out.push(if at > three.len() { '=' } else { letter as char });
        }
    }
    out
}

/// Log in in every way there is, right and wrong, well-formed and not.
fn log_in_in_all_ways(server: &Server) {
    let initial = |password: &str| base64(&format!("\0ada\0{password}"));
    let wrong = "daffodil-secret";
    for right in ["LOGIN ada tulip-secret", "LOGIN ada {12+}\r\ntulip-secret"] {
        server.connect("imap").ok(right);
    }
    server.connect("imap").ok(&format!("AUTHENTICATE PLAIN {}", initial("tulip-secret")));
    let mut client = server.connect("imap");
    for command in [
        format!("LOGIN ada {wrong}"),
        format!("LOGIN eve {wrong}"),
        format!("LOGIN ada {wrong} {wrong}"),
        format!("LOGIN ada \"{wrong}"),
        format!("LOGINN ada {wrong}"),
        format!("AUTHENTICATE PLAIN {}", initial(wrong)),
        format!("AUTHENTICATE PLAIN {}!", initial(wrong)),
    ] {
        drop(client.command(&command));
        client = server.connect("imap");
    }
    for (mechanism, answers) in [
        ("PLAIN", vec![initial("tulip-secret")]),
        ("PLAIN", vec![initial(wrong)]),
        ("LOGIN", vec![base64("ada"), base64("tulip-secret")]),
        ("LOGIN", vec![base64("ada"), base64(wrong)]),
        ("LOGIN", vec![base64("ada"), format!("{}!", base64(wrong))]),
    ] {
        let mut client = server.connect("imap");
        client.send(format!("a AUTHENTICATE {mechanism}\r\n").as_bytes()).unwrap();
        for answer in answers {
            assert!(client.line().unwrap().starts_with('+'));
            client.send(format!("{answer}\r\n").as_bytes()).unwrap();
        }
        assert!(client.line().unwrap().contains("a "));
    }
}

/// Import an account whose password is as another server had it, and let it log in through TLS, upon which it is hashed anew.
fn import_and_log_in(data: &Data, server: &Server, name: &str) {
    let users = data.beside("users");
    std::fs::write(&users, format!("{name}:{{PLAIN}}orchid-secret\nbroken:{{MD5}}orchid-secret\n"))
        .unwrap();
    let imported = data.run(&["account", "import", users.to_str().unwrap()]);
    let said = imported.out + &imported.err;
    assert!(said.contains("1 account added") && !said.contains("orchid"), "{said}");
    let secured = || tls::secure(data, TcpStream::connect(server.address("imaps")).unwrap());
    for login in [
        format!("a LOGIN {name} orchid-secret"),
        format!("a AUTHENTICATE PLAIN {}", base64(&format!("\0{name}\0orchid-secret"))),
    ] {
        let mut client = secured();
        assert!(tls::line(&mut client).starts_with("* OK"));
        let answer = tls::command(&mut client, &login).pop().unwrap();
        assert!(answer.starts_with("a OK"), "{answer}");
    }
    let mut client = secured();
    assert!(tls::line(&mut client).starts_with("* OK"));
    let wrong = tls::command(&mut client, &format!("a LOGIN {name} daffodil-secret"));
    assert!(wrong.last().unwrap().starts_with("a NO"), "{wrong:?}");
    let start = Instant::now();
    while !data.log().contains("password hashed anew") {
        assert!(start.elapsed() < Duration::from_secs(30), "{}", data.log());
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn no_secret_is_in_the_log() {
    let data = Data::new();
    let added = data.run_with(&["account", "add", "ada", "--password-stdin"], b"tulip-secret\n");
    assert_eq!(added.code, 0, "{}", added.err);
    for format in ["text", "json"] {
        let file = data.beside("rookery.toml");
        let config = format!(
            "version = 1\n[auth]\nallow_plaintext = true\n[log]\nlevel = \"trace\"\nformat = \"{format}\"\n"
        );
        std::fs::write(&file, config).unwrap();
        let config = ["--config", file.to_str().unwrap()];
        let server = data.start(
            &[&["serve", "--imap", ANY, "--imaps", ANY, "--lmtp", ANY], &config[..]].concat(),
        );
        log_in_in_all_ways(&server);
        import_and_log_in(&data, &server, &format!("grace-{format}"));
        let changed =
            data.run_with(&["account", "passwd", "ada", "--password-stdin"], b"iris-secret\n");
        assert_eq!(changed.code, 0, "{}", changed.err);
        let mail = "Subject: body-secret\r\n\r\nbody-secret";
        assert!(server.connect("lmtp").deliver("ada@example.org", mail).starts_with("250 "));
        let back =
            data.run_with(&["account", "passwd", "ada", "--password-stdin"], b"tulip-secret\n");
        assert_eq!(back.code, 0, "{}", back.err);
        server.signal("TERM");
        assert!(server.wait().success());
        let log = data.log();
        for must in ["login failed", "lmtp: LHLO", "DEBUG", "ada"] {
            assert!(log.contains(must), "it logs at this level: {must}: {log}");
        }
        let secrets =
            ["tulip", "daffodil", "iris", "orchid", "body-secret", "argon2", "ARGON2", "-secret"];
        let plain = ["tulip-secret", "daffodil-secret", "orchid-secret"].map(base64);
        let initial = ["tulip", "daffodil"].map(|it| base64(&format!("\0ada\0{it}-secret")));
        let encoded = plain.iter().chain(&initial).map(|it| &it[..12]);
        for secret in secrets.into_iter().chain(encoded) {
            assert!(!log.contains(secret), "{secret}: {log}");
        }
    }
}
