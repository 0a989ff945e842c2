//! A draft: an account as it will be when the changes that are being written are durable.
//!
//! The same code applies a change when it is made and when the log is read again.

use crate::fields::BadRecord;
use crate::record::{
    AppendRecord, CopyRecord, FlagsRecord, Made, NamesRecord, NewKeywords, Record,
};
use crate::resting::Part;
use crate::state::{Counters, Location, Mailbox, State};
use crate::threads::NewThreads;
use rookery_mail::{EmailId, Keyword, MailboxId, MailboxName, ModSeq, ThreadId, Uid, UidSet};
use rookery_mailbox::{
    FlagOperation, FlagSet, MailboxInfo, MailboxList, Row, Snapshot, SnapshotEdit, SnapshotParts,
    ThreadKey, remembered_expunges,
};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What happens to the content of a message.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum EmailEvent {
    /// The next content was written.
    Added(Location),
    /// One more message in a mailbox has the content.
    Shared(EmailId),
    /// One less has.
    Released(EmailId),
}

/// A state and what is to change in it.
pub(crate) struct Draft<'a> {
    base: &'a State,
    delta: Delta,
    /// Expunges that a mailbox remembers.
    max_tombstones: usize,
    /// Messages that the account can have. What has happened already is not measured by it.
    max_messages: u64,
    /// What was looked for and is not in memory.
    missing: RefCell<BTreeSet<Part>>,
}

/// What changes in a state. A mailbox that is deleted is there with its last snapshot.
pub(crate) struct Delta {
    pub(crate) list: Arc<MailboxList>,
    pub(crate) mailboxes: BTreeMap<MailboxId, Mailbox>,
    pub(crate) counters: Counters,
    /// How many messages more the account has, in all its mailboxes.
    pub(crate) growth: i64,
    pub(crate) emails: Vec<EmailEvent>,
    /// Keys that are new.
    pub(crate) threads: NewThreads,
}

impl Delta {
    /// What is another than before. Which messages are recent is not said with the messages.
    pub(crate) fn parts(&self, before: &State) -> impl Iterator<Item = Part> {
        let contents = (!self.emails.is_empty()).then_some(Part::Contents);
        let threads = (!self.threads.is_empty()).then_some(Part::Threads);
        let is_same = |id: &MailboxId, new: &Mailbox| {
            let old = before.mailboxes.get(id).and_then(|published| published.snapshot());
            old.is_some_and(|old| Arc::ptr_eq(old, &new.snapshot))
        };
        let mailboxes = self.mailboxes.iter().filter(move |(id, new)| !is_same(id, new));
        mailboxes.map(|(id, _)| Part::Mailbox(*id)).chain(contents).chain(threads)
    }
}

/// What must be in memory so that a change can happen.
pub(crate) fn touched(record: &Record) -> Vec<Part> {
    match record {
        Record::Append(append) => {
            let threads = (!append.thread_keys.is_empty()).then_some(Part::Threads);
            let mailbox = Part::Mailbox(append.mailbox);
            [mailbox, Part::Contents].into_iter().chain(threads).collect()
        }
        Record::Flags(flags) => vec![Part::Mailbox(flags.mailbox)],
        Record::Copy(copy) => {
            vec![Part::Mailbox(copy.from), Part::Mailbox(copy.to), Part::Contents]
        }
        Record::Expunge { mailbox, .. } | Record::Delete { mailbox, .. } => {
            vec![Part::Mailbox(*mailbox), Part::Contents]
        }
        Record::Recent { mailbox, .. } => vec![Part::Mailbox(*mailbox)],
        Record::Names(_) | Record::Base { .. } => Vec::new(),
    }
}

impl<'a> Draft<'a> {
    /// A draft in which nothing has changed yet.
    pub(crate) fn new(base: &'a State, max_tombstones: usize) -> Self {
        let delta = Delta {
            list: Arc::clone(&base.list),
            mailboxes: BTreeMap::new(),
            counters: base.counters,
            growth: 0,
            emails: Vec::new(),
            threads: NewThreads::new(),
        };
        let (max_messages, missing) = (u64::MAX, RefCell::default());
        Self { base, delta, max_tombstones, max_messages, missing }
    }

    /// The same for changes that are yet to be decided, in an account that can have so many messages.
    pub(crate) fn holding(self, max_messages: u64) -> Self {
        Self { max_messages, ..self }
    }

    /// Whether there is room for so many messages more.
    pub(crate) fn has_room_for(&self, more: usize) -> bool {
        let messages = self.base.messages.saturating_add_signed(self.delta.growth);
        messages.saturating_add(more as u64) <= self.max_messages
    }

    /// What would have to be in memory: without it nothing that was decided or has happened counts.
    pub(crate) fn missing(&self) -> BTreeSet<Part> {
        let changed = self.delta.parts(self.base).filter(|part| self.base.is_at_rest(*part));
        self.missing.borrow().iter().copied().chain(changed).collect()
    }

    /// What has changed.
    pub(crate) fn finish(self) -> Delta {
        self.delta
    }

    /// The mailboxes and subscriptions.
    pub(crate) fn list(&self) -> &MailboxList {
        &self.delta.list
    }

    /// The numbers that were given away.
    pub(crate) fn counters(&self) -> Counters {
        self.delta.counters
    }

    /// The thread to which a key leads.
    pub(crate) fn thread(&self, key: ThreadKey) -> Option<ThreadId> {
        let known = match self.base.threads.get() {
            Some(threads) => threads.get(key),
            None => {
                self.missing.borrow_mut().insert(Part::Threads);
                None
            }
        };
        known.or_else(|| self.delta.threads.get(&key).copied())
    }

    /// A mailbox that is not deleted.
    pub(crate) fn mailbox(&self, id: MailboxId) -> Option<&Mailbox> {
        let base = || {
            let mailbox = self.base.mailboxes.get(&id)?.mailbox();
            if mailbox.is_none() {
                self.missing.borrow_mut().insert(Part::Mailbox(id));
            }
            mailbox
        };
        let mailbox = self.delta.mailboxes.get(&id).or_else(base)?;
        (!mailbox.snapshot.is_deleted()).then_some(mailbox)
    }

    /// Let a change happen. `location` is where its frame lies.
    pub(crate) fn apply(&mut self, record: &Record, location: Location) -> Result<(), BadRecord> {
        match record {
            Record::Append(append) => self.append(append, location),
            Record::Flags(flags) => self.flags(flags),
            Record::Expunge { mailbox, modseq, uids } => self.expunge(*mailbox, *modseq, uids),
            Record::Copy(copy) => self.copy(copy),
            Record::Names(names) => self.names(names),
            Record::Delete { mailbox, modseq } => self.delete(*mailbox, *modseq),
            Record::Recent { mailbox, next } => self.recent(*mailbox, *next),
            Record::Base { .. } => Err(BadRecord("a change, not what a log begins with")),
        }
    }

    fn append(&mut self, append: &AppendRecord, location: Location) -> Result<(), BadRecord> {
        if append.email.0 != self.delta.counters.email + 1 {
            return Err(BadRecord("the next content id"));
        }
        if append.thread.0 > append.email.0 {
            return Err(BadRecord("a thread of this message or an earlier one"));
        }
        self.advance(append.modseq)?;
        self.check_uids(append.mailbox, append.uid, 1)?;
        let row = Row {
            uid: append.uid,
            modseq: append.modseq,
            created: append.modseq,
            flags: append.flags,
            email: append.email,
            thread: append.thread,
            size: append.size,
            internal_date: append.internal_date,
            save_date: append.save_date,
        };
        self.change(append.mailbox, append.modseq, &append.new_keywords, |edit| {
            edit.append(row);
        })?;
        self.delta.counters.email = append.email.0;
        self.delta.emails.push(EmailEvent::Added(location));
        self.delta.threads.extend(append.thread_keys.iter().map(|key| (*key, append.thread)));
        Ok(())
    }

    fn flags(&mut self, record: &FlagsRecord) -> Result<(), BadRecord> {
        self.advance(record.modseq)?;
        self.change(record.mailbox, record.modseq, &record.new_keywords, |edit| {
            let changed = |flags| changed_flags(flags, record.operation, record.flags);
            edit.set_flags(&record.uids, changed);
        })
    }

    fn expunge(&mut self, id: MailboxId, modseq: ModSeq, uids: &UidSet) -> Result<(), BadRecord> {
        self.advance(modseq)?;
        self.remove(id, modseq, uids)
    }

    /// Messages go from a mailbox.
    fn remove(&mut self, id: MailboxId, modseq: ModSeq, uids: &UidSet) -> Result<(), BadRecord> {
        self.release(id, uids);
        let mailboxes = self.delta.list.mailboxes.len();
        let max_tombstones = remembered_expunges(self.max_tombstones, mailboxes);
        self.change(id, modseq, &NewKeywords::default(), |edit| {
            edit.remove(uids);
            edit.forget_tombstones(max_tombstones);
        })
    }

    fn copy(&mut self, copy: &CopyRecord) -> Result<(), BadRecord> {
        self.advance(copy.modseq)?;
        let source = Arc::clone(&self.mailbox(copy.from).ok_or(NO_MAILBOX)?.snapshot);
        let rows = || source.rows_in(&copy.uids);
        let count = rows().count();
        self.check_uids(copy.to, copy.first_uid, count)?;
        self.delta.emails.reserve(count);
        self.delta.emails.extend(rows().map(|row| EmailEvent::Shared(row.email)));
        let target = &self.mailbox(copy.to).ok_or(NO_MAILBOX)?.snapshot;
        let bits = translation(&source, target, &copy.new_keywords);
        self.change(copy.to, copy.modseq, &copy.new_keywords, |edit| {
            let uids = (copy.first_uid.get()..).filter_map(Uid::new);
            for (row, uid) in rows().zip(uids) {
                edit.append(copied_row(row, uid, copy, &bits));
            }
        })?;
        drop(source);
        if copy.moved {
            self.remove(copy.from, copy.modseq, &copy.uids)?;
        }
        Ok(())
    }

    fn names(&mut self, names: &NamesRecord) -> Result<(), BadRecord> {
        self.advance(names.modseq)?;
        let mut list = MailboxList::clone(&self.delta.list);
        rename(&mut list, &names.renamed)?;
        for made in &names.made {
            insert(&mut list, info(made))?;
            self.delta.counters.mailbox = self.delta.counters.mailbox.max(made.id.0);
            let validity = made.uid_validity.get();
            self.delta.counters.uid_validity = self.delta.counters.uid_validity.max(validity);
            self.delta.mailboxes.insert(made.id, new_mailbox(made, names.modseq));
        }
        for subscription in &names.subscriptions {
            if subscription.subscribed {
                list.subscriptions.insert(subscription.name.clone());
            } else {
                list.subscriptions.remove(&subscription.name);
            }
        }
        for (id, limit) in &names.append_limits {
            let info = list.mailboxes.values_mut().find(|info| info.id == *id);
            info.ok_or(NO_MAILBOX)?.append_limit = *limit;
        }
        self.delta.list = Arc::new(list);
        Ok(())
    }

    fn delete(&mut self, id: MailboxId, modseq: ModSeq) -> Result<(), BadRecord> {
        self.advance(modseq)?;
        self.release(id, &UidSet::all());
        let mailbox = self.mailbox(id).ok_or(NO_MAILBOX)?;
        let gone = i64::from(mailbox.snapshot.counts().messages);
        let last = Arc::new(mailbox.snapshot.edit(modseq).delete());
        let last = Mailbox { snapshot: last, recent: mailbox.recent };
        self.delta.mailboxes.insert(id, last);
        self.delta.growth -= gone;
        Arc::make_mut(&mut self.delta.list).mailboxes.retain(|_, info| info.id != id);
        Ok(())
    }

    fn recent(&mut self, id: MailboxId, next: Option<Uid>) -> Result<(), BadRecord> {
        let mailbox = self.mailbox(id).ok_or(NO_MAILBOX)?;
        let told = Mailbox { recent: next, ..mailbox.clone() };
        self.delta.mailboxes.insert(id, told);
        Ok(())
    }

    /// Several frames of one transaction have the same modification sequence.
    fn advance(&mut self, modseq: ModSeq) -> Result<(), BadRecord> {
        if modseq < self.delta.counters.modseq {
            return Err(BadRecord("a modification sequence that grows"));
        }
        self.delta.counters.modseq = modseq;
        Ok(())
    }

    /// The content of these messages has one message less that has it.
    fn release(&mut self, id: MailboxId, uids: &UidSet) {
        let Some(mailbox) = self.mailbox(id) else { return };
        let rows = mailbox.snapshot.rows_in(uids);
        let released: Vec<EmailEvent> = rows.map(|row| EmailEvent::Released(row.email)).collect();
        self.delta.emails.extend(released);
    }

    /// Change a mailbox. Its older snapshot is let go of first if it is this draft's own, so that a
    /// row of changes copies what they touch once.
    fn change(
        &mut self,
        id: MailboxId,
        modseq: ModSeq,
        new_keywords: &NewKeywords,
        change: impl FnOnce(&mut SnapshotEdit),
    ) -> Result<(), BadRecord> {
        let Mailbox { snapshot, recent } = self.mailbox(id).ok_or(NO_MAILBOX)?.clone();
        self.delta.mailboxes.remove(&id);
        let before = i64::from(snapshot.counts().messages);
        let mut edit = snapshot.edit(modseq);
        drop(snapshot);
        if !new_keywords.is_empty() {
            name_keywords(&mut edit, new_keywords).ok_or(BadRecord("keywords that fit"))?;
        }
        change(&mut edit);
        let snapshot = Arc::new(edit.finish());
        self.delta.growth += i64::from(snapshot.counts().messages) - before;
        self.delta.mailboxes.insert(id, Mailbox { snapshot, recent });
        Ok(())
    }

    /// Fails unless this many UIDs from the first on are above all that were used.
    fn check_uids(&self, id: MailboxId, first: Uid, count: usize) -> Result<(), BadRecord> {
        let next = self.mailbox(id).ok_or(NO_MAILBOX)?.snapshot.uid_next();
        let last = u64::from(first.get()) + count.max(1) as u64 - 1;
        let fits = next.is_some_and(|next| next <= first) && last <= u64::from(u32::MAX);
        if fits { Ok(()) } else { Err(BadRecord("UIDs that were never used")) }
    }
}

const NO_MAILBOX: BadRecord = BadRecord("a mailbox that exists");

/// The flags that a message has after a change.
pub(crate) fn changed_flags(have: FlagSet, operation: FlagOperation, change: FlagSet) -> FlagSet {
    match operation {
        FlagOperation::Replace => change,
        FlagOperation::Add => FlagSet {
            system: have.system.union(change.system),
            keywords: have.keywords | change.keywords,
        },
        FlagOperation::Remove => FlagSet {
            system: have.system.difference(change.system),
            keywords: have.keywords & !change.keywords,
        },
    }
}

/// Bits come to stand for keywords, unless there are none for them.
fn name_keywords(edit: &mut SnapshotEdit, new: &NewKeywords) -> Option<()> {
    for keyword in &new.next {
        edit.keyword_bit(keyword)?;
    }
    for (bit, keyword) in &new.taken_over {
        edit.take_over_keyword(usize::from(*bit), keyword)?;
    }
    Some(())
}

/// For each keyword of the source the bit that it has in the destination, or none.
fn translation(from: &Snapshot, to: &Snapshot, new_keywords: &NewKeywords) -> Vec<u128> {
    let bit = |keyword: &Keyword| {
        let mut known = new_keywords.after(to.keywords());
        known.position(|have| have == keyword).map_or(0, |at| 1u128.unbounded_shl(at as u32))
    };
    from.keywords().iter().map(bit).collect()
}

fn copied_row(row: &Row, uid: Uid, copy: &CopyRecord, bits: &[u128]) -> Row {
    let has = |at: &usize| row.flags.keywords >> at & 1 == 1;
    let keywords =
        bits.iter().enumerate().filter(|(at, _)| has(at)).fold(0, |all, (_, bit)| all | bit);
    Row {
        uid,
        modseq: copy.modseq,
        created: copy.modseq,
        flags: FlagSet { keywords, ..row.flags },
        save_date: copy.save_date,
        ..row.clone()
    }
}

fn rename(list: &mut MailboxList, names: &[(MailboxId, MailboxName)]) -> Result<(), BadRecord> {
    let mut infos = Vec::new();
    for (id, name) in names {
        let old = list.mailboxes.values().find(|info| info.id == *id).ok_or(NO_MAILBOX)?.clone();
        list.mailboxes.remove(&old.name);
        infos.push(MailboxInfo { name: name.clone(), ..old });
    }
    infos.into_iter().try_for_each(|info| insert(list, info))
}

fn insert(list: &mut MailboxList, info: MailboxInfo) -> Result<(), BadRecord> {
    match list.mailboxes.insert(info.name.clone(), info) {
        None => Ok(()),
        Some(_) => Err(BadRecord("a mailbox name that is free")),
    }
}

pub(crate) fn info(made: &Made) -> MailboxInfo {
    MailboxInfo {
        id: made.id,
        name: made.name.clone(),
        uid_validity: made.uid_validity,
        special_use: made.special_use,
        append_limit: None,
    }
}

fn new_mailbox(made: &Made, modseq: ModSeq) -> Mailbox {
    let empty = SnapshotParts {
        id: made.id,
        uid_validity: made.uid_validity,
        uid_next: Some(Uid::MIN),
        highest_modseq: modseq,
        keywords: Vec::new(),
        rows: Vec::new(),
        tombstones: Vec::new(),
        tombstone_floor: ModSeq::ZERO,
    };
    Mailbox { snapshot: Arc::new(Snapshot::from_parts(empty)), recent: Some(Uid::MIN) }
}
