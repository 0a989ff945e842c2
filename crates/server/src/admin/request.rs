//! What can be asked of a server, and what it answers.

use crate::failure::Failure;
use serde::{Deserialize, Serialize};

/// A request. Those about messages are followed by the messages, in pieces.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum Request {
    AccountAdd {
        name: String,
        password: Password,
    },
    /// The accounts whose names come after this one.
    AccountList {
        after: Option<String>,
    },
    AccountShow {
        name: String,
    },
    AccountPassword {
        name: String,
        password: Password,
        /// Whether who is logged in is sent away.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        end_sessions: bool,
    },
    AccountSetDisabled {
        name: String,
        disabled: bool,
    },
    AccountHide {
        name: String,
        /// Capabilities of IMAP.
        capabilities: Vec<String>,
        /// Whether they are hidden from now on, or shown again.
        hidden: bool,
    },
    AccountDelete {
        name: String,
    },
    /// Look whether anything is wrong with what the disk has of an account; mend what can be, if asked to.
    Check {
        name: String,
        repair: bool,
    },
    /// The mailboxes whose names come after this one.
    MailboxList {
        account: String,
        after: Option<String>,
    },
    MailboxCreate {
        account: String,
        mailbox: String,
        special_use: Option<String>,
    },
    MailboxRename {
        account: String,
        from: String,
        to: String,
    },
    MailboxDelete {
        account: String,
        mailbox: String,
    },
    MailboxStatus {
        account: String,
        mailbox: String,
    },
    /// A limit in octets, or none, to what clients append to this mailbox.
    MailboxSetAppendLimit {
        account: String,
        mailbox: String,
        limit: Option<u64>,
    },
    /// The messages whose UIDs come after this one.
    MessageList {
        account: String,
        mailbox: String,
        after: Option<u32>,
    },
    /// One message, which follows the answer in pieces.
    MessageContent {
        account: String,
        mailbox: String,
        uid: u32,
    },
    /// How large a message may be.
    MessageSize,
    /// One message follows. Without a mailbox it goes to the inbox.
    Deliver {
        account: String,
        mailbox: Option<String>,
    },
    /// As many messages follow as are described. The mailbox is made if it is missing, also for none.
    Append {
        account: String,
        mailbox: String,
        messages: Vec<MessageDetails>,
    },
}

impl Request {
    /// How many messages follow the request.
    pub(super) fn message_count(&self) -> usize {
        match self {
            Self::Deliver { .. } => 1,
            Self::Append { messages, .. } => messages.len(),
            _ => 0,
        }
    }
}

/// A password to store.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Password {
    /// To be hashed.
    Clear(String),
    /// In a stored form that [`rookery_auth::password`] understands.
    Stored(String),
}

/// What is known of a message besides its octets.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct MessageDetails {
    /// Flags and keywords in wire form.
    pub(crate) flags: Vec<String>,
    /// When it was received, seconds since 1970.
    pub(crate) received: i64,
    /// The zone of that, minutes east of UTC.
    pub(crate) zone: i16,
}

/// A message of a mailbox.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct ListedMessage {
    pub(crate) uid: u32,
    /// Octets.
    pub(crate) size: u64,
    pub(crate) details: MessageDetails,
}

/// The answer to a request.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Response {
    Done,
    /// The name of the account that was added.
    Added(String),
    /// The password is another one, and clients that said the former one are still there.
    StayLoggedIn {
        connections: u64,
    },
    /// Accounts, and whether there are more after the last.
    Accounts {
        accounts: Vec<AccountSummary>,
        more: bool,
    },
    Account(AccountDetails),
    Checked(CheckedAccount),
    /// Mailboxes, and whether there are more after the last.
    Mailboxes {
        mailboxes: Vec<MailboxDetails>,
        more: bool,
    },
    Mailbox(MailboxDetails),
    /// Messages, and whether there are more after the last.
    Messages {
        messages: Vec<ListedMessage>,
        more: bool,
    },
    /// A message follows in pieces.
    Content,
    /// There is no such message any more.
    Gone,
    /// The most octets of a message.
    MessageSize(u64),
    /// Where a message was delivered.
    Delivered {
        mailbox: String,
        uid: u32,
    },
    Failed(Failure),
}

/// An account in a list.
#[derive(Serialize, Deserialize)]
pub(crate) struct AccountSummary {
    pub(crate) name: String,
    /// Whether it has a file, without which nobody can log in.
    pub(crate) has_file: bool,
    pub(crate) disabled: bool,
    /// Why its file cannot be read.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(crate) unreadable: Option<String>,
}

/// An account by itself.
#[derive(Serialize, Deserialize)]
pub(crate) struct AccountDetails {
    pub(crate) name: String,
    pub(crate) disabled: bool,
    /// The schemes of its passwords.
    pub(crate) passwords: Vec<String>,
    /// The capabilities that are hidden from its clients.
    #[serde(default)]
    pub(crate) hidden: Vec<String>,
    pub(crate) directory: String,
    pub(crate) mailboxes: u64,
    pub(crate) messages: u64,
    /// Octets of all messages.
    pub(crate) size: u64,
}

/// What a check found of an account.
#[derive(Serialize, Deserialize)]
pub(crate) struct CheckedAccount {
    pub(crate) name: String,
    pub(crate) messages: u64,
    /// Changes that its log has, as far as they can be read.
    pub(crate) changes: u64,
    pub(crate) segments: u64,
    /// Octets of its log.
    pub(crate) octets: u64,
    pub(crate) findings: Vec<Finding>,
    /// How many more findings there are.
    pub(crate) left_out: u64,
    /// Whether the repair had to go on without changes that nobody can read any more.
    #[serde(default)]
    pub(crate) lost_changes: bool,
}

impl CheckedAccount {
    /// Whether nothing is wrong, or what was is mended.
    pub(crate) fn is_good(&self) -> bool {
        let is_good = |finding: &Finding| !finding.is_wrong || finding.mended.is_some();
        self.left_out == 0 && self.findings.iter().all(is_good)
    }
}

/// Something that a check found.
#[derive(Serialize, Deserialize)]
pub(crate) struct Finding {
    /// Whether it is wrong. If not, a crash left it, and the server sees to it.
    pub(crate) is_wrong: bool,
    /// The file, below the account's directory, and where in it.
    pub(crate) place: String,
    pub(crate) what: String,
    /// The messages that it concerns, as far as they are known.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub(crate) concerns: Vec<CheckedMessages>,
    /// What the server does about it, or what is to be done.
    pub(crate) consequence: String,
    /// What was done about it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(crate) mended: Option<String>,
}

/// Messages of a mailbox.
#[derive(Serialize, Deserialize)]
pub(crate) struct CheckedMessages {
    pub(crate) mailbox: String,
    /// A set of UIDs, or the first of them.
    pub(crate) uids: String,
}

/// A mailbox.
#[derive(Serialize, Deserialize)]
pub(crate) struct MailboxDetails {
    pub(crate) name: String,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(crate) special_use: Option<String>,
    pub(crate) subscribed: bool,
    pub(crate) messages: u64,
    pub(crate) unseen: u64,
    pub(crate) deleted: u64,
    /// Octets of all messages.
    pub(crate) size: u64,
    pub(crate) uid_validity: u32,
    pub(crate) uid_next: u32,
    pub(crate) highest_modseq: u64,
    /// The limit of its own, in octets, to what clients append.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(crate) append_limit: Option<u64>,
}
