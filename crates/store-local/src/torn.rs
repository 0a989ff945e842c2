//! Cutting off what a power cut left at the end of a log, and keeping it for a human to look at.

use crate::failure::{io_error, is_unreadable};
use crate::limits::{MAX_KEPT_CUT_OCTETS, MAX_KEPT_CUTS};
use crate::replay::READING;
use crate::vfs::{Vfs, VfsFile};
use rookery_mailbox::StoreError;
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};

/// Cut these octets, which go up to its end, off a segment. The caller syncs it.
pub(crate) fn cut(
    vfs: &dyn Vfs,
    account: &Path,
    (segment, file): (u32, &dyn VfsFile),
    torn: &Range<u64>,
) -> Result<(), StoreError> {
    let octets = torn.end - torn.start;
    let (account_name, at) = (account.display(), torn.start);
    match keep(vfs, account, (segment, file), torn) {
        Ok(kept) => {
            let kept = kept.display();
            tracing::warn!(account = %account_name, segment, at, octets, %kept, "cut the torn end of a log");
        }
        // It was read a moment ago, and may have to be looked at again.
        Err(error) if is_unreadable(&error) => return Err(io_error(READING, error)),
        Err(error) => {
            tracing::warn!(account = %account_name, segment, at, octets, %error, "cut the torn end of a log, which could not be kept");
        }
    }
    file.truncate(torn.start).map_err(|error| io_error("cutting the torn end of a log", error))
}

/// Keep the first of the octets in a file of their own; returns its path.
fn keep(
    vfs: &dyn Vfs,
    account: &Path,
    (segment, file): (u32, &dyn VfsFile),
    torn: &Range<u64>,
) -> io::Result<PathBuf> {
    let dir = account.join("cut");
    vfs.create_dir(&dir)?;
    let count = usize::try_from(torn.end - torn.start).unwrap_or(usize::MAX);
    let octets = crate::vfs::read_exact_at(file, count.min(MAX_KEPT_CUT_OCTETS), torn.start)?;
    let path = dir.join(format!("{segment}-{}", torn.start));
    let kept = vfs.create(&path)?;
    kept.write_at(&octets, 0)?;
    kept.sync_data()?;
    vfs.sync_dir(account)?;
    remove_excess(vfs, &dir)?;
    vfs.sync_dir(&dir)?;
    Ok(path)
}

/// Logs only grow, so that those furthest on are the latest.
fn remove_excess(vfs: &dyn Vfs, dir: &Path) -> io::Result<()> {
    let names = vfs.list(dir)?;
    let mut places: Vec<(u32, u64)> = names.iter().filter_map(|name| place(name)).collect();
    places.sort_unstable();
    for (segment, at) in places.iter().rev().skip(MAX_KEPT_CUTS) {
        vfs.remove_file(&dir.join(format!("{segment}-{at}")))?;
    }
    Ok(())
}

/// The segment and the octet in the name of a file that was kept.
pub(crate) fn place(name: &str) -> Option<(u32, u64)> {
    let (segment, at) = name.split_once('-')?;
    Some((segment.parse().ok()?, at.parse().ok()?))
}
