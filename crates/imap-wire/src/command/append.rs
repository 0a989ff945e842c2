//! `APPEND` (RFC 9051 §6.3.12), with several messages (RFC 3502 §6.3.11), with literal8 (RFC 3516 §4.4), with
//! messages put together from parts (RFC 4469 §3); and what other commands that bring messages share with it.

use super::{CommandBody, print_argument};
use crate::parse::{Cursor, Parsed};
use crate::{WireFlag, WireMailbox, limits, print};
use rookery_mail::DateTime;

/// One message of an APPEND that is held as a whole.
#[derive(Clone, PartialEq, Debug)]
pub struct AppendMessage {
    /// What was said about it.
    pub options: AppendOptions,
    /// Its octets.
    pub data: AppendData,
}

/// What a client says about a message before its octets.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct AppendOptions {
    /// Flags to set.
    pub flags: Vec<WireFlag>,
    /// The internal date; without one, now.
    pub date: Option<DateTime>,
}

/// The octets of a message.
#[derive(Clone, PartialEq, Debug)]
pub enum AppendData {
    /// A single literal.
    Literal(MessageLiteral),
    /// `CATENATE`: parts, one behind the other; at least one (RFC 4469 §5).
    Catenate(Vec<CatenatePart>),
}

/// A literal that is a message or a part of one.
#[derive(Clone, PartialEq, Debug)]
pub struct MessageLiteral {
    /// The octets.
    pub octets: Vec<u8>,
    /// Whether they came as a literal8, so that NUL is allowed in them.
    pub binary: bool,
    /// Whether they came as `UTF8 (~{n}...)` (RFC 6855 §4).
    pub utf8: bool,
}

/// A part of a message that is put together.
#[derive(Clone, PartialEq, Debug)]
pub enum CatenatePart {
    /// The octets that an IMAP URL names, as it was sent.
    Url(Vec<u8>),
    /// These octets.
    Text(MessageLiteral),
}

pub(super) fn parse(cursor: &mut Cursor<'_>) -> Parsed<CommandBody> {
    cursor.space()?;
    let mailbox = cursor.mailbox()?;
    cursor.space()?;
    let mut messages = vec![message(cursor)?];
    while cursor.space_and_more() {
        if messages.len() >= limits::APPEND_MESSAGES {
            return Err(cursor.too_much("messages"));
        }
        cursor.charge_item::<AppendMessage>()?;
        messages.push(message(cursor)?);
    }
    Ok(CommandBody::Append { mailbox, messages })
}

/// `append-message` without the space before it (RFC 4466 §6).
pub(super) fn message(cursor: &mut Cursor<'_>) -> Parsed<AppendMessage> {
    let options = AppendOptions::parse(cursor)?;
    let data = if cursor.take_text(CATENATE) {
        AppendData::Catenate(catenate(cursor)?)
    } else {
        let utf8 = cursor.take_text(UTF8);
        AppendData::Literal(literal(cursor, utf8)?)
    };
    Ok(AppendMessage { options, data })
}

/// What begins a message of parts.
pub(super) const CATENATE: &str = "CATENATE (";

/// What begins a literal with UTF-8 in its header; a `)` ends it.
pub(super) const UTF8: &str = "UTF8 (";

fn catenate(cursor: &mut Cursor<'_>) -> Parsed<Vec<CatenatePart>> {
    let mut parts = vec![part(cursor)?];
    while !cursor.take(b')') {
        if parts.len() >= limits::CATENATE_PARTS {
            return Err(cursor.too_much("parts of a message"));
        }
        cursor.charge_item::<CatenatePart>()?;
        cursor.space()?;
        parts.push(part(cursor)?);
    }
    Ok(parts)
}

fn part(cursor: &mut Cursor<'_>) -> Parsed<CatenatePart> {
    if cursor.take_text("URL ") {
        return cursor.astring("a URL").map(CatenatePart::Url);
    }
    let utf8 = cursor.take_text(UTF8);
    if !utf8 && !cursor.take_text("TEXT ") {
        return Err(cursor.fail("URL or TEXT"));
    }
    literal(cursor, utf8).map(CatenatePart::Text)
}

fn literal(cursor: &mut Cursor<'_>, utf8: bool) -> Parsed<MessageLiteral> {
    let (octets, binary) = cursor.message_literal()?;
    if utf8 {
        cursor.expect(b')', ") after the message")?;
    }
    Ok(MessageLiteral { octets, binary, utf8 })
}

impl AppendOptions {
    /// `[flag-list SP] [date-time SP]`: what stands between a space and the octets.
    pub(super) fn parse(cursor: &mut Cursor<'_>) -> Parsed<Self> {
        let mut options = Self::default();
        if cursor.peek() == Some(b'(') {
            options.flags = cursor.flag_list()?;
            cursor.space()?;
        }
        if cursor.peek() == Some(b'"') {
            options.date = Some(cursor.date_time()?);
            cursor.space()?;
        }
        Ok(options)
    }

    fn print(&self, out: &mut Vec<u8>) {
        if !self.flags.is_empty() {
            print::list(out, &self.flags, print::wire_flag);
            out.push(b' ');
        }
        if let Some(date) = self.date {
            print::date_time(out, date);
            out.push(b' ');
        }
    }
}

pub(super) fn print(out: &mut Vec<u8>, mailbox: &WireMailbox, messages: &[AppendMessage]) {
    print_argument(out, "APPEND ", mailbox);
    for message in messages {
        message.print(out);
    }
}

impl AppendMessage {
    /// With the space before it.
    pub(super) fn print(&self, out: &mut Vec<u8>) {
        out.push(b' ');
        self.options.print(out);
        match &self.data {
            AppendData::Literal(literal) => literal.print(out),
            AppendData::Catenate(parts) => {
                out.extend_from_slice(b"CATENATE ");
                print::list(out, parts, |out, part| part.print(out));
            }
        }
    }
}

impl CatenatePart {
    fn print(&self, out: &mut Vec<u8>) {
        match self {
            Self::Url(url) => {
                out.extend_from_slice(b"URL ");
                print::astring(out, url);
            }
            Self::Text(literal) => {
                if !literal.utf8 {
                    out.extend_from_slice(b"TEXT ");
                }
                literal.print(out);
            }
        }
    }
}

impl MessageLiteral {
    fn print(&self, out: &mut Vec<u8>) {
        if self.utf8 {
            out.extend_from_slice(UTF8.as_bytes());
        }
        if self.binary {
            out.push(b'~');
        }
        print::literal(out, &self.octets);
        if self.utf8 {
            out.push(b')');
        }
    }
}
