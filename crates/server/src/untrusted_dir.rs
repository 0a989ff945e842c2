//! Folders of somebody who may change them while we read or write there. Whoever runs us may have more rights than they: no link in
//! such a folder leads anywhere, whenever it was put there.

use rustix::fs::{self, CWD, Mode, OFlags};
use std::ffi::OsStr;
use std::fs::File;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::{Component, Path};

/// A folder, held open: another one in its place is not looked at.
pub(crate) struct UntrustedDir(OwnedFd);

const DIRECTORY: OFlags = OFlags::DIRECTORY.union(OFlags::CLOEXEC);

impl UntrustedDir {
    /// The folder that was asked for. Links on the way to it are followed: whoever asked has named them.
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        Ok(Self(fs::openat(CWD, path, DIRECTORY, Mode::empty())?))
    }

    /// A folder in it.
    pub(crate) fn dir(&self, name: impl AsRef<OsStr>) -> io::Result<Self> {
        let flags = DIRECTORY.union(OFlags::NOFOLLOW);
        Ok(Self(fs::openat(&self.0, name.as_ref(), flags, Mode::empty())?))
    }

    /// Make a folder in it, where there is nothing yet.
    pub(crate) fn make_dir(&self, name: impl AsRef<OsStr>) -> io::Result<Self> {
        fs::mkdirat(&self.0, name.as_ref(), Mode::from_raw_mode(0o777))?;
        self.dir(name)
    }

    /// Make a file in it, where there is nothing yet.
    pub(crate) fn create(&self, name: impl AsRef<OsStr>) -> io::Result<File> {
        let flags = OFlags::CREATE | OFlags::EXCL | OFlags::WRONLY | OFlags::CLOEXEC;
        let file = fs::openat(&self.0, name.as_ref(), flags, Mode::from_raw_mode(0o666))?;
        Ok(file.into())
    }

    /// A regular file in it or, by the names on the way, in a folder below.
    pub(crate) fn file(&self, below: &Path) -> io::Result<File> {
        let mut names = below.components().map(|component| match component {
            Component::Normal(name) => Ok(name),
            _ => Err(io::Error::other("no name of a file in a folder")),
        });
        let file = names.next_back().ok_or(io::ErrorKind::NotFound)??;
        let mut within: Option<Self> = None;
        for name in names {
            within = Some(within.as_ref().unwrap_or(self).dir(name?)?);
        }
        let within = within.as_ref().unwrap_or(self);
        // Who waits for nobody is not kept by a pipe.
        let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let file: File = fs::openat(&within.0, file, flags, Mode::empty())?.into();
        match file.metadata()?.is_file() {
            true => Ok(file),
            false => Err(io::Error::other("it is not a regular file")),
        }
    }
}

impl AsFd for UntrustedDir {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limited_file::octets;
    use std::os::unix::fs::symlink;

    #[test]
    fn no_link_leads_anywhere() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("theirs");
        std::fs::create_dir_all(path.join("real")).unwrap();
        std::fs::create_dir(dir.path().join("others")).unwrap();
        for file in ["theirs/real/a", "others/a"] {
            std::fs::write(dir.path().join(file), "precious").unwrap();
        }
        symlink(dir.path().join("others"), path.join("folder")).unwrap();
        symlink(dir.path().join("others/a"), path.join("file")).unwrap();
        symlink(dir.path().join("others/new"), path.join("nowhere")).unwrap();
        let theirs = UntrustedDir::open(&path).unwrap();
        let mut file = theirs.file(Path::new("real/a")).unwrap();
        assert_eq!(octets(&mut file, 8).unwrap(), b"precious");
        for name in ["file", "folder/a", "nowhere", "../others/a", "real", "", "/etc/passwd"] {
            assert!(theirs.file(Path::new(name)).is_err(), "{name}");
        }
        for name in ["file", "folder", "nowhere"] {
            assert!(theirs.dir(name).is_err() && theirs.make_dir(name).is_err(), "{name}");
            assert!(theirs.create(name).is_err(), "{name}");
        }
        assert_eq!(std::fs::read(dir.path().join("others/a")).unwrap(), b"precious");
        assert_eq!(std::fs::read_dir(dir.path().join("others")).unwrap().count(), 1);
        theirs.make_dir("made").unwrap().create("b").unwrap();
        assert!(path.join("made/b").exists());
    }

    #[test]
    fn what_has_no_end_or_is_too_long_is_not_read() {
        let dir = tempfile::tempdir().unwrap();
        let made = std::process::Command::new("mkfifo").arg(dir.path().join("pipe")).status();
        assert!(made.unwrap().success());
        let theirs = UntrustedDir::open(dir.path()).unwrap();
        assert!(theirs.file(Path::new("pipe")).is_err());
        theirs.create("long").unwrap().set_len(1 << 40).unwrap();
        let mut long = theirs.file(Path::new("long")).unwrap();
        assert_eq!(octets(&mut long, 1 << 20).unwrap_err().kind(), io::ErrorKind::FileTooLarge);
    }
}
