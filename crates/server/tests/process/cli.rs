//! Commands with and without a running server.

use crate::client::Client;
use crate::rookery::{Data, write_files};

#[test]
fn wrong_usage_is_told_from_failure() {
    let data = Data::new();
    for args in [
        &["frobnicate"][..],
        &["account"],
        &["account", "add"],
        &["serve", "--imap", "nonsense"],
        &["serve", "--tls-cert", "x"],
        &["import", "ada"],
        &["import", "ada", "--mbox", "x", "--eml", "y"],
    ] {
        let done = data.run(args);
        assert_eq!((done.code, done.out.as_str()), (2, ""), "{args:?}: {}", done.err);
    }
    let done = data.run(&["account", "list"]);
    assert_eq!(done.code, 1);
    assert!(done.err.contains("no data directory") && done.err.contains("--data"), "{}", done.err);
}

#[test]
fn a_data_directory_is_made_or_is_one() {
    let data = Data::new();
    let made = data.run(&["account", "add", "ada"]);
    assert_eq!(made.err, format!("made the data directory {}\n", data.dir().display()));
    assert_eq!(data.run(&["account", "add", "eve"]).err, "");
    std::fs::remove_dir_all(data.dir()).unwrap();
    std::fs::write(data.dir(), "x").unwrap();
    for args in [&["account", "add", "ada"][..], &["account", "list"], &["serve"]] {
        let done = data.run(args);
        assert_eq!(done.code, 1);
        assert!(done.err.contains("data is a file, not a data directory"), "{}", done.err);
    }
}

#[test]
fn accounts_live_and_die_without_a_server() {
    let data = Data::with_ada();
    account_life(&data);
}

#[test]
fn accounts_live_and_die_through_a_server() {
    let data = Data::with_ada();
    let server = data.serve();
    account_life(&data);
    let mut client = server.connect("imap");
    client.ok("LOGIN bob@example.org pansy");
}

fn account_life(data: &Data) {
    let ok = |args: &[&str]| {
        let done = data.run(args);
        assert_eq!(done.code, 0, "{args:?}: {}", done.err);
        done.out
    };
    let added = ok(&["account", "add", "Eve"]);
    assert!(added.starts_with("user: eve\npassword: "), "{added}");
    assert!(data.run(&["account", "add", "eve"]).err.contains("exists already"));
    ok(&["account", "disable", "eve"]);
    assert!(ok(&["account", "list"]).contains("eve   disabled"));
    ok(&["account", "enable", "eve"]);
    assert!(ok(&["account", "passwd", "eve"]).starts_with("password: "));
    assert!(ok(&["account", "show", "eve", "--json"]).contains("\"mailboxes\": 6"));
    assert_eq!(ok(&["account", "delete", "eve"]), "deleted eve: 6 mailboxes, 0 messages\n");
    assert!(!ok(&["account", "list", "--json"]).contains("eve"));
    ok(&["account", "add", "Jo\u{308}rg@b\u{fc}cher.example"]);
    assert!(ok(&["account", "list"]).contains("\nj\u{f6}rg@b\u{fc}cher.example"));
    let missing = data.run(&["account", "show", "eve"]);
    assert!(missing.code == 1 && missing.err.contains("no such account eve"), "{}", missing.err);

    let users = data.beside("users");
    let text = "bob@example.org:{PLAIN}pansy:1000\nada:{PLAIN}x\nbad:{MD5}x\n";
    std::fs::write(&users, text).unwrap();
    let imported = data.run(&["account", "import", users.to_str().unwrap()]);
    assert_eq!(imported.code, 1);
    assert_eq!(imported.out, "1 account added, 1 existed already, 1 not added\n");
    assert!(imported.err.contains("users:3: bad:") && imported.err.contains("{MD5}"));
}

#[test]
fn mailboxes_are_managed() {
    let data = Data::with_ada();
    let ok = |args: &[&str]| {
        let done = data.run(args);
        assert_eq!(done.code, 0, "{args:?}: {}", done.err);
        done.out
    };
    assert_eq!(ok(&["mailbox", "create", "ada", "Work/Old"]), "created Work/Old\n");
    assert_eq!(ok(&["mailbox", "rename", "ada", "Work", "Rest"]), "renamed Work to Rest\n");
    assert!(ok(&["mailbox", "list", "ada"]).contains("\nRest/Old  0"));
    assert!(ok(&["mailbox", "status", "ada", "Rest/Old", "--json"]).contains("\"uid_next\": 1"));
    let set = |limit| ok(&["mailbox", "set", "ada", "Rest/Old", "--append-limit", limit]);
    assert_eq!(set("25M"), "append limit of Rest/Old: 26214400 octets\n");
    let status = ok(&["mailbox", "status", "ada", "Rest/Old"]);
    assert!(status.contains("append limit:") && status.contains("26214400 octets"), "{status}");
    assert_eq!(set("none"), "append limit of Rest/Old: none\n");
    assert!(!ok(&["mailbox", "status", "ada", "Rest/Old"]).contains("26214400"));
    assert_eq!(data.run(&["mailbox", "set", "ada", "Rest/Old", "--append-limit", "x"]).code, 2);
    assert_eq!(ok(&["mailbox", "delete", "ada", "Rest/Old"]), "deleted Rest/Old\n");
    for args in [
        &["status", "ada", "Rest/Old"][..],
        &["delete", "ada", "Rest/Old"],
        &["rename", "ada", "Rest/Old", "x"],
        &["set", "ada", "Rest/Old", "--append-limit", "1"],
    ] {
        let missing = data.run(&[&["mailbox"], args].concat());
        assert_eq!(missing.code, 1);
        assert!(missing.err.contains("no such mailbox Rest/Old\n"), "{}", missing.err);
        assert!(missing.err.contains("`rookery mailbox list ada`"), "{}", missing.err);
    }
}

#[test]
fn messages_are_delivered_with_and_without_a_server() {
    let data = Data::with_ada();
    let deliver = |args: &[&str], message: &str| {
        data.run_with(&[&["deliver", "ada"], args].concat(), message.as_bytes())
    };
    assert_eq!(deliver(&[], "Subject: one\n\nfirst\n").out, "delivered to INBOX, UID 1\n");
    let server = data.serve();
    let done = deliver(&["--mailbox", "junk"], "x");
    assert!(done.code == 1 && done.err.contains("no such mailbox"), "{}", done.err);
    assert_eq!(deliver(&[], "").code, 1);
    assert_eq!(deliver(&["--mailbox", "Junk"], "Subject: spam\r\n\r\n").code, 0);
    assert_eq!(deliver(&[], "Subject: two\r\n\r\nsecond").out, "delivered to INBOX, UID 2\n");
    let mut client = server.ada();
    client.ok("SELECT INBOX");
    let expected =
        [b"Subject: one\r\n\r\nfirst\r\n".to_vec(), b"Subject: two\r\n\r\nsecond".to_vec()];
    assert_eq!(client.messages(), expected);
}

#[test]
fn mail_of_other_programs_is_imported() {
    let data = Data::with_ada();
    write_files(
        &data.beside("mail"),
        &[
            ("maildir/cur/1.a:2,S", "Subject: a\n\na\n"),
            ("maildir/new/2.b", "Subject: b\n\nb\n"),
            ("maildir/.Work.Old/cur/1.c:2,", "Subject: c\n\nc\n"),
            ("mbox", "From x Thu Jan  1 00:00:10 1970\nSubject: d\n\n>From d\n"),
            ("eml/x/1.eml", "Subject: e\n\ne\n"),
            ("eml/x/empty.eml", ""),
        ],
    );
    let import = |kind: &str, path: &str, args: &[&str]| {
        let path = data.beside("mail").join(path);
        data.run(&[&["import", "ada", kind, path.to_str().unwrap()], args].concat())
    };
    let maildir = "3 messages imported\n  INBOX     2\n  Work/Old  1\n";
    assert_eq!(import("--maildir", "maildir", &[]).out, maildir);
    let server = data.serve();
    let mbox = "1 message imported\n  Work/Old  1\n";
    assert_eq!(import("--mbox", "mbox", &["--mailbox", "Work/Old"]).out, mbox);
    let eml = import("--eml", "eml", &["--mailbox", "Rest"]);
    assert_eq!((eml.code, eml.out.as_str()), (1, "1 message imported\n  Rest  1\n"));
    assert!(eml.err.contains("empty.eml: the message is empty"), "{}", eml.err);
    assert!(eml.err.contains("1 could not be imported"), "{}", eml.err);
    assert!(data.run(&["import", "eve", "--eml", "none"]).err.contains("no such account"));
    let wrong = import("--maildir", "eml", &[]);
    assert!(wrong.err.ends_with("eml is no Maildir: it has no cur and no new\n"), "{}", wrong.err);
    let wrong = import("--mbox", "eml/x/1.eml", &[]);
    assert!(wrong.err.contains("eml/x/1.eml: no mbox"), "{}", wrong.err);
    let wrong = import("--mbox", "eml", &[]);
    assert!(wrong.err.ends_with("eml is a directory, not an mbox file\n"), "{}", wrong.err);
    assert_eq!(import("--mbox", "none", &[]).code, 1);

    let mut client = server.ada();
    for (mailbox, bodies) in
        [("INBOX", &["a", "b"][..]), ("Work/Old", &["c", "From d"]), ("Rest", &["e"])]
    {
        client.ok(&format!("SELECT {mailbox}"));
        let messages = client.messages();
        let ends = messages
            .iter()
            .zip(bodies)
            .all(|(message, body)| message.ends_with(format!("\r\n\r\n{body}\r\n").as_bytes()));
        assert!(ends && messages.len() == bodies.len(), "{mailbox}");
    }
    client.ok("SELECT INBOX");
    assert!(client.ok("FETCH 1 FLAGS")[0].contains("\\Seen"));
}

#[test]
fn mail_is_exported() {
    let data = Data::with_ada();
    write_files(
        &data.beside("mail"),
        &[
            ("cur/1000000.a:2,FSa", "Subject: a\n\na\n"),
            ("cur/2000000.b:2,", "Subject: b\n\nb\n"),
            (".Work.v1&AC4-2/cur/1.c:2,RTD", "Subject: c\n\nc\n"),
            ("dovecot-keywords", "0 $Work\n"),
        ],
    );
    let path = |name: &str| data.beside(name).to_str().unwrap().to_owned();
    assert_eq!(data.run(&["import", "ada", "--maildir", &path("mail")]).code, 0);
    assert_eq!(data.run(&["mailbox", "create", "ada", "Empty"]).code, 0);
    let server = data.serve();
    let mut client = server.ada();
    client.ok("SELECT INBOX");
    client.ok("UID MOVE 1 Archive");
    client.ok("UID MOVE 2 Archive");
    let export = |to: &str| data.run(&["export", "ada", "--maildir", &path(to)]);
    let done = export("out");
    assert_eq!(done.code, 0, "{}", done.err);
    assert!(done.out.starts_with("9 mailboxes exported\n") && done.out.contains("  Archive    2"));
    assert!(export("out").err.contains("out is not empty"));
    assert!(
        data.run(&["export", "eve", "--maildir", &path("eve")]).err.contains("no such account")
    );

    let read = |name: &str| std::fs::read_to_string(data.beside("out").join(name)).unwrap();
    let uids: Vec<_> = read(".Archive/dovecot-uidlist").lines().map(str::to_owned).collect();
    assert!(uids[0].starts_with("3 V") && uids[0].ends_with(" N3"), "{uids:?}");
    assert!(uids[1].starts_with("1 :") && uids[2].starts_with("2 :"), "{uids:?}");
    let file = |line: &str, flags: &str| {
        read(&format!(".Archive/cur/{}:2,{flags}", line.split_once(" :").unwrap().1))
    };
    assert_eq!(file(&uids[1], "FSa"), "Subject: a\r\n\r\na\r\n");
    assert_eq!(file(&uids[2], ""), "Subject: b\r\n\r\nb\r\n");
    assert_eq!(read(".Archive/dovecot-keywords"), "0 $Work\n");
    assert!(read("subscriptions").contains("\nEmpty\n"), "{}", read("subscriptions"));

    let added = data.run_with(&["account", "add", "eve", "--password-stdin"], b"tulip-field\n");
    assert_eq!(added.code, 0, "{}", added.err);
    let back = data.run(&["import", "eve", "--maildir", &path("out")]);
    assert_eq!(back.out, "3 messages imported\n  Archive    2\n  Work/v1.2  1\n", "{}", back.err);
    let mut eve = server.connect("imap");
    eve.ok("LOGIN eve tulip-field");
    eve.ok("SELECT Empty");
    for mailbox in ["Archive", "Work/v1.2"] {
        let look = |client: &mut Client| {
            client.ok(&format!("EXAMINE {mailbox}"));
            let lines = client.ok("FETCH 1:* (FLAGS INTERNALDATE)");
            lines.into_iter().filter(|line| line.starts_with("* ")).collect::<Vec<_>>()
        };
        let there = look(&mut client);
        assert!(there[0].contains("\\Seen") || there[0].contains("\\Answered"), "{there:?}");
        assert_eq!(look(&mut eve), there);
    }
}

#[test]
fn mailboxes_whose_names_are_too_long_for_folders_are_exported_too() {
    let data = Data::with_ada();
    let long = format!("{}/{}", "x".repeat(200), "y".repeat(200));
    assert_eq!(data.run(&["mailbox", "create", "ada", &long]).code, 0);
    let to = data.beside("out").to_str().unwrap().to_owned();
    let done = data.run(&["export", "ada", "--maildir", &to]);
    assert_eq!(done.code, 0, "{}", done.err);
    let line = done.out.lines().find(|line| line.contains("in .Renamed."));
    let folder = line.unwrap().trim().strip_prefix("in ").unwrap();
    assert!(data.beside("out").join(folder).join("cur").is_dir(), "{}", done.out);
}

#[test]
fn the_configuration_is_checked_and_shown() {
    let data = Data::new();
    let file = data.beside("rookery.toml");
    let example = data.run(&["config", "example"]).out;
    std::fs::write(&file, &example).unwrap();
    let config = ["--config", file.to_str().unwrap()];
    assert_eq!(data.run(&[&["config", "check"][..], &config].concat()).code, 0);
    assert_eq!(data.run(&["config", "check", config[1]]).code, 0);
    assert_eq!(data.run(&[&["config", "check", "x"][..], &config].concat()).code, 1);
    let shown = data.run(&[&["config", "show"][..], &config].concat()).out;
    let read = format!("# {:?} was read\n", config[1]);
    assert!(shown.starts_with(&read), "{shown}");
    std::fs::write(&file, example.replace("allow_plaintext", "alow_plaintext")).unwrap();
    let wrong = data.run(&[&["config", "check"][..], &config].concat());
    assert_eq!(wrong.code, 1);
    assert!(wrong.err.contains("did you mean `allow_plaintext`?"), "{}", wrong.err);
    assert!(wrong.err.contains("line "), "{}", wrong.err);
    assert_eq!(data.run(&["config", "check", config[1]]).code, 1);
    let shown = data.run(&["config", "show"]).out;
    assert!(shown.starts_with("# no file was read\n"), "{shown}");
    assert!(shown.contains("message_size = 67108864"), "{shown}");
    assert!(shown.contains("imap = [\"127.0.0.1:1143\"]"), "{shown}");
    assert!(data.run(&["config", "show", "--json"]).out.contains("\"message_size\": 67108864"));
}
