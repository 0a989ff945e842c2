//! Segments whose files have names of other segments: somebody moved them about. The headers say which is which.

use super::report::{Finding, Report};
use crate::segment::{self, file_name, number_of};
use crate::vfs::{self, Vfs};
use std::collections::BTreeSet;
use std::io;
use std::path::Path;

/// A segment that has another one's name, and its own.
#[derive(Clone, Copy)]
struct Misplaced {
    name: u32,
    number: u32,
}

/// Segments of this log under other names, and all names that are taken.
fn find(vfs: &dyn Vfs, dir: &Path, log: u64) -> io::Result<(Vec<Misplaced>, BTreeSet<u32>)> {
    let (mut misplaced, mut taken) = (Vec::new(), BTreeSet::new());
    for name in vfs::list(vfs, dir)?.iter().filter_map(|name| number_of(name)) {
        let header = segment::open(vfs, dir, name).ok().and_then(|(_, header)| header.ok());
        let number = header.filter(|it| it.log == log && it.number != name).map(|it| it.number);
        taken.insert(name);
        misplaced.extend(number.map(|number| Misplaced { name, number }));
    }
    Ok((misplaced, taken))
}

/// Whether a segment of this log can get back its name, which no other file has, or one that is to have another name itself.
pub(super) fn are_exchanged(vfs: &dyn Vfs, account: &Path, log: u64) -> bool {
    let found = find(vfs, &account.join("seg"), log);
    found.is_ok_and(|(misplaced, taken)| next(&misplaced, &taken).is_some())
}

/// The next segment to be renamed, and to what. One whose name another one has in its stead first moves out of the way of that,
/// behind all others; whoever breaks off there leaves segments that say where they belong.
fn next(misplaced: &[Misplaced], taken: &BTreeSet<u32>) -> Option<(u32, u32)> {
    let is_free = |it: &&Misplaced| !taken.contains(&it.number);
    if let Some(it) = misplaced.iter().find(is_free) {
        return Some((it.name, it.number));
    }
    let is_in_exchange = |it: &&Misplaced| misplaced.iter().any(|other| other.name == it.number);
    let it = misplaced.iter().find(is_in_exchange)?;
    Some((it.number, taken.last()?.checked_add(1)?))
}

/// Give segments of this log their names back, as far as no other file has them.
pub(super) fn put_right(vfs: &dyn Vfs, account: &Path, log: u64, report: &mut Report) {
    let dir = account.join("seg");
    match rename_all(vfs, &dir, log) {
        Ok(renamed) => {
            for (from, to) in renamed {
                let place = format!("seg/{}", file_name(from));
                let what = format!("this is the segment {} under another name", file_name(to));
                let mut finding = Finding::wrong(place, what, "");
                finding.mended = Some("it has its name again".to_owned());
                report.add(finding);
            }
        }
        Err(error) => {
            let consequence = format!("they cannot be renamed: {error}");
            report.add(Finding::wrong("seg", "segments have each other's names", consequence));
        }
    }
}

/// Rename segments; returns the names that those have had which have their own now. Each step looks at all segments anew, which is
/// slow, and rare.
fn rename_all(vfs: &dyn Vfs, dir: &Path, log: u64) -> io::Result<Vec<(u32, u32)>> {
    let before = find(vfs, dir, log)?.0;
    // Each step but those that make way gives a segment its name.
    for _ in 0..=2 * before.len() {
        let (misplaced, taken) = find(vfs, dir, log)?;
        let Some((from, to)) = next(&misplaced, &taken) else { break };
        vfs.rename(&dir.join(file_name(from)), &dir.join(file_name(to)))?;
        vfs.sync_dir(dir)?;
    }
    let after = find(vfs, dir, log)?.0;
    let is_right = |it: &&Misplaced| !after.iter().any(|left| left.number == it.number);
    Ok(before.iter().filter(is_right).map(|it| (it.name, it.number)).collect())
}
