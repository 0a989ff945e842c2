//! Beginning a damaged log anew, with all that can be read of it. The segments that there are stay as they are.

use super::contents::Contents;
use super::report::Finding;
use super::{Loaded, Subject};
use crate::failure::is_no_file;
use crate::index::Stamps;
use crate::recovery;
use crate::resting::Part;
use crate::salvage::{self, Salvaged, index_unless_of_the_moment, unless_of_the_moment};
use crate::segment::{SEGMENT_HEADER, file_name};
use crate::state::State;
use crate::store::seconds_since_1970;
use crate::{base, frame, index, left_out};
use rookery_mailbox::StoreError;
use std::collections::BTreeSet;
use std::io;
use std::sync::Arc;

const IN_USE: &str = "it cannot be mended while the account is in use: disconnect its clients, or stop the server, and \
     repair it then";

/// A log that was begun anew by what its frames say would not be that of the header, if that can be read again.
const UNREAD_HEADER: &str = "the disk cannot read the header of a segment: copy what it can read to another one, and repair it there";

/// What a log is begun anew with.
struct Beginning {
    state: State,
    log: u64,
    sequence: u64,
    /// If changes are missing, what had to be done without them.
    salvaged: Option<Salvaged>,
}

/// A log that was begun anew.
pub(super) struct Begun {
    /// In words.
    pub(super) how: String,
    pub(super) notes: Vec<Finding>,
    /// Whether there were changes that it is without.
    pub(super) lost_changes: bool,
    /// The account as it is from now on.
    pub(super) state: State,
}

/// What is to be added to these words if the content of messages cannot be read.
pub(super) const BUT_FOR_LOST: &str =
    ", but for messages that cannot be read: they are named below";

/// Begin the log of an account anew; `hides_changes` says whether there may be changes in what is damaged of it. An error says why it
/// was not.
pub(super) fn begin(
    subject: &mut Subject,
    loaded: &Loaded,
    contents: &Contents,
    hides_changes: bool,
) -> Result<Begun, String> {
    if let Some(account) = subject.account.take() {
        if account.is_writable() {
            account.renew_index();
        }
        drop(account);
        subject.shared.kept.release(&subject.dir);
    }
    if loaded.upgrade().is_some() {
        return Err(IN_USE.to_owned());
    }
    let Beginning { mut state, log, sequence, salvaged } = find(subject).map_err(|error| {
        format!("nothing can be read of the account ({error}): restore it from a backup")
    })?;
    if frame::is_as_frames_say(log) && is_header_unread(subject) {
        return Err(UNREAD_HEADER.to_owned());
    }
    for (email, location) in contents.moved(&state) {
        let segment = (location.segment, state.emails.generation(location.segment));
        state.emails.relocate(segment, &[(email, location)]);
    }
    state.emails.recount();
    let next = subject.numbers.last().map_or(Some(1), |last| last.checked_add(1));
    let number = next
        .ok_or("the log could not be begun anew: no segment can come after those that there are")?;
    write(subject, (log, number, sequence), &state)
        .map_err(|error| format!("the log could not be begun anew: {error}"))?;
    let file = file_name(number);
    let what = if salvaged.is_none() { "there was" } else { "can be read" };
    let how = format!("the log goes on in {file} with all that {what}");
    let lost_changes = salvaged.as_ref().is_some_and(|it| hides_changes || it.unfit > 0);
    let notes = salvaged.map_or_else(Vec::new, |salvaged| notes(&file, &salvaged, lost_changes));
    Ok(Begun { how, notes, lost_changes, state })
}

/// Whether the disk cannot read a header that may say which log it is.
fn is_header_unread(subject: &Subject) -> bool {
    let (dir, header) = (subject.dir.join("seg"), 0..SEGMENT_HEADER as u64);
    let is_unread =
        |number: &u32| subject.unread.within(&dir.join(file_name(*number)), &header).is_some();
    subject.numbers.iter().any(is_unread)
}

/// The account as it was, if its index snapshots cover the damage, or what can be put together.
fn find(subject: &Subject) -> Result<Beginning, StoreError> {
    let Subject { vfs, dir, max_tombstones, log, .. } = subject;
    let index = log.map(|log| index_unless_of_the_moment(&**vfs, dir, log)).transpose()?.flatten();
    // Here nothing that cannot be read counts as zeros: it might be taken for the torn end of the log.
    let told = recovery::read(&**vfs, dir, *max_tombstones, index);
    let told = unless_of_the_moment(told)?;
    if let Some(told) = told {
        let (mut state, log, sequence) = (told.state, told.current.header.log, told.sequence);
        if !told.left_out.is_empty() {
            left_out::remove_all(&mut state, *max_tombstones);
        }
        return Ok(Beginning { state, log, sequence, salvaged: None });
    }
    let now = i64::try_from(seconds_since_1970()).unwrap_or(i64::MAX);
    let unread = Arc::clone(&subject.unread);
    let mut salvaged = salvage::salvage((&**vfs, unread), dir, *max_tombstones, now)?;
    salvaged.renumber(subject.shared.options.salvage_margin);
    let state = std::mem::take(&mut salvaged.state);
    let (log, sequence) = (salvaged.log, salvaged.sequence);
    Ok(Beginning { state, log, sequence, salvaged: Some(salvaged) })
}

/// The old segments are synced first, for the new one says where mail lies in them.
fn write(
    subject: &Subject,
    (log, number, sequence): (u64, u32, u64),
    state: &State,
) -> io::Result<()> {
    let (vfs, dir) = (&*subject.vfs, &subject.dir);
    if let Some(last) = subject.numbers.last() {
        match vfs.open(&dir.join("seg").join(file_name(*last))) {
            Err(error) if is_no_file(&error) => {}
            last => last?.sync_data()?,
        }
    }
    let position = base::write(vfs, dir, (log, number, sequence), state)?;
    // They also say which log is the account's, whatever lies among its segments.
    let parts: BTreeSet<Part> = state.parts().collect();
    let indexes = (&mut Stamps::new(), &parts);
    if index::save(vfs, dir, (log, position), state, indexes).is_err() {
        // Those that stay are older than the base, which counts.
        let _ = index::remove(vfs, dir);
    }
    Ok(())
}

/// What whoever keeps the server should tell the account's owner.
fn notes(file: &str, salvaged: &Salvaged, lost_changes: bool) -> Vec<Finding> {
    let note =
        |what: String, consequence: &str| Finding::note(format!("seg/{file}"), what, consequence);
    let mut notes = vec![match lost_changes {
        true => note(
            "changes that cannot be read are missing".to_owned(),
            "messages that they brought are missing, messages that they expunged are there again, flags that they changed are as \
             they were; clients fetch all flags again",
        ),
        false => note("all changes could be read".to_owned(), "clients fetch all flags again"),
    }];
    if !salvaged.unread.is_empty() {
        notes.push(note(
            "what the disk could not read when it was asked twice is left out".to_owned(),
            "the segments stay as they are: look at the disk, and copy them from it if it can be read again",
        ));
    }
    if salvaged.strays > 0 {
        let what = format!("{} messages are in the mailbox Recovered", salvaged.strays);
        notes.push(note(what, "nobody knows in which mailbox they were, or whether they were expunged from all; move them to where they belong"));
    }
    for name in &salvaged.renamed {
        let what = format!("the name of the mailbox {} is lost", name.as_str());
        notes.push(note(what, "rename it"));
    }
    for name in &salvaged.made_anew {
        let what = format!("the change that made the mailbox {} is missing", name.as_str());
        notes.push(note(what, "it has a new UIDVALIDITY: clients fetch all its messages again"));
    }
    if salvaged.unfit > 0 {
        let what = format!("{} changes did not fit to those before them", salvaged.unfit);
        notes.push(note(what, "they are left out"));
    }
    notes
}
