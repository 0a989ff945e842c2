//! A base: all that an account is, as the first frame of a segment. Who opens the account begins there; the segments before
//! it are read for the content of messages only, and may be damaged or missing as far as no message has it.
//!
//! A log gets one when a repair has put together what can be read of it.

use crate::failure::{io_error, is_no_file, is_unreadable};
use crate::frame::{FrameHeader, HEADER};
use crate::index::{self, Position};
use crate::record::{self, Record};
use crate::replay::{READING, damage};
use crate::segment::{self, NoFrame, SEGMENT_HEADER, SegmentHeader, SegmentReader, file_name};
use crate::state::State;
use crate::vfs::{Patient, Vfs, read_exact_at};
use rookery_mailbox::StoreError;
use std::io;
use std::path::Path;

/// What a base is called until it is whole.
pub(crate) const UNFINISHED: &str = "base.new";

/// The last of these segments that begins with a base of this log. An error if one cannot be looked at.
pub(crate) fn find(
    vfs: &dyn Vfs,
    dir: &Path,
    numbers: &[u32],
    log: u64,
) -> io::Result<Option<u32>> {
    for number in numbers.iter().rev() {
        if begins_with_base(vfs, dir, (*number, log))? {
            return Ok(Some(*number));
        }
    }
    Ok(None)
}

/// The same for whoever has to make do with what can be read.
pub(crate) fn find_readable(
    vfs: &Patient<'_>,
    dir: &Path,
    numbers: &[u32],
    log: u64,
) -> io::Result<Option<u32>> {
    let mut readable = numbers.to_vec();
    loop {
        match find(vfs, dir, &readable, log) {
            // A file that cannot even be opened.
            Err(error) if is_unreadable(&error) => {
                readable.retain(|number| segment::open(vfs, dir, *number).is_ok());
            }
            found => return found,
        }
    }
}

/// Whether a segment's first frame says that it is a base.
fn begins_with_base(vfs: &dyn Vfs, dir: &Path, (number, log): (u32, u64)) -> io::Result<bool> {
    let (file, header) = match segment::open(vfs, dir, number) {
        Err(error) if is_no_file(&error) => return Ok(false),
        opened => opened?,
    };
    let Ok(header) = header else { return Ok(false) };
    let first = match read_exact_at(&*file, HEADER, SEGMENT_HEADER as u64) {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(false),
        octets => FrameHeader::decode(&octets?, header.log).ok(),
    };
    let is_ours = (header.number, header.log) == (number, log);
    Ok(is_ours && first.is_some_and(|first| record::is_base(first.kind)))
}

/// The account as the base of a segment has it, and where the log goes on.
pub(crate) fn load(
    vfs: &dyn Vfs,
    dir: &Path,
    number: u32,
) -> Result<(State, Position), StoreError> {
    let reading = |error| io_error(READING, error);
    let at = SEGMENT_HEADER as u64;
    let (file, header) = segment::open(vfs, dir, number).map_err(reading)?;
    let log = header.map_err(|bad| damage(number, 0, bad.0))?.log;
    let mut reader = SegmentReader::new(&*file, log).map_err(reading)?;
    let frame = match reader.frame(at) {
        Ok(frame) => frame.header,
        Err(NoFrame::End) => return Err(damage(number, at, "what the log begins with")),
        Err(NoFrame::Bad(bad)) => return Err(damage(number, at, bad.0)),
        Err(NoFrame::Io(error)) => return Err(reading(error)),
    };
    let len = usize::try_from(frame.body_len).map_err(|_| damage(number, at, "a length"))?;
    let octets = read_exact_at(&*file, len, at + frame.body_offset()).map_err(reading)?;
    let state = index::decode(&octets, log).map_err(|bad| damage(number, at, bad.0))?;
    let offset = at + frame.frame_len();
    Ok((state, Position { segment: number, offset, sequence: frame.sequence }))
}

/// Begin the log of an account anew, in a segment that does not exist yet: with this state, after the frame with this
/// sequence number; returns where it goes on. It is there whole, or not at all.
pub(crate) fn write(
    vfs: &dyn Vfs,
    account: &Path,
    (log, number, sequence): (u64, u32, u64),
    state: &State,
) -> io::Result<Position> {
    let position = Position { segment: number, offset: 0, sequence: sequence + 1 };
    let record = Record::Base { modseq: state.counters.modseq };
    let body = index::encode(log, position, state);
    let body = body.ok_or_else(|| io::Error::other("something is not in memory"))?;
    let meta = record.encode();
    let too_large = |_| io::Error::from(io::ErrorKind::FileTooLarge);
    let frame = FrameHeader {
        kind: record.kind(),
        end: true,
        dropped: false,
        sequence: position.sequence,
        durable: sequence,
        meta_len: u32::try_from(meta.len()).map_err(too_large)?,
        summary_len: 0,
        body_len: body.len() as u64,
        meta_crc: crc32c::crc32c(&meta),
        summary_crc: crc32c::crc32c(&[]),
        body_crc: crc32c::crc32c(&body),
        omitted: 0,
    };
    let mut octets = SegmentHeader::new(number, log, position.sequence).encode();
    octets.extend(frame.encode(log));
    octets.extend(meta);
    octets.extend(body);
    octets.resize(SEGMENT_HEADER + usize::try_from(frame.frame_len()).map_err(too_large)?, 0);
    publish(vfs, account, number, &octets)?;
    Ok(Position { offset: octets.len() as u64, ..position })
}

fn publish(vfs: &dyn Vfs, account: &Path, number: u32, octets: &[u8]) -> io::Result<()> {
    let (unfinished, segments) = (account.join(UNFINISHED), account.join("seg"));
    let file = vfs.create(&unfinished)?;
    file.write_at(octets, 0)?;
    file.sync_data()?;
    vfs.rename(&unfinished, &segments.join(file_name(number)))?;
    vfs.sync_dir(&segments)?;
    vfs.sync_dir(account)
}
