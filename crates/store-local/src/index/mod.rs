//! Index snapshots: an account as it was at some place of its log, so that recovery need not read
//! what lies before. Caches, all of them: whatever is missing, old or damaged here is rebuilt.
//!
//! The account's own file is small, and read when the account is opened. What it names besides, the messages of each
//! mailbox, where content lies and the threads, is read when it is needed.

mod account;
mod file;
mod parts;

pub(crate) use account::{decode, encode};

use crate::copied;
use crate::failure::InFile;
use crate::fields::BadRecord;
use crate::limits::MAX_INDEX_OCTETS;
use crate::resting::Part;
use crate::state::{Email, State};
use crate::threads::Threads;
use crate::vfs::{self, Vfs, VfsFile};
use rookery_mail::MailboxId;
use rookery_mailbox::Snapshot;
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub(crate) const ACCOUNT_FILE: &str = "account.idx";
/// What was being done when a part could not be read from its file.
pub(crate) const READING: &str = "reading an index snapshot";
const PART_DIR: &str = "box";

/// For each part the sequence number at which its index snapshot was taken.
pub(crate) type Stamps = BTreeMap<Part, u64>;

/// A place between two frames of a log.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Position {
    pub(crate) segment: u32,
    pub(crate) offset: u64,
    /// The sequence number of the frame before it.
    pub(crate) sequence: u64,
}

impl Default for Position {
    fn default() -> Self {
        Self { segment: 1, offset: crate::segment::SEGMENT_HEADER as u64, sequence: 0 }
    }
}

/// Where the parts lie that an account has not in memory. Each is as it was at its stamp, and so it was at the position
/// of the account's own file.
#[derive(Debug)]
pub(crate) struct Source {
    pub(crate) log: u64,
    pub(crate) position: Position,
    pub(crate) stamps: Stamps,
    /// How many contents there ever were.
    contents: u64,
    mailboxes: BTreeMap<MailboxId, account::Known>,
}

/// A part of an account, read.
pub(crate) enum Content {
    Contents(Vec<Email>),
    Threads(Threads),
    Mailbox(Arc<Snapshot>),
}

impl Content {
    /// A part of an account that is in memory; `None` if there is no such part.
    pub(crate) fn of(state: State, part: Part) -> Option<Self> {
        match part {
            Part::Contents => state.emails.take().map(Self::Contents),
            Part::Threads => state.threads.take().map(Self::Threads),
            Part::Mailbox(id) => state.mailboxes.get(&id)?.snapshot().cloned().map(Self::Mailbox),
        }
    }
}

impl Source {
    /// Read a part. An error if its file is missing or not what it should be.
    pub(crate) fn read(&self, vfs: &dyn Vfs, account: &Path, part: Part) -> io::Result<Content> {
        let name = part_path(part, self.stamps.get(&part).copied().unwrap_or(0));
        let content = self.read_file(vfs, &account.join(&name), part);
        content.map_err(|error| of_file(&name, error))
    }

    fn read_file(&self, vfs: &dyn Vfs, path: &Path, part: Part) -> io::Result<Content> {
        let bad = |bad| file::bad(&bad);
        let stamp = self.stamps.get(&part).copied();
        let stamp = stamp.ok_or_else(|| bad(BadRecord("a part with a stamp")))?;
        let octets = || read_file(vfs, path);
        Ok(match part {
            Part::Contents => {
                let all = parts::decode_contents(&octets()?, self.log, stamp).map_err(bad)?;
                if all.len() as u64 != self.contents {
                    return Err(bad(BadRecord("the contents that account.idx counts")));
                }
                Content::Contents(all)
            }
            Part::Threads => {
                Content::Threads(parts::decode_threads(&octets()?, self.log, stamp).map_err(bad)?)
            }
            Part::Mailbox(id) => {
                let known = self.mailboxes.get(&id);
                let known = known.ok_or_else(|| bad(BadRecord("a mailbox that is known")))?;
                let file = vfs::open(vfs, path)?;
                let snapshot = parts::read_mailbox(&*file, self.log, (&known.info, stamp))?;
                if !known.is_of(&snapshot) {
                    return Err(bad(BadRecord("the mailbox that account.idx speaks of")));
                }
                Content::Mailbox(Arc::new(snapshot))
            }
        })
    }
}

/// Write index snapshots of those parts that have changed, then that of the account, which says
/// which ones belong to it; returns how many octets they are. If that fails, what was written goes.
pub(crate) fn save(
    vfs: &dyn Vfs,
    account: &Path,
    log_end: (u64, Position),
    state: &State,
    indexes: (&mut Stamps, &BTreeSet<Part>),
) -> io::Result<u64> {
    let mut written = Vec::new();
    let saved = write_indexes(vfs, account, log_end, state, indexes, &mut written);
    if saved.is_err() {
        for path in written {
            // What stays is removed when indexes are saved the next time.
            let _ = vfs.remove_file(&path);
        }
    }
    saved
}

/// Write index snapshots; `written` says which files nothing refers to if this fails.
fn write_indexes(
    vfs: &dyn Vfs,
    account: &Path,
    (log, position): (u64, Position),
    state: &State,
    (stamps, dirty): (&mut Stamps, &BTreeSet<Part>),
    written: &mut Vec<PathBuf>,
) -> io::Result<u64> {
    let dir = account.join(PART_DIR);
    vfs.create_dir(&dir)?;
    let mut octets = 0;
    let mut next = Stamps::new();
    for part in state.parts() {
        if let Some(stamp) = stamps.get(&part).filter(|_| !dirty.contains(&part)) {
            next.insert(part, *stamp);
            continue;
        }
        let file = parts::encode(log, position.sequence, state, part);
        // What is at rest has not changed, and has a stamp.
        let file = file.ok_or_else(|| io::Error::other("a part that is not in memory"))?;
        let path = account.join(part_path(part, position.sequence));
        written.push(path.clone());
        write_file(vfs, &path, &file)?;
        octets += file.len() as u64;
        next.insert(part, position.sequence);
    }
    vfs.sync_dir(&dir)?;
    let file = account::encode_account(log, position, state, &next);
    octets += file.len() as u64;
    let (temporary, name) = (account.join("account.idx.new"), account.join(ACCOUNT_FILE));
    written.push(temporary.clone());
    write_account(vfs, &temporary, file)?;
    vfs.rename(&temporary, &name)?;
    written.clear();
    vfs.sync_dir(account)?;
    *stamps = next;
    remove_old(vfs, &dir, stamps)?;
    Ok(octets)
}

fn write_file(vfs: &dyn Vfs, path: &Path, octets: &[u8]) -> io::Result<()> {
    if octets.len() as u64 > MAX_INDEX_OCTETS {
        return Err(io::ErrorKind::FileTooLarge.into());
    }
    let file = vfs.create(path)?;
    file.write_at(octets, 0)?;
    file.sync_data()
}

fn write_account(vfs: &dyn Vfs, path: &Path, mut octets: Vec<u8>) -> io::Result<()> {
    let file = vfs.create(path)?;
    copied::mark(&mut octets, &*file)?;
    file.write_at(&octets, 0)?;
    file.sync_data()
}

fn part_file(part: Part, stamp: u64) -> String {
    match part {
        Part::Contents => format!("contents.{stamp}.idx"),
        Part::Threads => format!("threads.{stamp}.idx"),
        Part::Mailbox(id) => format!("{}.{stamp}.idx", id.0),
    }
}

/// Where the index snapshot of a part is, below the account's directory.
pub(crate) fn part_path(part: Part, stamp: u64) -> String {
    format!("{PART_DIR}/{}", part_file(part, stamp))
}

/// The part whose index snapshot has this file name, and when it was taken.
pub(crate) fn part_of_file(name: &str) -> Option<(Part, u64)> {
    let (part, stamp) = name.strip_suffix(".idx")?.split_once('.')?;
    let part = match part {
        "contents" => Part::Contents,
        "threads" => Part::Threads,
        id => Part::Mailbox(MailboxId(id.parse().ok()?)),
    };
    let stamp = stamp.parse().ok()?;
    (part_file(part, stamp) == name).then_some((part, stamp))
}

/// Remove all index snapshots, that which names the others first.
pub(crate) fn remove(vfs: &dyn Vfs, account: &Path) -> io::Result<()> {
    vfs.remove_file(&account.join(ACCOUNT_FILE))?;
    vfs.sync_dir(account)?;
    let dir = account.join(PART_DIR);
    let names = vfs.list(&dir).unwrap_or_default();
    let names = names.iter().filter(|name| part_of_file(name).is_some());
    names.map(|name| dir.join(name)).try_for_each(|path| vfs.remove_file(&path))
}

/// The log that the index snapshot of an account is of, if it is whole, and whether it lies in the file that it was written
/// to.
pub(crate) fn log_of(vfs: &dyn Vfs, account: &Path) -> io::Result<Option<(u64, bool)>> {
    let file = vfs::open(vfs, &account.join(ACCOUNT_FILE))?;
    let octets = read_whole(&*file)?;
    let log = octets.get(16..).and_then(|octets| octets.first_chunk()).copied();
    let log = log.map(u64::from_le_bytes).filter(|log| account::is_of_log(&octets, *log));
    let is_original = copied::is_written_to(&octets, &*file)?;
    Ok(log.map(|log| (log, is_original)))
}

fn remove_old(vfs: &dyn Vfs, dir: &Path, stamps: &Stamps) -> io::Result<()> {
    let current: BTreeSet<String> =
        stamps.iter().map(|(part, stamp)| part_file(*part, *stamp)).collect();
    for name in vfs.list(dir)?.iter().filter(|name| !current.contains(*name)) {
        vfs.remove_file(&dir.join(name))?;
    }
    Ok(())
}

/// The account as its index snapshots have it, with all that it names at rest; `None` if there are none, or if this is
/// a copy of the account whose log ends before. An error if the account's own file is not what it should be.
pub(crate) fn load(
    vfs: &dyn Vfs,
    account: &Path,
    log: u64,
) -> io::Result<Option<(State, Position, Stamps)>> {
    let octets = match read_file(vfs, &account.join(ACCOUNT_FILE)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        octets => octets.map_err(|error| of_file(ACCOUNT_FILE, error))?,
    };
    let (state, source) = account::decode_account(&octets, log)
        .map_err(|bad| of_file(ACCOUNT_FILE, file::bad(&bad)))?;
    let (position, stamps) = (source.position, source.stamps.clone());
    if copied::ends_before(vfs, account, position)? && is_copy(vfs, account)? {
        return Ok(None);
    }
    Ok(Some((State { source: Some(Arc::new(source)), ..state }, position, stamps)))
}

/// The same with all of it in memory. An error as well if anything that it names is missing or not what it should be, unless
/// this is a copy.
pub(crate) fn load_all(
    vfs: &dyn Vfs,
    account: &Path,
    log: u64,
) -> io::Result<Option<(State, Position, Stamps)>> {
    let Some((mut state, position, stamps)) = load(vfs, account, log)? else { return Ok(None) };
    if let Err(error) = state.read_all((vfs, account)) {
        return if is_copy(vfs, account)? { Ok(None) } else { Err(error) };
    }
    state.source = None;
    Ok(Some((state, position, stamps)))
}

/// Whether this is a copy, whose files need not fit. It is said, since it is only asked when they do not.
fn is_copy(vfs: &dyn Vfs, account: &Path) -> io::Result<bool> {
    let is_copy = copied::is_copy(vfs, &account.join(ACCOUNT_FILE))?;
    if is_copy {
        let account = account.display();
        tracing::warn!(%account, "this is a copy that was made while the account changed: its index snapshots, which do not fit the rest of it, are made anew");
    }
    Ok(is_copy)
}

/// An error, with the file's name.
fn of_file(name: &str, source: io::Error) -> io::Error {
    io::Error::new(source.kind(), InFile { name: name.to_owned(), source })
}

fn read_file(vfs: &dyn Vfs, path: &Path) -> io::Result<Vec<u8>> {
    read_whole(&*vfs::open(vfs, path)?)
}

fn read_whole(file: &dyn VfsFile) -> io::Result<Vec<u8>> {
    let len = len_of(file)?;
    let mut octets = Vec::new();
    octets.try_reserve_exact(len).map_err(|_| io::ErrorKind::OutOfMemory)?;
    octets.resize(len, 0);
    if vfs::read_at(file, &mut octets, 0)? < len {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(octets)
}

/// Octets of a file that is not too large to be an index snapshot.
fn len_of(file: &dyn VfsFile) -> io::Result<usize> {
    let len = Some(file.len()?).filter(|len| *len <= MAX_INDEX_OCTETS);
    let len = len.and_then(|len| usize::try_from(len).ok());
    len.ok_or_else(|| file::bad(&BadRecord("an index snapshot that is not too large")))
}
