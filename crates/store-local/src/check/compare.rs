//! Whether index snapshots say what the log says.

use crate::index::{self, Stamps};
use crate::state::{Published, State};
use rookery_mail::MailboxId;
use rookery_mailbox::{Snapshot, Tombstone};
use std::collections::BTreeMap;

/// Where an index snapshot says something else than the log: file and subject.
pub(super) fn differences(index: &State, stamps: &Stamps, log: &State) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut tell = |is_same: bool, subject: &str| {
        if !is_same {
            found.push((index::ACCOUNT_FILE.to_owned(), subject.to_owned()));
        }
    };
    tell(index.list.mailboxes == log.list.mailboxes, "which mailboxes there are");
    tell(index.list.subscriptions == log.list.subscriptions, "the subscriptions");
    tell(index.counters == log.counters, "the numbers that were given away");
    tell(recent(index) == recent(log), "which messages sessions were told of as recent");
    tell(index.emails.all == log.emails.all, "where content lies and how many messages have it");
    tell(live(index) == live(log), "how much of the segments is alive");
    tell(index.threads == log.threads, "the threads");
    for (id, published) in &log.mailboxes {
        let Some(ours) = index.mailboxes.get(id) else { continue };
        if !is_same(&ours.mailbox.snapshot, &published.mailbox.snapshot) {
            let stamp = stamps.get(id).copied().unwrap_or(0);
            let name = name(log, *id);
            found.push((index::mailbox_path(*id, stamp), format!("the messages of {name}")));
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
    let recent = |(id, published): (&MailboxId, &Published)| (*id, published.mailbox.recent);
    state.mailboxes.iter().map(recent).collect()
}

fn live(state: &State) -> BTreeMap<u32, u64> {
    let live = state.emails.live.iter().filter(|(_, units)| **units > 0);
    live.map(|(segment, units)| (*segment, *units)).collect()
}

/// The name of a mailbox.
pub(super) fn name(state: &State, id: MailboxId) -> String {
    let info = state.list.mailboxes.values().find(|info| info.id == id);
    info.map_or_else(|| format!("mailbox {id}"), |info| info.name.as_str().to_owned())
}
