//! What the bits of a change stand for, though changes before it are missing.

use super::fit::RECOVERED;
use crate::record::{FlagsRecord, NewKeywords, Record};
use rookery_mail::{Keyword, MailboxId, ModSeq, SystemFlags, UidSet};
use rookery_mailbox::{FlagOperation, FlagSet, Snapshot};

/// The keywords of a change that gives these bits to messages, and the change to make before it.
pub(super) fn fit_keywords(
    snapshot: Option<&Snapshot>,
    change: (MailboxId, ModSeq),
    keywords: &NewKeywords,
    used: u128,
) -> (Option<Record>, NewKeywords) {
    let used = keywords.named().fold(used, |bits, (bit, _)| bits | 1 << bit);
    let next = aligned(snapshot, &keywords.next, used);
    let before = snapshot.map_or(&[][..], Snapshot::keywords);
    let mut fitting = NewKeywords { next, ..NewKeywords::default() };
    let names: Vec<Keyword> = fitting.after(before).cloned().collect();
    for (bit, keyword) in keywords.named() {
        let is_named = |at: usize| keywords.named().any(|(bit, _)| usize::from(*bit) == at);
        let same = names.iter().enumerate().filter(|(_, known)| *known == keyword);
        // Another bit that stood for it once stands for something else by then, and no change says yet for what.
        for (at, _) in same.filter(|(at, _)| !is_named(*at)) {
            recovered(at).iter().for_each(|unknown| fitting.take_over(at, unknown));
        }
        if names.get(usize::from(*bit)) != Some(keyword) {
            fitting.take_over(usize::from(*bit), keyword);
        }
    }
    let lost = fitting.taken_over.iter().fold(0, |bits, (bit, _)| bits | 1 << bit);
    (snapshot.and_then(|snapshot| without(snapshot, change, lost)), fitting)
}

/// Bits that stood for something else before: when they were taken over, no message had them any more.
fn without(
    snapshot: &Snapshot,
    (mailbox, modseq): (MailboxId, ModSeq),
    lost: u128,
) -> Option<Record> {
    let rows = snapshot.rows().filter(|row| row.flags.keywords & lost != 0);
    let uids: UidSet = if lost == 0 { UidSet::new() } else { rows.map(|row| row.uid).collect() };
    let flags = FlagSet { system: SystemFlags::default(), keywords: lost };
    let (new_keywords, operation) = (NewKeywords::default(), FlagOperation::Remove);
    let record = FlagsRecord { mailbox, modseq, new_keywords, operation, flags, uids };
    (!record.uids.is_empty()).then_some(Record::Flags(record))
}

/// New keywords, with others before them for those whose coming is missing: the flags of the change, which has the new ones
/// last, say how many there are.
fn aligned(snapshot: Option<&Snapshot>, new: &[Keyword], used: u128) -> Vec<Keyword> {
    let known = snapshot.map_or(0, |snapshot| snapshot.keywords().len());
    let all = usize::try_from(u128::BITS - used.leading_zeros()).unwrap_or(0);
    let missing = all.saturating_sub(known + new.len());
    let unknown = (known..known + missing).filter_map(recovered);
    unknown.chain(new.iter().cloned()).collect()
}

/// What a bit stands for of which nobody knows.
fn recovered(bit: usize) -> Option<Keyword> {
    Keyword::new(&format!("${RECOVERED}{bit}")).ok()
}
