//! Reading around what the disk cannot read. Nothing can be changed through this: octets that the disk could not read when it
//! was asked twice count as zeros here, and are remembered.

use super::{Space, Vfs, VfsFile, refused};
use crate::failure::is_unreadable;
use crate::limits::DISK_READ_OCTETS;
use crate::sync::lock;
use std::collections::BTreeMap;
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// What the disk could not read, by the file, in its order.
#[derive(Default)]
pub(crate) struct Unread {
    files: Mutex<BTreeMap<PathBuf, Vec<Range<u64>>>>,
}

impl Unread {
    /// Whether all could be read.
    pub(crate) fn is_empty(&self) -> bool {
        lock(&self.files).is_empty()
    }

    /// What it could not read of all files.
    pub(crate) fn all(&self) -> Vec<(PathBuf, Range<u64>)> {
        let files = lock(&self.files);
        let of = |(path, all): (&PathBuf, &Vec<Range<u64>>)| -> Vec<(PathBuf, Range<u64>)> {
            all.iter().map(|octets| (path.clone(), octets.clone())).collect()
        };
        files.iter().flat_map(of).collect()
    }

    /// The first octets of a file, within these, that it could not read.
    pub(crate) fn within(&self, path: &Path, octets: &Range<u64>) -> Option<Range<u64>> {
        let files = lock(&self.files);
        let hit = |it: &&Range<u64>| it.start < octets.end && octets.start < it.end;
        files.get(path)?.iter().find(hit).cloned()
    }

    fn add(&self, path: &Path, octets: Range<u64>) {
        let mut files = lock(&self.files);
        let known = files.entry(path.to_owned()).or_default();
        match known.iter_mut().find(|it| it.end == octets.start) {
            Some(before) => before.end = octets.end,
            None => known.push(octets),
        }
        known.sort_unstable_by_key(|it| it.start);
    }
}

/// Octets of a file that the disk cannot read, in words.
pub(crate) fn in_words(octets: &Range<u64>) -> String {
    match octets.end {
        u64::MAX => "I/O error".to_owned(),
        end => format!("I/O error at the octets {} to {}", octets.start, end - 1),
    }
}

/// A file system of which only what can be read is read.
pub(crate) struct Patient<'a> {
    vfs: &'a dyn Vfs,
    unread: Arc<Unread>,
}

impl<'a> Patient<'a> {
    pub(crate) fn new(vfs: &'a dyn Vfs, unread: &Arc<Unread>) -> Self {
        Self { vfs, unread: Arc::clone(unread) }
    }
}

struct PatientFile {
    file: Arc<dyn VfsFile>,
    path: PathBuf,
    unread: Arc<Unread>,
}

impl PatientFile {
    /// Read piece by piece what cannot be read at once.
    fn read_pieces(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let rest = usize::try_from(self.file.len()?.saturating_sub(offset)).unwrap_or(usize::MAX);
        let count = rest.min(buffer.len());
        let (mut done, mut buffer) = (0, buffer.get_mut(..count).unwrap_or_default());
        while !buffer.is_empty() {
            let at = offset + done as u64;
            let piece = DISK_READ_OCTETS - at % DISK_READ_OCTETS;
            let piece = usize::try_from(piece).unwrap_or(usize::MAX).min(buffer.len());
            let (now, later) = buffer.split_at_mut(piece);
            self.read_piece(now, at)?;
            (done, buffer) = (done + piece, later);
        }
        Ok(count)
    }

    fn read_piece(&self, piece: &mut [u8], at: u64) -> io::Result<()> {
        let octets = at..at + piece.len() as u64;
        if self.unread.within(&self.path, &octets).is_none() {
            match super::read_at(&*self.file, piece, at) {
                Err(error) if is_unreadable(&error) => {
                    let start = at - at % DISK_READ_OCTETS;
                    let end = (start + DISK_READ_OCTETS).min(self.file.len()?);
                    self.unread.add(&self.path, start..end);
                }
                read => return read.map(drop),
            }
        }
        piece.fill(0);
        Ok(())
    }
}

impl VfsFile for PatientFile {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let octets = offset..offset.saturating_add(buffer.len() as u64);
        if self.unread.within(&self.path, &octets).is_some() {
            return self.read_pieces(buffer, offset);
        }
        match super::read_at(&*self.file, buffer, offset) {
            Err(error) if is_unreadable(&error) => self.read_pieces(buffer, offset),
            read => read,
        }
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
        self.file.len()
    }

    fn id(&self) -> io::Result<u64> {
        self.file.id()
    }

    fn truncate(&self, _len: u64) -> io::Result<()> {
        Err(refused())
    }
}

impl Vfs for Patient<'_> {
    /// A file that cannot even be opened is an error here as well.
    fn open(&self, path: &Path) -> io::Result<Arc<dyn VfsFile>> {
        let opened = super::open(self.vfs, path);
        if opened.as_ref().is_err_and(is_unreadable)
            && self.unread.within(path, &(0..u64::MAX)).is_none()
        {
            self.unread.add(path, 0..u64::MAX);
        }
        let (file, unread) = (opened?, Arc::clone(&self.unread));
        Ok(Arc::new(PatientFile { file, path: path.to_owned(), unread }))
    }

    fn create(&self, _path: &Path) -> io::Result<Arc<dyn VfsFile>> {
        Err(refused())
    }

    fn create_dir(&self, _path: &Path) -> io::Result<()> {
        Err(refused())
    }

    fn list(&self, path: &Path) -> io::Result<Vec<String>> {
        self.vfs.list(path)
    }

    fn rename(&self, _from: &Path, _to: &Path) -> io::Result<()> {
        Err(refused())
    }

    fn remove_file(&self, _path: &Path) -> io::Result<()> {
        Err(refused())
    }

    fn remove_dir_all(&self, _path: &Path) -> io::Result<()> {
        Err(refused())
    }

    fn sync_dir(&self, _path: &Path) -> io::Result<()> {
        Err(refused())
    }

    fn space(&self, path: &Path) -> io::Result<Space> {
        self.vfs.space(path)
    }

    fn is_private(&self, path: &Path) -> io::Result<bool> {
        self.vfs.is_private(path)
    }

    fn make_private(&self, _path: &Path) -> io::Result<()> {
        Err(refused())
    }

    fn lock(&self, _path: &Path) -> io::Result<Box<dyn Send + Sync>> {
        Err(refused())
    }

    fn rest(&self, time: Duration) {
        self.vfs.rest(time);
    }
}
