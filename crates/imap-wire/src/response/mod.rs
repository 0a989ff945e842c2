//! Responses: values, their printer, and a parser for the client's side of tests.

pub(crate) mod body_structure;
pub(crate) mod code;
mod condition;
pub(crate) mod envelope;
pub(crate) mod fetch;
mod list;
mod namespace;
mod progress;
mod search;
mod status;
mod uidbatches;
mod vanished;

use crate::command::id;
use crate::parse::{Cursor, Parsed};
use crate::{IdFields, Malformed, PartialRange, StatusItem, Tag, WireMailbox, print};
use code::Code;
use fetch::FetchData;
use rookery_mail::{Flag, Uid, UidSet};

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
    /// Messages that are gone (RFC 7162 §3.2.10).
    Vanished {
        /// Whether it answers a question about the past, and changes no numbers.
        earlier: bool,
        /// Their UIDs; some may never have been there.
        uids: UidSet,
    },
    /// What a search found (RFC 3501 §7.2.5).
    Search {
        /// Numbers or UIDs.
        numbers: Vec<u32>,
        /// The highest modification sequence of what was found (RFC 7162 §3.1.5).
        modseq: Option<u64>,
    },
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
        /// Those that were asked for, and which ones these are; none is `NIL` (RFC 9394 §3.1).
        partial: Option<(PartialRange, Vec<(u32, u32)>)>,
        /// The highest modification sequence of what is told (RFC 7162 §3.1.10).
        modseq: Option<u64>,
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
    /// A mailbox, in answer to `XLIST`.
    Xlist {
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
        /// The numbers. An `APPENDLIMIT` that does not exist is `NIL` (RFC 7889 §5); all others have a number.
        items: Vec<(StatusItem, Option<u64>)>,
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
    /// Data of a message, for a client that knows it by its UID alone (RFC 9586).
    UidFetch {
        /// Its UID.
        uid: Uid,
        /// The data; at least one item.
        items: Vec<FetchData>,
    },
    /// Where the UIDs can be cut into batches (RFC 10022).
    UidBatches {
        /// The command's tag.
        tag: Tag,
        /// The batches, the newest first: of each the highest UID and then the lowest. None in an empty mailbox.
        ranges: Vec<(u32, u32)>,
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
    /// Print it, with its CRLF. After a [`crate::Data::Streamed`] that has to be done by the caller: see
    /// [`FetchData::print`].
    pub fn print(&self, out: &mut Vec<u8>) {
        self.print_open(out);
        out.extend_from_slice(b"\r\n");
    }

    /// Print it without its CRLF, for data that goes on in pieces.
    pub fn print_open(&self, out: &mut Vec<u8>) {
        match self {
            Self::Continue(text) => {
                out.extend_from_slice(b"+ ");
                print::text(out, text);
            }
            Self::Tagged { tag, status, code, text } => {
                out.extend_from_slice(tag.as_str().as_bytes());
                out.push(b' ');
                condition::print(out, *status, code.as_ref(), text);
            }
            data => {
                out.extend_from_slice(b"* ");
                data.print_data(out);
            }
        }
    }

    fn print_data(&self, out: &mut Vec<u8>) {
        match self {
            Self::Continue(_) | Self::Tagged { .. } => {}
            Self::Untagged { status, code, text } => {
                condition::print(out, *status, code.as_ref(), text);
            }
            Self::Capability(names) => print_words(out, "CAPABILITY", names),
            Self::Enabled(names) => print_words(out, "ENABLED", names),
            Self::Flags(flags) => {
                out.extend_from_slice(b"FLAGS ");
                print::list(out, flags, print::flag);
            }
            Self::Exists(number) => print_numbered(out, *number, " EXISTS"),
            Self::Recent(number) => print_numbered(out, *number, " RECENT"),
            Self::Expunge(number) => print_numbered(out, *number, " EXPUNGE"),
            Self::Vanished { earlier, uids } => vanished::print(out, *earlier, uids),
            Self::Search { numbers, modseq } => search::print(out, numbers, *modseq),
            Self::ESearch { tag, uid, min, max, count, all, partial, modseq } => {
                search::print_extended_head(out, tag.as_ref(), *uid);
                search::print_extended_data(out, *min, *max, *count, all.as_deref());
                search::print_partial(out, partial.as_ref());
                search::print_modseq(out, *modseq);
            }
            Self::List { attributes, delimiter, mailbox, extended } => {
                list::print(out, "LIST ", attributes, *delimiter, mailbox);
                list::print_extended(out, extended);
            }
            Self::Lsub { attributes, delimiter, mailbox } => {
                list::print(out, "LSUB ", attributes, *delimiter, mailbox);
            }
            Self::Xlist { attributes, delimiter, mailbox } => {
                list::print(out, "XLIST ", attributes, *delimiter, mailbox);
            }
            Self::Namespace { personal, other, shared } => {
                out.extend_from_slice(b"NAMESPACE ");
                print::spaced(out, [personal, other, shared], namespace::print);
            }
            Self::Status { mailbox, items } => status::print(out, mailbox, items),
            Self::Id(fields) => {
                out.extend_from_slice(b"ID ");
                id::print_fields(out, fields.as_ref());
            }
            Self::Fetch { number, items } => {
                print_numbered(out, *number, " FETCH ");
                print::list(out, items, |out, item| item.print(out));
            }
            Self::UidFetch { uid, items } => {
                print_numbered(out, uid.get(), " UIDFETCH ");
                print::list(out, items, |out, item| item.print(out));
            }
            Self::UidBatches { tag, ranges } => uidbatches::print(out, tag, ranges),
        }
    }

    /// Octets of the first response, its literals included; `None` until all of them are there.
    #[must_use]
    pub fn length(octets: &[u8]) -> Option<usize> {
        let mut at = 0_usize;
        loop {
            let line = octets.get(at..)?;
            let length = memchr::memmem::find(line, b"\r\n")?;
            at = at.checked_add(length + 2)?;
            let Some(size) = line.get(..length).and_then(announced) else { return Some(at) };
            at = at.checked_add(size)?;
        }
    }

    /// Read a response back, as a client would: one whole response with its literals, with or without its CRLF.
    /// Flags and data that are not known are left out.
    ///
    /// # Errors
    /// When it is none that the grammar has.
    pub fn parse(input: &[u8]) -> Result<Self, Malformed> {
        let line = input.strip_suffix(b"\n").unwrap_or(input);
        let mut cursor = Cursor::new(line.strip_suffix(b"\r").unwrap_or(line));
        if cursor.take(b'+') {
            cursor.take(b' ');
            return condition::text(&mut cursor).map(Self::Continue);
        }
        if !cursor.take(b'*') {
            let tag = Tag::of_command(input).ok_or(cursor.fail("*, +, or a tag"))?;
            cursor.take_octets(tag.as_str().len());
            cursor.space()?;
            let (status, code, text) = condition::parse(&mut cursor)?;
            return Ok(Self::Tagged { tag, status, code, text });
        }
        cursor.space()?;
        let numbered = cursor.peek().is_some_and(|octet| octet.is_ascii_digit());
        let response = if numbered { parse_numbered(&mut cursor) } else { parse_data(&mut cursor) };
        let response = response?;
        cursor.end()?;
        Ok(response)
    }
}

fn parse_numbered(cursor: &mut Cursor<'_>) -> Parsed<Response> {
    let number = cursor.number()?;
    cursor.space()?;
    let error = cursor.fail("EXISTS, RECENT, EXPUNGE, FETCH, or UIDFETCH");
    match cursor.label("a word")?.as_str() {
        "EXISTS" => Ok(Response::Exists(number)),
        "RECENT" => Ok(Response::Recent(number)),
        "EXPUNGE" => Ok(Response::Expunge(number)),
        "FETCH" => {
            cursor.space()?;
            let items = cursor.parenthesised("data in parentheses", FetchData::parse)?;
            Ok(Response::Fetch { number, items })
        }
        "UIDFETCH" => {
            cursor.space()?;
            let items = cursor.parenthesised("data in parentheses", FetchData::parse)?;
            Ok(Response::UidFetch { uid: Uid::new(number).ok_or(error)?, items })
        }
        _ => Err(error),
    }
}

fn parse_data(cursor: &mut Cursor<'_>) -> Parsed<Response> {
    if condition::comes_next(cursor) {
        let (status, code, text) = condition::parse(cursor)?;
        return Ok(Response::Untagged { status, code, text });
    }
    let error = cursor.fail("a response");
    match cursor.label("a response")?.as_str() {
        "CAPABILITY" => words(cursor).map(Response::Capability),
        "ENABLED" => words(cursor).map(Response::Enabled),
        "FLAGS" => {
            cursor.space()?;
            fetch::flags(cursor).map(|(flags, _)| Response::Flags(flags))
        }
        "SEARCH" => search::parse(cursor),
        "VANISHED" => vanished::parse(cursor),
        "ESEARCH" => search::parse_extended(cursor),
        "LIST" => list::parse(cursor),
        "LSUB" => list::parse_lsub(cursor),
        "XLIST" => list::parse_xlist(cursor),
        "NAMESPACE" => namespace::parse(cursor),
        "STATUS" => status::parse(cursor),
        "UIDBATCHES" => uidbatches::parse(cursor),
        "ID" => {
            cursor.space()?;
            id::fields(cursor).map(Response::Id)
        }
        _ => Err(error),
    }
}

fn print_numbered(out: &mut Vec<u8>, number: u32, what: &str) {
    print::number(out, u64::from(number));
    out.extend_from_slice(what.as_bytes());
}

fn print_words(out: &mut Vec<u8>, name: &str, words: &[String]) {
    out.extend_from_slice(name.as_bytes());
    for word in words {
        out.push(b' ');
        print::word(out, word);
    }
}

/// Words, with a space before each.
fn words(cursor: &mut Cursor<'_>) -> Parsed<Vec<String>> {
    let mut words = Vec::new();
    while cursor.space_and_more() {
        words.push(word(cursor)?);
    }
    Ok(words)
}

/// An atom that may begin with a backslash.
fn word(cursor: &mut Cursor<'_>) -> Parsed<String> {
    let text = cursor.flag_text()?;
    Ok(text.iter().copied().map(char::from).collect())
}

/// The size of the literal that a line of a response ends in.
fn announced(line: &[u8]) -> Option<usize> {
    let inside = line.strip_suffix(b"}")?;
    let open = inside.iter().rposition(|octet| *octet == b'{')?;
    std::str::from_utf8(inside.get(open + 1..)?).ok()?.parse().ok()
}
