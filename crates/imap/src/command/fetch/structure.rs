//! ENVELOPE, BODY and BODYSTRUCTURE (RFC 9051 §7.5.2): what is known of a message in the wire's terms. Nothing is copied on
//! the way from the form in which it is stored, but lists are made anew.

use super::Unprintable;
use super::summary::Summary;
use crate::limits::{HEAVY_SUMMARY, PRINTED_AT_ONCE};
use crate::out::Out;
use rookery_imap_wire as wire;
use rookery_imap_wire::FetchData;
use rookery_mailbox::StoreError;
use rookery_mailbox::heavy::{self, Owner};
use rookery_mime::text::decode_param;
use rookery_mime::{
    Address, Addresses, Encoded, EncodedContent, EncodedEnvelope, EncodedParams, EncodedPart,
    Message, Pieces, downgrade,
};
use std::borrow::Cow;

/// Octets of the form in which the message is stored, where they can go as they are.
type Text<'a> = Cow<'a, [u8]>;

/// Which of the three.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Item {
    Envelope,
    Body,
    BodyStructure,
}

/// What the client is known to expect.
#[derive(Clone, Copy)]
pub(super) struct Expects {
    /// Headers in UTF-8: without that they are downgraded.
    pub(super) utf8: bool,
    /// Parameters that name their charset in UTF-8, which is since RFC 9051 §7.5.2.
    pub(super) decoded: bool,
}

/// Print an item; of a long summary where that keeps nobody else waiting, and never so much at once that it would be dear to
/// hold until the client takes it. What is even longer is printed again for each piece.
pub(super) async fn print(
    item: Item,
    summary: &Summary,
    expects: Expects,
    (owner, out): (Owner, &mut Out<'_>),
) -> Result<(), Unprintable> {
    let octets = summary.octets();
    if octets.len() < HEAVY_SUMMARY {
        return Ok(print_here(item, octets, expects, out.buffer())?);
    }
    let mut start = 0;
    loop {
        let octets = octets.clone();
        let work = move || print_piece(item, &octets, expects, start);
        let printed = heavy::at_once(owner, work).await;
        let piece = printed.map_err(|it| it.during("printing the structure of a message"))??;
        out.add(&piece).await?;
        start += piece.len();
        if piece.len() < PRINTED_AT_ONCE {
            return Ok(());
        }
    }
}

/// So much of an item, from an octet on, as may be held; less is the rest of it.
fn print_piece(
    item: Item,
    summary: &[u8],
    expects: Expects,
    start: usize,
) -> Result<Vec<u8>, StoreError> {
    let mut printed = Vec::new();
    print_here(item, summary, expects, &mut printed)?;
    let rest = printed.get(start..).unwrap_or_default();
    Ok(rest.get(..PRINTED_AT_ONCE).unwrap_or(rest).to_vec())
}

fn print_here(
    item: Item,
    summary: &[u8],
    expects: Expects,
    out: &mut Vec<u8>,
) -> Result<(), StoreError> {
    let damaged = || StoreError::Damaged("the summary of a message".to_owned());
    let start = out.len();
    print_encoded(item, summary, expects, out).ok_or_else(damaged)?;
    if !expects.utf8 && out.get(start..).is_some_and(|printed| !printed.is_ascii()) {
        out.truncate(start);
        let mut tree = Message::decode(summary).ok_or_else(damaged)?;
        downgrade::message(&mut tree);
        print_encoded(item, &tree.encode(), expects, out).ok_or_else(damaged)?;
    }
    Ok(())
}

fn print_encoded(item: Item, summary: &[u8], expects: Expects, out: &mut Vec<u8>) -> Option<()> {
    let encoded = Encoded::open(summary)?;
    if item == Item::Envelope {
        FetchData::print_envelope(out, &envelope::<&[u8]>(encoded.envelope()?));
        return Some(());
    }
    let (root, mut pieces) = encoded.root()?;
    let body = body(root, &mut pieces, expects.decoded)?;
    if item == Item::Body {
        FetchData::print_body(out, &body);
    } else {
        FetchData::print_body_structure(out, &body);
    }
    Some(())
}

/// An envelope.
fn envelope<'a, T: From<&'a [u8]>>(envelope: EncodedEnvelope<'a>) -> wire::Envelope<T> {
    let addresses = |list: Addresses<'a>| list.map(address).collect();
    wire::Envelope {
        date: envelope.date.map(T::from),
        subject: envelope.subject.map(T::from),
        from: addresses(envelope.from),
        sender: addresses(envelope.sender),
        reply_to: addresses(envelope.reply_to),
        to: addresses(envelope.to),
        cc: addresses(envelope.cc),
        bcc: addresses(envelope.bcc),
        in_reply_to: envelope.in_reply_to.map(T::from),
        message_id: envelope.message_id.map(T::from),
    }
}

/// Groups are a start and an end among the addresses (RFC 9051 §7.5.2).
fn address<'a, T: From<&'a [u8]>>(address: Address<&'a [u8]>) -> wire::Address<T> {
    let nothing = wire::Address { name: None, route: None, mailbox: None, host: None };
    match address {
        Address::Mailbox { name, route, local, domain } => wire::Address {
            name: name.map(T::from),
            route: route.map(T::from),
            mailbox: Some(local.into()),
            // NIL would make it the start of a group.
            host: Some(domain.unwrap_or_default().into()),
        },
        Address::GroupStart(name) => wire::Address { mailbox: Some(name.into()), ..nothing },
        Address::GroupEnd => nothing,
    }
}

/// A body structure with all that is known; the printer leaves the extension data out of BODY.
fn body<'a>(
    part: EncodedPart<'a>,
    pieces: &mut Pieces<'a>,
    decoded: bool,
) -> Option<wire::BodyStructure<Text<'a>>> {
    let is_text = part.media_type.eq_ignore_ascii_case(b"text");
    let subtype = Cow::Borrowed(part.media_subtype);
    let extension = extension(&part, decoded);
    Some(match part.content {
        EncodedContent::Multipart(count) => {
            let mut parts = Vec::new();
            for _ in 0..count {
                let child = pieces.part(&part)?;
                parts.push(body(child, pieces, decoded)?);
            }
            let params = params(part.params, decoded);
            wire::BodyStructure::Multipart { parts, subtype, params, extension }
        }
        EncodedContent::Message => {
            let root = pieces.part(&part)?;
            let body = Box::new(body(root, pieces, decoded)?);
            let envelope = Box::new(envelope(pieces.envelope()?));
            let (lines, fields) = (part.lines, fields(part, decoded));
            wire::BodyStructure::Message { subtype, fields, envelope, body, lines, extension }
        }
        EncodedContent::Leaf if is_text => {
            let (lines, fields) = (part.lines, fields(part, decoded));
            wire::BodyStructure::Text { subtype, fields, lines, extension }
        }
        EncodedContent::Leaf => {
            let media_type = Cow::Borrowed(part.media_type);
            let fields = fields(part, decoded);
            wire::BodyStructure::Basic { media_type, subtype, fields, extension }
        }
    })
}

fn fields<'a>(part: EncodedPart<'a>, decoded: bool) -> wire::BodyFields<Text<'a>> {
    wire::BodyFields {
        params: params(part.params, decoded),
        id: part.id.map(Cow::Borrowed),
        description: part.description.map(Cow::Borrowed),
        encoding: Cow::Borrowed(part.encoding.unwrap_or(b"7BIT")),
        size: part.body.end - part.body.start,
    }
}

/// A name that ends in `*` keeps it (RFC 9051 §7.5.2). A value with NUL, which no string may have, stays encoded.
fn params<'a>(params: EncodedParams<'a>, decoded: bool) -> wire::BodyParams<Text<'a>> {
    let shown = |(name, value): (&'a [u8], &'a [u8])| {
        if decoded && name.ends_with(b"*") {
            let decoded = decode_param(name, value).into_bytes();
            if !decoded.contains(&0) {
                return (Cow::Borrowed(name), Cow::Owned(decoded));
            }
        }
        (Cow::Borrowed(name), Cow::Borrowed(value))
    };
    params.map(shown).collect()
}

fn extension<'a>(part: &EncodedPart<'a>, decoded: bool) -> wire::BodyExtension<Text<'a>> {
    let disposition = part.disposition.clone().map(|(kind, found)| wire::Disposition {
        kind: Cow::Borrowed(kind),
        params: params(found, decoded),
    });
    wire::BodyExtension {
        md5: part.md5.map(Cow::Borrowed),
        disposition,
        language: part.language.clone().into_iter().flatten().map(Cow::Borrowed).collect(),
        location: part.location.map(Cow::Borrowed),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::out::tests::Written;
    use std::time::Duration;

    #[tokio::test]
    async fn a_long_structure_leaves_in_pieces() {
        for (parts, least) in [(10, 0), (2000, 0), (10_000, PRINTED_AT_ONCE)] {
            let part = "--b\r\nContent-Type: text/x; a=b; c=\"dé\"\r\n\r\nx\r\n".repeat(parts);
            let message = format!("Content-Type: multipart/mixed; boundary=b\r\n\r\n{part}");
            let encoded = Message::scan(message.as_bytes()).encode();
            let summary = Summary::new(encoded.clone().into(), bytes::Bytes::new());
            for utf8 in [true, false] {
                let expects = Expects { utf8, decoded: utf8 };
                let mut whole = Vec::new();
                print_here(Item::BodyStructure, &encoded, expects, &mut whole).unwrap();
                assert!(whole.len() > least && utf8 != whole.is_ascii());
                let piece = print_piece(Item::BodyStructure, &encoded, expects, 0).unwrap();
                assert_eq!(piece.len(), whole.len().min(PRINTED_AT_ONCE));
                let mut written = Written::default();
                let mut out = Out::new(&mut written, Duration::MAX, crate::Turns::default());
                let whose = (Owner::STRANGER, &mut out);
                assert!(print(Item::BodyStructure, &summary, expects, whose).await.is_ok());
                out.flush().await.unwrap();
                drop(out);
                assert!(written.octets == whole, "{parts} parts");
            }
        }
    }
}
