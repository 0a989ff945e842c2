//! Files that only their owner reads, replaced whole or not at all.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;

/// Write a file of mode 0600 so that a crash leaves the former content or the new one. Its directory is there
/// already: one that was removed in the meantime is not made again.
pub(crate) fn write(file: &Path, octets: &[u8]) -> io::Result<()> {
    let new = file.with_extension(format!("{}.new", random_name()?));
    let written = write_new(&new, octets).and_then(|()| std::fs::rename(&new, file));
    if written.is_err() {
        // It may not have been made at all.
        let _ = std::fs::remove_file(&new);
    }
    written?;
    File::open(parent(file))?.sync_all()
}

fn write_new(file: &Path, octets: &[u8]) -> io::Result<()> {
    let mut out = OpenOptions::new().write(true).create_new(true).mode(0o600).open(file)?;
    out.write_all(octets)?;
    out.sync_all()
}

/// Eight letters and digits that nobody else thinks of.
pub(crate) fn random_name() -> io::Result<String> {
    let mut random = [0; 4];
    getrandom::fill(&mut random).map_err(io::Error::other)?;
    Ok(format!("{:08x}", u32::from_ne_bytes(random)))
}

/// Make a directory, and those above it, that only their owner enters; a crash does not undo it.
pub(crate) fn make_dir(dir: &Path) -> io::Result<()> {
    let missing: Vec<&Path> = dir.ancestors().take_while(|dir| !is_there(dir)).collect();
    DirBuilder::new().recursive(true).mode(0o700).create(dir)?;
    missing.into_iter().rev().try_for_each(|made| File::open(parent(made))?.sync_all())
}

fn is_there(dir: &Path) -> bool {
    dir.as_os_str().is_empty() || dir.exists()
}

fn parent(path: &Path) -> &Path {
    let named = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    named.unwrap_or(Path::new("."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_replaced_whole_and_directories_are_not_made() {
        let dir = tempfile::tempdir().unwrap();
        let (file, lost) = (dir.path().join("a.toml"), dir.path().join("gone/a.toml"));
        write(&file, b"one").unwrap();
        write(&file, b"two").unwrap();
        assert_eq!(std::fs::read(&file).unwrap(), b"two");
        assert!(write(&lost, b"x").is_err());
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1);
        make_dir(&dir.path().join("a/b")).unwrap();
        make_dir(&dir.path().join("a/b")).unwrap();
        assert!(dir.path().join("a/b").is_dir());
    }
}
