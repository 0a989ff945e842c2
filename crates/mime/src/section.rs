//! Sections: what BODY[...] names, as ranges (RFC 9051 §6.4.5).

use std::ops::Range;

use crate::{Content, Message};

/// What of a part a section names.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum SectionText {
    /// All of it: the whole message, or the body of the part.
    Whole,
    /// HEADER: of the message, or of the message in a message/rfc822. HEADER.FIELDS selects from it.
    Header,
    /// TEXT: of the message, or of the message in a message/rfc822.
    Text,
    /// MIME: the header block of a part.
    Mime,
}

impl Message {
    /// The octets that a section names. `None` if there is no such part, if HEADER or TEXT is asked of a part
    /// that is no message, or MIME of the message itself.
    #[must_use]
    pub fn section(&self, path: &[u32], text: SectionText) -> Option<Range<u64>> {
        let part = self.part(path)?;
        let message = match &part.content {
            _ if path.is_empty() => Some(part),
            Content::Message(embedded) => Some(&embedded.root),
            Content::Leaf | Content::Multipart(_) => None,
        };
        match text {
            SectionText::Whole if path.is_empty() => Some(0..self.size),
            SectionText::Whole => Some(part.body.clone()),
            SectionText::Header => message.map(|root| root.header.clone()),
            SectionText::Text => message.map(|root| root.body.clone()),
            SectionText::Mime => (!path.is_empty()).then(|| part.header.clone()),
        }
    }
}
