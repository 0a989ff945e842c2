//! `docs/protocol-support.md`: what we implement, and what proves that we do it right.

use super::capabilities::Capability;
use super::proofs::Proof;
use super::requirements::{Excuse, List, Requirement};
use std::fmt::Write;
use std::path::Path;

/// Everything that the report is made of.
pub(crate) struct Sources {
    pub capabilities: Vec<Capability>,
    pub lists: Vec<List>,
    pub proofs: Vec<Proof>,
    /// All dialogs, relative to the root of the workspace.
    pub dialogs: Vec<std::path::PathBuf>,
}

const INTRODUCTION: &str = "# Protocol support

Made by `cargo xtask rfc` from `docs/requirements`, the dialogs and the tests: do not edit it. What is a requirement, and
how a dialog says that it proves one, is in [CONTRIBUTING.md](../CONTRIBUTING.md).
";

/// What stands before a number of dialogs.
const TIMES: char = '×';

/// The whole file.
pub(crate) fn render(sources: &Sources) -> String {
    let mut out = INTRODUCTION.to_owned();
    out.push_str("\n| RFC | capability | status | dialogs | what |\n|---|---|---|---|---|\n");
    for row in &sources.capabilities {
        let name = row.name.as_deref().map_or(String::new(), |name| format!("`{name}`"));
        let dialogs: Vec<_> =
            row.folders.iter().map(|name| folder(name, &sources.dialogs)).collect();
        let (rfc, status, dialogs, title) =
            (&row.rfc, row.status, dialogs.join(", "), escape(&row.title));
        let _ = writeln!(out, "| {rfc} | {name} | {status} | {dialogs} | {title} |");
    }
    for list in &sources.lists {
        chapter(&mut out, list, &sources.proofs);
    }
    out
}

/// A folder of dialogs and how many it has.
fn folder(name: &str, dialogs: &[std::path::PathBuf]) -> String {
    let path = Path::new("dialogs").join(name);
    let count = dialogs.iter().filter(|dialog| dialog.starts_with(&path)).count();
    format!("[{name}](../dialogs/{name}) {TIMES}{count}")
}

/// The report without numbers of dialogs: who adds a dialog need not write this file again.
pub(crate) fn without_counts(report: &str) -> String {
    let mut parts = report.split(TIMES);
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |out, part| out + part.trim_start_matches(|c: char| c.is_ascii_digit()))
}

/// The requirements of one RFC.
fn chapter(out: &mut String, list: &List, proofs: &[Proof]) {
    let _ = writeln!(out, "\n## RFC {}: {}\n", list.rfc, list.title);
    let _ = writeln!(out, "{}\n", summary(list, proofs));
    out.push_str("| | requirement | level | proved by |\n|---|---|---|---|\n");
    for section in &list.sections {
        let title = escape(&section.title);
        let _ = writeln!(out, "| **{}** | **{title}** | | |", section.number);
        for requirement in &section.requirements {
            let id = requirement.id.split_once('/').map_or("", |(_, id)| id);
            let (text, level) = (escape(&requirement.text), requirement.level);
            let proof = proof(requirement, proofs);
            let _ = writeln!(out, "| {id} | {text} | {level} | {proof} |");
        }
    }
}

/// How a requirement stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Standing {
    Proved,
    ByDesign,
    NotApplicable,
    Client,
    Missing,
}

fn standing(requirement: &Requirement, proofs: &[Proof]) -> Standing {
    match requirement.excuse {
        _ if proofs.iter().any(|proof| proof.id == requirement.id) => Standing::Proved,
        Some(Excuse::ByDesign(_)) => Standing::ByDesign,
        Some(Excuse::NotApplicable(_)) => Standing::NotApplicable,
        None if requirement.client => Standing::Client,
        None => Standing::Missing,
    }
}

/// The counts, in one line.
pub(crate) fn summary(list: &List, proofs: &[Proof]) -> String {
    let all: Vec<_> = list.requirements().map(|r| (standing(r, proofs), r.level)).collect();
    let count = |wanted| all.iter().filter(|(standing, _)| *standing == wanted).count();
    let binding = |level: &str| {
        all.iter().filter(|(s, l)| *s == Standing::Missing && l.starts_with(level)).count()
    };
    format!(
        "{} requirements: {} proved, {} by design, {} that do not apply, {} for clients, {} missing ({} MUST, {} SHOULD).",
        all.len(),
        count(Standing::Proved),
        count(Standing::ByDesign),
        count(Standing::NotApplicable),
        count(Standing::Client),
        count(Standing::Missing),
        binding("MUST"),
        binding("SHOULD"),
    )
}

/// The last column.
fn proof(requirement: &Requirement, proofs: &[Proof]) -> String {
    let found = proofs.iter().filter(|proof| proof.id == requirement.id);
    let links: Vec<_> = found.map(link).collect();
    match (&requirement.excuse, standing(requirement, proofs)) {
        (Some(Excuse::ByDesign(reason)), _) => format!("by design: {}", escape(reason)),
        (Some(Excuse::NotApplicable(reason)), _) => format!("n/a: {}", escape(reason)),
        (None, Standing::Client) => "client".to_owned(),
        (None, Standing::Missing) => "**missing**".to_owned(),
        (None, _) => links.join(", "),
    }
}

fn link(proof: &Proof) -> String {
    format!("[{}](../{})", escape(&proof.name), proof.path.display())
}

/// Text that Markdown shows as it is.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if "\\*_<>[]|`~".contains(c) {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rfc::capabilities;

    fn sources() -> Sources {
        let list = "title: IMAP\n5 Much\n  a MUST  Sends \\Seen.\n  b MUST NOT  Lies.\n  c SHOULD client  Asks.\n  d MUST  Waits.\n    n/a: no clock\n";
        Sources {
            capabilities: capabilities::parse("9051 | IMAP4rev2 | done | fetch | All").unwrap(),
            lists: vec![List::parse("9051", list).unwrap()],
            proofs: vec![Proof {
                id: "9051/5/a".to_owned(),
                path: "dialogs/fetch/seen.dialog".into(),
                line: 2,
                name: "fetch/seen".to_owned(),
            }],
            dialogs: vec!["dialogs/fetch/seen.dialog".into(), "dialogs/fetching/x.dialog".into()],
        }
    }

    #[test]
    fn the_report_shows_proofs_and_gaps() {
        let report = render(&sources());
        for line in [
            "| 9051 | `IMAP4rev2` | done | [fetch](../dialogs/fetch) ×1 | All |",
            "## RFC 9051: IMAP",
            "4 requirements: 1 proved, 0 by design, 1 that do not apply, 1 for clients, 1 missing (1 MUST, 0 SHOULD).",
            "| **5** | **Much** | | |",
            "| 5/a | Sends \\\\Seen. | MUST | [fetch/seen](../dialogs/fetch/seen.dialog) |",
            "| 5/b | Lies. | MUST NOT | **missing** |",
            "| 5/c | Asks. | SHOULD | client |",
            "| 5/d | Waits. | MUST | n/a: no clock |",
        ] {
            assert!(report.lines().any(|found| found == line), "{line}\n\n{report}");
        }
    }

    #[test]
    fn one_more_dialog_makes_no_stale_report() {
        let mut sources = sources();
        let before = render(&sources);
        sources.dialogs.push("dialogs/fetch/more.dialog".into());
        let after = render(&sources);
        assert_ne!(before, after);
        assert_eq!(without_counts(&before), without_counts(&after));
        sources.proofs.clear();
        assert_ne!(without_counts(&before), without_counts(&render(&sources)));
    }
}
