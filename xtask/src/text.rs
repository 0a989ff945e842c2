//! What no file should hold: too many lines, leftovers, paths of one machine.

use crate::Complaint;
use crate::tree::is_rust;
use std::path::Path;

/// Lines of Rust that one file may have.
const MAX_LINES: usize = 800;

/// What must not stay, and why.
const LEFTOVERS: [(&str, &str); 4] = [
    ("todo!", "finish it, or file an issue"),
    ("unimplemented!", "finish it, or file an issue"),
    ("FIXME", "fix it, or file an issue"),
    ("dbg!", "remove it"),
];

/// Beginnings of paths that exist on one machine only.
const HOMES: [&str; 4] = ["/home/", "/root/", "/Users/", "/work/"];

/// Complain about the text of a file.
pub(crate) fn check(path: &Path, text: &str) -> Vec<Complaint> {
    let mut complaints = Vec::new();
    let mut complain =
        |line, what| complaints.push(Complaint { path: path.to_owned(), line, what });
    let lines = text.lines().count();
    if is_rust(path) && lines > MAX_LINES {
        complain(0, format!("{lines} lines: split it by subject, {MAX_LINES} is the limit"));
    }
    if path.starts_with("xtask") {
        return complaints;
    }
    for (index, line) in text.lines().enumerate() {
        if is_rust(path)
            && let Some((word, advice)) = LEFTOVERS.iter().find(|(word, _)| line.contains(word))
        {
            complain(index + 1, format!("{word}: {advice}"));
        }
        if let Some(home) = HOMES.iter().find(|home| names_home(line, home)) {
            complain(index + 1, format!("a path of one machine ({home}): make it relative"));
        }
    }
    complaints
}

/// Whether an absolute path starts here: not the middle of a longer one, nor of an address.
fn names_home(line: &str, home: &str) -> bool {
    line.match_indices(home).any(|(at, _)| {
        !line[..at].ends_with(|c: char| c.is_alphanumeric() || "./_-~}:".contains(c))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn complaints(path: &str, text: &str) -> Vec<String> {
        check(Path::new(path), text).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn long_files_are_split() {
        assert!(complaints("a.rs", &"x\n".repeat(800)).is_empty());
        let found = complaints("a.rs", &"x\n".repeat(801));
        assert_eq!(found, ["a.rs: 801 lines: split it by subject, 800 is the limit"]);
        assert!(complaints("a.md", &"x\n".repeat(801)).is_empty());
    }

    #[test]
    fn leftovers_are_found() {
        assert_eq!(
            complaints("a.rs", "x\ntodo!()\n"),
            ["a.rs:2: todo!: finish it, or file an issue"]
        );
        assert_eq!(complaints("a.rs", "// FIXME later\n").len(), 1);
    }

    #[test]
    fn paths_of_one_machine_are_found() {
        assert_eq!(complaints("a.md", "see /home/ann/x\n").len(), 1);
        assert!(complaints("a.md", "see ../shared/home/x and host.example/home/\n").is_empty());
    }
}
