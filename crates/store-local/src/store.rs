//! All accounts of a data directory.

use crate::account::{self, Account, LocalAccount};
use crate::account_name;
use crate::batch::Batch;
use crate::failure::{failed, io_error, is_unreadable};
use crate::free_space::Fullness;
use crate::index;
use crate::kept::{Gone, Kept};
use crate::limits::{
    COMPACTION_DIED_OCTETS, INDEX_LOG_OCTETS, MAX_CONCURRENT_COMMITS, MAX_CONCURRENT_LOADS,
    MAX_CONCURRENT_READS, MAX_CONCURRENT_SPOOLS, RETRY_AFTER, SALVAGE_MARGIN, SEGMENT_OCTETS,
    SPOOL_MEMORY,
};
use crate::log::Log;
use crate::pace::Pace;
use crate::recovery::{self, Recovered, empty_dir};
use crate::replay::READING;
use crate::salvage::{self, Cause};
use crate::segment_pool::SegmentPool;
use crate::state::State;
use crate::sync::lock;
use crate::trouble::is_refusal;
use crate::uid_validity;
use crate::vfs::{RealFiles, Vfs};
use rookery_mailbox::limits::{DEFAULT_MAX_MESSAGES, MAX_TOMBSTONES};
use rookery_mailbox::{AccountStore, NewMailbox, Refused, Reply, Store, StoreError};
use std::collections::BTreeMap;
use std::hash::{BuildHasher, RandomState};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, Weak};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use tokio::sync::Semaphore;

/// Sizes that tests make small.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Options {
    /// Octets after which the log goes on in a new segment.
    pub segment_octets: u64,
    /// Octets of an incoming message that are held in memory.
    pub spool_memory: usize,
    /// Octets by which the log grows before index snapshots are rewritten.
    pub index_octets: u64,
    /// Octets of content that must have died before space is given back in the background.
    pub died_octets: u64,
    /// Expunges that a mailbox remembers.
    pub max_tombstones: usize,
    /// Messages that an account can have, in all its mailboxes together.
    pub max_messages: u64,
    /// How long after writing failed it is tried again.
    pub retry_after: Duration,
    /// What a repair leaves out of each kind of number.
    pub salvage_margin: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            segment_octets: SEGMENT_OCTETS,
            spool_memory: SPOOL_MEMORY,
            index_octets: INDEX_LOG_OCTETS,
            died_octets: COMPACTION_DIED_OCTETS,
            max_tombstones: MAX_TOMBSTONES,
            max_messages: DEFAULT_MAX_MESSAGES,
            retry_after: RETRY_AFTER,
            salvage_margin: SALVAGE_MARGIN,
        }
    }
}

/// What all accounts of a store share.
pub(crate) struct Shared {
    pub(crate) vfs: Arc<dyn Vfs>,
    pub(crate) options: Options,
    /// Messages that an account can have by now.
    max_messages: AtomicU64,
    pub(crate) commits: Arc<Semaphore>,
    pub(crate) reads: Arc<Semaphore>,
    pub(crate) spools: Arc<Semaphore>,
    /// One segment is written anew at a time.
    pub(crate) compactions: Arc<Semaphore>,
    pub(crate) pace: Pace,
    /// Whether the store is being closed, so that nothing new is begun.
    pub(crate) closing: AtomicBool,
    pub(crate) loads: Arc<Semaphore>,
    pub(crate) kept: Kept,
    pub(crate) segments: Arc<SegmentPool>,
    pub(crate) fullness: Fullness,
    /// Names under `tmp/` that were given away.
    pub(crate) temporaries: AtomicU64,
    /// The largest UIDVALIDITY of all removed accounts.
    uid_validity: Mutex<u32>,
    /// Given back when the store is closed, or when nobody has it or an account of it any more.
    lock: Mutex<Option<Box<dyn Send + Sync>>>,
}

impl Shared {
    /// Expunges that a mailbox remembers, and messages that an account can have.
    pub(crate) fn bounds(&self) -> (usize, u64) {
        (self.options.max_tombstones, self.max_messages.load(Ordering::Relaxed))
    }
}

/// An account that is loaded, or was, or is being loaded: whoever holds the lock sees to it.
pub(crate) type Slot = Arc<tokio::sync::Mutex<Weak<Account>>>;

/// The embedded engine over one data directory.
pub struct LocalStore {
    dir: PathBuf,
    pub(crate) shared: Arc<Shared>,
    slots: Mutex<BTreeMap<String, Slot>>,
    closed: AtomicBool,
    trashed: AtomicU64,
}

impl LocalStore {
    /// Open a data directory, which is made if need be. Nobody else can open it until the store is
    /// closed, or it and all its accounts are dropped.
    ///
    /// # Errors
    /// [`StoreError::Io`], of [`io::ErrorKind::WouldBlock`] when another process has it open.
    pub fn open(dir: &Path) -> Result<Self, StoreError> {
        Self::with_vfs(Arc::new(RealFiles), dir, Options::default())
    }

    /// Open a data directory on some file system.
    ///
    /// # Errors
    /// As of [`LocalStore::open`].
    pub fn with_vfs(vfs: Arc<dyn Vfs>, dir: &Path, options: Options) -> Result<Self, StoreError> {
        let opening = |error| io_error("opening the data directory", error);
        create_durably(&*vfs, dir).map_err(opening)?;
        let lock = vfs.lock(&dir.join("lock")).map_err(|error| match error.kind() {
            io::ErrorKind::WouldBlock => StoreError::Io {
                context: "another process has the data directory open",
                source: error,
            },
            _ => opening(error),
        })?;
        vfs.create_dir(&dir.join("accounts")).map_err(opening)?;
        vfs.create_dir(&dir.join("trash")).map_err(opening)?;
        vfs.sync_dir(dir).map_err(opening)?;
        keep_others_out(&*vfs, dir);
        let trashed = empty_trash(&*vfs, &dir.join("trash"));
        let uid_validity = Mutex::new(uid_validity::read(&*vfs, dir).map_err(opening)?);
        let shared = Shared {
            vfs,
            options,
            max_messages: AtomicU64::new(options.max_messages),
            commits: Arc::new(Semaphore::new(MAX_CONCURRENT_COMMITS)),
            reads: Arc::new(Semaphore::new(MAX_CONCURRENT_READS)),
            spools: Arc::new(Semaphore::new(MAX_CONCURRENT_SPOOLS)),
            compactions: Arc::new(Semaphore::new(1)),
            pace: Pace::default(),
            closing: AtomicBool::new(false),
            loads: Arc::new(Semaphore::new(MAX_CONCURRENT_LOADS)),
            kept: Kept::default(),
            segments: Arc::default(),
            fullness: Fullness::default(),
            temporaries: AtomicU64::new(0),
            uid_validity,
            lock: Mutex::new(Some(lock)),
        };
        Ok(Self {
            dir: dir.to_owned(),
            shared: Arc::new(shared),
            slots: Mutex::default(),
            closed: AtomicBool::new(false),
            trashed: AtomicU64::new(trashed),
        })
    }

    /// Let each account have so many messages from now on. One that has more keeps them, and takes no further ones.
    pub fn set_max_messages(&self, max_messages: u64) {
        self.shared.max_messages.store(max_messages, Ordering::Relaxed);
    }

    /// Keep no more segment files open for reading than this from now on, over all accounts, and no more than
    /// [`MAX_OPEN_SEGMENTS_IN_ALL`](crate::limits::MAX_OPEN_SEGMENTS_IN_ALL).
    pub fn set_max_open_segments(&self, most: usize) {
        self.shared.segments.set_most(most);
    }

    /// The directory with all that belongs to an account, whether there is such an account or not.
    #[must_use]
    pub fn account_dir(&self, name: &str) -> PathBuf {
        self.dir.join("accounts").join(account_name::encode(name))
    }

    /// Give back the space of an account's dead content now, as far as it is worth it, instead of in the background;
    /// returns how many segments were written anew.
    ///
    /// # Errors
    /// [`Refused::NoSuchAccount`]; whatever a disk has.
    pub async fn compact(&self, name: &str) -> Result<usize, StoreError> {
        self.load(name).await?.compact_all().await
    }

    pub(crate) fn check_open(&self) -> Result<(), StoreError> {
        if self.closed.load(Ordering::SeqCst) {
            let source = io::Error::other("it is closed");
            return Err(StoreError::Io { context: "using the store", source });
        }
        Ok(())
    }

    pub(crate) fn slot(&self, name: &str) -> Slot {
        Arc::clone(lock(&self.slots).entry(name.to_owned()).or_default())
    }

    /// Forget a slot that nobody has and that holds no account, since anybody may ask for any name.
    pub(crate) fn release_slot(&self, name: &str, slot: Slot) {
        let mut slots = lock(&self.slots);
        drop(slot);
        let is_free = |slot: &Slot| {
            Arc::strong_count(slot) == 1
                && slot.try_lock().is_ok_and(|account| account.strong_count() == 0)
        };
        if slots.get(name).is_some_and(is_free) {
            slots.remove(name);
        }
    }

    async fn load(&self, name: &str) -> Result<Arc<Account>, StoreError> {
        let slot = self.slot(name);
        let loaded = self.load_into(name, &slot).await;
        self.release_slot(name, slot);
        let account = loaded?;
        if lock(&account.unread).is_some() {
            return Ok(account);
        }
        let Gone { accounts, files } = self.shared.kept.keep(&account);
        for idle in accounts {
            tokio::spawn(idle.unload());
        }
        if !files.is_empty() {
            drop(tokio::task::spawn_blocking(move || drop(files)));
        }
        Ok(account)
    }

    async fn load_into(&self, name: &str, slot: &Slot) -> Result<Arc<Account>, StoreError> {
        let mut loaded = Arc::clone(slot).lock_owned().await;
        self.check_open()?;
        let old = loaded.upgrade();
        if let Some(account) = old.as_ref().filter(|account| !account.is_to_be_read_anew()) {
            return Ok(Arc::clone(account));
        }
        let (shared, dir, name) =
            (Arc::clone(&self.shared), self.account_dir(name), name.to_owned());
        let loads = Arc::clone(&shared.loads).acquire_owned().await;
        let permit = loads.map_err(|_| failed("loading an account"))?;
        self.blocking(move || {
            let _permit = permit;
            let account = load_account(shared, dir, &name, old)?;
            *loaded = Arc::downgrade(&account);
            Ok(account)
        })
        .await
    }

    /// Work on the blocking pool. It goes on when nobody waits for it any more, so it must own the
    /// slot's lock that it works under.
    pub(crate) async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        tokio::task::spawn_blocking(work).await.map_err(|_| failed("working on an account"))?
    }

    async fn create_in(
        &self,
        name: &str,
        slot: &Slot,
        mailboxes: &[NewMailbox],
        now: i64,
    ) -> Result<(), StoreError> {
        let loading = Arc::clone(slot).lock_owned().await;
        self.check_open()?;
        if !account_name::is_possible(name) {
            let source = io::Error::from(io::ErrorKind::InvalidFilename);
            return Err(StoreError::Io { context: "naming an account", source });
        }
        let (shared, dir) = (Arc::clone(&self.shared), self.account_dir(name));
        let mailboxes = mailboxes.to_vec();
        self.blocking(move || {
            let _loading = loading;
            create_account(&shared, &dir, &mailboxes, now)
        })
        .await
    }

    async fn delete_in(&self, name: &str, slot: &Slot) -> Result<(), StoreError> {
        let mut loaded = Arc::clone(slot).lock_owned().await;
        self.check_open()?;
        let (shared, dir) = (Arc::clone(&self.shared), self.account_dir(name));
        let number = self.trashed.fetch_add(1, Ordering::Relaxed);
        let (data, trash) = (self.dir.clone(), self.dir.join("trash"));
        let (is_possible, name) = (account_name::is_possible(name), name.to_owned());
        self.blocking(move || {
            let found = if is_possible { exists(&*shared.vfs, &dir) } else { Ok(false) };
            let found = match found {
                // What is left of it can go.
                Err(StoreError::Damaged(_)) => true,
                found => found?,
            };
            if !found {
                return Err(Refused::NoSuchAccount.into());
            }
            let account = std::mem::take(&mut *loaded).upgrade();
            let find = || find_uid_validity(&*shared.vfs, &dir);
            let largest = account.as_ref().map_or_else(find, |account| account.uid_validity());
            note_uid_validity(&shared, &data, largest);
            if let Some(account) = account {
                account.vanish();
            }
            shared.kept.forget(&name);
            remove_account(&*shared.vfs, &dir, &trash, number)
        })
        .await
    }

    async fn close_all(&self) -> Result<(), StoreError> {
        self.closed.store(true, Ordering::SeqCst);
        self.shared.closing.store(true, Ordering::SeqCst);
        // Whoever writes a segment anew sees it, and ends; nobody begins another one.
        if let Ok(_permit) = self.shared.compactions.acquire().await {
            self.shared.compactions.close();
        }
        let slots: Vec<Slot> = lock(&self.slots).values().cloned().collect();
        let mut closed = Ok(());
        for slot in slots {
            let account = slot.lock().await.upgrade();
            if let Some(account) = account {
                closed = closed.and(account.close().await);
            }
        }
        self.shared.kept.close();
        drop(lock(&self.shared.lock).take());
        closed
    }
}

impl Drop for LocalStore {
    fn drop(&mut self) {
        self.shared.kept.close();
    }
}

/// Whether there is a directory. Only the system's word that there is none counts as none: what cannot
/// be looked at now may well be there.
fn is_directory(vfs: &dyn Vfs, dir: &Path) -> io::Result<bool> {
    match crate::vfs::list(vfs, dir) {
        Ok(_) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

/// Whether there is an account in a directory: its segments are what makes it one. An error of [`StoreError::Damaged`] if there
/// was one, and they are gone.
pub(crate) fn exists(vfs: &dyn Vfs, dir: &Path) -> Result<bool, StoreError> {
    let looking = |source| StoreError::Io { context: "looking for an account", source };
    match is_directory(vfs, &dir.join("seg")) {
        Ok(true) => Ok(true),
        Ok(false) if !was_account(vfs, dir).map_err(looking)? => Ok(false),
        Ok(false) => {
            Err(StoreError::Damaged("seg, the directory of the log, is missing".to_owned()))
        }
        Err(error) if error.kind() == io::ErrorKind::NotADirectory => {
            // What lies beside the accounts is none.
            crate::vfs::list(vfs, dir).map_err(looking)?;
            Err(StoreError::Damaged("seg, the directory of the log, is a file".to_owned()))
        }
        Err(error) => Err(looking(error)),
    }
}

/// Whether there is something in a directory without a log that the making of an account which broke off does not leave.
fn was_account(vfs: &dyn Vfs, dir: &Path) -> io::Result<bool> {
    match crate::vfs::list(vfs, dir) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        names => Ok(names?.iter().any(|name| name == index::ACCOUNT_FILE || name == "seg")),
    }
}

/// Load an account. What the disk could read of it before, which others still have, is what there is if it cannot yet read more.
fn load_account(
    shared: Arc<Shared>,
    dir: PathBuf,
    name: &str,
    old: Option<Arc<Account>>,
) -> Result<Arc<Account>, StoreError> {
    if !account_name::is_possible(name) {
        return Err(Refused::NoSuchAccount.into());
    }
    match (exists(&*shared.vfs, &dir), old.as_ref()) {
        (Ok(true), _) => {}
        (Ok(false), _) => return Err(Refused::NoSuchAccount.into()),
        (Err(_), Some(old)) => return Ok(Arc::clone(old)),
        (Err(error), None) => return Err(error),
    }
    if shared.kept.is_shut(name, shared.options.retry_after) {
        // Another attempt is made in a while.
        let source = io::Error::new(io::ErrorKind::ResourceBusy, "an earlier sync failed");
        return Err(unsynced(source));
    }
    let found = recovery::recover(&shared.vfs, &dir, shared.options.max_tombstones);
    let found = found.and_then(Recovered::for_writing);
    if let Some(old) = old.filter(|_| found.is_err()) {
        return Ok(old);
    }
    let found = match found {
        Err(error) => return load_what_can_be_read(shared, dir, (name, error)),
        Ok(found) => found,
    };
    if !found.is_durable {
        make_durable(&shared, (name, &dir), &found)?;
    }
    if let Err(error) = empty_dir(&*shared.vfs, &dir.join("tmp")) {
        let error = io_error("emptying an account's tmp", error);
        return load_what_can_be_read(shared, dir, (name, error));
    }
    let account = Arc::new(Account::new(name, dir, shared, found));
    // If that fails, all else can be read, and it is tried again before anything changes.
    let _ = account.expunge_left_out(&mut lock(&account.writer));
    Ok(account)
}

/// Let the disk have for certain what was found of an account, before anybody is told of it. That there is such an account is
/// not certain either: who made it may have been killed before that was synced.
fn make_durable(
    shared: &Shared,
    (name, dir): (&str, &Path),
    found: &Recovered,
) -> Result<(), StoreError> {
    found.rewrite_tail()?;
    let synced = found.sync().and_then(|()| sync_name(&*shared.vfs, dir));
    synced.map_err(|error| {
        if shared.kept.shut(name) {
            tracing::error!(account = %name, %error, "{UNSYNCED}: the account stays shut until it can be");
        }
        unsynced(error)
    })?;
    found.verify_tail()?;
    if shared.kept.regained(name) {
        tracing::info!(account = %name, "the log of an account could be synced: it is open again");
    }
    Ok(())
}

/// Load what can be read of an account whose log is damaged or cannot be written to, or which the disk cannot read whole, for reading only. Any other
/// error stays one.
fn load_what_can_be_read(
    shared: Arc<Shared>,
    dir: PathBuf,
    (name, error): (&str, StoreError),
) -> Result<Arc<Account>, StoreError> {
    let max_tombstones = shared.options.max_tombstones;
    let (cause, is_unread) = match &error {
        StoreError::Damaged(what) => (Cause::Damaged(what), false),
        StoreError::Io { context: READING | index::READING, source } if is_unreadable(source) => {
            (Cause::Unreadable(source), true)
        }
        // What may not even be read is not done without.
        StoreError::Io { context, source }
            if source.kind() == io::ErrorKind::ReadOnlyFilesystem
                || (is_refusal(source) && ![READING, index::READING].contains(context)) =>
        {
            (Cause::ReadOnly(&error), true)
        }
        _ => return Err(error),
    };
    let salvaged = salvage::for_reading(&*shared.vfs, &dir, max_tombstones, (name, cause));
    let Ok(salvaged) = salvaged else { return Err(error) };
    let is_unread = is_unread || !salvaged.unread.is_empty();
    let found = Recovered::of_damaged(Arc::clone(&shared.vfs), &dir, salvaged);
    let account = Account::new(name, dir, shared, found);
    account.read_only.store(true, Ordering::SeqCst);
    *lock(&account.unread) = is_unread.then(Instant::now);
    Ok(Arc::new(account))
}

const UNSYNCED: &str = "the log of an account could not be synced";

fn unsynced(source: io::Error) -> StoreError {
    StoreError::Io { context: UNSYNCED, source }
}

/// Make an account. Its segments appear under their name when they are whole.
fn create_account(
    shared: &Shared,
    dir: &Path,
    mailboxes: &[NewMailbox],
    now: i64,
) -> Result<(), StoreError> {
    let vfs = &*shared.vfs;
    if mailboxes.is_empty() {
        // A log without any change is damaged.
        return Err(io_error("creating an account", io::ErrorKind::InvalidInput.into()));
    }
    if exists(vfs, dir)? {
        return Err(Refused::AccountExists.into());
    }
    let creating = |error| io_error("creating an account", error);
    let (unfinished, segments) = (dir.join("seg.new"), dir.join("seg"));
    if is_directory(vfs, &unfinished).map_err(creating)? {
        vfs.remove_dir_all(&unfinished).map_err(creating)?;
    }
    vfs.create_dir(&unfinished).map_err(creating)?;
    let id = RandomState::new().hash_one(now);
    let mut log = Log::create(Arc::clone(&shared.vfs), &unfinished, id).map_err(creating)?;
    let mut state = State::default();
    state.counters.uid_validity = *lock(&shared.uid_validity);
    let mut batch = Batch::new(&state, &log, shared.bounds());
    account::create(&mut batch, mailboxes, now)?;
    let empty = log.mark();
    let written = log.write(&batch.finish().frames).and_then(|()| log.sync(empty));
    written.map_err(|failure| creating(failure.into_error()))?;
    vfs.rename(&unfinished, &segments).map_err(creating)?;
    sync_name(vfs, dir).map_err(creating)
}

/// Let it be durable that there is an account in this directory.
fn sync_name(vfs: &dyn Vfs, dir: &Path) -> io::Result<()> {
    vfs.sync_dir(dir)?;
    dir.parent().map_or(Ok(()), |accounts| vfs.sync_dir(accounts))
}

/// Remove an account: first its name, which is done at once, then its files.
fn remove_account(vfs: &dyn Vfs, dir: &Path, trash: &Path, number: u64) -> Result<(), StoreError> {
    let removing = |error| io_error("removing an account", error);
    let target = trash.join(number.to_string());
    vfs.rename(dir, &target).map_err(removing)?;
    if let Some(accounts) = dir.parent() {
        vfs.sync_dir(accounts).map_err(removing)?;
    }
    vfs.sync_dir(trash).map_err(removing)?;
    if let Err(error) = vfs.remove_dir_all(&target) {
        tracing::warn!(%error, "the files of a removed account stay until the next start");
    }
    Ok(())
}

/// Make a directory and those above it, durably.
fn create_durably(vfs: &dyn Vfs, dir: &Path) -> io::Result<()> {
    let mut missing = Vec::new();
    for path in dir.ancestors().filter(|path| !path.as_os_str().is_empty()) {
        if is_directory(vfs, path)? {
            break;
        }
        missing.push(path);
    }
    vfs.create_dir(dir)?;
    for parent in missing.iter().rev().filter_map(|path| path.parent()) {
        let here = Path::new(".");
        vfs.sync_dir(if parent.as_os_str().is_empty() { here } else { parent })?;
    }
    Ok(())
}

/// Keep others out of what is ours. Who else needs the data directory itself is not for us to say.
fn keep_others_out(vfs: &dyn Vfs, dir: &Path) {
    for path in [dir.join("accounts"), dir.join("trash")] {
        let kept_out = match vfs.is_private(&path) {
            Ok(true) => Ok(()),
            Ok(false) => vfs.make_private(&path),
            Err(error) => Err(error),
        };
        if let Err(error) = kept_out {
            tracing::warn!(path = %path.display(), %error, "others may be able to read mail");
        }
    }
    if !vfs.is_private(dir).unwrap_or(true) {
        tracing::warn!(path = %dir.display(), "others can enter the data directory: its mode should be 0700");
    }
}

/// Remove the files of removed accounts; returns a number such that no file that stays has it as its
/// name, nor a larger one.
fn empty_trash(vfs: &dyn Vfs, trash: &Path) -> u64 {
    let mut free = 0;
    for name in vfs.list(trash).unwrap_or_default() {
        if let Err(error) = vfs.remove_dir_all(&trash.join(&name)) {
            tracing::warn!(%error, "the files of a removed account stay until the next start");
            free = name.parse().map_or(free, |number: u64| free.max(number.saturating_add(1)));
        }
    }
    free
}

/// Take note of the UIDVALIDITY of an account that is about to be removed. Removing frees space, so that
/// it is not refused for want of the little that this takes.
fn note_uid_validity(shared: &Shared, dir: &Path, largest: u32) {
    let mut noted = lock(&shared.uid_validity);
    if largest <= *noted {
        return;
    }
    *noted = largest;
    if let Err(error) = uid_validity::write(&*shared.vfs, dir, largest) {
        tracing::warn!(%error, "the UIDVALIDITY of a removed account is forgotten at the next start");
    }
}

/// The largest UIDVALIDITY in an account that is not loaded. For one that cannot be read it is guessed.
fn find_uid_validity(vfs: &dyn Vfs, dir: &Path) -> u32 {
    if let Ok(found) = recovery::read_with_index(vfs, dir, MAX_TOMBSTONES) {
        return found.state.counters.uid_validity;
    }
    uid_validity::guess()
}

/// For guesses about what cannot be read; changes bring their own time.
pub(crate) fn seconds_since_1970() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}

impl Store for LocalStore {
    fn account<'a>(&'a self, name: &'a str) -> Reply<'a, Arc<dyn AccountStore>> {
        Box::pin(async move {
            let account = self.load(name).await?;
            let account: Arc<dyn AccountStore> = Arc::new(LocalAccount { account });
            Ok(account)
        })
    }

    fn create_account<'a>(
        &'a self,
        name: &'a str,
        mailboxes: &'a [NewMailbox],
        now: i64,
    ) -> Reply<'a, ()> {
        Box::pin(async move {
            let slot = self.slot(name);
            let created = self.create_in(name, &slot, mailboxes, now).await;
            self.release_slot(name, slot);
            created
        })
    }

    fn delete_account<'a>(&'a self, name: &'a str) -> Reply<'a, ()> {
        Box::pin(async move {
            let slot = self.slot(name);
            let deleted = self.delete_in(name, &slot).await;
            self.release_slot(name, slot);
            deleted
        })
    }

    fn accounts(&self) -> Reply<'_, Vec<String>> {
        Box::pin(async move {
            self.check_open()?;
            let (shared, accounts) = (Arc::clone(&self.shared), self.dir.join("accounts"));
            self.blocking(move || list_accounts(&*shared.vfs, &accounts)).await
        })
    }

    fn close(&self) -> Reply<'_, ()> {
        Box::pin(self.close_all())
    }
}

fn list_accounts(vfs: &dyn Vfs, accounts: &Path) -> Result<Vec<String>, StoreError> {
    let names = vfs.list(accounts).map_err(|error| io_error("listing accounts", error))?;
    let mut found = Vec::new();
    for file_name in names {
        let Some(name) = account_name::decode(&file_name) else { continue };
        match exists(vfs, &accounts.join(&file_name)) {
            Ok(true) => found.push(name),
            Ok(false) => {}
            Err(StoreError::Io { source, .. }) if source.kind() == io::ErrorKind::NotADirectory => {
                tracing::warn!(file = %file_name, "a file that is no account lies among the accounts");
            }
            Err(StoreError::Damaged(what)) => {
                tracing::error!(account = %name, %what, "an account has lost its log");
                found.push(name);
            }
            Err(error) => return Err(error),
        }
    }
    found.sort_unstable();
    Ok(found)
}
