//! What is wrong with a configuration, where, and what was probably meant.

use std::fmt;
use std::path::Path;

/// Why a configuration cannot be used.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct ConfigError(String);

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for ConfigError {}

impl ConfigError {
    pub(super) fn new(what: &str) -> Self {
        Self(what.to_owned())
    }

    pub(super) fn of_io(error: &std::io::Error) -> Self {
        Self(format!("the configuration cannot be read: {error}"))
    }

    /// With the line and column, the line itself, and the nearest name that there is.
    pub(super) fn of_toml(error: &toml::de::Error) -> Self {
        let mut text = error.to_string().trim_end().to_owned();
        if let Some(meant) = nearest(error.message()) {
            text.push_str(&format!("\ndid you mean `{meant}`?"));
        }
        Self(text)
    }

    pub(super) fn in_file(self, file: &Path) -> Self {
        Self(format!("{}: {}", file.display(), self.0))
    }
}

/// The expected name nearest to the unknown one, in a message that names both in backticks.
fn nearest(message: &str) -> Option<&str> {
    let mut quoted = message.split('`').skip(1).step_by(2);
    let unknown = quoted.next().filter(|_| message.starts_with("unknown "))?;
    nearest_of(unknown, quoted)
}

/// The name nearest to one that there is not, if it is near.
pub(super) fn nearest_of<'n>(
    unknown: &str,
    names: impl Iterator<Item = &'n str>,
) -> Option<&'n str> {
    let best = names.min_by_key(|name| distance(unknown, name))?;
    (distance(unknown, best) <= unknown.len().max(best.len()).div_ceil(2)).then_some(best)
}

/// How many letters to insert, remove or replace to get from one word to the other.
fn distance(from: &str, to: &str) -> usize {
    let to: Vec<char> = to.chars().collect();
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (line, letter) in from.chars().enumerate() {
        let mut next = vec![line + 1];
        for (above, (left_above, other)) in row.iter().skip(1).zip(row.iter().zip(&to)) {
            let left = next.last().copied().unwrap_or(line + 1);
            let replaced = left_above + usize::from(*other != letter);
            next.push(replaced.min(above + 1).min(left + 1));
        }
        row = next;
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_is_offered_if_it_is_near() {
        let message = |unknown: &str| {
            format!("unknown field `{unknown}`, expected one of `connections`, `message_size`")
        };
        assert_eq!(nearest(&message("conections")), Some("connections"));
        assert_eq!(nearest(&message("messagesize")), Some("message_size"));
        assert_eq!(nearest(&message("xyz")), None);
        assert_eq!(nearest("invalid type: `a`, expected `b`"), None);
    }

    #[test]
    fn distance_counts_letters() {
        for (from, to, expected) in [("", "", 0), ("ab", "", 2), ("kitten", "sitting", 3)] {
            assert_eq!(distance(from, to), expected);
        }
    }
}
