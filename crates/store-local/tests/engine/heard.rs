//! A disk of which somebody hears what is asked of it.

use rookery_store_local::vfs::{SimulatedDisk, Space, Vfs, VfsFile};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// What is asked of a disk.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Call {
    Open,
    Create,
    CreateDir,
    List,
    /// Read or write so many octets of a file.
    Read(usize),
    Write(usize),
    Sync,
    /// Give a file this name.
    Rename,
    /// A file has got this name.
    Renamed,
    Remove,
    SyncDir,
    /// Let others have it.
    Rest(Duration),
}

/// Whoever hears may keep the call waiting.
pub(crate) struct Heard<F> {
    disk: SimulatedDisk,
    hear: Arc<F>,
}

/// A file on such a disk.
struct HeardFile<F> {
    path: PathBuf,
    file: Arc<dyn VfsFile>,
    hear: Arc<F>,
}

impl<F: Fn(Call, &Path) + Send + Sync + 'static> Heard<F> {
    pub(crate) fn new(disk: &SimulatedDisk, hear: F) -> Self {
        Self { disk: disk.clone(), hear: Arc::new(hear) }
    }

    fn file(&self, path: &Path, file: Arc<dyn VfsFile>) -> Arc<dyn VfsFile> {
        Arc::new(HeardFile { path: path.to_owned(), file, hear: Arc::clone(&self.hear) })
    }
}

impl<F: Fn(Call, &Path) + Send + Sync> VfsFile for HeardFile<F> {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        (self.hear)(Call::Read(buffer.len()), &self.path);
        self.file.read_at(buffer, offset)
    }

    fn read_cached_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<bool> {
        self.file.read_cached_at(buffer, offset)
    }

    fn write_at(&self, octets: &[u8], offset: u64) -> io::Result<()> {
        (self.hear)(Call::Write(octets.len()), &self.path);
        self.file.write_at(octets, offset)
    }

    fn sync_data(&self) -> io::Result<()> {
        (self.hear)(Call::Sync, &self.path);
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

impl<F: Fn(Call, &Path) + Send + Sync + 'static> Vfs for Heard<F> {
    fn open(&self, path: &Path) -> io::Result<Arc<dyn VfsFile>> {
        (self.hear)(Call::Open, path);
        self.disk.open(path).map(|file| self.file(path, file))
    }

    fn create(&self, path: &Path) -> io::Result<Arc<dyn VfsFile>> {
        (self.hear)(Call::Create, path);
        self.disk.create(path).map(|file| self.file(path, file))
    }

    fn create_dir(&self, path: &Path) -> io::Result<()> {
        (self.hear)(Call::CreateDir, path);
        self.disk.create_dir(path)
    }

    fn list(&self, path: &Path) -> io::Result<Vec<String>> {
        (self.hear)(Call::List, path);
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
        (self.hear)(Call::SyncDir, path);
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

    fn rest(&self, time: Duration) {
        (self.hear)(Call::Rest(time), Path::new(""));
    }
}
