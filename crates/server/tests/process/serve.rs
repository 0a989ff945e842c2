//! Starting, reloading and going down.

use crate::rookery::Data;
use std::io::{BufReader, Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

const ANY: &str = "127.0.0.1:0";

#[test]
fn quickstart_finds_everything_again() {
    let data = Data::new();
    let args = ["quickstart", "--imap", ANY, "--imaps", ANY, "--lmtp", ANY];
    let setting = |printed: &[String], name: &str| {
        printed.iter().find_map(|line| line.strip_prefix(name)).unwrap().to_owned()
    };
    let mut passwords = Vec::new();
    for _ in 0..2 {
        let server = data.start(&args);
        // The system may let this process open fewer files than ten thousand connections need.
        let is_of_ours = |line: &str| line.contains("WARN") && !line.contains("LimitNOFILE");
        assert!(!data.log().lines().any(is_of_ours), "{}", data.log());
        let (user, password) =
            (setting(&server.printed, "user: "), setting(&server.printed, "password: "));
        let mut client = server.connect("imap");
        client.ok(&format!("LOGIN {user} {password}"));
        client.ok("SELECT INBOX");
        assert_eq!(client.messages().len(), 6);
        passwords.push(password);
        server.signal("TERM");
        assert!(server.wait().success());
    }
    assert_eq!(passwords[0], passwords[1]);
    assert!(!data.log().contains(&passwords[0]));
}

#[test]
fn the_log_says_where_and_that_the_certificate_is_self_signed() {
    let data = Data::new();
    let server = data.serve();
    let imap = server.address("imap");
    server.signal("TERM");
    assert!(server.wait().success());
    let log = data.log();
    assert!(
        log.contains(&format!("accepting connections addresses=\"imap={imap} imaps=")),
        "{log}"
    );
    assert!(log.contains("WARN no certificate is configured"), "{log}");
}

#[test]
fn going_down_says_bye_and_leaves_with_success() {
    let data = Data::with_ada();
    let server = data.serve();
    let mut idle = server.ada();
    idle.ok("SELECT INBOX");
    idle.send(b"i IDLE\r\n").unwrap();
    assert!(idle.line().unwrap().starts_with('+'));
    let mut waiting = server.ada();
    let mut lmtp = server.connect("lmtp");
    let mut appending = server.ada();
    appending.send(b"a APPEND INBOX {10}\r\n").unwrap();
    assert!(appending.line().unwrap().starts_with('+'));
    appending.send(b"half").unwrap();
    let start = Instant::now();
    server.signal("TERM");
    for client in [&mut idle, &mut waiting, &mut appending] {
        let line = client.line().unwrap();
        assert!(line.starts_with("* BYE"), "{line}");
    }
    assert!(lmtp.line().unwrap().starts_with("421 4.3.2"));
    assert!(server.wait().success());
    assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
    assert!(!data.dir().join("rookery.sock").exists());
}

#[test]
fn clients_that_say_nothing_do_not_keep_the_server_up() {
    let data = Data::with_ada();
    let server = data.serve();
    let silent =
        ["imap", "imaps", "lmtp"].map(|name| TcpStream::connect(server.address(name)).unwrap());
    let mut appending = server.ada();
    appending.send(b"a APPEND INBOX {10+}\r\nhalf").unwrap();
    std::thread::sleep(Duration::from_millis(50));
    drop(appending);
    let start = Instant::now();
    server.signal("INT");
    assert!(server.wait().success());
    assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
    drop(silent);
}

/// Nor do those who do not take what they have asked for: they have ten seconds.
#[test]
fn clients_that_do_not_listen_do_not_keep_the_server_up_for_long() {
    let data = Data::with_ada();
    let server = data.serve();
    let mut client = server.ada();
    let message = "x".repeat(1 << 20);
    client
        .send(format!("a APPEND INBOX {{{}+}}\r\n{message}\r\n", message.len()).as_bytes())
        .unwrap();
    client.ok("SELECT INBOX");
    client.send(&b"c FETCH 1 BODY.PEEK[]\r\n".repeat(100)).unwrap();
    std::thread::sleep(Duration::from_millis(500));
    let start = Instant::now();
    server.signal("TERM");
    assert!(server.wait().success());
    assert!(start.elapsed() < Duration::from_secs(25), "{:?}", start.elapsed());
    drop(client);
}

#[test]
fn lmtp_is_spoken_on_a_socket_of_the_configured_mode() {
    let data = Data::with_ada();
    let (path, file) = (data.beside("lmtp.sock"), data.beside("rookery.toml"));
    let listen = format!("unix:{}", path.display());
    let args = ["serve", "--lmtp", &listen, "--config", file.to_str().unwrap()];
    let mode = || std::fs::metadata(&path).unwrap().permissions().mode() & 0o777;
    std::fs::write(&file, "version = 1\n[listen]\nlmtp_mode = \"0666\"\n").unwrap();
    let server = data.start(&args);
    assert_eq!(mode(), 0o666);
    server.kill();
    std::fs::write(&file, "version = 1\n").unwrap();
    let server = data.start(&args);
    assert_eq!(mode(), 0o660);
    let mut lmtp = BufReader::new(UnixStream::connect(&path).unwrap());
    let dialog = "LHLO x\r\nMAIL FROM:<>\r\nRCPT TO:<ada>\r\nDATA\r\nA: b\r\n\r\n.\r\nQUIT\r\n";
    lmtp.get_mut().write_all(dialog.as_bytes()).unwrap();
    let mut answers = String::new();
    lmtp.read_to_string(&mut answers).unwrap();
    assert!(answers.ends_with("\r\n250 2.0.0 Delivered\r\n221 2.0.0 Bye\r\n"), "{answers}");
    server.signal("TERM");
    assert!(server.wait().success() && !path.exists());
}

#[test]
fn quickstart_leaves_accounts_of_others_alone() {
    let data = Data::with_ada();
    let server = data.start(&["quickstart", "--imap", ANY, "--imaps", ANY, "--lmtp", ANY]);
    assert!(!server.printed.iter().any(|line| line.starts_with("password: ")));
    assert!(server.printed.iter().any(|line| line.contains("account list")));
    assert_eq!(data.run(&["account", "list"]).out, "NAME  STATE\nada   enabled\n");
}

#[test]
fn connections_are_limited() {
    let data = Data::with_ada();
    let file = data.beside("rookery.toml");
    let limits = "connections = 2\nlmtp_connections = 1\n";
    std::fs::write(&file, format!("version = 1\n[limits]\n{limits}")).unwrap();
    let listen = ["serve", "--imap", ANY, "--imaps", ANY, "--lmtp", ANY];
    let server = data.start(&[&listen[..], &["--config", file.to_str().unwrap()]].concat());
    let (one, two) = (server.connect("imap"), server.connect("imap"));
    assert!(one.greeting.starts_with("* OK") && two.greeting.starts_with("* OK"));
    assert!(server.connect("imap").greeting.starts_with("* BYE"));
    let mut silence = Vec::new();
    let mut secure = TcpStream::connect(server.address("imaps")).unwrap();
    assert_eq!(secure.read_to_end(&mut silence).unwrap(), 0, "nothing can be said before TLS");
    let mut mail = server.connect("lmtp");
    let delivered = mail.deliver("ada@example.org", "Subject: x\r\n");
    assert!(delivered.starts_with("250 "), "those who read mail keep none out: {delivered}");
    assert!(server.connect("lmtp").greeting.starts_with("421 4.3.2 "));
    drop((one, two));
    let again = (0..100).any(|_| {
        std::thread::sleep(Duration::from_millis(20));
        server.connect("imap").greeting.starts_with("* OK")
    });
    assert!(again, "{}", data.log());
}

/// Those of one account count on all ports together, and the connection can be used for another attempt.
#[test]
fn connections_of_an_account_are_limited_and_the_time_to_log_in_too() {
    let data = Data::with_ada();
    let file = data.beside("rookery.toml");
    let limits = "connections_per_account = 2\nlogin_seconds = 5\n";
    let config = format!("version = 1\n[auth]\nallow_plaintext = true\n[limits]\n{limits}");
    std::fs::write(&file, config).unwrap();
    let config = ["--config", file.to_str().unwrap()];
    let server = data.start(&[&["serve", "--imap", ANY, "--imap", ANY], &config[..]].concat());
    let (one, _two) = (server.ada(), server.ada());
    let mut three = server.connect("imap");
    let refused = three.command("LOGIN ada tulip").pop().unwrap();
    assert!(refused.contains(" NO [LIMIT] "), "{refused}");
    data.await_log("too many connections");
    assert!(three.line().unwrap().starts_with("* BYE"), "nobody has longer to log in");
    drop(one);
    let again = (0..100).any(|_| {
        std::thread::sleep(Duration::from_millis(20));
        server.connect("imap").command("LOGIN ada tulip").pop().unwrap().contains(" OK ")
    });
    assert!(again, "{}", data.log());
}

#[test]
fn too_few_open_files_are_told_and_survived() {
    let data = Data::with_ada();
    let server = data.start_with_open_files(64, &["serve", "--imap", ANY]);
    assert!(data.log().contains("LimitNOFILE=24280"), "{}", data.log());
    server.allow_open_files(16);
    let address = server.address("imap");
    let clients: Vec<_> = (0..80).map(|_| TcpStream::connect(address).unwrap()).collect();
    std::thread::sleep(Duration::from_secs(1));
    let refused = data.log().matches("could not be accepted").count();
    assert!((1..20).contains(&refused), "{refused} times in a second");
    drop(clients);
    server.allow_open_files(64);
    assert!(server.connect("imap").greeting.starts_with("* OK"));
}

#[test]
fn strangers_leave_open_files_to_those_who_have_logged_in() {
    let data = Data::with_ada();
    let server = data.start_with_open_files(100, &["serve", "--imap", ANY, "--allow-plaintext"]);
    let mut ada = server.ada();
    let address = server.address("imap");
    let strangers: Vec<_> = (0..150).map(|_| TcpStream::connect(address).unwrap()).collect();
    std::thread::sleep(Duration::from_millis(200));
    for number in 1..=20 {
        ada.append(&vec![b'x'; 300_000]).unwrap();
        ada.ok("SELECT INBOX");
        ada.ok(&format!("FETCH {number} BODY.PEEK[]"));
    }
    drop(strangers);
}

/// Nobody sees who brings how much: there may be many of them, each with many messages.
#[test]
fn messages_that_wait_take_no_files_from_others() {
    let data = Data::with_ada();
    let added = data.run_with(&["account", "add", "bob", "--password-stdin"], b"crocus\n");
    assert_eq!(added.code, 0, "{}", added.err);
    let server = data.start_with_open_files(150, &["serve", "--imap", ANY, "--allow-plaintext"]);
    let message = [b"A: b\r\n\r\n".as_slice(), &[b'x'; 70_000]].concat();
    let mut bob = server.connect("imap");
    bob.ok("LOGIN bob crocus");
    let mut hoarders: Vec<_> = (0..5).map(|_| server.ada()).collect();
    for ada in &mut hoarders {
        ada.send(b"m APPEND INBOX ").unwrap();
        for _ in 0..40 {
            ada.send(format!("{{{}+}}\r\n", message.len()).as_bytes()).unwrap();
            ada.send(&message).unwrap();
            ada.send(b" ").unwrap();
        }
    }
    // All of them are there.
    let files = || std::fs::read_dir(data.dir().join("accounts/ada/tmp")).unwrap().count();
    for _ in 0..600 {
        if files() == 200 {
            break;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    assert_eq!(files(), 200);
    for number in 1..=3 {
        bob.append(&message).unwrap();
        bob.ok("SELECT INBOX");
        bob.ok(&format!("FETCH {number} BODY.PEEK[TEXT]<0.100>"));
        server.connect("imap").ok("LOGIN bob crocus");
    }
    // What was brought can be stored.
    for ada in &mut hoarders {
        ada.send(b"{1+}\r\nx\r\n").unwrap();
        assert!(ada.line().unwrap().starts_with("m OK "));
    }
    assert_eq!(server.ada().ok("STATUS INBOX (MESSAGES)")[0], "* STATUS INBOX (MESSAGES 205)");
    assert!(!data.log().contains("open files (os error"), "{}", data.log());
}

#[test]
fn a_new_data_directory_is_made_and_private() {
    let data = Data::new();
    let server = data.serve();
    let mode =
        |file: &str| std::fs::metadata(data.dir().join(file)).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(""), mode("rookery.sock"), mode("tls/key.pem")), (0o700, 0o600, 0o600));
    assert_eq!(server.printed.len(), 1, "exactly one line: {:?}", server.printed);
}

#[test]
fn one_data_directory_has_one_server() {
    let data = Data::new();
    let server = data.serve();
    let second = data.run(&["serve", "--imap", ANY]);
    assert_eq!(second.code, 1);
    assert!(second.err.contains("another process has the data directory"), "{}", second.err);
    drop(server);
    data.serve();
}

#[test]
fn a_taken_port_is_named() {
    let (one, two) = (Data::new(), Data::new());
    let server = one.serve();
    let address = server.address("imap").to_string();
    let done = two.run(&["quickstart", "--imap", &address, "--imaps", ANY, "--lmtp", ANY]);
    assert_eq!(done.code, 1);
    assert!(done.err.contains(&address) && done.err.contains("--imap ADDR"), "{}", done.err);
}

// proves: 9051/6.2.3/a 3501/6.2.3/a
#[test]
fn plaintext_logins_need_permission() {
    let data = Data::with_ada();
    let server = data.start(&["serve", "--imap", ANY]);
    let mut client = server.connect("imap");
    assert!(client.greeting.contains("LOGINDISABLED"), "{}", client.greeting);
    assert!(client.command("LOGIN ada tulip").last().unwrap().contains(" NO "));
}

// proves: 9051/11.7/c 9051/11.7/e 3501/11.2/c 3501/11.2/e
#[test]
fn failed_logins_are_logged_without_passwords() {
    let data = Data::with_ada();
    let server = data.serve();
    let mut client = server.connect("imap");
    let wrong = client.command("LOGIN ada daffodil");
    let unknown = client.command("LOGIN eve daffodil");
    let text = |lines: Vec<String>| lines.last().unwrap().split_once(' ').unwrap().1.to_owned();
    assert_eq!(text(wrong), text(unknown));
    client.command(&format!("LOGIN {} daffodil", "x".repeat(300)));
    drop(client);
    server.signal("TERM");
    assert!(server.wait().success());
    let log = data.log();
    assert!(log.contains("127.0.0.1") && !log.contains("daffodil"), "{log}");
    let is_logged = |count| log.contains(&"x".repeat(count));
    assert!(is_logged(200) && !is_logged(201), "no name is as long as all that is typed: {log}");
}

#[test]
fn names_forge_no_lines_of_the_log() {
    let data = Data::with_ada();
    let server = data.serve();
    let forged = "x\r\n2026-01-01 ERROR forged\r\n";
    let literal = format!("{{{}+}}\r\n{forged}", forged.len());
    let mut client = server.connect("imap");
    client.command(&format!("LOGIN {literal} daffodil"));
    client.command(&format!("ID ({literal} {literal})"));
    client.ok("LOGIN ada tulip");
    let mut lmtp = server.connect("lmtp");
    lmtp.send(b"LHLO x\r\nMAIL FROM:<>\r\nRCPT TO:<\"x\r2026 ERROR forged\"@y>\r\n").unwrap();
    lmtp.send(b"QUIT\r\n").unwrap();
    while !lmtp.line().unwrap().is_empty() {}
    server.signal("TERM");
    assert!(server.wait().success());
    let log = data.log();
    assert!(log.contains("forged"), "{log}");
    let mut lines = log.split(['\r', '\n']);
    assert!(
        !lines.any(|line| line.starts_with("2026-01-01 ERROR") || line.starts_with("2026 ")),
        "{log}"
    );
}

#[test]
fn a_reload_changes_what_new_clients_see() {
    let data = Data::with_ada();
    let file = data.beside("rookery.toml");
    let config = |plaintext| format!("version = 1\n[auth]\nallow_plaintext = {plaintext}\n");
    std::fs::write(&file, config(false)).unwrap();
    let server = data.start(&["serve", "--imap", ANY, "--config", file.to_str().unwrap()]);
    let locked = || server.connect("imap").greeting.contains("LOGINDISABLED");
    assert!(locked());
    std::fs::write(&file, config(true)).unwrap();
    server.signal("HUP");
    let changed = (0..100).any(|_| {
        std::thread::sleep(Duration::from_millis(20));
        !locked()
    });
    assert!(changed, "{}", data.log());
}

/// A user repeats a COPY of all messages into their own mailbox. The administrator can let them have more without a restart.
#[test]
fn a_copy_does_not_double_messages_without_end() {
    let data = Data::with_ada();
    let file = data.beside("rookery.toml");
    let config = |most| {
        format!(
            "version = 1\n[auth]\nallow_plaintext = true\n[limits]\nmessages_per_account = {most}\n"
        )
    };
    std::fs::write(&file, config(1000)).unwrap();
    let server = data.start(&["serve", "--imap", ANY, "--config", file.to_str().unwrap()]);
    let mut client = server.ada();
    client.append(b"A: b\r\n\r\nx").unwrap();
    client.ok("SELECT INBOX");
    let is_done = |answer: &[String]| answer.last().unwrap().contains(" OK ");
    let double = "COPY 1:* INBOX";
    let doubled = (0..20).take_while(|_| is_done(&client.command(double))).count();
    assert_eq!(doubled, 9, "512 messages are as many as can be doubled no more");
    assert!(client.command(double).last().unwrap().contains("NO [LIMIT] "));
    std::fs::write(&file, config(1100)).unwrap();
    server.signal("HUP");
    data.await_log("configuration and certificates read again");
    assert!(is_done(&client.command(double)), "{}", data.log());
    assert!(client.command(double).last().unwrap().contains("NO [LIMIT] "));
}

/// A configuration where nobody answers, as on a file system of the network that has gone, keeps nobody waiting.
#[test]
fn a_configuration_that_cannot_be_read_to_its_end_keeps_nobody_waiting() {
    let data = Data::with_ada();
    let file = data.beside("rookery.toml");
    std::fs::write(&file, "version = 1\n[auth]\nallow_plaintext = true\n").unwrap();
    let server = data.start(&["serve", "--imap", ANY, "--config", file.to_str().unwrap()]);
    std::fs::remove_file(&file).unwrap();
    let made = std::process::Command::new("mkfifo").arg(&file).status();
    assert!(made.unwrap().success());
    server.signal("HUP");
    // Whoever writes into the pipe finds that it is being read.
    let pipe = std::fs::File::options().write(true).open(&file).unwrap();
    server.ada().ok("NOOP");
    server.signal("TERM");
    assert!(server.wait().success(), "{}", data.log());
    drop(pipe);
}
