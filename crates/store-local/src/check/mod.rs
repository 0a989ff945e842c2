//! Checking an account: every octet of its log, its index snapshots against the log, its files and their modes. A check
//! changes nothing. A repair turns flipped bits back, makes anew what can be made from the log, removes what is not needed, and
//! begins the log anew if changes of it cannot be read.

mod anew;
mod bits;
mod compare;
mod contents;
mod files;
mod log;
mod messages;
mod names;
mod order;
mod report;

pub use report::{Concern, Finding, Report, Severity};

use crate::account::Account;
use crate::base;
use crate::commit::Writer;
use crate::copied;
use crate::failure::{failed, io_error};
use crate::index::{self, Stamps};
use crate::left_out::{self, DeadAsOf};
use crate::recovery;
use crate::replay::READING;
use crate::segment::{self, file_name, number_of};
use crate::state::{Location, State};
use crate::store::{LocalStore, Shared, Slot, exists};
use crate::sync::{lock, read};
use crate::vfs::{Patient, Unread, Vfs, in_words};
use crate::witness::Witness;
use anew::Begun;
use contents::Contents;
use log::{Outcome, Problem, Walk};
use messages::Segments;
use rookery_mailbox::{Refused, StoreError};
use std::collections::BTreeMap;
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use tokio::sync::OwnedMutexGuard;

type Loaded = OwnedMutexGuard<std::sync::Weak<Account>>;

/// What is checked, as it was when the check began.
pub(crate) struct Subject {
    shared: Arc<Shared>,
    pub(crate) vfs: Arc<dyn Vfs>,
    pub(crate) dir: PathBuf,
    pub(crate) max_tombstones: usize,
    /// The account, if it is loaded.
    pub(crate) account: Option<Arc<Account>>,
    /// Its segments.
    pub(crate) numbers: Vec<u32>,
    /// The log's random number, if it is known.
    pub(crate) log: Option<u64>,
    /// The last segment of a loaded account, and where the log ended in it.
    pub(crate) end: Option<(u32, u64)>,
    /// What the disk cannot read.
    pub(crate) unread: Arc<Unread>,
}

impl Subject {
    /// The files, as far as they can be read.
    pub(crate) fn readable(&self) -> Patient<'_> {
        Patient::new(&*self.vfs, &self.unread)
    }

    /// The path of a segment.
    pub(crate) fn segment(&self, number: u32) -> PathBuf {
        self.dir.join("seg").join(file_name(number))
    }

    /// The first octets of a segment, within these, that the disk cannot read.
    pub(crate) fn unread(&self, number: u32, octets: &Range<u64>) -> Option<Range<u64>> {
        // It is asked of every frame, and nearly all disks can be read.
        if self.unread.is_empty() {
            return None;
        }
        self.unread.within(&self.segment(number), octets)
    }

    pub(crate) fn last_segment(&self) -> u32 {
        self.end.map_or_else(|| self.numbers.last().copied().unwrap_or(1), |(last, _)| last)
    }

    /// Whether the store is being closed, so that the check must end.
    pub(crate) fn is_stopped(&self) -> bool {
        self.shared.closing.load(Ordering::SeqCst)
    }
}

type Index = io::Result<Option<(State, index::Position, Stamps)>>;

impl LocalStore {
    /// Verify all that the disk has of an account, whether it opens or not, and whether it is in use or not. Nothing is
    /// changed. Every octet of the log is read, and the account is replayed beside the one that may be loaded.
    ///
    /// # Errors
    /// [`Refused::NoSuchAccount`]; [`StoreError::Io`] if its directory cannot be listed, or the store is closed meanwhile.
    pub async fn check(&self, name: &str) -> Result<Report, StoreError> {
        self.check_or_repair(name, false).await
    }

    /// Check an account, and mend it: flipped bits are turned back, index snapshots are removed or written anew, what crashes
    /// left is removed, and only the owner can use the files. A log of which changes cannot be read is begun anew with
    /// all that can be read, if nobody uses the account. An account that nobody has is not loaded meanwhile.
    ///
    /// # Errors
    /// As of [`LocalStore::check`].
    pub async fn repair(&self, name: &str) -> Result<Report, StoreError> {
        self.check_or_repair(name, true).await
    }

    async fn check_or_repair(&self, name: &str, repair: bool) -> Result<Report, StoreError> {
        let slot = self.slot(name);
        let checked = self.check_in(name, &slot, repair).await;
        self.release_slot(name, slot);
        checked
    }

    async fn check_in(&self, name: &str, slot: &Slot, repair: bool) -> Result<Report, StoreError> {
        // No segment is written anew while the log is read.
        let shared = Arc::clone(&self.shared);
        let permit = Arc::clone(&shared.compactions).acquire_owned().await;
        let permit = permit.map_err(|_| failed(READING))?;
        let loaded = Arc::clone(slot).lock_owned().await;
        self.check_open()?;
        let (dir, name) = (self.account_dir(name), name.to_owned());
        self.blocking(move || {
            let _permit = permit;
            let is_possible = crate::account_name::is_possible(&name);
            let found = if is_possible { exists(&*shared.vfs, &dir) } else { Ok(false) };
            let found = match found {
                Err(StoreError::Damaged(what)) => return Ok(without_log(what)),
                found => found?,
            };
            if !found {
                return Err(Refused::NoSuchAccount.into());
            }
            check(&shared, &dir, loaded, repair)
        })
        .await
    }
}

/// What is said of an account that has lost its log.
fn without_log(what: String) -> Report {
    let mut report = Report::default();
    report.add(Finding::wrong("seg", what, UNREADABLE));
    report
}

fn check(
    shared: &Arc<Shared>,
    dir: &Path,
    loaded: Loaded,
    repair: bool,
) -> Result<Report, StoreError> {
    let mut report = Report::default();
    let (mut subject, mut index) = begin(shared, dir, &loaded, repair, &mut report)?;
    // Who only looks need not keep others from loading the account.
    let loaded = repair.then_some(loaded);
    let mut state = State::default();
    let segments = subject.dir.join("seg");
    let find = |log| base::find_readable(&subject.readable(), &segments, &subject.numbers, log);
    let base = subject.log.map(find).transpose().map_err(|error| io_error(READING, error))?;
    let base = base.flatten();
    let first = base.unwrap_or(1);
    index = index.map(|index| index.filter(|(_, position, _)| position.segment >= first));
    let indexed = index.as_ref().ok().and_then(Option::as_ref).map(|(_, position, _)| *position);
    let generations = |(state, ..): &(State, _, _)| state.emails.generations.clone();
    let known = index.as_ref().ok().and_then(Option::as_ref).map(generations).unwrap_or_default();
    let is_rewritten = indexed.is_some_and(|it| is_rewritten(&subject, it.segment, &known));
    let indexes = (indexed.unwrap_or_default(), known);
    let mut walk = Walk::new(&subject, indexes, first);
    if base.is_some() {
        walk.begin_with_base(&mut state);
    }
    if let Some(indexed) = indexed {
        // Where changes were left out that the index snapshots know of, both say the same at the end only.
        let to = if is_rewritten { u64::MAX } else { indexed.sequence };
        walk.read_to(to, &mut state);
    }
    let mut wrong_index = compare(&subject, &mut walk, (&mut index, is_rewritten), (&state, first));
    walk.read_to(u64::MAX, &mut state);
    walk.look_for_beginning();
    walk.look_behind_the_end();
    let written_later = walk.written_later();
    if let Some((number, change)) = written_later.first_key_value()
        && indexed.is_some()
        && copied::is_original(&*subject.vfs, &subject.dir).unwrap_or(false)
    {
        walk.ends_before((*number, *change));
    }
    if subject.is_stopped() {
        return Err(failed("checking an account"));
    }
    report.segments = subject.numbers.len() as u64;
    (report.changes, report.octets) = (walk.changes, walk.octets);
    walk.note_moved(&state);
    let is_whole = !walk.problems.iter().any(|it| matches!(it.outcome, Outcome::AsOpened));
    let (problems, contents) =
        (std::mem::take(&mut walk.problems), std::mem::take(&mut walk.contents));
    let unread = unread_indexes(&subject);
    wrong_index.extend(index.as_ref().err().filter(|_| unread.is_empty()).map(unreadable_index));
    wrong_index.extend(unread);
    let of_the_moment = std::mem::take(&mut walk.of_the_moment);
    let found = Found { problems, contents, state, is_whole, index, written_later, of_the_moment };
    let end = conclude(&mut subject, found, loaded.as_ref(), &mut report);
    if let (End::Whole, Some(_), false) = (&end, &loaded, wrong_index.is_empty()) {
        mend_index(&subject, &mut wrong_index);
    }
    wrong_index.into_iter().for_each(|finding| report.add(finding));
    Ok(report)
}

/// What a check found in the log.
struct Found {
    problems: Vec<Problem>,
    contents: Contents,
    /// The account as the log tells it, up to the first damage.
    state: State,
    is_whole: bool,
    index: Index,
    /// Segments that were written anew as of a change that the log of a copy has not yet.
    written_later: DeadAsOf,
    /// Why some of it could not be looked at, if that says nothing of what the disk has.
    of_the_moment: Option<String>,
}

/// Say what was found in the log, and begin it anew if it is to be repaired and needs it. Which messages cannot be read is
/// said of the account as it is after that.
fn conclude(
    subject: &mut Subject,
    found: Found,
    loaded: Option<&Loaded>,
    report: &mut Report,
) -> End {
    let Found { problems, contents, state, is_whole, index, written_later, of_the_moment } = found;
    let places = (&contents, &written_later);
    let known = known(subject, &problems, places, (&state, is_whole), &index);
    let Known { count, mut concerns, lost } = known;
    report.messages = count;
    // What could not be looked at now is not lost.
    let is_looked_at = of_the_moment.is_none();
    let mut end = match loaded {
        _ if is_whole => End::Whole,
        Some(_) if let Some(why) = of_the_moment => End::Unmended(format!("{NOT_NOW}: {why}")),
        Some(loaded) => {
            let hides_changes = problems.iter().any(|it| it.hides_changes);
            let begun = anew::begin(subject, loaded, &contents, hides_changes);
            begun.map_or_else(End::Unmended, |it| End::Begun(Box::new(it)))
        }
        None => End::Unmended(opened(subject).to_owned()),
    };
    let known = match &end {
        End::Whole => Some(&state),
        End::Begun(begun) => Some(&begun.state),
        End::Unmended(_) => None,
    };
    let mut segments = Segments::new(subject);
    let lost = match known {
        _ if !is_looked_at => Vec::new(),
        None => lost,
        Some(state) => messages::lost(state, places, |place, email| segments.have(place, email)),
    };
    if is_whole {
        leaving(&state, &written_later, report);
    }
    if let Some(state) = known {
        let now = messages::concerns(state, &problems, &contents);
        let pairs = problems.iter().zip(concerns.iter_mut().zip(now));
        let of_messages = pairs.filter(|(it, _)| matches!(it.outcome, Outcome::OfMessages(_)));
        of_messages.for_each(|(_, (before, now))| *before = now);
    }
    let mut notes = Vec::new();
    if let End::Begun(begun) = &mut end {
        notes = std::mem::take(&mut begun.notes);
        report.lost_changes = begun.lost_changes;
        begun.how.push_str(if lost.is_empty() { "" } else { anew::BUT_FOR_LOST });
    }
    tell(problems.into_iter().zip(concerns).collect(), &end, report);
    lost.into_iter().chain(notes).for_each(|finding| report.add(finding));
    end
}

/// What is checked, as it is now.
fn subject(
    shared: &Arc<Shared>,
    dir: &Path,
    account: &Option<Arc<Account>>,
    writing: Option<&Writer>,
) -> Result<Subject, StoreError> {
    let vfs = Arc::clone(&shared.vfs);
    let names = vfs.list(&dir.join("seg")).map_err(|error| io_error(READING, error))?;
    let mut numbers: Vec<u32> = names.iter().filter_map(|name| number_of(name)).collect();
    numbers.sort_unstable();
    let end = writing.map(|writer| (writer.log.segment, writer.log.end));
    let known = writing.map(|writer| writer.log.id);
    let unread = Arc::new(Unread::default());
    let log = match known {
        Some(log) => Some(log),
        None => {
            let found = Witness::find(&Patient::new(&*vfs, &unread), dir, &numbers);
            found.map_err(|error| io_error(READING, error))?.log
        }
    };
    Ok(Subject {
        shared: Arc::clone(shared),
        vfs,
        dir: dir.to_owned(),
        max_tombstones: shared.options.max_tombstones,
        account: account.clone(),
        numbers,
        log,
        end,
        unread,
    })
}

/// Give segments their names back that have others', unless the account is in use.
fn put_names_right(
    shared: &Arc<Shared>,
    dir: &Path,
    loaded: &Loaded,
    report: &mut Report,
) -> Result<(), StoreError> {
    let log = subject(shared, dir, &None, None)?.log;
    let Some(log) = log.filter(|log| names::are_exchanged(&*shared.vfs, dir, *log)) else {
        return Ok(());
    };
    // What was put together of it knows where they were.
    if loaded.upgrade().is_some_and(|account| !account.is_writable()) {
        shared.kept.release(dir);
    }
    if loaded.upgrade().is_none() {
        names::put_right(&*shared.vfs, dir, log, report);
    }
    Ok(())
}

/// Look at what changes while an account is in use, while it does not.
fn begin(
    shared: &Arc<Shared>,
    dir: &Path,
    loaded: &Loaded,
    repair: bool,
    report: &mut Report,
) -> Result<(Subject, Index), StoreError> {
    if repair {
        put_names_right(shared, dir, loaded, report)?;
    }
    let account = loaded.upgrade();
    if repair {
        let log_end = || account.as_ref().map(|account| lock(&account.writer));
        let before = subject(shared, dir, &account, log_end().as_deref())?;
        bits::turn_back(&before, report);
    }
    let writing = account.as_ref().map(|account| lock(&account.writer));
    let subject = subject(shared, dir, &account, writing.as_deref())?;
    let index =
        subject.log.map_or(Ok(None), |log| index::load_all(&subject.readable(), &subject.dir, log));
    let stamps = index.as_ref().ok().and_then(Option::as_ref).map(|(_, _, stamps)| stamps);
    files::check(&subject, stamps, repair, report);
    drop(writing);
    Ok((subject, index))
}

const WRONG_INDEX: &str = "the server believes it when it opens the account; `rookery check --repair` mends it, with the server \
     stopped";
const REBUILT: &str =
    "the server makes the index snapshots anew from the log when it opens the account";

fn unreadable_index(error: &io::Error) -> Finding {
    let what = format!("an index snapshot is damaged, missing or not of this log: {error}");
    match error.kind() {
        io::ErrorKind::Unsupported => {
            Finding::note(index::ACCOUNT_FILE, "index snapshots of an earlier version", REBUILT)
        }
        _ => Finding::wrong(index::ACCOUNT_FILE, what, REBUILT),
    }
}

/// Whether the segment that the index snapshots end in was written anew since, so that it may not have all changes that they
/// have.
fn is_rewritten(subject: &Subject, number: u32, known: &BTreeMap<u32, u32>) -> bool {
    let opened = segment::open(&subject.readable(), &subject.dir.join("seg"), number);
    let generation = opened.ok().and_then(|(_, header)| header.ok()).map(|it| it.generation);
    generation.is_some_and(|it| it != known.get(&number).copied().unwrap_or(0))
}

/// Compare the index snapshots with what the log says up to where they end, or up to the end of the log.
fn compare(
    subject: &Subject,
    walk: &mut Walk<'_>,
    (index, is_rewritten): (&mut Index, bool),
    (state, first): (&State, u32),
) -> Vec<Finding> {
    let Ok(Some((index, position, stamps))) = index else { return Vec::new() };
    let is_beyond = position.segment > subject.last_segment();
    if walk.intact && (walk.position.sequence < position.sequence || is_beyond) {
        walk.too_short();
    }
    if is_beyond {
        return Vec::new();
    }
    let relocated =
        recovery::relocate(&subject.readable(), &subject.dir, index, (first, *position));
    let (true, Ok(relocated)) = (walk.intact, relocated) else { return Vec::new() };
    let place = relocated.place;
    position.offset = place.offset;
    let end = walk.position;
    let mut wrong_end = None;
    if is_rewritten {
        let files: (&dyn Vfs, _) = (&subject.readable(), &*subject.dir);
        match recovery::replay_to(files, index, subject.max_tombstones, (place, end)) {
            Err(StoreError::Damaged(_)) => wrong_end = Some("what comes after it"),
            // It is said elsewhere what cannot be read.
            Err(_) => return Vec::new(),
            Ok(()) => {}
        }
    } else if end.sequence != position.sequence
        || (end.segment == position.segment && end.offset != place.offset)
    {
        wrong_end = Some("where it ends");
    }
    let mut found = compare::differences(index, stamps, state);
    found.extend(wrong_end.map(|what| (index::ACCOUNT_FILE.to_owned(), what.to_owned())));
    let wrong = |(place, what): (String, String)| {
        Finding::wrong(place, format!("{what}: this is not what the log says"), WRONG_INDEX)
    };
    found.into_iter().map(wrong).collect()
}

/// What comes of damage to the log.
enum End {
    /// There is none, or none that matters.
    Whole,
    /// The log was begun anew.
    Begun(Box<Begun>),
    /// It stays, and this follows from it.
    Unmended(String),
}

/// What is known of messages before anything is done about problems.
struct Known {
    /// How many there are.
    count: u64,
    /// Those that each problem concerns.
    concerns: Vec<Vec<Concern>>,
    /// Those that cannot be read, and that no problem concerns.
    lost: Vec<Finding>,
}

fn known(
    subject: &Subject,
    problems: &[Problem],
    (contents, leaving): (&Contents, &DeadAsOf),
    (state, is_whole): (&State, bool),
    index: &Index,
) -> Known {
    // What came in meanwhile was not looked at.
    let end = subject.end.filter(|_| subject.account.as_ref().is_some_and(|it| it.is_writable()));
    let is_later = |location: Location| {
        let frame = (location.segment, contents::octets(location).end);
        end.is_some_and(|end| frame > end)
    };
    // What was left out may be dead as of a change that cannot be read.
    let is_elsewhere = |location: Location, _| {
        location.len == 0 || is_later(location) || messages::is_named(problems, location)
    };
    let known = |state: &State| Known {
        count: messages::count(state),
        concerns: messages::concerns(state, problems, contents),
        lost: Vec::new(),
    };
    let known_to_its_end = |state: &State| Known {
        lost: match is_whole {
            true => Vec::new(),
            false => messages::lost(state, (contents, leaving), is_elsewhere),
        },
        ..known(state)
    };
    match (&subject.account, index) {
        (Some(account), _) => {
            // What cannot be read is said elsewhere.
            let _ = if problems.is_empty() { Ok(()) } else { account.wake_all() };
            known_to_its_end(&read(&account.state))
        }
        (None, Ok(Some((index, _, _)))) if !is_whole => known_to_its_end(index),
        _ => known(state),
    }
}

/// Put what was found in the log into words, with the messages that it concerns.
fn tell(problems: Vec<(Problem, Vec<Concern>)>, end: &End, report: &mut Report) {
    // Of an account that is not put together it is not known which messages these are.
    let is_known = !matches!(end, End::Unmended(_));
    for (problem, concerns) in problems {
        let Problem { severity, place, what, outcome, .. } = problem;
        let finding = Finding { concerns, ..Finding::new(severity, place, what, "") };
        report.add(match (outcome, end) {
            (Outcome::OfMessages(_), _) if is_known && finding.concerns.is_empty() => {
                let (severity, consequence) = (Severity::Note, NO_MESSAGE.to_owned());
                Finding { severity, consequence, ..finding }
            }
            (Outcome::Known(text) | Outcome::OfMessages(text), _) => {
                Finding { consequence: text.to_owned(), ..finding }
            }
            (Outcome::BeforeBase, _) => {
                let (severity, consequence) = (Severity::Note, BEFORE_BASE.to_owned());
                Finding { severity, concerns: Vec::new(), consequence, ..finding }
            }
            (Outcome::AsOpened, End::Begun(begun)) => {
                Finding { mended: Some(begun.how.clone()), ..finding }
            }
            (Outcome::AsOpened, End::Unmended(why)) => {
                Finding { consequence: why.clone(), ..finding }
            }
            (Outcome::AsOpened, End::Whole) => finding,
        });
    }
}

const NO_MESSAGE: &str = "none is needed: no message has it any more";
const BEFORE_BASE: &str = "none is needed: a repair has begun the log anew behind this, and only the content of messages is looked \
     for here; messages of which it cannot be read are named";
const IN_MEMORY: &str = "the account is open and goes on as it was read, but it may not open again; `rookery check --repair` keeps \
     all of it";
const COVERED: &str = "the account opens, since its index snapshots, or the repair before, cover this; `rookery check --repair` makes it do so without them";
const READ_ONLY: &str = "the account opens with what can be read, and takes no changes; `rookery check --repair` lets it go on with that";
const UNREADABLE: &str =
    "the account does not open: nothing can be read of it. Restore it from a backup";

/// What happens when the account is opened although its log is damaged.
fn opened(subject: &Subject) -> &'static str {
    if subject.account.as_ref().is_some_and(|account| account.is_writable()) {
        return IN_MEMORY;
    }
    match recovery::read_with_index(&*subject.vfs, &subject.dir, subject.max_tombstones) {
        Ok(_) => COVERED,
        Err(_) if subject.log.is_some() => READ_ONLY,
        Err(_) => UNREADABLE,
    }
}

const NOT_NOW: &str = "nothing is mended as long as the server cannot look at all of the log";

/// What the disk cannot read of index snapshots.
fn unread_indexes(subject: &Subject) -> Vec<Finding> {
    let segments = subject.dir.join("seg");
    let unread = subject.unread.all().into_iter().filter(|(path, _)| !path.starts_with(&segments));
    let finding = |(path, octets): (PathBuf, Range<u64>)| {
        let name = path.strip_prefix(&subject.dir).unwrap_or(&path).display().to_string();
        let what = format!("the disk cannot read this index snapshot ({})", in_words(&octets));
        Finding::wrong(name, what, REBUILT)
    };
    unread.map(finding).collect()
}

const LEAVING: &str =
    "none is needed: they go when the account is opened, or before its next change";

/// Messages whose content the log has left out, in a copy of which the log ends before the changes as of which these segments
/// were written anew: they were expunged later.
fn leaving(state: &State, written_later: &DeadAsOf, report: &mut Report) {
    let mut counts: BTreeMap<u32, usize> = BTreeMap::new();
    for segment in left_out::contents(state, |it| written_later.contains_key(&it)).into_values() {
        *counts.entry(segment).or_default() += 1;
    }
    for (segment, count) in counts {
        let what = format!("messages that were expunged while this copy was made: {count}");
        let place = format!("seg/{}", file_name(segment));
        report.add(Finding::note(place, what, LEAVING));
    }
}

/// Make the index snapshots anew, or remove them.
fn mend_index(subject: &Subject, findings: &mut [Finding]) {
    let is_wrong_in_memory = findings.iter().any(|it| it.consequence == WRONG_INDEX);
    let mended = match &subject.account {
        // What is in memory was read from them.
        Some(_) if is_wrong_in_memory => return,
        Some(account) => account.renew_index().then_some("written anew"),
        None => {
            let removed = index::remove(&*subject.vfs, &subject.dir);
            removed.is_ok().then_some("removed; they are made anew when the account is opened")
        }
    };
    for finding in findings {
        finding.mended = mended.map(str::to_owned);
    }
}
