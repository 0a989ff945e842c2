//! Damage to the files of an account, and checksums that say there is none.

use rookery_store_local::vfs::{SimulatedDisk, Vfs};
use std::path::{Path, PathBuf};

/// Octets before the first frame of a segment, and those of a frame's header.
const SEGMENT_HEADER: usize = 64;
const FRAME_HEADER: usize = 64;
/// Where the header of a segment has the number that all checksums of the log depend on.
const LOG_ID: std::ops::Range<usize> = 16..24;
/// Octets of a checksum.
const CHECKSUM: usize = 4;
/// How large a file gets.
const MOST: usize = 64 << 10;

/// One thing that happens to a file.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Edit<'i> {
    kind: u8,
    file: usize,
    at: usize,
    octets: &'i [u8],
}

impl<'i> Edit<'i> {
    /// Kind, file, place (two octets), length and octets, one after the other.
    pub(super) fn list(mut input: &'i [u8]) -> Vec<Self> {
        let mut edits = Vec::new();
        while let Some((&[kind, file, low, high, length], rest)) = input.split_first_chunk() {
            let (octets, rest) = rest.split_at(usize::from(length).min(rest.len()));
            let at = usize::from(u16::from_le_bytes([low, high]));
            edits.push(Self { kind, file: usize::from(file), at, octets });
            input = rest;
        }
        edits
    }

    pub(super) fn apply(&self, disk: &SimulatedDisk, folder: &Path) {
        let files = files(disk, folder);
        let Some(path) = files.get(self.file % files.len().max(1)) else { return };
        let mut octets = disk.read(path).expect("it is listed");
        let at = self.at.min(octets.len());
        match self.kind % 8 {
            0 | 1 => {
                let end = (at + self.octets.len()).min(octets.len());
                octets[at..end].copy_from_slice(&self.octets[..end - at]);
            }
            2 => drop(octets.splice(at..at, self.octets.iter().copied())),
            3 => octets.truncate(at),
            4 => drop(octets.drain(at..(at + self.octets.len()).min(octets.len()))),
            5 => return disk.remove_file(path).expect("it is there"),
            6 => return self.add_file(disk, folder, &octets),
            _ => self.add_frame(&mut octets),
        }
        octets.truncate(MOST);
        disk.overwrite(path, &octets);
    }

    /// A file of another name with the same octets.
    fn add_file(&self, disk: &SimulatedDisk, folder: &Path, octets: &[u8]) {
        let names = [
            "seg/2.seg",
            "seg/9.seg",
            "seg/x",
            "account.idx",
            "account.idx.new",
            "tmp/1",
            "cut/1-64",
            "new",
        ];
        disk.overwrite(&folder.join(names[self.at % names.len()]), octets);
    }

    /// A frame that continues the segment. What it has is metadata, or a body of as many octets.
    fn add_frame(&self, segment: &mut Vec<u8>) {
        let Some((&kind, rest)) = self.octets.split_first() else { return };
        let last = frames(segment).last().copied();
        let Some(sequence) = last.and_then(|at| number(segment, at + 8)) else { return };
        let (meta, body) = rest.split_at(self.at.min(rest.len()));
        let mut frame = b"RkFr".to_vec();
        frame.extend([kind % 9, self.file as u8 >> 6 & 3, 0, 0]);
        frame.extend((sequence + 1).to_le_bytes());
        frame.extend(sequence.to_le_bytes());
        frame.extend((meta.len() as u32).to_le_bytes());
        frame.extend(0u32.to_le_bytes());
        frame.extend((body.len() as u64).to_le_bytes());
        frame.resize(FRAME_HEADER, 0);
        frame.extend(rest);
        frame.resize(frame.len().next_multiple_of(8), 0);
        segment.extend(frame);
    }
}

fn files(disk: &SimulatedDisk, folder: &Path) -> Vec<PathBuf> {
    disk.files().into_iter().filter(|path| path.starts_with(folder)).collect()
}

fn is_index(path: &Path) -> bool {
    path.extension().is_some_and(|ending| ending == "idx")
}

/// A copy that has nothing but the log.
pub(super) fn without_indexes(disk: &SimulatedDisk) -> SimulatedDisk {
    let copy = disk.duplicate();
    for path in copy.files().into_iter().filter(|path| is_index(path)) {
        copy.remove_file(&path).expect("it is there");
    }
    copy
}

/// Let every checksum be that of what is there now.
pub(super) fn mend_checksums(disk: &SimulatedDisk, folder: &Path) {
    for path in files(disk, folder) {
        let mut octets = disk.read(&path).expect("it is listed");
        if is_index(&path) {
            mend(&mut octets, 0);
        } else if path.extension().is_some_and(|ending| ending == "seg") {
            mend_segment(&mut octets);
        }
        disk.overwrite(&path, &octets);
    }
}

/// Let the last octets be the checksum of those before.
fn mend(octets: &mut [u8], seed: u32) {
    let Some(covered) = octets.len().checked_sub(CHECKSUM) else { return };
    let checksum = crc32c::crc32c_append(seed, &octets[..covered]);
    octets[covered..].copy_from_slice(&checksum.to_le_bytes());
}

fn mend_segment(octets: &mut [u8]) {
    let Some(header) = octets.get_mut(..SEGMENT_HEADER) else { return };
    mend(header, 0);
    let log = crc32c::crc32c(&header[LOG_ID]);
    for at in frames(octets) {
        let sizes = sizes(octets, at).expect("it is a frame");
        let mut start = at + FRAME_HEADER;
        for (size, place) in sizes.into_iter().zip([40, 44, 48]) {
            let end = start.saturating_add(size).min(octets.len());
            let checksum = crc32c::crc32c(&octets[start.min(end)..end]);
            octets[at + place..at + place + CHECKSUM].copy_from_slice(&checksum.to_le_bytes());
            start = end;
        }
        mend(&mut octets[at..at + FRAME_HEADER], log);
    }
}

fn number(octets: &[u8], at: usize) -> Option<u64> {
    Some(u64::from_le_bytes(*octets.get(at..)?.first_chunk()?))
}

/// Octets of metadata, summary and body of the frame there.
fn sizes(octets: &[u8], at: usize) -> Option<[usize; 3]> {
    let both = number(octets, at + 24)?;
    let body = usize::try_from(number(octets, at + 32)?).ok()?;
    Some([both as u32 as usize, (both >> 32) as usize, body])
}

/// Where frames begin.
fn frames(octets: &[u8]) -> Vec<usize> {
    let (mut found, mut at) = (Vec::new(), SEGMENT_HEADER);
    while octets.get(at..at + FRAME_HEADER).is_some_and(|header| header.starts_with(b"RkFr")) {
        let Some([meta, summary, body]) = sizes(octets, at) else { break };
        found.push(at);
        let Some(end) =
            [meta, summary, body].into_iter().try_fold(at + FRAME_HEADER, usize::checked_add)
        else {
            break;
        };
        match end.checked_next_multiple_of(8) {
            Some(next) if next <= octets.len() => at = next,
            _ => break,
        }
    }
    found
}
