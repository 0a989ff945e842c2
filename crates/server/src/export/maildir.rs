//! A Maildir with its subfolders as Dovecot keeps it: `.Sub.Deep` beside `cur`, UIDs in `dovecot-uidlist`, keywords
//! in `dovecot-keywords`, subscriptions in `subscriptions`.

use crate::admin::ListedMessage;
use crate::untrusted_dir::UntrustedDir;
use rookery_imap_wire::WireMailbox;
use rookery_mail::DELIMITER;
use std::fs;
use std::io::{self, Write};
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// A Maildir in the making.
pub(crate) struct Maildir {
    /// Open from the beginning on, so that what could not be written since is known in the end.
    root: UntrustedDir,
}

/// A folder of a Maildir in the making.
pub(crate) struct Folder {
    dir: UntrustedDir,
    cur: UntrustedDir,
    /// What it is called if not as the mailbox.
    pub(crate) renamed: Option<String>,
    uid_validity: u32,
    /// The lines of `dovecot-uidlist`, whose first one is not known before the end.
    uids: String,
    /// The least UID that is above those of all messages.
    above: u32,
    /// Those that have a letter, in the order of the letters.
    keywords: Vec<String>,
    /// Flags that had no letter left.
    lost: u64,
}

/// The longest name that a folder can have on any file system, in octets.
const LONGEST_NAME: usize = 255;

/// The letters that keywords get in the names of files.
const LETTERS: &str = "abcdefghijklmnopqrstuvwxyz";

impl Maildir {
    /// Begin one in a folder that does not exist, or is empty.
    pub(crate) fn create(root: &Path) -> io::Result<Self> {
        fs::create_dir_all(root)?;
        if fs::read_dir(root)?.next().is_some() {
            let message = format!("{} is not empty", root.display());
            return Err(io::Error::new(io::ErrorKind::AlreadyExists, message));
        }
        Ok(Self { root: UntrustedDir::open(root)? })
    }

    /// Begin the folder of a mailbox. One whose name is too long for a folder's gets another one.
    pub(crate) fn folder(&self, name: &str, uid_validity: u32) -> io::Result<Folder> {
        let wanted = folder_name(name);
        let is_possible = wanted.len() <= LONGEST_NAME;
        let taken = if is_possible { wanted } else { format!(".Renamed.{uid_validity}") };
        let dir =
            if taken.is_empty() { self.root.dir(".")? } else { self.root.make_dir(&taken)? };
        for sub in ["new", "tmp"] {
            dir.make_dir(sub)?;
        }
        let cur = dir.make_dir("cur")?;
        if !taken.is_empty() {
            dir.create("maildirfolder")?;
        }
        let renamed = (!is_possible).then_some(taken);
        let (uids, keywords) = (String::new(), Vec::new());
        Ok(Folder { dir, cur, renamed, uid_validity, uids, above: 1, keywords, lost: 0 })
    }

    /// Write down which mailboxes are subscribed to.
    pub(crate) fn subscriptions(&self, names: &[String]) -> io::Result<()> {
        let lines = names.iter().map(|name| format!("{}\n", levels(name)));
        self.root.create("subscriptions")?.write_all(lines.collect::<String>().as_bytes())
    }

    /// Wait until the disk has all that was written. One sync for the whole file system takes a few of the seconds that one for
    /// each message would.
    pub(crate) fn sync(&self) -> io::Result<()> {
        nix::unistd::syncfs(&self.root).map_err(io::Error::from)
    }
}

impl Folder {
    /// Add a message. Messages come in the order of their UIDs.
    pub(crate) fn add(&mut self, message: &ListedMessage, octets: &[u8]) -> io::Result<()> {
        let received = message.details.received.max(0).unsigned_abs();
        let base = format!("{received}.U{}.rookery,S={}", message.uid, octets.len());
        let letters = self.letters(message);
        let mut file = self.cur.create(format!("{base}:2,{letters}"))?;
        file.write_all(octets)?;
        file.set_modified(moment(message.details.received))?;
        self.uids += &format!("{} :{base}\n", message.uid);
        self.above = self.above.max(message.uid.saturating_add(1));
        Ok(())
    }

    /// Complete the folder; the next message's UID is this, or greater than those of all that were added. Says how many flags
    /// had to be left out: a Maildir has letters for 26 keywords.
    pub(crate) fn finish(self, uid_next: u32) -> io::Result<u64> {
        let mut uidlist = self.dir.create("dovecot-uidlist")?;
        let next = uid_next.max(self.above);
        write!(uidlist, "3 V{} N{next}\n{}", self.uid_validity, self.uids)?;
        let lines = self.keywords.iter().enumerate();
        let lines: String = lines.map(|(number, word)| format!("{number} {word}\n")).collect();
        if !lines.is_empty() {
            self.dir.create("dovecot-keywords")?.write_all(lines.as_bytes())?;
        }
        Ok(self.lost)
    }

    /// The flags of a message as letters, sorted as the format wants them.
    fn letters(&mut self, message: &ListedMessage) -> String {
        let mut letters: Vec<char> = Vec::new();
        for flag in &message.details.flags {
            match system_letter(flag).or_else(|| self.keyword_letter(flag)) {
                Some(letter) => letters.push(letter),
                None => self.lost += 1,
            }
        }
        letters.sort_unstable();
        letters.into_iter().collect()
    }

    fn keyword_letter(&mut self, keyword: &str) -> Option<char> {
        let known = self.keywords.iter().position(|known| known == keyword);
        let at = known.unwrap_or(self.keywords.len());
        let letter = LETTERS.chars().nth(at)?;
        if known.is_none() {
            self.keywords.push(keyword.to_owned());
        }
        Some(letter)
    }
}

fn system_letter(flag: &str) -> Option<char> {
    match flag {
        "\\Answered" => Some('R'),
        "\\Seen" => Some('S'),
        "\\Deleted" => Some('T'),
        "\\Draft" => Some('D'),
        "\\Flagged" => Some('F'),
        _ => None,
    }
}

/// The folder of a mailbox below the Maildir; the inbox is the Maildir itself.
fn folder_name(name: &str) -> String {
    if name == rookery_mail::INBOX { String::new() } else { format!(".{}", levels(name)) }
}

/// A name with a dot between its levels, each in modified UTF-7; a dot within a level is encoded too.
fn levels(name: &str) -> String {
    let level = |level: &str| {
        let wire = WireMailbox::encode(level, false).0;
        String::from_utf8_lossy(&wire).replace('.', "&AC4-")
    };
    name.split(DELIMITER).map(level).collect::<Vec<_>>().join(".")
}

fn moment(unix: i64) -> SystemTime {
    let distance = Duration::from_secs(unix.unsigned_abs());
    let moment =
        if unix < 0 { UNIX_EPOCH.checked_sub(distance) } else { UNIX_EPOCH.checked_add(distance) };
    moment.unwrap_or(UNIX_EPOCH)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_become_folders() {
        let names = ["INBOX", "Work/Old", "INBOX/Sub", "v1.2/x", "Entw\u{fc}rfe"].map(folder_name);
        assert_eq!(names, ["", ".Work.Old", ".INBOX.Sub", ".v1&AC4-2.x", ".Entw&APw-rfe"]);
    }

    #[test]
    fn no_name_leads_out_of_the_maildir() {
        for name in ["..", "../x", "a/../../x", ".", "a\nb", "cur", "maildirfolder", "a/./b"] {
            let folder = folder_name(name);
            assert!(folder.starts_with('.') && !folder.contains(['/', '\n']), "{folder:?}");
            assert!(folder != "." && folder != "..", "{name:?}");
        }
    }

    #[test]
    fn names_that_are_too_long_for_a_folder_get_others() {
        let dir = tempfile::tempdir().unwrap();
        let maildir = Maildir::create(dir.path()).unwrap();
        let renamed = |name: &str, validity| maildir.folder(name, validity).unwrap().renamed;
        assert_eq!(renamed(&"x".repeat(254), 1), None);
        assert_eq!(renamed(&"x".repeat(255), 2), Some(".Renamed.2".to_owned()));
        assert_eq!(renamed(&"\u{fc}".repeat(200), 3), Some(".Renamed.3".to_owned()));
        assert!(dir.path().join(".Renamed.3/cur").exists());
    }

    #[test]
    fn only_empty_folders_are_written_to() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().join("a/b");
        Maildir::create(&root).unwrap();
        Maildir::create(&root).unwrap().folder("INBOX", 1).unwrap();
        let refusal = Maildir::create(&root).err().unwrap();
        assert!(refusal.to_string().ends_with("b is not empty"), "{refusal}");
    }

    #[test]
    fn what_comes_between_is_not_written_to() {
        let dir = tempfile::tempdir().unwrap();
        let (precious, root) = (dir.path().join("precious"), dir.path().join("out"));
        fs::write(&precious, "precious").unwrap();
        let maildir = Maildir::create(&root).unwrap();
        let link = |name: &str| std::os::unix::fs::symlink(&precious, root.join(name)).unwrap();
        ["subscriptions", "dovecot-uidlist", ".Box"].into_iter().for_each(link);
        assert!(maildir.subscriptions(&["Box".to_owned()]).is_err());
        assert!(maildir.folder("Box", 1).is_err());
        assert!(maildir.folder("INBOX", 1).unwrap().finish(1).is_err());
        assert_eq!(fs::read(&precious).unwrap(), b"precious");
    }

    #[test]
    fn keywords_get_letters_until_there_are_none() {
        let dir = tempfile::tempdir().unwrap();
        let mut folder = Maildir::create(dir.path()).unwrap().folder("INBOX", 7).unwrap();
        let message = |uid, flags: Vec<String>| {
            let details = crate::admin::MessageDetails { flags, received: 1_000_000, zone: 0 };
            ListedMessage { uid, size: 1, details }
        };
        let words = (0..27).map(|n| format!("k{n}")).collect();
        folder.add(&message(3, words), b"x").unwrap();
        let flags = ["k1", "\\Seen", "\\Draft"].map(str::to_owned).into();
        folder.add(&message(8, flags), b"yz").unwrap();
        assert_eq!(folder.finish(2).unwrap(), 1);
        let read = |name: &str| fs::read_to_string(dir.path().join(name)).unwrap();
        assert_eq!(
            read("dovecot-uidlist"),
            "3 V7 N9\n3 :1000000.U3.rookery,S=1\n8 :1000000.U8.rookery,S=2\n"
        );
        assert!(read("dovecot-keywords").starts_with("0 k0\n1 k1\n"));
        assert_eq!(read("cur/1000000.U8.rookery,S=2:2,DSb"), "yz");
    }
}
