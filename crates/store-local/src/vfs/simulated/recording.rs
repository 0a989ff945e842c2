//! All that happened to a disk, to go through once more and stop anywhere.

use super::{Disk, Inode, NameChange, Pending, SimulatedDisk};
use std::collections::VecDeque;
use std::path::PathBuf;

/// Something that happens to a disk.
#[derive(Clone)]
pub(super) enum Change {
    /// A file or directory, which has no name yet.
    Make { directory: bool },
    /// A file is written or cut.
    Content(Inode, Pending),
    /// What a file has is durable.
    Sync(Inode),
    /// A failed sync takes for written what it could not write; the seed says how much it could.
    Forget(Inode, u64),
    /// Names change.
    Names(NameChange),
    /// The names in a directory are durable.
    SyncNames(PathBuf),
}

/// What is kept of what happens to a disk.
pub(super) struct Record {
    /// The disk when that began.
    pub(super) start: Box<Disk>,
    /// What has happened since, each with the number of its operation.
    pub(super) changes: Vec<(u64, Change)>,
}

/// A disk as it was, which goes through what has happened since.
pub struct Recording {
    disk: SimulatedDisk,
    changes: VecDeque<(u64, Change)>,
}

impl Recording {
    pub(super) fn new(disk: SimulatedDisk, changes: Vec<(u64, Change)>) -> Self {
        Self { disk, changes: changes.into() }
    }

    /// The disk as it was when operations up to this one ([`SimulatedDisk::operations`]) had been done. It does not go
    /// back.
    pub fn after(&mut self, operation: u64) -> &SimulatedDisk {
        let mut disk = self.disk.disk();
        while let Some((_, change)) = self.changes.pop_front_if(|(at, _)| *at <= operation) {
            disk.apply(change);
        }
        disk.operations = disk.operations.max(operation);
        drop(disk);
        &self.disk
    }

    /// Whether all has been gone through.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.changes.is_empty()
    }
}
