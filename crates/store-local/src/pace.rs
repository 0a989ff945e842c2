//! Going slowly about the disk: of what is read and written to give space back no more goes by in a second than leaves others the
//! disk as well.

use crate::account::Account;
use crate::limits::{COMPACTION_OCTETS_PER_SECOND, COPY_OCTETS};
use crate::vfs::{Vfs, VfsFile, refused};
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// What went by since others had the disk last. There is one for all accounts.
#[derive(Default)]
pub(crate) struct Pace(AtomicU64);

impl Pace {
    /// So many octets were read or written: let others have the disk, once these are enough to be worth it.
    fn went_by(&self, vfs: &dyn Vfs, octets: u64) {
        let all = self.0.fetch_add(octets, Ordering::Relaxed).saturating_add(octets);
        if all >= COPY_OCTETS as u64 {
            // Only one at a time gives space back.
            self.0.store(0, Ordering::Relaxed);
            vfs.rest(Duration::from_micros(all * 1_000_000 / COMPACTION_OCTETS_PER_SECOND));
        }
    }
}

/// A file that is read and written at that pace, as long as space may be given back.
pub(crate) struct Paced<'a> {
    account: &'a Account,
    file: &'a dyn VfsFile,
}

impl<'a> Paced<'a> {
    pub(crate) fn new(account: &'a Account, file: &'a dyn VfsFile) -> Self {
        Self { account, file }
    }

    fn went_by(&self, octets: usize) {
        self.account.pace().went_by(&*self.account.vfs(), octets as u64);
    }

    fn may_go_on(&self) -> io::Result<()> {
        if self.account.must_not_compact() { Err(refused()) } else { Ok(()) }
    }
}

impl VfsFile for Paced<'_> {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        self.may_go_on()?;
        let count = self.file.read_at(buffer, offset)?;
        self.went_by(count);
        Ok(count)
    }

    fn read_cached_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<bool> {
        self.file.read_cached_at(buffer, offset)
    }

    fn write_at(&self, octets: &[u8], offset: u64) -> io::Result<()> {
        self.may_go_on()?;
        self.file.write_at(octets, offset)?;
        self.went_by(octets.len());
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        self.file.sync_data()
    }

    fn len(&self) -> io::Result<u64> {
        self.file.len()
    }

    fn id(&self) -> io::Result<u64> {
        self.file.id()
    }

    fn truncate(&self, len: u64) -> io::Result<()> {
        self.file.truncate(len)
    }

    fn is_read_only(&self) -> bool {
        self.file.is_read_only()
    }
}
