//! An account behind a lock.

use super::state::{Email, NewEmail, State};
use super::{Bounds, lock, ready};
use crate::{
    Absent, AccountStore, Appended, Beginning, Copied, FlagChange, MailboxInfo, MailboxList,
    NewMailbox, NewMessage, OpenMailbox, Refused, Reply, Spool, Status, StoreError, Stored,
};
use bytes::Bytes;
use rookery_mail::{EmailId, MailboxId, MailboxName, ModSeq, Uid, UidRange, UidSet};
use std::any::Any;
use std::ops::Range;
use std::sync::{Arc, Mutex};

/// An account. Each reply is ready at once, and what was asked for happens whether or not it is awaited.
pub(super) struct MemoryAccount {
    name: String,
    state: Mutex<State>,
    bounds: Bounds,
}

impl MemoryAccount {
    pub(super) fn new(name: &str, bounds: Bounds) -> Self {
        Self { name: name.to_owned(), state: Mutex::default(), bounds }
    }

    /// Make a change, all of it or nothing, and publish what it changed.
    pub(super) fn change<T>(
        &self,
        make: impl FnOnce(&mut State) -> Result<T, Refused>,
    ) -> Result<T, StoreError> {
        let mut state = lock(&self.state);
        if state.is_closed {
            return Err(Refused::NoSuchAccount.into());
        }
        let mut next = state.clone();
        let made = make(&mut next)?;
        if next.messages() > state.messages().max(self.bounds.messages) {
            return Err(Refused::TooManyMessages.into());
        }
        next.drop_unreferenced();
        next.forget_tombstones(&state, self.bounds.tombstones);
        publish(&state, &next);
        *state = next;
        Ok(made)
    }

    fn read<T>(&self, look: impl FnOnce(&State) -> Result<T, Refused>) -> Result<T, StoreError> {
        let state = lock(&self.state);
        if state.is_closed {
            return Err(Refused::NoSuchAccount.into());
        }
        Ok(look(&state)?)
    }

    fn append_now(
        &self,
        mailbox: MailboxId,
        messages: Vec<NewMessage>,
        now: i64,
    ) -> Result<Appended, StoreError> {
        let messages = messages.into_iter().map(at_hand).collect::<Result<_, _>>()?;
        self.change(|state| state.append(mailbox, messages, now))
    }
}

/// Tell those who have a mailbox open of what has become of it.
fn publish(before: &State, after: &State) {
    for (id, old) in &before.mailboxes {
        if !after.mailboxes.contains_key(id) {
            let last = old.snapshot().edit(after.last_modseq).delete();
            old.open.publish(Arc::new(last));
        }
    }
    let changed = after.mailboxes.values().filter(|new| new.highest_modseq > before.last_modseq);
    changed.for_each(|new| new.open.publish(Arc::new(new.snapshot())));
}

fn at_hand(message: NewMessage) -> Result<NewEmail, StoreError> {
    let spool = message.content.into_any().downcast::<MemorySpool>();
    let spool = spool.map_err(|_| StoreError::Damaged("a spool of another engine".to_owned()))?;
    let email = Email { content: spool.octets.into(), summary: message.summary.into() };
    let NewMessage { thread_keys, flags, internal_date, .. } = message;
    Ok(NewEmail { email, thread_keys, flags, internal_date })
}

impl AccountStore for MemoryAccount {
    fn name(&self) -> &str {
        &self.name
    }

    fn mailboxes(&self) -> Reply<'_, Arc<MailboxList>> {
        ready(self.read(|state| Ok(Arc::new(state.list.clone()))))
    }

    fn create<'a>(&'a self, new: &'a [NewMailbox], now: i64) -> Reply<'a, Vec<MailboxInfo>> {
        ready(self.change(|state| state.create(new, now)))
    }

    fn create_with_messages_of<'a>(
        &'a self,
        from: MailboxId,
        new: &'a [NewMailbox],
        now: i64,
    ) -> Reply<'a, ()> {
        ready(self.change(|state| state.create_with_messages_of(from, new, now)))
    }

    fn delete(&self, mailbox: MailboxId) -> Reply<'_, ()> {
        ready(self.change(|state| state.delete(mailbox)))
    }

    fn rename<'a>(
        &'a self,
        renames: &'a [(MailboxId, MailboxName)],
        new: &'a [NewMailbox],
        now: i64,
    ) -> Reply<'a, ()> {
        ready(self.change(|state| state.rename(renames, new, now)))
    }

    fn subscribe<'a>(&'a self, name: &'a MailboxName, subscribed: bool) -> Reply<'a, ()> {
        ready(self.change(|state| state.subscribe(name, subscribed)))
    }

    fn set_append_limit(&self, mailbox: MailboxId, limit: Option<u64>) -> Reply<'_, ()> {
        ready(self.change(|state| state.set_append_limit(mailbox, limit)))
    }

    fn status(&self, mailbox: MailboxId) -> Reply<'_, Status> {
        ready(self.read(|state| Ok(state.mailbox(mailbox)?.status())))
    }

    fn open(&self, mailbox: MailboxId) -> Reply<'_, Arc<OpenMailbox>> {
        ready(self.read(|state| Ok(Arc::clone(&state.mailbox(mailbox)?.open))))
    }

    fn claim_recent(&self, mailbox: MailboxId) -> Reply<'_, Option<UidRange>> {
        ready(self.change(|state| Ok(state.mailbox_mut(mailbox)?.claim_recent())))
    }

    fn first_recent(&self, mailbox: MailboxId) -> Reply<'_, Uid> {
        ready(self.read(|state| Ok(state.mailbox(mailbox)?.first_recent())))
    }

    fn spool(&self) -> Reply<'_, Box<dyn Spool>> {
        ready(Ok(Box::new(MemorySpool::default())))
    }

    fn append(
        &self,
        mailbox: MailboxId,
        messages: Vec<NewMessage>,
        now: i64,
    ) -> Reply<'_, Appended> {
        ready(self.append_now(mailbox, messages, now))
    }

    fn replace(
        &self,
        from: MailboxId,
        uid: Uid,
        to: MailboxId,
        message: NewMessage,
        now: i64,
    ) -> Reply<'_, Appended> {
        let replaced = at_hand(message)
            .and_then(|new| self.change(|state| state.replace((from, uid), to, new, now)));
        ready(replaced)
    }

    fn store_flags_known<'a>(
        &'a self,
        mailbox: MailboxId,
        uids: &'a UidSet,
        change: &'a FlagChange,
        unchanged_since: Option<ModSeq>,
        known: ModSeq,
    ) -> Reply<'a, Stored> {
        let terms = (unchanged_since, known);
        ready(self.change(|state| state.store_flags(mailbox, uids, change, terms)))
    }

    fn copy<'a>(
        &'a self,
        from: MailboxId,
        uids: &'a UidSet,
        to: MailboxId,
        absent: Absent,
        now: i64,
    ) -> Reply<'a, Copied> {
        ready(self.change(|state| state.copy(from, uids, to, (absent, now))))
    }

    fn move_messages<'a>(
        &'a self,
        from: MailboxId,
        uids: &'a UidSet,
        to: MailboxId,
        absent: Absent,
        now: i64,
    ) -> Reply<'a, Copied> {
        ready(self.change(|state| state.move_messages(from, uids, to, (absent, now))))
    }

    fn expunge<'a>(&'a self, mailbox: MailboxId, uids: &'a UidSet) -> Reply<'a, UidSet> {
        ready(self.change(|state| state.expunge(mailbox, uids)))
    }

    fn beginnings<'a>(
        &'a self,
        emails: &'a [EmailId],
        octets: usize,
    ) -> Reply<'a, Vec<Option<Beginning>>> {
        ready(self.read(|state| {
            let beginning = |id| {
                let email = state.emails.get(id)?;
                let content = email.content.slice(..octets.min(email.content.len()));
                Some(Beginning { summary: email.summary.clone(), content })
            };
            Ok(emails.iter().map(beginning).collect())
        }))
    }

    fn content(&self, email: EmailId, range: Range<u64>) -> Reply<'_, Bytes> {
        ready(self.read(|state| {
            let content = &state.emails.get(&email).ok_or(Refused::NoSuchMessage)?.content;
            let within = |at| usize::try_from(at).unwrap_or(usize::MAX).min(content.len());
            let end = within(range.end);
            Ok(content.slice(within(range.start).min(end)..end))
        }))
    }
}

#[derive(Default)]
struct MemorySpool {
    octets: Vec<u8>,
}

impl Spool for MemorySpool {
    fn write<'a>(&'a mut self, octets: &'a [u8]) -> Reply<'a, ()> {
        self.octets.extend_from_slice(octets);
        ready(Ok(()))
    }

    fn len(&self) -> u64 {
        self.octets.len() as u64
    }

    fn into_any(self: Box<Self>) -> Box<dyn Any + Send> {
        self
    }
}
