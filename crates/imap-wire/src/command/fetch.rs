//! `FETCH` (RFC 9051 §6.4.5), with BINARY (RFC 3516 §4), PREVIEW (RFC 8970) and modifiers (RFC 4466 §2.4) for
//! resynchronisation (RFC 7162) and pages (RFC 9394).

use super::{CommandBody, print_uid};
use crate::parse::{Cursor, Parsed};
use crate::{Malformed, Partial, PartialRange, Section, SequenceSet, print};

/// The arguments of FETCH or UID FETCH.
#[derive(Clone, PartialEq, Debug)]
pub struct Fetch {
    /// Whether the set has UIDs.
    pub uid: bool,
    /// Which messages.
    pub set: SequenceSet,
    /// What to tell; at least one. Macros are already expanded.
    pub items: Vec<FetchItem>,
    /// Modifiers.
    pub modifiers: Vec<FetchModifier>,
}

/// A modifier of FETCH.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum FetchModifier {
    /// Only messages that have changed after this modification sequence (RFC 7162 §3.1.4.1).
    ChangedSince(u64),
    /// And those that were expunged after it (RFC 7162 §3.2.6).
    Vanished,
    /// Only so many of the messages (RFC 9394 §3.3).
    Partial(PartialRange),
    /// One that is not known, by its name in capitals; to be refused.
    Other(String),
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
    /// `MODSEQ` (RFC 7162 §3.1.4.2).
    ModSeq,
    /// `SAVEDATE` (RFC 8514 §4.2).
    SaveDate,
    /// `EMAILID` (RFC 8474 §5.3).
    EmailId,
    /// `THREADID` (RFC 8474 §5.3).
    ThreadId,
    /// `PREVIEW`: the beginning of the text (RFC 8970 §3.1).
    Preview {
        /// Whether there may be none rather than a delay: `LAZY` (RFC 8970 §4.1).
        lazy: bool,
    },
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

/// The items that have neither section nor value.
const PLAIN: &[(&str, FetchItem)] = &[
    ("ENVELOPE", FetchItem::Envelope),
    ("FLAGS", FetchItem::Flags),
    ("INTERNALDATE", FetchItem::InternalDate),
    ("RFC822", FetchItem::Rfc822),
    ("RFC822.HEADER", FetchItem::Rfc822Header),
    ("RFC822.SIZE", FetchItem::Rfc822Size),
    ("RFC822.TEXT", FetchItem::Rfc822Text),
    ("BODY", FetchItem::Body),
    ("BODYSTRUCTURE", FetchItem::BodyStructure),
    ("UID", FetchItem::Uid),
    ("MODSEQ", FetchItem::ModSeq),
    ("SAVEDATE", FetchItem::SaveDate),
    ("EMAILID", FetchItem::EmailId),
    ("THREADID", FetchItem::ThreadId),
    ("PREVIEW", FetchItem::Preview { lazy: false }),
];

/// The macros (RFC 9051 §6.4.5).
const MACROS: &[(&str, &[FetchItem])] = &[
    ("FAST", &[FetchItem::Flags, FetchItem::InternalDate, FetchItem::Rfc822Size]),
    (
        "ALL",
        &[FetchItem::Flags, FetchItem::InternalDate, FetchItem::Rfc822Size, FetchItem::Envelope],
    ),
    (
        "FULL",
        &[
            FetchItem::Flags,
            FetchItem::InternalDate,
            FetchItem::Rfc822Size,
            FetchItem::Envelope,
            FetchItem::Body,
        ],
    ),
];

pub(super) fn parse(cursor: &mut Cursor<'_>, uid: bool) -> Parsed<CommandBody> {
    cursor.space()?;
    let set = cursor.sequence_set()?;
    cursor.space()?;
    let items = items(cursor)?;
    let mut modifiers = Vec::new();
    if cursor.space_and_more() {
        modifiers = cursor.parenthesised_some("modifiers in parentheses", modifier)?;
    }
    Ok(CommandBody::Fetch(Fetch { uid, set, items, modifiers }))
}

fn modifier(cursor: &mut Cursor<'_>) -> Parsed<FetchModifier> {
    let name = cursor.extension_label("the name of a modifier")?;
    match name.as_str() {
        "CHANGEDSINCE" => {
            cursor.space()?;
            // Clients of old send 0, which the grammar has not.
            cursor.number64().map(FetchModifier::ChangedSince)
        }
        "VANISHED" => Ok(FetchModifier::Vanished),
        "PARTIAL" => {
            cursor.space()?;
            cursor.partial_range().map(FetchModifier::Partial)
        }
        _ => {
            cursor.skip_extension_value()?;
            Ok(FetchModifier::Other(name))
        }
    }
}

fn items(cursor: &mut Cursor<'_>) -> Parsed<Vec<FetchItem>> {
    if cursor.peek() == Some(b'(') {
        return cursor.parenthesised_some("fetch items", |cursor| {
            let error = cursor.fail("a fetch item");
            let name = cursor.dotted_name();
            item(cursor, &name, error)
        });
    }
    let error = cursor.fail("a fetch item, a macro, or items in parentheses");
    let name = cursor.dotted_name();
    match MACROS.iter().find(|(known, _)| *known == name) {
        Some((_, items)) => Ok(items.to_vec()),
        None => Ok(vec![item(cursor, &name, error)?]),
    }
}

/// `fetch-att`, of which the name has been read.
fn item(cursor: &mut Cursor<'_>, name: &str, error: Malformed) -> Parsed<FetchItem> {
    let has_section = cursor.peek() == Some(b'[');
    if name == "PREVIEW" && is_lazy_next(cursor) {
        return preview_modifiers(cursor);
    }
    if !has_section {
        let plain = PLAIN.iter().find(|(known, _)| *known == name);
        return plain.map(|(_, item)| item.clone()).ok_or(error);
    }
    match name {
        "BODY" | "BODY.PEEK" => {
            let section = cursor.section()?;
            let (peek, partial) = (name == "BODY.PEEK", cursor.partial()?);
            Ok(FetchItem::BodySection(BodySection { peek, section, partial }))
        }
        "BINARY" | "BINARY.PEEK" => {
            let path = cursor.section_binary()?;
            Ok(FetchItem::Binary { peek: name == "BINARY.PEEK", path, partial: cursor.partial()? })
        }
        "BINARY.SIZE" => cursor.section_binary().map(FetchItem::BinarySize),
        _ => Err(error),
    }
}

/// Whether `preview-mod` comes next: a parenthesis after the item can also begin the command's modifiers.
fn is_lazy_next(cursor: &Cursor<'_>) -> bool {
    let begins = |text: &[u8]| {
        let found = cursor.rest().get(..text.len());
        found.is_some_and(|octets| octets.eq_ignore_ascii_case(text))
    };
    begins(b" (LAZY)") || begins(b" (LAZY ")
}

/// `preview-mod`s in parentheses: the same again, as often as one likes.
fn preview_modifiers(cursor: &mut Cursor<'_>) -> Parsed<FetchItem> {
    cursor.space()?;
    cursor.parenthesised_some("LAZY in parentheses", |cursor| {
        if cursor.take_text("LAZY") { Ok(()) } else { Err(cursor.fail("LAZY")) }
    })?;
    Ok(FetchItem::Preview { lazy: true })
}

impl Fetch {
    pub(super) fn print(&self, out: &mut Vec<u8>) {
        print_uid(out, self.uid);
        out.extend_from_slice(b"FETCH ");
        print::sequence_set(out, &self.set);
        out.push(b' ');
        print::list(out, &self.items, |out, item| item.print(out));
        if !self.modifiers.is_empty() {
            out.push(b' ');
            print::list(out, &self.modifiers, |out, modifier| modifier.print(out));
        }
    }
}

impl FetchModifier {
    fn print(&self, out: &mut Vec<u8>) {
        match self {
            Self::ChangedSince(modseq) => {
                out.extend_from_slice(b"CHANGEDSINCE ");
                print::number(out, *modseq);
            }
            Self::Vanished => out.extend_from_slice(b"VANISHED"),
            Self::Partial(range) => {
                out.extend_from_slice(b"PARTIAL ");
                print::partial_range(out, *range);
            }
            Self::Other(name) => print::word(out, name),
        }
    }
}

impl FetchItem {
    fn print(&self, out: &mut Vec<u8>) {
        match self {
            Self::BodySection(BodySection { peek, section, partial }) => {
                out.extend_from_slice(if *peek { b"BODY.PEEK" } else { b"BODY" });
                print::section(out, section);
                print_partial(out, *partial);
            }
            Self::Binary { peek, path, partial } => {
                out.extend_from_slice(if *peek { b"BINARY.PEEK" } else { b"BINARY" });
                print::section_binary(out, path);
                print_partial(out, *partial);
            }
            Self::BinarySize(path) => {
                out.extend_from_slice(b"BINARY.SIZE");
                print::section_binary(out, path);
            }
            Self::Preview { lazy: true } => out.extend_from_slice(b"PREVIEW (LAZY)"),
            plain => {
                let name =
                    PLAIN.iter().find(|(_, item)| item == plain).map_or("", |(name, _)| name);
                out.extend_from_slice(name.as_bytes());
            }
        }
    }
}

fn print_partial(out: &mut Vec<u8>, partial: Option<Partial>) {
    if let Some(Partial { offset, length }) = partial {
        out.push(b'<');
        print::number(out, offset);
        out.push(b'.');
        print::number(out, length);
        out.push(b'>');
    }
}
