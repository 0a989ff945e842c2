//! Body structures (RFC 9051 §7.5.2: `BODY`, `BODYSTRUCTURE`).

use super::envelope::Envelope;
use crate::parse::{Cursor, Parsed};
use crate::{limits, print};

/// Parameters of a header field: names and values.
pub type BodyParams<T = Vec<u8>> = Vec<(T, T)>;

/// The structure of a part. Types, subtypes and encodings are as they are to be printed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum BodyStructure<T = Vec<u8>> {
    /// A part of any type that has no variant of its own.
    Basic {
        /// The media type.
        media_type: T,
        /// The subtype.
        subtype: T,
        /// What all single parts have.
        fields: BodyFields<T>,
        /// What only `BODYSTRUCTURE` tells.
        extension: BodyExtension<T>,
    },
    /// A part of type `TEXT`.
    Text {
        /// The subtype.
        subtype: T,
        /// What all single parts have.
        fields: BodyFields<T>,
        /// How many lines.
        lines: u64,
        /// What only `BODYSTRUCTURE` tells.
        extension: BodyExtension<T>,
    },
    /// A part of type `MESSAGE/RFC822` or `MESSAGE/GLOBAL`.
    Message {
        /// The subtype.
        subtype: T,
        /// What all single parts have.
        fields: BodyFields<T>,
        /// The envelope of the message in it.
        envelope: Box<Envelope<T>>,
        /// The structure of the message in it.
        body: Box<BodyStructure<T>>,
        /// How many lines.
        lines: u64,
        /// What only `BODYSTRUCTURE` tells.
        extension: BodyExtension<T>,
    },
    /// Several parts.
    Multipart {
        /// The parts. Without any, an empty text is printed, for the grammar demands one.
        parts: Vec<BodyStructure<T>>,
        /// The subtype.
        subtype: T,
        /// The parameters, which only `BODYSTRUCTURE` tells.
        params: BodyParams<T>,
        /// What only `BODYSTRUCTURE` tells; there is no MD5 among it.
        extension: BodyExtension<T>,
    },
}

/// What all single parts have.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct BodyFields<T = Vec<u8>> {
    /// Parameters of `Content-Type:`.
    pub params: BodyParams<T>,
    /// `Content-ID:`.
    pub id: Option<T>,
    /// `Content-Description:`.
    pub description: Option<T>,
    /// `Content-Transfer-Encoding:`.
    pub encoding: T,
    /// The size in octets, as transferred.
    pub size: u64,
}

/// What only `BODYSTRUCTURE` tells.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct BodyExtension<T = Vec<u8>> {
    /// `Content-MD5:`.
    pub md5: Option<T>,
    /// `Content-Disposition:`.
    pub disposition: Option<Disposition<T>>,
    /// `Content-Language:`.
    pub language: Vec<T>,
    /// `Content-Location:`.
    pub location: Option<T>,
}

/// `Content-Disposition:` (RFC 2183 §2).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Disposition<T = Vec<u8>> {
    /// `inline`, `attachment`, or another.
    pub kind: T,
    /// Its parameters.
    pub params: BodyParams<T>,
}

impl<T: AsRef<[u8]>> BodyStructure<T> {
    /// Print it, with extension data if `extended`.
    pub(super) fn print(&self, out: &mut Vec<u8>, extended: bool) {
        out.push(b'(');
        match self {
            Self::Basic { media_type, subtype, fields, extension } => {
                fields.print(out, media_type.as_ref(), subtype.as_ref());
                extension.print_single(out, extended);
            }
            Self::Text { subtype, fields, lines, extension } => {
                fields.print(out, b"TEXT", subtype.as_ref());
                out.push(b' ');
                print::number(out, *lines);
                extension.print_single(out, extended);
            }
            Self::Message { subtype, fields, envelope, body, lines, extension } => {
                fields.print(out, b"MESSAGE", subtype.as_ref());
                out.push(b' ');
                envelope.print(out);
                out.push(b' ');
                body.print(out, extended);
                out.push(b' ');
                print::number(out, *lines);
                extension.print_single(out, extended);
            }
            Self::Multipart { parts, subtype, params, extension } => {
                print_parts(out, parts, extended);
                out.push(b' ');
                print::string(out, subtype.as_ref());
                if extended {
                    out.push(b' ');
                    print_params(out, params);
                    extension.print_common(out);
                }
            }
        }
        out.push(b')');
    }
}

impl BodyStructure {
    pub(super) fn parse(cursor: &mut Cursor<'_>) -> Parsed<Self> {
        parse_body(cursor, 0)
    }
}

/// Parts with nothing between them.
fn print_parts(out: &mut Vec<u8>, parts: &[BodyStructure<impl AsRef<[u8]>>], extended: bool) {
    for part in parts {
        part.print(out, extended);
    }
    if parts.is_empty() {
        out.extend_from_slice(b"(\"TEXT\" \"PLAIN\" NIL NIL NIL \"7BIT\" 0 0)");
    }
}

impl<T: AsRef<[u8]>> BodyFields<T> {
    fn print(&self, out: &mut Vec<u8>, media_type: &[u8], subtype: &[u8]) {
        print::string(out, media_type);
        out.push(b' ');
        print::string(out, subtype);
        out.push(b' ');
        print_params(out, &self.params);
        for text in [&self.id, &self.description] {
            out.push(b' ');
            print_nstring(out, text);
        }
        out.push(b' ');
        print::string(out, self.encoding.as_ref());
        out.push(b' ');
        print::number(out, self.size);
    }
}

impl BodyFields {
    fn parse(cursor: &mut Cursor<'_>) -> Parsed<Self> {
        let params = params(cursor)?;
        cursor.space()?;
        let id = cursor.nstring()?;
        cursor.space()?;
        let description = cursor.nstring()?;
        cursor.space()?;
        let encoding = cursor.string()?;
        cursor.space()?;
        Ok(Self { params, id, description, encoding, size: cursor.number64()? })
    }
}

impl<T: AsRef<[u8]>> BodyExtension<T> {
    /// `body-ext-1part`, with the space before it.
    fn print_single(&self, out: &mut Vec<u8>, extended: bool) {
        if extended {
            out.push(b' ');
            print_nstring(out, &self.md5);
            self.print_common(out);
        }
    }

    /// What single parts and multiparts have, with the space before it.
    fn print_common(&self, out: &mut Vec<u8>) {
        out.push(b' ');
        match &self.disposition {
            Some(Disposition { kind, params }) => {
                out.push(b'(');
                print::string(out, kind.as_ref());
                out.push(b' ');
                print_params(out, params);
                out.push(b')');
            }
            None => out.extend_from_slice(b"NIL"),
        }
        out.push(b' ');
        if self.language.is_empty() {
            out.extend_from_slice(b"NIL");
        } else {
            print::list(out, &self.language, |out, tag| print::string(out, tag.as_ref()));
        }
        out.push(b' ');
        print_nstring(out, &self.location);
    }
}

impl BodyExtension {
    /// As much of `[SP dsp [SP lang [SP loc *(SP body-extension)]]]` as there is.
    fn parse_common(&mut self, cursor: &mut Cursor<'_>) -> Parsed<()> {
        if cursor.take(b' ') {
            self.disposition = disposition(cursor)?;
        }
        if cursor.take(b' ') {
            self.language = language(cursor)?;
        }
        if cursor.take(b' ') {
            self.location = cursor.nstring()?;
        }
        while cursor.take(b' ') {
            match cursor.peek() {
                Some(b'(') => cursor.skip_parenthesised()?,
                _ => drop(cursor.astring("body extension data")?),
            }
        }
        Ok(())
    }
}

fn print_nstring(out: &mut Vec<u8>, text: &Option<impl AsRef<[u8]>>) {
    print::nstring(out, text.as_ref().map(AsRef::as_ref));
}

fn print_params(out: &mut Vec<u8>, params: &BodyParams<impl AsRef<[u8]>>) {
    if params.is_empty() {
        return out.extend_from_slice(b"NIL");
    }
    print::list(out, params, |out, (name, value)| {
        print::string(out, name.as_ref());
        out.push(b' ');
        print::string(out, value.as_ref());
    });
}

fn parse_body(cursor: &mut Cursor<'_>, depth: usize) -> Parsed<BodyStructure> {
    if depth > limits::NESTING {
        return Err(cursor.too_much("nesting"));
    }
    cursor.expect(b'(', "a body structure")?;
    let multipart = cursor.peek() == Some(b'(');
    let body = if multipart { parse_multipart(cursor, depth) } else { parse_single(cursor, depth) };
    let body = body?;
    cursor.expect(b')', ")")?;
    Ok(body)
}

fn parse_multipart(cursor: &mut Cursor<'_>, depth: usize) -> Parsed<BodyStructure> {
    let mut parts = Vec::new();
    while cursor.peek() == Some(b'(') {
        parts.push(parse_body(cursor, depth + 1)?);
    }
    cursor.space()?;
    let subtype = cursor.string()?;
    let params = if cursor.take(b' ') { params(cursor)? } else { Vec::new() };
    let mut extension = BodyExtension::default();
    extension.parse_common(cursor)?;
    Ok(BodyStructure::Multipart { parts, subtype, params, extension })
}

fn parse_single(cursor: &mut Cursor<'_>, depth: usize) -> Parsed<BodyStructure> {
    let media_type = cursor.string()?;
    cursor.space()?;
    let subtype = cursor.string()?;
    cursor.space()?;
    let fields = BodyFields::parse(cursor)?;
    let is = |text: &[u8], what: &[u8]| text.eq_ignore_ascii_case(what);
    if is(&media_type, b"TEXT") {
        cursor.space()?;
        let lines = cursor.number64()?;
        let extension = single_extension(cursor)?;
        return Ok(BodyStructure::Text { subtype, fields, lines, extension });
    }
    if !is(&media_type, b"MESSAGE") || !(is(&subtype, b"RFC822") || is(&subtype, b"GLOBAL")) {
        let extension = single_extension(cursor)?;
        return Ok(BodyStructure::Basic { media_type, subtype, fields, extension });
    }
    cursor.space()?;
    let envelope = Box::new(Envelope::parse(cursor)?);
    cursor.space()?;
    let body = Box::new(parse_body(cursor, depth + 1)?);
    cursor.space()?;
    let lines = cursor.number64()?;
    let extension = single_extension(cursor)?;
    Ok(BodyStructure::Message { subtype, fields, envelope, body, lines, extension })
}

fn single_extension(cursor: &mut Cursor<'_>) -> Parsed<BodyExtension> {
    let mut extension = BodyExtension::default();
    if cursor.take(b' ') {
        extension.md5 = cursor.nstring()?;
        extension.parse_common(cursor)?;
    }
    Ok(extension)
}

fn params(cursor: &mut Cursor<'_>) -> Parsed<BodyParams> {
    if cursor.nil() {
        return Ok(Vec::new());
    }
    cursor.parenthesised_some("NIL or parameters", |cursor| {
        let name = cursor.string()?;
        cursor.space()?;
        Ok((name, cursor.string()?))
    })
}

fn disposition(cursor: &mut Cursor<'_>) -> Parsed<Option<Disposition>> {
    if cursor.nil() {
        return Ok(None);
    }
    cursor.expect(b'(', "NIL or a disposition")?;
    let kind = cursor.string()?;
    cursor.space()?;
    let params = params(cursor)?;
    cursor.expect(b')', ")")?;
    Ok(Some(Disposition { kind, params }))
}

fn language(cursor: &mut Cursor<'_>) -> Parsed<Vec<Vec<u8>>> {
    if cursor.peek() == Some(b'(') {
        return cursor.parenthesised_some("languages", Cursor::string);
    }
    cursor.nstring().map(|one| one.into_iter().collect())
}
