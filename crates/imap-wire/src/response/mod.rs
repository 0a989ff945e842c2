//! Responses: values, their printer, and a parser for the client's side of tests.

pub(crate) mod body_structure;
pub(crate) mod code;
pub(crate) mod envelope;
pub(crate) mod fetch;

use crate::{IdFields, Malformed, StatusItem, Tag, WireMailbox};
use code::Code;
use fetch::FetchData;
use rookery_mail::Flag;

/// The condition that a status response reports (RFC 9051 §7.1).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Status {
    /// Done, or a note.
    Ok,
    /// Not done.
    No,
    /// Not understood.
    Bad,
    /// A greeting that needs no login.
    PreAuth,
    /// The end of the connection.
    Bye,
}

/// A response of the server. Texts are human-readable; what they have beyond printable ASCII is replaced when
/// they are printed, so that no text can forge a line.
#[derive(Clone, PartialEq, Debug)]
pub enum Response {
    /// `+ text`: go on.
    Continue(String),
    /// The completion of a command.
    Tagged {
        /// The command's tag.
        tag: Tag,
        /// How it went.
        status: Status,
        /// The same for programs.
        code: Option<Code>,
        /// The same for people.
        text: String,
    },
    /// A status without a tag.
    Untagged {
        /// How things are.
        status: Status,
        /// The same for programs.
        code: Option<Code>,
        /// The same for people.
        text: String,
    },
    /// What the server can do (RFC 9051 §7.2.2).
    Capability(Vec<String>),
    /// What was switched on (RFC 9051 §7.2.1).
    Enabled(Vec<String>),
    /// The flags that are in use in the mailbox (RFC 9051 §7.3.5).
    Flags(Vec<Flag>),
    /// How many messages there are (RFC 9051 §7.4.1).
    Exists(u32),
    /// How many of them are recent (RFC 3501 §7.3.2).
    Recent(u32),
    /// The number of a message that is gone (RFC 9051 §7.5.1).
    Expunge(u32),
    /// What a search found (RFC 3501 §7.2.5).
    Search(Vec<u32>),
    /// What a search found (RFC 9051 §7.3.4).
    ESearch {
        /// The tag of the search.
        tag: Option<Tag>,
        /// Whether the numbers are UIDs.
        uid: bool,
        /// The lowest.
        min: Option<u32>,
        /// The highest.
        max: Option<u32>,
        /// How many.
        count: Option<u32>,
        /// All of them as ranges, both ends included. Without any range nothing is printed for it.
        all: Option<Vec<(u32, u32)>>,
    },
    /// A mailbox (RFC 9051 §7.3.1).
    List {
        /// Its attributes, such as `\HasChildren`.
        attributes: Vec<String>,
        /// The hierarchy delimiter.
        delimiter: Option<char>,
        /// Its name.
        mailbox: WireMailbox,
        /// Extended data.
        extended: Vec<ListExtended>,
    },
    /// A mailbox that is subscribed to (RFC 3501 §7.2.3).
    Lsub {
        /// Its attributes.
        attributes: Vec<String>,
        /// The hierarchy delimiter.
        delimiter: Option<char>,
        /// Its name.
        mailbox: WireMailbox,
    },
    /// Where mailboxes are (RFC 9051 §6.3.10).
    Namespace {
        /// The user's own.
        personal: Option<Vec<NamespaceEntry>>,
        /// Other users'.
        other: Option<Vec<NamespaceEntry>>,
        /// Shared ones.
        shared: Option<Vec<NamespaceEntry>>,
    },
    /// Numbers about a mailbox (RFC 9051 §7.3.2).
    Status {
        /// Its name.
        mailbox: WireMailbox,
        /// The numbers.
        items: Vec<(StatusItem, u64)>,
    },
    /// Who the server is (RFC 2971 §3.2).
    Id(Option<IdFields>),
    /// Data of a message (RFC 9051 §7.5.2).
    Fetch {
        /// Its number.
        number: u32,
        /// The data; at least one item.
        items: Vec<FetchData>,
    },
}

/// An extended data item of LIST (RFC 9051 §7.3.1).
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ListExtended {
    /// The selection options that a child matches (RFC 9051 §6.3.9.6).
    ChildInfo(Vec<String>),
    /// The name that the mailbox had (RFC 9051 §6.3.9.7).
    OldName(WireMailbox),
}

/// One namespace (RFC 9051 §6.3.10).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NamespaceEntry {
    /// What names in it begin with.
    pub prefix: WireMailbox,
    /// The hierarchy delimiter.
    pub delimiter: Option<char>,
}

impl Response {
    /// Print it, with its CRLF.
    pub fn print(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(b"\r\n");
    }

    /// Read a response back, as a client would: one whole response with its literals, with or without its CRLF.
    ///
    /// # Errors
    /// When it is none that the grammar has.
    pub fn parse(input: &[u8]) -> Result<Self, Malformed> {
        Err(Malformed::syntax(input.len(), "a response"))
    }
}
