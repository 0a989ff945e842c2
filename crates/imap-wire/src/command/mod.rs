//! Commands: one file for each command or family, named as the RFC names it.

pub(crate) mod append;
mod authenticate;
mod compress;
mod copy;
mod create;
mod enable;
mod expunge;
pub(crate) mod fetch;
pub(crate) mod id;
pub(crate) mod incoming;
pub(crate) mod list;
mod login;
mod lsub;
mod rename;
pub(crate) mod replace;
pub(crate) mod search;
pub(crate) mod select;
pub(crate) mod status;
pub(crate) mod store;
mod uidbatches;

use crate::parse::{Cursor, Parsed, is_atom_char};
use crate::{Malformed, MalformedKind, Secret, SequenceSet, Tag, WireMailbox, limits, print};
use append::AppendMessage;
use fetch::Fetch;
use list::List;
use replace::Replace;
use search::Search;
use select::SelectParameter;
use status::StatusItem;
use store::Store;

/// The fields of ID, in their order; a value may be NIL (RFC 2971 §3.1).
pub type IdFields = Vec<(Vec<u8>, Option<Vec<u8>>)>;

/// A command with its tag.
#[derive(Clone, PartialEq, Debug)]
pub struct Command {
    /// The tag.
    pub tag: Tag,
    /// What to do.
    pub body: CommandBody,
}

/// What a command asks for.
#[derive(Clone, PartialEq, Debug)]
pub enum CommandBody {
    /// `CAPABILITY` (RFC 9051 §6.1.1).
    Capability,
    /// `NOOP` (RFC 9051 §6.1.2).
    Noop,
    /// `LOGOUT` (RFC 9051 §6.1.3).
    Logout,
    /// `STARTTLS` (RFC 9051 §6.2.1).
    StartTls,
    /// `IDLE` (RFC 9051 §6.3.13).
    Idle,
    /// `CHECK` (RFC 3501 §6.4.1).
    Check,
    /// `CLOSE` (RFC 9051 §6.4.1).
    Close,
    /// `UNSELECT` (RFC 9051 §6.4.2).
    Unselect,
    /// `UNAUTHENTICATE` (RFC 8437 §2).
    Unauthenticate,
    /// `COMPRESS` (RFC 4978 §3), with the mechanism in capitals.
    Compress(String),
    /// `UIDBATCHES` (RFC 10022): where the UIDs can be cut into batches, the newest messages first.
    UidBatches {
        /// How many messages a batch has.
        size: u32,
        /// The first and the last batch that are wanted, counted from 1; all without it. They come as they were
        /// written, and may be in the wrong order.
        range: Option<(u32, u32)>,
    },
    /// `NAMESPACE` (RFC 9051 §6.3.10).
    Namespace,
    /// `EXPUNGE` (RFC 9051 §6.4.3).
    Expunge,
    /// `UID EXPUNGE` (RFC 9051 §6.4.9).
    UidExpunge(SequenceSet),
    /// `ID` (RFC 2971 §3.1).
    Id(Option<IdFields>),
    /// `AUTHENTICATE` (RFC 9051 §6.2.2).
    Authenticate {
        /// The SASL mechanism, in capitals.
        mechanism: String,
        /// The initial response without its base64; empty when it was `=`.
        initial: Option<Secret>,
    },
    /// `LOGIN` (RFC 9051 §6.2.3).
    Login {
        /// The account's name.
        user: Vec<u8>,
        /// The password.
        password: Secret,
    },
    /// `ENABLE` (RFC 9051 §6.3.1), with capabilities in capitals.
    Enable(Vec<String>),
    /// `SELECT` (RFC 9051 §6.3.2).
    Select {
        /// Which mailbox.
        mailbox: WireMailbox,
        /// Parameters of extensions.
        parameters: Vec<SelectParameter>,
    },
    /// `EXAMINE` (RFC 9051 §6.3.3).
    Examine {
        /// Which mailbox.
        mailbox: WireMailbox,
        /// Parameters of extensions.
        parameters: Vec<SelectParameter>,
    },
    /// `CREATE` (RFC 9051 §6.3.4).
    Create {
        /// The new mailbox.
        mailbox: WireMailbox,
        /// What it is for, as attributes such as `\Sent` (RFC 6154 §3).
        special_use: Vec<String>,
    },
    /// `DELETE` (RFC 9051 §6.3.5).
    Delete(WireMailbox),
    /// `RENAME` (RFC 9051 §6.3.6).
    Rename {
        /// The name that is.
        from: WireMailbox,
        /// The name that shall be.
        to: WireMailbox,
    },
    /// `SUBSCRIBE` (RFC 9051 §6.3.7).
    Subscribe(WireMailbox),
    /// `UNSUBSCRIBE` (RFC 9051 §6.3.8).
    Unsubscribe(WireMailbox),
    /// `LIST` (RFC 9051 §6.3.9).
    List(List),
    /// `XLIST`, which is not advertised.
    Xlist {
        /// Prefix of the pattern.
        reference: WireMailbox,
        /// The pattern.
        pattern: Vec<u8>,
    },
    /// `LSUB` (RFC 3501 §6.3.9).
    Lsub {
        /// The reference name.
        reference: WireMailbox,
        /// The pattern, in wire form.
        pattern: Vec<u8>,
    },
    /// `STATUS` (RFC 9051 §6.3.11).
    Status {
        /// Which mailbox.
        mailbox: WireMailbox,
        /// What to tell about it; at least one.
        items: Vec<StatusItem>,
    },
    /// `APPEND` (RFC 9051 §6.3.12) as a whole; see [`crate::IncomingHead`] for the streamed form.
    Append {
        /// Which mailbox.
        mailbox: WireMailbox,
        /// The messages, at least one; more than one with MULTIAPPEND (RFC 3502 §6.3.11).
        messages: Vec<AppendMessage>,
    },
    /// `REPLACE`, `UID REPLACE` (RFC 8508 §3) as a whole; see [`crate::IncomingHead`] for the streamed form.
    Replace(Box<Replace>),
    /// `SEARCH`, `UID SEARCH` (RFC 9051 §6.4.4).
    Search(Search),
    /// `FETCH`, `UID FETCH` (RFC 9051 §6.4.5).
    Fetch(Fetch),
    /// `STORE`, `UID STORE` (RFC 9051 §6.4.6).
    Store(Store),
    /// `COPY`, `UID COPY` (RFC 9051 §6.4.7).
    Copy {
        /// Whether the set has UIDs.
        uid: bool,
        /// Which messages.
        set: SequenceSet,
        /// The target.
        mailbox: WireMailbox,
    },
    /// `MOVE`, `UID MOVE` (RFC 9051 §6.4.8).
    Move {
        /// Whether the set has UIDs.
        uid: bool,
        /// Which messages.
        set: SequenceSet,
        /// The target.
        mailbox: WireMailbox,
    },
}

/// Reads what follows a command's name.
type Parser = fn(&mut Cursor<'_>) -> Parsed<CommandBody>;

/// The commands: their names and who reads their arguments.
const COMMANDS: &[(&str, Parser)] = &[
    ("APPEND", append::parse),
    ("AUTHENTICATE", authenticate::parse),
    ("CAPABILITY", |_| Ok(CommandBody::Capability)),
    ("CHECK", |_| Ok(CommandBody::Check)),
    ("CLOSE", |_| Ok(CommandBody::Close)),
    ("COMPRESS", compress::parse),
    ("COPY", |cursor| copy::parse(cursor, false)),
    ("CREATE", create::parse),
    ("DELETE", |cursor| argument(cursor).map(CommandBody::Delete)),
    ("ENABLE", enable::parse),
    ("EXAMINE", select::parse_examine),
    ("EXPUNGE", |_| Ok(CommandBody::Expunge)),
    ("FETCH", |cursor| fetch::parse(cursor, false)),
    ("ID", id::parse),
    ("IDLE", |_| Ok(CommandBody::Idle)),
    ("LIST", list::parse),
    ("LOGIN", login::parse),
    ("LOGOUT", |_| Ok(CommandBody::Logout)),
    ("LSUB", lsub::parse),
    ("XLIST", lsub::parse_xlist),
    ("MOVE", |cursor| copy::parse_move(cursor, false)),
    ("NAMESPACE", |_| Ok(CommandBody::Namespace)),
    ("NOOP", |_| Ok(CommandBody::Noop)),
    ("RENAME", rename::parse),
    ("REPLACE", |cursor| replace::parse(cursor, false)),
    ("SEARCH", |cursor| search::parse(cursor, false)),
    ("SELECT", select::parse),
    ("STARTTLS", |_| Ok(CommandBody::StartTls)),
    ("STATUS", status::parse),
    ("STORE", |cursor| store::parse(cursor, false)),
    ("SUBSCRIBE", |cursor| argument(cursor).map(CommandBody::Subscribe)),
    ("UID", parse_uid),
    ("UIDBATCHES", uidbatches::parse),
    ("UNAUTHENTICATE", |_| Ok(CommandBody::Unauthenticate)),
    ("UNSELECT", |_| Ok(CommandBody::Unselect)),
    ("UNSUBSCRIBE", |cursor| argument(cursor).map(CommandBody::Unsubscribe)),
];

/// The commands that have a form with UIDs.
const UID_COMMANDS: &[(&str, Parser)] = &[
    ("COPY", |cursor| copy::parse(cursor, true)),
    ("EXPUNGE", expunge::parse_uid),
    ("FETCH", |cursor| fetch::parse(cursor, true)),
    ("MOVE", |cursor| copy::parse_move(cursor, true)),
    ("REPLACE", |cursor| replace::parse(cursor, true)),
    ("SEARCH", |cursor| search::parse(cursor, true)),
    ("STORE", |cursor| store::parse(cursor, true)),
];

impl Command {
    /// A command of a [`crate::Frame::Command`].
    ///
    /// # Errors
    /// When it is none that the grammar has, or takes more than [`limits::VALUE`] octets.
    pub fn parse(input: &[u8]) -> Result<Self, Malformed> {
        Self::parse_within(input, limits::VALUE)
    }

    /// A command that takes so many octets in memory at the most.
    ///
    /// # Errors
    /// When it takes more, or is none that the grammar has.
    pub fn parse_within(input: &[u8], room: usize) -> Result<Self, Malformed> {
        let tag = Tag::of_command(input).ok_or(Malformed::syntax(0, "a tag"))?;
        let mut cursor = Cursor::within(input, room);
        cursor.take_octets(tag.as_str().len());
        match parse_body(&mut cursor) {
            Ok(body) => Ok(Self { tag, body }),
            Err(error) => Err(error.with_tag(&tag)),
        }
    }

    /// Print it as a client would, with synchronizing literals, without the final CRLF.
    pub fn print(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.tag.as_str().as_bytes());
        out.push(b' ');
        self.body.print(out);
    }
}

impl CommandBody {
    fn print(&self, out: &mut Vec<u8>) {
        match self {
            Self::Capability => out.extend_from_slice(b"CAPABILITY"),
            Self::Noop => out.extend_from_slice(b"NOOP"),
            Self::Logout => out.extend_from_slice(b"LOGOUT"),
            Self::StartTls => out.extend_from_slice(b"STARTTLS"),
            Self::Idle => out.extend_from_slice(b"IDLE"),
            Self::Check => out.extend_from_slice(b"CHECK"),
            Self::Close => out.extend_from_slice(b"CLOSE"),
            Self::Unselect => out.extend_from_slice(b"UNSELECT"),
            Self::Unauthenticate => out.extend_from_slice(b"UNAUTHENTICATE"),
            Self::Compress(mechanism) => compress::print(out, mechanism),
            Self::UidBatches { size, range } => uidbatches::print(out, *size, *range),
            Self::Namespace => out.extend_from_slice(b"NAMESPACE"),
            Self::Expunge => out.extend_from_slice(b"EXPUNGE"),
            Self::UidExpunge(set) => expunge::print_uid(out, set),
            Self::Id(fields) => id::print(out, fields.as_ref()),
            Self::Authenticate { mechanism, initial } => {
                authenticate::print(out, mechanism, initial.as_ref());
            }
            Self::Login { user, password } => login::print(out, user, password),
            Self::Enable(capabilities) => enable::print(out, capabilities),
            Self::Select { mailbox, parameters } => {
                select::print(out, "SELECT ", mailbox, parameters);
            }
            Self::Examine { mailbox, parameters } => {
                select::print(out, "EXAMINE ", mailbox, parameters);
            }
            Self::Create { mailbox, special_use } => create::print(out, mailbox, special_use),
            Self::Delete(mailbox) => print_argument(out, "DELETE ", mailbox),
            Self::Rename { from, to } => rename::print(out, from, to),
            Self::Subscribe(mailbox) => print_argument(out, "SUBSCRIBE ", mailbox),
            Self::Unsubscribe(mailbox) => print_argument(out, "UNSUBSCRIBE ", mailbox),
            Self::List(list) => list.print(out),
            Self::Lsub { reference, pattern } => lsub::print(out, "LSUB ", reference, pattern),
            Self::Xlist { reference, pattern } => lsub::print(out, "XLIST ", reference, pattern),
            Self::Status { mailbox, items } => status::print(out, mailbox, items),
            Self::Append { mailbox, messages } => append::print(out, mailbox, messages),
            Self::Replace(replace) => replace.print(out),
            Self::Search(search) => search.print(out),
            Self::Fetch(fetch) => fetch.print(out),
            Self::Store(store) => store.print(out),
            Self::Copy { uid, set, mailbox } => copy::print(out, "COPY ", *uid, set, mailbox),
            Self::Move { uid, set, mailbox } => copy::print(out, "MOVE ", *uid, set, mailbox),
        }
    }
}

fn parse_body(cursor: &mut Cursor<'_>) -> Parsed<CommandBody> {
    let body = parse_named(cursor, COMMANDS)?;
    cursor.end()?;
    Ok(body)
}

fn parse_uid(cursor: &mut Cursor<'_>) -> Parsed<CommandBody> {
    parse_named(cursor, UID_COMMANDS)
}

/// Read a space, a name, and what that name has as arguments.
fn parse_named(cursor: &mut Cursor<'_>, commands: &[(&str, Parser)]) -> Parsed<CommandBody> {
    cursor.expect(b' ', "a space and a command")?;
    let unknown = cursor.fail("a command");
    let name = cursor.take_while(is_atom_char);
    if name.is_empty() {
        return Err(unknown);
    }
    let found = commands.iter().find(|(known, _)| name.eq_ignore_ascii_case(known.as_bytes()));
    match found {
        Some((_, parser)) => parser(cursor),
        None => Err(Malformed { kind: MalformedKind::UnknownCommand, ..unknown }),
    }
}

/// ` SP mailbox`, the arguments of many commands.
fn argument(cursor: &mut Cursor<'_>) -> Parsed<WireMailbox> {
    cursor.space()?;
    cursor.mailbox()
}

fn print_argument(out: &mut Vec<u8>, name: &str, mailbox: &WireMailbox) {
    out.extend_from_slice(name.as_bytes());
    print::mailbox(out, &mailbox.0);
}

/// `UID `, if it is to be there.
fn print_uid(out: &mut Vec<u8>, uid: bool) {
    if uid {
        out.extend_from_slice(b"UID ");
    }
}
