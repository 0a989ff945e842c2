//! `FETCH` (RFC 9051 §6.4.5), with BINARY (RFC 3516 §4) and modifiers (RFC 4466 §2.4).

use crate::{Partial, Section, SequenceSet};

/// The arguments of FETCH or UID FETCH.
#[derive(Clone, PartialEq, Debug)]
pub struct Fetch {
    /// Whether the set has UIDs.
    pub uid: bool,
    /// Which messages.
    pub set: SequenceSet,
    /// What to tell; at least one. Macros are already expanded.
    pub items: Vec<FetchItem>,
    /// Modifiers that are not known, by their names in capitals; to be refused.
    pub modifiers: Vec<String>,
}

/// What FETCH tells about a message.
#[derive(Clone, PartialEq, Debug)]
pub enum FetchItem {
    /// `ENVELOPE`.
    Envelope,
    /// `FLAGS`.
    Flags,
    /// `INTERNALDATE`.
    InternalDate,
    /// `RFC822`: `BODY[]` by another name (RFC 3501 §6.4.5).
    Rfc822,
    /// `RFC822.HEADER`: `BODY.PEEK[HEADER]` by another name (RFC 3501 §6.4.5).
    Rfc822Header,
    /// `RFC822.SIZE`.
    Rfc822Size,
    /// `RFC822.TEXT`: `BODY[TEXT]` by another name (RFC 3501 §6.4.5).
    Rfc822Text,
    /// `BODY`: the structure without extension data.
    Body,
    /// `BODYSTRUCTURE`.
    BodyStructure,
    /// `UID`.
    Uid,
    /// `BODY[...]`, `BODY.PEEK[...]`.
    BodySection(BodySection),
    /// `BINARY[...]`, `BINARY.PEEK[...]`: a part's content, decoded.
    Binary {
        /// Whether `\Seen` is left alone.
        peek: bool,
        /// Which part; empty for the message itself.
        path: Vec<u32>,
        /// Which octets of it.
        partial: Option<Partial>,
    },
    /// `BINARY.SIZE[...]`: the size of a part's decoded content.
    BinarySize(Vec<u32>),
}

/// `BODY[section]<partial>`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BodySection {
    /// Whether `\Seen` is left alone.
    pub peek: bool,
    /// Which piece.
    pub section: Section,
    /// Which octets of it.
    pub partial: Option<Partial>,
}
