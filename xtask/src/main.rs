//! Chores of the workspace: `cargo xtask tidy` checks what the compiler cannot, `cargo xtask size` measures.

mod edges;
mod functions;
mod limits;
mod named;
mod references;
mod rfc;
mod size;
mod text;
mod tree;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

const USAGE: &str = "cargo xtask tidy    check crate edges, RFC references, tests that pages and limits name, lengths, leftovers\n\
                     cargo xtask size    lines per crate, dialogs, lengths of functions\n\
                     cargo xtask rfc     write docs/protocol-support.md; with --check, see whether it is right\n\
                     cargo xtask limits  write docs/limits.md";

/// Something that is not as it should be, and where.
#[derive(Debug, PartialEq, Eq)]
struct Complaint {
    /// Relative to the root of the workspace.
    path: PathBuf,
    /// From 1; 0 for the file as a whole.
    line: usize,
    what: String,
}

impl std::fmt::Display for Complaint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.line {
            0 => write!(f, "{}: {}", self.path.display(), self.what),
            line => write!(f, "{}:{line}: {}", self.path.display(), self.what),
        }
    }
}

fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here).to_owned()
}

/// Everything that is wrong in the workspace.
fn tidy(root: &Path) -> std::io::Result<Vec<Complaint>> {
    let mut complaints = Vec::new();
    for file in tree::files(root)? {
        let path = file.strip_prefix(root).unwrap_or(&file);
        if path.file_name().is_some_and(|name| name == "Cargo.toml") {
            complaints.extend(edges::check(path, &std::fs::read_to_string(&file)?));
        }
        if tree::is_text(path) {
            let text = std::fs::read_to_string(&file)?;
            complaints.extend(references::check(path, &text));
            complaints.extend(text::check(path, &text));
        }
    }
    complaints.extend(rfc::check(root)?);
    let known = named::Known::of(root)?;
    complaints.extend(limits::check(root, &known)?);
    complaints.extend(named::check(root, &known)?);
    Ok(complaints)
}

/// Print what is wrong.
fn judge(complaints: &[Complaint]) -> ExitCode {
    complaints.iter().for_each(|complaint| eprintln!("{complaint}"));
    if complaints.is_empty() {
        println!("tidy");
        return ExitCode::SUCCESS;
    }
    eprintln!("{} things to put right", complaints.len());
    ExitCode::FAILURE
}

fn run(arguments: &[&str]) -> std::io::Result<ExitCode> {
    match arguments {
        ["tidy"] => Ok(judge(&tidy(&root())?)),
        ["rfc"] => Ok(judge(&rfc::write(&root())?)),
        ["rfc", "--check"] => Ok(judge(&rfc::check(&root())?)),
        ["limits"] => limits::write(&root()).map(|()| ExitCode::SUCCESS),
        ["size"] => {
            print!("{}", size::report(&root())?);
            Ok(ExitCode::SUCCESS)
        }
        _ => {
            eprintln!("{USAGE}");
            Ok(ExitCode::from(2))
        }
    }
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    run(&arguments).unwrap_or_else(|error| {
        eprintln!("xtask: {error}");
        ExitCode::FAILURE
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_workspace_is_tidy() {
        let complaints = tidy(&root()).unwrap();
        let list: Vec<String> = complaints.iter().map(ToString::to_string).collect();
        assert!(list.is_empty(), "\n{}", list.join("\n"));
    }
}
