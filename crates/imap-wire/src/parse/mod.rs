//! Reading the terminals of the grammar (RFC 9051 §9).

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
