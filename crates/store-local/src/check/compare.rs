//! Whether index snapshots say what the log says.

use crate::index::{self, Stamps};
use crate::resting::Part;
use crate::state::{Published, State};
use rookery_mail::MailboxId;
use rookery_mailbox::{Snapshot, Tombstone};
use std::collections::BTreeMap;

/// Where an index snapshot says something else than the log: file and subject.
pub(super) fn differences(index: &State, stamps: &Stamps, log: &State) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let path = |part| index::part_path(part, stamps.get(&part).copied().unwrap_or(0));
    let contents = index.emails.all() == log.emails.all();
    let parts = [
        (contents, Part::Contents, "where content lies and how many messages have it"),
        (index.threads.get() == log.threads.get(), Part::Threads, "the threads"),
    ];
    let wrong = parts.into_iter().filter(|(is_same, ..)| !is_same);
    found.extend(wrong.map(|(_, part, subject)| (path(part), subject.to_owned())));
    let mut tell = |is_same: bool, subject: &str| {
        if !is_same {
            found.push((index::ACCOUNT_FILE.to_owned(), subject.to_owned()));
        }
    };
    tell(index.list.mailboxes == log.list.mailboxes, "which mailboxes there are");
    tell(index.list.subscriptions == log.list.subscriptions, "the subscriptions");
    tell(index.counters == log.counters, "the numbers that were given away");
    tell(recent(index) == recent(log), "which messages sessions were told of as recent");
    tell(units(&index.emails.live) == units(&log.emails.live), "how much of the segments is alive");
    tell(units(&index.emails.dead) == units(&log.emails.dead), "how much of the segments is dead");
    for (id, published) in &log.mailboxes {
        let Some(ours) = index.mailboxes.get(id) else { continue };
        let (Some(one), Some(other)) = (ours.snapshot(), published.snapshot()) else { continue };
        if !is_same(one, other) {
            let name = name(log, *id);
            found.push((path(Part::Mailbox(*id)), format!("the messages of {name}")));
        }
    }
    found
}

/// Whether two snapshots say the same. One may remember expunges that the other has forgotten: how many are remembered is
/// not the log's to say.
fn is_same(one: &Snapshot, other: &Snapshot) -> bool {
    let floor = one.tombstone_floor().max(other.tombstone_floor());
    let stones = |it: &Snapshot| -> Vec<Tombstone> {
        it.tombstones().filter(|stone| stone.modseq > floor).collect()
    };
    let head = |it: &Snapshot| (it.id(), it.uid_validity(), it.uid_next(), it.highest_modseq());
    head(one) == head(other)
        && one.counts() == other.counts()
        && one.keywords() == other.keywords()
        && one.rows().eq(other.rows())
        && stones(one) == stones(other)
}

fn recent(state: &State) -> BTreeMap<MailboxId, Option<rookery_mail::Uid>> {
    let recent = |(id, published): (&MailboxId, &Published)| (*id, published.recent());
    state.mailboxes.iter().map(recent).collect()
}

/// The segments that have any.
fn units(units: &BTreeMap<u32, u64>) -> BTreeMap<u32, u64> {
    let units = units.iter().filter(|(_, units)| **units > 0);
    units.map(|(segment, units)| (*segment, *units)).collect()
}

/// The name of a mailbox.
pub(super) fn name(state: &State, id: MailboxId) -> String {
    let info = state.list.mailboxes.values().find(|info| info.id == id);
    info.map_or_else(|| format!("mailbox {id}"), |info| info.name.as_str().to_owned())
}
