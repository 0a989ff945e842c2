//! All of an account at one moment, and what changes make of it.

use super::mailbox::{Mailbox, NewRow, keywords_among};
use crate::limits::{MAX_MAILBOXES, MAX_SUBSCRIPTIONS};
use crate::{
    Absent, Appended, Copied, FlagChange, FlagOperation, FlagSet, MailboxInfo, MailboxList,
    NewMailbox, Refused, Row, Stored, ThreadKey, remembered_expunges,
};
use bytes::Bytes;
use rookery_mail::{
    DateTime, EmailId, Flag, MailboxId, MailboxName, ModSeq, SystemFlag, ThreadId, Uid, UidSet,
    UidValidity,
};
use std::collections::{BTreeMap, BTreeSet};

#[derive(Clone, Default)]
pub(super) struct State {
    pub(super) list: MailboxList,
    pub(super) mailboxes: BTreeMap<MailboxId, Mailbox>,
    pub(super) emails: BTreeMap<EmailId, Email>,
    /// To which thread a key leads.
    threads: BTreeMap<ThreadKey, ThreadId>,
    pub(super) last_modseq: ModSeq,
    pub(super) is_closed: bool,
    last_mailbox: u64,
    last_email: u64,
    last_uid_validity: u32,
}

#[derive(Clone)]
pub(super) struct Email {
    pub(super) content: Bytes,
    pub(super) summary: Bytes,
}

/// A message to append, with its octets at hand.
pub(super) struct NewEmail {
    pub(super) email: Email,
    pub(super) thread_keys: Vec<ThreadKey>,
    pub(super) flags: Vec<Flag>,
    pub(super) internal_date: DateTime,
}

impl State {
    pub(super) fn mailbox(&self, id: MailboxId) -> Result<&Mailbox, Refused> {
        self.mailboxes.get(&id).ok_or(Refused::NoSuchMailbox)
    }

    pub(super) fn mailbox_mut(&mut self, id: MailboxId) -> Result<&mut Mailbox, Refused> {
        self.mailboxes.get_mut(&id).ok_or(Refused::NoSuchMailbox)
    }

    /// The modification sequence of a change that is being made.
    fn tick(&mut self) -> ModSeq {
        self.last_modseq = self.last_modseq.next();
        self.last_modseq
    }

    pub(super) fn create(
        &mut self,
        new: &[NewMailbox],
        now: i64,
    ) -> Result<Vec<MailboxInfo>, Refused> {
        if new.is_empty() {
            return Ok(Vec::new());
        }
        let modseq = self.tick();
        let made = new.iter().map(|new| self.create_one(new, modseq, now));
        let made = made.collect::<Result<_, _>>()?;
        self.check_limits()?;
        Ok(made)
    }

    pub(super) fn create_with_messages_of(
        &mut self,
        from: MailboxId,
        new: &[NewMailbox],
        now: i64,
    ) -> Result<(), Refused> {
        self.mailbox(from)?;
        if let Some(made) = self.create(new, now)?.pop() {
            self.move_messages(from, &UidSet::all(), made.id, (Absent::Skip, now))?;
        }
        Ok(())
    }

    fn create_one(
        &mut self,
        new: &NewMailbox,
        modseq: ModSeq,
        now: i64,
    ) -> Result<MailboxInfo, Refused> {
        if self.list.mailboxes.contains_key(&new.name) {
            return Err(Refused::AlreadyExists);
        }
        let mut others = self.list.mailboxes.values();
        if new.special_use.is_some() && others.any(|other| other.special_use == new.special_use) {
            return Err(Refused::SpecialUseTaken);
        }
        self.last_mailbox += 1;
        let id = MailboxId(self.last_mailbox);
        let uid_validity = self.next_uid_validity(now);
        let (name, special_use) = (new.name.clone(), new.special_use);
        let info = MailboxInfo { id, name, uid_validity, special_use, append_limit: None };
        self.mailboxes.insert(id, Mailbox::new(id, uid_validity, modseq));
        self.list.mailboxes.insert(new.name.clone(), info.clone());
        if new.subscribed {
            self.list.subscriptions.insert(new.name.clone());
        }
        Ok(info)
    }

    fn next_uid_validity(&mut self, now: i64) -> UidValidity {
        let now = UidValidity::suggested_by(now).get();
        self.last_uid_validity = self.last_uid_validity.saturating_add(1).max(now);
        UidValidity::new(self.last_uid_validity).unwrap_or_else(|| unreachable!("at least 1"))
    }

    fn check_limits(&self) -> Result<(), Refused> {
        let fits = self.list.mailboxes.len() <= MAX_MAILBOXES
            && self.list.subscriptions.len() <= MAX_SUBSCRIPTIONS;
        if fits { Ok(()) } else { Err(Refused::TooManyMailboxes) }
    }

    pub(super) fn delete(&mut self, id: MailboxId) -> Result<(), Refused> {
        self.mailbox(id)?;
        let inbox = self.list.mailboxes.get(&MailboxName::inbox());
        if inbox.is_some_and(|inbox| inbox.id == id) {
            return Err(Refused::Inbox);
        }
        self.tick();
        self.mailboxes.remove(&id);
        self.list.mailboxes.retain(|_, info| info.id != id);
        Ok(())
    }

    /// The account itself is gone.
    pub(super) fn close(&mut self) {
        self.tick();
        self.mailboxes.clear();
        self.list = MailboxList::default();
        self.is_closed = true;
    }

    pub(super) fn rename(
        &mut self,
        renames: &[(MailboxId, MailboxName)],
        new: &[NewMailbox],
        now: i64,
    ) -> Result<(), Refused> {
        if renames.is_empty() && new.is_empty() {
            return Ok(());
        }
        let modseq = self.tick();
        let infos = self.take_infos(renames)?;
        let was_subscribed: Vec<bool> =
            infos.iter().map(|info| self.list.subscriptions.contains(&info.name)).collect();
        for ((info, (_, name)), subscribed) in infos.into_iter().zip(renames).zip(was_subscribed) {
            let renamed = MailboxInfo { name: name.clone(), ..info };
            if self.list.mailboxes.insert(name.clone(), renamed).is_some() {
                return Err(Refused::AlreadyExists);
            }
            if subscribed {
                self.list.subscriptions.insert(name.clone());
            }
        }
        new.iter().try_for_each(|new| self.create_one(new, modseq, now).map(|_| ()))?;
        self.check_limits()
    }

    /// Take the mailboxes to be renamed out of the list.
    fn take_infos(
        &mut self,
        renames: &[(MailboxId, MailboxName)],
    ) -> Result<Vec<MailboxInfo>, Refused> {
        let mut infos = Vec::new();
        for (id, _) in renames {
            let info = self.list.mailboxes.values().find(|info| info.id == *id).cloned();
            let info = info.ok_or(Refused::NoSuchMailbox)?;
            self.list.mailboxes.remove(&info.name);
            infos.push(info);
        }
        if infos.iter().any(|info| info.name.is_inbox()) {
            return Err(Refused::Inbox);
        }
        Ok(infos)
    }

    pub(super) fn subscribe(
        &mut self,
        name: &MailboxName,
        subscribed: bool,
    ) -> Result<(), Refused> {
        let changed = if subscribed {
            self.list.subscriptions.insert(name.clone())
        } else {
            self.list.subscriptions.remove(name)
        };
        if changed {
            self.tick();
        }
        self.check_limits()
    }

    pub(super) fn set_append_limit(
        &mut self,
        id: MailboxId,
        limit: Option<u64>,
    ) -> Result<(), Refused> {
        let info = self.list.mailboxes.values_mut().find(|info| info.id == id);
        let info = info.ok_or(Refused::NoSuchMailbox)?;
        if info.append_limit != limit {
            info.append_limit = limit;
            self.tick();
        }
        Ok(())
    }

    pub(super) fn append(
        &mut self,
        id: MailboxId,
        messages: Vec<NewEmail>,
        now: i64,
    ) -> Result<Appended, Refused> {
        if messages.is_empty() {
            let mailbox = self.mailbox(id)?;
            let (uid_validity, modseq) = (mailbox.uid_validity, mailbox.highest_modseq);
            return Ok(Appended { uid_validity, uids: UidSet::new(), modseq });
        }
        let modseq = self.tick();
        let mut rows = Vec::new();
        let flags = messages.iter().flat_map(|message| &message.flags);
        self.mailbox_mut(id)?.adopt(&keywords_among(flags))?;
        for NewEmail { email, thread_keys, flags, internal_date } in messages {
            let flags = self.mailbox(id)?.flag_set(&flags);
            let size = email.content.len() as u64;
            let email = self.add_email(email);
            let thread = self.join_thread(email, &thread_keys);
            rows.push(NewRow { flags, email, thread, size, internal_date, save_date: now });
        }
        let mailbox = self.mailbox_mut(id)?;
        let uids = mailbox.add(rows, modseq)?;
        Ok(Appended { uid_validity: mailbox.uid_validity, uids, modseq })
    }

    pub(super) fn replace(
        &mut self,
        (from, uid): (MailboxId, Uid),
        to: MailboxId,
        message: NewEmail,
        now: i64,
    ) -> Result<Appended, Refused> {
        let is_there = self.mailbox(from)?.rows.contains_key(&uid);
        self.mailbox(to)?;
        if !is_there {
            return Err(Refused::NoSuchMessage);
        }
        let appended = self.append(to, vec![message], now)?;
        self.mailbox_mut(from)?.remove(&[uid].into_iter().collect(), appended.modseq);
        Ok(appended)
    }

    fn add_email(&mut self, email: Email) -> EmailId {
        self.last_email += 1;
        self.emails.insert(EmailId(self.last_email), email);
        EmailId(self.last_email)
    }

    fn join_thread(&mut self, email: EmailId, keys: &[ThreadKey]) -> ThreadId {
        let known = keys.iter().find_map(|key| self.threads.get(key));
        let thread = known.copied().unwrap_or(ThreadId(email.0));
        for key in keys {
            self.threads.entry(*key).or_insert(thread);
        }
        thread
    }

    pub(super) fn store_flags(
        &mut self,
        id: MailboxId,
        uids: &UidSet,
        change: &FlagChange,
        (unchanged_since, known): (Option<ModSeq>, ModSeq),
    ) -> Result<Stored, Refused> {
        let next = self.last_modseq.next();
        let mailbox = self.mailbox_mut(id)?;
        let keywords_before = mailbox.keywords.clone();
        if change.operation != FlagOperation::Remove {
            mailbox.adopt(&keywords_among(&change.flags))?;
        }
        let set = mailbox.flag_set(&change.flags);
        let changed_since = |row: &Row| unchanged_since.is_some_and(|since| row.modseq > since);
        let (modified, free): (Vec<Row>, Vec<Row>) =
            mailbox.rows_in(uids).into_iter().partition(changed_since);
        let (mut modseq, mut overtaken) = (None, UidSet::new());
        for row in free {
            let flags = apply(change.operation, row.flags, set);
            if flags != row.flags {
                mailbox.set_flags(row.uid, flags, next);
                modseq = Some(next);
                if row.modseq > known {
                    overtaken.insert(row.uid);
                }
            }
        }
        if modseq.is_none() {
            mailbox.keywords = keywords_before;
        }
        let modified = modified.into_iter().map(|row| row.uid).collect();
        let as_of = mailbox.highest_modseq;
        self.last_modseq = modseq.unwrap_or(self.last_modseq);
        Ok(Stored { modseq, modified, overtaken, as_of })
    }

    pub(super) fn copy(
        &mut self,
        from: MailboxId,
        uids: &UidSet,
        to: MailboxId,
        (absent, now): (Absent, i64),
    ) -> Result<Copied, Refused> {
        let source = self.mailbox(from)?;
        let (keywords, rows) = (source.keywords.clone(), source.rows_in(uids));
        let next = self.last_modseq.next();
        let target = self.mailbox_mut(to)?;
        let uid_validity = target.uid_validity;
        if matches!(absent, Absent::RefuseBelow(least) if (rows.len() as u64) < least) {
            return Err(Refused::NoSuchMessage);
        }
        if rows.is_empty() {
            let (source, destination) = (UidSet::new(), UidSet::new());
            return Ok(Copied { uid_validity, source, destination });
        }
        target.adopt_keywords(&keywords, &rows)?;
        let mut copies = Vec::new();
        for row in &rows {
            let flags = target.translate(&keywords, row.flags);
            let Row { email, thread, size, internal_date, .. } = *row;
            copies.push(NewRow { flags, email, thread, size, internal_date, save_date: now });
        }
        let destination = target.add(copies, next)?;
        self.tick();
        Ok(Copied { uid_validity, source: rows.iter().map(|row| row.uid).collect(), destination })
    }

    pub(super) fn move_messages(
        &mut self,
        from: MailboxId,
        uids: &UidSet,
        to: MailboxId,
        how: (Absent, i64),
    ) -> Result<Copied, Refused> {
        let copied = self.copy(from, uids, to, how)?;
        let modseq = self.last_modseq;
        self.mailbox_mut(from)?.remove(&copied.source, modseq);
        Ok(copied)
    }

    pub(super) fn expunge(&mut self, id: MailboxId, uids: &UidSet) -> Result<UidSet, Refused> {
        let is_deleted = |row: &Row| row.flags.system.contains(SystemFlag::Deleted);
        let rows = self.mailbox(id)?.rows_in(uids);
        let gone: UidSet = rows.iter().filter(|row| is_deleted(row)).map(|row| row.uid).collect();
        if !gone.is_empty() {
            let modseq = self.tick();
            self.mailbox_mut(id)?.remove(&gone, modseq);
        }
        Ok(gone)
    }

    /// The messages of all mailboxes.
    pub(super) fn messages(&self) -> u64 {
        self.mailboxes.values().map(|mailbox| mailbox.rows.len() as u64).sum()
    }

    /// Mailboxes of which messages have gone remember no more expunges than these.
    pub(super) fn forget_tombstones(&mut self, before: &Self, most: usize) {
        let max = remembered_expunges(most, self.mailboxes.len());
        for (id, mailbox) in &mut self.mailboxes {
            let latest = before.mailboxes.get(id).and_then(Mailbox::latest_tombstone);
            if mailbox.latest_tombstone() != latest {
                mailbox.forget_tombstones(max);
            }
        }
    }

    /// Content that no mailbox holds any more goes.
    pub(super) fn drop_unreferenced(&mut self) {
        let rows = self.mailboxes.values().flat_map(|mailbox| mailbox.rows.values());
        let held: BTreeSet<EmailId> = rows.map(|row| row.email).collect();
        self.emails.retain(|id, _| held.contains(id));
    }
}

fn apply(operation: FlagOperation, have: FlagSet, change: FlagSet) -> FlagSet {
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
