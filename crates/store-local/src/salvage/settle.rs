//! After everything that can be read has happened: a place for what belongs nowhere, and numbers that nobody was given.

use super::Stray;
use super::fit::{Anew, RECOVERED, name};
use crate::draft::Draft;
use crate::record::{NamesRecord, Record};
use crate::state::{Location, Mailbox, Published, State};
use rookery_mail::{DateTime, MailboxId, MailboxName, ModSeq, Uid};
use rookery_mailbox::{FlagSet, Row, Snapshot, SnapshotParts};
use std::sync::Arc;

/// Put messages into a mailbox of which nobody knows where they were, and make what is above mailboxes without a name,
/// and the inbox; returns the names of those that have lost theirs.
pub(super) fn place(
    state: &mut State,
    anew: &mut Anew,
    strays: &[Stray],
    now: i64,
) -> Vec<MailboxName> {
    if !state.list.mailboxes.contains_key(&MailboxName::inbox()) {
        make(state, anew, MailboxName::inbox());
    }
    let recovered = name(RECOVERED);
    let nameless: Vec<MailboxName> =
        state.list.mailboxes.keys().filter(|it| it.is_below(&recovered)).cloned().collect();
    if strays.is_empty() && nameless.is_empty() {
        return nameless;
    }
    let id = match state.list.mailboxes.get(&recovered) {
        Some(info) => info.id,
        None => {
            let id = make(state, anew, recovered);
            anew.made.remove(&id);
            id
        }
    };
    if let Some(published) = state.mailboxes.get_mut(&id).filter(|_| !strays.is_empty())
        && let Some(Mailbox { snapshot, recent }) = published.mailbox().cloned()
    {
        let modseq = next(state.counters.modseq);
        state.counters.modseq = modseq;
        let snapshot = Arc::new(with_strays(&snapshot, strays, (modseq, now)));
        *published = Published::new(Mailbox { snapshot, recent });
    }
    nameless
}

fn make(state: &mut State, anew: &mut Anew, name: MailboxName) -> MailboxId {
    let id = MailboxId(state.counters.mailbox + 1);
    let (modseq, made) = (next(state.counters.modseq), vec![anew.mailbox(state, id, name)]);
    let record = Record::Names(NamesRecord { modseq, made, ..NamesRecord::default() });
    let mut draft = Draft::new(state, usize::MAX);
    if draft.apply(&record, Location::default()).is_ok() {
        let delta = draft.finish();
        state.publish(delta);
    }
    id
}

/// There is room behind the last change that was taken; damage may say more.
fn next(modseq: ModSeq) -> ModSeq {
    ModSeq::new(modseq.get().saturating_add(1)).unwrap_or(ModSeq::MAX)
}

fn with_strays(old: &Snapshot, strays: &[Stray], (modseq, now): (ModSeq, i64)) -> Snapshot {
    let mut parts = parts(old);
    for stray in strays {
        let Some(uid) = parts.uid_next else { break };
        parts.uid_next = uid.next();
        parts.rows.push(Row {
            uid,
            modseq,
            created: modseq,
            flags: FlagSet::default(),
            email: stray.email,
            thread: stray.thread,
            size: stray.size,
            internal_date: stray.internal_date.unwrap_or(DateTime::from_unix(now)),
            save_date: now,
        });
    }
    Snapshot::from_parts(SnapshotParts { highest_modseq: modseq, ..parts })
}

fn parts(snapshot: &Snapshot) -> SnapshotParts {
    SnapshotParts {
        id: snapshot.id(),
        uid_validity: snapshot.uid_validity(),
        uid_next: snapshot.uid_next(),
        highest_modseq: snapshot.highest_modseq(),
        keywords: snapshot.keywords().to_vec(),
        rows: snapshot.rows().cloned().collect(),
        tombstones: snapshot.tombstones().collect(),
        tombstone_floor: snapshot.tombstone_floor(),
    }
}

/// Go on above all numbers that the missing changes may have given away. Every message counts as changed, and no expunge as
/// remembered, so that whoever knew the account learns what it is now.
pub(super) fn renumber(state: &mut State, margin: u64) {
    let margin = |number: u64| number.saturating_add(margin);
    let counters = &mut state.counters;
    counters.modseq = ModSeq::new(margin(counters.modseq.get())).unwrap_or(ModSeq::MAX);
    counters.mailbox = margin(counters.mailbox);
    counters.email = margin(counters.email);
    state.emails.skip_to(rookery_mail::EmailId(counters.email + 1));
    let modseq = state.counters.modseq;
    for published in state.mailboxes.values_mut() {
        let Some(Mailbox { snapshot, recent }) = published.mailbox().cloned() else { continue };
        let mut parts = parts(&snapshot);
        let next = parts.uid_next.map(|uid| margin(u64::from(uid.get())));
        parts.uid_next = next.and_then(|next| u32::try_from(next).ok()).and_then(Uid::new);
        parts.rows.iter_mut().for_each(|row| row.modseq = modseq);
        parts.tombstones.clear();
        (parts.highest_modseq, parts.tombstone_floor) = (modseq, modseq);
        let snapshot = Arc::new(Snapshot::from_parts(parts));
        *published = Published::new(Mailbox { snapshot, recent });
    }
}
