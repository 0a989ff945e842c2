//! Group commit: changes queue, and who writes takes all that wait, writes them at once, syncs once,
//! shows them in order, and answers.
//!
//! Whoever finds nobody writing has a thread write, which goes on as long as more waits, and answers from there: a change
//! is handed over twice, there and back. It does not matter to that thread whether anybody still waits for an answer.

use crate::account::Account;
use crate::batch::{Batch, Decided};
use crate::failure::{failed, io_error};
use crate::frame::ALIGNMENT;
use crate::index::{self, Position, Stamps};
use crate::left_out::{self, Messages};
use crate::limits::{
    COMPACTION_DEAD_PERCENT, INDEX_GROWTH, MAX_BATCH_CHANGES, MAX_BATCH_OCTETS, MAX_MODSEQ,
    SHORT_DIED_OCTETS, SHORT_METADATA_OCTETS,
};
use crate::log::{Log, WriteFailure};
use crate::resting::Part;
use crate::state::{Octets, State};
use crate::sync::{lock, read, write};
use rookery_mail::UidSet;
use rookery_mailbox::{Refused, StoreError};
use std::collections::{BTreeSet, VecDeque};
use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;
use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

const WRITING: &str = "writing to the log of an account";

/// Changes that wait, and whether somebody sees to them.
#[derive(Default)]
pub(crate) struct Queue {
    waiting: VecDeque<Box<dyn Waiting>>,
    has_writer: bool,
}

/// Where an account is written. Only the writing thread has it.
pub(crate) struct Writer {
    pub(crate) log: Log,
    /// In a copy: messages that were expunged for good while it was made. They go before anything else is written.
    pub(crate) left_out: Messages,
    pub(crate) stamps: Stamps,
    /// What has changed since the index snapshots were taken.
    pub(crate) dirty: BTreeSet<Part>,
    /// Octets of the log that are in no index snapshot, as of when the log was opened.
    pub(crate) replayed: u64,
    /// Octets of the log, as [`Log::written`] has them, that are in the index snapshots.
    pub(crate) indexed: u64,
    /// Octets of the log until which index snapshots that could not be written are not tried again for its length.
    pub(crate) index_later: u64,
    /// Octets that the last index snapshots had.
    pub(crate) index_octets: u64,
    /// What [`Writer::pointless`] was when space to give back was last looked for.
    pub(crate) looked: u64,
    /// Octets in the last segment, as it was when the log was opened, that bring no messages.
    pub(crate) metadata: u64,
}

/// A change that waits.
trait Waiting: Send {
    /// Octets that it brings along.
    fn octets(&self) -> u64;
    /// Decide it, given all before it. May be asked again, with other changes before it or none.
    fn decide(&mut self, batch: &mut Batch<'_>);
    /// Answer with what was decided, which is durable now.
    fn answer(self: Box<Self>);
    /// Answer that nothing was done.
    fn refuse(self: Box<Self>, error: StoreError);
}

struct Ticket<T, F> {
    decide: F,
    octets: u64,
    decided: Option<Result<T, StoreError>>,
    reply: oneshot::Sender<Result<T, StoreError>>,
    _admission: OwnedSemaphorePermit,
}

impl<T, F> Waiting for Ticket<T, F>
where
    T: Send,
    F: FnMut(&mut Batch<'_>) -> Result<T, StoreError> + Send,
{
    fn octets(&self) -> u64 {
        self.octets
    }

    fn decide(&mut self, batch: &mut Batch<'_>) {
        self.decided = Some((self.decide)(batch));
    }

    fn answer(self: Box<Self>) {
        let Self { decide, decided, reply, .. } = *self;
        // It holds what was spooled, whose files are to be gone when the answer comes.
        drop(decide);
        // Who asked may have gone; what was asked for is done all the same.
        let _ = reply.send(decided.unwrap_or_else(|| Err(failed(WRITING))));
    }

    fn refuse(self: Box<Self>, error: StoreError) {
        let _ = self.reply.send(Err(error));
    }
}

/// Messages that go from a copy. Nobody waits for it.
struct Leaving(Messages);

impl Waiting for Leaving {
    fn octets(&self) -> u64 {
        0
    }

    fn decide(&mut self, batch: &mut Batch<'_>) {
        for (mailbox, uids) in &self.0 {
            let record = left_out::expunge(&batch.draft, *mailbox, uids);
            // What cannot happen breaks the whole batch.
            let _ = batch.transact(vec![record.into()]);
        }
    }

    fn answer(self: Box<Self>) {}

    fn refuse(self: Box<Self>, _: StoreError) {}
}

impl Account {
    /// Make a change: `decide` is called when it is its turn, and more than once if a batch fails.
    pub(crate) async fn submit<T, F>(
        self: &Arc<Self>,
        octets: u64,
        decide: F,
    ) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnMut(&mut Batch<'_>) -> Result<T, StoreError> + Send + 'static,
    {
        let admission = Arc::clone(&self.admission).acquire_owned().await;
        let admission = admission.map_err(|_| StoreError::ReadOnly)?;
        let (reply, answer) = oneshot::channel();
        let ticket = Ticket { decide, octets, decided: None, reply, _admission: admission };
        if let Some(duty) = self.enqueue(Box::new(ticket)) {
            let start = Start(Some(duty));
            // Let others run first: whoever is about to ask gets into the same batch.
            tokio::task::yield_now().await;
            drop(start);
        }
        answer.await.unwrap_or(Err(StoreError::ReadOnly))
    }

    /// The duty to write, if nobody has it.
    fn enqueue(self: &Arc<Self>, ticket: Box<dyn Waiting>) -> Option<Duty> {
        let mut queue = lock(&self.queue);
        queue.waiting.push_back(ticket);
        let is_taken = std::mem::replace(&mut queue.has_writer, true);
        drop(queue);
        (!is_taken).then(|| Duty(Some(Arc::clone(self))))
    }

    /// The next changes to be written together.
    fn take_batch(&self) -> Vec<Box<dyn Waiting>> {
        let mut queue = lock(&self.queue);
        let (mut taken, mut octets) = (Vec::new(), 0);
        while taken.len() < MAX_BATCH_CHANGES && octets < MAX_BATCH_OCTETS {
            let Some(ticket) = queue.waiting.pop_front() else { break };
            octets += ticket.octets();
            taken.push(ticket);
        }
        taken
    }

    /// Whether more waits. If not, the writing is over.
    fn has_more(&self) -> bool {
        let mut queue = lock(&self.queue);
        queue.has_writer = !queue.waiting.is_empty();
        queue.has_writer
    }

    /// Write one batch; returns whether there is another one.
    fn write_batch(self: &Arc<Self>) -> bool {
        let mut writer = lock(&self.writer);
        let batch = self.take_batch();
        self.settle(&mut writer, batch);
        if writer.is_index_due(self) {
            self.save_index(&mut writer);
        }
        self.compact_if_due(&mut writer);
        self.has_more()
    }

    fn compact_if_due(self: &Arc<Self>, writer: &mut Writer) {
        if !self.is_writable() {
            return;
        }
        let pointless = writer.pointless(&read(&self.state));
        let octets = pointless.saturating_sub(writer.looked);
        let is_short = octets >= SHORT_DIED_OCTETS && self.is_short_of_space();
        if octets < self.options().died_octets && !is_short {
            return;
        }
        writer.looked = pointless;
        if is_short {
            self.end_segment(writer);
        }
        self.start_compaction();
    }

    /// Go on in a new segment if much of the last one is dead, or may be pointless, so that it can be written anew as well.
    fn end_segment(self: &Arc<Self>, writer: &mut Writer) {
        let Log { segment, end, .. } = writer.log;
        let Octets { dead, metadata } = read(&self.state).emails.octets(segment, end);
        let is_much = |octets: u64| octets * 100 >= end.saturating_mul(COMPACTION_DEAD_PERCENT);
        let is_dead = dead >= SHORT_DIED_OCTETS && is_much(dead);
        let may_be_pointless = metadata >= SHORT_METADATA_OCTETS && is_much(metadata);
        if is_dead || may_be_pointless {
            match writer.log.rotate_at(0) {
                Ok(()) => self.open_segments().go_on(&writer.log),
                Err(failure) => {
                    let error = self.write_failed(failure);
                    tracing::warn!(account = %self.name(), %error, "no new segment was begun");
                }
            }
        }
    }

    /// Let all changes of a batch happen, and answer. If they cannot be written together, each is
    /// tried alone, so that one too large for the disk does not take the others along.
    fn settle(self: &Arc<Self>, writer: &mut Writer, mut batch: Vec<Box<dyn Waiting>>) {
        match self.attempt(writer, &mut batch) {
            Ok(()) => batch.into_iter().for_each(Waiting::answer),
            Err(_) if batch.len() > 1 => {
                batch.into_iter().for_each(|ticket| self.settle(writer, vec![ticket]));
            }
            Err(error) => batch.into_iter().for_each(|ticket| {
                ticket.refuse(error_again(&error));
            }),
        }
    }

    fn attempt(
        self: &Arc<Self>,
        writer: &mut Writer,
        batch: &mut [Box<dyn Waiting>],
    ) -> Result<(), StoreError> {
        self.regain(writer)?;
        self.check_writable()?;
        if read(&self.state).counters.modseq.get() > MAX_MODSEQ {
            return Err(Refused::OutOfNumbers.into());
        }
        self.expunge_left_out(writer)?;
        let octets = batch.iter().map(|ticket| ticket.octets()).sum();
        if octets > 0 {
            self.check_room(octets).map_err(|error| io_error(WRITING, error))?;
        }
        let rotated = writer.log.rotate_at(self.options().segment_octets);
        rotated.map_err(|failure| self.write_failed(failure))?;
        self.open_segments().go_on(&writer.log);
        let Decided { delta, frames, must_sync, broken, .. } = self.decide(writer, batch)?;
        if broken {
            let what = "a change of our own contradicts the account".to_owned();
            tracing::error!(account = %self.name(), "{what}");
            return Err(StoreError::Damaged(what));
        }
        let before = writer.log.mark();
        let written = writer.log.write(&frames);
        let kept = written.and_then(|()| match must_sync {
            true => writer.log.sync(before),
            false => writer.log.keep(&frames, before),
        });
        kept.map_err(|failure| self.write_failed(failure))?;
        self.log_trouble.is_over(self.name(), WRITING);
        writer.dirty.extend(delta.parts(&read(&self.state)));
        write(&self.state).publish(delta);
        Ok(())
    }

    /// Let those messages go, durably, of which a copy has no content. If that is not possible now, it is tried again
    /// before the next change.
    pub(crate) fn expunge_left_out(
        self: &Arc<Self>,
        writer: &mut Writer,
    ) -> Result<(), StoreError> {
        let left_out = std::mem::take(&mut writer.left_out);
        if left_out.is_empty() {
            return Ok(());
        }
        let messages: u64 = left_out.values().map(UidSet::len).sum();
        match self.attempt(writer, &mut [Box::new(Leaving(left_out.clone()))]) {
            Ok(()) => {
                tracing::info!(account = %self.name(), messages, "messages that were expunged while this copy was made have gone");
                Ok(())
            }
            Err(error) => {
                tracing::warn!(account = %self.name(), messages, %error, "messages that were expunged while this copy was made cannot be read, and have yet to go");
                writer.left_out = left_out;
                Err(error)
            }
        }
    }

    /// Decide a batch, as often as it takes until all that it needs is in memory. Nobody else is kept waiting while
    /// that is read.
    fn decide(
        &self,
        writer: &Writer,
        batch: &mut [Box<dyn Waiting>],
    ) -> Result<Decided, StoreError> {
        loop {
            let decided = {
                let state = read(&self.state);
                let mut decisions = Batch::new(&state, &writer.log, self.bounds());
                batch.iter_mut().for_each(|ticket| ticket.decide(&mut decisions));
                decisions.finish()
            };
            if decided.missing.is_empty() {
                return Ok(decided);
            }
            decided.missing.iter().try_for_each(|part| self.wake(*part))?;
            // What can only be put together makes an account read-only.
            self.check_writable()?;
        }
    }

    /// An error of the system; one after which the log's content is not known ends all writing.
    fn write_failed(self: &Arc<Self>, failure: WriteFailure) -> StoreError {
        match failure {
            WriteFailure::RolledBack(error) => self.log_trouble.of(self.name(), WRITING, error),
            WriteFailure::Unknown(error) => {
                if self.lose() {
                    tracing::error!(account = %self.name(), %error, "writing to the log of an account failed: it can be read, and is changed again when its log can be written to");
                }
                StoreError::ReadOnly
            }
        }
    }

    /// If nobody knows what the log's file holds since writing to it failed, see whether it can be written to again.
    fn regain(self: &Arc<Self>, writer: &mut Writer) -> Result<(), StoreError> {
        let Some(tried) = *lock(&self.lost) else { return Ok(()) };
        if self.gone.load(Ordering::SeqCst) {
            return Err(Refused::NoSuchAccount.into());
        }
        if self.read_only.load(Ordering::SeqCst) || tried.elapsed() < self.options().retry_after {
            return Err(StoreError::ReadOnly);
        }
        match writer.log.regain() {
            Ok(()) => {
                self.regained(&writer.log);
                tracing::info!(account = %self.name(), "the log of an account can be written to again");
                return Ok(());
            }
            Err(StoreError::Damaged(what)) => {
                self.fail();
                tracing::error!(account = %self.name(), %what, "the log of an account is not what it was before writing to it failed: the account is read-only until the server is started again");
            }
            Err(error) => {
                tracing::debug!(account = %self.name(), %error, "the log of an account can still not be written to");
            }
        }
        *lock(&self.lost) = Some(Instant::now());
        Err(StoreError::ReadOnly)
    }

    pub(crate) fn check_writable(&self) -> Result<(), StoreError> {
        if self.gone.load(Ordering::SeqCst) {
            return Err(Refused::NoSuchAccount.into());
        }
        if self.read_only.load(Ordering::SeqCst) || lock(&self.lost).is_some() {
            return Err(StoreError::ReadOnly);
        }
        Ok(())
    }

    /// Write index snapshots. A failure costs the next opening time, and nothing else.
    pub(crate) fn save_index(self: &Arc<Self>, writer: &mut Writer) {
        // Index snapshots of a copy say that all of it is as it should be.
        if self.check_writable().is_err() || self.expunge_left_out(writer).is_err() {
            return;
        }
        if let Err(failure) = writer.log.sync(writer.log.mark()) {
            self.write_failed(failure);
            return;
        }
        let log = &writer.log;
        let position = Position { segment: log.segment, offset: log.end, sequence: log.sequence };
        let state = read(&self.state);
        let indexes = (&mut writer.stamps, &writer.dirty);
        let saved = self.check_room(writer.index_octets).and_then(|()| {
            index::save(&*self.vfs(), self.dir(), (log.id, position), &state, indexes)
        });
        match saved {
            Ok(octets) => {
                writer.index_octets = octets;
                writer.dirty.clear();
                writer.replayed = 0;
                writer.indexed = log.written;
            }
            Err(error) => {
                tracing::warn!(account = %self.name(), %error, "no index snapshots were written");
                writer.index_later = log.written + writer.index_growth(self);
            }
        }
    }
}

impl Writer {
    /// Octets of content that had died by now or when the account was opened, and of other changes than new messages since about
    /// then: what may be given back is not more.
    fn pointless(&self, state: &State) -> u64 {
        state.emails.died * ALIGNMENT + self.metadata + self.log.metadata
    }

    /// Octets of the log that recovery would read now.
    pub(crate) fn behind(&self) -> u64 {
        self.replayed + (self.log.written - self.indexed)
    }

    /// Octets by which the log grows before index snapshots are written.
    fn index_growth(&self, account: &Account) -> u64 {
        account.options().index_octets.max(self.index_octets * INDEX_GROWTH)
    }

    fn is_index_due(&self, account: &Account) -> bool {
        self.behind() >= self.index_growth(account) && self.log.written >= self.index_later
    }
}

/// The duty to write what waits. If it is dropped before it is done, nobody waits for ever.
struct Duty(Option<Arc<Account>>);

impl Duty {
    /// Write batches until there are none, each when it is the account's turn among others.
    fn begin(self) {
        // Without a runtime, which is gone then, there are no threads.
        let (Some(account), Ok(runtime)) = (&self.0, Handle::try_current()) else { return };
        let commits = account.commits();
        match Arc::clone(&commits).try_acquire_owned() {
            Ok(permit) => self.on_a_thread(permit),
            Err(_) => drop(runtime.spawn(self.in_turn(commits))),
        }
    }

    async fn in_turn(self, commits: Arc<Semaphore>) {
        if let Ok(permit) = commits.acquire_owned().await {
            self.on_a_thread(permit);
        }
    }

    fn on_a_thread(self, permit: OwnedSemaphorePermit) {
        drop(tokio::task::spawn_blocking(move || self.write(permit)));
    }

    fn write(mut self, mut permit: OwnedSemaphorePermit) {
        loop {
            let Some(account) = &self.0 else { return };
            if !account.write_batch() {
                self.0 = None;
                return;
            }
            drop(permit);
            match account.commits().try_acquire_owned() {
                Ok(again) => permit = again,
                // Others have waited for longer.
                Err(_) => return self.begin(),
            }
        }
    }
}

impl Drop for Duty {
    fn drop(&mut self) {
        let Some(account) = self.0.take() else { return };
        // The thread died: nothing is known of what it did.
        account.fail();
        tracing::error!(account = %account.name(), "the writer died: the account is read-only until the server is started again");
        let mut queue = lock(&account.queue);
        queue.has_writer = false;
        queue.waiting.clear();
    }
}

/// Begins with a duty, also where whoever was about to has gone.
struct Start(Option<Duty>);

impl Drop for Start {
    fn drop(&mut self) {
        self.0.take().into_iter().for_each(Duty::begin);
    }
}

/// The same error once more, for another one who waits for it.
fn error_again(error: &StoreError) -> StoreError {
    match error {
        StoreError::Refused(refused) => StoreError::Refused(*refused),
        StoreError::ReadOnly => StoreError::ReadOnly,
        StoreError::Io { context, source } => {
            let words = || io::Error::new(source.kind(), source.to_string());
            let again = source.raw_os_error().map(io::Error::from_raw_os_error);
            StoreError::Io { context, source: again.unwrap_or_else(words) }
        }
        StoreError::Damaged(what) => StoreError::Damaged(what.clone()),
    }
}
