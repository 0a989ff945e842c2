//! The selected mailbox as one client has it.

use crate::refusal::Refusal;
use rookery_imap_wire::{Code, SeqNumber, SequenceSet};
use rookery_mail::{Keyword, MailboxId, ModSeq, Uid, UidRange, UidSet};
use rookery_mailbox::{OpenMailbox, Snapshot, View};
use std::sync::Arc;
use tokio::sync::watch;

/// What the client has heard of the flags of its mailbox.
pub(crate) struct ToldKeywords {
    pub(crate) keywords: Arc<Vec<Keyword>>,
    /// Whether it can make others (RFC 9051 §7.1: PERMANENTFLAGS).
    pub(crate) any: bool,
    /// The mailbox's last change when this was so: until the next one it stays so.
    as_of: ModSeq,
}

impl ToldKeywords {
    pub(crate) fn of(snapshot: &Snapshot, read_only: bool) -> Self {
        Self {
            keywords: snapshot.shared_keywords(),
            any: !read_only && snapshot.has_room_for_keywords(),
            as_of: snapshot.highest_modseq(),
        }
    }
}

/// A selected mailbox.
pub(crate) struct Selected {
    pub(crate) id: MailboxId,
    pub(crate) open: Arc<OpenMailbox>,
    /// Ready when the mailbox has changed.
    pub(crate) wake: watch::Receiver<Arc<Snapshot>>,
    /// What the client believes.
    pub(crate) view: View,
    /// Whether it was opened by EXAMINE.
    pub(crate) read_only: bool,
    /// Messages that are `\Recent` in this session (RFC 3501 §2.3.2).
    pub(crate) recent: UidSet,
    pub(crate) keywords_told: ToldKeywords,
    /// Whether the client has last been told of a modification sequence from before the expunges that
    /// are held back.
    pub(crate) modseq_delayed: bool,
    /// What `$` stands for (RFC 9051 §6.4.4.1).
    pub(crate) saved: Arc<UidSet>,
}

impl Selected {
    /// Take note of the keywords of a snapshot; says whether the client has something to hear.
    pub(crate) fn has_other_keywords(&mut self, snapshot: &Snapshot) -> bool {
        if snapshot.highest_modseq() <= self.keywords_told.as_of {
            return false;
        }
        let now = ToldKeywords::of(snapshot, self.read_only);
        let then = std::mem::replace(&mut self.keywords_told, now);
        (&then.keywords, then.any) != (&self.keywords_told.keywords, self.keywords_told.any)
    }

    /// UIDs among which those that the client knows are the messages that a command names. There are no more ranges of them
    /// than the client wrote, however many gaps the mailbox has; what lies in a gap is no message, nor will be one.
    ///
    /// Numbers above the last message are an error, unless in a range with `*`: clients ask for `1:*`
    /// of an empty mailbox. UIDs that do not exist are not (RFC 9051 §6.4.9).
    pub(crate) fn resolve(&self, set: &SequenceSet, uid: bool) -> Result<UidSet, Refusal> {
        match (set, uid) {
            (SequenceSet::Saved, _) => Ok(UidSet::clone(&self.saved)),
            (SequenceSet::Set(_), true) => Ok(self.known(&uids(set, self.view.last_uid()))),
            (SequenceSet::Set(ranges), false) => {
                let last = self.view.len();
                let above = |number| matches!(number, SeqNumber::Number(n) if n.get() > last);
                let star = |number| matches!(number, SeqNumber::Star);
                let outside = ranges.iter().any(|range| {
                    let open = star(range.from) || star(range.to);
                    let nothing = last == 0 && star(range.from) && star(range.to);
                    nothing || (!open && (above(range.from) || above(range.to)))
                });
                if outside {
                    return Err(Refusal::bad("There is no message of that number"));
                }
                Ok(self.around(set))
            }
        }
    }

    /// UIDs among which those of the messages that the client knows are the ones with these numbers, disregarding numbers
    /// that do not exist. There are no more ranges of them than the client wrote, however many gaps the mailbox has.
    pub(crate) fn around(&self, numbers: &SequenceSet) -> UidSet {
        let last = self.view.len();
        let ranges = numbers.resolve(last).into_iter().filter_map(|(first, to)| {
            Some(UidRange::new(self.view.uid(first)?, self.view.uid(to.min(last))?))
        });
        ranges.collect()
    }

    /// Octets that the view takes and shares with nobody who knows what the mailbox is now.
    pub(crate) fn own_octets(&self) -> usize {
        self.view.own_octets(&self.open.snapshot())
    }

    /// The latest change, for a command that has just made one (RFC 7162 §3.2.7). What is told behind
    /// the command is at least as new.
    pub(crate) fn latest_change(&self) -> Code {
        Code::HighestModSeq(self.open.snapshot().highest_modseq().get())
    }

    /// Refuse what changes a mailbox that was opened by EXAMINE.
    pub(crate) fn check_writable(&self) -> Result<(), Refusal> {
        if self.read_only {
            return Err(Refusal::no(Code::ReadOnly, "The mailbox is open read-only"));
        }
        Ok(())
    }

    /// Those of the UIDs that are not above what the client knows: there may be messages that it is yet to be told of.
    pub(crate) fn known(&self, uids: &UidSet) -> UidSet {
        let known = self.view.last_uid().map(|last| UidRange::new(Uid::MIN, last));
        uids.intersection(&known.into_iter().collect())
    }
}

/// A set of UIDs as a client wrote it; `*` is the last one.
pub(crate) fn uids(set: &SequenceSet, last: Option<Uid>) -> UidSet {
    let ranges = set.resolve(last.map_or(0, Uid::get)).into_iter();
    ranges.filter_map(|(from, to)| Some(UidRange::new(Uid::new(from)?, Uid::new(to)?))).collect()
}

#[cfg(test)]
pub(crate) mod tests {
    use rookery_mail::{DateTime, EmailId, MailboxId, ModSeq, ThreadId, Uid, UidSet, UidValidity};
    use rookery_mailbox::{FlagSet, Row, Snapshot, SnapshotParts};

    /// A mailbox that has these messages, of which nothing else matters.
    pub(crate) fn snapshot_of(uids: &UidSet) -> Snapshot {
        let row = |uid| Row {
            uid,
            modseq: ModSeq::ZERO,
            created: ModSeq::ZERO,
            flags: FlagSet::default(),
            email: EmailId(1),
            thread: ThreadId(1),
            size: 1,
            internal_date: DateTime::from_unix(0),
            save_date: 0,
        };
        Snapshot::from_parts(SnapshotParts {
            id: MailboxId(1),
            uid_validity: UidValidity::MIN,
            uid_next: uids.last().and_then(Uid::next),
            highest_modseq: ModSeq::ZERO,
            keywords: Vec::new(),
            rows: uids.iter().map(row).collect(),
            tombstones: Vec::new(),
            tombstone_floor: ModSeq::ZERO,
        })
    }
}
