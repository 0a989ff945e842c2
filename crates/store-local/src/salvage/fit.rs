//! What a change becomes so that it can happen though changes before it are missing.

use super::keywords::fit_keywords;
use crate::limits::MAX_SKIPPED_CONTENTS;
use crate::record::{AppendRecord, CopyRecord, FlagsRecord, Made, NamesRecord, Record};
use crate::state::State;
use rookery_mail::{EmailId, MailboxId, MailboxName, ModSeq, ThreadId, Uid, UidSet, UidValidity};
use rookery_mailbox::Snapshot;
use rookery_mailbox::limits::MAX_MAILBOXES;
use std::collections::BTreeSet;

/// The mailbox for what belongs nowhere, and what is above those without a name.
pub(super) const RECOVERED: &str = "Recovered";

/// The mailbox that accounts are made with first: the inbox.
const FIRST: MailboxId = MailboxId(1);

/// Mailboxes whose making is missing.
pub(super) struct Anew {
    /// The latest UIDVALIDITY that was given to one, or what they must all be greater than.
    last: u32,
    /// They were there before.
    pub(super) made: BTreeSet<MailboxId>,
}

impl Anew {
    /// `now` is in seconds since 1970. As UIDVALIDITYs are, when they are given, it is greater than those that nobody knows any more.
    pub(super) fn new(now: i64) -> Self {
        let now = UidValidity::suggested_by(now).get();
        // Those of mailboxes that were made at once are ahead of the time.
        let ahead = u32::try_from(MAX_MAILBOXES).unwrap_or(u32::MAX);
        Self { last: now.saturating_add(ahead), made: BTreeSet::new() }
    }

    /// A mailbox of which no more is known. Clients must not take it for another one of its name (RFC 9051 §2.3.1.1).
    pub(super) fn mailbox(&mut self, state: &State, id: MailboxId, name: MailboxName) -> Made {
        self.made.insert(id);
        self.last = self.last.max(state.counters.uid_validity).saturating_add(1);
        let uid_validity = UidValidity::new(self.last).unwrap_or(UidValidity::MIN);
        Made { id, name, uid_validity, special_use: None }
    }

    /// The names of those that are there now.
    pub(super) fn names(&self, state: &State) -> Vec<MailboxName> {
        let all = state.list.mailboxes.values();
        all.filter(|info| self.made.contains(&info.id)).map(|info| info.name.clone()).collect()
    }

    /// A mailbox that a change speaks of and whose making is missing.
    fn make_if_missing(&mut self, state: &State, id: MailboxId, modseq: ModSeq) -> Vec<Record> {
        if state.mailboxes.contains_key(&id) {
            return Vec::new();
        }
        let inbox = MailboxName::inbox();
        let is_inbox = id == FIRST && !state.list.mailboxes.contains_key(&inbox);
        let made = vec![self.mailbox(state, id, if is_inbox { inbox } else { name_of(id) })];
        vec![Record::Names(NamesRecord { modseq, made, ..NamesRecord::default() })]
    }
}

/// The changes to make in place of one: none, if all that it speaks of is missing.
pub(super) fn fit(state: &mut State, anew: &mut Anew, record: Record) -> Vec<Record> {
    let has = |id: MailboxId| state.mailboxes.contains_key(&id);
    let later = |modseq: ModSeq| modseq.max(state.counters.modseq);
    match record {
        Record::Append(append) => fit_append(state, anew, append),
        Record::Flags(flags) if has(flags.mailbox) => fit_flags(state, flags),
        Record::Expunge { mailbox, modseq, uids } if has(mailbox) => {
            vec![Record::Expunge { mailbox, modseq: later(modseq), uids }]
        }
        Record::Copy(copy) if has(copy.from) => fit_copy(state, anew, copy),
        Record::Names(names) => vec![fit_names(state, anew, names)],
        Record::Delete { mailbox, modseq } if has(mailbox) => {
            vec![Record::Delete { mailbox, modseq: later(modseq) }]
        }
        Record::Recent { mailbox, .. } if has(mailbox) => vec![record],
        _ => Vec::new(),
    }
}

/// Whether a content id can be right, where this was the last one. The table has a place for each.
fn is_believed(email: EmailId, last: u64) -> bool {
    email.0 <= last.saturating_add(MAX_SKIPPED_CONTENTS)
}

fn fit_append(state: &mut State, anew: &mut Anew, mut append: AppendRecord) -> Vec<Record> {
    if is_believed(append.email, state.emails.len()) {
        state.emails.skip_to(append.email);
    }
    state.counters.email = state.emails.len();
    append.email = EmailId(state.counters.email + 1);
    append.thread = ThreadId(append.thread.0.min(append.email.0));
    append.modseq = append.modseq.max(state.counters.modseq);
    let mut records = anew.make_if_missing(state, append.mailbox, append.modseq);
    let snapshot = snapshot(state, append.mailbox);
    let used = append.flags.keywords;
    let change = (append.mailbox, append.modseq);
    let (first, keywords) = fit_keywords(snapshot, change, &append.new_keywords, used);
    append.new_keywords = keywords;
    append.uid = unused(snapshot, append.uid);
    records.extend(first);
    records.push(Record::Append(append));
    records
}

fn fit_flags(state: &State, mut flags: FlagsRecord) -> Vec<Record> {
    flags.modseq = flags.modseq.max(state.counters.modseq);
    let (change, used) = ((flags.mailbox, flags.modseq), flags.flags.keywords);
    let snapshot = snapshot(state, flags.mailbox);
    let (first, keywords) = fit_keywords(snapshot, change, &flags.new_keywords, used);
    flags.new_keywords = keywords;
    first.into_iter().chain([Record::Flags(flags)]).collect()
}

/// Copies get the UIDs that they had, though some of the messages are missing.
fn fit_copy(state: &State, anew: &mut Anew, mut copy: CopyRecord) -> Vec<Record> {
    copy.modseq = copy.modseq.max(state.counters.modseq);
    let mut records = anew.make_if_missing(state, copy.to, copy.modseq);
    let (target, change) = (snapshot(state, copy.to), (copy.to, copy.modseq));
    copy.first_uid = unused(target, copy.first_uid);
    let (first, keywords) = fit_keywords(target, change, &copy.new_keywords, 0);
    copy.new_keywords = keywords;
    records.extend(first);
    let Some(source) = snapshot(state, copy.from) else { return records };
    let mut runs: Vec<CopyRecord> = Vec::new();
    let mut next_rank = None;
    for (uid, rank) in copy.uids.iter().zip(0u32..).filter(|(uid, _)| source.row(*uid).is_some()) {
        let first_uid = copy.first_uid.get().checked_add(rank).and_then(Uid::new);
        match (runs.last_mut(), first_uid) {
            (Some(run), _) if next_rank == Some(rank) => run.uids.insert(uid),
            (_, Some(first_uid)) => {
                let new_keywords = std::mem::take(&mut copy.new_keywords);
                let uids: UidSet = [uid].into_iter().collect();
                runs.push(CopyRecord { uids, first_uid, new_keywords, ..copy.clone() });
            }
            (_, None) => break,
        }
        next_rank = rank.checked_add(1);
    }
    records.extend(runs.into_iter().map(Record::Copy));
    records
}

/// A name that two mailboxes would have is the later one's.
fn fit_names(state: &State, anew: &mut Anew, mut names: NamesRecord) -> Record {
    names.modseq = names.modseq.max(state.counters.modseq);
    let has = |id: MailboxId| state.mailboxes.contains_key(&id);
    let (known, unknown) = names.renamed.into_iter().partition(|(id, _)| has(*id));
    let unknown: Vec<(MailboxId, MailboxName)> = unknown;
    names.renamed = known;
    names.made.retain(|made| !has(made.id));
    names.made.extend(unknown.into_iter().map(|(id, name)| anew.mailbox(state, id, name)));
    let taken: Vec<MailboxName> = names
        .made
        .iter()
        .map(|made| &made.name)
        .chain(names.renamed.iter().map(|(_, name)| name))
        .cloned()
        .collect();
    for info in taken.iter().filter_map(|name| state.list.mailboxes.get(name)) {
        if !names.renamed.iter().any(|(id, _)| *id == info.id) {
            names.renamed.push((info.id, name_of(info.id)));
        }
    }
    let made: Vec<MailboxId> = names.made.iter().map(|made| made.id).collect();
    names.append_limits.retain(|(id, _)| has(*id) || made.contains(id));
    Record::Names(names)
}

fn name_of(id: MailboxId) -> MailboxName {
    name(&format!("{RECOVERED}/{}", id.0))
}

pub(super) fn name(text: &str) -> MailboxName {
    MailboxName::new(text).unwrap_or_else(|_| MailboxName::inbox())
}

fn snapshot(state: &State, id: MailboxId) -> Option<&Snapshot> {
    state.mailboxes.get(&id).and_then(|published| published.snapshot()).map(|it| &**it)
}

/// This UID, or the next one if it was used.
fn unused(snapshot: Option<&Snapshot>, uid: Uid) -> Uid {
    snapshot.and_then(Snapshot::uid_next).map_or(uid, |next| next.max(uid))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_that_is_far_from_all_others_is_not_believed() {
        assert!(is_believed(EmailId(7 + MAX_SKIPPED_CONTENTS), 7));
        assert!(!is_believed(EmailId(8 + MAX_SKIPPED_CONTENTS), 7));
        assert!(!is_believed(EmailId(u64::MAX), 7));
    }
}
