//! An engine that lets others run before and after it does what it is asked, as one with a disk would.
//! Where it waits, a seed says: what clients do at the same time interleaves, and interleaves again.

use crate::rng::Rng;
use bytes::Bytes;
use rookery_mail::{EmailId, MailboxId, MailboxName, ModSeq, Uid, UidRange, UidSet};
use rookery_mailbox::{
    Absent, AccountStore, Appended, Beginning, Copied, FlagChange, MailboxInfo, MailboxList,
    NewMailbox, NewMessage, OpenMailbox, Reply, Spool, Status, Store, Stored,
};
use std::ops::Range;
use std::sync::{Arc, Mutex};
use tokio::task::yield_now;

/// How often it lets others run, at most.
const LONGEST: u32 = 3;

/// A slow engine in front of a fast one.
pub(crate) struct Hesitant<T: ?Sized> {
    inner: Arc<T>,
    rng: Arc<Mutex<Rng>>,
}

impl<T: ?Sized> Hesitant<T> {
    pub(crate) fn new(inner: Arc<T>, rng: Rng) -> Self {
        Self { inner, rng: Arc::new(Mutex::new(rng)) }
    }

    fn slowly<'a, R: Send + 'a>(&self, reply: Reply<'a, R>) -> Reply<'a, R> {
        let rng = Arc::clone(&self.rng);
        Box::pin(async move {
            hesitate(&rng).await;
            let answer = reply.await;
            hesitate(&rng).await;
            answer
        })
    }
}

async fn hesitate(rng: &Mutex<Rng>) {
    let turns = rng.lock().expect("nobody panics with it").below(LONGEST + 1);
    for _ in 0..turns {
        yield_now().await;
    }
}

impl Store for Hesitant<dyn Store> {
    fn account<'a>(&'a self, name: &'a str) -> Reply<'a, Arc<dyn AccountStore>> {
        Box::pin(async move {
            let inner = self.inner.account(name).await?;
            let slow = Hesitant { inner, rng: Arc::clone(&self.rng) };
            Ok(Arc::new(slow) as Arc<dyn AccountStore>)
        })
    }

    fn create_account<'a>(
        &'a self,
        name: &'a str,
        mailboxes: &'a [NewMailbox],
        now: i64,
    ) -> Reply<'a, ()> {
        self.inner.create_account(name, mailboxes, now)
    }

    fn delete_account<'a>(&'a self, name: &'a str) -> Reply<'a, ()> {
        self.inner.delete_account(name)
    }

    fn accounts(&self) -> Reply<'_, Vec<String>> {
        self.inner.accounts()
    }

    fn close(&self) -> Reply<'_, ()> {
        self.inner.close()
    }
}

/// The memory engine decides when it is asked, not when it is awaited; this waits before it asks.
macro_rules! slowly {
    ($self:ident, $inner:ident => $reply:expr) => {{
        let $inner = &$self.inner;
        $self.slowly(Box::pin(async move { $reply.await }))
    }};
}

impl AccountStore for Hesitant<dyn AccountStore> {
    fn name(&self) -> &str {
        self.inner.name()
    }

    fn mailboxes(&self) -> Reply<'_, Arc<MailboxList>> {
        slowly!(self, inner => inner.mailboxes())
    }

    fn create<'a>(&'a self, new: &'a [NewMailbox], now: i64) -> Reply<'a, Vec<MailboxInfo>> {
        slowly!(self, inner => inner.create(new, now))
    }

    fn create_with_messages_of<'a>(
        &'a self,
        from: MailboxId,
        new: &'a [NewMailbox],
        now: i64,
    ) -> Reply<'a, ()> {
        slowly!(self, inner => inner.create_with_messages_of(from, new, now))
    }

    fn delete(&self, mailbox: MailboxId) -> Reply<'_, ()> {
        slowly!(self, inner => inner.delete(mailbox))
    }

    fn rename<'a>(
        &'a self,
        renames: &'a [(MailboxId, MailboxName)],
        new: &'a [NewMailbox],
        now: i64,
    ) -> Reply<'a, ()> {
        slowly!(self, inner => inner.rename(renames, new, now))
    }

    fn subscribe<'a>(&'a self, name: &'a MailboxName, subscribed: bool) -> Reply<'a, ()> {
        slowly!(self, inner => inner.subscribe(name, subscribed))
    }

    fn set_append_limit(&self, mailbox: MailboxId, limit: Option<u64>) -> Reply<'_, ()> {
        slowly!(self, inner => inner.set_append_limit(mailbox, limit))
    }

    fn status(&self, mailbox: MailboxId) -> Reply<'_, Status> {
        slowly!(self, inner => inner.status(mailbox))
    }

    fn open(&self, mailbox: MailboxId) -> Reply<'_, Arc<OpenMailbox>> {
        slowly!(self, inner => inner.open(mailbox))
    }

    fn claim_recent(&self, mailbox: MailboxId) -> Reply<'_, Option<UidRange>> {
        slowly!(self, inner => inner.claim_recent(mailbox))
    }

    fn first_recent(&self, mailbox: MailboxId) -> Reply<'_, Uid> {
        slowly!(self, inner => inner.first_recent(mailbox))
    }

    fn spool(&self) -> Reply<'_, Box<dyn Spool>> {
        slowly!(self, inner => inner.spool())
    }

    fn append(
        &self,
        mailbox: MailboxId,
        messages: Vec<NewMessage>,
        now: i64,
    ) -> Reply<'_, Appended> {
        slowly!(self, inner => inner.append(mailbox, messages, now))
    }

    fn replace(
        &self,
        from: MailboxId,
        uid: Uid,
        to: MailboxId,
        message: NewMessage,
        now: i64,
    ) -> Reply<'_, Appended> {
        slowly!(self, inner => inner.replace(from, uid, to, message, now))
    }

    fn store_flags_known<'a>(
        &'a self,
        mailbox: MailboxId,
        uids: &'a UidSet,
        change: &'a FlagChange,
        unchanged_since: Option<ModSeq>,
        known: ModSeq,
    ) -> Reply<'a, Stored> {
        slowly!(self, inner => {
            inner.store_flags_known(mailbox, uids, change, unchanged_since, known)
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
        slowly!(self, inner => inner.copy(from, uids, to, absent, now))
    }

    fn move_messages<'a>(
        &'a self,
        from: MailboxId,
        uids: &'a UidSet,
        to: MailboxId,
        absent: Absent,
        now: i64,
    ) -> Reply<'a, Copied> {
        slowly!(self, inner => inner.move_messages(from, uids, to, absent, now))
    }

    fn expunge<'a>(&'a self, mailbox: MailboxId, uids: &'a UidSet) -> Reply<'a, UidSet> {
        slowly!(self, inner => inner.expunge(mailbox, uids))
    }

    fn beginnings<'a>(
        &'a self,
        emails: &'a [EmailId],
        octets: usize,
    ) -> Reply<'a, Vec<Option<Beginning>>> {
        slowly!(self, inner => inner.beginnings(emails, octets))
    }

    fn content(&self, email: EmailId, range: Range<u64>) -> Reply<'_, Bytes> {
        slowly!(self, inner => inner.content(email, range))
    }
}
