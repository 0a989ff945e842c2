//! Commands that bring messages, as they come in: the messages themselves are streamed, so that such a command is
//! read in pieces, up to each of its literals and after the last one.

use super::append::{AppendData, AppendOptions, CATENATE, CatenatePart, UTF8};
use super::{CommandBody, replace::Replace};
use crate::parse::{Cursor, Parsed};
use crate::{AppendMessage, Malformed, SeqNumber, Tag, WireMailbox, limits};

/// The commands whose literals are messages.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum IncomingCommand {
    /// `APPEND` (RFC 9051 §6.3.12).
    Append,
    /// `REPLACE`, `UID REPLACE` (RFC 8508 §3).
    Replace {
        /// Whether the number is a UID.
        uid: bool,
        /// The message that goes.
        number: SeqNumber,
    },
}

/// What reads the arguments that stand before the mailbox.
type Parser = fn(&mut Cursor<'_>) -> Parsed<IncomingCommand>;

/// The names of the commands, with the spaces around them.
const COMMANDS: &[(&str, Parser)] = &[
    (" APPEND ", |_| Ok(IncomingCommand::Append)),
    (" REPLACE ", |cursor| replaced(cursor, false)),
    (" UID REPLACE ", |cursor| replaced(cursor, true)),
];

fn replaced(cursor: &mut Cursor<'_>, uid: bool) -> Parsed<IncomingCommand> {
    let number = cursor.seq_number()?;
    cursor.space()?;
    Ok(IncomingCommand::Replace { uid, number })
}

/// The beginning of a command that brings messages: up to its first literal that is one, or all of it.
#[derive(Clone, PartialEq, Debug)]
pub struct IncomingHead {
    /// The tag.
    pub tag: Tag,
    /// Which command.
    pub command: IncomingCommand,
    /// Where the messages go.
    pub mailbox: WireMailbox,
    /// What is said up to the literal.
    pub steps: Vec<IncomingStep>,
    /// How to read on behind it.
    pub text: IncomingText,
}

/// What a piece of the command's text says, one after the other.
#[derive(Clone, PartialEq, Debug)]
pub enum IncomingStep {
    /// A message begins, about which this is said.
    Begin(AppendOptions),
    /// The message goes on with the octets that this IMAP URL names.
    Url(Vec<u8>),
    /// The message goes on with the literal behind this text.
    Literal {
        /// Whether it is wrapped as `UTF8 (~{n}...)` (RFC 6855 §4).
        utf8: bool,
        /// Whether it is all of the message.
        whole: bool,
    },
    /// The message is whole.
    End,
}

/// Reads the text between the literals of a command that brings messages.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct IncomingText {
    place: Place,
    /// Whether a `)` ends the literal before.
    wrapped: bool,
    /// Parts of the message so far.
    parts: usize,
    /// Whether there can be only one message.
    single: bool,
    /// Octets that what is read at a time may take in memory.
    room: usize,
}

/// What comes next.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Place {
    /// A message, behind a space.
    Message,
    /// A part of one, behind a space or an opening parenthesis.
    Part,
    /// The end of a part.
    PartEnd,
    /// The end of a message.
    MessageEnd,
}

impl IncomingHead {
    /// What stands before a literal, if that is a message or a part of one. Nothing if the literal is something
    /// else, such as the mailbox name, or if it is another command: then keep the literal.
    #[must_use]
    pub fn parse(prefix: &[u8]) -> Option<Result<Self, Malformed>> {
        Self::parse_within(prefix, limits::VALUE)
    }

    /// The same, if what is read at a time takes no more than so many octets in memory.
    #[must_use]
    pub fn parse_within(prefix: &[u8], room: usize) -> Option<Result<Self, Malformed>> {
        let tag = Tag::of_command(prefix)?;
        let mut cursor = Cursor::within(prefix, room);
        cursor.take_octets(tag.as_str().len());
        let (_, parser) = COMMANDS.iter().find(|(name, _)| cursor.take_text(name))?;
        let arguments = Self::arguments(&mut cursor, *parser, &tag);
        arguments.map_err(|error| error.with_tag(&tag)).transpose()
    }

    fn arguments(cursor: &mut Cursor<'_>, parser: Parser, tag: &Tag) -> Parsed<Option<Self>> {
        if cursor.at_end() {
            return Ok(None);
        }
        let command = parser(cursor)?;
        if cursor.at_end() {
            return Ok(None);
        }
        let mailbox = cursor.mailbox()?;
        cursor.space()?;
        let mut text = IncomingText::new(command, cursor.room());
        let Some(steps) = text.steps(cursor, true)? else { return Ok(None) };
        Ok(Some(Self { tag: tag.clone(), command, mailbox, steps, text }))
    }

    /// A whole command as if it came in; nothing if it is none that brings messages, or has literals, which only
    /// a stream can bring.
    #[must_use]
    pub fn of_whole(tag: &Tag, body: &CommandBody) -> Option<Self> {
        let (command, mailbox, messages) = match body {
            CommandBody::Append { mailbox, messages } => {
                (IncomingCommand::Append, mailbox, messages.as_slice())
            }
            CommandBody::Replace(replace) => {
                let Replace { uid, number, mailbox, message } = &**replace;
                let command = IncomingCommand::Replace { uid: *uid, number: *number };
                (command, mailbox, std::slice::from_ref(message))
            }
            _ => return None,
        };
        let mut steps = Vec::new();
        for message in messages {
            whole_message(message, &mut steps)?;
        }
        let text =
            IncomingText { place: Place::MessageEnd, ..IncomingText::new(command, limits::VALUE) };
        Some(Self { tag: tag.clone(), command, mailbox: mailbox.clone(), steps, text })
    }
}

fn whole_message(message: &AppendMessage, steps: &mut Vec<IncomingStep>) -> Option<()> {
    let AppendData::Catenate(parts) = &message.data else { return None };
    steps.push(IncomingStep::Begin(message.options.clone()));
    for part in parts {
        let CatenatePart::Url(url) = part else { return None };
        steps.push(IncomingStep::Url(url.clone()));
    }
    steps.push(IncomingStep::End);
    Some(())
}

impl IncomingText {
    fn new(command: IncomingCommand, room: usize) -> Self {
        let single = command != IncomingCommand::Append;
        Self { place: Place::Message, wrapped: false, parts: 0, single, room }
    }

    /// What stands behind a streamed literal, up to the next literal (`before_literal`) or to the command's end.
    /// Nothing if the next literal is no message: then keep it, and read all of it together later.
    ///
    /// # Errors
    /// When it is not what the grammar has there.
    pub fn read(
        &mut self,
        rest: &[u8],
        before_literal: bool,
    ) -> Result<Option<Vec<IncomingStep>>, Malformed> {
        let mut text = *self;
        let mut cursor = Cursor::within(rest, self.room);
        let steps = text.steps(&mut cursor, before_literal)?;
        if steps.is_some() {
            *self = text;
        }
        Ok(steps)
    }

    fn steps(
        &mut self,
        cursor: &mut Cursor<'_>,
        before_literal: bool,
    ) -> Parsed<Option<Vec<IncomingStep>>> {
        if std::mem::take(&mut self.wrapped) {
            cursor.expect(b')', ") after the message")?;
        }
        let mut steps = Vec::new();
        loop {
            cursor.charge_item::<IncomingStep>()?;
            match self.place {
                Place::Message => {
                    steps.push(IncomingStep::Begin(AppendOptions::parse(cursor)?));
                    self.parts = 0;
                    if !cursor.take_text(CATENATE) {
                        self.place = Place::MessageEnd;
                        self.wrapped = cursor.take_text(UTF8);
                        return self.literal(cursor, steps, before_literal).map(Some);
                    }
                    self.place = Place::Part;
                }
                Place::Part => {
                    self.parts += 1;
                    if self.parts > limits::CATENATE_PARTS {
                        return Err(cursor.too_much("parts of a message"));
                    }
                    self.place = Place::PartEnd;
                    if !cursor.take_text("URL ") {
                        self.wrapped = cursor.take_text(UTF8);
                        if !self.wrapped && !cursor.take_text("TEXT ") {
                            return Err(cursor.fail("URL or TEXT"));
                        }
                        return self.literal(cursor, steps, before_literal).map(Some);
                    }
                    if before_literal && cursor.at_end() {
                        return Ok(None);
                    }
                    steps.push(IncomingStep::Url(cursor.astring("a URL")?));
                }
                Place::PartEnd if cursor.take(b')') => self.place = Place::MessageEnd,
                Place::PartEnd => {
                    cursor.space()?;
                    self.place = Place::Part;
                }
                Place::MessageEnd => {
                    steps.push(IncomingStep::End);
                    if !before_literal && !cursor.space_and_more() {
                        return cursor.end().map(|()| Some(steps));
                    }
                    self.next_message(cursor, before_literal)?;
                }
            }
        }
    }

    /// Another message begins; its space is read already unless a literal comes.
    fn next_message(&mut self, cursor: &mut Cursor<'_>, before_literal: bool) -> Parsed<()> {
        if self.single {
            return Err(cursor.fail("the end of the line"));
        }
        if before_literal {
            cursor.space()?;
        }
        self.place = Place::Message;
        Ok(())
    }

    /// The text ends before a literal that is the message, or a part of it.
    fn literal(
        &self,
        cursor: &mut Cursor<'_>,
        mut steps: Vec<IncomingStep>,
        before_literal: bool,
    ) -> Parsed<Vec<IncomingStep>> {
        if !before_literal || !cursor.at_end() {
            return Err(cursor.fail("a literal"));
        }
        steps.push(IncomingStep::Literal {
            utf8: self.wrapped,
            whole: self.place == Place::MessageEnd,
        });
        Ok(steps)
    }
}
