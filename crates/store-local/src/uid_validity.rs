//! The largest UIDVALIDITY of all removed accounts, below which no new account begins: one that is made
//! in the second in which another one of its name was removed must not look like that one to clients
//! (RFC 9051 §2.3.1.1).

use crate::vfs::{Vfs, read_exact_at};
use std::io;
use std::path::Path;

const FILE: &str = "uidvalidity";

/// The number; 0 if no account was ever removed.
pub(crate) fn read(vfs: &dyn Vfs, dir: &Path) -> io::Result<u32> {
    let file = match vfs.open(&dir.join(FILE)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(0),
        file => file?,
    };
    // As long as the largest number and a line's end.
    let len = usize::try_from(file.len()?).unwrap_or(usize::MAX).min(11);
    let text = read_exact_at(&*file, len, 0)?;
    let number = std::str::from_utf8(&text).ok().and_then(|text| text.trim().parse().ok());
    if number.is_none() {
        tracing::warn!("the file of the largest UIDVALIDITY holds no number");
    }
    Ok(number.unwrap_or(0))
}

/// Make the number durable.
pub(crate) fn write(vfs: &dyn Vfs, dir: &Path, number: u32) -> io::Result<()> {
    let new = dir.join("uidvalidity.new");
    let file = vfs.create(&new)?;
    file.write_at(format!("{number}\n").as_bytes(), 0)?;
    file.sync_data()?;
    vfs.rename(&new, &dir.join(FILE))?;
    vfs.sync_dir(dir)
}
