//! Flags.

use super::{Cursor, Parsed};
use crate::WireFlag;
use rookery_mail::{Flag, Keyword};

impl<'a> Cursor<'a> {
    /// `flag`, and what looks like one.
    pub(crate) fn flag(&mut self) -> Parsed<WireFlag> {
        let text = self.flag_text()?;
        self.charge_string(text.len())?;
        if text.eq_ignore_ascii_case(b"\\Recent") {
            return Ok(WireFlag::Recent);
        }
        let flag = std::str::from_utf8(text).ok().and_then(|text| Flag::parse(text).ok());
        Ok(flag.map_or_else(|| WireFlag::Unknown(text.to_vec()), WireFlag::Flag))
    }

    /// `flag-list`.
    pub(crate) fn flag_list(&mut self) -> Parsed<Vec<WireFlag>> {
        self.parenthesised("flags in parentheses", Self::flag)
    }

    /// `flag-keyword`.
    pub(crate) fn keyword(&mut self) -> Parsed<Keyword> {
        let error = self.fail("a keyword of at most 100 characters");
        let text = self.atom("a keyword")?;
        self.charge_string(text.len())?;
        let text = std::str::from_utf8(text).unwrap_or("");
        Keyword::new(text).map_err(|_| error)
    }

    /// An atom that may have a backslash before it.
    pub(crate) fn flag_text(&mut self) -> Parsed<&'a [u8]> {
        let rest = self.rest();
        self.take(b'\\');
        let atom = self.atom("a flag")?;
        let length = atom.len() + usize::from(rest.first() == Some(&b'\\'));
        Ok(rest.get(..length).unwrap_or(atom))
    }
}
