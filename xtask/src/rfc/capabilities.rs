//! What we implement: `docs/requirements/capabilities.txt`, and whether the server agrees.

use std::collections::BTreeSet;

/// One row: an RFC, or a part of one that has a capability of its own.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Capability {
    pub rfc: String,
    /// As advertised, without the value of a limit; `None` for an RFC that has none.
    pub name: Option<String>,
    pub status: &'static str,
    /// Folders below `dialogs`.
    pub folders: Vec<String>,
    pub title: String,
}

const STATUS: [&str; 3] = ["done", "partial", "off by default"];

/// Read the rows.
///
/// # Errors
/// The line, and what is wrong with it.
pub(crate) fn parse(text: &str) -> Result<Vec<Capability>, (usize, String)> {
    let lines = text.lines().enumerate();
    let rows = lines.filter(|(_, line)| !line.trim().is_empty() && !line.starts_with('#'));
    rows.map(|(index, line)| row(line).map_err(|what| (index + 1, what.to_owned()))).collect()
}

/// `7162 | CONDSTORE | done | condstore | Conditional STORE`
fn row(line: &str) -> Result<Capability, &'static str> {
    let parts: Vec<&str> = line.split('|').map(str::trim).collect();
    let [rfc, name, status, folders, title] = parts[..] else {
        return Err("a row is RFC | capability | status | folders | title");
    };
    let status = STATUS.into_iter().find(|known| *known == status);
    let folders = folders.split_whitespace().filter(|folder| *folder != "-");
    Ok(Capability {
        rfc: rfc.to_owned(),
        name: Some(name).filter(|name| *name != "-").map(str::to_owned),
        status: status.ok_or("the status is done, partial or off by default")?,
        folders: folders.map(str::to_owned).collect(),
        title: title.to_owned(),
    })
}

/// Where the list and the server's table differ.
pub(crate) fn differences(rows: &[Capability], source: &str) -> Vec<String> {
    let listed: BTreeSet<&str> = rows.iter().filter_map(|row| row.name.as_deref()).collect();
    let advertised = advertised(source);
    let unlisted = advertised
        .difference(&listed)
        .map(|name| format!("{name} is advertised: add a row for it, then run `cargo xtask rfc`"));
    let unknown = listed.difference(&advertised).map(|name| format!("{name} is not advertised"));
    unlisted.chain(unknown).collect()
}

/// The names in the server's source: every string that looks like a capability.
fn advertised(source: &str) -> BTreeSet<&str> {
    let source = source.split("#[cfg(test)]").next().unwrap_or_default();
    let code = source.lines().filter(|line| !line.trim_start().starts_with("//"));
    let strings = code.flat_map(|line| line.split('"').skip(1).step_by(2));
    let names = strings.map(|string| string.split("={").next().unwrap_or_default());
    names.filter(|name| is_capability(name)).collect()
}

fn is_capability(name: &str) -> bool {
    name.len() > 1
        && name.starts_with(|c: char| c.is_ascii_uppercase())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || "=+-/".contains(c))
        && name.chars().filter(char::is_ascii_uppercase).count() > 1
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROWS: &str = "# what\n7162 | CONDSTORE | done | condstore fetch | Conditional STORE\n\
                        5530 | - | partial | - | Response codes\n";

    #[test]
    fn rows_are_read() {
        let rows = parse(ROWS).unwrap();
        assert_eq!(rows[0].name.as_deref(), Some("CONDSTORE"));
        assert_eq!(rows[0].folders, ["condstore", "fetch"]);
        assert_eq!((&rows[1].name, rows[1].status), (&None, "partial"));
        assert!(rows[1].folders.is_empty());
        assert_eq!(parse("1 | A | perfect | - | x").unwrap_err().0, 1);
        assert!(parse("1 | A | done").is_err());
    }

    #[test]
    fn the_server_and_the_list_must_agree() {
        let rows = parse(ROWS).unwrap();
        let source = |table: &str| format!("/// \"COMMENT\"\n{table}\n#[cfg(test)]\n\"TEST\"");
        assert!(differences(&rows, &source("(\"CONDSTORE\", When::Always),")).is_empty());
        assert_eq!(
            differences(&rows, &source("x(\"APPENDLIMIT={}\", \"no\", \"No capability\")")),
            [
                "APPENDLIMIT is advertised: add a row for it, then run `cargo xtask rfc`",
                "CONDSTORE is not advertised"
            ]
        );
    }

    #[test]
    fn names_are_told_from_other_strings() {
        for name in ["IMAP4rev2", "LITERAL-", "AUTH=PLAIN", "I18NLEVEL=1", "ID", "RIGHTS=ektx"] {
            assert!(is_capability(name), "{name}");
        }
        for other in ["", "x", "Words", "Not One", "A"] {
            assert!(!is_capability(other), "{other}");
        }
    }
}
