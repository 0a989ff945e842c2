//! Started as root. These tests need to be root, and say so where they are not.

use crate::rookery::Data;
use std::fs::Permissions;
use std::os::unix::fs::{MetadataExt, PermissionsExt};

const ANY: &str = "127.0.0.1:0";

fn is_root() -> bool {
    let is_root = std::fs::metadata("/proc/self").unwrap().uid() == 0;
    if !is_root {
        println!("skipped: this is not root");
    }
    is_root
}

/// Let everybody into the directory that the data directory lies in.
fn reachable(data: Data) -> Data {
    std::fs::set_permissions(data.beside(""), Permissions::from_mode(0o755)).unwrap();
    data
}

/// An address with a port that only root opens, which no other test has.
fn privileged() -> String {
    let [a, b, c, _] = std::process::id().to_ne_bytes();
    format!("127.{}.{a}.{b}:143", 100 + c % 100)
}

#[test]
fn root_is_given_up_by_all_threads_before_anything_is_accepted() {
    if !is_root() {
        return;
    }
    let data = reachable(Data::new());
    let server = data.start(&["serve", "--user", "nobody", "--imap", &privileged(), "--lmtp", ANY]);
    let statuses = server.statuses();
    assert!(statuses.len() > 1, "there are threads");
    for status in statuses {
        let words = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
            line.split_whitespace().map(str::to_owned).collect::<Vec<_>>()
        };
        for name in ["Uid:", "Gid:"] {
            let ids = words(name);
            assert!(ids.len() == 4 && ids.iter().all(|id| *id == ids[0] && id != "0"), "{status}");
        }
        assert!(!words("Groups:").contains(&"0".to_owned()), "{status}");
        for name in ["CapPrm:", "CapEff:", "CapAmb:"] {
            assert_eq!(words(name), ["0000000000000000"], "{status}");
        }
        assert_eq!(words("NoNewPrivs:"), ["1"], "{status}");
    }
    let owner = |file: &str| std::fs::metadata(data.dir().join(file)).unwrap().uid();
    assert!(owner("") != 0 && owner("") == owner("rookery.sock"));
    assert!(server.connect("imap").greeting.starts_with("* OK"));
    assert!(server.connect("lmtp").greeting.starts_with("220"));
    assert!(!data.log().contains("as root"), "{}", data.log());
    server.signal("TERM");
    assert!(server.wait().success());
    let again = data.start(&["serve", "--user", "nobody", "--imap", &privileged()]);
    assert!(again.connect("imap").greeting.starts_with("* OK"));
}

#[test]
fn memory_is_not_dumped_and_files_are_private() {
    let data = Data::new();
    let server = data.start(&["serve", "--imap", ANY]);
    let core = server.about_itself("limits");
    let core = core.lines().find(|line| line.starts_with("Max core file size")).unwrap();
    assert_eq!(core.split_whitespace().rev().nth(1), Some("0"), "{core}");
    for status in server.statuses() {
        let value = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
            line.trim().to_owned()
        };
        assert_eq!((value("NoNewPrivs:").as_str(), value("Umask:").as_str()), ("1", "0077"));
    }
}

#[test]
fn mail_of_another_user_is_not_served() {
    if !is_root() {
        return;
    }
    let data = reachable(Data::with_ada());
    let done = data.run(&["serve", "--user", "nobody", "--imap", ANY]);
    assert_eq!(done.code, 1);
    assert!(done.err.contains("does not belong to the user nobody"), "{}", done.err);
    assert!(done.err.contains("chown -R nobody: "), "{}", done.err);
}

#[test]
fn whoever_serves_as_root_is_warned() {
    if !is_root() {
        return;
    }
    let data = Data::new();
    let _server = data.start(&["serve", "--imap", ANY]);
    assert!(data.log().contains("WARN serving as root"), "{}", data.log());
}
