//! Capabilities that an administrator hides from clients that cannot bear them.
//!
//! What is hidden is in no list of capabilities and is not enabled by ENABLE, and notices that nobody asked for
//! (INPROGRESS) do not come. Its commands are answered as before, for a client that sends them all the same knows what
//! it does. Two that change the connection itself are refused, since somebody between us and the client may count on
//! it: COMPRESS, and UNAUTHENTICATE (RFC 8437 §8 wants it so).

use crate::capability;
use std::fmt;

/// Hidden capabilities.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub struct Mask(Vec<&'static str>);

/// Why a capability cannot be hidden.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum NotMaskable {
    /// There is none of that name.
    Unknown,
    /// Every client looks for it.
    Needed,
    /// It follows from whether passwords may be sent, which nobody should mask.
    Security,
}

impl fmt::Display for NotMaskable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unknown => "there is no such capability",
            Self::Needed => "no client can do without it",
            Self::Security => "it follows from what protects passwords, and cannot be hidden",
        })
    }
}

impl std::error::Error for NotMaskable {}

impl Mask {
    /// The names of all that can be hidden; of `APPENDLIMIT=n` and its like without the value.
    pub fn names() -> impl Iterator<Item = &'static str> {
        capability::names().filter(|name| *name != capability::NEEDED)
    }

    /// Hide one more, by its name in any case.
    ///
    /// # Errors
    /// It cannot be hidden.
    pub fn hide(&mut self, name: &str) -> Result<(), NotMaskable> {
        let same = |known: &&'static str| known.eq_ignore_ascii_case(name);
        match Self::names().find(same) {
            Some(name) if self.hides(name) => {}
            Some(name) => self.0.push(name),
            None if same(&capability::NEEDED) => return Err(NotMaskable::Needed),
            None if protects(name) => return Err(NotMaskable::Security),
            None => return Err(NotMaskable::Unknown),
        }
        Ok(())
    }

    /// The names of those that are hidden.
    pub fn iter(&self) -> impl Iterator<Item = &'static str> {
        self.0.iter().copied()
    }

    /// Whether this one, in the case that it is advertised in, is hidden.
    #[must_use]
    pub fn hides(&self, name: &str) -> bool {
        self.0.contains(&name)
    }
}

/// Whether a capability is about what protects passwords.
fn protects(name: &str) -> bool {
    let name = name.to_ascii_uppercase();
    ["STARTTLS", "LOGINDISABLED"].contains(&name.as_str()) || name.starts_with("AUTH=")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_in_any_case_are_hidden_once() {
        let mut mask = Mask::default();
        for name in ["compress=deflate", "COMPRESS=DEFLATE", "appendlimit"] {
            assert_eq!(mask.hide(name), Ok(()));
        }
        assert_eq!(mask.0, ["COMPRESS=DEFLATE", "APPENDLIMIT"]);
        assert!(mask.hides("COMPRESS=DEFLATE") && !mask.hides("IDLE"));
    }

    #[test]
    fn everything_can_be_hidden_but_what_is_needed_or_protects() {
        let mut mask = Mask::default();
        assert_eq!(Mask::names().map(|name| mask.hide(name)).find(Result::is_err), None);
        for (name, why) in [
            ("imap4REV1", NotMaskable::Needed),
            ("AUTH=PLAIN", NotMaskable::Security),
            ("logindisabled", NotMaskable::Security),
            ("STARTTLS", NotMaskable::Security),
            ("COMPRESS", NotMaskable::Unknown),
            ("APPENDLIMIT=5", NotMaskable::Unknown),
            ("", NotMaskable::Unknown),
        ] {
            assert_eq!(mask.hide(name), Err(why), "{name}");
        }
    }
}
