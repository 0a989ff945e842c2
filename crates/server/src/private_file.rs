//! Files that only their owner reads, replaced whole or not at all.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;

/// Write a file of mode 0600 so that a crash leaves the former content or the new one; its directory is
/// made if it is missing.
pub(crate) fn write(file: &Path, octets: &[u8]) -> io::Result<()> {
    let dir = file.parent().unwrap_or(Path::new("."));
    make_dir(dir)?;
    let new = file.with_extension("new");
    let mut out =
        OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&new)?;
    out.write_all(octets)?;
    out.sync_all()?;
    std::fs::rename(&new, file)?;
    File::open(dir)?.sync_all()
}

/// Make a directory, and those above it, that only their owner enters.
pub(crate) fn make_dir(dir: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(dir)
}
