//! Dialogs: text files that say what clients send, what must come back, and what must not.
//!
//! `dialogs/README.md` explains the format. [`Dialog::parse`] reads a file, [`run()`] plays it
//! against a [`Host`]: a server in this process, or one at an address.

mod client;
mod host;
mod layer;
mod matching;
mod parse;
mod pattern;
mod report;
mod run;
mod template;

pub use client::{Cut, Link, Stream};
pub use host::{Connecting, Host, Limiting};
pub use matching::Vars;
pub use parse::ParseError;
pub use report::Failure;
pub use run::{Options, Outcome, run};

use pattern::Pattern;
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::time::Duration;

/// A dialog, read and understood.
#[derive(Debug)]
pub struct Dialog {
    /// Where it was read from; failures name it.
    pub path: PathBuf,
    /// What the lines before the first step ask for.
    pub header: Header,
    steps: Vec<Step>,
}

/// The settings at the head of a dialog.
#[derive(Debug, Default)]
pub struct Header {
    /// Capabilities without which the dialog makes no sense.
    pub needs: Vec<String>,
    /// Dialects that answer otherwise, with the reason.
    pub not: Vec<(String, String)>,
    /// What the administrator of the server has decided.
    pub settings: Vec<Setting>,
    /// Mailboxes to make and to fill before it starts.
    pub mailboxes: Vec<Prepared>,
    /// Mailboxes that get an append limit of their own, in octets, before it starts.
    pub append_limits: Vec<(String, u64)>,
    /// How many expunges a mailbox remembers; only a server of the test's own making can be asked for this.
    pub remembers: Option<usize>,
    /// How many messages the account can have; of that, too, only a server of the test's own making knows.
    pub holds: Option<u64>,
    /// How far client 1 is taken before the first step.
    pub start: Start,
}

/// A decision of the administrator's that differs from what dialogs are played with otherwise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Setting {
    /// So many messages are touched by one command (RFC 9738: MESSAGELIMIT).
    MessageLimit(NonZeroU32),
    /// So many messages are taken by one COPY (RFC 9738: SAVELIMIT).
    SaveLimit(NonZeroU32),
    /// So many connections are taken of one account.
    Connections(usize),
    /// A capability that is hidden from everybody.
    Hide(String),
    /// A capability that is hidden from the account.
    HideFromAccount(String),
}

/// A mailbox that exists when the dialog starts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prepared {
    /// Its name, as it goes over the wire.
    pub name: String,
    /// How many messages are appended to it.
    pub messages: u32,
}

/// How far a client is taken before the dialog speaks for it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Start {
    /// Not connected at all.
    Nothing,
    /// Connected, with the greeting left to read.
    Greeting,
    /// Connected, greeting read.
    Connected,
    /// Logged in.
    #[default]
    LoggedIn,
    /// Logged in, with a mailbox selected.
    Selected(String),
}

/// One step, with the line of the file that it begins at.
#[derive(Debug)]
struct Step {
    line: usize,
    client: usize,
    action: Action,
}

#[derive(Debug)]
enum Action {
    /// Take a client up to this point.
    Connect(Start),
    /// Commands that leave in one packet.
    Send(Vec<Chunk>),
    /// What must come, and what must not.
    Expect(Block),
}

/// A piece of what a client sends.
#[derive(Debug, PartialEq, Eq)]
enum Chunk {
    /// Octets to send, with variables still in them.
    Octets(Vec<u8>),
    /// A literal, whose announcement is computed.
    Literal { form: LiteralForm, octets: Vec<u8> },
}

/// The kinds of literal that a client can announce.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct LiteralForm {
    /// `~{n}`, which may hold NUL.
    binary: bool,
    /// `{n+}`, which waits for nobody.
    non_sync: bool,
}

/// Lines that belong together: they are judged when the last of them has come.
#[derive(Debug)]
struct Block {
    expected: Vec<Expected>,
    forbidden: Vec<Forbidden>,
    end: End,
}

#[derive(Debug)]
struct Expected {
    line: usize,
    source: String,
    pattern: Pattern,
    /// It must come after the line that matched the expectation before it.
    after_previous: bool,
}

#[derive(Debug)]
struct Forbidden {
    line: usize,
    source: String,
    /// `None` forbids every line that nothing expects.
    pattern: Option<Pattern>,
}

/// What closes a block.
#[derive(Debug)]
enum End {
    /// A tagged response or a continuation request.
    Line(Expected),
    /// The server closes the connection.
    Closed,
    /// All expected lines have come, in this time at most.
    Within(Duration),
}
