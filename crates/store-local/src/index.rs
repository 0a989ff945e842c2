//! Index snapshots: an account as it was at some place of its log, so that recovery need not read
//! what lies before. Caches, all of them: whatever is missing, old or damaged here is rebuilt.

use crate::copied;
use crate::fields::{BadRecord, Reader, Writer};
use crate::record::{read_keyword, read_name};
use crate::state::{Counters, Email, Emails, Location, Mailbox, Published, State};
use crate::threads::Threads;
use crate::vfs::{Vfs, read_exact_at};
use rookery_mail::{
    DateTime, EmailId, Keyword, MailboxId, MailboxName, ModSeq, SpecialUse, SystemFlags, ThreadId,
    Uid, UidValidity,
};
use rookery_mailbox::{
    FlagSet, MailboxInfo, MailboxList, Row, Snapshot, SnapshotParts, ThreadKey, Tombstone,
};
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

const ACCOUNT_MAGIC: [u8; 8] = *b"RookAcc\n";
const MAILBOX_MAGIC: [u8; 8] = *b"RookBox\n";
const VERSION: u32 = 3;
pub(crate) const ACCOUNT_FILE: &str = "account.idx";
const MAILBOX_DIR: &str = "box";

/// For each mailbox the sequence number at which its index snapshot was taken.
pub(crate) type Stamps = BTreeMap<MailboxId, u64>;

/// A place between two frames of a log.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Position {
    pub(crate) segment: u32,
    pub(crate) offset: u64,
    /// The sequence number of the frame before it.
    pub(crate) sequence: u64,
}

impl Default for Position {
    fn default() -> Self {
        Self { segment: 1, offset: crate::segment::SEGMENT_HEADER as u64, sequence: 0 }
    }
}

/// Write index snapshots of those mailboxes that have changed, then that of the account, which says
/// which ones belong to it; returns how many octets they are. If that fails, what was written goes.
pub(crate) fn save(
    vfs: &dyn Vfs,
    account: &Path,
    log_end: (u64, Position),
    state: &State,
    indexes: (&mut Stamps, &BTreeSet<MailboxId>),
) -> io::Result<u64> {
    let mut written = Vec::new();
    let saved = write_indexes(vfs, account, log_end, state, indexes, &mut written);
    if saved.is_err() {
        for path in written {
            // What stays is removed when indexes are saved the next time.
            let _ = vfs.remove_file(&path);
        }
    }
    saved
}

/// Write index snapshots; `written` says which files nothing refers to if this fails.
fn write_indexes(
    vfs: &dyn Vfs,
    account: &Path,
    (log, position): (u64, Position),
    state: &State,
    (stamps, dirty): (&mut Stamps, &BTreeSet<MailboxId>),
    written: &mut Vec<PathBuf>,
) -> io::Result<u64> {
    let dir = account.join(MAILBOX_DIR);
    vfs.create_dir(&dir)?;
    let mut octets = 0;
    let mut next = Stamps::new();
    for (id, published) in &state.mailboxes {
        let kept = stamps.get(id).filter(|_| !dirty.contains(id));
        if let Some(stamp) = kept {
            next.insert(*id, *stamp);
            continue;
        }
        let file = encode_mailbox(log, position.sequence, &published.mailbox.snapshot);
        let path = dir.join(mailbox_file(*id, position.sequence));
        written.push(path.clone());
        write_file(vfs, &path, &file)?;
        octets += file.len() as u64;
        next.insert(*id, position.sequence);
    }
    vfs.sync_dir(&dir)?;
    let file = encode_account(log, position, state, &next);
    octets += file.len() as u64;
    let (temporary, name) = (account.join("account.idx.new"), account.join(ACCOUNT_FILE));
    written.push(temporary.clone());
    write_account(vfs, &temporary, file)?;
    vfs.rename(&temporary, &name)?;
    written.clear();
    vfs.sync_dir(account)?;
    *stamps = next;
    remove_old(vfs, &dir, stamps)?;
    Ok(octets)
}

fn write_file(vfs: &dyn Vfs, path: &Path, octets: &[u8]) -> io::Result<()> {
    let file = vfs.create(path)?;
    file.write_at(octets, 0)?;
    file.sync_data()
}

fn write_account(vfs: &dyn Vfs, path: &Path, mut octets: Vec<u8>) -> io::Result<()> {
    let file = vfs.create(path)?;
    copied::mark(&mut octets, &*file)?;
    file.write_at(&octets, 0)?;
    file.sync_data()
}

fn mailbox_file(id: MailboxId, stamp: u64) -> String {
    format!("{}.{stamp}.idx", id.0)
}

/// Where the index snapshot of a mailbox is, below the account's directory.
pub(crate) fn mailbox_path(id: MailboxId, stamp: u64) -> String {
    format!("{MAILBOX_DIR}/{}", mailbox_file(id, stamp))
}

/// The mailbox whose index snapshot has this file name, and when it was taken.
pub(crate) fn mailbox_of_file(name: &str) -> Option<(MailboxId, u64)> {
    let (id, stamp) = name.strip_suffix(".idx")?.split_once('.')?;
    let (id, stamp) = (MailboxId(id.parse().ok()?), stamp.parse().ok()?);
    (mailbox_file(id, stamp) == name).then_some((id, stamp))
}

/// Remove all index snapshots, that which names the others first.
pub(crate) fn remove(vfs: &dyn Vfs, account: &Path) -> io::Result<()> {
    vfs.remove_file(&account.join(ACCOUNT_FILE))?;
    vfs.sync_dir(account)?;
    let dir = account.join(MAILBOX_DIR);
    let names = vfs.list(&dir).unwrap_or_default();
    let names = names.iter().filter(|name| mailbox_of_file(name).is_some());
    names.map(|name| dir.join(name)).try_for_each(|path| vfs.remove_file(&path))
}

/// The log that the index snapshot of an account is of, if it is whole.
pub(crate) fn log_of(vfs: &dyn Vfs, account: &Path) -> Option<u64> {
    let octets = read_file(vfs, &account.join(ACCOUNT_FILE)).ok()?;
    let log = u64::from_le_bytes(*octets.get(16..)?.first_chunk()?);
    open(&octets, ACCOUNT_MAGIC, log).ok().map(|_| log)
}

fn remove_old(vfs: &dyn Vfs, dir: &Path, stamps: &Stamps) -> io::Result<()> {
    let current: BTreeSet<String> =
        stamps.iter().map(|(id, stamp)| mailbox_file(*id, *stamp)).collect();
    for name in vfs.list(dir)?.iter().filter(|name| !current.contains(*name)) {
        vfs.remove_file(&dir.join(name))?;
    }
    Ok(())
}

/// The account as its index snapshots have it; `None` if there are none, or if this is a copy of the account whose files do not
/// fit. An error if any of them is missing or not what it should be.
pub(crate) fn load(
    vfs: &dyn Vfs,
    account: &Path,
    log: u64,
) -> io::Result<Option<(State, Position, Stamps)>> {
    let octets = match read_file(vfs, &account.join(ACCOUNT_FILE)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        octets => octets.map_err(|error| of_file(ACCOUNT_FILE, &error))?,
    };
    let index = decode_account(&octets, log).map_err(io::Error::other_bad);
    let index = index.map_err(|error| of_file(ACCOUNT_FILE, &error))?;
    let is_beyond = copied::ends_before(vfs, account, index.position)?;
    let loaded = load_mailboxes(vfs, &account.join(MAILBOX_DIR), log, index);
    if (is_beyond || loaded.is_err()) && copied::is_copy(vfs, &account.join(ACCOUNT_FILE))? {
        let account = account.display();
        tracing::warn!(%account, "this is a copy that was made while the account changed: its index snapshots, which do not fit the rest of it, are made anew");
        return Ok(None);
    }
    loaded.map(Some)
}

/// An error, with the file's name.
fn of_file(name: &str, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{name}: {error}"))
}

/// The index snapshot of an account, without its mailboxes.
struct AccountIndex {
    state: State,
    position: Position,
    mailboxes: Vec<(MailboxInfo, u64, Option<Uid>)>,
}

fn load_mailboxes(
    vfs: &dyn Vfs,
    dir: &Path,
    log: u64,
    index: AccountIndex,
) -> io::Result<(State, Position, Stamps)> {
    with_mailboxes(index, |info, stamp| {
        let file = mailbox_file(info.id, stamp);
        let snapshot = read_file(vfs, &dir.join(&file)).and_then(|octets| {
            decode_mailbox(&octets, log, (info, stamp)).map_err(io::Error::other_bad)
        });
        snapshot.map_err(|error| of_file(&format!("{MAILBOX_DIR}/{file}"), &error))
    })
}

/// All that index snapshots have of an account, in one row of octets.
pub(crate) fn encode(log: u64, position: Position, state: &State) -> Vec<u8> {
    let stamps = state.mailboxes.keys().map(|id| (*id, position.sequence)).collect();
    let mut out = Writer::default();
    out.text(&encode_account(log, position, state, &stamps));
    for info in state.list.mailboxes.values() {
        let snapshot = state.mailboxes.get(&info.id).map(|it| &it.mailbox.snapshot);
        let octets = snapshot.map(|it| encode_mailbox(log, position.sequence, it));
        out.text(&octets.unwrap_or_default());
    }
    out.octets
}

/// The account in such a row of octets.
pub(crate) fn decode(octets: &[u8], log: u64) -> Result<State, BadRecord> {
    let mut reader = Reader::new(octets);
    let index = decode_account(reader.text()?, log)?;
    let (state, ..) =
        with_mailboxes(index, |info, stamp| decode_mailbox(reader.text()?, log, (info, stamp)))?;
    Ok(state)
}

/// The account of an index snapshot, with what is found of each of its mailboxes.
fn with_mailboxes<E>(
    index: AccountIndex,
    mut find: impl FnMut(&MailboxInfo, u64) -> Result<Snapshot, E>,
) -> Result<(State, Position, Stamps), E> {
    let AccountIndex { mut state, position, mailboxes } = index;
    let mut stamps = Stamps::new();
    let mut list = MailboxList::clone(&state.list);
    for (info, stamp, recent) in mailboxes {
        let snapshot = find(&info, stamp)?;
        let mailbox = Mailbox { snapshot: Arc::new(snapshot), recent };
        state.mailboxes.insert(info.id, Published::new(mailbox));
        stamps.insert(info.id, stamp);
        list.mailboxes.insert(info.name.clone(), info);
    }
    state.list = Arc::new(list);
    Ok((state, position, stamps))
}

const EARLIER_VERSION: BadRecord = BadRecord("an index snapshot of this version");

trait OtherBad {
    fn other_bad(bad: BadRecord) -> Self;
}

impl OtherBad for io::Error {
    fn other_bad(bad: BadRecord) -> Self {
        let is_old = bad == EARLIER_VERSION;
        let kind = if is_old { io::ErrorKind::Unsupported } else { io::ErrorKind::InvalidData };
        Self::new(kind, format!("expected {bad}"))
    }
}

fn read_file(vfs: &dyn Vfs, path: &Path) -> io::Result<Vec<u8>> {
    let file = vfs.open(path)?;
    let len = usize::try_from(file.len()?).map_err(io::Error::other)?;
    read_exact_at(&*file, len, 0)
}

/// Begin a file: what it is, its version, its log.
fn begin(magic: [u8; 8], log: u64) -> Writer {
    let mut writer = Writer::default();
    writer.octets.extend(magic);
    writer.octets.extend(VERSION.to_le_bytes());
    writer.octets.extend([0; 4]);
    writer.u64(log);
    writer
}

/// End a file: the checksum of all before it.
fn end(mut writer: Writer) -> Vec<u8> {
    let crc = crc32c::crc32c(&writer.octets);
    writer.octets.extend(crc.to_le_bytes());
    writer.octets
}

/// What stands between beginning and end, if both are right.
fn open(octets: &[u8], magic: [u8; 8], log: u64) -> Result<Reader<'_>, BadRecord> {
    let (content, crc) = octets.split_last_chunk().ok_or(BadRecord("an index snapshot"))?;
    if crc32c::crc32c(content) != u32::from_le_bytes(*crc) {
        return Err(BadRecord("an index snapshot with its checksum"));
    }
    let mut reader = Reader::new(content);
    let (is_it, version) = (reader.array()? == magic, reader.u32()?);
    reader.u32()?;
    let is_ours = is_it && reader.u64()? == log;
    if is_ours && version < VERSION {
        return Err(EARLIER_VERSION);
    }
    if !is_ours || version != VERSION {
        return Err(BadRecord("an index snapshot of this log and version"));
    }
    Ok(reader)
}

impl Writer {
    fn u32(&mut self, value: u32) {
        self.octets.extend(value.to_le_bytes());
    }

    fn u64(&mut self, value: u64) {
        self.octets.extend(value.to_le_bytes());
    }
}

fn number_of_uid(uid: Option<Uid>) -> u32 {
    uid.map_or(0, Uid::get)
}

fn encode_account(log: u64, position: Position, state: &State, stamps: &Stamps) -> Vec<u8> {
    let mut out = begin(ACCOUNT_MAGIC, log);
    out.u64(position.sequence);
    out.u64(position.offset);
    out.u32(position.segment);
    out.u32(state.counters.uid_validity);
    out.u64(state.counters.mailbox);
    out.u64(state.counters.email);
    out.u64(state.counters.modseq.get());
    out.number(state.list.mailboxes.len() as u64);
    for info in state.list.mailboxes.values() {
        let recent = state.mailboxes.get(&info.id).and_then(|it| it.mailbox.recent);
        out.u64(info.id.0);
        out.u64(stamps.get(&info.id).copied().unwrap_or(0));
        out.u32(info.uid_validity.get());
        out.u32(number_of_uid(recent));
        out.text(info.special_use.map_or("", SpecialUse::as_str).as_bytes());
        out.text(info.name.as_str().as_bytes());
        out.number(u64::from(info.append_limit.is_some()));
        info.append_limit.iter().for_each(|limit| out.number(*limit));
    }
    out.number(state.list.subscriptions.len() as u64);
    state.list.subscriptions.iter().for_each(|name| out.text(name.as_str().as_bytes()));
    out.number(state.emails.live.len() as u64);
    for (segment, live) in &state.emails.live {
        out.u32(*segment);
        out.u64(*live);
    }
    out.number(state.emails.generations.len() as u64);
    for (segment, generation) in &state.emails.generations {
        out.u32(*segment);
        out.u32(*generation);
    }
    out.number(state.emails.all.len() as u64);
    for Email { location, references } in &state.emails.all {
        out.u32(location.segment);
        out.u32(location.offset);
        out.u32(location.len);
        out.u32(*references);
    }
    let threads = state.threads.to_sorted();
    out.number(threads.len() as u64);
    for (ThreadKey(key), ThreadId(thread)) in threads {
        out.u64(key);
        out.u64(thread);
    }
    end(out)
}

fn decode_account(octets: &[u8], log: u64) -> Result<AccountIndex, BadRecord> {
    let mut reader = open(octets, ACCOUNT_MAGIC, log)?;
    let from = &mut reader;
    let (sequence, offset, segment) = (from.u64()?, from.u64()?, from.u32()?);
    let counters = Counters {
        uid_validity: from.u32()?,
        mailbox: from.u64()?,
        email: from.u64()?,
        modseq: modseq(from)?,
    };
    let mailboxes = (0..from.number()?).map(|_| decode_info(from)).collect::<Result<_, _>>()?;
    let subscriptions: BTreeSet<MailboxName> =
        (0..from.number()?).map(|_| read_name(from)).collect::<Result<_, _>>()?;
    let live = (0..from.number()?).map(|_| Ok((from.u32()?, from.u64()?)));
    let live = live.collect::<Result<BTreeMap<u32, u64>, BadRecord>>()?;
    let generations = (0..from.number()?).map(|_| Ok((from.u32()?, from.u32()?)));
    let generations = generations.collect::<Result<BTreeMap<u32, u32>, BadRecord>>()?;
    let all = (0..from.number()?).map(|_| decode_email(from)).collect::<Result<_, _>>()?;
    let threads = (0..from.number()?).map(|_| Ok((ThreadKey(from.u64()?), ThreadId(from.u64()?))));
    let threads = threads.collect::<Result<Threads, BadRecord>>()?;
    let list = Arc::new(MailboxList { mailboxes: BTreeMap::new(), subscriptions });
    let emails = Emails::new(all, live, generations);
    let state = State { list, mailboxes: BTreeMap::new(), counters, emails, threads };
    Ok(AccountIndex { state, position: Position { segment, offset, sequence }, mailboxes })
}

fn modseq(from: &mut Reader<'_>) -> Result<ModSeq, BadRecord> {
    ModSeq::new(from.u64()?).ok_or(BadRecord("a modification sequence"))
}

fn decode_info(from: &mut Reader<'_>) -> Result<(MailboxInfo, u64, Option<Uid>), BadRecord> {
    let (id, stamp) = (MailboxId(from.u64()?), from.u64()?);
    let uid_validity = UidValidity::new(from.u32()?).ok_or(BadRecord("a UIDVALIDITY"))?;
    let recent = Uid::new(from.u32()?);
    let special_use = std::str::from_utf8(from.text()?).ok().and_then(SpecialUse::parse);
    let name = read_name(from)?;
    let append_limit = (from.number()? != 0).then(|| from.number()).transpose()?;
    Ok((MailboxInfo { id, name, uid_validity, special_use, append_limit }, stamp, recent))
}

fn decode_email(from: &mut Reader<'_>) -> Result<Email, BadRecord> {
    let location = Location { segment: from.u32()?, offset: from.u32()?, len: from.u32()? };
    Ok(Email { location, references: from.u32()? })
}

fn encode_mailbox(log: u64, stamp: u64, snapshot: &Snapshot) -> Vec<u8> {
    let mut out = begin(MAILBOX_MAGIC, log);
    out.u64(stamp);
    out.u64(snapshot.id().0);
    out.u64(snapshot.highest_modseq().get());
    out.u32(snapshot.uid_validity().get());
    out.u32(number_of_uid(snapshot.uid_next()));
    out.u64(snapshot.tombstone_floor().get());
    out.u64(u64::from(snapshot.counts().messages));
    out.u64(snapshot.tombstones().count() as u64);
    snapshot.rows().for_each(|row| encode_row(&mut out, row));
    for stone in snapshot.tombstones() {
        out.u64(stone.modseq.get());
        out.u32(stone.uid.get());
    }
    for keyword in snapshot.keywords() {
        out.text(keyword.as_str().as_bytes());
    }
    end(out)
}

fn encode_row(out: &mut Writer, row: &Row) {
    out.u32(row.uid.get());
    out.octets.extend([row.flags.system.bits(), 0]);
    out.octets.extend(row.internal_date.offset_minutes().to_le_bytes());
    out.u64(row.modseq.get());
    out.u64(row.created.get());
    out.u64(row.email.0);
    out.u64(row.thread.0);
    out.u64(row.size);
    out.octets.extend(row.internal_date.unix().to_le_bytes());
    out.octets.extend(row.save_date.to_le_bytes());
    out.octets.extend(row.flags.keywords.to_le_bytes());
}

fn decode_row(from: &mut Reader<'_>) -> Result<Row, BadRecord> {
    let uid = Uid::new(from.u32()?).ok_or(BadRecord("a UID"))?;
    let [system, _] = from.array()?;
    let offset = i16::from_le_bytes(from.array()?);
    let (modified, created) = (modseq(from)?, modseq(from)?);
    let (email, thread, size) = (EmailId(from.u64()?), ThreadId(from.u64()?), from.u64()?);
    let (unix, save_date) = (i64::from_le_bytes(from.array()?), i64::from_le_bytes(from.array()?));
    let keywords = u128::from_le_bytes(from.array()?);
    Ok(Row {
        uid,
        modseq: modified,
        created,
        flags: FlagSet { system: SystemFlags::from_bits(system), keywords },
        email,
        thread,
        size,
        internal_date: DateTime::with_offset(unix, offset),
        save_date,
    })
}

fn decode_mailbox(
    octets: &[u8],
    log: u64,
    (info, stamp): (&MailboxInfo, u64),
) -> Result<Snapshot, BadRecord> {
    let mut reader = open(octets, MAILBOX_MAGIC, log)?;
    let from = &mut reader;
    let is_it = from.u64()? == stamp && from.u64()? == info.id.0;
    let highest_modseq = modseq(from)?;
    if !is_it || from.u32()? != info.uid_validity.get() {
        return Err(BadRecord("the index snapshot of this mailbox"));
    }
    let uid_next = Uid::new(from.u32()?);
    let tombstone_floor = modseq(from)?;
    let (rows, tombstones) = (from.u64()?, from.u64()?);
    let rows = (0..rows).map(|_| decode_row(from)).collect::<Result<Vec<_>, _>>()?;
    let stone = |from: &mut Reader<'_>| {
        let modseq = modseq(from)?;
        Ok(Tombstone { modseq, uid: Uid::new(from.u32()?).ok_or(BadRecord("a UID"))? })
    };
    let tombstones = (0..tombstones).map(|_| stone(from)).collect::<Result<Vec<_>, _>>()?;
    let mut keywords: Vec<Keyword> = Vec::new();
    while !from.is_empty() {
        keywords.push(read_keyword(from.text()?)?);
    }
    if !rows.is_sorted_by(|a, b| a.uid < b.uid) {
        return Err(BadRecord("messages in their order"));
    }
    Ok(Snapshot::from_parts(SnapshotParts {
        id: info.id,
        uid_validity: info.uid_validity,
        uid_next,
        highest_modseq,
        keywords,
        rows,
        tombstones,
        tombstone_floor,
    }))
}
