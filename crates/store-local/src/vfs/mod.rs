//! The file system as the engine needs it: small, so that tests can put a failing disk in its place.

mod no_file;
mod patient;
mod real;
#[cfg(any(test, feature = "simulation"))]
mod simulated;

pub(crate) use no_file::NoFile;
pub(crate) use patient::{Patient, Unread, in_words};
pub use real::RealFiles;
#[cfg(any(test, feature = "simulation"))]
pub use simulated::{Dice, Recording, SimulatedDisk};

use crate::failure::is_unreadable;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// An open file. All methods may be called from several threads at once.
pub trait VfsFile: Send + Sync {
    /// Read at an offset until the buffer is full or the file ends; returns how much was read.
    ///
    /// # Errors
    /// What the system says.
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize>;

    /// Fill the buffer as [`VfsFile::read_at`] does if that can be done without waiting for the disk; says whether it was.
    /// Where nobody knows, or the file ends before, it was not.
    ///
    /// # Errors
    /// What the system says.
    fn read_cached_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<bool>;

    /// Write all octets at an offset. On an error any part of them may have been written.
    ///
    /// # Errors
    /// What the system says.
    fn write_at(&self, octets: &[u8], offset: u64) -> io::Result<()>;

    /// Make the content and the length durable.
    ///
    /// # Errors
    /// What the system says. Nothing is known then about what was written since the last sync.
    fn sync_data(&self) -> io::Result<()>;

    /// The length in octets.
    ///
    /// # Errors
    /// What the system says.
    fn len(&self) -> io::Result<u64>;

    /// Whether the file has no octets.
    ///
    /// # Errors
    /// What the system says.
    fn is_empty(&self) -> io::Result<bool> {
        Ok(self.len()? == 0)
    }

    /// A number that no other file has as long as this one exists; a copy of it has another one.
    ///
    /// # Errors
    /// What the system says.
    fn id(&self) -> io::Result<u64>;

    /// Cut the file to a length.
    ///
    /// # Errors
    /// What the system says.
    fn truncate(&self, len: u64) -> io::Result<()>;

    /// Whether it was opened for reading only, as it cannot be written to.
    fn is_read_only(&self) -> bool {
        false
    }
}

/// What a file system has, in octets.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Space {
    /// What can still be written.
    pub free: u64,
    /// All of it.
    pub total: u64,
}

/// A file system.
pub trait Vfs: Send + Sync {
    /// Open a file that exists for reading and writing, or for reading only where the system allows no more.
    ///
    /// # Errors
    /// What the system says.
    fn open(&self, path: &Path) -> io::Result<Arc<dyn VfsFile>>;

    /// Make a file, or empty one that exists, for reading and writing. Only its owner can open a new one.
    ///
    /// # Errors
    /// What the system says.
    fn create(&self, path: &Path) -> io::Result<Arc<dyn VfsFile>>;

    /// Make a directory and those above it, all for their owner only; nothing happens if it exists.
    ///
    /// # Errors
    /// What the system says.
    fn create_dir(&self, path: &Path) -> io::Result<()>;

    /// The names in a directory, sorted. Names that are not UTF-8 are left out: they are not ours.
    ///
    /// # Errors
    /// What the system says.
    fn list(&self, path: &Path) -> io::Result<Vec<String>>;

    /// Give a file or directory another name, replacing a file that has it.
    ///
    /// # Errors
    /// What the system says.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;

    /// Remove a file.
    ///
    /// # Errors
    /// What the system says.
    fn remove_file(&self, path: &Path) -> io::Result<()>;

    /// Remove a directory with all that is in it.
    ///
    /// # Errors
    /// What the system says.
    fn remove_dir_all(&self, path: &Path) -> io::Result<()>;

    /// Make the names in a directory durable.
    ///
    /// # Errors
    /// What the system says.
    fn sync_dir(&self, path: &Path) -> io::Result<()>;

    /// How much there is on the file system that a path lies on.
    ///
    /// # Errors
    /// What the system says.
    fn space(&self, path: &Path) -> io::Result<Space>;

    /// Whether its owner can use a file or directory, and nobody else can do anything with it.
    ///
    /// # Errors
    /// What the system says.
    fn is_private(&self, path: &Path) -> io::Result<bool>;

    /// Let its owner use a file or directory, and nobody else do anything with it.
    ///
    /// # Errors
    /// What the system says.
    fn make_private(&self, path: &Path) -> io::Result<()>;

    /// Take a lock that no other process can have, until the returned value is dropped.
    ///
    /// # Errors
    /// [`io::ErrorKind::WouldBlock`] if another one has it.
    fn lock(&self, path: &Path) -> io::Result<Box<dyn Send + Sync>>;

    /// Let others have the disk for so long.
    fn rest(&self, time: Duration);
}

/// What is said to who would write where that cannot be.
pub(crate) fn refused() -> io::Error {
    io::ErrorKind::ReadOnlyFilesystem.into()
}

/// Open a file as [`Vfs::open`] does. What the disk cannot read is tried once more.
pub(crate) fn open(vfs: &dyn Vfs, path: &Path) -> io::Result<Arc<dyn VfsFile>> {
    match vfs.open(path) {
        Err(error) if is_unreadable(&error) => vfs.open(path),
        opened => opened,
    }
}

/// List a directory as [`Vfs::list`] does. What the disk cannot read is tried once more.
pub(crate) fn list(vfs: &dyn Vfs, path: &Path) -> io::Result<Vec<String>> {
    match vfs.list(path) {
        Err(error) if is_unreadable(&error) => vfs.list(path),
        listed => listed,
    }
}

/// Read as [`VfsFile::read_at`] does. What the disk cannot read is tried once more.
pub(crate) fn read_at(file: &dyn VfsFile, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    match file.read_at(buffer, offset) {
        Err(error) if is_unreadable(&error) => file.read_at(buffer, offset),
        read => read,
    }
}

/// Read exactly this range, or fail with [`io::ErrorKind::UnexpectedEof`].
pub(crate) fn read_exact_at(file: &dyn VfsFile, len: usize, offset: u64) -> io::Result<Vec<u8>> {
    let mut buffer = vec![0; len];
    if read_at(file, &mut buffer, offset)? < len {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(buffer)
}
