//! The segments of a log that is put together: which file has which of them. Who moves files about may have exchanged their
//! names, and the header says which segment it is.

use crate::failure::{io_error, unless_of_the_moment};
use crate::replay::READING;
use crate::segment::{self, SegmentHeader};
use crate::state::{Email, Location, State};
use crate::vfs::{Vfs, VfsFile};
use rookery_mail::EmailId;
use rookery_mailbox::StoreError;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

/// A segment in its file.
pub(super) struct Piece {
    /// The number of the segment, as far as its header says.
    pub(super) number: u32,
    /// The number in the file's name.
    pub(super) name: u32,
    pub(super) file: Arc<dyn VfsFile>,
    pub(super) generation: u32,
    /// The sequence number of its first frame, as far as its header says.
    first: Option<u64>,
}

/// The files that may have something of this log, in the order of its segments. A header says which one a file has, unless the file of
/// that name says the same: then it is a copy, or a page in the wrong place.
pub(super) fn find(
    vfs: &dyn Vfs,
    dir: &Path,
    names: &[u32],
    log: u64,
) -> Result<Vec<Piece>, StoreError> {
    let mut files = Vec::new();
    for name in names.iter().copied() {
        // What cannot be read of it is as good as missing.
        let opened = unless_of_the_moment(segment::open(vfs, dir, name));
        let opened = opened.map_err(|error| io_error(READING, error))?;
        let Some((file, header)) = opened else { continue };
        let header = header.ok();
        if header.is_none_or(|header| header.log == log) {
            files.push((name, file, header));
        }
    }
    let has_its_name = |(name, _, header): &(u32, _, Option<SegmentHeader>)| {
        header.filter(|header| header.number == *name).map(|header| header.number)
    };
    let right: BTreeSet<u32> = files.iter().filter_map(has_its_name).collect();
    let piece = |(name, file, header): (u32, Arc<dyn VfsFile>, Option<SegmentHeader>)| {
        let header = header.filter(|it| it.number == name || !right.contains(&it.number));
        let number = header.map_or(name, |header| header.number);
        let generation = header.map_or(0, |header| header.generation);
        let first = header.map(|header| header.first_sequence);
        Piece { number, name, file, generation, first }
    };
    let mut pieces: Vec<_> = files.into_iter().map(piece).collect();
    pieces.sort_by_key(|piece| (piece.number, piece.number != piece.name));
    Ok(pieces)
}

/// The changes that a piece may have, as far as that is known. Octets that were written to the wrong file are not its own.
pub(super) fn changes(pieces: &[Piece], piece: &Piece) -> Range<u64> {
    let later = pieces.iter().filter(|later| later.number > piece.number);
    let end = later.filter_map(|later| later.first).min();
    piece.first.unwrap_or(0)..end.unwrap_or(u64::MAX)
}

/// Look for content that was in a segment where that segment is now, if its file has another name.
pub(super) fn rename(state: &mut State, pieces: &[Piece]) {
    let mut names = BTreeMap::new();
    for Piece { number, name, .. } in pieces {
        names.entry(*number).or_insert(*name);
    }
    names.retain(|number, name| number != name);
    if names.is_empty() {
        return;
    }
    let to = |(email, id): (&Email, u64)| {
        let segment = names.get(&email.location.segment)?;
        Some((EmailId(id), Location { segment: *segment, ..email.location }))
    };
    let all = state.emails.all().unwrap_or_default().iter().zip(1..);
    let moved: Vec<_> = all.filter_map(to).collect();
    let mut moved = &moved[..];
    for piece in pieces {
        // Nobody writes to the account, so that it does not matter what is said to be alive and dead in which segment.
        state.emails.relocate((piece.name, piece.generation), std::mem::take(&mut moved));
    }
}
