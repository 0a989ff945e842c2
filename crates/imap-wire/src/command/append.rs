//! `APPEND` (RFC 9051 §6.3.12), with several messages (RFC 3502 §6.3.11), with literal8 (RFC 3516 §4.4).

use crate::{Malformed, Tag, WireFlag, WireMailbox};
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

impl AppendHead {
    /// What stands before a literal, if it is an APPEND and the literal is the message. Nothing if the literal is
    /// something else, such as the mailbox name, or if it is another command: then keep the literal.
    #[must_use]
    pub fn parse(prefix: &[u8]) -> Option<Result<Self, Malformed>> {
        Tag::of_command(prefix)?;
        None
    }
}

impl AppendTail {
    /// What stands after a streamed literal: the rest of the line, `before_literal` if another literal follows it.
    ///
    /// # Errors
    /// When it is not what the grammar has there.
    pub fn parse(rest: &[u8], before_literal: bool) -> Result<Self, Malformed> {
        if rest.is_empty() && !before_literal {
            Ok(Self::End)
        } else {
            Err(Malformed::syntax(0, "the end"))
        }
    }
}
