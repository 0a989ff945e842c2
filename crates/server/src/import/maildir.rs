//! Maildir with its subfolders: `.Sub.Deep` beside `cur` (Maildir++), or folders within folders.
//!
//! A folder is descended into if it is a Maildir, that is, has `cur` or `new`, or if one directly below it is.
//! Symbolic links are not followed: they lead out of the Maildir, or round in circles. That holds for those that come while it
//! is read, too: what was listed is opened name by name.

use super::{Found, Source, crlf, modified, named};
use crate::admin::MessageDetails;
use crate::limited_file;
use crate::limits::{MAX_CONFIG_SIZE, MAX_IMPORT_DEPTH};
use crate::untrusted_dir::UntrustedDir;
use rookery_imap_wire::WireMailbox;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::{fs, io};

/// A file with a message, and where it belongs.
struct File {
    path: PathBuf,
    mailbox: Arc<str>,
    flags: Vec<String>,
}

/// The Maildir that everything lies in.
struct Top {
    opened: UntrustedDir,
    path: PathBuf,
}

impl Top {
    /// A file below it.
    fn open(&self, path: &Path) -> io::Result<fs::File> {
        self.opened.file(path.strip_prefix(&self.path).map_err(io::Error::other)?)
    }
}

/// What a Maildir has.
#[derive(Default)]
struct Mail {
    /// One for each folder that can have messages.
    mailboxes: Vec<String>,
    files: Vec<File>,
}

/// Keywords by letter, as Dovecot keeps them.
type Keywords = HashMap<char, String>;

pub(super) fn read(dir: &Path, mailbox: Option<&str>, most: u64) -> io::Result<Source> {
    if !leads_to_mail(dir)? {
        let message = format!("{} is no Maildir: it has no cur and no new", dir.display());
        return Err(io::Error::new(io::ErrorKind::InvalidInput, message));
    }
    let top = Top { opened: UntrustedDir::open(dir)?, path: dir.to_owned() };
    let mut mail = Mail::default();
    find(&top, (dir, mailbox.unwrap_or_default()), 0, &mut mail)?;
    let total = mail.files.len() as u64;
    let messages = mail.files.into_iter().map(move |file| Ok((message(&top, &file, most)?, 1)));
    Ok(Source { mailboxes: mail.mailboxes, messages: Box::new(messages), total })
}

fn is_maildir(dir: &Path) -> bool {
    ["cur", "new"].iter().any(|sub| is_real_dir(&dir.join(sub)))
}

fn is_real_dir(path: &Path) -> bool {
    path.symlink_metadata().is_ok_and(|metadata| metadata.is_dir())
}

/// Whether a folder is a Maildir or the parent of one.
fn leads_to_mail(dir: &Path) -> io::Result<bool> {
    Ok(is_maildir(dir) || folders(dir)?.iter().any(|(path, _)| is_maildir(path)))
}

/// The messages of a folder and of those below it. The top is the inbox unless a name was given.
fn find(top: &Top, (dir, mailbox): (&Path, &str), depth: usize, mail: &mut Mail) -> io::Result<()> {
    if depth > MAX_IMPORT_DEPTH {
        return Err(io::Error::other(format!("{}: too many folders in folders", dir.display())));
    }
    let name: Arc<str> =
        if mailbox.is_empty() { rookery_mail::INBOX.into() } else { mailbox.into() };
    if is_maildir(dir) {
        mail.mailboxes.push(name.to_string());
    }
    let keywords = keywords(top, dir);
    for sub in ["cur", "new"] {
        if is_real_dir(&dir.join(sub)) {
            find_messages(&dir.join(sub), &name, &keywords, &mut mail.files)?;
        }
    }
    for (path, folder) in folders(dir)? {
        if !leads_to_mail(&path)? {
            continue;
        }
        let below = match (mailbox, folder.strip_prefix('.')) {
            ("", None) => decode(&folder),
            ("", Some(levels)) => decode_levels(levels),
            (above, None) => format!("{above}/{}", decode(&folder)),
            (above, Some(levels)) => format!("{above}/{}", decode_levels(levels)),
        };
        find(top, (&path, &below), depth + 1, mail)?;
    }
    Ok(())
}

/// The folders of a folder, without those that hold its messages, by name.
fn folders(dir: &Path) -> io::Result<Vec<(PathBuf, String)>> {
    let mut folders = Vec::new();
    for entry in fs::read_dir(dir).map_err(|error| named(dir, &error))? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if entry.file_type()?.is_dir() && !matches!(name.as_str(), "cur" | "new" | "tmp") {
            folders.push((entry.path(), name));
        }
    }
    folders.sort();
    Ok(folders)
}

fn find_messages(
    dir: &Path,
    mailbox: &Arc<str>,
    keywords: &Keywords,
    files: &mut Vec<File>,
) -> io::Result<()> {
    let mut names = Vec::new();
    for entry in fs::read_dir(dir).map_err(|error| named(dir, &error))? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if !name.starts_with('.') && entry.file_type()?.is_file() {
            names.push((arrival(&name), name, entry.path()));
        }
    }
    names.sort();
    files.extend(names.into_iter().map(|(_, name, path)| {
        let flags = flags(&name, keywords);
        File { path, mailbox: Arc::clone(mailbox), flags }
    }));
    Ok(())
}

/// The number that a file's name begins with, the second in which the message arrived.
fn arrival(name: &str) -> u64 {
    let digits = name.split(|c: char| !c.is_ascii_digit()).next();
    digits.and_then(|digits| digits.parse().ok()).unwrap_or(u64::MAX)
}

/// The flags that stand after `:2,` in a file's name.
fn flags(name: &str, keywords: &Keywords) -> Vec<String> {
    let letters = name.rsplit_once(":2,").map_or("", |(_, letters)| letters);
    let flag = |letter| match letter {
        'P' => Some("$Forwarded".to_owned()),
        'R' => Some("\\Answered".to_owned()),
        'S' => Some("\\Seen".to_owned()),
        'T' => Some("\\Deleted".to_owned()),
        'D' => Some("\\Draft".to_owned()),
        'F' => Some("\\Flagged".to_owned()),
        other => keywords.get(&other).cloned(),
    };
    letters.chars().filter_map(flag).collect()
}

/// Lines of a number and a keyword; number 0 is the letter `a`.
fn keywords(top: &Top, dir: &Path) -> Keywords {
    let file = top.open(&dir.join("dovecot-keywords"));
    let octets = file.and_then(|mut file| limited_file::octets(&mut file, MAX_CONFIG_SIZE));
    keywords_in(&String::from_utf8_lossy(&octets.unwrap_or_default()))
}

fn keywords_in(text: &str) -> Keywords {
    let line = |line: &str| {
        let (number, keyword) = line.split_once(' ')?;
        let letter = ('a'..='z').nth(number.parse().ok()?)?;
        rookery_mail::Flag::parse(keyword).ok()?;
        Some((letter, keyword.to_owned()))
    };
    text.lines().filter_map(line).collect()
}

/// A folder's name, which is in modified UTF-7 or in UTF-8.
fn decode(folder: &str) -> String {
    let utf8 = !folder.is_ascii();
    WireMailbox(folder.as_bytes().to_vec()).decode(utf8).unwrap_or_else(|_| folder.to_owned())
}

/// A name with a dot between its levels. A dot that is encoded does not divide.
fn decode_levels(levels: &str) -> String {
    levels.split('.').map(decode).collect::<Vec<_>>().join("/")
}

fn message(top: &Top, file: &File, most: u64) -> io::Result<Found> {
    let path = &file.path;
    let failed = |error: io::Error| named(path, &error);
    let mut opened = top.open(path).map_err(failed)?;
    let octets = limited_file::octets(&mut opened, most).map_err(failed)?;
    let octets = crlf::of_message(&octets);
    let received = modified(&opened).map_err(failed)?;
    let details = MessageDetails { flags: file.flags.clone(), received, zone: 0 };
    let origin = path.display().to_string();
    Ok(Found { origin, mailbox: file.mailbox.to_string(), details, octets })
}

/// The flags that a file's name and this file of keywords mean.
#[cfg(feature = "fuzzing")]
pub(crate) fn flags_in(name: &str, keywords: &str) -> Vec<String> {
    flags(name, &keywords_in(keywords))
}

/// The mailbox that a folder's name means, the dots in it dividing levels.
#[cfg(feature = "fuzzing")]
pub(crate) fn mailbox_in(levels: &str) -> String {
    decode_levels(levels)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::{Duration, UNIX_EPOCH};

    fn write(dir: &Path, file: &str) {
        let path = dir.join(file);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, "A: b\n\n").unwrap();
        let date = UNIX_EPOCH + Duration::from_secs(1_000_000);
        std::fs::File::options().write(true).open(&path).unwrap().set_modified(date).unwrap();
    }

    fn found(dir: &Path, mailbox: Option<&str>) -> Vec<(String, Vec<String>)> {
        let messages = read(dir, mailbox, 100).unwrap().messages.map(|found| found.unwrap().0);
        let check = |found: Found| {
            assert_eq!(
                (found.details.received, found.octets.as_slice()),
                (1_000_000, b"A: b\r\n\r\n".as_slice())
            );
            (found.mailbox, found.details.flags)
        };
        messages.map(check).collect()
    }

    #[test]
    fn folders_and_flags_are_found() {
        let dir = tempfile::tempdir().unwrap();
        for file in [
            "cur/9.b:2,FSa",
            "cur/10.a:2,",
            "new/1.c",
            "tmp/x",
            ".Entw&APw-rfe.Alt/cur/1.x:2,PRTDSF",
            "Fs/Deep/cur/1.y",
        ] {
            write(dir.path(), file);
        }
        std::fs::write(dir.path().join("dovecot-keywords"), "0 $Work\n1 bad keyword\n").unwrap();
        let flags = |list: &[&str]| list.iter().map(|flag| (*flag).to_owned()).collect::<Vec<_>>();
        let all =
            flags(&["$Forwarded", "\\Answered", "\\Deleted", "\\Draft", "\\Seen", "\\Flagged"]);
        let expected = [
            ("INBOX", flags(&["\\Flagged", "\\Seen", "$Work"])),
            ("INBOX", flags(&[])),
            ("INBOX", flags(&[])),
            ("Entw\u{fc}rfe/Alt", all),
            ("Fs/Deep", flags(&[])),
        ];
        let expected: Vec<_> = expected.map(|(name, flags)| (name.to_owned(), flags)).into();
        assert_eq!(found(dir.path(), None), expected);
        let below: Vec<_> =
            found(dir.path(), Some("Old")).into_iter().map(|found| found.0).collect();
        assert_eq!(below, ["Old", "Old", "Old", "Old/Entw\u{fc}rfe/Alt", "Old/Fs/Deep"]);
    }

    #[test]
    fn what_is_no_maildir_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let refusal = || read(dir.path(), None, 100).err().unwrap().to_string();
        assert!(refusal().ends_with(" is no Maildir: it has no cur and no new"), "{}", refusal());
        write(dir.path(), "src/some/new/file.rs");
        write(dir.path(), "notes");
        refusal();
        assert!(read(&dir.path().join("none"), None, 100).is_err());
    }

    #[test]
    fn only_maildirs_and_their_parents_are_descended_into() {
        let dir = tempfile::tempdir().unwrap();
        for file in ["Mail/Work/cur/1.a", "Mail/Lists/Rust/new/1.b", "Mail/src/x/y/new/1.c"] {
            write(dir.path(), file);
        }
        let mailboxes =
            |path: &str| found(&dir.path().join(path), None).into_iter().map(|found| found.0);
        assert!(mailboxes("Mail").eq(["Lists/Rust", "Work"]));
        assert!(read(dir.path(), None, 100).is_err());
    }

    #[test]
    fn maildirs_lie_in_maildirs_so_deep_and_no_deeper() {
        let dir = tempfile::tempdir().unwrap();
        for depth in 0..=MAX_IMPORT_DEPTH {
            write(dir.path(), &format!("{}cur/1.a", "f/".repeat(depth)));
        }
        assert_eq!(found(dir.path(), None).len(), MAX_IMPORT_DEPTH + 1);
        write(dir.path(), &format!("{}cur/1.a", "f/".repeat(MAX_IMPORT_DEPTH + 1)));
        let error = read(dir.path(), None, 100).err().unwrap();
        assert!(error.to_string().contains("too many folders"), "{error}");
    }

    #[test]
    fn links_are_not_followed() {
        use std::os::unix::fs::symlink;
        let dir = tempfile::tempdir().unwrap();
        write(dir.path(), "In/cur/1.a");
        write(dir.path(), "Other/cur/1.b");
        let inbox = dir.path().join("In");
        symlink(dir.path().join("Other"), inbox.join(".Other")).unwrap();
        symlink(&inbox, inbox.join("Round")).unwrap();
        symlink(dir.path().join("Other/cur/1.b"), inbox.join("cur/2.b")).unwrap();
        symlink(dir.path().join("Other/cur"), inbox.join("new")).unwrap();
        symlink(dir.path().join("keywords"), inbox.join("dovecot-keywords")).unwrap();
        std::fs::write(dir.path().join("keywords"), "0 secret\n").unwrap();
        std::fs::rename(inbox.join("cur/1.a"), inbox.join("cur/1.a:2,Sa")).unwrap();
        assert_eq!(found(&inbox, None), [("INBOX".to_owned(), vec!["\\Seen".to_owned()])]);

        // Nor those that come when all is listed.
        let source = read(&inbox, None, 100).unwrap();
        std::fs::rename(inbox.join("cur"), inbox.join("past")).unwrap();
        symlink(inbox.join("past"), inbox.join("cur")).unwrap();
        let found: Vec<_> = source.messages.collect();
        assert!(found.len() == 1 && found[0].is_err());
    }

    #[test]
    fn a_message_that_is_too_large_costs_itself_only() {
        let dir = tempfile::tempdir().unwrap();
        for file in ["cur/1.a", "cur/2.b", "cur/3.c"] {
            write(dir.path(), file);
        }
        let large = std::fs::File::options().write(true).open(dir.path().join("cur/2.b")).unwrap();
        large.set_len(1 << 40).unwrap();
        let found: Vec<_> = read(dir.path(), None, 100).unwrap().messages.collect();
        assert_eq!(found.iter().map(Result::is_ok).collect::<Vec<_>>(), [true, false, true]);
    }
}
