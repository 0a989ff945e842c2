//! Account names: `local` or `local@domain`.

use crate::limits::MAX_ACCOUNT_NAME;
use std::fmt;
use unicode_normalization::UnicodeNormalization;

/// An account's name in its one form: NFC, lower case.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct AccountName(String);

/// Why a text is no account name.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum BadAccountName {
    /// More than [`MAX_ACCOUNT_NAME`] octets.
    TooLong,
    /// Nothing, or nothing on one side of the `@`.
    Empty,
    /// This character is in no name.
    Forbidden(char),
    /// Dots or dashes where there may be none.
    BadDots,
}

impl fmt::Display for BadAccountName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong => write!(f, "an account name has at most {MAX_ACCOUNT_NAME} octets"),
            Self::Empty => {
                f.write_str("an account name is `local` or `local@domain`, nothing empty")
            }
            Self::Forbidden(c) => write!(f, "an account name cannot have {c:?} in it"),
            Self::BadDots => {
                f.write_str("the parts of an account name neither begin nor end with `.` or `-`")
            }
        }
    }
}

impl std::error::Error for BadAccountName {}

impl AccountName {
    /// A name as somebody typed it. Letters and digits of any script; `+` is left to subaddresses.
    ///
    /// # Errors
    /// When it cannot be one.
    pub fn new(text: &str) -> Result<Self, BadAccountName> {
        if text.len() > 2 * MAX_ACCOUNT_NAME {
            return Err(BadAccountName::TooLong);
        }
        let name: String = text.nfc().flat_map(char::to_lowercase).nfc().collect();
        if name.len() > MAX_ACCOUNT_NAME {
            return Err(BadAccountName::TooLong);
        }
        match name.split_once('@') {
            None => check(&name, "._-'=&~")?,
            Some((local, domain)) => {
                check(local, "._-'=&~")?;
                check(domain, ".-")?;
            }
        }
        Ok(Self(name))
    }

    /// The one form.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn check(part: &str, also: &str) -> Result<(), BadAccountName> {
    if part.is_empty() {
        return Err(BadAccountName::Empty);
    }
    let allowed = |c: char| c.is_alphanumeric() || also.contains(c) || is_mark(c);
    if let Some(c) = part.chars().find(|c| !allowed(*c)) {
        return Err(BadAccountName::Forbidden(c));
    }
    if part.starts_with(['.', '-']) || part.ends_with(['.', '-']) || part.contains("..") {
        return Err(BadAccountName::BadDots);
    }
    Ok(())
}

/// Marks that letters of some scripts consist of.
fn is_mark(c: char) -> bool {
    unicode_normalization::char::is_combining_mark(c)
}

impl fmt::Display for AccountName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_one_form() {
        for (text, name) in [
            ("Ada", "ada"),
            ("Ada.L@Example.ORG", "ada.l@example.org"),
            ("Mu\u{308}ller", "m\u{fc}ller"),
            ("o'brien", "o'brien"),
        ] {
            assert_eq!(AccountName::new(text).unwrap().as_str(), name);
        }
    }

    #[test]
    fn what_could_mislead_is_refused() {
        let long = "x".repeat(MAX_ACCOUNT_NAME + 1);
        for text in [
            "", "@", "a@", "@b", "a@b@c", "a/b", "..", ".a", "a..b", "a+b", "a b", "a\0", "a\n",
            &long,
        ] {
            assert!(AccountName::new(text).is_err(), "{text:?}");
        }
    }
}
