//! Commands: one file for each command or family, named as the RFC names it.

pub(crate) mod append;
pub(crate) mod fetch;
pub(crate) mod list;
pub(crate) mod search;
pub(crate) mod select;
pub(crate) mod status;
pub(crate) mod store;

use crate::{Malformed, Secret, SequenceSet, Tag, WireMailbox};
use append::AppendMessage;
use fetch::Fetch;
use list::List;
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
    /// `APPEND` (RFC 9051 §6.3.12) as a whole; see [`crate::AppendHead`] for the streamed form.
    Append {
        /// Which mailbox.
        mailbox: WireMailbox,
        /// The messages, at least one; more than one with MULTIAPPEND (RFC 3502 §6.3.11).
        messages: Vec<AppendMessage>,
    },
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

impl Command {
    /// A command of a [`crate::Frame::Command`].
    ///
    /// # Errors
    /// When it is none that the grammar has.
    pub fn parse(input: &[u8]) -> Result<Self, Malformed> {
        let tag = Tag::of_command(input);
        Err(Malformed { tag, ..Malformed::syntax(0, "a command") })
    }

    /// Print it as a client would, with synchronizing literals, without the final CRLF.
    pub fn print(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.tag.as_str().as_bytes());
    }
}
