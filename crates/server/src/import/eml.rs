//! A folder of files with one message each, and those below it.

use super::{Found, Source, crlf, modified, named, received};
use crate::admin::MessageDetails;
use crate::limited_file;
use crate::limits::MAX_IMPORT_DEPTH;
use crate::untrusted_dir::UntrustedDir;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

pub(super) fn read(path: &Path, mailbox: &str, most: u64) -> io::Result<Source> {
    let (mut files, mut top) = (Vec::new(), None);
    if path.metadata()?.is_dir() {
        top = Some((UntrustedDir::open(path)?, path.to_owned()));
        find(path, 0, &mut files)?;
    } else {
        files.push(path.to_owned());
    }
    let (total, mailbox) = (files.len() as u64, mailbox.to_owned());
    let messages = files.into_iter().map(move |path| {
        let failed = |error: io::Error| named(&path, &error);
        let file = open(top.as_ref(), &path).map_err(failed)?;
        Ok((message(file, &path, &mailbox, most).map_err(failed)?, 1))
    });
    Ok(Source { mailboxes: Vec::new(), messages: Box::new(messages), total })
}

/// All files in the order of their names, but those that are hidden and those that are no regular files:
/// symbolic links may lead anywhere, and a FIFO may never end.
fn find(dir: &Path, depth: usize, files: &mut Vec<PathBuf>) -> io::Result<()> {
    if depth > MAX_IMPORT_DEPTH {
        return Err(io::Error::other(format!("{}: too many folders in folders", dir.display())));
    }
    let listed = std::fs::read_dir(dir).map_err(|error| named(dir, &error))?;
    let mut entries = listed.collect::<io::Result<Vec<_>>>()?;
    entries.sort_by_key(std::fs::DirEntry::file_name);
    let hidden = |entry: &std::fs::DirEntry| entry.file_name().as_encoded_bytes().starts_with(b".");
    for entry in entries.iter().filter(|entry| !hidden(entry)) {
        let kind = entry.file_type()?;
        if kind.is_dir() {
            find(&entry.path(), depth + 1, files)?;
        } else if kind.is_file() {
            files.push(entry.path());
        }
    }
    Ok(())
}

/// A file that was found below a folder, or the one that was named.
fn open(top: Option<&(UntrustedDir, PathBuf)>, path: &Path) -> io::Result<File> {
    match top {
        Some((opened, top)) => opened.file(path.strip_prefix(top).map_err(io::Error::other)?),
        None => File::open(path),
    }
}

fn message(mut file: File, path: &Path, mailbox: &str, most: u64) -> io::Result<Found> {
    let octets = crlf::of_message(&limited_file::octets(&mut file, most)?);
    let (received, zone) = match received::date_of(&octets) {
        Some(date) => (date.unix(), date.offset_minutes()),
        None => (modified(&file)?, 0),
    };
    let details = MessageDetails { flags: Vec::new(), received, zone };
    let origin = path.display().to_string();
    Ok(Found { origin, mailbox: mailbox.to_owned(), details, octets })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_found_at_any_depth_in_order() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(dir.path().join("b/c")).unwrap();
        for (file, text) in [("b/c/1.eml", "B: 1\n\n"), ("a", "A: 1\r\n\r\n"), (".x", "no")] {
            std::fs::write(dir.path().join(file), text).unwrap();
        }
        std::os::unix::fs::symlink(dir.path(), dir.path().join("round")).unwrap();
        std::os::unix::fs::symlink(dir.path().join("a"), dir.path().join("again")).unwrap();
        let _socket = std::os::unix::net::UnixListener::bind(dir.path().join("socket")).unwrap();
        let source = read(dir.path(), "Old", 100).unwrap();
        assert_eq!(source.total, 2);
        let found: Vec<_> = source.messages.map(|found| found.unwrap().0).collect();
        let octets: Vec<_> = found.iter().map(|found| found.octets.as_slice()).collect();
        assert_eq!(octets, [b"A: 1\r\n\r\n".as_slice(), b"B: 1\r\n\r\n"]);
        assert!(found.iter().all(|found| found.mailbox == "Old"));
        assert!(read(&dir.path().join("none"), "Old", 100).is_err());
        let one = read(&dir.path().join("a"), "Old", 100).unwrap();
        assert_eq!(
            one.messages.map(|found| found.unwrap().0.octets.len()).collect::<Vec<_>>(),
            [8]
        );
        // What is too large, or has become a link, costs itself only.
        let source = read(dir.path(), "Old", 7).unwrap();
        std::fs::rename(dir.path().join("b"), dir.path().join("c")).unwrap();
        std::os::unix::fs::symlink(dir.path().join("c"), dir.path().join("b")).unwrap();
        assert_eq!(source.messages.filter(Result::is_err).count(), 2);
    }

    #[test]
    fn folders_lie_in_folders_so_deep_and_no_deeper() {
        let dir = tempfile::tempdir().unwrap();
        let deep = dir.path().join("f/".repeat(MAX_IMPORT_DEPTH));
        std::fs::create_dir_all(&deep).unwrap();
        std::fs::write(deep.join("1.eml"), "A: b\n\n").unwrap();
        assert_eq!(read(dir.path(), "Old", 100).unwrap().total, 1);
        std::fs::create_dir(deep.join("f")).unwrap();
        let error = read(dir.path(), "Old", 100).err().unwrap();
        assert!(error.to_string().contains("too many folders"), "{error}");
    }
}
