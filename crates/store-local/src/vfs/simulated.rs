//! A disk that forgets, tears and fails, for tests.
//!
//! Content and names are kept twice: as programs see them, and as a power cut would leave them.
//! A sync carries one file, or the names of one directory, over. One of a file that fails forgets what
//! it was to carry over: programs see it on, no later sync carries it (unless the power went).
//! [`SimulatedDisk::crash`] lets a random part of what was not synced survive, sector by sector and
//! name by name.

use super::{Vfs, VfsFile};
use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What a disk writes whole or not at all, in octets.
const SECTOR: usize = 512;

type Inode = usize;
type Names = BTreeMap<PathBuf, Inode>;

/// Something that was done to a file and is not yet synced.
enum Pending {
    Write(u64, Vec<u8>),
    Truncate(u64),
}

#[derive(Default)]
struct Content {
    seen: Vec<u8>,
    durable: Vec<u8>,
    pending: Vec<Pending>,
    directory: bool,
}

impl Content {
    /// Carry over what is waiting; not what an earlier, failed sync forgot.
    fn sync(&mut self) {
        for pending in std::mem::take(&mut self.pending) {
            match pending {
                Pending::Truncate(len) => {
                    self.durable.truncate(usize::try_from(len).unwrap_or(usize::MAX));
                }
                Pending::Write(offset, octets) => put(&mut self.durable, offset, &octets),
            }
        }
    }
}

/// Something that was done to names and is not yet synced.
#[derive(Clone)]
enum NameChange {
    Link(PathBuf, Inode),
    Unlink(PathBuf),
    Rename(PathBuf, PathBuf),
}

#[derive(Default)]
struct Disk {
    inodes: Vec<Content>,
    names: Names,
    durable_names: Names,
    pending: Vec<NameChange>,
    operations: u64,
    syncs: u64,
    failure: Option<(u64, io::ErrorKind, bool)>,
    blindness: Option<io::ErrorKind>,
    locked: bool,
    unplugged: bool,
}

/// A disk in memory. Clones are the same disk.
#[derive(Clone, Default)]
pub struct SimulatedDisk {
    disk: Arc<Mutex<Disk>>,
}

struct SimulatedFile {
    disk: SimulatedDisk,
    inode: Inode,
}

struct Lock(SimulatedDisk);

impl Drop for Lock {
    fn drop(&mut self) {
        self.0.disk().locked = false;
    }
}

/// Small numbers that look random and are the same for the same seed (xorshift).
struct Dice(u64);

impl Dice {
    fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    fn roll(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 20) % sides
    }
}

impl SimulatedDisk {
    /// An empty disk.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// How many operations that change something, or make it durable, were begun.
    #[must_use]
    pub fn operations(&self) -> u64 {
        self.disk().operations
    }

    /// How many times a file's content was synced.
    #[must_use]
    pub fn syncs(&self) -> u64 {
        self.disk().syncs
    }

    /// Let the operation with this number (see [`Self::operations`]) fail with this error; also all
    /// after it, if `lasting`. Failing writes leave a part of the octets behind.
    pub fn fail_at(&self, operation: u64, error: io::ErrorKind, lasting: bool) {
        self.disk().failure = Some((operation, error, lasting));
    }

    /// Let opening, listing and reading fail with this error.
    pub fn blind(&self, error: io::ErrorKind) {
        self.disk().blindness = Some(error);
    }

    /// Let nothing fail any more.
    pub fn mend(&self) {
        let mut disk = self.disk();
        disk.failure = None;
        disk.blindness = None;
    }

    /// The disk as a power cut at this moment may leave it, which of the possible ways being for the
    /// seed to choose. This disk goes on as if nothing had happened.
    #[must_use]
    pub fn crash(&self, seed: u64) -> Self {
        let old = self.disk();
        let mut dice = Dice::new(seed);
        let mut names = old.durable_names.clone();
        for change in &old.pending {
            if dice.roll(2) == 0 {
                apply_name_change(&mut names, change);
            }
        }
        forget_orphans(&mut names);
        let inodes: Vec<Content> = old
            .inodes
            .iter()
            .map(|content| {
                let left = survive(content, &mut dice);
                let directory = content.directory;
                Content { seen: left.clone(), durable: left, pending: Vec::new(), directory }
            })
            .collect();
        let disk = Disk { inodes, durable_names: names.clone(), names, ..Disk::default() };
        Self { disk: Arc::new(Mutex::new(disk)) }
    }

    /// Let nothing more reach this disk: all operations fail from now on.
    pub fn unplug(&self) {
        self.disk().unplugged = true;
    }

    /// The paths of all files.
    #[must_use]
    pub fn files(&self) -> Vec<PathBuf> {
        let disk = self.disk();
        let is_file = |inode: &Inode| disk.inodes.get(*inode).is_some_and(|it| !it.directory);
        disk.names
            .iter()
            .filter(|(_, inode)| is_file(inode))
            .map(|(path, _)| path.clone())
            .collect()
    }

    /// A file's octets.
    #[must_use]
    pub fn read(&self, path: &Path) -> Option<Vec<u8>> {
        let disk = self.disk();
        let inode = disk.names.get(path)?;
        disk.inodes.get(*inode).map(|content| content.seen.clone())
    }

    /// Give a file other octets, durably, making it and the directories above it if need be.
    pub fn overwrite(&self, path: &Path, octets: &[u8]) {
        let mut disk = self.disk();
        for directory in path.ancestors().skip(1).filter(|path| path.parent().is_some()) {
            disk.link(directory, true);
        }
        let inode = disk.link(path, false);
        if let Some(content) = disk.inodes.get_mut(inode) {
            content.seen = octets.to_vec();
            content.durable = octets.to_vec();
            content.pending.clear();
        }
        disk.pending.clear();
        disk.durable_names = disk.names.clone();
    }

    fn disk(&self) -> MutexGuard<'_, Disk> {
        self.disk.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Disk {
    /// Count an operation, and fail if it is to.
    fn operate(&mut self) -> io::Result<()> {
        if self.unplugged {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        self.operations += 1;
        match self.failure {
            Some((at, error, lasting))
                if at == self.operations || (lasting && at < self.operations) =>
            {
                Err(error.into())
            }
            _ => Ok(()),
        }
    }

    /// Fail if nothing can be looked at.
    fn look(&self) -> io::Result<()> {
        self.blindness.map_or(Ok(()), |error| Err(error.into()))
    }

    /// The inode of a name, which is made if need be.
    fn link(&mut self, path: &Path, directory: bool) -> Inode {
        if let Some(inode) = self.names.get(path) {
            return *inode;
        }
        let inode = self.inodes.len();
        self.inodes.push(Content { directory, ..Content::default() });
        self.change_names(NameChange::Link(path.to_owned(), inode));
        inode
    }

    fn change_names(&mut self, change: NameChange) {
        apply_name_change(&mut self.names, &change);
        self.pending.push(change);
    }

    fn content(&mut self, inode: Inode) -> io::Result<&mut Content> {
        self.inodes.get_mut(inode).ok_or_else(|| io::ErrorKind::NotFound.into())
    }
}

impl NameChange {
    fn touches(&self, directory: &Path) -> bool {
        let inside = |path: &PathBuf| path.parent() == Some(directory);
        match self {
            Self::Link(path, _) | Self::Unlink(path) => inside(path),
            Self::Rename(from, to) => inside(from) || inside(to),
        }
    }
}

fn apply_name_change(names: &mut Names, change: &NameChange) {
    match change {
        NameChange::Link(path, inode) => {
            names.insert(path.clone(), *inode);
        }
        NameChange::Unlink(path) => names.retain(|name, _| !name.starts_with(path)),
        NameChange::Rename(from, to) => {
            if !names.contains_key(from) {
                return;
            }
            let moved: Vec<(PathBuf, Inode)> = names
                .iter()
                .filter_map(|(name, inode)| Some((name.strip_prefix(from).ok()?, *inode)))
                .map(|(rest, inode)| {
                    let whole = rest.as_os_str().is_empty();
                    (if whole { to.clone() } else { to.join(rest) }, inode)
                })
                .collect();
            names.retain(|name, _| !name.starts_with(from));
            names.extend(moved);
        }
    }
}

/// Forget the names in directories that are themselves not there.
fn forget_orphans(names: &mut Names) {
    let present = names.clone();
    let there = |path: &Path| path.parent().is_none() || present.contains_key(path);
    names.retain(|path, _| path.ancestors().all(there));
}

/// What a power cut leaves of a file: each sector that was not synced survives, or not.
fn survive(content: &Content, dice: &mut Dice) -> Vec<u8> {
    let mut left = content.durable.clone();
    for pending in &content.pending {
        match pending {
            Pending::Truncate(len) if dice.roll(2) == 0 => {
                left.truncate(usize::try_from(*len).unwrap_or(usize::MAX));
            }
            Pending::Truncate(_) => {}
            Pending::Write(offset, octets) => survive_write(&mut left, *offset, octets, dice),
        }
    }
    left
}

fn survive_write(left: &mut Vec<u8>, offset: u64, octets: &[u8], dice: &mut Dice) {
    // All, nothing, a prefix, the whole length with holes, or one hole.
    let fate = dice.roll(5);
    let sectors = octets.len().div_ceil(SECTOR) as u64;
    let chosen = dice.roll(sectors.max(1));
    let cut = dice.roll(octets.len() as u64 + 1);
    for (number, sector) in octets.chunks(SECTOR).enumerate() {
        let start = (number * SECTOR) as u64;
        let keep = match fate {
            0 => sector.len() as u64,
            1 => 0,
            2 => cut.saturating_sub(start).min(sector.len() as u64),
            3 => sector.len() as u64 * dice.roll(2),
            _ => sector.len() as u64 * u64::from(number as u64 != chosen),
        };
        let kept = sector.get(..usize::try_from(keep).unwrap_or(0)).unwrap_or_default();
        if !kept.is_empty() {
            put(left, offset + start, kept);
        }
    }
    // The length may be journalled before the data: zeros where nothing was written.
    if dice.roll(3) == 0 {
        let end = usize::try_from(offset).unwrap_or(0) + octets.len();
        left.resize(left.len().max(end), 0);
    }
}

fn put(content: &mut Vec<u8>, offset: u64, octets: &[u8]) {
    let start = usize::try_from(offset).unwrap_or(usize::MAX);
    let end = start.saturating_add(octets.len());
    content.resize(content.len().max(end), 0);
    if let Some(place) = content.get_mut(start..end) {
        place.copy_from_slice(octets);
    }
}

impl VfsFile for SimulatedFile {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let mut disk = self.disk.disk();
        disk.look()?;
        let content = disk.content(self.inode)?;
        let start = usize::try_from(offset).unwrap_or(usize::MAX);
        let rest = content.seen.get(start..).unwrap_or_default();
        let count = rest.len().min(buffer.len());
        if let (Some(to), Some(from)) = (buffer.get_mut(..count), rest.get(..count)) {
            to.copy_from_slice(from);
        }
        Ok(count)
    }

    /// One place is at hand and the next is not, so that tests see both.
    fn read_cached_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<bool> {
        let is_at_hand = (offset / 8).is_multiple_of(2);
        Ok(is_at_hand && self.read_at(buffer, offset)? == buffer.len())
    }

    fn write_at(&self, octets: &[u8], offset: u64) -> io::Result<()> {
        let mut disk = self.disk.disk();
        let outcome = disk.operate();
        let written = if outcome.is_ok() { octets.len() } else { octets.len() / 2 };
        let written = octets.get(..written).unwrap_or_default().to_vec();
        if !disk.unplugged {
            let content = disk.content(self.inode)?;
            put(&mut content.seen, offset, &written);
            content.pending.push(Pending::Write(offset, written));
        }
        outcome
    }

    fn sync_data(&self) -> io::Result<()> {
        let mut disk = self.disk.disk();
        let outcome = disk.operate();
        let is_power_cut = matches!(disk.failure, Some((_, _, true))) || disk.unplugged;
        disk.syncs += u64::from(outcome.is_ok());
        let content = disk.content(self.inode)?;
        match outcome {
            Ok(()) => content.sync(),
            Err(_) if is_power_cut => {}
            // The system takes for written what it could not write, and will not write it again.
            Err(_) => content.pending.clear(),
        }
        outcome
    }

    fn len(&self) -> io::Result<u64> {
        Ok(self.disk.disk().content(self.inode)?.seen.len() as u64)
    }

    fn truncate(&self, len: u64) -> io::Result<()> {
        let mut disk = self.disk.disk();
        disk.operate()?;
        let content = disk.content(self.inode)?;
        content.seen.truncate(usize::try_from(len).unwrap_or(usize::MAX));
        content.pending.push(Pending::Truncate(len));
        Ok(())
    }
}

impl Vfs for SimulatedDisk {
    fn open(&self, path: &Path) -> io::Result<Arc<dyn VfsFile>> {
        let disk = self.disk();
        disk.look()?;
        let inode = *disk.names.get(path).ok_or(io::ErrorKind::NotFound)?;
        Ok(Arc::new(SimulatedFile { disk: self.clone(), inode }))
    }

    fn create(&self, path: &Path) -> io::Result<Arc<dyn VfsFile>> {
        let mut disk = self.disk();
        disk.operate()?;
        if path.parent().is_some_and(|directory| !disk.names.contains_key(directory)) {
            return Err(io::ErrorKind::NotFound.into());
        }
        let inode = disk.link(path, false);
        let content = disk.content(inode)?;
        content.seen.clear();
        content.pending.push(Pending::Truncate(0));
        Ok(Arc::new(SimulatedFile { disk: self.clone(), inode }))
    }

    fn create_dir(&self, path: &Path) -> io::Result<()> {
        let mut disk = self.disk();
        disk.operate()?;
        let mut above: Vec<&Path> = path.ancestors().collect();
        above.reverse();
        for directory in above.into_iter().filter(|path| path.parent().is_some()) {
            disk.link(directory, true);
        }
        Ok(())
    }

    fn list(&self, path: &Path) -> io::Result<Vec<String>> {
        let disk = self.disk();
        disk.look()?;
        if !disk.names.contains_key(path) {
            return Err(io::ErrorKind::NotFound.into());
        }
        let inside = disk.names.keys().filter(|name| name.parent() == Some(path));
        Ok(inside.filter_map(|name| Some(name.file_name()?.to_str()?.to_owned())).collect())
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut disk = self.disk();
        disk.operate()?;
        if !disk.names.contains_key(from) {
            return Err(io::ErrorKind::NotFound.into());
        }
        disk.change_names(NameChange::Rename(from.to_owned(), to.to_owned()));
        Ok(())
    }

    fn remove_file(&self, path: &Path) -> io::Result<()> {
        self.remove_dir_all(path)
    }

    fn remove_dir_all(&self, path: &Path) -> io::Result<()> {
        let mut disk = self.disk();
        disk.operate()?;
        if !disk.names.contains_key(path) {
            return Err(io::ErrorKind::NotFound.into());
        }
        disk.change_names(NameChange::Unlink(path.to_owned()));
        Ok(())
    }

    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        let mut disk = self.disk();
        disk.operate()?;
        let pending = std::mem::take(&mut disk.pending);
        for change in pending {
            if change.touches(path) {
                apply_name_change(&mut disk.durable_names, &change);
            } else {
                disk.pending.push(change);
            }
        }
        Ok(())
    }

    fn is_private(&self, _path: &Path) -> io::Result<bool> {
        Ok(true)
    }

    fn make_private(&self, _path: &Path) -> io::Result<()> {
        Ok(())
    }

    fn lock(&self, _path: &Path) -> io::Result<Box<dyn Send + Sync>> {
        let mut disk = self.disk();
        if disk.locked {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        disk.locked = true;
        Ok(Box::new(Lock(self.clone())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn disk() -> (SimulatedDisk, Arc<dyn VfsFile>) {
        let disk = SimulatedDisk::new();
        disk.create_dir(Path::new("/d")).unwrap();
        disk.sync_dir(Path::new("/")).unwrap();
        let file = disk.create(Path::new("/d/f")).unwrap();
        (disk, file)
    }

    /// All that a crash can leave of the file.
    fn outcomes(disk: &SimulatedDisk) -> Vec<Option<Vec<u8>>> {
        (0..200).map(|seed| disk.crash(seed).read(Path::new("/d/f"))).collect()
    }

    #[test]
    fn a_name_needs_a_sync_of_its_directory() {
        let (disk, file) = disk();
        file.write_at(b"x", 0).unwrap();
        file.sync_data().unwrap();
        assert!(outcomes(&disk).contains(&None) && outcomes(&disk).contains(&Some(b"x".to_vec())));
        disk.sync_dir(Path::new("/d")).unwrap();
        assert!(outcomes(&disk).iter().all(|left| *left == Some(b"x".to_vec())));
    }

    #[test]
    fn what_was_not_synced_is_lost_torn_or_kept() {
        let (disk, file) = disk();
        disk.sync_dir(Path::new("/d")).unwrap();
        file.write_at(&[1; SECTOR], 0).unwrap();
        file.sync_data().unwrap();
        file.write_at(&[2; 3 * SECTOR], SECTOR as u64).unwrap();
        let all: Vec<Vec<u8>> = outcomes(&disk).into_iter().flatten().collect();
        assert!(all.iter().all(|left| left.starts_with(&[1; SECTOR])));
        let torn = |left: &Vec<u8>| left.contains(&2) && left[SECTOR..].contains(&0);
        assert!(all.iter().any(|left| left.len() == SECTOR), "lost");
        assert!(all.iter().any(torn), "written out of order");
        assert!(all.iter().any(|left| left[SECTOR..] == [2; 3 * SECTOR]), "kept");
        assert!(all.iter().any(|left| left.len() > SECTOR && !left.contains(&2)), "zeros");
    }

    #[test]
    fn what_a_failed_sync_forgot_is_seen_and_not_durable() {
        let (disk, file) = disk();
        disk.sync_dir(Path::new("/d")).unwrap();
        file.write_at(b"12", 0).unwrap();
        disk.fail_at(disk.operations() + 1, io::ErrorKind::Other, false);
        assert!(file.sync_data().is_err());
        file.write_at(b"34", 2).unwrap();
        file.sync_data().unwrap();
        assert_eq!(disk.read(Path::new("/d/f")), Some(b"1234".to_vec()));
        assert!(outcomes(&disk).iter().all(|left| *left == Some(b"\0\x0034".to_vec())));
        file.write_at(b"12", 0).unwrap();
        file.sync_data().unwrap();
        assert!(outcomes(&disk).iter().all(|left| *left == Some(b"1234".to_vec())));
    }

    #[test]
    fn a_failing_write_leaves_a_part() {
        let (disk, file) = disk();
        disk.fail_at(disk.operations() + 1, io::ErrorKind::StorageFull, false);
        assert!(file.write_at(b"12345678", 0).is_err());
        assert_eq!(disk.read(Path::new("/d/f")), Some(b"1234".to_vec()));
        file.write_at(b"12345678", 0).unwrap();
    }
}
