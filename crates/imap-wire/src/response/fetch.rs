//! Data of messages (RFC 9051 §7.5.2).

use super::body_structure::BodyStructure;
use super::envelope::Envelope;
use crate::parse::{Cursor, Parsed};
use crate::{Section, WireFlag, print};
use rookery_mail::{DateTime, EmailId, Flag, ThreadId, Uid};

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
    /// `SAVEDATE`, or `NIL` (RFC 8514 §4.2).
    SaveDate(Option<DateTime>),
    /// `EMAILID` (RFC 8474 §5.3).
    EmailId(EmailId),
    /// `THREADID` (RFC 8474 §5.3); `NIL` if the server knows no threads.
    ThreadId(Option<ThreadId>),
    /// `RFC822.SIZE`, in octets.
    Size(u64),
    /// `UID`.
    Uid(Uid),
    /// `MODSEQ` (RFC 7162 §3.1.4.2).
    ModSeq(u64),
    /// `PREVIEW`, or `NIL`, which only `LAZY` allows (RFC 8970 §3.2).
    Preview(Option<String>),
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
    /// between each two, `)`. The octets of a [`Data::Streamed`] come right after it.
    pub fn print(&self, out: &mut Vec<u8>) {
        match self {
            Self::Flags { flags, recent } => {
                print::flags(
                    out,
                    flags.iter().map(Flag::as_str).chain(recent.then_some("\\Recent")),
                );
            }
            Self::InternalDate(date) => {
                out.extend_from_slice(b"INTERNALDATE ");
                print::date_time(out, *date);
            }
            Self::SaveDate(None) => out.extend_from_slice(b"SAVEDATE NIL"),
            Self::SaveDate(Some(date)) => {
                out.extend_from_slice(b"SAVEDATE ");
                print::date_time(out, *date);
            }
            Self::EmailId(id) => out.extend_from_slice(format!("EMAILID ({id})").as_bytes()),
            Self::ThreadId(None) => out.extend_from_slice(b"THREADID NIL"),
            Self::ThreadId(Some(id)) => {
                out.extend_from_slice(format!("THREADID ({id})").as_bytes());
            }
            Self::Size(size) => print_number(out, "RFC822.SIZE ", *size),
            Self::Uid(uid) => print_number(out, "UID ", u64::from(uid.get())),
            Self::ModSeq(modseq) => {
                print_number(out, "MODSEQ (", *modseq);
                out.push(b')');
            }
            Self::Preview(text) => {
                out.extend_from_slice(b"PREVIEW ");
                print::nstring(out, text.as_deref().map(str::as_bytes));
            }
            Self::Envelope(envelope) => Self::print_envelope(out, envelope),
            Self::Body(body) => Self::print_body(out, body),
            Self::BodyStructure(body) => Self::print_body_structure(out, body),
            Self::Section { section, origin, data } => {
                Self::print_section(out, section, *origin, data);
            }
            Self::Rfc822(data) => print_named_data(out, "RFC822", data),
            Self::Rfc822Header(data) => print_named_data(out, "RFC822.HEADER", data),
            Self::Rfc822Text(data) => print_named_data(out, "RFC822.TEXT", data),
            Self::Binary { path, origin, data } => {
                out.extend_from_slice(b"BINARY");
                print::section_binary(out, path);
                // Only here the grammar has a literal8.
                let binary = matches!(data, Data::Inline(octets) if octets.contains(&0));
                print_data(out, *origin, data, binary);
            }
            Self::BinarySize { path, size } => {
                out.extend_from_slice(b"BINARY.SIZE");
                print::section_binary(out, path);
                print_number(out, " ", *size);
            }
        }
    }

    /// Print a [`FetchData::Envelope`].
    pub fn print_envelope(out: &mut Vec<u8>, envelope: &Envelope<impl AsRef<[u8]>>) {
        out.extend_from_slice(b"ENVELOPE ");
        envelope.print(out);
    }

    /// Print a [`FetchData::Body`].
    pub fn print_body(out: &mut Vec<u8>, body: &BodyStructure<impl AsRef<[u8]>>) {
        out.extend_from_slice(b"BODY ");
        body.print(out, false);
    }

    /// Print a [`FetchData::BodyStructure`].
    pub fn print_body_structure(out: &mut Vec<u8>, body: &BodyStructure<impl AsRef<[u8]>>) {
        out.extend_from_slice(b"BODYSTRUCTURE ");
        body.print(out, true);
    }

    /// Print a [`FetchData::Section`] of these.
    pub fn print_section(out: &mut Vec<u8>, section: &Section, origin: Option<u64>, data: &Data) {
        out.extend_from_slice(b"BODY");
        print::section(out, section);
        print_data(out, origin, data, false);
    }

    pub(super) fn parse(cursor: &mut Cursor<'_>) -> Parsed<Self> {
        let error = cursor.fail("a data item");
        let name = cursor.dotted_name();
        if cursor.peek() == Some(b'[') {
            return match name.as_str() {
                "BODY" => {
                    let section = cursor.section()?;
                    let (origin, data) = (origin(cursor)?, data(cursor)?);
                    Ok(Self::Section { section, origin, data })
                }
                "BINARY" => {
                    let path = cursor.section_binary()?;
                    let (origin, data) = (origin(cursor)?, data(cursor)?);
                    Ok(Self::Binary { path, origin, data })
                }
                "BINARY.SIZE" => {
                    let path = cursor.section_binary()?;
                    cursor.space()?;
                    Ok(Self::BinarySize { path, size: cursor.number64()? })
                }
                _ => Err(error),
            };
        }
        match name.as_str() {
            "RFC822" => return data(cursor).map(Self::Rfc822),
            "RFC822.HEADER" => return data(cursor).map(Self::Rfc822Header),
            "RFC822.TEXT" => return data(cursor).map(Self::Rfc822Text),
            _ => cursor.space()?,
        }
        match name.as_str() {
            "FLAGS" => flags(cursor).map(|(flags, recent)| Self::Flags { flags, recent }),
            "INTERNALDATE" => cursor.date_time().map(Self::InternalDate),
            "SAVEDATE" if cursor.nil() => Ok(Self::SaveDate(None)),
            "SAVEDATE" => cursor.date_time().map(|date| Self::SaveDate(Some(date))),
            "EMAILID" => cursor.object_id(b'E').map(|number| Self::EmailId(EmailId(number))),
            "THREADID" if cursor.nil() => Ok(Self::ThreadId(None)),
            "THREADID" => {
                cursor.object_id(b'T').map(|number| Self::ThreadId(Some(ThreadId(number))))
            }
            "RFC822.SIZE" => cursor.number64().map(Self::Size),
            "UID" => cursor.uid().map(Self::Uid),
            "MODSEQ" => {
                cursor.expect(b'(', "(")?;
                let modseq = cursor.number64()?;
                cursor.expect(b')', ")")?;
                Ok(Self::ModSeq(modseq))
            }
            "PREVIEW" => {
                let text = cursor.nstring()?.map(String::from_utf8).transpose();
                text.map(Self::Preview).map_err(|_| error)
            }
            "ENVELOPE" => Envelope::parse(cursor).map(|value| Self::Envelope(Box::new(value))),
            "BODY" => BodyStructure::parse(cursor).map(|value| Self::Body(Box::new(value))),
            "BODYSTRUCTURE" => {
                BodyStructure::parse(cursor).map(|value| Self::BodyStructure(Box::new(value)))
            }
            _ => Err(error),
        }
    }
}

/// Flags in parentheses, and whether `\Recent` is among them. Those that are not known are left out.
pub(super) fn flags(cursor: &mut Cursor<'_>) -> Parsed<(Vec<Flag>, bool)> {
    let all = cursor.flag_list()?;
    let recent = all.contains(&WireFlag::Recent);
    let known = all.into_iter().filter_map(|flag| match flag {
        WireFlag::Flag(flag) => Some(flag),
        _ => None,
    });
    Ok((known.collect(), recent))
}

fn print_number(out: &mut Vec<u8>, name: &str, number: u64) {
    out.extend_from_slice(name.as_bytes());
    print::number(out, number);
}

fn print_named_data(out: &mut Vec<u8>, name: &str, data: &Data) {
    out.extend_from_slice(name.as_bytes());
    print_data(out, None, data, false);
}

/// The origin, if there is one, a space, and the data. Always a literal: what clients expect of message text.
/// Whether octets in memory go as a literal8 is `binary`; those that follow know it themselves.
fn print_data(out: &mut Vec<u8>, origin: Option<u64>, data: &Data, binary: bool) {
    if let Some(origin) = origin {
        out.push(b'<');
        print::number(out, origin);
        out.push(b'>');
    }
    out.push(b' ');
    match data {
        Data::Nil => out.extend_from_slice(b"NIL"),
        Data::Inline(octets) => {
            if binary {
                out.push(b'~');
            }
            print::literal(out, octets);
        }
        Data::Streamed { size, binary } => {
            if *binary {
                out.push(b'~');
            }
            print::literal_head(out, *size);
        }
    }
}

fn origin(cursor: &mut Cursor<'_>) -> Parsed<Option<u64>> {
    if !cursor.take(b'<') {
        return Ok(None);
    }
    let origin = cursor.number64()?;
    cursor.expect(b'>', ">")?;
    Ok(Some(origin))
}

/// A space, and `NIL`, a string, or a literal8.
fn data(cursor: &mut Cursor<'_>) -> Parsed<Data> {
    cursor.space()?;
    if cursor.nil() {
        return Ok(Data::Nil);
    }
    if let Some(b'~' | b'{') = cursor.peek() {
        return cursor.message_literal().map(|(octets, _)| Data::Inline(octets));
    }
    cursor.string().map(Data::Inline)
}
