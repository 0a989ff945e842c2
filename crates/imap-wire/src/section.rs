//! Which piece of a message: sections, part paths, partial ranges (RFC 9051 §6.4.5).

/// What stands in the brackets of `BODY[...]`. Neither path nor text: the whole message.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct Section {
    /// The numbers of the part, from the outside in; empty for the message itself.
    pub path: Vec<u32>,
    /// Which piece of that part; without one, its content.
    pub text: Option<SectionText>,
}

impl Section {
    /// Whether it is the whole message.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.path.is_empty() && self.text.is_none()
    }
}

/// A piece of a part (RFC 9051 §9: `section-text`).
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum SectionText {
    /// The header with the blank line after it.
    Header,
    /// The fields of the header that have these names.
    HeaderFields(Vec<Vec<u8>>),
    /// The fields of the header that have other names.
    HeaderFieldsNot(Vec<Vec<u8>>),
    /// What follows the header.
    Text,
    /// The part's MIME header.
    Mime,
}

/// A range of octets, `<offset.length>`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Partial {
    /// The first octet, counted from 0.
    pub offset: u64,
    /// How many octets at most; not 0.
    pub length: u64,
}
