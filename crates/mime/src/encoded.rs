//! Reading the compact binary form of [`Message::encode`]: as a tree, or piece by piece without a copy of anything, for
//! who prints it and lets go of it.

mod outline;

pub use outline::Outline;

use std::ops::Range;

use crate::encode::{
    AddressHas, EnvelopeHas, PartHas, VERSION, WITH_UTF8, WITHOUT_PREVIEW, checksum,
};
use crate::{Address, Content, Disposition, Embedded, Envelope, Message, Part, limits};

impl Message {
    /// The message in a compact binary form; `None` if the form is of another version, or damaged.
    #[must_use]
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let (sum, summed) = bytes.get(1..)?.split_first_chunk::<4>()?;
        if *sum != checksum(summed) {
            return None;
        }
        let encoded = Encoded::open(bytes)?;
        let (root, mut pieces) = encoded.root()?;
        let root = pieces.tree(&root)?;
        let envelope = pieces.envelope()?.to_tree();
        let preview = if encoded.has_preview { Some(pieces.0.text()?) } else { None };
        let Encoded { size, lines, utf8, .. } = encoded;
        pieces.0.rest.is_empty().then_some(Self { size, lines, root, envelope, preview, utf8 })
    }
}

/// The compact binary form of a message.
#[derive(Clone, Debug)]
pub struct Encoded<'a> {
    /// As [`Message::size`].
    pub size: u64,
    /// As [`Message::lines`].
    pub lines: u64,
    /// As [`Message::utf8`].
    pub utf8: bool,
    has_preview: bool,
    root: Pieces<'a>,
}

/// A part, without what is in it, which the [`Pieces`] have next.
#[derive(Clone, Debug)]
pub struct EncodedPart<'a> {
    /// As [`Part::header`].
    pub header: Range<u64>,
    /// As [`Part::body`].
    pub body: Range<u64>,
    /// As [`Part::lines`].
    pub lines: u64,
    /// As [`Part::media_type`].
    pub media_type: &'a [u8],
    /// As [`Part::media_subtype`].
    pub media_subtype: &'a [u8],
    /// As [`Part::params`].
    pub params: EncodedParams<'a>,
    /// As [`Part::id`].
    pub id: Option<&'a [u8]>,
    /// As [`Part::description`].
    pub description: Option<&'a [u8]>,
    /// As [`Part::encoding`].
    pub encoding: Option<&'a [u8]>,
    /// As [`Part::md5`].
    pub md5: Option<&'a [u8]>,
    /// As [`Part::disposition`]: its kind and its parameters.
    pub disposition: Option<(&'a [u8], EncodedParams<'a>)>,
    /// As [`Part::language`].
    pub language: Option<List<'a, &'a [u8]>>,
    /// As [`Part::location`].
    pub location: Option<&'a [u8]>,
    /// What comes next.
    pub content: EncodedContent,
    depth: usize,
}

/// Names and values.
pub type EncodedParams<'a> = List<'a, (&'a [u8], &'a [u8])>;

/// What a part's body is made of.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum EncodedContent {
    /// Octets: nothing that is told of.
    Leaf,
    /// So many parts.
    Multipart(u64),
    /// A message: a part, then its envelope.
    Message,
}

/// An envelope, with the fields of [`Envelope`].
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "they are those of Envelope")]
pub struct EncodedEnvelope<'a> {
    pub date: Option<&'a [u8]>,
    pub subject: Option<&'a [u8]>,
    pub from: Addresses<'a>,
    pub sender: Addresses<'a>,
    pub reply_to: Addresses<'a>,
    pub to: Addresses<'a>,
    pub cc: Addresses<'a>,
    pub bcc: Addresses<'a>,
    pub in_reply_to: Option<&'a [u8]>,
    pub message_id: Option<&'a [u8]>,
}

/// Elements of an address field.
pub type Addresses<'a> = List<'a, Address<&'a [u8]>>;

/// What follows a part that was read: the pieces of which it is made, in their order.
#[derive(Clone, Debug)]
pub struct Pieces<'a>(Reader<'a>);

impl<'a> Encoded<'a> {
    /// A compact binary form; `None` if it is of another version. Its checksum is not verified: stores know whether what
    /// they give is what they were given.
    #[must_use]
    pub fn open(bytes: &'a [u8]) -> Option<Self> {
        let (version, rest) = bytes.split_first()?;
        let mut reader = Reader { rest: rest.get(4..)?, parts: 2 * limits::PARTS };
        if !matches!(*version, VERSION | WITH_UTF8 | WITHOUT_PREVIEW) {
            return None;
        }
        Some(Self {
            size: reader.number()?,
            lines: reader.number()?,
            utf8: *version == WITH_UTF8,
            has_preview: *version != WITHOUT_PREVIEW,
            root: Pieces(reader),
        })
    }

    /// The message itself as a part, and what it is made of.
    #[must_use]
    pub fn root(&self) -> Option<(EncodedPart<'a>, Pieces<'a>)> {
        let mut pieces = self.root.clone();
        let root = pieces.0.part(&(0..self.size), 1)?;
        Some((root, pieces))
    }

    /// The envelope of the message.
    #[must_use]
    pub fn envelope(&self) -> Option<EncodedEnvelope<'a>> {
        let (root, mut pieces) = self.root()?;
        pieces.pass(&root)?;
        pieces.envelope()
    }
}

impl<'a> Pieces<'a> {
    /// The next part, which is one of those in `parent`.
    pub fn part(&mut self, parent: &EncodedPart<'a>) -> Option<EncodedPart<'a>> {
        self.0.part(&parent.body, parent.depth + 1)
    }

    /// The envelope behind the part in a message.
    pub fn envelope(&mut self) -> Option<EncodedEnvelope<'a>> {
        self.0.envelope()
    }

    /// Pass over what is in a part.
    fn pass(&mut self, part: &EncodedPart<'a>) -> Option<()> {
        match part.content {
            EncodedContent::Leaf => {}
            EncodedContent::Multipart(count) => {
                for _ in 0..count {
                    let child = self.part(part)?;
                    self.pass(&child)?;
                }
            }
            EncodedContent::Message => {
                let root = self.part(part)?;
                self.pass(&root)?;
                self.envelope()?;
            }
        }
        Some(())
    }

    fn tree(&mut self, part: &EncodedPart<'a>) -> Option<Part> {
        let content = match part.content {
            EncodedContent::Leaf => Content::Leaf,
            EncodedContent::Multipart(0) => return None,
            EncodedContent::Multipart(count) => {
                let parts = (0..count).map(|_| {
                    let child = self.part(part)?;
                    self.tree(&child)
                });
                Content::Multipart(parts.collect::<Option<_>>()?)
            }
            EncodedContent::Message => {
                let root = self.part(part)?;
                let root = self.tree(&root)?;
                let envelope = self.envelope()?.to_tree();
                Content::Message(Box::new(Embedded { envelope, root }))
            }
        };
        Some(part.to_tree(content))
    }
}

fn owned(text: Option<&[u8]>) -> Option<Vec<u8>> {
    text.map(<[u8]>::to_vec)
}

fn owned_params(params: EncodedParams<'_>) -> Vec<(Vec<u8>, Vec<u8>)> {
    params.map(|(name, value)| (name.to_vec(), value.to_vec())).collect()
}

impl<'a> EncodedPart<'a> {
    /// As [`Part::charset`].
    #[must_use]
    pub fn charset(&self) -> Option<&'a [u8]> {
        let mut params = self.params.clone();
        params.find(|(name, _)| name.eq_ignore_ascii_case(b"charset")).map(|(_, value)| value)
    }

    /// Whether the media type is `text`, in any case.
    #[must_use]
    pub fn is_text(&self) -> bool {
        self.media_type.eq_ignore_ascii_case(b"text")
    }

    fn to_tree(&self, content: Content) -> Part {
        let disposition = self.disposition.clone();
        Part {
            header: self.header.clone(),
            body: self.body.clone(),
            lines: self.lines,
            media_type: self.media_type.to_vec(),
            media_subtype: self.media_subtype.to_vec(),
            params: owned_params(self.params.clone()),
            id: owned(self.id),
            description: owned(self.description),
            encoding: owned(self.encoding),
            md5: owned(self.md5),
            disposition: disposition.map(|(kind, params)| Disposition {
                kind: kind.to_vec(),
                params: owned_params(params),
            }),
            language: self.language.clone().into_iter().flatten().map(<[u8]>::to_vec).collect(),
            location: owned(self.location),
            content,
        }
    }
}

impl EncodedEnvelope<'_> {
    fn to_tree(&self) -> Envelope {
        let addresses = |list: &Addresses<'_>| list.clone().map(owned_address).collect();
        Envelope {
            date: owned(self.date),
            subject: owned(self.subject),
            from: addresses(&self.from),
            sender: addresses(&self.sender),
            reply_to: addresses(&self.reply_to),
            to: addresses(&self.to),
            cc: addresses(&self.cc),
            bcc: addresses(&self.bcc),
            in_reply_to: owned(self.in_reply_to),
            message_id: owned(self.message_id),
        }
    }
}

fn owned_address(address: Address<&[u8]>) -> Address {
    match address {
        Address::Mailbox { name, route, local, domain } => Address::Mailbox {
            name: owned(name),
            route: owned(route),
            local: local.to_vec(),
            domain: owned(domain),
        },
        Address::GroupStart(name) => Address::GroupStart(name.to_vec()),
        Address::GroupEnd => Address::GroupEnd,
    }
}

/// A list, which was looked through before, so that all of it is there.
#[derive(Clone, Debug)]
pub struct List<'a, T> {
    left: u64,
    reader: Reader<'a>,
    read: fn(&mut Reader<'a>) -> Option<T>,
}

impl<T> Iterator for List<'_, T> {
    type Item = T;

    fn next(&mut self) -> Option<T> {
        self.left = self.left.checked_sub(1)?;
        (self.read)(&mut self.reader)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        // There is no element without an octet.
        let left = usize::try_from(self.left).unwrap_or(usize::MAX).min(self.reader.rest.len());
        (left, Some(left))
    }
}

#[derive(Clone, Debug)]
struct Reader<'a> {
    rest: &'a [u8],
    /// Parts that may still come: twice the limit, since a multipart without parts is given one.
    parts: usize,
}

impl<'a> Reader<'a> {
    #[inline]
    fn number(&mut self) -> Option<u64> {
        match self.rest.split_first() {
            Some((octet @ ..128, rest)) => {
                self.rest = rest;
                Some(u64::from(*octet))
            }
            _ => self.long_number(),
        }
    }

    fn long_number(&mut self) -> Option<u64> {
        let mut number = 0_u64;
        for shift in (0..64).step_by(7) {
            let (octet, rest) = self.rest.split_first()?;
            self.rest = rest;
            let low = u64::from(octet & 127);
            number |= low.checked_shl(shift).filter(|shifted| shifted >> shift == low)?;
            if octet & 128 == 0 {
                return Some(number);
            }
        }
        None
    }

    fn octets(&mut self) -> Option<&'a [u8]> {
        let len = usize::try_from(self.number()?).ok()?;
        let (octets, rest) = self.rest.split_at_checked(len)?;
        self.rest = rest;
        Some(octets)
    }

    fn text(&mut self) -> Option<String> {
        std::str::from_utf8(self.octets()?).ok().map(str::to_owned)
    }

    /// Octets that are there if the bit is set.
    fn optional(&mut self, has: u64, bit: u64) -> Option<Option<&'a [u8]>> {
        if has & bit == 0 { Some(None) } else { self.octets().map(Some) }
    }

    /// A list; it is looked through, since its length may be damaged.
    fn list<T>(&mut self, read: fn(&mut Self) -> Option<T>) -> Option<List<'a, T>> {
        let left = self.number()?;
        let list = List { left, reader: self.clone(), read };
        for _ in 0..left {
            read(self)?;
        }
        Some(list)
    }

    fn params(&mut self) -> Option<EncodedParams<'a>> {
        self.list(|reader| Some((reader.octets()?, reader.octets()?)))
    }

    /// A part within a range.
    fn part(&mut self, within: &Range<u64>, depth: usize) -> Option<EncodedPart<'a>> {
        self.parts = self.parts.checked_sub(1).filter(|_| depth <= limits::DEPTH)?;
        let has = self.number()?;
        let start = within.start.checked_add(self.number()?)?;
        let body_start = start.checked_add(self.number()?)?;
        let end = body_start.checked_add(self.number()?).filter(|end| *end <= within.end)?;
        Some(EncodedPart {
            header: start..body_start,
            body: body_start..end,
            lines: self.number()?,
            media_type: self.octets()?,
            media_subtype: self.octets()?,
            params: self.params()?,
            id: self.optional(has, PartHas::ID)?,
            description: self.optional(has, PartHas::DESCRIPTION)?,
            encoding: self.optional(has, PartHas::ENCODING)?,
            md5: self.optional(has, PartHas::MD5)?,
            disposition: self.disposition(has)?,
            location: self.optional(has, PartHas::LOCATION)?,
            language: self.language(has)?,
            content: self.content(has)?,
            depth,
        })
    }

    fn disposition(&mut self, has: u64) -> Option<Option<(&'a [u8], EncodedParams<'a>)>> {
        if has & PartHas::DISPOSITION == 0 {
            return Some(None);
        }
        Some(Some((self.octets()?, self.params()?)))
    }

    fn language(&mut self, has: u64) -> Option<Option<List<'a, &'a [u8]>>> {
        if has & PartHas::LANGUAGE == 0 { Some(None) } else { self.list(Self::octets).map(Some) }
    }

    fn content(&mut self, has: u64) -> Option<EncodedContent> {
        Some(if has & PartHas::MULTIPART != 0 {
            EncodedContent::Multipart(self.number()?)
        } else if has & PartHas::MESSAGE != 0 {
            EncodedContent::Message
        } else {
            EncodedContent::Leaf
        })
    }

    fn envelope(&mut self) -> Option<EncodedEnvelope<'a>> {
        let has = self.number()?;
        let date = self.optional(has, EnvelopeHas::DATE)?;
        let subject = self.optional(has, EnvelopeHas::SUBJECT)?;
        let in_reply_to = self.optional(has, EnvelopeHas::IN_REPLY_TO)?;
        let message_id = self.optional(has, EnvelopeHas::MESSAGE_ID)?;
        let from = self.addresses()?;
        let sender = self.addresses_or(&from, has & EnvelopeHas::SENDER_IS_FROM != 0)?;
        let reply_to = self.addresses_or(&from, has & EnvelopeHas::REPLY_TO_IS_FROM != 0)?;
        let (to, cc, bcc) = (self.addresses()?, self.addresses()?, self.addresses()?);
        Some(EncodedEnvelope {
            date,
            subject,
            from,
            sender,
            reply_to,
            to,
            cc,
            bcc,
            in_reply_to,
            message_id,
        })
    }

    fn addresses(&mut self) -> Option<Addresses<'a>> {
        self.list(Self::address)
    }

    fn addresses_or(&mut self, from: &Addresses<'a>, is_from: bool) -> Option<Addresses<'a>> {
        if is_from { Some(from.clone()) } else { self.addresses() }
    }

    fn address(&mut self) -> Option<Address<&'a [u8]>> {
        let has = self.number()?;
        if has & AddressHas::GROUP_END != 0 {
            return Some(Address::GroupEnd);
        }
        let local = self.octets()?;
        if has & AddressHas::GROUP_START != 0 {
            return Some(Address::GroupStart(local));
        }
        let name = self.optional(has, AddressHas::NAME)?;
        let route = self.optional(has, AddressHas::ROUTE)?;
        let domain = self.optional(has, AddressHas::DOMAIN)?;
        Some(Address::Mailbox { name, route, local, domain })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::encode::Writer;

    #[test]
    fn numbers_are_read_as_written_at_every_width() {
        for shift in 0..64 {
            for number in [1_u64 << shift, (1_u64 << shift) - 1, u64::MAX >> shift] {
                let mut writer = Writer { out: Vec::new() };
                writer.number(number);
                assert_eq!(Reader { rest: &writer.out, parts: 0 }.number(), Some(number));
            }
        }
        assert_eq!(Reader { rest: &[255; 10], parts: 0 }.number(), None);
    }

    #[test]
    fn the_envelope_stands_behind_all_parts() {
        let message = Message::scan(
            b"Subject: outside\nContent-Type: multipart/mixed; boundary=x\n\n\
            --x\nContent-Type: message/rfc822\n\nSubject: inside\n\ntext\n--x\n\nb\n--x--\n",
        );
        let encoded = message.encode();
        let envelope = Encoded::open(&encoded).and_then(|encoded| encoded.envelope());
        assert_eq!(envelope.and_then(|envelope| envelope.subject), Some(b"outside".as_slice()));
        for place in 0..encoded.len() {
            // None of these is all there.
            let cut = Encoded::open(&encoded[..place]).and_then(|encoded| encoded.envelope());
            assert!(cut.is_none() || place >= encoded.len() - "text".len() - 1, "{place}");
        }
    }
}
