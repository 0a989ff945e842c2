//! A disk that forgets, tears and fails, for tests.
//!
//! Content and names are kept twice: as programs see them, and as a power cut would leave them.
//! A sync carries one file, or the names of one directory, over. One of a file that fails carries a part, and forgets the rest
//! of what it was to carry over: programs see it on, no later sync carries it (unless the power went).
//! [`SimulatedDisk::crash`] lets a random part of what was not synced survive, sector by sector and
//! name by name ([`power`]); a [`Recording`] goes through all that was done, so that one run of a
//! program can be cut anywhere.

mod power;
mod recording;
#[cfg(test)]
mod tests;

pub use power::Dice;
pub use recording::Recording;

use super::{Space, Vfs, VfsFile};
use recording::{Change, Record};
use rustix::io::Errno;
use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io;
use std::ops::{Range, RangeInclusive};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Disks that were made.
static DISKS: AtomicU64 = AtomicU64::new(1);

type Inode = usize;
type Names = BTreeMap<PathBuf, Inode>;

/// Something that was done to a file and is not yet synced.
#[derive(Clone)]
enum Pending {
    Write(u64, Vec<u8>),
    Truncate(u64),
}

#[derive(Clone, Default)]
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
    /// Added to the numbers of inodes: other disks have other files.
    identity: u64,
    inodes: Vec<Content>,
    names: Names,
    durable_names: Names,
    pending: Vec<NameChange>,
    operations: u64,
    syncs: u64,
    failure: Option<(u64, Failing, bool)>,
    blindness: Option<io::ErrorKind>,
    locked: bool,
    unplugged: bool,
    record: Option<Record>,
    space: Option<Space>,
    /// Times that something was looked at, and which of them fails.
    looks: u64,
    failing_look: Option<(RangeInclusive<u64>, Failing)>,
    /// Octets of files that cannot be read.
    spoiled: Vec<(Inode, Range<u64>)>,
    /// Files that cannot be opened.
    denied: Vec<(PathBuf, Failing)>,
    /// Files and directories that can only be read.
    protected: Vec<PathBuf>,
}

/// An error, again and again.
#[derive(Clone, Copy)]
enum Failing {
    Kind(io::ErrorKind),
    Code(i32),
}

impl Failing {
    fn error(self) -> io::Error {
        match self {
            Self::Kind(kind) => kind.into(),
            Self::Code(code) => io::Error::from_raw_os_error(code),
        }
    }
}

impl From<io::Error> for Failing {
    fn from(error: io::Error) -> Self {
        error.raw_os_error().map_or(Self::Kind(error.kind()), Self::Code)
    }
}

/// A disk in memory. Clones are the same disk.
#[derive(Clone)]
pub struct SimulatedDisk {
    disk: Arc<Mutex<Disk>>,
}

impl Default for SimulatedDisk {
    fn default() -> Self {
        Self::new()
    }
}

struct SimulatedFile {
    disk: SimulatedDisk,
    inode: Inode,
    is_read_only: bool,
}

struct Lock(SimulatedDisk);

impl Drop for Lock {
    fn drop(&mut self) {
        self.0.disk().locked = false;
    }
}

impl SimulatedDisk {
    /// An empty disk.
    #[must_use]
    pub fn new() -> Self {
        let number = DISKS.fetch_add(1, Ordering::Relaxed);
        Self::of(Disk { identity: number << 20, ..Disk::default() })
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
    pub fn fail_at(&self, operation: u64, error: impl Into<io::Error>, lasting: bool) {
        self.disk().failure = Some((operation, Failing::from(error.into()), lasting));
    }

    /// Say this of how much room there is.
    pub fn set_space(&self, space: Space) {
        self.disk().space = Some(space);
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
        disk.failing_look = None;
        disk.spoiled.clear();
        disk.denied.clear();
        disk.protected.clear();
    }

    /// How many times something was opened, listed or read.
    #[must_use]
    pub fn looks(&self) -> u64 {
        self.disk().looks
    }

    /// Let the look with this number (see [`Self::looks`]) fail with this error.
    pub fn fail_look(&self, look: u64, error: io::ErrorKind) {
        self.fail_looks(look..=look, error);
    }

    /// Let the looks with these numbers fail with this error.
    pub fn fail_looks(&self, looks: RangeInclusive<u64>, error: impl Into<io::Error>) {
        self.disk().failing_look = Some((looks, Failing::from(error.into())));
    }

    /// Let reading fail as on a bad sector (EIO) that has these octets of a file, until [`Self::mend`].
    pub fn spoil(&self, path: &Path, octets: Range<u64>) {
        let mut disk = self.disk();
        let inode = disk.names.get(path).copied();
        disk.spoiled.extend(inode.map(|inode| (inode, octets)));
    }

    /// Let opening a file fail with this error, until [`Self::mend`].
    pub fn deny(&self, path: &Path, error: impl Into<io::Error>) {
        self.disk().denied.push((path.to_owned(), Failing::from(error.into())));
    }

    /// Let nobody write to this file who opens it later, or make, rename or remove anything in this directory, for want of
    /// permission, until [`Self::mend`].
    pub fn protect(&self, path: &Path) {
        self.disk().protected.push(path.to_owned());
    }

    /// What a disk says that cannot read.
    #[must_use]
    pub fn unreadable() -> io::Error {
        Errno::IO.into()
    }

    /// The disk as a power cut at this moment may leave it, which of the possible ways being for the
    /// seed to choose. This disk goes on as if nothing had happened.
    #[must_use]
    pub fn crash(&self, seed: u64) -> Self {
        Self::of(power::cut(&self.disk(), seed))
    }

    fn of(disk: Disk) -> Self {
        Self { disk: Arc::new(Mutex::new(disk)) }
    }

    /// Keep all that happens from now on for [`Self::recording`].
    pub fn record(&self) {
        let mut disk = self.disk();
        let start = Box::new(disk.twin());
        disk.record = Some(Record { start, changes: Vec::new() });
    }

    /// What has happened since [`Self::record`].
    ///
    /// # Panics
    /// If nothing was recorded.
    #[must_use]
    pub fn recording(&self) -> Recording {
        let record = self.disk().record.take().expect("it was told to record");
        Recording::new(Self::of(*record.start), record.changes)
    }

    /// A number that is the same for two disks on which the same can be read.
    #[must_use]
    pub fn fingerprint(&self) -> u64 {
        let disk = self.disk();
        let mut hasher = DefaultHasher::new();
        for (path, inode) in &disk.names {
            (path, disk.inodes.get(*inode).map(|content| &content.seen)).hash(&mut hasher);
        }
        hasher.finish()
    }

    /// The disk as the next process finds it when this one was killed: what was not synced is still to come, or was forgotten.
    #[must_use]
    pub fn kill(&self) -> Self {
        Self::of(self.disk().twin())
    }

    /// The same disk once more, as programs see it, all of it durable.
    #[must_use]
    pub fn duplicate(&self) -> Self {
        let disk = self.disk();
        let durable = |content: &Content| {
            let (seen, directory) = (content.seen.clone(), content.directory);
            Content { durable: seen.clone(), seen, directory, pending: Vec::new() }
        };
        let inodes = disk.inodes.iter().map(durable).collect();
        let (names, identity) = (disk.names.clone(), disk.identity);
        Self::of(Disk { identity, inodes, durable_names: names.clone(), names, ..Disk::default() })
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
    /// A disk that has the same and has forgotten the same, without whoever uses this one.
    fn twin(&self) -> Self {
        Self {
            identity: self.identity,
            inodes: self.inodes.clone(),
            names: self.names.clone(),
            durable_names: self.durable_names.clone(),
            pending: self.pending.clone(),
            operations: self.operations,
            ..Self::default()
        }
    }

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
                Err(error.error())
            }
            _ => Ok(()),
        }
    }

    /// Fail if nothing can be looked at.
    fn look(&mut self) -> io::Result<()> {
        self.looks += 1;
        match &self.failing_look {
            Some((looks, error)) if looks.contains(&self.looks) => Err(error.error()),
            _ => self.blindness.map_or(Ok(()), |error| Err(error.into())),
        }
    }

    /// Let something happen, and keep it if that is wanted.
    fn happen(&mut self, change: Change) {
        let at = self.operations;
        if let Some(record) = &mut self.record {
            record.changes.push((at, change.clone()));
        }
        self.apply(change);
    }

    fn apply(&mut self, change: Change) {
        match change {
            Change::Make { directory } => {
                self.inodes.push(Content { directory, ..Content::default() });
            }
            Change::Content(inode, pending) => self.change_content(inode, pending),
            Change::Sync(inode) => self.inodes.get_mut(inode).into_iter().for_each(Content::sync),
            Change::Forget(inode, seed) => {
                let content = self.inodes.get_mut(inode);
                content.into_iter().for_each(|it| power::forget(it, seed));
            }
            Change::Names(change) => {
                apply_name_change(&mut self.names, &change);
                self.pending.push(change);
            }
            Change::SyncNames(directory) => self.sync_names(&directory),
        }
    }

    fn change_content(&mut self, inode: Inode, pending: Pending) {
        let Some(content) = self.inodes.get_mut(inode) else { return };
        match &pending {
            Pending::Write(offset, octets) => put(&mut content.seen, *offset, octets),
            Pending::Truncate(len) => {
                content.seen.truncate(usize::try_from(*len).unwrap_or(usize::MAX));
            }
        }
        content.pending.push(pending);
    }

    fn sync_names(&mut self, directory: &Path) {
        for change in std::mem::take(&mut self.pending) {
            // What had the directory's name before goes first: what is in this one is not in that.
            let is_predecessor =
                matches!(&change, NameChange::Unlink(path) if directory.starts_with(path));
            if !change.touches(directory) && !is_predecessor {
                self.pending.push(change);
                continue;
            }
            if let NameChange::Rename(from, to) = &change {
                self.sync_link(from);
                // What was not synced in a directory goes where that goes.
                self.pending.iter_mut().for_each(|waiting| waiting.follow(from, to));
            }
            apply_name_change(&mut self.durable_names, &change);
        }
    }

    /// What was made elsewhere and came into a directory that is synced is there.
    fn sync_link(&mut self, made: &Path) {
        let is_it =
            |change: &NameChange| matches!(change, NameChange::Link(path, _) if path == made);
        if let Some(at) = self.pending.iter().rposition(is_it) {
            let link = self.pending.remove(at);
            apply_name_change(&mut self.durable_names, &link);
        }
    }

    /// The inode of a name, which is made if need be.
    fn link(&mut self, path: &Path, directory: bool) -> Inode {
        if let Some(inode) = self.names.get(path) {
            return *inode;
        }
        let inode = self.inodes.len();
        self.happen(Change::Make { directory });
        self.happen(Change::Names(NameChange::Link(path.to_owned(), inode)));
        inode
    }

    fn is_protected(&self, path: &Path) -> bool {
        self.protected.iter().any(|protected| protected == path)
    }

    /// Fail if nothing can be made or removed under this name.
    fn may_name(&self, path: &Path) -> io::Result<()> {
        match path.parent().is_some_and(|directory| self.is_protected(directory)) {
            true => Err(io::ErrorKind::PermissionDenied.into()),
            false => Ok(()),
        }
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

    /// What a change is about that happened in a directory which has got another name since.
    fn follow(&mut self, from: &Path, to: &Path) {
        let follow = |path: &mut PathBuf| {
            if let Ok(rest) = path.strip_prefix(from)
                && rest != Path::new("")
            {
                *path = to.join(rest);
            }
        };
        match self {
            Self::Link(path, _) | Self::Unlink(path) => follow(path),
            Self::Rename(old, new) => {
                follow(old);
                follow(new);
            }
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
        let octets = offset..offset.saturating_add(buffer.len() as u64);
        let is_hit = |(inode, spoiled): &(Inode, Range<u64>)| {
            *inode == self.inode && spoiled.start < octets.end && octets.start < spoiled.end
        };
        if disk.spoiled.iter().any(is_hit) {
            return Err(SimulatedDisk::unreadable());
        }
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

    fn is_read_only(&self) -> bool {
        self.is_read_only
    }

    fn write_at(&self, octets: &[u8], offset: u64) -> io::Result<()> {
        if self.is_read_only {
            return Err(super::refused());
        }
        let mut disk = self.disk.disk();
        let outcome = disk.operate();
        // Nothing, a part, or all: an error does not say.
        let quarters = if outcome.is_ok() { 4 } else { disk.operations % 5 };
        let written = octets.len() * usize::try_from(quarters).unwrap_or(0) / 4;
        let written = octets.get(..written).unwrap_or_default().to_vec();
        if !disk.unplugged {
            disk.happen(Change::Content(self.inode, Pending::Write(offset, written)));
        }
        outcome
    }

    fn sync_data(&self) -> io::Result<()> {
        let mut disk = self.disk.disk();
        let outcome = disk.operate();
        let is_power_cut = matches!(disk.failure, Some((_, _, true))) || disk.unplugged;
        disk.syncs += u64::from(outcome.is_ok());
        match outcome {
            Ok(()) => disk.happen(Change::Sync(self.inode)),
            Err(_) if is_power_cut => {}
            // The system takes for written what it could not write, and will not write it again.
            Err(_) => {
                let seed = disk.operations;
                disk.happen(Change::Forget(self.inode, seed));
            }
        }
        outcome
    }

    fn len(&self) -> io::Result<u64> {
        Ok(self.disk.disk().content(self.inode)?.seen.len() as u64)
    }

    fn id(&self) -> io::Result<u64> {
        Ok(self.disk.disk().identity + self.inode as u64)
    }

    fn truncate(&self, len: u64) -> io::Result<()> {
        if self.is_read_only {
            return Err(super::refused());
        }
        let mut disk = self.disk.disk();
        disk.operate()?;
        // What changes nothing is not written by a sync, whatever an earlier one forgot.
        if disk.content(self.inode)?.seen.len() as u64 != len {
            disk.happen(Change::Content(self.inode, Pending::Truncate(len)));
        }
        Ok(())
    }
}

impl Vfs for SimulatedDisk {
    fn open(&self, path: &Path) -> io::Result<Arc<dyn VfsFile>> {
        let mut disk = self.disk();
        disk.look()?;
        if let Some((_, failing)) = disk.denied.iter().find(|(denied, _)| denied == path) {
            return Err(failing.error());
        }
        let inode = *disk.names.get(path).ok_or(io::ErrorKind::NotFound)?;
        let is_read_only = disk.is_protected(path);
        Ok(Arc::new(SimulatedFile { disk: self.clone(), inode, is_read_only }))
    }

    fn create(&self, path: &Path) -> io::Result<Arc<dyn VfsFile>> {
        let mut disk = self.disk();
        disk.operate()?;
        if path.parent().is_some_and(|directory| !disk.names.contains_key(directory)) {
            return Err(io::ErrorKind::NotFound.into());
        }
        match disk.names.contains_key(path) {
            true if disk.is_protected(path) => return Err(io::ErrorKind::PermissionDenied.into()),
            true => {}
            false => disk.may_name(path)?,
        }
        let inode = disk.link(path, false);
        disk.happen(Change::Content(inode, Pending::Truncate(0)));
        Ok(Arc::new(SimulatedFile { disk: self.clone(), inode, is_read_only: false }))
    }

    fn create_dir(&self, path: &Path) -> io::Result<()> {
        let mut disk = self.disk();
        disk.operate()?;
        let mut above: Vec<&Path> = path.ancestors().collect();
        above.reverse();
        for directory in above.into_iter().filter(|path| path.parent().is_some()) {
            if !disk.names.contains_key(directory) {
                disk.may_name(directory)?;
            }
            disk.link(directory, true);
        }
        Ok(())
    }

    fn list(&self, path: &Path) -> io::Result<Vec<String>> {
        let mut disk = self.disk();
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
        disk.may_name(from).and_then(|()| disk.may_name(to))?;
        disk.happen(Change::Names(NameChange::Rename(from.to_owned(), to.to_owned())));
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
        disk.may_name(path)?;
        disk.happen(Change::Names(NameChange::Unlink(path.to_owned())));
        Ok(())
    }

    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        let mut disk = self.disk();
        disk.operate()?;
        disk.happen(Change::SyncNames(path.to_owned()));
        Ok(())
    }

    fn space(&self, _path: &Path) -> io::Result<Space> {
        Ok(self.disk().space.unwrap_or(Space { free: u64::MAX, total: u64::MAX }))
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

    /// There is nobody to wait for.
    fn rest(&self, _time: Duration) {}
}
