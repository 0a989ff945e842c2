//! Which crate may use which. The table is the one of `ARCHITECTURE.md`.

use crate::Complaint;
use std::path::Path;

/// A crate, the crates it may use, and those it may use in tests only.
type Edges = (&'static str, &'static [&'static str], &'static [&'static str]);

const ALLOWED: [Edges; 13] = [
    ("mail", &[], &[]),
    ("mime", &[], &[]),
    ("imap-wire", &["mail"], &[]),
    ("auth", &[], &[]),
    ("mailbox", &["mail", "mime"], &["testkit"]),
    ("store-local", &["mailbox", "mail"], &["testkit"]),
    ("imap", &["imap-wire", "auth", "mailbox", "mime", "mail"], &["testkit"]),
    ("lmtp", &["auth", "mailbox", "mail"], &["mime"]),
    (
        "server",
        &["imap", "imap-wire", "lmtp", "auth", "store-local", "mailbox", "mime", "mail"],
        &["testkit"],
    ),
    (
        "testkit",
        &["imap", "imap-wire", "lmtp", "auth", "store-local", "mailbox", "mime", "mail"],
        &[],
    ),
    (
        "fuzz",
        &["imap", "imap-wire", "lmtp", "auth", "store-local", "mailbox", "mime", "mail", "server"],
        &[],
    ),
    ("bench", &[], &[]),
    ("xtask", &[], &[]),
];

/// Crates that touch neither sockets nor clocks, and so need no runtime beyond channels.
const NO_RUNTIME: [&str; 4] = ["mail", "mime", "imap-wire", "auth"];

const PREFIX: &str = "rookery-";

/// Complain about what a `Cargo.toml` uses and may not.
pub(crate) fn check(path: &Path, text: &str) -> Vec<Complaint> {
    let complaint = |what: String| Complaint { path: path.to_owned(), line: 0, what };
    let manifest: toml::Table = match text.parse() {
        Ok(manifest) => manifest,
        Err(error) => return vec![complaint(error.to_string())],
    };
    let Some(name) = package_name(&manifest) else { return Vec::new() };
    let Some((_, always, in_tests)) = ALLOWED.iter().find(|(allowed, ..)| *allowed == name) else {
        return vec![complaint(format!("{name} is not in the table of xtask/src/edges.rs"))];
    };
    let used = ours(&manifest, "dependencies").chain(ours(&manifest, "build-dependencies"));
    let mut complaints: Vec<Complaint> = used
        .filter(|used| !always.contains(used))
        .map(|used| complaint(format!("{name} must not use {used}")))
        .collect();
    complaints.extend(
        ours(&manifest, "dev-dependencies")
            .filter(|used| !always.contains(used) && !in_tests.contains(used) && *used != name)
            .map(|used| complaint(format!("{name} must not use {used}, not even in tests"))),
    );
    if NO_RUNTIME.contains(&name.as_str()) && table(&manifest, "dependencies").any(|d| d == "tokio")
    {
        complaints.push(complaint(format!("{name} must not use tokio: it never waits")));
    }
    complaints
}

fn package_name(manifest: &toml::Table) -> Option<String> {
    let name = manifest.get("package")?.get("name")?.as_str()?;
    Some(name.strip_prefix(PREFIX).unwrap_or(name).to_owned())
}

fn table<'a>(manifest: &'a toml::Table, name: &str) -> impl Iterator<Item = &'a str> {
    let table = manifest.get(name).and_then(toml::Value::as_table);
    table.into_iter().flat_map(|table| table.keys().map(String::as_str))
}

fn ours<'a>(manifest: &'a toml::Table, name: &str) -> impl Iterator<Item = &'a str> {
    table(manifest, name).filter_map(|used| used.strip_prefix(PREFIX))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn complaints(text: &str) -> Vec<String> {
        check(Path::new("Cargo.toml"), text).into_iter().map(|complaint| complaint.what).collect()
    }

    #[test]
    fn edges_run_downwards_only() {
        let upwards = "[package]\nname = \"rookery-mailbox\"\n[dependencies]\nrookery-imap.workspace = true\nrookery-mail.workspace = true\n";
        assert_eq!(complaints(upwards), ["mailbox must not use imap"]);
    }

    #[test]
    fn the_testkit_is_for_tests() {
        let shipped =
            "[package]\nname = \"rookery-imap\"\n[dependencies]\nrookery-testkit = \"1\"\n";
        assert_eq!(complaints(shipped), ["imap must not use testkit"]);
        let tests =
            "[package]\nname = \"rookery-imap\"\n[dev-dependencies]\nrookery-testkit = \"1\"\n";
        assert!(complaints(tests).is_empty());
        let sideways =
            "[package]\nname = \"rookery-mime\"\n[dev-dependencies]\nrookery-mail = \"1\"\n";
        assert_eq!(complaints(sideways), ["mime must not use mail, not even in tests"]);
    }

    #[test]
    fn the_wire_never_waits() {
        let waiting = "[package]\nname = \"rookery-imap-wire\"\n[dependencies]\ntokio = \"1\"\n";
        assert_eq!(complaints(waiting), ["imap-wire must not use tokio: it never waits"]);
    }

    #[test]
    fn new_crates_are_entered_in_the_table() {
        assert_eq!(complaints("[package]\nname = \"rookery-utils\"\n").len(), 1);
        assert!(complaints("[workspace]\n").is_empty());
    }
}
