//! IMAP bytes to values and back: framing, commands, responses, modified UTF-7.
//!
//! [`Framer`] finds where commands end, [`Command::parse`] reads them, [`Response::print`] writes the answers;
//! both sides have their counterpart too, for clients and for tests. Nothing in here waits, reads a clock or opens
//! anything, and whatever input can make long, deep or many is bounded by [`limits`].

mod command;
mod flag;
mod framer;
pub mod limits;
mod literal;
mod mailbox_name;
mod malformed;
mod parse;
mod partial_range;
pub mod print;
mod response;
mod secret;
mod section;
mod sequence;
mod tag;
mod url;
mod utf8;

pub use command::append::{AppendData, AppendMessage, AppendOptions, CatenatePart, MessageLiteral};
pub use command::fetch::{BodySection, Fetch, FetchItem, FetchModifier};
pub use command::incoming::{IncomingCommand, IncomingHead, IncomingStep, IncomingText};
pub use command::list::{List, ListReturn, ListSelection};
pub use command::replace::Replace;
pub use command::search::{Search, SearchKey, SearchReturn};
pub use command::select::{QResync, SelectParameter};
pub use command::status::StatusItem;
pub use command::store::{Store, StoreAction, StoreModifier};
pub use command::{Command, CommandBody, IdFields};
pub use flag::WireFlag;
pub use framer::{Frame, Framer, FramerLimits, LineFrame, LiteralHead};
pub use mailbox_name::{MailboxNameError, WireMailbox};
pub use malformed::{Malformed, MalformedKind};
pub use partial_range::PartialRange;
pub use response::body_structure::{
    BodyExtension, BodyFields, BodyParams, BodyStructure, Disposition,
};
pub use response::code::Code;
pub use response::envelope::{Address, Envelope};
pub use response::fetch::{Data, FetchData};
pub use response::{ListExtended, NamespaceEntry, Response, Status};
pub use secret::Secret;
pub use section::{Partial, Section, SectionText};
pub use sequence::{SeqNumber, SequenceRange, SequenceSet};
pub use tag::Tag;
pub use url::{MessageUrl, UrlMailbox};
pub use utf8::quoted_utf8;
