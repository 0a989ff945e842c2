//! Telling a copy of an account from the account.
//!
//! Who copies an account while it changes may copy the end of its log first, and then an index snapshot that is newer, and may miss
//! one that another one names. In a copy that is no wonder, and the log is all that counts. In the account itself it would
//! mean that the log has lost its end. So the index snapshot has the number of the file that it was written to, which no copy of it has.

use crate::failure::{io_error, is_no_file, is_of_the_moment};
use crate::index::{self, ACCOUNT_FILE, Position};
use crate::segment::{file_name, number_of};
use crate::trouble::is_refusal;
use crate::vfs::{Vfs, VfsFile};
use rookery_mailbox::StoreError;
use std::io;
use std::ops::Range;
use std::path::Path;

/// Where an index snapshot of an account has the number of its file.
const PLACE: Range<usize> = 12..16;

/// The number of a file; 0 is none.
fn number(file: &dyn VfsFile) -> io::Result<u32> {
    let id = file.id()?;
    Ok(u32::try_from(id & u64::from(u32::MAX)).unwrap_or(0).max(1))
}

/// Say in an index snapshot which file it is written to, and renew its checksum.
pub(crate) fn mark(octets: &mut [u8], file: &dyn VfsFile) -> io::Result<()> {
    let number = number(file)?.to_le_bytes();
    octets.get_mut(PLACE).into_iter().for_each(|place| place.copy_from_slice(&number));
    if let Some((content, crc)) = octets.split_last_chunk_mut() {
        *crc = crc32c::crc32c(content).to_le_bytes();
    }
    Ok(())
}

/// Whether the index snapshot in this file was written to another one. Those of earlier versions do not say.
pub(crate) fn is_copy(vfs: &dyn Vfs, path: &Path) -> io::Result<bool> {
    let file = vfs.open(path)?;
    let octets = crate::vfs::read_exact_at(&*file, PLACE.len(), PLACE.start as u64)?;
    let written = octets.first_chunk().copied().map_or(0, u32::from_le_bytes);
    Ok(written != 0 && written != number(&*file)?)
}

/// Whether the index snapshot of an account was written to the file that it is in.
pub(crate) fn is_original(vfs: &dyn Vfs, account: &Path) -> io::Result<bool> {
    let file = crate::vfs::open(vfs, &account.join(ACCOUNT_FILE))?;
    let octets = crate::vfs::read_exact_at(&*file, PLACE.len(), PLACE.start as u64)?;
    Ok(octets == number(&*file)?.to_le_bytes())
}

/// Whether these octets of an index snapshot say that they were written to this file.
pub(crate) fn is_written_to(octets: &[u8], file: &dyn VfsFile) -> io::Result<bool> {
    Ok(octets.get(PLACE) == Some(&number(file)?.to_le_bytes()))
}

/// Remove the index snapshots of a copy that were left aside. They may be of what came later in the account, and would be taken for
/// the copy's own when its log has come as far with other changes.
pub(crate) fn remove_index(vfs: &dyn Vfs, account: &Path) -> Result<(), StoreError> {
    let is_copy = match is_copy(vfs, &account.join(ACCOUNT_FILE)) {
        // Nobody knows now, and whoever may read them later would take them for the copy's own.
        Err(error) if is_of_the_moment(&error) && !is_refusal(&error) => {
            return Err(io_error(index::READING, error));
        }
        // Those that cannot be read cannot be used either.
        is_copy => is_copy.unwrap_or(false),
    };
    let removed = if is_copy { index::remove(vfs, account) } else { Ok(()) };
    removed.map_err(|error| io_error("removing the index snapshots of a copy", error))
}

/// Whether a log ends before this place of it.
pub(crate) fn ends_before(vfs: &dyn Vfs, account: &Path, position: Position) -> io::Result<bool> {
    let dir = account.join("seg");
    let last = vfs.list(&dir)?.iter().filter_map(|name| number_of(name)).max().unwrap_or(0);
    Ok(match last.cmp(&position.segment) {
        std::cmp::Ordering::Less => true,
        std::cmp::Ordering::Equal => match vfs.open(&dir.join(file_name(last))) {
            // A directory has its name, or a link that leads nowhere. No copying leaves that behind.
            Err(error) if is_no_file(&error) => false,
            file => file?.len()? < position.offset,
        },
        std::cmp::Ordering::Greater => false,
    })
}
