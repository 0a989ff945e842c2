//! The files that the account's own file names: where content lies, the threads, and the messages of each mailbox.

use super::file::{self, Kind, end, modseq};
use crate::fields::{BadRecord, Reader, Writer};
use crate::limits::{MAX_INDEX_OCTETS, MAX_MESSAGES};
use crate::record::{message_size, read_keyword};
use crate::resting::Part;
use crate::state::{Email, Location, State};
use crate::threads::Threads;
use crate::vfs::{self, VfsFile, read_exact_at};
use rookery_mail::{DateTime, EmailId, MailboxId, SystemFlags, ThreadId, Uid};
use rookery_mailbox::limits::MAX_TOMBSTONES;
use rookery_mailbox::{
    FlagSet, MailboxInfo, Row, Rows, Snapshot, SnapshotParts, ThreadKey, Tombstone,
};
use std::io;

const CONTENTS: Kind = Kind { magic: *b"RookEml\n", version: 1 };
const THREADS: Kind = Kind { magic: *b"RookThr\n", version: 1 };
/// As it was before contents and threads had files of their own.
const MAILBOX: Kind = Kind { magic: *b"RookBox\n", version: 3 };

/// Octets of a content and of a thread key, of a message, and of one that was expunged.
const ENTRY: usize = 16;
const ROW: usize = 80;
const STONE: usize = 12;
// An account with all of its messages in one mailbox can be saved; a thousandth is for all else that is said of it.
const _: () = assert!(
    MAX_MESSAGES * ROW as u64 + (MAX_TOMBSTONES * STONE) as u64 + MAX_INDEX_OCTETS / 1000
        < MAX_INDEX_OCTETS
);

/// Octets of a mailbox's file before the messages.
const HEAD: usize = 80;
/// Messages that are read at once: as many as stay in a processor's second cache.
const READ_ROWS: usize = 2048;

/// The file of a part; `None` if it is not in memory.
pub(super) fn encode(log: u64, stamp: u64, state: &State, part: Part) -> Option<Vec<u8>> {
    match part {
        Part::Contents => {
            let all = state.emails.all()?;
            let mut out = begin(CONTENTS, log, stamp, all.len() * ENTRY);
            encode_table(&mut out, all);
            Some(end(out))
        }
        Part::Threads => {
            let threads = state.threads.get()?;
            let mut out = begin(THREADS, log, stamp, threads.len() * ENTRY);
            encode_keys(&mut out, threads);
            Some(end(out))
        }
        Part::Mailbox(id) => {
            Some(encode_mailbox(log, stamp, state.mailboxes.get(&id)?.snapshot()?))
        }
    }
}

fn begin(kind: Kind, log: u64, stamp: u64, octets: usize) -> Writer {
    let mut out = kind.begin(log, octets);
    out.u64(stamp);
    out
}

pub(super) fn decode_contents(
    octets: &[u8],
    log: u64,
    stamp: u64,
) -> Result<Vec<Email>, BadRecord> {
    decode_table(&mut open(CONTENTS, octets, log, stamp)?)
}

pub(super) fn decode_threads(octets: &[u8], log: u64, stamp: u64) -> Result<Threads, BadRecord> {
    decode_keys(&mut open(THREADS, octets, log, stamp)?)
}

fn open(kind: Kind, octets: &[u8], log: u64, stamp: u64) -> Result<Reader<'_>, BadRecord> {
    let mut reader = kind.open(octets, log)?;
    check_stamp(&mut reader, stamp)?;
    Ok(reader)
}

fn check_stamp(from: &mut Reader<'_>, stamp: u64) -> Result<(), BadRecord> {
    let is_it = from.u64()? == stamp;
    if is_it { Ok(()) } else { Err(BadRecord("the index snapshot of this moment")) }
}

pub(super) fn encode_table(out: &mut Writer, all: &[Email]) {
    out.number(all.len() as u64);
    for Email { location, references } in all {
        out.u32(location.segment);
        out.u32(location.offset);
        out.u32(location.len);
        out.u32(*references);
    }
}

pub(super) fn decode_table(from: &mut Reader<'_>) -> Result<Vec<Email>, BadRecord> {
    let count = from.number()?;
    entries::<ENTRY>(from, count)?.iter().map(decode_email).collect()
}

fn decode_email(entry: &[u8; ENTRY]) -> Result<Email, BadRecord> {
    let mut from = Reader::new(entry);
    let location = Location { segment: from.u32()?, offset: from.u32()?, len: from.u32()? };
    Ok(Email { location, references: from.u32()? })
}

pub(super) fn encode_keys(out: &mut Writer, threads: &Threads) {
    let threads = threads.to_sorted();
    out.number(threads.len() as u64);
    for (ThreadKey(key), ThreadId(thread)) in threads {
        out.u64(key);
        out.u64(thread);
    }
}

pub(super) fn decode_keys(from: &mut Reader<'_>) -> Result<Threads, BadRecord> {
    let count = from.number()?;
    let key = |entry: &[u8; ENTRY]| {
        let mut from = Reader::new(entry);
        Ok((ThreadKey(from.u64()?), ThreadId(from.u64()?)))
    };
    entries::<ENTRY>(from, count)?.iter().map(key).collect()
}

/// So many entries of a fixed size, as they lie.
fn entries<'a, const N: usize>(
    from: &mut Reader<'a>,
    count: u64,
) -> Result<&'a [[u8; N]], BadRecord> {
    let octets = usize::try_from(count).ok().and_then(|count| count.checked_mul(N));
    let octets = from.take(octets.ok_or(BadRecord("a count"))?)?;
    Ok(octets.as_chunks().0)
}

pub(super) fn encode_mailbox(log: u64, stamp: u64, snapshot: &Snapshot) -> Vec<u8> {
    let messages = snapshot.counts().messages;
    let octets = usize::try_from(messages).unwrap_or(0) * ROW;
    let mut out = begin(MAILBOX, log, stamp, octets);
    out.u64(snapshot.id().0);
    out.u64(snapshot.highest_modseq().get());
    out.u32(snapshot.uid_validity().get());
    out.uid(snapshot.uid_next());
    out.u64(snapshot.tombstone_floor().get());
    out.u64(u64::from(messages));
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

fn decode_row(row: &[u8; ROW]) -> Result<Row, BadRecord> {
    let from = &mut Reader::new(row);
    let uid = Uid::new(from.u32()?).ok_or(BadRecord("a UID"))?;
    let [system, _] = from.array()?;
    let offset = i16::from_le_bytes(from.array()?);
    let (modified, created) = (modseq(from)?, modseq(from)?);
    let (email, thread, size) =
        (EmailId(from.u64()?), ThreadId(from.u64()?), message_size(from.u64()?)?);
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

/// The messages of a mailbox in a row of octets.
pub(super) fn decode_mailbox(
    octets: &[u8],
    log: u64,
    (info, stamp): (&MailboxInfo, u64),
) -> Result<Snapshot, BadRecord> {
    let mut reader = open(MAILBOX, octets, log, stamp)?;
    let head = Head::decode(&mut reader, info)?;
    let mut rows = Rows::with_capacity(head.rows()?);
    entries::<ROW>(&mut reader, head.rows)?.iter().try_for_each(|row| push(&mut rows, row))?;
    head.snapshot(rows, reader)
}

/// The messages of a mailbox in a file. It is read some at a time: what was just read is near.
pub(super) fn read_mailbox(
    file: &dyn VfsFile,
    log: u64,
    (info, stamp): (&MailboxInfo, u64),
) -> io::Result<Snapshot> {
    let bad = |bad| file::bad(&bad);
    let len = super::len_of(file)?;
    let first = read_exact_at(file, HEAD.min(len), 0)?;
    let mut reader = MAILBOX.begun(&first, log).map_err(bad)?;
    check_stamp(&mut reader, stamp).map_err(bad)?;
    let head = Head::decode(&mut reader, info).map_err(bad)?;
    let count = head.rows().map_err(bad)?;
    let end = count.checked_mul(ROW).and_then(|octets| octets.checked_add(HEAD));
    let end = end.filter(|end| *end <= len).ok_or_else(|| bad(BadRecord("more octets")))?;
    let mut crc = crc32c::crc32c(&first);
    let mut rows = Rows::with_capacity(count);
    let mut piece = vec![0; READ_ROWS.min(count) * ROW];
    let mut at = HEAD;
    while at < end {
        piece.truncate(end - at);
        if vfs::read_at(file, &mut piece, at as u64)? < piece.len() {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        crc = crc32c::crc32c_append(crc, &piece);
        let (some, _) = piece.as_chunks();
        some.iter().try_for_each(|row| push(&mut rows, row)).map_err(bad)?;
        at += piece.len();
    }
    let rest = read_exact_at(file, len - end, end as u64)?;
    let expected = BadRecord("an index snapshot with its checksum");
    let (rest, sum) = rest.split_last_chunk().ok_or_else(|| bad(expected.clone()))?;
    if crc32c::crc32c_append(crc, rest) != u32::from_le_bytes(*sum) {
        return Err(bad(expected));
    }
    head.snapshot(rows, Reader::new(rest)).map_err(bad)
}

fn push(rows: &mut Rows, row: &[u8; ROW]) -> Result<(), BadRecord> {
    let is_next = rows.push(decode_row(row)?);
    if is_next { Ok(()) } else { Err(BadRecord("messages in their order")) }
}

/// What the file of a mailbox says before the messages.
struct Head {
    parts: SnapshotParts,
    rows: u64,
    tombstones: u64,
}

impl Head {
    fn decode(from: &mut Reader<'_>, info: &MailboxInfo) -> Result<Self, BadRecord> {
        let is_it = MailboxId(from.u64()?) == info.id;
        let highest_modseq = modseq(from)?;
        if !is_it || from.u32()? != info.uid_validity.get() {
            return Err(BadRecord("the index snapshot of this mailbox"));
        }
        let uid_next = Uid::new(from.u32()?);
        let tombstone_floor = modseq(from)?;
        let (rows, tombstones) = (from.u64()?, from.u64()?);
        let parts = SnapshotParts {
            id: info.id,
            uid_validity: info.uid_validity,
            uid_next,
            highest_modseq,
            keywords: Vec::new(),
            rows: Vec::new(),
            tombstones: Vec::new(),
            tombstone_floor,
        };
        Ok(Self { parts, rows, tombstones })
    }

    /// How many messages there are.
    fn rows(&self) -> Result<usize, BadRecord> {
        let count = u32::try_from(self.rows).ok().and_then(|count| usize::try_from(count).ok());
        count.ok_or(BadRecord("a count"))
    }

    /// The mailbox with these messages, and with what stands behind them.
    fn snapshot(self, rows: Rows, mut from: Reader<'_>) -> Result<Snapshot, BadRecord> {
        let Self { mut parts, tombstones, .. } = self;
        let stones = entries::<STONE>(&mut from, tombstones)?.iter().map(decode_stone);
        parts.tombstones = stones.collect::<Result<_, _>>()?;
        while !from.is_empty() {
            parts.keywords.push(read_keyword(from.text()?)?);
        }
        Ok(Snapshot::with_rows(parts, rows))
    }
}

fn decode_stone(stone: &[u8; STONE]) -> Result<Tombstone, BadRecord> {
    let from = &mut Reader::new(stone);
    let modseq = modseq(from)?;
    Ok(Tombstone { modseq, uid: Uid::new(from.u32()?).ok_or(BadRecord("a UID"))? })
}
