//! `docs/limits.md`: every named bound of every crate, from the crates' `limits.rs`.

use crate::Complaint;
use crate::named::Known;
use crate::tree;
use std::fmt::Write;
use std::io;
use std::path::Path;

const REPORT: &str = "docs/limits.md";

const HEAD: &str = "# Limits\n\n\
Made by `cargo xtask limits` from the `limits.rs` of each crate: do not edit it. Whatever a client, a message or a file can make \
large has a bound here. A limit that can be configured names its key in the configuration file; the others change with the code. \
*Held by* names the tests and dialogs that fail if the bound is not kept; *tuning* bounds nobody's input: the server is faster, slower or \
larger with another value, and no less right; what *the compiler* holds is asserted of constants.\n";

/// What a comment says before the tests that hold a bound.
const HELD_BY: &str = " Held by ";

/// What holds a bound in the place of a test: an assertion on constants.
const COMPILER: &str = "the compiler";

/// What ends the comment of a constant that is no bound of anybody's input.
const TUNING: &str = " Tuning.";

/// A named bound.
#[derive(Debug, PartialEq, Eq)]
struct Limit {
    name: String,
    /// From 1.
    line: usize,
    value: String,
    setting: Option<String>,
    /// As the report has it: tests, or `tuning`; empty if the comment does not say.
    held_by: String,
    meaning: String,
}

/// Write the report.
pub(crate) fn write(root: &Path) -> io::Result<()> {
    std::fs::write(root.join(REPORT), render(root)?)
}

/// Complain about bounds that nothing holds, and about a report that is not up to date.
pub(crate) fn check(root: &Path, known: &Known) -> io::Result<Vec<Complaint>> {
    let mut complaints = Vec::new();
    for file in tree::files(&root.join("crates"))? {
        let path = file.strip_prefix(root).unwrap_or(&file);
        if crate_of(path).is_some() {
            complaints.extend(not_held(known, path, &std::fs::read_to_string(&file)?));
        }
    }
    let written = match std::fs::read_to_string(root.join(REPORT)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
        read => read?,
    };
    if written != render(root)? {
        let what = "stale: run `cargo xtask limits`".to_owned();
        complaints.push(Complaint { path: REPORT.into(), line: 0, what });
    }
    Ok(complaints)
}

/// Complain about each bound that names no test, or one that is not there.
fn not_held(known: &Known, path: &Path, text: &str) -> Vec<Complaint> {
    let complain =
        |limit: &Limit, what| Complaint { path: path.to_owned(), line: limit.line, what };
    let mut complaints = Vec::new();
    for limit in limits(text) {
        if limit.held_by.is_empty() {
            let what =
                format!("{} ends neither with `Held by` a test nor with `Tuning.`", limit.name);
            complaints.push(complain(&limit, what));
        }
        let tests = limit.held_by.split('`').skip(1).step_by(2);
        for test in tests.filter(|test| !known.has_test(test)) {
            complaints.push(complain(&limit, format!("there is no test `{test}`")));
        }
    }
    complaints
}

fn render(root: &Path) -> io::Result<String> {
    let mut out = HEAD.to_owned();
    for file in tree::files(&root.join("crates"))? {
        let path = file.strip_prefix(root).unwrap_or(&file);
        let Some(name) = crate_of(path) else { continue };
        let limits = limits(&std::fs::read_to_string(&file)?);
        let _ = writeln!(out, "\n## [{name}](../{})\n", path.display());
        let _ =
            writeln!(out, "| limit | default | setting | what | held by |\n|---|--:|---|---|---|");
        for limit in limits {
            let setting = limit.setting.map_or(String::new(), |key| format!("`{key}`"));
            let Limit { name, value, held_by, meaning, .. } = limit;
            let _ = writeln!(out, "| `{name}` | {value} | {setting} | {meaning} | {held_by} |");
        }
    }
    Ok(out)
}

/// The crate whose `limits.rs` this is.
fn crate_of(path: &Path) -> Option<&str> {
    let rest = path.strip_prefix("crates").ok()?.to_str()?;
    rest.strip_suffix("/src/limits.rs")
}

/// The constants of a file, each with the comment above it.
fn limits(text: &str) -> Vec<Limit> {
    let mut limits = Vec::new();
    let mut comment = String::new();
    for (index, line) in text.lines().enumerate() {
        if let Some(words) = line.strip_prefix("///") {
            comment.push_str(words);
        } else if let Some(limit) = constant(line, &comment) {
            limits.push(Limit { line: index + 1, ..limit });
            comment.clear();
        } else if !line.starts_with("#[") {
            comment.clear();
        }
    }
    limits
}

fn constant(line: &str, comment: &str) -> Option<Limit> {
    let (_, declaration) = line.split_once("const ")?;
    let (name, rest) = declaration.split_once(": ")?;
    let (_, value) = rest.strip_suffix(';')?.split_once(" = ")?;
    let (comment, held_by) = split_held_by(comment.trim());
    let (meaning, setting) = split_setting(comment);
    let value = value_in_words(value, &meaning);
    // Links to other items mean nothing outside the crate's documentation, and a bar ends a cell.
    let meaning = meaning.replace("[`", "`").replace("`]", "`").replace('|', "\\|");
    Some(Limit { name: name.to_owned(), line: 0, value, setting, held_by, meaning })
}

/// The comment without what holds the bound, and that, as the report has it.
fn split_held_by(comment: &str) -> (&str, String) {
    if let Some(rest) = comment.strip_suffix(TUNING) {
        return (rest, "tuning".to_owned());
    }
    let split = comment.split_once(HELD_BY).and_then(|(before, rest)| {
        let tests = rest.strip_suffix('.')?;
        let is_named = tests.starts_with('`')
            || tests
                .strip_prefix(COMPILER)
                .is_some_and(|more| more.is_empty() || more.starts_with(", `"));
        is_named.then(|| (before, tests.to_owned()))
    });
    split.unwrap_or((comment, String::new()))
}

/// The comment without its `` Setting: `key`. ``, and the key.
fn split_setting(comment: &str) -> (String, Option<String>) {
    let split = comment.split_once(" Setting: `").and_then(|(before, rest)| {
        let (key, after) = rest.split_once("`.")?;
        Some((format!("{before}{after}"), Some(key.to_owned())))
    });
    split.unwrap_or_else(|| (comment.to_owned(), None))
}

/// A value as people read it; what is no product of numbers stays as it is.
fn value_in_words(value: &str, meaning: &str) -> String {
    let inner = |name: &str| value.strip_prefix(name)?.strip_suffix(')').and_then(product);
    if let Some(seconds) = inner("Duration::from_secs(") {
        return duration(seconds);
    }
    if let Some(milliseconds) = inner("Duration::from_millis(") {
        return format!("{milliseconds} ms");
    }
    match product(value) {
        Some(number) if number >= 1024 && meaning.to_lowercase().contains("octets") => {
            octets(number)
        }
        Some(number) => thousands(number),
        None => format!("`{value}`"),
    }
}

fn product(text: &str) -> Option<u64> {
    text.split('*').map(|factor| factor.trim().replace('_', "").parse::<u64>().ok()).product()
}

fn duration(seconds: u64) -> String {
    match seconds {
        s if s >= 120 && s.is_multiple_of(60) => format!("{} min", s / 60),
        s => format!("{s} s"),
    }
}

fn octets(number: u64) -> String {
    let units = [(1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")];
    let unit = units.into_iter().find(|(size, _)| number.is_multiple_of(*size));
    unit.map_or_else(
        || thousands(number),
        |(size, name)| format!("{} {name}", thousands(number / size)),
    )
}

fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn constants_with_their_comments() {
        let text = "//! Bounds.\n\n/// Octets of one line,\n/// as [`LINES`] come. Setting: `limits.line`. Long ones end.\n\
            /// Held by `a_line_ends`, `x/line-*`.\npub const LINE: usize = 64 * 1024;\n\nuse x;\n\n/// How long. Tuning.\npub(crate) const WAIT: Duration = Duration::from_secs(31 * 60);\n";
        let found = limits(text);
        let line = Limit {
            name: "LINE".to_owned(),
            line: 6,
            value: "64 KiB".to_owned(),
            setting: Some("limits.line".to_owned()),
            held_by: "`a_line_ends`, `x/line-*`".to_owned(),
            meaning: "Octets of one line, as `LINES` come. Long ones end.".to_owned(),
        };
        assert_eq!(found.first(), Some(&line));
        let [_, wait] = &found[..] else { panic!("{found:?}") };
        let Limit { value, held_by, meaning, .. } = wait;
        assert_eq!([value, held_by, meaning], ["31 min", "tuning", "How long."]);
    }

    #[test]
    fn a_bound_names_a_test_that_is_there() {
        let known = Known::new(&["a_line_ends"], &["x/line-long"]);
        let found = |ending: &str| {
            let text = format!("/// Octets.{ending}\nconst X: usize = 1;\n");
            not_held(&known, Path::new("a.rs"), &text).len()
        };
        for ending in [
            " Tuning.",
            " Held by the compiler.",
            " Held by `a_line_ends`.",
            " Held by `x/line-*`, `a_line_ends`.",
        ] {
            assert_eq!(found(ending), 0, "{ending}");
        }
        for ending in [
            "",
            " Held by nothing.",
            " Held by the compilerish.",
            " Held by `a_line_end`.",
            " Held by `LINE`.",
        ] {
            assert_eq!(found(ending), 1, "{ending}");
        }
    }

    #[test]
    fn values_as_people_read_them() {
        assert_eq!(value_in_words("20_000", "Addresses"), "20,000");
        assert_eq!(value_in_words("4096", "Octets of x"), "4 KiB");
        assert_eq!(value_in_words("1_000", "Octets of x"), "1,000");
        assert_eq!(value_in_words("Duration::from_millis(500)", "x"), "500 ms");
        assert_eq!(value_in_words("2 * MAX + 2", "x"), "`2 * MAX + 2`");
    }
}
