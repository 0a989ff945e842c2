//! Body structures (RFC 9051 §7.5.2: `BODY`, `BODYSTRUCTURE`).

use super::envelope::Envelope;

/// Parameters of a header field: names and values.
pub type BodyParams = Vec<(Vec<u8>, Vec<u8>)>;

/// The structure of a part. Types, subtypes and encodings are as they are to be printed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum BodyStructure {
    /// A part of any type that has no variant of its own.
    Basic {
        /// The media type.
        media_type: Vec<u8>,
        /// The subtype.
        subtype: Vec<u8>,
        /// What all single parts have.
        fields: BodyFields,
        /// What only `BODYSTRUCTURE` tells.
        extension: BodyExtension,
    },
    /// A part of type `TEXT`.
    Text {
        /// The subtype.
        subtype: Vec<u8>,
        /// What all single parts have.
        fields: BodyFields,
        /// How many lines.
        lines: u64,
        /// What only `BODYSTRUCTURE` tells.
        extension: BodyExtension,
    },
    /// A part of type `MESSAGE/RFC822` or `MESSAGE/GLOBAL`.
    Message {
        /// The subtype.
        subtype: Vec<u8>,
        /// What all single parts have.
        fields: BodyFields,
        /// The envelope of the message in it.
        envelope: Box<Envelope>,
        /// The structure of the message in it.
        body: Box<BodyStructure>,
        /// How many lines.
        lines: u64,
        /// What only `BODYSTRUCTURE` tells.
        extension: BodyExtension,
    },
    /// Several parts.
    Multipart {
        /// The parts. Without any, an empty text is printed, for the grammar demands one.
        parts: Vec<BodyStructure>,
        /// The subtype.
        subtype: Vec<u8>,
        /// The parameters, which only `BODYSTRUCTURE` tells.
        params: BodyParams,
        /// What only `BODYSTRUCTURE` tells; there is no MD5 among it.
        extension: BodyExtension,
    },
}

/// What all single parts have.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct BodyFields {
    /// Parameters of `Content-Type:`.
    pub params: BodyParams,
    /// `Content-ID:`.
    pub id: Option<Vec<u8>>,
    /// `Content-Description:`.
    pub description: Option<Vec<u8>>,
    /// `Content-Transfer-Encoding:`.
    pub encoding: Vec<u8>,
    /// The size in octets, as transferred.
    pub size: u64,
}

/// What only `BODYSTRUCTURE` tells.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct BodyExtension {
    /// `Content-MD5:`.
    pub md5: Option<Vec<u8>>,
    /// `Content-Disposition:`.
    pub disposition: Option<Disposition>,
    /// `Content-Language:`.
    pub language: Vec<Vec<u8>>,
    /// `Content-Location:`.
    pub location: Option<Vec<u8>>,
}

/// `Content-Disposition:` (RFC 2183 §2).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Disposition {
    /// `inline`, `attachment`, or another.
    pub kind: Vec<u8>,
    /// Its parameters.
    pub params: BodyParams,
}
