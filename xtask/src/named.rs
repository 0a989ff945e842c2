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
struct Known {
    functions: HashSet<String>,
    /// With their folders, without their ending.
    dialogs: Vec<String>,
}

/// Complain about functions and dialogs that are named and missing.
pub(crate) fn check(root: &Path) -> io::Result<Vec<Complaint>> {
    let known = Known::of(root)?;
    let mut complaints = Vec::new();
    for page in PAGES {
        let text = std::fs::read_to_string(root.join(page))?;
        complaints.extend(missing(&known, Path::new(page), &text));
    }
    Ok(complaints)
}

impl Known {
    fn of(root: &Path) -> io::Result<Self> {
        let mut known = Self::default();
        for file in tree::files(root)? {
            let path = file.strip_prefix(root).unwrap_or(&file);
            if is_rust(path) {
                let text = std::fs::read_to_string(&file)?;
                known.functions.extend(text.lines().filter_map(function).map(str::to_owned));
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
        let Some(dialog) = dialog(name) else { return true };
        match dialog.strip_suffix('*') {
            Some(start) => self.dialogs.iter().any(|known| known.starts_with(start)),
            None => self.dialogs.iter().any(|known| known == dialog),
        }
    }
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

    #[test]
    fn only_what_is_there_can_be_named() {
        let functions = ["a_test_holds".to_owned()].into();
        let known = Known { functions, dialogs: vec!["fetch/body-start".to_owned()] };
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
}
