//! Decisions: what a wish becomes, given an account as it will be after all earlier ones.
//!
//! Nothing here changes anything: a decision is a record, and refusing leaves no trace.

mod keywords;

use crate::draft::{Draft, changed_flags};
use crate::record::{
    AppendRecord, CopyRecord, FlagsRecord, Made, NamesRecord, Record, Subscription,
};
use crate::threads::NewThreads;
use keywords::{Keywords, brought};
use rookery_mail::{
    DateTime, EmailId, Flag, MailboxId, MailboxName, ModSeq, SystemFlag, ThreadId, Uid, UidRange,
    UidSet, UidValidity,
};
use rookery_mailbox::limits::{MAX_MAILBOXES, MAX_SUBSCRIPTIONS};
use rookery_mailbox::{
    Absent, FlagChange, FlagOperation, MailboxInfo, NewMailbox, Refused, Row, Snapshot, ThreadKey,
};
use std::collections::BTreeSet;

/// What a message to append is, beside its octets.
pub(crate) struct Incoming<'a> {
    pub(crate) size: u64,
    pub(crate) thread_keys: &'a [ThreadKey],
    pub(crate) flags: &'a [Flag],
    pub(crate) internal_date: DateTime,
}

/// What a change of flags becomes.
pub(crate) struct StorePlan {
    pub(crate) record: Option<FlagsRecord>,
    pub(crate) modified: UidSet,
    pub(crate) overtaken: UidSet,
}

/// What a copy or a move becomes.
pub(crate) struct CopyPlan {
    pub(crate) record: Option<CopyRecord>,
    pub(crate) uid_validity: UidValidity,
    pub(crate) source: UidSet,
    pub(crate) destination: UidSet,
}

pub(crate) fn snapshot<'a>(draft: &'a Draft<'_>, id: MailboxId) -> Result<&'a Snapshot, Refused> {
    draft.mailbox(id).map(|mailbox| &*mailbox.snapshot).ok_or(Refused::NoSuchMailbox)
}

pub(crate) fn create(
    draft: &Draft<'_>,
    new: &[NewMailbox],
    now: i64,
) -> Result<NamesRecord, Refused> {
    names(draft, &[], new, now)
}

pub(crate) fn rename(
    draft: &Draft<'_>,
    renames: &[(MailboxId, MailboxName)],
    new: &[NewMailbox],
    now: i64,
) -> Result<NamesRecord, Refused> {
    names(draft, renames, new, now)
}

fn names(
    draft: &Draft<'_>,
    renames: &[(MailboxId, MailboxName)],
    new: &[NewMailbox],
    now: i64,
) -> Result<NamesRecord, Refused> {
    let mut taken: BTreeSet<&MailboxName> = draft.list().mailboxes.keys().collect();
    let mut record = NamesRecord { modseq: next_modseq(draft), ..NamesRecord::default() };
    let infos = renames.iter().map(|(id, _)| find(draft, *id));
    let infos = infos.collect::<Result<Vec<&MailboxInfo>, Refused>>()?;
    if infos.iter().any(|info| info.name.is_inbox()) {
        return Err(Refused::Inbox);
    }
    for (info, (id, name)) in infos.into_iter().zip(renames) {
        if !taken.remove(&info.name) {
            return Err(Refused::NoSuchMailbox);
        }
        record.renamed.push((*id, name.clone()));
        if draft.list().subscriptions.contains(&info.name) {
            record.subscriptions.push(Subscription { name: name.clone(), subscribed: true });
        }
    }
    if !renames.iter().all(|(_, name)| taken.insert(name)) {
        return Err(Refused::AlreadyExists);
    }
    for new in new {
        if !taken.insert(&new.name) {
            return Err(Refused::AlreadyExists);
        }
        record.made.push(made(draft, &record.made, new, now)?);
        let subscription = Subscription { name: new.name.clone(), subscribed: true };
        record.subscriptions.extend(new.subscribed.then_some(subscription));
    }
    check_limits(draft, taken.len(), &record.subscriptions)?;
    Ok(record)
}

fn find<'a>(draft: &'a Draft<'_>, id: MailboxId) -> Result<&'a MailboxInfo, Refused> {
    let mut infos = draft.list().mailboxes.values();
    infos.find(|info| info.id == id).ok_or(Refused::NoSuchMailbox)
}

fn made(draft: &Draft<'_>, earlier: &[Made], new: &NewMailbox, now: i64) -> Result<Made, Refused> {
    let mut uses = draft.list().mailboxes.values().map(|info| info.special_use);
    let mut earlier_uses = earlier.iter().map(|made| made.special_use);
    let special_use = new.special_use;
    let is_taken =
        uses.any(|other| other == special_use) || earlier_uses.any(|other| other == special_use);
    if special_use.is_some() && is_taken {
        return Err(Refused::SpecialUseTaken);
    }
    let counters = draft.counters();
    let count = earlier.len() as u64 + 1;
    let last = earlier.last().map_or(counters.uid_validity, |made| made.uid_validity.get());
    let next = last.checked_add(1).ok_or(Refused::OutOfNumbers)?;
    let uid_validity = UidValidity::new(next.max(UidValidity::suggested_by(now).get()));
    Ok(Made {
        id: MailboxId(counters.mailbox + count),
        name: new.name.clone(),
        uid_validity: uid_validity.ok_or(Refused::TooManyMailboxes)?,
        special_use,
    })
}

fn check_limits(
    draft: &Draft<'_>,
    mailboxes: usize,
    changes: &[Subscription],
) -> Result<(), Refused> {
    let mut subscriptions = draft.list().subscriptions.len();
    if subscriptions + changes.len() > MAX_SUBSCRIPTIONS {
        let mut after = draft.list().subscriptions.clone();
        for Subscription { name, subscribed } in changes {
            let _ = if *subscribed { after.insert(name.clone()) } else { after.remove(name) };
        }
        subscriptions = after.len();
    }
    let fits = mailboxes <= MAX_MAILBOXES && subscriptions <= MAX_SUBSCRIPTIONS;
    if fits { Ok(()) } else { Err(Refused::TooManyMailboxes) }
}

pub(crate) fn delete(draft: &Draft<'_>, mailbox: MailboxId) -> Result<Record, Refused> {
    if find(draft, mailbox)?.name.is_inbox() {
        return Err(Refused::Inbox);
    }
    Ok(Record::Delete { mailbox, modseq: next_modseq(draft) })
}

pub(crate) fn subscribe(
    draft: &Draft<'_>,
    name: &MailboxName,
    subscribed: bool,
) -> Result<Option<NamesRecord>, Refused> {
    if draft.list().subscriptions.contains(name) == subscribed {
        return Ok(None);
    }
    let subscriptions = vec![Subscription { name: name.clone(), subscribed }];
    check_limits(draft, draft.list().mailboxes.len(), &subscriptions)?;
    let modseq = next_modseq(draft);
    Ok(Some(NamesRecord { modseq, subscriptions, ..NamesRecord::default() }))
}

pub(crate) fn set_append_limit(
    draft: &Draft<'_>,
    mailbox: MailboxId,
    limit: Option<u64>,
) -> Result<Option<NamesRecord>, Refused> {
    if find(draft, mailbox)?.append_limit == limit {
        return Ok(None);
    }
    let (modseq, append_limits) = (next_modseq(draft), vec![(mailbox, limit)]);
    Ok(Some(NamesRecord { modseq, append_limits, ..NamesRecord::default() }))
}

/// The UIDs that nobody has been told of as recent: from the first such one to the one before the next.
pub(crate) fn unclaimed(first: Option<Uid>, next: Option<Uid>) -> Option<UidRange> {
    let last = next.map_or(Some(Uid::MAX), Uid::previous)?;
    first.filter(|first| *first <= last).map(|first| UidRange::new(first, last))
}

/// What the caller is told of as recent, and the record of it.
pub(crate) fn claim_recent(
    draft: &Draft<'_>,
    id: MailboxId,
) -> Result<(Option<UidRange>, Option<Record>), Refused> {
    let mailbox = draft.mailbox(id).ok_or(Refused::NoSuchMailbox)?;
    let next = mailbox.snapshot.uid_next();
    let range = unclaimed(mailbox.recent, next);
    let record = range.map(|_| Record::Recent { mailbox: id, next });
    Ok((range, record))
}

pub(crate) fn append(
    draft: &Draft<'_>,
    id: MailboxId,
    messages: &[Incoming<'_>],
    now: i64,
) -> Result<Vec<AppendRecord>, Refused> {
    let records = appends(draft, id, messages, now)?;
    check_room(draft, records.len())?;
    Ok(records)
}

fn check_room(draft: &Draft<'_>, more: usize) -> Result<(), Refused> {
    // To add nothing is fine, also where there are too many already.
    let fits = more == 0 || draft.has_room_for(more);
    if fits { Ok(()) } else { Err(Refused::TooManyMessages) }
}

fn appends(
    draft: &Draft<'_>,
    id: MailboxId,
    messages: &[Incoming<'_>],
    now: i64,
) -> Result<Vec<AppendRecord>, Refused> {
    let all = messages.iter().flat_map(|message| message.flags);
    let mut keywords = Keywords::of(snapshot(draft, id)?, all);
    let flags = messages.iter().map(|message| keywords.flag_set(message.flags));
    let flags = flags.collect::<Result<Vec<_>, Refused>>()?;
    let uids = next_uids(snapshot(draft, id)?, messages.len())?;
    let emails = (draft.counters().email + 1..).map(EmailId);
    let mut new_threads = NewThreads::new();
    let parts = messages.iter().zip(flags).zip(uids.iter().zip(emails));
    let record = |((message, (flags, new_keywords)), (uid, email)): ((&Incoming<'_>, _), _)| {
        let (thread, thread_keys) =
            join_thread(draft, &mut new_threads, email, message.thread_keys);
        AppendRecord {
            mailbox: id,
            modseq: next_modseq(draft),
            new_keywords,
            uid,
            email,
            thread,
            thread_keys,
            size: message.size,
            flags,
            internal_date: message.internal_date,
            save_date: now,
        }
    };
    Ok(parts.map(record).collect())
}

/// The thread of a new message, and those of its keys that lead nowhere yet. `new` are the keys of the messages before
/// it in the same change.
fn join_thread(
    draft: &Draft<'_>,
    new: &mut NewThreads,
    email: EmailId,
    keys: &[ThreadKey],
) -> (ThreadId, Vec<ThreadKey>) {
    let known = |key: &ThreadKey| draft.thread(*key).or_else(|| new.get(key).copied());
    let thread = keys.iter().find_map(known).unwrap_or(ThreadId(email.0));
    let mut unknown: Vec<ThreadKey> =
        keys.iter().filter(|key| known(key).is_none()).copied().collect();
    unknown.sort_unstable();
    unknown.dedup();
    new.extend(unknown.iter().map(|key| (*key, thread)));
    (thread, unknown)
}

/// A message that comes and one that goes, in this order. There are no more than before.
pub(crate) fn replace(
    draft: &Draft<'_>,
    (from, uid): (MailboxId, Uid),
    to: MailboxId,
    message: &Incoming<'_>,
    now: i64,
) -> Result<(AppendRecord, Record), Refused> {
    let is_there = snapshot(draft, from)?.row(uid).is_some();
    snapshot(draft, to)?;
    if !is_there {
        return Err(Refused::NoSuchMessage);
    }
    let mut appended = appends(draft, to, std::slice::from_ref(message), now)?;
    let appended = appended.pop().ok_or(Refused::OutOfUids)?;
    let uids = [uid].into_iter().collect();
    let expunged = Record::Expunge { mailbox: from, modseq: appended.modseq, uids };
    Ok((appended, expunged))
}

pub(crate) fn store_flags(
    draft: &Draft<'_>,
    id: MailboxId,
    uids: &UidSet,
    change: &FlagChange,
    (unchanged_since, known): (Option<ModSeq>, ModSeq),
) -> Result<StorePlan, Refused> {
    let snapshot = snapshot(draft, id)?;
    let mut keywords = Keywords::of(snapshot, change.flags.iter());
    let (flags, new_keywords) = match change.operation {
        FlagOperation::Remove => keywords.known_flag_set(&change.flags)?,
        FlagOperation::Replace | FlagOperation::Add => keywords.flag_set(&change.flags)?,
    };
    let operation = change.operation;
    let is_modified = |row: &Row| unchanged_since.is_some_and(|since| row.modseq > since);
    let changes = |row: &Row| changed_flags(row.flags, operation, flags) != row.flags;
    let modified = match unchanged_since {
        Some(_) => uids_of(snapshot.rows_in(uids).filter(|row| is_modified(row))),
        None => UidSet::new(),
    };
    let changed = uids_of(snapshot.rows_in(uids).filter(|row| !is_modified(row) && changes(row)));
    let overtaken = match snapshot.highest_modseq() > known {
        true => uids_of(snapshot.rows_in(&changed).filter(|row| row.modseq > known)),
        false => UidSet::new(),
    };
    let record = (!changed.is_empty()).then(|| FlagsRecord {
        mailbox: id,
        modseq: next_modseq(draft),
        new_keywords,
        operation,
        flags,
        uids: changed,
    });
    Ok(StorePlan { record, modified, overtaken })
}

fn uids_of<'a>(rows: impl Iterator<Item = &'a Row>) -> UidSet {
    rows.map(|row| row.uid).collect()
}

pub(crate) fn copy(
    draft: &Draft<'_>,
    from: MailboxId,
    uids: &UidSet,
    to: MailboxId,
    (absent, now, moved): (Absent, i64, bool),
) -> Result<CopyPlan, Refused> {
    let (source, target) = (snapshot(draft, from)?, snapshot(draft, to)?);
    let uid_validity = target.uid_validity();
    let rows: Vec<&Row> = source.rows_in(uids).collect();
    let found: UidSet = rows.iter().map(|row| row.uid).collect();
    if matches!(absent, Absent::RefuseBelow(least) if found.len() < least) {
        return Err(Refused::NoSuchMessage);
    }
    let Some(_) = found.first() else {
        let (source, destination) = (UidSet::new(), UidSet::new());
        return Ok(CopyPlan { record: None, uid_validity, source, destination });
    };
    let new_keywords = brought(Some(target), source, rows.iter().copied())?;
    let destination = next_uids(target, rows.len())?;
    if !moved {
        check_room(draft, rows.len())?;
    }
    let record = CopyRecord {
        from,
        to,
        modseq: next_modseq(draft),
        new_keywords,
        uids: found.clone(),
        first_uid: destination.first().ok_or(Refused::OutOfUids)?,
        save_date: now,
        moved,
    };
    Ok(CopyPlan { record: Some(record), uid_validity, source: found, destination })
}

/// What moving all messages of a mailbox into the last one of those that are being made becomes, if there are any.
pub(crate) fn move_into_new(
    draft: &Draft<'_>,
    from: MailboxId,
    names: &NamesRecord,
    now: i64,
) -> Result<Option<CopyRecord>, Refused> {
    let source = snapshot(draft, from)?;
    let uids = uids_of(source.rows());
    let Some(to) = names.made.last().filter(|_| !uids.is_empty()) else { return Ok(None) };
    Ok(Some(CopyRecord {
        from,
        to: to.id,
        modseq: names.modseq.next(),
        new_keywords: brought(None, source, source.rows())?,
        uids,
        first_uid: Uid::MIN,
        save_date: now,
        moved: true,
    }))
}

pub(crate) fn expunge(
    draft: &Draft<'_>,
    mailbox: MailboxId,
    uids: &UidSet,
) -> Result<(UidSet, Option<Record>), Refused> {
    let rows = snapshot(draft, mailbox)?.rows_in(uids);
    let gone: UidSet = rows
        .filter(|row| row.flags.system.contains(SystemFlag::Deleted))
        .map(|row| row.uid)
        .collect();
    let modseq = next_modseq(draft);
    let record =
        (!gone.is_empty()).then(|| Record::Expunge { mailbox, modseq, uids: gone.clone() });
    Ok((gone, record))
}

pub(crate) fn next_modseq(draft: &Draft<'_>) -> ModSeq {
    draft.counters().modseq.next()
}

/// The next UIDs of a mailbox.
fn next_uids(snapshot: &Snapshot, count: usize) -> Result<UidSet, Refused> {
    let Some(more) = u32::try_from(count).ok().and_then(|count| count.checked_sub(1)) else {
        return Ok(UidSet::new());
    };
    let first = snapshot.uid_next().ok_or(Refused::OutOfUids)?;
    let last = first.get().checked_add(more).and_then(Uid::new).ok_or(Refused::OutOfUids)?;
    Ok([UidRange::new(first, last)].into_iter().collect())
}
