//! What commands print on standard output.

use crate::failure::Failure;
use std::io::{ErrorKind, Write};

/// Print a text and a line end at once. A reader that went away is no failure.
pub(crate) fn print(text: &str) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    match writeln!(out, "{text}").and_then(|()| out.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(Failure::io("writing to standard output", &error))
        }
        _ => Ok(()),
    }
}

/// Say on standard error what went wrong, and go on.
pub(super) fn warn(text: &str) {
    // Without a place to say it, the exit code has to do.
    let _ = writeln!(std::io::stderr(), "rookery: {text}");
}

/// Print a value as JSON.
pub(crate) fn json(value: &impl serde::Serialize) -> Result<(), Failure> {
    let text = serde_json::to_string_pretty(value);
    print(&text.map_err(|error| Failure::new(format!("printing JSON: {error}")))?)
}

/// Lines with columns below each other; the first line is the heading.
pub(crate) fn table(lines: &[Vec<String>]) -> String {
    let columns = lines.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| {
        let widths =
            lines.iter().filter_map(|line| line.get(column)).map(|cell| cell.chars().count());
        widths.max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let line = |cells: &Vec<String>| {
        let padded = cells.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}"));
        padded.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    lines.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// A heading of a table, or any line of fixed texts.
pub(super) fn row<const N: usize>(cells: [&str; N]) -> Vec<String> {
    cells.map(str::to_owned).into()
}

/// A number of things: `1 message`, `2 messages`.
pub(super) fn counted(count: u64, thing: &str) -> String {
    if count == 1 {
        return format!("1 {thing}");
    }
    match thing.strip_suffix('x') {
        Some(stem) => format!("{count} {stem}xes"),
        None => format!("{count} {thing}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_is_not_many() {
        let counts = [counted(0, "message"), counted(1, "message"), counted(2, "mailbox")];
        assert_eq!(counts, ["0 messages", "1 message", "2 mailboxes"]);
    }

    #[test]
    fn columns_stand_below_each_other() {
        let lines = [row(["NAME", "N"]), row(["m\u{fc}ller", "1"]), row(["x", ""])];
        assert_eq!(table(&lines), "NAME    N\nm\u{fc}ller  1\nx");
    }
}
