//! One account, shared by all who have it open.

use crate::batch::{Batch, Change};
use crate::commit::{Queue, Writer};
use crate::content::KnownWhole;
use crate::failure::failed;
use crate::free_space::Fullness;
use crate::index;
use crate::limits::{MAX_QUEUED_CHANGES, MAX_SUMMARY_OCTETS, REREAD_AFTER, UNLOAD_INDEX_OCTETS};
use crate::log::Log;
use crate::open_segments::OpenSegments;
use crate::pace::Pace;
use crate::plan::{self, Incoming, StorePlan};
use crate::record::{AppendRecord, Record};
use crate::recovery::Recovered;
use crate::resting::Part;
use crate::spool::{Body, LocalSpool};
use crate::state::{Octets, State};
use crate::store::{Options, Shared};
use crate::sync::{lock, read, write};
use crate::trouble::Trouble;
use crate::vfs::Vfs;
use bytes::Bytes;
use rookery_mail::{
    DateTime, EmailId, Flag, MailboxId, MailboxName, ModSeq, Uid, UidRange, UidSet,
};
use rookery_mailbox::{
    Absent, AccountStore, Appended, Beginning, Copied, FlagChange, MailboxInfo, MailboxList,
    NewMailbox, NewMessage, OpenMailbox, Refused, Reply, Spool, Status, StoreError, Stored,
    ThreadKey,
};
use std::collections::BTreeSet;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, RwLock};
use std::time::Instant;
use tokio::sync::Semaphore;

/// An account.
pub(crate) struct Account {
    name: String,
    dir: PathBuf,
    shared: Arc<Shared>,
    log_id: u64,
    pub(crate) state: RwLock<State>,
    /// Whoever reads something that was at rest has it, so that two who need the same read it once.
    pub(crate) waking: Mutex<()>,
    pub(crate) writer: Mutex<Writer>,
    pub(crate) queue: Mutex<Queue>,
    pub(crate) admission: Arc<Semaphore>,
    pub(crate) read_only: AtomicBool,
    /// If nobody knows what the log's file holds since writing to it failed: when it was last tried to make that known.
    pub(crate) lost: Mutex<Option<Instant>>,
    /// Whether writing to the log is refused.
    pub(crate) log_trouble: Trouble,
    /// Whether writing to files of messages that come in is refused.
    pub(crate) spool_trouble: Trouble,
    pub(crate) gone: AtomicBool,
    /// If the disk could not read all of it: when that was tried. It is not kept, and read anew when it can be.
    pub(crate) unread: Mutex<Option<Instant>>,
    segments: Arc<OpenSegments>,
    pub(crate) is_compacting: AtomicBool,
    /// Segments that could not be written anew.
    pub(crate) uncompactable: Mutex<BTreeSet<u32>>,
    /// Messages that were read whole, and have their checksums.
    pub(crate) known_whole: Mutex<KnownWhole>,
    /// Segments in which not enough is left that could be left out besides content.
    pub(crate) squeezed: Mutex<BTreeSet<u32>>,
}

impl Account {
    pub(crate) fn new(name: &str, dir: PathBuf, shared: Arc<Shared>, found: Recovered) -> Self {
        let Recovered { mut state, log, stamps, dirty, replayed, left_out, .. } = found;
        let log_id = log.id;
        // From here on it is kept: whatever the account was put together from, it begins right.
        state.messages = state.count_messages();
        let Octets { metadata, .. } = state.emails.octets(log.segment, log.end);
        let segments = OpenSegments::new(Arc::clone(&shared.segments), &log);
        let writer = Writer {
            log,
            left_out,
            stamps,
            dirty,
            replayed,
            indexed: 0,
            index_later: 0,
            index_octets: 0,
            looked: 0,
            metadata,
        };
        Self {
            name: name.to_owned(),
            dir,
            shared,
            log_id,
            state: RwLock::new(state),
            waking: Mutex::default(),
            writer: Mutex::new(writer),
            queue: Mutex::default(),
            admission: Arc::new(Semaphore::new(MAX_QUEUED_CHANGES)),
            read_only: AtomicBool::new(false),
            lost: Mutex::default(),
            log_trouble: Trouble::default(),
            spool_trouble: Trouble::default(),
            gone: AtomicBool::new(false),
            unread: Mutex::default(),
            segments,
            is_compacting: AtomicBool::new(false),
            uncompactable: Mutex::default(),
            known_whole: Mutex::default(),
            squeezed: Mutex::default(),
        }
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn dir(&self) -> &Path {
        &self.dir
    }

    pub(crate) fn segment_dir(&self) -> PathBuf {
        self.dir.join("seg")
    }

    pub(crate) fn log_id(&self) -> u64 {
        self.log_id
    }

    pub(crate) fn vfs(&self) -> Arc<dyn Vfs> {
        Arc::clone(&self.shared.vfs)
    }

    pub(crate) fn options(&self) -> &Options {
        &self.shared.options
    }

    /// Expunges that a mailbox remembers, and messages that the account can have.
    pub(crate) fn bounds(&self) -> (usize, u64) {
        self.shared.bounds()
    }

    pub(crate) fn commits(&self) -> Arc<Semaphore> {
        Arc::clone(&self.shared.commits)
    }

    pub(crate) fn reads(&self) -> Arc<Semaphore> {
        Arc::clone(&self.shared.reads)
    }

    pub(crate) fn spools(&self) -> Arc<Semaphore> {
        Arc::clone(&self.shared.spools)
    }

    pub(crate) fn loads(&self) -> Arc<Semaphore> {
        Arc::clone(&self.shared.loads)
    }

    pub(crate) fn compactions(&self) -> Arc<Semaphore> {
        Arc::clone(&self.shared.compactions)
    }

    pub(crate) fn pace(&self) -> &Pace {
        &self.shared.pace
    }

    pub(crate) fn fullness(&self) -> &Fullness {
        &self.shared.fullness
    }

    pub(crate) fn is_closing(&self) -> bool {
        self.shared.closing.load(Ordering::SeqCst)
    }

    pub(crate) fn open_segments(&self) -> &Arc<OpenSegments> {
        &self.segments
    }

    /// A path under `tmp/` that nobody else has, nor an account that takes this one's name later.
    pub(crate) fn temporary_path(&self) -> PathBuf {
        let number = self.shared.temporaries.fetch_add(1, Ordering::Relaxed);
        self.dir.join("tmp").join(number.to_string())
    }

    /// Whether changes are taken.
    pub(crate) fn is_writable(&self) -> bool {
        self.check_writable().is_ok()
    }

    /// The largest UIDVALIDITY of all mailboxes that there ever were.
    pub(crate) fn uid_validity(&self) -> u32 {
        read(&self.state).counters.uid_validity
    }

    /// Make all that was asked for durable, save the indexes, take no more changes, let go of files.
    pub(crate) async fn close(self: Arc<Self>) -> Result<(), StoreError> {
        let asked = self.submit(0, |_| Ok(())).await;
        let closing = tokio::task::spawn_blocking(move || {
            let mut writer = lock(&self.writer);
            match asked {
                // There is nothing that could be lost.
                Ok(())
                | Err(StoreError::ReadOnly | StoreError::Refused(Refused::NoSuchAccount)) => {}
                Err(_) if !writer.left_out.is_empty() => {}
                Err(error) => return Err(error),
            }
            if writer.behind() > 0 {
                self.save_index(&mut writer);
            }
            self.read_only.store(true, Ordering::SeqCst);
            drop(self.segments.clear());
            Ok(())
        });
        closing.await.map_err(|_| failed("closing an account"))?
    }

    /// What the log holds is not known any more: change nothing until the store is opened again, not
    /// even when all sessions have gone.
    pub(crate) fn fail(self: &Arc<Self>) {
        self.read_only.store(true, Ordering::SeqCst);
        self.shared.kept.fail(self);
    }

    /// What the log's file holds is not known any more: change nothing until it is, not even when all sessions have gone.
    /// Says whether it was known before.
    pub(crate) fn lose(self: &Arc<Self>) -> bool {
        self.shared.kept.fail(self);
        lock(&self.lost).replace(Instant::now()).is_none()
    }

    /// It is known again.
    pub(crate) fn regained(&self, log: &Log) {
        *lock(&self.lost) = None;
        self.shared.kept.regained(&self.name);
        self.segments.go_on(log);
        drop(self.segments.clear());
    }

    /// Save the indexes of an account that nobody uses any more, if that saves the next one who does much.
    pub(crate) async fn unload(self: Arc<Self>) {
        let enough = self.options().index_octets.min(UNLOAD_INDEX_OCTETS);
        let Ok(permit) = self.commits().acquire_owned().await else { return };
        let saving = tokio::task::spawn_blocking(move || {
            let _permit = permit;
            let mut writer = lock(&self.writer);
            if writer.behind() >= enough {
                self.save_index(&mut writer);
            }
        });
        if saving.await.is_err() {
            tracing::warn!("saving the indexes of an account ended early");
        }
    }

    /// Write all index snapshots anew; says whether that was possible.
    pub(crate) fn renew_index(self: &Arc<Self>) -> bool {
        let mut writer = lock(&self.writer);
        if self.wake_all().is_err() {
            return false;
        }
        writer.stamps.clear();
        self.save_index(&mut writer);
        index::load_all(&*self.vfs(), &self.dir, self.log_id).is_ok_and(|index| index.is_some())
    }

    /// Do not stay for the sake of who may come.
    pub(crate) fn let_go(&self) {
        self.shared.kept.release(&self.dir);
    }

    /// Whether it is time to try once more to read an account that the disk could not read whole. What was put together of it
    /// must not need files, which are another one's then.
    pub(crate) fn is_to_be_read_anew(&self) -> bool {
        let mut unread = lock(&self.unread);
        let is_due = unread.is_some_and(|tried| tried.elapsed() >= REREAD_AFTER);
        let is_due = is_due && read(&self.state).source.is_none();
        if is_due {
            *unread = Some(Instant::now());
        }
        is_due
    }

    /// The account is removed: let nothing more be done to it, and let sessions see it go.
    pub(crate) fn vanish(&self) {
        let _writer = lock(&self.writer);
        self.gone.store(true, Ordering::SeqCst);
        write(&self.state).vanish();
        drop(self.segments.clear());
    }

    pub(crate) fn look<T>(
        &self,
        look: impl FnOnce(&State) -> Result<T, Refused>,
    ) -> Result<T, StoreError> {
        if self.gone.load(Ordering::SeqCst) {
            return Err(Refused::NoSuchAccount.into());
        }
        Ok(look(&read(&self.state))?)
    }
}

/// What sessions hold of an account.
pub(crate) struct LocalAccount {
    pub(crate) account: Arc<Account>,
}

/// A message that is about to be appended.
struct Arriving {
    body: Arc<Body>,
    summary: Arc<Vec<u8>>,
    thread_keys: Vec<ThreadKey>,
    flags: Vec<Flag>,
    internal_date: DateTime,
}

impl Arriving {
    fn incoming(&self) -> Incoming<'_> {
        let Self { body, thread_keys, flags, internal_date, .. } = self;
        Incoming { size: body.len(), thread_keys, flags, internal_date: *internal_date }
    }

    fn change(&self, record: AppendRecord) -> Change {
        Change {
            record: Record::Append(record),
            summary: Arc::clone(&self.summary),
            body: Some(Arc::clone(&self.body)),
        }
    }
}

impl LocalAccount {
    fn change<'a, T, F>(&'a self, decide: F) -> Reply<'a, T>
    where
        T: Send + 'static,
        F: FnMut(&mut Batch<'_>) -> Result<T, StoreError> + Send + 'static,
    {
        Box::pin(self.account.submit(0, decide))
    }

    fn copy_or_move(
        &self,
        from: MailboxId,
        uids: &UidSet,
        to: MailboxId,
        how: (Absent, i64, bool),
    ) -> Reply<'_, Copied> {
        let uids = uids.clone();
        self.change(move |batch| {
            let plan = plan::copy(&batch.draft, from, &uids, to, how)?;
            commit(batch, plan.record.map(Record::Copy))?;
            let plan::CopyPlan { uid_validity, source, destination, .. } = plan;
            Ok(Copied { uid_validity, source, destination })
        })
    }

    async fn append_all(
        &self,
        mailbox: MailboxId,
        messages: Vec<NewMessage>,
        now: i64,
    ) -> Result<Appended, StoreError> {
        let messages = messages.into_iter().map(arriving).collect::<Result<Vec<_>, _>>()?;
        let octets = messages.iter().map(|message| message.body.len()).sum();
        self.account.submit(octets, move |batch| append(batch, mailbox, &messages, now)).await
    }
}

/// Let a change happen, if there is one.
fn commit(batch: &mut Batch<'_>, record: Option<Record>) -> Result<(), StoreError> {
    batch.transact(record.into_iter().map(Change::from).collect())
}

fn arriving(message: NewMessage) -> Result<Arriving, StoreError> {
    let spool = message.content.into_any().downcast::<LocalSpool>();
    let spool = spool.map_err(|_| StoreError::Damaged("a spool of another engine".to_owned()))?;
    if message.summary.len() > MAX_SUMMARY_OCTETS {
        return Err(Refused::OverQuota.into());
    }
    Ok(Arriving {
        body: Arc::new(spool.into_body()?),
        summary: Arc::new(message.summary),
        thread_keys: message.thread_keys,
        flags: message.flags,
        internal_date: message.internal_date,
    })
}

fn append(
    batch: &mut Batch<'_>,
    mailbox: MailboxId,
    messages: &[Arriving],
    now: i64,
) -> Result<Appended, StoreError> {
    let incoming: Vec<Incoming<'_>> = messages.iter().map(Arriving::incoming).collect();
    let records = plan::append(&batch.draft, mailbox, &incoming, now)?;
    let uids = records.iter().map(|record| record.uid).collect();
    let changes = messages.iter().zip(records).map(|(message, record)| message.change(record));
    batch.transact(changes.collect())?;
    appended(batch, mailbox, uids)
}

fn replace(
    batch: &mut Batch<'_>,
    old: (MailboxId, Uid),
    to: MailboxId,
    message: &Arriving,
    now: i64,
) -> Result<Appended, StoreError> {
    let (new, expunged) = plan::replace(&batch.draft, old, to, &message.incoming(), now)?;
    let uids = [new.uid].into_iter().collect();
    batch.transact(vec![message.change(new), Change::from(expunged)])?;
    appended(batch, to, uids)
}

fn appended(batch: &Batch<'_>, mailbox: MailboxId, uids: UidSet) -> Result<Appended, StoreError> {
    let after = plan::snapshot(&batch.draft, mailbox)?;
    let (uid_validity, modseq) = (after.uid_validity(), after.highest_modseq());
    Ok(Appended { uid_validity, uids, modseq })
}

impl AccountStore for LocalAccount {
    fn name(&self) -> &str {
        self.account.name()
    }

    fn mailboxes(&self) -> Reply<'_, Arc<MailboxList>> {
        Box::pin(async { self.account.look(|state| Ok(Arc::clone(&state.list))) })
    }

    fn create<'a>(&'a self, new: &'a [NewMailbox], now: i64) -> Reply<'a, Vec<MailboxInfo>> {
        let new = new.to_vec();
        self.change(move |batch| create(batch, &new, now))
    }

    fn create_with_messages_of<'a>(
        &'a self,
        from: MailboxId,
        new: &'a [NewMailbox],
        now: i64,
    ) -> Reply<'a, ()> {
        let new = new.to_vec();
        self.change(move |batch| {
            plan::snapshot(&batch.draft, from)?;
            if new.is_empty() {
                return Ok(());
            }
            let names = plan::create(&batch.draft, &new, now)?;
            let moved = plan::move_into_new(&batch.draft, from, &names, now)?;
            let moved = moved.map(|record| Change::from(Record::Copy(record)));
            let made = Change::from(Record::Names(names));
            batch.transact([made].into_iter().chain(moved).collect())
        })
    }

    fn delete(&self, mailbox: MailboxId) -> Reply<'_, ()> {
        self.change(move |batch| {
            let record = plan::delete(&batch.draft, mailbox)?;
            commit(batch, Some(record))
        })
    }

    fn rename<'a>(
        &'a self,
        renames: &'a [(MailboxId, MailboxName)],
        new: &'a [NewMailbox],
        now: i64,
    ) -> Reply<'a, ()> {
        let (renames, new) = (renames.to_vec(), new.to_vec());
        self.change(move |batch| {
            if renames.is_empty() && new.is_empty() {
                return Ok(());
            }
            let record = plan::rename(&batch.draft, &renames, &new, now)?;
            commit(batch, Some(Record::Names(record)))
        })
    }

    fn subscribe<'a>(&'a self, name: &'a MailboxName, subscribed: bool) -> Reply<'a, ()> {
        let name = name.clone();
        self.change(move |batch| {
            let record = plan::subscribe(&batch.draft, &name, subscribed)?;
            commit(batch, record.map(Record::Names))
        })
    }

    fn set_append_limit(&self, mailbox: MailboxId, limit: Option<u64>) -> Reply<'_, ()> {
        self.change(move |batch| {
            let record = plan::set_append_limit(&batch.draft, mailbox, limit)?;
            commit(batch, record.map(Record::Names))
        })
    }

    fn status(&self, mailbox: MailboxId) -> Reply<'_, Status> {
        Box::pin(async move {
            self.account.look(|state| {
                let published = state.mailboxes.get(&mailbox).ok_or(Refused::NoSuchMailbox)?;
                Ok(published.status())
            })
        })
    }

    fn open(&self, mailbox: MailboxId) -> Reply<'_, Arc<OpenMailbox>> {
        Box::pin(async move {
            loop {
                let open = self.account.look(|state| {
                    let published = state.mailboxes.get(&mailbox).ok_or(Refused::NoSuchMailbox)?;
                    Ok(published.open().cloned())
                });
                match open? {
                    Some(open) => return Ok(open),
                    None => self.account.need(Part::Mailbox(mailbox)).await?,
                }
            }
        })
    }

    fn claim_recent(&self, mailbox: MailboxId) -> Reply<'_, Option<UidRange>> {
        Box::pin(async move {
            // Most have nothing to claim, and need not queue for that.
            let is_new = self.account.look(|state| {
                let published = state.mailboxes.get(&mailbox).ok_or(Refused::NoSuchMailbox)?;
                Ok(plan::unclaimed(published.recent(), published.uid_next()).is_some())
            });
            if !is_new? {
                return Ok(None);
            }
            let claim = move |batch: &mut Batch<'_>| {
                let (range, record) = plan::claim_recent(&batch.draft, mailbox)?;
                commit(batch, record)?;
                Ok(range)
            };
            self.account.submit(0, claim).await
        })
    }

    fn first_recent(&self, mailbox: MailboxId) -> Reply<'_, Uid> {
        Box::pin(async move {
            self.account.look(|state| {
                let published = state.mailboxes.get(&mailbox).ok_or(Refused::NoSuchMailbox)?;
                Ok(published.recent().unwrap_or(Uid::MAX))
            })
        })
    }

    fn spool(&self) -> Reply<'_, Box<dyn Spool>> {
        let spool: Box<dyn Spool> = Box::new(LocalSpool::new(Arc::clone(&self.account)));
        Box::pin(async { Ok(spool) })
    }

    fn append(
        &self,
        mailbox: MailboxId,
        messages: Vec<NewMessage>,
        now: i64,
    ) -> Reply<'_, Appended> {
        Box::pin(self.append_all(mailbox, messages, now))
    }

    fn replace(
        &self,
        from: MailboxId,
        uid: Uid,
        to: MailboxId,
        message: NewMessage,
        now: i64,
    ) -> Reply<'_, Appended> {
        Box::pin(async move {
            let message = arriving(message)?;
            let octets = message.body.len();
            let old = (from, uid);
            self.account.submit(octets, move |batch| replace(batch, old, to, &message, now)).await
        })
    }

    fn store_flags_known<'a>(
        &'a self,
        mailbox: MailboxId,
        uids: &'a UidSet,
        change: &'a FlagChange,
        unchanged_since: Option<ModSeq>,
        known: ModSeq,
    ) -> Reply<'a, Stored> {
        let (uids, change) = (uids.clone(), change.clone());
        let terms = (unchanged_since, known);
        self.change(move |batch| {
            let plan = plan::store_flags(&batch.draft, mailbox, &uids, &change, terms)?;
            let StorePlan { record, modified, overtaken } = plan;
            let modseq = record.as_ref().map(|record| record.modseq);
            commit(batch, record.map(Record::Flags))?;
            let as_of = plan::snapshot(&batch.draft, mailbox)?.highest_modseq();
            Ok(Stored { modseq, modified, overtaken, as_of })
        })
    }

    fn copy<'a>(
        &'a self,
        from: MailboxId,
        uids: &'a UidSet,
        to: MailboxId,
        absent: Absent,
        now: i64,
    ) -> Reply<'a, Copied> {
        self.copy_or_move(from, uids, to, (absent, now, false))
    }

    fn move_messages<'a>(
        &'a self,
        from: MailboxId,
        uids: &'a UidSet,
        to: MailboxId,
        absent: Absent,
        now: i64,
    ) -> Reply<'a, Copied> {
        self.copy_or_move(from, uids, to, (absent, now, true))
    }

    fn expunge<'a>(&'a self, mailbox: MailboxId, uids: &'a UidSet) -> Reply<'a, UidSet> {
        let uids = uids.clone();
        self.change(move |batch| {
            let (gone, record) = plan::expunge(&batch.draft, mailbox, &uids)?;
            commit(batch, record)?;
            Ok(gone)
        })
    }

    fn beginnings<'a>(
        &'a self,
        emails: &'a [EmailId],
        octets: usize,
    ) -> Reply<'a, Vec<Option<Beginning>>> {
        Box::pin(self.account.read_beginnings(emails, octets))
    }

    fn content(&self, email: EmailId, range: Range<u64>) -> Reply<'_, Bytes> {
        Box::pin(self.account.read_content(email, range))
    }
}

/// Make mailboxes.
pub(crate) fn create(
    batch: &mut Batch<'_>,
    new: &[NewMailbox],
    now: i64,
) -> Result<Vec<MailboxInfo>, StoreError> {
    if new.is_empty() {
        return Ok(Vec::new());
    }
    let record = plan::create(&batch.draft, new, now)?;
    let infos = record.made.iter().map(crate::draft::info).collect();
    commit(batch, Some(Record::Names(record)))?;
    Ok(infos)
}
