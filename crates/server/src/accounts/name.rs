//! Account names: `local` or `local@domain`.

use crate::limits::MAX_ACCOUNT_NAME;
use std::fmt;
use unicode_normalization::UnicodeNormalization;

/// An account's name in its one form: NFC, lower case.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub(crate) struct Name(String);

/// Why a text is no account name.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum NameError {
    TooLong,
    Empty,
    Forbidden(char),
    BadDots,
}

impl fmt::Display for NameError {
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

impl std::error::Error for NameError {}

impl Name {
    /// A name as somebody typed it. Letters and digits of any script; `+` is left to subaddresses.
    pub(crate) fn new(text: &str) -> Result<Self, NameError> {
        if text.len() > 2 * MAX_ACCOUNT_NAME {
            return Err(NameError::TooLong);
        }
        let name: String = text.nfc().flat_map(char::to_lowercase).nfc().collect();
        if name.len() > MAX_ACCOUNT_NAME {
            return Err(NameError::TooLong);
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

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

fn check(part: &str, also: &str) -> Result<(), NameError> {
    if part.is_empty() {
        return Err(NameError::Empty);
    }
    let allowed = |c: char| c.is_alphanumeric() || also.contains(c) || is_mark(c);
    if let Some(c) = part.chars().find(|c| !allowed(*c)) {
        return Err(NameError::Forbidden(c));
    }
    if part.starts_with(['.', '-']) || part.ends_with(['.', '-']) || part.contains("..") {
        return Err(NameError::BadDots);
    }
    Ok(())
}

/// Marks that letters of some scripts consist of.
fn is_mark(c: char) -> bool {
    unicode_normalization::char::is_combining_mark(c)
}

impl fmt::Display for Name {
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
            assert_eq!(Name::new(text).unwrap().as_str(), name);
        }
    }

    #[test]
    fn what_could_mislead_is_refused() {
        let long = "x".repeat(MAX_ACCOUNT_NAME + 1);
        for text in [
            "", "@", "a@", "@b", "a@b@c", "a/b", "..", ".a", "a..b", "a+b", "a b", "a\0", "a\n",
            &long,
        ] {
            assert!(Name::new(text).is_err(), "{text:?}");
        }
    }
}
