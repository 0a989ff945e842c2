//! How big things are.

use crate::functions::functions;
use crate::tree::{files, is_rust};
use std::collections::BTreeMap;
use std::fmt::Write;
use std::io;
use std::path::Path;

/// Lines of a crate: what ships, and what tests it.
#[derive(Default)]
struct Lines {
    code: usize,
    tests: usize,
}

/// Lines per crate, number of dialogs, lengths of functions.
pub(crate) fn report(root: &Path) -> io::Result<String> {
    let mut crates: BTreeMap<String, Lines> = BTreeMap::new();
    let mut lengths = Vec::new();
    let mut dialogs = 0;
    for file in files(root)? {
        let path = file.strip_prefix(root).unwrap_or(&file);
        dialogs += usize::from(path.extension().is_some_and(|ending| ending == "dialog"));
        if !is_rust(path) {
            continue;
        }
        let text = std::fs::read_to_string(&file)?;
        count(crates.entry(crate_of(path)).or_default(), path, &text);
        let found = functions(&text).into_iter();
        lengths.extend(found.map(|f| (f.lines, f.name, path.to_owned())));
    }
    let mut out = format!("{:<14}{:>8}{:>8}\n", "crate", "code", "tests");
    for (name, lines) in &crates {
        let _ = writeln!(out, "{name:<14}{:>8}{:>8}", lines.code, lines.tests);
    }
    let all = |pick: fn(&Lines) -> usize| crates.values().map(pick).sum::<usize>();
    let _ = writeln!(out, "{:<14}{:>8}{:>8}", "all", all(|l| l.code), all(|l| l.tests));
    lengths.sort();
    let median = lengths.get(lengths.len() / 2).map_or(0, |(lines, ..)| *lines);
    let _ =
        writeln!(out, "\ndialogs: {dialogs}\nfunctions: {}, median {median} lines", lengths.len());
    for (lines, name, path) in lengths.iter().rev().take(3) {
        let _ = writeln!(out, "    {lines} lines: {name} in {}", path.display());
    }
    Ok(out)
}

fn crate_of(path: &Path) -> String {
    let mut parts = path.iter().map(|part| part.to_string_lossy().into_owned());
    match (parts.next(), parts.next()) {
        (Some(first), Some(second)) if first == "crates" => second,
        (first, _) => first.unwrap_or_default(),
    }
}

/// In a file of code, everything from the first `#[cfg(test)]` that opens a module on is tests.
fn count(lines: &mut Lines, path: &Path, text: &str) {
    let all = text.lines().count();
    let is_test = path.iter().any(|part| part == "tests") || path.ends_with("tests.rs");
    let inside = text.find("#[cfg(test)]\nmod ").map_or(0, |at| text[at..].lines().count());
    let tests = if is_test { all } else { inside };
    lines.tests += tests;
    lines.code += all - tests;
}
