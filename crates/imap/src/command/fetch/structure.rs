//! ENVELOPE, BODY and BODYSTRUCTURE (RFC 9051 §7.5.2): the message's tree in the wire's terms.

use rookery_imap_wire as wire;
use rookery_mime::text::decode_param;
use rookery_mime::{Address, Content, Embedded, Envelope, Part};

/// An envelope.
pub(super) fn envelope(envelope: &Envelope) -> wire::Envelope {
    let addresses = |list: &[Address]| list.iter().map(address).collect();
    wire::Envelope {
        date: envelope.date.clone(),
        subject: envelope.subject.clone(),
        from: addresses(&envelope.from),
        sender: addresses(&envelope.sender),
        reply_to: addresses(&envelope.reply_to),
        to: addresses(&envelope.to),
        cc: addresses(&envelope.cc),
        bcc: addresses(&envelope.bcc),
        in_reply_to: envelope.in_reply_to.clone(),
        message_id: envelope.message_id.clone(),
    }
}

/// Groups are a start and an end among the addresses (RFC 9051 §7.5.2).
fn address(address: &Address) -> wire::Address {
    match address {
        Address::Mailbox { name, route, local, domain } => wire::Address {
            name: name.clone(),
            route: route.clone(),
            mailbox: Some(local.clone()),
            // NIL would make it the start of a group.
            host: Some(domain.clone().unwrap_or_default()),
        },
        Address::GroupStart(name) => {
            wire::Address { mailbox: Some(name.clone()), ..wire::Address::default() }
        }
        Address::GroupEnd => wire::Address::default(),
    }
}

/// A body structure with all that is known; the printer leaves the extension data out of BODY. Parameters that name
/// their charset come in UTF-8 where the client is known to expect it, which is since RFC 9051 §7.5.2.
pub(super) fn body(part: &Part, utf8: bool) -> wire::BodyStructure {
    let extension = extension(part, utf8);
    let subtype = part.media_subtype.clone();
    match &part.content {
        Content::Multipart(parts) => wire::BodyStructure::Multipart {
            parts: parts.iter().map(|part| body(part, utf8)).collect(),
            subtype,
            params: params(&part.params, utf8),
            extension,
        },
        Content::Message(embedded) => message(part, embedded, extension, utf8),
        Content::Leaf if part.is("text", "*") => wire::BodyStructure::Text {
            subtype,
            fields: fields(part, utf8),
            lines: part.lines,
            extension,
        },
        Content::Leaf => wire::BodyStructure::Basic {
            media_type: part.media_type.clone(),
            subtype,
            fields: fields(part, utf8),
            extension,
        },
    }
}

fn message(
    part: &Part,
    embedded: &Embedded,
    extension: wire::BodyExtension,
    utf8: bool,
) -> wire::BodyStructure {
    wire::BodyStructure::Message {
        subtype: part.media_subtype.clone(),
        fields: fields(part, utf8),
        envelope: Box::new(envelope(&embedded.envelope)),
        body: Box::new(body(&embedded.root, utf8)),
        lines: part.lines,
        extension,
    }
}

fn fields(part: &Part, utf8: bool) -> wire::BodyFields {
    wire::BodyFields {
        params: params(&part.params, utf8),
        id: part.id.clone(),
        description: part.description.clone(),
        encoding: part.encoding.clone().unwrap_or_else(|| b"7BIT".to_vec()),
        size: part.body.end - part.body.start,
    }
}

/// A name that ends in `*` keeps it (RFC 9051 §7.5.2). A value with NUL, which no string may have, stays encoded.
fn params(params: &[(Vec<u8>, Vec<u8>)], utf8: bool) -> Vec<(Vec<u8>, Vec<u8>)> {
    let mut params = params.to_vec();
    for (name, value) in params.iter_mut().filter(|(name, _)| utf8 && name.ends_with(b"*")) {
        let decoded = decode_param(name, value).into_bytes();
        if !decoded.contains(&0) {
            *value = decoded;
        }
    }
    params
}

fn extension(part: &Part, utf8: bool) -> wire::BodyExtension {
    let disposition = part.disposition.as_ref().map(|disposition| wire::Disposition {
        kind: disposition.kind.clone(),
        params: params(&disposition.params, utf8),
    });
    wire::BodyExtension {
        md5: part.md5.clone(),
        disposition,
        language: part.language.clone(),
        location: part.location.clone(),
    }
}
