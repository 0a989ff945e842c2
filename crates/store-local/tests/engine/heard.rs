//! A disk of which somebody hears what is asked of it.

use rookery_store_local::vfs::{SimulatedDisk, Space, Vfs, VfsFile};
use std::io;
use std::path::Path;
use std::sync::Arc;

/// What is asked of a disk.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Call {
    Open,
    /// Give a file this name.
    Rename,
    /// A file has got this name.
    Renamed,
    Remove,
}

/// Whoever hears may keep the call waiting.
pub(crate) struct Heard<F> {
    pub(crate) disk: SimulatedDisk,
    pub(crate) hear: F,
}

impl<F: Fn(Call, &Path) + Send + Sync> Vfs for Heard<F> {
    fn open(&self, path: &Path) -> io::Result<Arc<dyn VfsFile>> {
        (self.hear)(Call::Open, path);
        self.disk.open(path)
    }

    fn create(&self, path: &Path) -> io::Result<Arc<dyn VfsFile>> {
        self.disk.create(path)
    }

    fn create_dir(&self, path: &Path) -> io::Result<()> {
        self.disk.create_dir(path)
    }

    fn list(&self, path: &Path) -> io::Result<Vec<String>> {
        self.disk.list(path)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        (self.hear)(Call::Rename, to);
        self.disk.rename(from, to)?;
        (self.hear)(Call::Renamed, to);
        Ok(())
    }

    fn remove_file(&self, path: &Path) -> io::Result<()> {
        (self.hear)(Call::Remove, path);
        self.disk.remove_file(path)
    }

    fn remove_dir_all(&self, path: &Path) -> io::Result<()> {
        self.disk.remove_dir_all(path)
    }

    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        self.disk.sync_dir(path)
    }

    fn space(&self, path: &Path) -> io::Result<Space> {
        self.disk.space(path)
    }

    fn is_private(&self, path: &Path) -> io::Result<bool> {
        self.disk.is_private(path)
    }

    fn make_private(&self, path: &Path) -> io::Result<()> {
        self.disk.make_private(path)
    }

    fn lock(&self, path: &Path) -> io::Result<Box<dyn Send + Sync>> {
        self.disk.lock(path)
    }
}
