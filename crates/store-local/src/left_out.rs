//! Messages whose content was left out when its segment was written anew.
//!
//! In an account there are none: only what is dead is left out. But who copies an account while it changes may copy the end of its
//! log first, and then an older segment that was written anew in the meantime, without what has died since. So such a segment
//! says as of which change all of it was dead. Where a log ends before that change, the messages concerned are those
//! that were expunged for good while the copy was made. They are expunged in the copy, too, before anybody sees it.

use crate::copied;
use crate::draft::Draft;
use crate::index;
use crate::plan;
use crate::record::Record;
use crate::replay::damage;
use crate::resting::Part;
use crate::state::State;
use crate::vfs::Vfs;
use rookery_mail::{EmailId, MailboxId, UidSet};
use rookery_mailbox::StoreError;
use std::collections::BTreeMap;
use std::path::Path;

/// Messages, by mailbox.
pub(crate) type Messages = BTreeMap<MailboxId, UidSet>;

/// The change of each segment, by its number, as of which all was dead that was left out of it.
pub(crate) type DeadAsOf = BTreeMap<u32, u64>;

/// What is to be expunged from a copy. The segments are those that the index snapshots do not know as they are now, and that
/// were written anew as of a change that comes after the end of the log.
///
/// Whoever took index snapshots of such segments had seen to it: in the account itself the log reaches further, and from a copy
/// these messages had been expunged. So if they belong to this account, and not to one that it is a copy of, the log has lost its
/// end. Without them nobody can tell; what was left out had been expunged in either case.
pub(crate) fn find(
    files: (&dyn Vfs, &Path),
    state: &State,
    (segments, has_index): (&DeadAsOf, bool),
) -> Result<Messages, StoreError> {
    let Some((number, _)) = segments.first_key_value() else { return Ok(Messages::new()) };
    let reading = |source| StoreError::Io { context: index::READING, source };
    if has_index && copied::is_original(files.0, files.1).map_err(reading)? {
        return Err(damage(*number, 0, ENDS_LATER));
    }
    state.read(files, Part::Contents).map_err(reading)?;
    let contents = contents(state, |segment| segments.contains_key(&segment));
    if contents.is_empty() {
        return Ok(Messages::new());
    }
    state.read_all(files).map_err(reading)?;
    Ok(messages(state, &contents))
}

const ENDS_LATER: &str = "a segment that was written anew when the log had come no further";

/// Content of such segments that was left out although messages have it, and the segment of each.
pub(crate) fn contents(state: &State, of: impl Fn(u32) -> bool) -> BTreeMap<EmailId, u32> {
    let all = state.emails.all().unwrap_or_default().iter().zip(1..);
    let left_out = all.filter(|(email, _)| {
        email.references > 0 && email.location.len == 0 && of(email.location.segment)
    });
    left_out.map(|(email, id)| (EmailId(id), email.location.segment)).collect()
}

/// The messages with this content.
fn messages(state: &State, contents: &BTreeMap<EmailId, u32>) -> Messages {
    let mut found = Messages::new();
    for (id, published) in &state.mailboxes {
        let rows = published.snapshot().into_iter().flat_map(|snapshot| snapshot.rows());
        let uids: UidSet =
            rows.filter(|row| contents.contains_key(&row.email)).map(|row| row.uid).collect();
        if !uids.is_empty() {
            found.insert(*id, uids);
        }
    }
    found
}

/// The change by which messages of a mailbox go.
pub(crate) fn expunge(draft: &Draft<'_>, mailbox: MailboxId, uids: &UidSet) -> Record {
    Record::Expunge { mailbox, modseq: plan::next_modseq(draft), uids: uids.clone() }
}

/// Let all messages go whose content was left out, in an account that is put together. All of it is in memory.
pub(crate) fn remove_all(state: &mut State, max_tombstones: usize) {
    let contents = contents(state, |_| true);
    for (mailbox, uids) in messages(state, &contents) {
        let mut draft = Draft::new(state, max_tombstones);
        let record = expunge(&draft, mailbox, &uids);
        if draft.apply(&record, crate::state::Location::default()).is_ok() {
            let delta = draft.finish();
            state.publish(delta);
        }
    }
}
