//! Data of messages (RFC 9051 §7.5.2).

use super::body_structure::BodyStructure;
use super::envelope::Envelope;
use crate::Section;
use rookery_mail::{DateTime, Flag, Uid};

/// One item of a FETCH response.
#[derive(Clone, PartialEq, Debug)]
pub enum FetchData {
    /// `FLAGS`.
    Flags {
        /// The flags that are set.
        flags: Vec<Flag>,
        /// Whether `\Recent` is among them (RFC 3501 §2.3.2).
        recent: bool,
    },
    /// `INTERNALDATE`.
    InternalDate(DateTime),
    /// `RFC822.SIZE`, in octets.
    Size(u64),
    /// `UID`.
    Uid(Uid),
    /// `ENVELOPE`.
    Envelope(Box<Envelope>),
    /// `BODY`: extension data are left out.
    Body(Box<BodyStructure>),
    /// `BODYSTRUCTURE`.
    BodyStructure(Box<BodyStructure>),
    /// `BODY[section]`.
    Section {
        /// Which piece.
        section: Section,
        /// The offset of a partial answer.
        origin: Option<u64>,
        /// The octets.
        data: Data,
    },
    /// `RFC822` (RFC 3501 §7.4.2).
    Rfc822(Data),
    /// `RFC822.HEADER` (RFC 3501 §7.4.2).
    Rfc822Header(Data),
    /// `RFC822.TEXT` (RFC 3501 §7.4.2).
    Rfc822Text(Data),
    /// `BINARY[path]`.
    Binary {
        /// Which part.
        path: Vec<u32>,
        /// The offset of a partial answer.
        origin: Option<u64>,
        /// The octets, decoded.
        data: Data,
    },
    /// `BINARY.SIZE[path]`.
    BinarySize {
        /// Which part.
        path: Vec<u32>,
        /// The size of its decoded content, in octets.
        size: u64,
    },
}

/// Octets of a message.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Data {
    /// There are none: `NIL`.
    Nil,
    /// Octets held in memory.
    Inline(Vec<u8>),
    /// Octets that the caller writes: only the literal's announcement is printed, and the octets have to follow it
    /// at once, before anything else.
    Streamed {
        /// How many octets will follow.
        size: u64,
        /// Whether there may be NUL among them, so that a literal8 is announced (RFC 9051 §4.3.1).
        binary: bool,
    },
}

impl FetchData {
    /// Print the item alone, so that a response can be written piece by piece: `* n FETCH (`, items with a space
    /// between each two, `)`.
    pub fn print(&self, out: &mut Vec<u8>) {
        out.push(b' ');
    }
}
