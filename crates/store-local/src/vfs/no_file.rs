//! What stands for a file where there is none.

use super::{VfsFile, refused};
use std::io;

/// A file that is not there: it has no octets, and nothing can be written to it.
pub(crate) struct NoFile;

impl VfsFile for NoFile {
    fn read_at(&self, _buffer: &mut [u8], _offset: u64) -> io::Result<usize> {
        Ok(0)
    }

    fn read_cached_at(&self, _buffer: &mut [u8], _offset: u64) -> io::Result<bool> {
        Ok(false)
    }

    fn write_at(&self, _octets: &[u8], _offset: u64) -> io::Result<()> {
        Err(refused())
    }

    fn sync_data(&self) -> io::Result<()> {
        Err(refused())
    }

    fn len(&self) -> io::Result<u64> {
        Ok(0)
    }

    fn id(&self) -> io::Result<u64> {
        Ok(0)
    }

    fn truncate(&self, _len: u64) -> io::Result<()> {
        Err(refused())
    }

    fn is_read_only(&self) -> bool {
        true
    }
}
