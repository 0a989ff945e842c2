//! `APPEND` (RFC 9051 §6.3.12), with several messages (RFC 3502 §6.3.11), with literal8 (RFC 3516 §4.4).

use super::{CommandBody, print_argument};
use crate::parse::{Cursor, Parsed};
use crate::{Malformed, Tag, WireFlag, WireMailbox, limits, print};
use rookery_mail::DateTime;

/// One message of an APPEND that is held as a whole.
#[derive(Clone, PartialEq, Debug)]
pub struct AppendMessage {
    /// What was said about it.
    pub options: AppendOptions,
    /// Its octets.
    pub data: Vec<u8>,
    /// Whether they came as a literal8, so that NUL is allowed in them.
    pub binary: bool,
}

/// What a client says about a message before its literal.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct AppendOptions {
    /// Flags to set.
    pub flags: Vec<WireFlag>,
    /// The internal date; without one, now.
    pub date: Option<DateTime>,
    /// Whether the literal is wrapped as `UTF8 (~{n}...)` (RFC 6855 §4); a `)` follows it then.
    pub utf8: bool,
}

/// What stands before the literal of the first message: `tag APPEND mailbox [flags] [date] `.
#[derive(Clone, PartialEq, Debug)]
pub struct AppendHead {
    /// The tag.
    pub tag: Tag,
    /// Which mailbox.
    pub mailbox: WireMailbox,
    /// What is said about the first message.
    pub options: AppendOptions,
}

/// What stands after the literal of a message.
#[derive(Clone, PartialEq, Debug)]
pub enum AppendTail {
    /// The end of the command.
    End,
    /// Another message, about which this is said.
    Next(AppendOptions),
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
        messages.push(message(cursor)?);
    }
    Ok(CommandBody::Append { mailbox, messages })
}

fn message(cursor: &mut Cursor<'_>) -> Parsed<AppendMessage> {
    let options = AppendOptions::parse(cursor)?;
    let (data, binary) = cursor.message_literal()?;
    if options.utf8 {
        cursor.expect(b')', ") after the message")?;
    }
    Ok(AppendMessage { options, data, binary })
}

impl AppendOptions {
    /// `[flag-list SP] [date-time SP] ["UTF8 ("]`: all that stands between a space and the literal.
    fn parse(cursor: &mut Cursor<'_>) -> Parsed<Self> {
        let mut options = Self::default();
        if cursor.peek() == Some(b'(') {
            options.flags = cursor.flag_list()?;
            cursor.space()?;
        }
        if cursor.peek() == Some(b'"') {
            options.date = Some(cursor.date_time()?);
            cursor.space()?;
        }
        options.utf8 = cursor.take_text("UTF8 (");
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
        if self.utf8 {
            out.extend_from_slice(b"UTF8 (");
        }
    }
}

impl AppendHead {
    /// What stands before a literal, if it is an APPEND and the literal is the message. Nothing if the literal is
    /// something else, such as the mailbox name, or if it is another command: then keep the literal.
    #[must_use]
    pub fn parse(prefix: &[u8]) -> Option<Result<Self, Malformed>> {
        let tag = Tag::of_command(prefix)?;
        let mut cursor = Cursor::new(prefix);
        cursor.take_octets(tag.as_str().len());
        if !cursor.take_text(" APPEND ") || cursor.at_end() {
            return None;
        }
        Some(Self::arguments(&mut cursor, &tag).map_err(|error| error.with_tag(&tag)))
    }

    fn arguments(cursor: &mut Cursor<'_>, tag: &Tag) -> Parsed<Self> {
        let mailbox = cursor.mailbox()?;
        cursor.space()?;
        let options = AppendOptions::parse(cursor)?;
        if !cursor.at_end() {
            return Err(cursor.fail("flags, a date, or a literal"));
        }
        Ok(Self { tag: tag.clone(), mailbox, options })
    }
}

impl AppendTail {
    /// What stands after a streamed literal: the rest of the line, `before_literal` if another literal follows it.
    /// A `)` at its beginning ends what `UTF8 (` began.
    ///
    /// # Errors
    /// When it is not what the grammar has there.
    pub fn parse(rest: &[u8], before_literal: bool) -> Result<Self, Malformed> {
        let mut cursor = Cursor::new(rest);
        cursor.take(b')');
        if !before_literal {
            return cursor.end().map(|()| Self::End);
        }
        cursor.space()?;
        let options = AppendOptions::parse(&mut cursor)?;
        if !cursor.at_end() {
            return Err(cursor.fail("flags, a date, or a literal"));
        }
        Ok(Self::Next(options))
    }
}

pub(super) fn print(out: &mut Vec<u8>, mailbox: &WireMailbox, messages: &[AppendMessage]) {
    print_argument(out, "APPEND ", mailbox);
    for AppendMessage { options, data, binary } in messages {
        out.push(b' ');
        options.print(out);
        if *binary {
            out.push(b'~');
        }
        print::literal(out, data);
        if options.utf8 {
            out.push(b')');
        }
    }
}
