//! The compact binary form of a message's tree, to be stored beside the message.
//!
//! `VERSION`, checksum (4 octets, little-endian, FNV-1a of what follows), size, lines, root, envelope, and, as of version 2,
//! the preview; version 4 says that the message came with UTF-8 in its header. Numbers are LEB128; octet strings and lists
//! have their length before them. A part begins with a set of what is there ([`PartHas`]), then has where its header
//! begins, counted from where the body of the part around it does, and the lengths of header and body. Bits and order are
//! never changed without a new version.

use crate::parameter::Params;
use crate::{Address, Content, Envelope, Message, Part};

/// The form of messages with UTF-8 in their header. With a form that is not read the message is scanned again.
pub(crate) const WITH_UTF8: u8 = 4;

/// The form of all others.
pub(crate) const VERSION: u8 = 2;

/// The form without a preview.
pub(crate) const WITHOUT_PREVIEW: u8 = 1;

/// What a part has besides its ranges and its media type, as bits.
pub(crate) struct PartHas;

impl PartHas {
    pub(crate) const ID: u64 = 1;
    pub(crate) const DESCRIPTION: u64 = 2;
    pub(crate) const ENCODING: u64 = 4;
    pub(crate) const MD5: u64 = 8;
    pub(crate) const DISPOSITION: u64 = 16;
    pub(crate) const LOCATION: u64 = 32;
    pub(crate) const LANGUAGE: u64 = 64;
    pub(crate) const MULTIPART: u64 = 128;
    pub(crate) const MESSAGE: u64 = 256;
}

/// What an envelope has, as bits. An address list equal to From is only named.
pub(crate) struct EnvelopeHas;

impl EnvelopeHas {
    pub(crate) const DATE: u64 = 1;
    pub(crate) const SUBJECT: u64 = 2;
    pub(crate) const IN_REPLY_TO: u64 = 4;
    pub(crate) const MESSAGE_ID: u64 = 8;
    pub(crate) const SENDER_IS_FROM: u64 = 16;
    pub(crate) const REPLY_TO_IS_FROM: u64 = 32;
}

/// What an address is and has, as bits.
pub(crate) struct AddressHas;

impl AddressHas {
    pub(crate) const NAME: u64 = 1;
    pub(crate) const ROUTE: u64 = 2;
    pub(crate) const DOMAIN: u64 = 4;
    pub(crate) const GROUP_START: u64 = 8;
    pub(crate) const GROUP_END: u64 = 16;
}

impl Message {
    /// The compact binary form.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let version = match &self.preview {
            None => WITHOUT_PREVIEW,
            Some(_) if self.utf8 => WITH_UTF8,
            Some(_) => VERSION,
        };
        let mut writer = Writer { out: vec![version, 0, 0, 0, 0] };
        writer.number(self.size);
        writer.number(self.lines);
        writer.part(&self.root, 0);
        writer.envelope(&self.envelope);
        if let Some(preview) = &self.preview {
            writer.octets(preview.as_bytes());
        }
        let mut out = writer.out;
        let sum = checksum(out.get(5..).unwrap_or_default());
        if let Some(place) = out.get_mut(1..5) {
            place.copy_from_slice(&sum);
        }
        out
    }
}

pub(crate) fn checksum(bytes: &[u8]) -> [u8; 4] {
    let hash = |sum: u32, octet: &u8| (sum ^ u32::from(*octet)).wrapping_mul(16_777_619);
    bytes.iter().fold(2_166_136_261, hash).to_le_bytes()
}

pub(crate) struct Writer {
    pub(crate) out: Vec<u8>,
}

impl Writer {
    pub(crate) fn number(&mut self, mut number: u64) {
        while let Some(low) = u8::try_from(number & 127).ok().filter(|_| number > 127) {
            self.out.push(low | 128);
            number >>= 7;
        }
        self.out.push(u8::try_from(number).unwrap_or(0));
    }

    fn octets(&mut self, octets: &[u8]) {
        self.number(octets.len() as u64);
        self.out.extend_from_slice(octets);
    }

    fn optional(&mut self, octets: Option<&Vec<u8>>) {
        if let Some(octets) = octets {
            self.octets(octets);
        }
    }

    fn params(&mut self, params: &Params) {
        self.number(params.len() as u64);
        for (name, value) in params {
            self.octets(name);
            self.octets(value);
        }
    }

    /// A part within what begins at `base`.
    fn part(&mut self, part: &Part, base: u64) {
        self.number(part_has(part));
        self.number(part.header.start - base);
        self.number(part.header.end - part.header.start);
        self.number(part.body.end - part.body.start);
        self.number(part.lines);
        self.octets(&part.media_type);
        self.octets(&part.media_subtype);
        self.params(&part.params);
        for field in [&part.id, &part.description, &part.encoding, &part.md5] {
            self.optional(field.as_ref());
        }
        if let Some(disposition) = &part.disposition {
            self.octets(&disposition.kind);
            self.params(&disposition.params);
        }
        self.optional(part.location.as_ref());
        if !part.language.is_empty() {
            self.number(part.language.len() as u64);
            part.language.iter().for_each(|tag| self.octets(tag));
        }
        self.content(part);
    }

    fn content(&mut self, part: &Part) {
        match &part.content {
            Content::Leaf => {}
            Content::Multipart(parts) => {
                self.number(parts.len() as u64);
                parts.iter().for_each(|child| self.part(child, part.body.start));
            }
            Content::Message(embedded) => {
                self.part(&embedded.root, part.body.start);
                self.envelope(&embedded.envelope);
            }
        }
    }

    fn envelope(&mut self, envelope: &Envelope) {
        let has = envelope_has(envelope);
        self.number(has);
        for field in
            [&envelope.date, &envelope.subject, &envelope.in_reply_to, &envelope.message_id]
        {
            self.optional(field.as_ref());
        }
        self.addresses(&envelope.from);
        if has & EnvelopeHas::SENDER_IS_FROM == 0 {
            self.addresses(&envelope.sender);
        }
        if has & EnvelopeHas::REPLY_TO_IS_FROM == 0 {
            self.addresses(&envelope.reply_to);
        }
        for list in [&envelope.to, &envelope.cc, &envelope.bcc] {
            self.addresses(list);
        }
    }

    fn addresses(&mut self, list: &[Address]) {
        self.number(list.len() as u64);
        for address in list {
            self.number(address_has(address));
            match address {
                Address::Mailbox { name, route, local, domain } => {
                    self.octets(local);
                    [name, route, domain]
                        .into_iter()
                        .for_each(|field| self.optional(field.as_ref()));
                }
                Address::GroupStart(name) => self.octets(name),
                Address::GroupEnd => {}
            }
        }
    }
}

/// The bits whose conditions hold.
fn bits(conditions: &[(bool, u64)]) -> u64 {
    conditions.iter().filter(|(holds, _)| *holds).map(|(_, bit)| bit).sum()
}

fn part_has(part: &Part) -> u64 {
    bits(&[
        (part.id.is_some(), PartHas::ID),
        (part.description.is_some(), PartHas::DESCRIPTION),
        (part.encoding.is_some(), PartHas::ENCODING),
        (part.md5.is_some(), PartHas::MD5),
        (part.disposition.is_some(), PartHas::DISPOSITION),
        (part.location.is_some(), PartHas::LOCATION),
        (!part.language.is_empty(), PartHas::LANGUAGE),
        (matches!(part.content, Content::Multipart(_)), PartHas::MULTIPART),
        (matches!(part.content, Content::Message(_)), PartHas::MESSAGE),
    ])
}

fn envelope_has(envelope: &Envelope) -> u64 {
    bits(&[
        (envelope.date.is_some(), EnvelopeHas::DATE),
        (envelope.subject.is_some(), EnvelopeHas::SUBJECT),
        (envelope.in_reply_to.is_some(), EnvelopeHas::IN_REPLY_TO),
        (envelope.message_id.is_some(), EnvelopeHas::MESSAGE_ID),
        (envelope.sender == envelope.from, EnvelopeHas::SENDER_IS_FROM),
        (envelope.reply_to == envelope.from, EnvelopeHas::REPLY_TO_IS_FROM),
    ])
}

fn address_has(address: &Address) -> u64 {
    match address {
        Address::Mailbox { name, route, domain, .. } => bits(&[
            (name.is_some(), AddressHas::NAME),
            (route.is_some(), AddressHas::ROUTE),
            (domain.is_some(), AddressHas::DOMAIN),
        ]),
        Address::GroupStart(_) => AddressHas::GROUP_START,
        Address::GroupEnd => AddressHas::GROUP_END,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MESSAGE: &[u8] = b"From: a@b\nSubject: s\nContent-Type: multipart/mixed; boundary=x\n\n\
        --x\nContent-Disposition: attachment; filename=f\nContent-Language: en, de\n\nbody\n\
        --x\nContent-Type: message/rfc822\n\nTo: G: c@d;\n\ntext\n--x--\n";

    #[test]
    fn what_was_written_is_read() {
        let message = Message::scan(MESSAGE);
        let with_utf8 = Message { utf8: true, ..message.clone() };
        for message in [message, with_utf8] {
            assert_eq!(Message::decode(&message.encode()), Some(message));
        }
    }

    #[test]
    fn another_version_and_damage_are_not_read() {
        let encoded = Message::scan(MESSAGE).encode();
        for place in 0..encoded.len() {
            let mut damaged = encoded.clone();
            damaged[place] ^= 1;
            assert_eq!(Message::decode(&damaged), None, "octet {place}");
            assert_eq!(Message::decode(&encoded[..place]), None, "cut at {place}");
        }
    }

    /// What version 1 made of [`MESSAGE`], octet by octet: messages are stored beside such forms.
    const VERSION_1: &str = "\
        01c7a903e7c901108001004089010c096d756c746970617274056d697865640108626f756e64617279017802\
        5004460400047465787405706c61696e0107636861727365740875732d61736369690a6174746163686d656e\
        74010866696c656e616d6501660202656e0264658002531e1102076d65737361676506726663383232000000\
        0d0400047465787405706c61696e0107636861727365740875732d6173636969300003080147040163016410\
        0000320173010401610162000000";

    /// And version 2.
    const VERSION_2: &str = "\
        02ba74012cc901108001004089010c096d756c746970617274056d697865640108626f756e64617279017802\
        5004460400047465787405706c61696e0107636861727365740875732d61736369690a6174746163686d656e\
        74010866696c656e616d6501660202656e0264658002531e1102076d65737361676506726663383232000000\
        0d0400047465787405706c61696e0107636861727365740875732d6173636969300003080147040163016410\
        00003201730104016101620000000474657874";

    fn digits(encoded: &[u8]) -> String {
        encoded.iter().map(|octet| format!("{octet:02x}")).collect()
    }

    #[test]
    fn the_forms_stay_as_they_are() {
        let message = Message::scan(MESSAGE);
        assert_eq!(digits(&message.encode()), VERSION_2);
        let old = Message { preview: None, ..message };
        assert_eq!(digits(&old.encode()), VERSION_1);
        assert_eq!(Message::decode(&old.encode()), Some(old));
    }
}
