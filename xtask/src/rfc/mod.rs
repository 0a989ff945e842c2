//! What the RFCs demand, joined with what proves that we do it.

mod capabilities;
mod proofs;
mod report;
mod requirements;

use crate::Complaint;
use crate::tree;
use proofs::Proof;
use report::Sources;
use requirements::{Excuse, List};
use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};

const LISTS: &str = "docs/requirements";
const CAPABILITIES: &str = "docs/requirements/capabilities.txt";
const REPORT: &str = "docs/protocol-support.md";
const TABLE: &str = "crates/imap/src/capability.rs";

/// Write the report; complain about what does not fit together.
pub(crate) fn write(root: &Path) -> io::Result<Vec<Complaint>> {
    let (sources, complaints) = gather(root)?;
    std::fs::write(root.join(REPORT), report::render(&sources))?;
    for list in &sources.lists {
        println!("RFC {}: {}", list.rfc, report::summary(list, &sources.proofs));
    }
    Ok(complaints)
}

/// Complain about what does not fit together, and about a report that is not up to date.
pub(crate) fn check(root: &Path) -> io::Result<Vec<Complaint>> {
    let (sources, mut complaints) = gather(root)?;
    let written = match std::fs::read_to_string(root.join(REPORT)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
        read => read?,
    };
    let fresh = report::render(&sources);
    if report::without_counts(&written) != report::without_counts(&fresh) {
        complaints.push(complaint(REPORT, 0, "stale: run `cargo xtask rfc`".to_owned()));
    }
    Ok(complaints)
}

fn complaint(path: impl Into<PathBuf>, line: usize, what: String) -> Complaint {
    Complaint { path: path.into(), line, what }
}

/// Everything the report is made of, and what is wrong with it.
fn gather(root: &Path) -> io::Result<(Sources, Vec<Complaint>)> {
    let mut complaints = Vec::new();
    let mut sources = Sources {
        capabilities: rows(root, &mut complaints)?,
        lists: Vec::new(),
        proofs: Vec::new(),
        dialogs: Vec::new(),
    };
    for file in tree::files(root)? {
        let path = file.strip_prefix(root).unwrap_or(&file);
        let is_dialog = path.extension().is_some_and(|ending| ending == "dialog");
        if is_dialog || tree::is_rust(path) {
            match proofs::find(path, &std::fs::read_to_string(&file)?) {
                Ok(found) => sources.proofs.extend(found),
                Err(complaint) => complaints.push(complaint),
            }
        }
        if is_dialog {
            sources.dialogs.push(path.to_owned());
        }
        if let Some(rfc) = rfc_of(path) {
            match List::parse(rfc, &std::fs::read_to_string(&file)?) {
                Ok(list) => sources.lists.push(list),
                Err((line, what)) => complaints.push(complaint(path, line, what)),
            }
        }
    }
    complaints.extend(misfits(&sources.lists, &sources.proofs));
    Ok((sources, complaints))
}

/// The rows of the list of capabilities, compared with what the server advertises.
fn rows(root: &Path, complaints: &mut Vec<Complaint>) -> io::Result<Vec<capabilities::Capability>> {
    match capabilities::parse(&std::fs::read_to_string(root.join(CAPABILITIES))?) {
        Ok(rows) => {
            let source = std::fs::read_to_string(root.join(TABLE))?;
            let differences = capabilities::differences(&rows, &source).into_iter();
            complaints.extend(differences.map(|what| complaint(CAPABILITIES, 0, what)));
            Ok(rows)
        }
        Err((line, what)) => {
            complaints.push(complaint(CAPABILITIES, line, what));
            Ok(Vec::new())
        }
    }
}

/// The number of the RFC whose requirements this file lists.
fn rfc_of(path: &Path) -> Option<&str> {
    let name = path.strip_prefix(LISTS).ok()?.to_str()?;
    name.strip_prefix("rfc")?.strip_suffix(".txt")
}

/// Proofs of what nobody demands, and of what is said to need none.
fn misfits(lists: &[List], proofs: &[Proof]) -> Vec<Complaint> {
    let all = lists.iter().flat_map(List::requirements);
    let known: HashMap<&str, Option<&Excuse>> =
        all.map(|requirement| (requirement.id.as_str(), requirement.excuse.as_ref())).collect();
    let misfits = proofs.iter().filter_map(|proof| {
        let what = match known.get(proof.id.as_str()) {
            None => format!("{} is in no list of {LISTS}", proof.id),
            Some(Some(_)) => format!("{} is proved here: it needs no excuse", proof.id),
            Some(None) => return None,
        };
        Some(complaint(&proof.path, proof.line, what))
    });
    misfits.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_known_by_their_name() {
        assert_eq!(rfc_of(Path::new("docs/requirements/rfc9051.txt")), Some("9051"));
        assert_eq!(rfc_of(Path::new("docs/requirements/capabilities.txt")), None);
        assert_eq!(rfc_of(Path::new("docs/rfc9051.txt")), None);
    }

    #[test]
    fn a_proof_needs_a_requirement() {
        let list = "1 One\n  a MUST  X.\n  b MUST  Y.\n    n/a: never\n";
        let lists = [List::parse("9051", list).unwrap()];
        let proof = |id: &str| Proof {
            id: id.to_owned(),
            path: "dialogs/x/y.dialog".into(),
            line: 2,
            name: "x/y".to_owned(),
        };
        assert!(misfits(&lists, &[proof("9051/1/a")]).is_empty());
        let found = misfits(&lists, &[proof("9051/1/b"), proof("9051/1/c")]);
        let found: Vec<_> = found.iter().map(ToString::to_string).collect();
        assert_eq!(
            found,
            [
                "dialogs/x/y.dialog:2: 9051/1/b is proved here: it needs no excuse",
                "dialogs/x/y.dialog:2: 9051/1/c is in no list of docs/requirements"
            ]
        );
    }
}
