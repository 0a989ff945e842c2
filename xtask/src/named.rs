//! What `docs/threat-model.md` and `docs/reliability.md` name as tests must be there.

use crate::Complaint;
use crate::tree::{self, is_rust};
use std::collections::HashSet;
use std::io;
use std::path::Path;

/// The pages that live on the tests they name.
const PAGES: [&str; 2] = ["docs/threat-model.md", "docs/reliability.md"];

/// What there is to be named.
#[derive(Default)]
pub(crate) struct Known {
    functions: HashSet<String>,
    /// Functions that are tests.
    tests: HashSet<String>,
    /// With their folders, without their ending.
    dialogs: Vec<String>,
}

/// Complain about functions and dialogs that are named and missing.
pub(crate) fn check(root: &Path, known: &Known) -> io::Result<Vec<Complaint>> {
    let mut complaints = Vec::new();
    for page in PAGES {
        let text = std::fs::read_to_string(root.join(page))?;
        complaints.extend(missing(known, Path::new(page), &text));
    }
    Ok(complaints)
}

impl Known {
    /// All of the workspace.
    pub(crate) fn of(root: &Path) -> io::Result<Self> {
        let mut known = Self::default();
        for file in tree::files(root)? {
            let path = file.strip_prefix(root).unwrap_or(&file);
            if is_rust(path) {
                let text = std::fs::read_to_string(&file)?;
                known.functions.extend(text.lines().filter_map(function).map(str::to_owned));
                known.tests.extend(tests(&text).map(str::to_owned));
                // A fuzz target is named as its file is.
                known
                    .functions
                    .extend(path.file_stem().map(|it| it.to_string_lossy().into_owned()));
            } else if let Ok(dialog) = path.strip_prefix("dialogs") {
                known.dialogs.push(dialog.with_extension("").to_string_lossy().into_owned());
            }
        }
        Ok(known)
    }

    fn has(&self, name: &str) -> bool {
        if is_function(name) {
            return self.functions.contains(name);
        }
        dialog(name).is_none_or(|dialog| self.has_dialog(dialog))
    }

    /// Whether this is the name of a test or a dialog.
    pub(crate) fn has_test(&self, name: &str) -> bool {
        self.tests.contains(name) || dialog(name).is_some_and(|dialog| self.has_dialog(dialog))
    }

    fn has_dialog(&self, dialog: &str) -> bool {
        match dialog.strip_suffix('*') {
            Some(start) => self.dialogs.iter().any(|known| known.starts_with(start)),
            None => self.dialogs.iter().any(|known| known == dialog),
        }
    }
}

/// The functions below an attribute that makes them a test.
fn tests(text: &str) -> impl Iterator<Item = &str> {
    let mut is_test = false;
    text.lines().filter_map(move |line| {
        let line = line.trim_start();
        if line.starts_with("#[") {
            is_test |= line.contains("test]") || line.contains("test(");
            return None;
        }
        let found = function(line).filter(|_| is_test);
        is_test &= line.starts_with("//");
        found
    })
}

fn function(line: &str) -> Option<&str> {
    let (_, rest) = line.split_once("fn ")?;
    rest.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').next()
}

/// Words with `_` between them are the name of a function.
fn is_function(name: &str) -> bool {
    name.contains('_')
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
}

/// A folder of dialogs and the name of one, perhaps with a `*`.
fn dialog(name: &str) -> Option<&str> {
    let dialog = name.strip_prefix("dialogs/").unwrap_or(name);
    let (folder, rest) = dialog.split_once('/')?;
    let is_word = |word: &str, also: &str| {
        !word.is_empty()
            && word
                .chars()
                .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || also.contains(c))
    };
    (is_word(folder, "") && is_word(rest, "-*")).then_some(dialog)
}

fn missing(known: &Known, path: &Path, text: &str) -> Vec<Complaint> {
    let mut complaints = Vec::new();
    for (index, line) in text.lines().enumerate() {
        for name in line.split('`').skip(1).step_by(2).filter(|name| !known.has(name)) {
            let what = format!("there is no test `{name}`");
            complaints.push(Complaint { path: path.to_owned(), line: index + 1, what });
        }
    }
    complaints
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Known {
        /// These tests and dialogs only.
        pub(crate) fn new(tests: &[&str], dialogs: &[&str]) -> Self {
            let owned = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
            let tests: Vec<String> = owned(tests);
            let functions = tests.iter().cloned().collect();
            Self { functions, tests: tests.into_iter().collect(), dialogs: owned(dialogs) }
        }
    }

    #[test]
    fn only_what_is_there_can_be_named() {
        let known = Known::new(&["a_test_holds"], &["fetch/body-start"]);
        let found = |text: &str| missing(&known, Path::new("a.md"), text).len();
        for text in [
            "`a_test_holds`, `fetch/body-start` and `dialogs/fetch/body*`",
            "`Re: `, `{+}`, `kill -9`, `crates/x.rs`, `WRITE_DEADLINE`, `unsafe`, no_code_at_all",
        ] {
            assert_eq!(found(text), 0, "{text}");
        }
        assert_eq!(found("`a_test_held` and `fetch/body-end`\n`dialogs/store/*`"), 3);
    }

    #[test]
    fn functions_are_found_in_their_lines() {
        assert_eq!(function("    pub(crate) async fn a_b(x: u8) {"), Some("a_b"));
        assert_eq!(function("// nothing"), None);
    }

    #[test]
    fn tests_are_told_from_other_functions() {
        let text = "fn a() {}\n#[test]\nfn b() {}\n    #[tokio::test(start_paused = true)]\n    // Why.\n    async fn c() {}\n\
            #[inline]\nfn d() {}\nfn e() {}\n";
        assert_eq!(tests(text).collect::<Vec<_>>(), ["b", "c"]);
    }
}
