//! Which log is an account's own. A segment of another account that lies in the place of one of its segments has whole
//! headers and right checksums, and must not be served: its mail is somebody else's.

use crate::base;
use crate::failure::unless_of_the_moment;
use crate::frame;
use crate::index;
use crate::segment::{self, Frames, SEGMENT_HEADER};
use crate::vfs::Vfs;
use std::collections::BTreeMap;
use std::io;
use std::path::Path;

/// Which log is an account's own, as far as anything says it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Witness {
    /// The log's random number; `None` if nothing says it, or the segments are of several logs and nothing says which one is the
    /// account's.
    pub(crate) log: Option<u64>,
    /// Whether the index snapshot says it, and lies in the file that it was written to.
    pub(crate) is_original: bool,
}

impl Witness {
    /// The index snapshot of an account that lies in the file that it was written to belongs to the account, whatever its
    /// segments say. In a copy it lies in another file: there it must agree with a segment at least. Without it, most segments
    /// say it, those without a header by their frames; if none has a header, all frames must agree.
    pub(crate) fn find(vfs: &dyn Vfs, account: &Path, numbers: &[u32]) -> io::Result<Self> {
        let indexed = index::log_of(vfs, account);
        if let Ok(Some((log, true))) = indexed {
            return Ok(Self { log: Some(log), is_original: true });
        }
        let mut votes: BTreeMap<u64, usize> = BTreeMap::new();
        let (dir, mut unheaded) = (&account.join("seg"), Vec::new());
        for number in numbers {
            let opened = unless_of_the_moment(segment::open(vfs, dir, *number))?;
            if let Some((file, Ok(header))) = opened {
                // One without changes says little.
                let weight =
                    if file.len()? > SEGMENT_HEADER as u64 { numbers.len() + 1 } else { 1 };
                *votes.entry(header.log).or_default() += weight;
            } else {
                unheaded.push(*number);
            }
        }
        // What cannot be looked at now may say it. Where all segments are of one log, that is taken for the account's own, so that an
        // account opens whose index snapshots cannot be read.
        let indexed = if votes.len() != 1 { unless_of_the_moment(indexed)? } else { indexed.ok() };
        let indexed = indexed.flatten().map(|(log, _)| log);
        if votes.is_empty() && indexed.is_none() {
            return Ok(Self { log: log_of_all((vfs, dir), &unheaded)?, is_original: false });
        }
        if votes.is_empty() || indexed.is_some_and(|log| votes.contains_key(&log)) {
            return Ok(Self { log: indexed, is_original: false });
        }
        // One without a header may be the account's own among those of another one.
        for number in unheaded {
            if let Frames::Of(log) = frames_of((vfs, dir), number)? {
                let known = votes.keys().copied().find(|known| frame::are_alike(*known, log));
                *votes.entry(known.unwrap_or(log)).or_default() += numbers.len() + 1;
            }
        }
        let most = votes.values().copied().max();
        let (winners, losers): (Vec<_>, Vec<_>) =
            votes.into_iter().partition(|(_, votes)| Some(*votes) == most);
        let mut log = if let [(log, _)] = winners[..] { Some(log) } else { None };
        // A repair has begun a log anew among more segments that were another account's, or these took in one of that kind.
        for (other, _) in losers {
            let base = base::find(vfs, dir, numbers, other);
            if unless_of_the_moment(base)?.flatten().is_some() {
                log = None;
            }
        }
        Ok(Self { log, is_original: false })
    }
}

/// The log of all frames in these segments, whose headers are damaged.
fn log_of_all(files: (&dyn Vfs, &Path), numbers: &[u32]) -> io::Result<Option<u64>> {
    let mut log = None;
    for number in numbers {
        match (log, frames_of(files, *number)?) {
            (_, Frames::Unclear) => return Ok(None),
            (Some(one), Frames::Of(other)) if one != other => return Ok(None),
            (_, Frames::Of(found)) => log = Some(found),
            (_, Frames::None) => {}
        }
    }
    Ok(log)
}

/// What the frames of a segment say. One that cannot be looked at may be of any log.
fn frames_of((vfs, dir): (&dyn Vfs, &Path), number: u32) -> io::Result<Frames> {
    let frames =
        segment::open(vfs, dir, number).and_then(|(file, _)| segment::log_of_frames(&*file));
    Ok(unless_of_the_moment(frames)?.unwrap_or(Frames::Unclear))
}
