//! How the files of index snapshots begin and end.

use crate::fields::{BadRecord, Reader, Writer};
use rookery_mail::{ModSeq, Uid};
use std::io;

/// What a file is, and its version.
#[derive(Clone, Copy)]
pub(super) struct Kind {
    pub(super) magic: [u8; 8],
    pub(super) version: u32,
}

const EARLIER_VERSION: BadRecord = BadRecord("an index snapshot of this version");

/// An error of what is in a file; of [`io::ErrorKind::Unsupported`] if that is of an earlier version.
pub(super) fn bad(bad: &BadRecord) -> io::Error {
    let is_old = *bad == EARLIER_VERSION;
    let kind = if is_old { io::ErrorKind::Unsupported } else { io::ErrorKind::InvalidData };
    io::Error::new(kind, format!("expected {bad}"))
}

impl Kind {
    /// Begin a file: what it is, its version, its log. Room for this many octets is made.
    pub(super) fn begin(self, log: u64, octets: usize) -> Writer {
        let mut writer = Writer { octets: Vec::with_capacity(octets + 256) };
        writer.octets.extend(self.magic);
        writer.octets.extend(self.version.to_le_bytes());
        writer.octets.extend([0; 4]);
        writer.u64(log);
        writer
    }

    /// What stands between beginning and end, if both are right.
    pub(super) fn open(self, octets: &[u8], log: u64) -> Result<Reader<'_>, BadRecord> {
        let (content, crc) = octets.split_last_chunk().ok_or(BadRecord("an index snapshot"))?;
        if crc32c::crc32c(content) != u32::from_le_bytes(*crc) {
            return Err(BadRecord("an index snapshot with its checksum"));
        }
        self.begun(content, log)
    }

    /// What stands behind the beginning, if that is right.
    pub(super) fn begun(self, octets: &[u8], log: u64) -> Result<Reader<'_>, BadRecord> {
        let mut reader = Reader::new(octets);
        let (is_it, version) = (reader.array()? == self.magic, reader.u32()?);
        reader.u32()?;
        let is_ours = is_it && reader.u64()? == log;
        if is_ours && version < self.version {
            return Err(EARLIER_VERSION);
        }
        if !is_ours || version != self.version {
            return Err(BadRecord("an index snapshot of this log and version"));
        }
        Ok(reader)
    }
}

/// End a file: the checksum of all before it.
pub(super) fn end(mut writer: Writer) -> Vec<u8> {
    let crc = crc32c::crc32c(&writer.octets);
    writer.octets.extend(crc.to_le_bytes());
    writer.octets
}

impl Writer {
    pub(super) fn u32(&mut self, value: u32) {
        self.octets.extend(value.to_le_bytes());
    }

    pub(super) fn u64(&mut self, value: u64) {
        self.octets.extend(value.to_le_bytes());
    }

    /// 0 stands for none.
    pub(super) fn uid(&mut self, uid: Option<Uid>) {
        self.u32(uid.map_or(0, Uid::get));
    }
}

pub(super) fn modseq(from: &mut Reader<'_>) -> Result<ModSeq, BadRecord> {
    ModSeq::new(from.u64()?).ok_or(BadRecord("a modification sequence"))
}
