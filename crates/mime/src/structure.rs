//! The tree that a message is: parts, their ranges, and what their headers say of them.

use std::ops::Range;

/// A message, seen as ranges of its octets.
///
/// Values of header fields are unfolded octets as written (encoded-words and 8-bit octets stay), without NUL.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Message {
    /// Octets of the whole message.
    pub size: u64,
    /// Line ends (LF) in the whole message.
    pub lines: u64,
    /// The message itself as a part: its header is the message's header, its body the message's text.
    pub root: Part,
    /// The envelope of the message.
    pub envelope: Envelope,
    /// The first words of its text, as of [`crate::preview`]; empty where there is nothing to read. `None` if they
    /// have not been looked for: the message was stored in the form of an older version.
    pub preview: Option<String>,
    /// Whether it came as a message with UTF-8 in its header (RFC 6532), as who brought it said.
    pub utf8: bool,
}

/// A part: the message, one of a multipart, or the message within a message/rfc822.
///
/// `header.end == body.start`, and all that `content` holds lies within `body`, in order.
/// The content is a multipart exactly if the media type is `multipart`, and an embedded message exactly if it is
/// message/rfc822 or message/global: what looks like one but cannot be taken apart (too deep, transfer-encoded)
/// is given as application/octet-stream.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Part {
    /// Octets of the header block with the blank line that ends it, counted from the start of the message.
    pub header: Range<u64>,
    /// Octets after the header, without the line end that belongs to the boundary that follows.
    pub body: Range<u64>,
    /// Line ends (LF) in the body.
    pub lines: u64,
    /// Media type as written, or `text`; never empty.
    pub media_type: Vec<u8>,
    /// Media subtype as written, or `plain`; never empty.
    pub media_subtype: Vec<u8>,
    /// Parameters of the Content-Type. The continuations of RFC 2231 are joined; a name that ends in `*` has a value
    /// in the extended form, for [`crate::text::decode_param`].
    pub params: Vec<(Vec<u8>, Vec<u8>)>,
    /// Content-ID.
    pub id: Option<Vec<u8>>,
    /// Content-Description.
    pub description: Option<Vec<u8>>,
    /// Content-Transfer-Encoding as written.
    pub encoding: Option<Vec<u8>>,
    /// Content-MD5.
    pub md5: Option<Vec<u8>>,
    /// Content-Disposition.
    pub disposition: Option<Disposition>,
    /// The tags of Content-Language.
    pub language: Vec<Vec<u8>>,
    /// Content-Location.
    pub location: Option<Vec<u8>>,
    /// What the body is made of.
    pub content: Content,
}

/// What a part's body is made of.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Content {
    /// Octets.
    Leaf,
    /// The parts of a multipart: never none. A multipart in which no part was found has one text/plain part that
    /// is its whole body.
    Multipart(Vec<Part>),
    /// The message in a message/rfc822 (RFC 2046 §5.2.1) or message/global (RFC 6532 §3.7).
    Message(Box<Embedded>),
}

/// A message within a message.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Embedded {
    /// Its envelope.
    pub envelope: Envelope,
    /// It as a part; header and body together are the body of the part that holds it.
    pub root: Part,
}

/// Content-Disposition (RFC 2183).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Disposition {
    /// `inline`, `attachment` or what was written.
    pub kind: Vec<u8>,
    /// Parameters, as those of [`Part::params`].
    pub params: Vec<(Vec<u8>, Vec<u8>)>,
}

/// What IMAP's ENVELOPE shows (RFC 9051 §7.5.2).
///
/// Of a field that is there more than once the first counts, but addresses are joined.
/// Sender and Reply-To are those of From where they are missing or empty.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Envelope {
    /// Date.
    pub date: Option<Vec<u8>>,
    /// Subject.
    pub subject: Option<Vec<u8>>,
    /// From.
    pub from: Vec<Address>,
    /// Sender.
    pub sender: Vec<Address>,
    /// Reply-To.
    pub reply_to: Vec<Address>,
    /// To.
    pub to: Vec<Address>,
    /// Cc.
    pub cc: Vec<Address>,
    /// Bcc.
    pub bcc: Vec<Address>,
    /// In-Reply-To.
    pub in_reply_to: Option<Vec<u8>>,
    /// Message-ID.
    pub message_id: Option<Vec<u8>>,
}

/// One element of an address field, with quoting removed and encoded-words as they are.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Address<T = Vec<u8>> {
    /// A mailbox.
    Mailbox {
        /// Display name; the comment after an address that has none.
        name: Option<T>,
        /// The obsolete source route (`@a,@b`).
        route: Option<T>,
        /// Before the `@`. Empty in `<>`, and where there is nothing but a name of several words.
        local: T,
        /// After the `@`. Absent if there was none: an ENVELOPE must not show NIL then, which begins a group.
        domain: Option<T>,
    },
    /// Name of a group whose members follow.
    GroupStart(T),
    /// End of a group.
    GroupEnd,
}

impl Message {
    /// The part with an IMAP part number (RFC 9051 §6.4.5): none at all is the message, `1` the first part or the
    /// body of what is no multipart; numbers lead through message/rfc822.
    #[must_use]
    pub fn part(&self, path: &[u32]) -> Option<&Part> {
        let Some((first, rest)) = path.split_first() else {
            return Some(&self.root);
        };
        let mut part = self.root.numbered(*first)?;
        for number in rest {
            part = match &part.content {
                Content::Leaf => return None,
                Content::Multipart(_) => part.numbered(*number)?,
                Content::Message(embedded) => embedded.root.numbered(*number)?,
            };
        }
        Some(part)
    }
}

impl Part {
    /// The value of a Content-Type parameter, its name in any case.
    #[must_use]
    pub fn param(&self, name: &[u8]) -> Option<&[u8]> {
        find_param(&self.params, name)
    }

    /// The `charset` parameter.
    #[must_use]
    pub fn charset(&self) -> Option<&[u8]> {
        self.param(b"charset")
    }

    /// Whether the media type is this one, in any case; `*` as subtype is any.
    #[must_use]
    pub fn is(&self, media_type: &str, media_subtype: &str) -> bool {
        self.media_type.eq_ignore_ascii_case(media_type.as_bytes())
            && (media_subtype == "*"
                || self.media_subtype.eq_ignore_ascii_case(media_subtype.as_bytes()))
    }

    /// The child with this number, counted from 1; what is no multipart is its own only child.
    fn numbered(&self, number: u32) -> Option<&Self> {
        match &self.content {
            Content::Multipart(parts) => parts.get(usize::try_from(number).ok()?.checked_sub(1)?),
            Content::Leaf | Content::Message(_) => (number == 1).then_some(self),
        }
    }
}

/// The value of the first parameter with this name, in any case.
pub(crate) fn find_param<'a>(params: &'a [(Vec<u8>, Vec<u8>)], name: &[u8]) -> Option<&'a [u8]> {
    params.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_slice())
}
