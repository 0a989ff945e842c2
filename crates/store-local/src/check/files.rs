//! The files of an account: which ones there are, and who can read them.

use super::Subject;
use super::report::{Finding, Report};
use crate::base;
use crate::index::{self, Stamps};
use crate::segment::{self, file_name, number_of};
use crate::torn;
use std::io;
use std::path::Path;

/// What a file is to us.
enum Kind {
    Ours,
    /// What a crash may leave.
    Leftover,
    /// The binary's business, not the engine's.
    NotTheEngines,
    Foreign(String),
}

const REMOVED_LATER: &str =
    "none is needed: a crash leaves such files, and the server removes them";
const FOREIGN: &str = "the server never reads it; move it away if you do not know what it is";

/// Look at the names and modes of all files of an account. `stamps` says which index snapshots belong together, if that
/// is known. What can be mended is, if `repair`.
pub(super) fn check(subject: &Subject, stamps: Option<&Stamps>, repair: bool, report: &mut Report) {
    let mut files = Files { subject, repair, report };
    files.mode("");
    files.dir("", &|name| account_kind(name));
    files.dir("seg", &|name| segment_kind(subject, name));
    files.dir("box", &|name| box_kind(stamps, name));
    files.dir("cut", &|name| match torn::place(name) {
        Some(_) => Kind::Ours,
        None => Kind::Foreign("this file is none of the engine's".to_owned()),
    });
    // Those of a loaded account are in use.
    if subject.account.is_none() {
        files.dir("tmp", &|_| Kind::Leftover);
    }
}

fn foreign() -> Kind {
    Kind::Foreign("this is none of the engine's files".to_owned())
}

fn account_kind(name: &str) -> Kind {
    match name {
        "account.idx" | "seg" | "box" | "tmp" | "cut" => Kind::Ours,
        "account.idx.new" | "seg.new" | base::UNFINISHED => Kind::Leftover,
        "account.toml" => Kind::NotTheEngines,
        name if name.starts_with("account.") && name.ends_with(".new") => Kind::NotTheEngines,
        _ => foreign(),
    }
}

fn segment_kind(subject: &Subject, name: &str) -> Kind {
    let of = |name: &str| name.strip_suffix(".new").and_then(number_of);
    match (number_of(name), of(name)) {
        (Some(_), _) => Kind::Ours,
        // Without the segment it may be all that there is of it.
        (_, Some(number)) if subject.numbers.contains(&number) => Kind::Leftover,
        (_, Some(number)) => Kind::Foreign(format!(
            "segment {number}, written anew, but {} is missing",
            file_name(number)
        )),
        _ => match copied_segment(subject, name) {
            Some(number) => Kind::Foreign(format!("a copy of {}", file_name(number))),
            None => foreign(),
        },
    }
}

/// The number of the segment of this log that a file with another name begins like.
fn copied_segment(subject: &Subject, name: &str) -> Option<u32> {
    let (_, header) =
        segment::open_path(&*subject.vfs, &subject.dir.join("seg").join(name)).ok()?;
    header.ok().filter(|header| Some(header.log) == subject.log).map(|header| header.number)
}

fn box_kind(stamps: Option<&Stamps>, name: &str) -> Kind {
    let Some((part, stamp)) = index::part_of_file(name) else { return foreign() };
    match stamps {
        Some(stamps) if stamps.get(&part) != Some(&stamp) => Kind::Leftover,
        _ => Kind::Ours,
    }
}

struct Files<'a> {
    subject: &'a Subject,
    repair: bool,
    report: &'a mut Report,
}

impl Files<'_> {
    fn dir(&mut self, dir: &str, kind_of: &dyn Fn(&str) -> Kind) {
        let names = match self.subject.vfs.list(&self.subject.dir.join(dir)) {
            Ok(names) => names,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return,
            Err(error) => {
                let what = format!("this directory cannot be read: {error}");
                return self.report.add(Finding::wrong(
                    dir,
                    what,
                    "make it one that the server can read",
                ));
            }
        };
        for name in names {
            let path = Path::new(dir).join(&name);
            let place = path.display().to_string();
            match kind_of(&name) {
                Kind::Ours => self.mode(&place),
                Kind::Leftover => self.leftover(&place),
                Kind::NotTheEngines => {}
                Kind::Foreign(what) => self.report.add(Finding::wrong(place, what, FOREIGN)),
            }
        }
    }

    fn leftover(&mut self, place: &str) {
        let mut finding = Finding::note(place, "a file that a crash left", REMOVED_LATER);
        if self.repair {
            let (vfs, path) = (&self.subject.vfs, self.subject.dir.join(place));
            match vfs.remove_file(&path).or_else(|_| vfs.remove_dir_all(&path)) {
                Ok(()) => finding.mended = Some("removed".to_owned()),
                Err(error) => finding.consequence = format!("it cannot be removed: {error}"),
            }
        }
        self.report.add(finding);
    }

    fn mode(&mut self, place: &str) {
        let (vfs, path) = (&self.subject.vfs, self.subject.dir.join(place));
        let what = match vfs.is_private(&path) {
            Ok(true) => return,
            Ok(false) => "others than its owner can use it, or its owner cannot".to_owned(),
            // What goes in the meantime is missed elsewhere.
            Err(error) if error.kind() == io::ErrorKind::NotFound => return,
            Err(error) => format!("its permissions cannot be read: {error}"),
        };
        let place = if place.is_empty() { "." } else { place };
        let consequence = "others may read mail: its mode should be 0600, that of a directory 0700";
        let mut finding = Finding::wrong(place, what, consequence);
        if self.repair {
            match vfs.make_private(&path) {
                Ok(()) => finding.mended = Some("only its owner can use it now".to_owned()),
                Err(error) => finding.consequence = format!("it cannot be changed: {error}"),
            }
        }
        self.report.add(finding);
    }
}
