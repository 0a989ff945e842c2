//! Characters and atoms.

use super::{Cursor, Parsed};

/// `ATOM-CHAR`.
pub(crate) fn is_atom_char(octet: u8) -> bool {
    octet.is_ascii_graphic()
        && !matches!(octet, b'(' | b')' | b'{' | b'%' | b'*' | b'"' | b'\\' | b']')
}

/// `ASTRING-CHAR`.
pub(crate) fn is_astring_char(octet: u8) -> bool {
    is_atom_char(octet) || octet == b']'
}

/// An octet of a tag.
pub(crate) fn is_tag_char(octet: u8) -> bool {
    is_astring_char(octet) && octet != b'+'
}

/// `list-char`.
pub(crate) fn is_list_char(octet: u8) -> bool {
    is_astring_char(octet) || matches!(octet, b'%' | b'*')
}

/// What can stand in a line without a doubt: printable ASCII and tabs.
pub(crate) fn is_text_safe(octet: u8) -> bool {
    matches!(octet, b' '..=b'~' | b'\t')
}

impl<'a> Cursor<'a> {
    /// `atom`.
    pub(crate) fn atom(&mut self, expected: &'static str) -> Parsed<&'a [u8]> {
        let atom = self.take_while(is_atom_char);
        if atom.is_empty() { Err(self.fail(expected)) } else { Ok(atom) }
    }

    /// `atom`, in capitals.
    pub(crate) fn label(&mut self, expected: &'static str) -> Parsed<String> {
        let atom = self.atom(expected)?;
        self.charge_string(atom.len())?;
        Ok(capitals(atom))
    }

    /// `tagged-ext-label`, in capitals: an atom that cannot be taken for a number.
    pub(crate) fn extension_label(&mut self, expected: &'static str) -> Parsed<String> {
        let is_digit = |octet: Option<u8>| octet.is_some_and(|octet| octet.is_ascii_digit());
        let like_number = self.peek() == Some(b'-') && is_digit(self.peek_second());
        if like_number || is_digit(self.peek()) || self.peek() == Some(b'$') {
            return Err(self.fail(expected));
        }
        self.label(expected)
    }

    /// A run of letters, digits and dots, in capitals: the names that are followed by a bracket.
    pub(crate) fn dotted_name(&mut self) -> String {
        capitals(self.take_while(|octet| octet.is_ascii_alphanumeric() || octet == b'.'))
    }
}

/// ASCII in capitals.
fn capitals(octets: &[u8]) -> String {
    octets.iter().map(|octet| char::from(octet.to_ascii_uppercase())).collect()
}
