//! The port: what the model asks of an engine.
//!
//! Operations are at the level of mailboxes and messages, so that an engine can answer each in one
//! round trip and make each atomic and durable: when a reply is `Ok`, the change survives a power
//! cut; when it is an error, nothing has changed. Each change gets one new [`ModSeq`] of the account
//! and is published to the [`OpenMailbox`]es it touches before the reply.
//!
//! # Numbers
//! Engines give the same numbers for the same operations, so that they can be compared:
//! - [`ModSeq`], [`MailboxId`] and [`EmailId`] are counters of the account. The first one given is 1; what is refused
//!   or changes nothing uses none up. One change takes one `ModSeq`: making an account with its mailboxes, create,
//!   delete, rename, a (un)subscription or an append limit that changes something, append, replace, copy, move, expunge, a change of flags.
//!   Claiming recent messages takes none. The initial mailboxes and those made by `create` and `rename` have the
//!   `ModSeq` of that change as their highest; renaming changes nothing in the renamed ones.
//! - A mailbox's first UID is 1. Its UIDVALIDITY is the larger of the account's last one plus 1 and `now`, which counts
//!   within `1..=LATEST_CLOCK`. Mailboxes and messages are numbered in the order in which they were given, copies in that of
//!   their UIDs.
//! - A message that is appended joins the thread to which the first of its [`ThreadKey`]s leads that the account knows,
//!   be it through a message that is gone, or through one before it in the same change; else it begins a thread, whose
//!   [`rookery_mail::ThreadId`] has the number of the message's `EmailId`. Those of its keys that are new lead to its thread from
//!   then on. Copies and moved messages keep their thread.
//! - Keywords get the mailbox's bits in the order in which they are first set: by message, then as given. With a copy
//!   or a move come those that the messages have, in the order of the source's bits. Removing a keyword that the
//!   mailbox does not have does not add it; a change of flags adds keywords only if a message changes, but is
//!   refused for want of bits whether or not one would. When all bits have been given, a new keyword takes over the
//!   lowest one whose keyword no message of the mailbox has before the change, nor gets by it. Snapshots from before stay as
//!   they are.
//! - What is refused for several reasons is refused for the first of: no such account, no such mailbox (the source
//!   before the destination), no such message, the inbox, name or special use taken, too many mailboxes or subscriptions, too many
//!   keywords, out of UIDs, out of other numbers, over quota.
//!
//! A mailbox remembers the last [`crate::limits::MAX_TOMBSTONES`] expunges. When a change makes them more, the oldest are
//! forgotten, those of one change together: [`crate::Snapshot::tombstone_floor`] is the `ModSeq` of the newest that was.
//!
//! Copying or moving no message, and appending none, changes nothing. The messages of a deleted mailbox leave
//! tombstones in its last snapshot. Content that no mailbox holds any more may be dropped at any time.

use crate::{OpenMailbox, Status, StoreError, ThreadKey};
use bytes::Bytes;
use rookery_mail::{
    DateTime, EmailId, Flag, MailboxId, MailboxName, ModSeq, SpecialUse, Uid, UidRange, UidSet,
    UidValidity,
};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::pin::Pin;
use std::sync::Arc;

/// A store's answer, in a while. Dropping it does not undo what was asked for.
pub type Reply<'a, T> = Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send + 'a>>;

/// All accounts.
pub trait Store: Send + Sync {
    /// The account of this name, loaded if need be and shared by all who ask for it.
    ///
    /// # Errors
    /// [`crate::Refused::NoSuchAccount`].
    fn account<'a>(&'a self, name: &'a str) -> Reply<'a, Arc<dyn AccountStore>>;

    /// Make an account with these mailboxes (the inbox among them); `now` in seconds since 1970.
    ///
    /// # Errors
    /// [`crate::Refused::AccountExists`].
    fn create_account<'a>(
        &'a self,
        name: &'a str,
        mailboxes: &'a [NewMailbox],
        now: i64,
    ) -> Reply<'a, ()>;

    /// Remove an account and all its mail. Sessions that have it open see their mailboxes vanish.
    ///
    /// # Errors
    /// [`crate::Refused::NoSuchAccount`].
    fn delete_account<'a>(&'a self, name: &'a str) -> Reply<'a, ()>;

    /// The names of all accounts, sorted.
    fn accounts(&self) -> Reply<'_, Vec<String>>;

    /// Wait until everything that was asked for is durable, and let go of all files.
    fn close(&self) -> Reply<'_, ()>;
}

/// One account's mailboxes and messages. Times (`now`) are seconds since 1970.
pub trait AccountStore: Send + Sync {
    /// Its name.
    fn name(&self) -> &str;

    /// The mailboxes and subscriptions as they are now.
    fn mailboxes(&self) -> Reply<'_, Arc<MailboxList>>;

    /// Make mailboxes, all or none.
    ///
    /// # Errors
    /// [`crate::Refused::AlreadyExists`], [`crate::Refused::SpecialUseTaken`], [`crate::Refused::TooManyMailboxes`].
    fn create<'a>(&'a self, new: &'a [NewMailbox], now: i64) -> Reply<'a, Vec<MailboxInfo>>;

    /// Make mailboxes and move all messages of another one into the last of them, all or nothing: what RENAME of the inbox is
    /// (RFC 9051 §6.3.6).
    ///
    /// # Errors
    /// As of [`AccountStore::create`], and [`crate::Refused::NoSuchMailbox`].
    fn create_with_messages_of<'a>(
        &'a self,
        from: MailboxId,
        new: &'a [NewMailbox],
        now: i64,
    ) -> Reply<'a, ()>;

    /// Remove a mailbox and its messages. Its name stays subscribed (RFC 9051 §6.3.5), mailboxes below it stay.
    /// The [`OpenMailbox`] gets a last snapshot with [`crate::Snapshot::is_deleted`].
    ///
    /// # Errors
    /// [`crate::Refused::NoSuchMailbox`], [`crate::Refused::Inbox`].
    fn delete(&self, mailbox: MailboxId) -> Reply<'_, ()>;

    /// Rename a mailbox and all below it, all or none, creating `new` where given (superior names that
    /// do not exist). New names of mailboxes that were subscribed to are subscribed to as well; the old ones
    /// stay, as a server must not drop subscriptions by itself (RFC 3501 §6.3.9).
    ///
    /// # Errors
    /// [`crate::Refused::AlreadyExists`] when a new name is taken by a mailbox that is not itself renamed,
    /// [`crate::Refused::NoSuchMailbox`], [`crate::Refused::Inbox`] when the inbox is to be renamed,
    /// [`crate::Refused::TooManyMailboxes`].
    fn rename<'a>(
        &'a self,
        renames: &'a [(MailboxId, MailboxName)],
        new: &'a [NewMailbox],
        now: i64,
    ) -> Reply<'a, ()>;

    /// Subscribe to a name, whether there is such a mailbox or not, or unsubscribe from it.
    ///
    /// # Errors
    /// [`crate::Refused::TooManyMailboxes`] when there are too many subscriptions.
    fn subscribe<'a>(&'a self, name: &'a MailboxName, subscribed: bool) -> Reply<'a, ()>;

    /// Give a mailbox a limit of its own to the size of messages, in octets, that are appended to it, or none.
    ///
    /// # Errors
    /// [`crate::Refused::NoSuchMailbox`].
    fn set_append_limit(&self, mailbox: MailboxId, limit: Option<u64>) -> Reply<'_, ()>;

    /// What a mailbox is, as its latest snapshot says. Engines that have that at hand without the messages need not read
    /// them for it: clients ask it of many mailboxes that they do not open.
    ///
    /// # Errors
    /// [`crate::Refused::NoSuchMailbox`].
    fn status(&self, mailbox: MailboxId) -> Reply<'_, Status>;

    /// Open a mailbox, shared with all who have it open.
    ///
    /// # Errors
    /// [`crate::Refused::NoSuchMailbox`].
    fn open(&self, mailbox: MailboxId) -> Reply<'_, Arc<OpenMailbox>>;

    /// The messages that no session has been told of as recent, which the caller now is
    /// (RFC 3501 §2.3.2): all UIDs given since the last claim, whether or not the messages still exist; `None` if no
    /// UID was given. The claim may be forgotten in a crash.
    ///
    /// # Errors
    /// [`crate::Refused::NoSuchMailbox`].
    fn claim_recent(&self, mailbox: MailboxId) -> Reply<'_, Option<UidRange>>;

    /// The first UID that no session has been told of as recent, be it given or not, without claiming anything;
    /// [`Uid::MAX`] when there is none left.
    ///
    /// # Errors
    /// [`crate::Refused::NoSuchMailbox`].
    fn first_recent(&self, mailbox: MailboxId) -> Reply<'_, Uid>;

    /// A place for a message that is coming in.
    fn spool(&self) -> Reply<'_, Box<dyn Spool>>;

    /// Append messages, all or none, with consecutive UIDs.
    ///
    /// # Errors
    /// [`crate::Refused::NoSuchMailbox`], `TooManyKeywords`, `OutOfUids`, `TooManyMessages`, `OverQuota`.
    fn append(
        &self,
        mailbox: MailboxId,
        messages: Vec<NewMessage>,
        now: i64,
    ) -> Reply<'_, Appended>;

    /// Append a message to `to` and remove `uid` from `from`, which may be the same mailbox: both or neither, in one
    /// change. The new message inherits nothing (RFC 8508 §1), and it does not matter whether the old one has
    /// `\Deleted`.
    ///
    /// # Errors
    /// [`crate::Refused::NoSuchMailbox`] for either one, [`crate::Refused::NoSuchMessage`] when the old one is gone, and
    /// as of [`AccountStore::append`]; but there are no more messages than before.
    fn replace(
        &self,
        from: MailboxId,
        uid: Uid,
        to: MailboxId,
        message: NewMessage,
        now: i64,
    ) -> Reply<'_, Appended>;

    /// Change flags of those of the UIDs that exist. Messages whose flags are already so stay as they
    /// are, modseq included. Those changed after `unchanged_since` are left alone and reported; and so are those reported that are
    /// changed and had been after `known`, as of which whoever asks knows the mailbox.
    ///
    /// # Errors
    /// [`crate::Refused::NoSuchMailbox`], `TooManyKeywords`.
    fn store_flags_known<'a>(
        &'a self,
        mailbox: MailboxId,
        uids: &'a UidSet,
        change: &'a FlagChange,
        unchanged_since: Option<ModSeq>,
        known: ModSeq,
    ) -> Reply<'a, Stored>;

    /// The same where it does not matter what was known.
    fn store_flags<'a>(
        &'a self,
        mailbox: MailboxId,
        uids: &'a UidSet,
        change: &'a FlagChange,
        unchanged_since: Option<ModSeq>,
    ) -> Reply<'a, Stored> {
        self.store_flags_known(mailbox, uids, change, unchanged_since, ModSeq::MAX)
    }

    /// Copy those of the UIDs that exist, all or none, flags and internal dates included.
    ///
    /// # Errors
    /// [`crate::Refused::NoSuchMailbox`] for either one, `NoSuchMessage` where none may be absent,
    /// `TooManyKeywords`, `OutOfUids`, `TooManyMessages`.
    fn copy<'a>(
        &'a self,
        from: MailboxId,
        uids: &'a UidSet,
        to: MailboxId,
        absent: Absent,
        now: i64,
    ) -> Reply<'a, Copied>;

    /// Move those of the UIDs that exist, all or none: never in both mailboxes, never in none.
    /// Moving within one mailbox gives new UIDs.
    ///
    /// # Errors
    /// As of [`AccountStore::copy`].
    fn move_messages<'a>(
        &'a self,
        from: MailboxId,
        uids: &'a UidSet,
        to: MailboxId,
        absent: Absent,
        now: i64,
    ) -> Reply<'a, Copied>;

    /// Remove those of the UIDs that have `\Deleted`; returns which.
    ///
    /// # Errors
    /// [`crate::Refused::NoSuchMailbox`].
    fn expunge<'a>(&'a self, mailbox: MailboxId, uids: &'a UidSet) -> Reply<'a, UidSet>;

    /// The summaries that were stored with the messages, in the order asked for, with the first octets of their content:
    /// so many of them as are asked for, or fewer, as they come along with little more work. `None` for content that is
    /// gone.
    fn beginnings<'a>(
        &'a self,
        emails: &'a [EmailId],
        octets: usize,
    ) -> Reply<'a, Vec<Option<Beginning>>>;

    /// The summaries alone.
    fn summaries<'a>(&'a self, emails: &'a [EmailId]) -> Reply<'a, Vec<Option<Bytes>>> {
        let beginnings = self.beginnings(emails, 0);
        Box::pin(async {
            let beginnings = beginnings.await?.into_iter();
            Ok(beginnings.map(|beginning| beginning.map(|it| it.summary)).collect())
        })
    }

    /// Octets of a message; short or empty where the range ends after the message does. Those that end a message come only if all
    /// of it is what it was.
    ///
    /// # Errors
    /// [`crate::Refused::NoSuchMessage`]; [`StoreError::Damaged`].
    fn content(&self, email: EmailId, range: Range<u64>) -> Reply<'_, Bytes>;
}

/// What stands at the beginning of a stored message.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Beginning {
    /// The summary as it was stored, verified; empty where it is damaged, for it can be had from the content.
    pub summary: Bytes,
    /// The first octets of the content.
    pub content: Bytes,
}

/// A message that is coming in, octet by octet, before anybody sees it. Dropping it forgets it.
pub trait Spool: Send + Sync {
    /// Add octets.
    ///
    /// # Errors
    /// [`StoreError::Io`], [`crate::Refused::OverQuota`].
    fn write<'a>(&'a mut self, octets: &'a [u8]) -> Reply<'a, ()>;

    /// Octets so far.
    fn len(&self) -> u64;

    /// Whether there are none so far.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// For the engine that made it, to take it back.
    fn into_any(self: Box<Self>) -> Box<dyn std::any::Any + Send>;
}

/// A message to append.
pub struct NewMessage {
    /// The octets; a spool of the same account.
    pub content: Box<dyn Spool>,
    /// What was computed once, in a form that the store need not understand.
    pub summary: Vec<u8>,
    /// What decides which thread it joins, in this order; at most [`crate::limits::MAX_THREAD_KEYS`].
    pub thread_keys: Vec<ThreadKey>,
    /// Flags and keywords.
    pub flags: Vec<Flag>,
    /// When it was received.
    pub internal_date: DateTime,
}

/// A mailbox to make.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NewMailbox {
    /// Its name.
    pub name: MailboxName,
    /// What it is for.
    pub special_use: Option<SpecialUse>,
    /// Whether the name is subscribed to at once.
    pub subscribed: bool,
}

/// A mailbox's place in the account.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct MailboxInfo {
    /// Its stable id.
    pub id: MailboxId,
    /// Its name.
    pub name: MailboxName,
    /// Larger than that of any earlier mailbox of the account.
    pub uid_validity: UidValidity,
    /// What it is for.
    pub special_use: Option<SpecialUse>,
    /// The largest message, in octets, that clients may append to it (RFC 7889 §3); without one there is none but that of
    /// the server. Engines remember it, fronts obey it.
    pub append_limit: Option<u64>,
}

/// The mailboxes and subscriptions of an account at one moment.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct MailboxList {
    /// By name, so that a subtree is a range.
    pub mailboxes: BTreeMap<MailboxName, MailboxInfo>,
    /// Names that are subscribed to; there need not be such mailboxes.
    pub subscriptions: BTreeSet<MailboxName>,
}

/// How STORE changes flags.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FlagOperation {
    /// These and no others.
    Replace,
    /// These too.
    Add,
    /// These no longer.
    Remove,
}

/// A change of flags.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FlagChange {
    /// How.
    pub operation: FlagOperation,
    /// Which.
    pub flags: Vec<Flag>,
}

/// What becomes of a copy or a move if not all of its messages exist.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Absent {
    /// The others are copied: UIDs that are gone are like those that never were (RFC 9051 §6.4.9).
    Skip,
    /// Nothing is if there are fewer than so many (RFC 9051 §6.4.7). The set may hold UIDs besides that are no messages.
    RefuseBelow(u64),
}

/// What an append did.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Appended {
    /// The mailbox's UIDVALIDITY.
    pub uid_validity: UidValidity,
    /// The new UIDs, in the order of the messages.
    pub uids: UidSet,
    /// The change's modification sequence.
    pub modseq: ModSeq,
}

/// What a change of flags did.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Stored {
    /// The change's modification sequence, if anything changed.
    pub modseq: Option<ModSeq>,
    /// Those that were left alone because they had changed since (RFC 7162 §3.1.3).
    pub modified: UidSet,
    /// Those that were changed, and had been by somebody else since whoever asked knew them.
    pub overtaken: UidSet,
    /// The latest change of the mailbox, this one included. Not the mailbox itself: many of these may be made at once, and wait for
    /// whoever asked.
    pub as_of: ModSeq,
}

/// What a copy or a move did. `source` and `destination` correspond in ascending order.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Copied {
    /// The destination's UIDVALIDITY.
    pub uid_validity: UidValidity,
    /// UIDs in the source.
    pub source: UidSet,
    /// UIDs in the destination.
    pub destination: UidSet,
}
