//! The largest UIDVALIDITY of all removed accounts, below which no new account begins: one that is made
//! in the second in which another one of its name was removed must not look like that one to clients
//! (RFC 9051 §2.3.1.1).

use crate::failure::unless_of_the_moment;
use crate::limits::UID_VALIDITY_MARGIN;
use crate::store::seconds_since_1970;
use crate::vfs::{Vfs, VfsFile, read_exact_at};
use rookery_mail::UidValidity;
use std::io;
use std::path::Path;

const FILE: &str = "uidvalidity";

/// The number; 0 if no account was ever removed. If the file is damaged it is guessed, and written anew.
pub(crate) fn read(vfs: &dyn Vfs, dir: &Path) -> io::Result<u32> {
    let number = match vfs.open(&dir.join(FILE)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(0),
        file => unless_of_the_moment(file.and_then(|file| number_in(&*file)))?,
    };
    if let Some(number) = number {
        return Ok(number);
    }
    let number = guess();
    tracing::warn!(
        number,
        "the file of the largest UIDVALIDITY holds no number that can be read: new accounts begin above this one"
    );
    if let Err(error) = write(vfs, dir, number) {
        // It is guessed once more at the next start, and then it is no smaller.
        tracing::warn!(%error, "the file of the largest UIDVALIDITY could not be written anew");
    }
    Ok(number)
}

/// What the file holds.
fn number_in(file: &dyn VfsFile) -> io::Result<u32> {
    // As long as the largest number and a line's end.
    let len = usize::try_from(file.len()?).unwrap_or(usize::MAX).min(11);
    let text = read_exact_at(file, len, 0)?;
    let number = std::str::from_utf8(&text).ok().and_then(|text| text.trim().parse().ok());
    number.ok_or_else(|| io::ErrorKind::InvalidData.into())
}

/// A number above all that were given, where nobody can say any more which those were: UIDVALIDITY follows the clock, ahead of which
/// it is where mailboxes are made faster than seconds pass.
pub(crate) fn guess() -> u32 {
    let now = i64::try_from(seconds_since_1970()).unwrap_or(i64::MAX);
    UidValidity::suggested_by(now).get().saturating_add(UID_VALIDITY_MARGIN)
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
