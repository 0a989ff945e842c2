//! What proves a requirement: `proves:` in dialogs, `// proves:` in Rust tests.

use crate::Complaint;
use crate::tree::is_rust;
use std::path::{Path, PathBuf};

/// Something that would fail if the requirement were broken.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Proof {
    /// `9051/6.4.5/a`
    pub id: String,
    /// Relative to the root of the workspace.
    pub path: PathBuf,
    pub line: usize,
    /// The dialog's name with its folder, or the name of the test function.
    pub name: String,
}

/// What a file of the workspace proves.
///
/// # Errors
/// A tag that stands where it proves nothing, or says something twice.
pub(crate) fn find(path: &Path, text: &str) -> Result<Vec<Proof>, Complaint> {
    let mark = match path.extension() {
        Some(ending) if ending == "dialog" => "proves:",
        _ if is_rust(path) && path.starts_with("crates") => "// proves:",
        _ => return Ok(Vec::new()),
    };
    let mut proofs = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let line = if mark == "proves:" { line } else { line.trim_start() };
        let Some(ids) = line.strip_prefix(mark) else { continue };
        let complaint = |what: String| Complaint { path: path.to_owned(), line: index + 1, what };
        let name = name(path, text, index).map_err(|what| complaint(what.to_owned()))?;
        for id in ids.split_whitespace() {
            if proofs.iter().any(|proof: &Proof| proof.id == id && proof.name == name) {
                return Err(complaint(format!("{id} is listed twice")));
            }
            let (id, name) = (id.to_owned(), name.clone());
            proofs.push(Proof { id, path: path.to_owned(), line: index + 1, name });
        }
    }
    Ok(proofs)
}

/// What the tag in this line stands at.
fn name(path: &Path, text: &str, index: usize) -> Result<String, &'static str> {
    if !is_rust(path) {
        let name = path.strip_prefix("dialogs").unwrap_or(path).with_extension("");
        return Ok(name.to_string_lossy().into_owned());
    }
    let inside = text.lines().take(index).any(|line| line.trim() == "#[cfg(test)]");
    if !inside && !path.iter().any(|part| part == "tests" || part == "tests.rs") {
        return Err("only tests prove something");
    }
    let below = text.lines().skip(index);
    below.filter_map(function).next().ok_or("no test function below this tag")
}

fn function(line: &str) -> Option<String> {
    let line = line.trim_start();
    let rest = line.strip_prefix("fn ").or_else(|| line.strip_prefix("async fn "))?;
    rest.split_once('(').map(|(name, _)| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(path: &str, text: &str) -> Vec<(String, String)> {
        let proofs = find(Path::new(path), text).unwrap();
        proofs.into_iter().map(|proof| (proof.id, proof.name)).collect()
    }

    fn pair(id: &str, name: &str) -> (String, String) {
        (id.to_owned(), name.to_owned())
    }

    #[test]
    fn dialogs_prove() {
        let text = "# What. RFC 9051\nproves: 9051/5/a 9051/5/b\nneeds: MOVE\nproves: 7162/3/a\nC: a NOOP\n";
        let name = "fetch/uid";
        assert_eq!(
            found("dialogs/fetch/uid.dialog", text),
            [pair("9051/5/a", name), pair("9051/5/b", name), pair("7162/3/a", name)]
        );
    }

    #[test]
    fn tests_prove() {
        let text = "#[test]\nfn one() {}\n\n    // proves: 9051/5.4/a\n    #[test]\n    async fn two() {}\n";
        assert_eq!(found("crates/imap/tests/x.rs", text), [pair("9051/5.4/a", "two")]);
        let inside = format!("#[cfg(test)]\nmod tests {{\n{text}}}\n");
        assert_eq!(found("crates/imap/src/x.rs", &inside), [pair("9051/5.4/a", "two")]);
    }

    #[test]
    fn tags_elsewhere_are_complained_of() {
        let complaint =
            |path: &str, text: &str| find(Path::new(path), text).unwrap_err().to_string();
        assert_eq!(
            complaint("crates/imap/src/x.rs", "// proves: 9051/5/a\nfn x() {}\n"),
            "crates/imap/src/x.rs:1: only tests prove something"
        );
        assert!(
            complaint("crates/imap/tests/x.rs", "// proves: 9051/5/a\n")
                .ends_with("below this tag")
        );
        assert!(complaint("dialogs/a/b.dialog", "proves: 1/1/a 1/1/a\n").ends_with("listed twice"));
        assert!(found("dialogs/README.md", "proves: 1/1/a\n").is_empty());
    }
}
