//! Header blocks while they are scanned: the few fields that matter are kept, all others pass by.

use crate::address::addresses;
use crate::header::{Field, unfold};
use crate::parameter::{self, Params};
use crate::structure::find_param;
use crate::{Address, Disposition, Envelope, limits, message_ids};

/// What may still be kept of a message.
#[derive(Debug)]
pub(crate) struct Budget {
    pub(crate) parts: usize,
    octets: usize,
    addresses: usize,
}

impl Default for Budget {
    fn default() -> Self {
        Self { parts: limits::PARTS, octets: limits::KEPT_OCTETS, addresses: limits::ADDRESSES }
    }
}

impl Budget {
    /// Octets that were kept so far.
    pub(crate) fn kept(&self) -> usize {
        limits::KEPT_OCTETS.saturating_sub(self.octets)
    }

    /// Take one part of those that are left; whether there was one.
    pub(crate) fn take_part(&mut self) -> bool {
        let left = self.parts.checked_sub(1);
        self.parts = left.unwrap_or(0);
        left.is_some()
    }
}

/// The fields of MIME (RFC 2045), of the envelope, and References.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Known {
    ContentType,
    Id,
    Description,
    Encoding,
    Md5,
    Disposition,
    Language,
    Location,
    Date,
    Subject,
    From,
    Sender,
    ReplyTo,
    To,
    Cc,
    Bcc,
    InReplyTo,
    MessageId,
    References,
}

const MIME_FIELDS: [(&str, Known); 8] = [
    ("content-type", Known::ContentType),
    ("content-id", Known::Id),
    ("content-description", Known::Description),
    ("content-transfer-encoding", Known::Encoding),
    ("content-md5", Known::Md5),
    ("content-disposition", Known::Disposition),
    ("content-language", Known::Language),
    ("content-location", Known::Location),
];

const MESSAGE_FIELDS: [(&str, Known); 11] = [
    ("date", Known::Date),
    ("subject", Known::Subject),
    ("from", Known::From),
    ("sender", Known::Sender),
    ("reply-to", Known::ReplyTo),
    ("to", Known::To),
    ("cc", Known::Cc),
    ("bcc", Known::Bcc),
    ("in-reply-to", Known::InReplyTo),
    ("message-id", Known::MessageId),
    ("references", Known::References),
];

impl Known {
    fn of(name: &[u8], of_message: bool) -> Option<Self> {
        let of_message = if of_message { &MESSAGE_FIELDS[..] } else { &[] };
        let mut known = MIME_FIELDS.iter().chain(of_message);
        known.find(|(text, _)| name.eq_ignore_ascii_case(text.as_bytes())).map(|(_, known)| *known)
    }

    /// Whether repeated fields count as one: a sender that only one of two lines shows could hide there.
    fn is_joined(self) -> bool {
        matches!(self, Self::From | Self::Sender | Self::ReplyTo | Self::To | Self::Cc | Self::Bcc)
    }
}

/// The fields kept of one header block.
#[derive(Debug)]
pub(crate) struct HeaderBlock {
    of_message: bool,
    kept: Vec<(Known, Vec<u8>)>,
    /// Whether the last field is kept, so that the lines that continue it are too.
    keeping: bool,
}

impl HeaderBlock {
    /// Of a message (which has an envelope) or of a part.
    pub(crate) fn new(of_message: bool) -> Self {
        Self { of_message, kept: Vec::new(), keeping: false }
    }

    /// Take a line, without its line end.
    pub(crate) fn line(&mut self, line: &[u8], budget: &mut Budget) {
        if matches!(line.first(), Some(b' ' | b'\t')) {
            if self.keeping {
                self.append(line, budget);
            }
            return;
        }
        let field = Field::new(line);
        let known = Known::of(field.name, self.of_message).filter(|known| self.may_keep(*known));
        self.keeping = known.is_some();
        if let Some(known) = known {
            self.kept.push((known, Vec::new()));
            self.append(field.value, budget);
        }
    }

    fn may_keep(&self, known: Known) -> bool {
        let repeated = !known.is_joined() && self.kept.iter().any(|(kept, _)| *kept == known);
        !repeated && self.kept.len() < limits::FIELDS
    }

    fn append(&mut self, text: &[u8], budget: &mut Budget) {
        let Some((_, value)) = self.kept.last_mut() else { return };
        let room = limits::FIELD_OCTETS.saturating_sub(value.len()).min(budget.octets);
        let text = text.get(..room).unwrap_or(text);
        value.extend_from_slice(text);
        budget.octets -= text.len();
    }

    fn value(&self, wanted: Known) -> Option<&[u8]> {
        self.kept.iter().find(|(known, _)| *known == wanted).map(|(_, value)| value.as_slice())
    }

    fn text(&self, wanted: Known) -> Option<Vec<u8>> {
        self.value(wanted).map(unfold)
    }

    fn address_list(&self, wanted: Known, budget: &mut Budget) -> Vec<Address> {
        let mut list = Vec::new();
        for (_, value) in self.kept.iter().filter(|(known, _)| *known == wanted) {
            // One is left for the end of a group that the limit cuts.
            let found = addresses(&unfold(value), budget.addresses.saturating_sub(1));
            budget.addresses = budget.addresses.saturating_sub(found.len());
            list.extend(found);
        }
        list
    }

    /// The envelope of the message whose block this is.
    pub(crate) fn envelope(&self, budget: &mut Budget) -> Envelope {
        let from = self.address_list(Known::From, budget);
        let sender = self.address_list(Known::Sender, budget);
        let reply_to = self.address_list(Known::ReplyTo, budget);
        Envelope {
            date: self.text(Known::Date),
            subject: self.text(Known::Subject),
            sender: if sender.is_empty() { from.clone() } else { sender },
            reply_to: if reply_to.is_empty() { from.clone() } else { reply_to },
            from,
            to: self.address_list(Known::To, budget),
            cc: self.address_list(Known::Cc, budget),
            bcc: self.address_list(Known::Bcc, budget),
            in_reply_to: self.text(Known::InReplyTo),
            message_id: self.text(Known::MessageId),
        }
    }

    /// The message ids of References (RFC 5322 §3.6.4), oldest first.
    pub(crate) fn references(&self) -> Vec<Vec<u8>> {
        self.value(Known::References).map_or_else(Vec::new, message_ids)
    }

    /// What the MIME fields say, `default` being the media type where none is named.
    pub(crate) fn entity(&self, default: DefaultType) -> Entity {
        let content_type = self.text(Known::ContentType);
        let (media_type, media_subtype, params) = content_type
            .and_then(|value| parameter::content_type(&value))
            .unwrap_or_else(|| default.content_type());
        let disposition = self.text(Known::Disposition);
        let encoding = self.text(Known::Encoding).map(|value| parameter::first_token(&value));
        Entity {
            media_type,
            media_subtype,
            params,
            id: self.text(Known::Id),
            description: self.text(Known::Description),
            encoding: encoding.filter(|name| !name.is_empty()),
            md5: self.text(Known::Md5),
            disposition: disposition
                .and_then(|value| parameter::disposition(&value))
                .map(|(kind, params)| Disposition { kind, params }),
            language: self
                .text(Known::Language)
                .map_or_else(Vec::new, |value| parameter::languages(&value)),
            location: self.text(Known::Location),
        }
    }
}

/// The media type of a part that names none.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum DefaultType {
    /// text/plain in US-ASCII (RFC 2045 §5.2).
    Text,
    /// message/rfc822, in a multipart/digest (RFC 2046 §5.1.5).
    Message,
}

impl DefaultType {
    fn content_type(self) -> (Vec<u8>, Vec<u8>, Params) {
        match self {
            Self::Text => {
                let charset = (b"charset".to_vec(), b"us-ascii".to_vec());
                (b"text".to_vec(), b"plain".to_vec(), vec![charset])
            }
            Self::Message => (b"message".to_vec(), b"rfc822".to_vec(), Vec::new()),
        }
    }
}

/// What a header block says of the body after it.
#[derive(Debug)]
pub(crate) struct Entity {
    pub(crate) media_type: Vec<u8>,
    pub(crate) media_subtype: Vec<u8>,
    pub(crate) params: Params,
    pub(crate) id: Option<Vec<u8>>,
    pub(crate) description: Option<Vec<u8>>,
    pub(crate) encoding: Option<Vec<u8>>,
    pub(crate) md5: Option<Vec<u8>>,
    pub(crate) disposition: Option<Disposition>,
    pub(crate) language: Vec<Vec<u8>>,
    pub(crate) location: Option<Vec<u8>>,
}

impl Entity {
    pub(crate) fn is_multipart(&self) -> bool {
        self.media_type.eq_ignore_ascii_case(b"multipart")
    }

    pub(crate) fn is(&self, media_type: &str, media_subtype: &str) -> bool {
        self.media_type.eq_ignore_ascii_case(media_type.as_bytes())
            && self.media_subtype.eq_ignore_ascii_case(media_subtype.as_bytes())
    }

    /// Whether it is not to be shown with the text (RFC 2183 §2.2).
    pub(crate) fn is_attached(&self) -> bool {
        self.disposition.as_ref().is_some_and(|own| own.kind.eq_ignore_ascii_case(b"attachment"))
    }

    pub(crate) fn charset(&self) -> Option<&[u8]> {
        find_param(&self.params, b"charset")
    }

    pub(crate) fn is_message(&self) -> bool {
        self.media_type.eq_ignore_ascii_case(b"message")
            && [&b"rfc822"[..], b"global"]
                .iter()
                .any(|subtype| self.media_subtype.eq_ignore_ascii_case(subtype))
    }

    /// The media type that a part of this multipart has if it names none.
    pub(crate) fn default_of_parts(&self) -> DefaultType {
        let is_digest = self.is_multipart() && self.media_subtype.eq_ignore_ascii_case(b"digest");
        if is_digest { DefaultType::Message } else { DefaultType::Text }
    }

    /// Give up on taking the body apart.
    pub(crate) fn make_opaque(&mut self) {
        self.media_type = b"application".to_vec();
        self.media_subtype = b"octet-stream".to_vec();
    }
}
