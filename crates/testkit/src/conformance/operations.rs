//! Random operations on an account. They name mailboxes and messages by number, whether or not there are such,
//! so that refusals are tried as well.

use super::fixture::{NOW, message};
use proptest::prelude::*;
use rookery_mail::{Flag, MailboxId, MailboxName, ModSeq, SpecialUse, Uid, UidSet};
use rookery_mailbox::{
    Absent, AccountStore, FlagChange, FlagOperation, NewMailbox, NewMessage, StoreError, ThreadKey,
};
use std::fmt::Debug;

const NAMES: [&str; 6] = ["INBOX", "a", "a/b", "a/b/c", "d", "INBOX/e"];
const FLAGS: [&str; 7] = ["\\Seen", "\\Deleted", "\\Flagged", "$A", "$B", "c", "C"];
/// Ids of mailboxes that operations speak of: a few more than there will usually be.
const MAILBOXES: u64 = 8;
/// Likewise for UIDs.
const UIDS: u32 = 24;
/// Keywords: more than a mailbox can have.
const KEYWORDS: u32 = 300;
/// Keys of threads: few enough that messages have some in common.
const THREAD_KEYS: u64 = 40;

/// The content, flags and thread keys of a message.
type MessageParts = (Vec<u8>, Vec<Flag>, Vec<ThreadKey>);

/// Something done to an account.
#[derive(Clone, Debug)]
pub enum Operation {
    /// Make mailboxes.
    Create(Vec<NewMailbox>),
    /// Make mailboxes, the last one with all messages of another one.
    CreateWithMessagesOf(MailboxId, Vec<NewMailbox>),
    /// Remove a mailbox.
    Delete(MailboxId),
    /// Rename mailboxes, making others.
    Rename(Vec<(MailboxId, MailboxName)>, Vec<NewMailbox>),
    /// Give a mailbox a limit of its own to what is appended, or none.
    SetAppendLimit(MailboxId, Option<u64>),
    /// Subscribe to a name, or no longer.
    Subscribe(MailboxName, bool),
    /// Append messages of these contents, flags and thread keys.
    Append(MailboxId, Vec<MessageParts>),
    /// Put a message of this content, with these flags and thread keys, in the place of another one.
    Replace(MailboxId, Uid, MailboxId, MessageParts),
    /// Change flags.
    Store(MailboxId, UidSet, FlagChange, Option<ModSeq>),
    /// Copy messages.
    Copy(MailboxId, UidSet, MailboxId),
    /// Move messages.
    Move(MailboxId, UidSet, MailboxId),
    /// Expunge messages.
    Expunge(MailboxId, UidSet),
    /// Claim recent messages.
    ClaimRecent(MailboxId),
}

/// Any number of operations up to a few dozen, appends most of all.
pub fn random_operations() -> impl Strategy<Value = Vec<Operation>> {
    proptest::collection::vec(operation(), 1..40)
}

fn operation() -> impl Strategy<Value = Operation> {
    prop_oneof![
        1 => mailboxes().prop_map(Operation::Create),
        1 => (mailbox_id(), mailboxes())
            .prop_map(|(id, new)| Operation::CreateWithMessagesOf(id, new)),
        1 => mailbox_id().prop_map(Operation::Delete),
        1 => (renames(), mailboxes()).prop_map(|(renames, new)| Operation::Rename(renames, new)),
        1 => (mailbox_id(), proptest::option::of(0..3u64))
            .prop_map(|(id, limit)| Operation::SetAppendLimit(id, limit)),
        1 => (name(), any::<bool>()).prop_map(|(name, yes)| Operation::Subscribe(name, yes)),
        6 => (mailbox_id(), messages()).prop_map(|(id, new)| Operation::Append(id, new)),
        3 => (mailbox_id(), uid(), mailbox_id(), message_parts())
            .prop_map(|(from, uid, to, new)| Operation::Replace(from, uid, to, new)),
        5 => (mailbox_id(), uids(), change(), proptest::option::of(0..40u64))
            .prop_map(|(id, uids, change, since)| {
                Operation::Store(id, uids, change, since.and_then(ModSeq::new))
            }),
        2 => (mailbox_id(), uids(), mailbox_id()).prop_map(|(a, uids, b)| Operation::Copy(a, uids, b)),
        2 => (mailbox_id(), uids(), mailbox_id()).prop_map(|(a, uids, b)| Operation::Move(a, uids, b)),
        2 => (mailbox_id(), uids()).prop_map(|(id, uids)| Operation::Expunge(id, uids)),
        1 => mailbox_id().prop_map(Operation::ClaimRecent),
    ]
}

/// The first ids are likelier, since there are such.
fn mailbox_id() -> impl Strategy<Value = MailboxId> {
    prop_oneof![(1..=3u64).prop_map(MailboxId), (1..=MAILBOXES).prop_map(MailboxId)]
}

fn name() -> impl Strategy<Value = MailboxName> {
    (0..NAMES.len()).prop_map(|at| super::fixture::name(NAMES[at]))
}

fn mailboxes() -> impl Strategy<Value = Vec<NewMailbox>> {
    let special_use = prop_oneof![4 => Just(None), 1 => Just(Some(SpecialUse::Junk))];
    let one = (name(), special_use, any::<bool>());
    let one = one.prop_map(|(name, special_use, subscribed)| NewMailbox {
        name,
        special_use,
        subscribed,
    });
    proptest::collection::vec(one, 0..3)
}

/// No mailbox is renamed twice at once.
fn renames() -> impl Strategy<Value = Vec<(MailboxId, MailboxName)>> {
    let renames = proptest::collection::btree_map(1..=MAILBOXES, name(), 0..3);
    renames.prop_map(|map| map.into_iter().map(|(id, name)| (MailboxId(id), name)).collect())
}

fn messages() -> impl Strategy<Value = Vec<MessageParts>> {
    proptest::collection::vec(message_parts(), 1..4)
}

fn message_parts() -> impl Strategy<Value = MessageParts> {
    let keys = proptest::collection::vec((0..THREAD_KEYS).prop_map(ThreadKey), 0..4);
    (proptest::collection::vec(any::<u8>(), 0..50), flags(), keys)
}

fn uid() -> impl Strategy<Value = Uid> {
    (1..=UIDS).prop_filter_map("0 is no UID", Uid::new)
}

/// A few flags, or so many keywords that mailboxes soon have had all that they can have.
fn flags() -> impl Strategy<Value = Vec<Flag>> {
    let few = proptest::sample::subsequence(FLAGS.to_vec(), 0..4).prop_map(|it| it.join(" "));
    let many = (0..KEYWORDS, 1..KEYWORDS / 3).prop_map(|(first, count)| {
        let words = (first..first + count).map(|number| format!("w{}", number % KEYWORDS));
        words.collect::<Vec<_>>().join(" ")
    });
    prop_oneof![6 => few, 1 => many].prop_map(|texts| super::fixture::flags(&texts))
}

fn uids() -> impl Strategy<Value = UidSet> {
    let some = proptest::collection::vec(1..=UIDS, 0..8);
    let some = some.prop_map(|numbers| numbers.into_iter().filter_map(Uid::new).collect());
    prop_oneof![3 => some, 1 => Just(UidSet::all())]
}

fn change() -> impl Strategy<Value = FlagChange> {
    let operations = [FlagOperation::Replace, FlagOperation::Add, FlagOperation::Remove];
    (proptest::sample::select(operations.to_vec()), flags())
        .prop_map(|(operation, flags)| FlagChange { operation, flags })
}

impl Operation {
    /// Do it as the operation with this number; the answer as text, for comparison.
    pub(super) async fn apply(&self, account: &dyn AccountStore, number: i64) -> String {
        let now = NOW + number;
        match self {
            Self::Create(new) => answer(account.create(new, now).await),
            Self::CreateWithMessagesOf(id, new) => {
                answer(account.create_with_messages_of(*id, new, now).await)
            }
            Self::Delete(id) => answer(account.delete(*id).await),
            Self::Rename(renames, new) => answer(account.rename(renames, new, now).await),
            Self::SetAppendLimit(id, limit) => answer(account.set_append_limit(*id, *limit).await),
            Self::Subscribe(name, yes) => answer(account.subscribe(name, *yes).await),
            Self::Append(id, messages) => {
                let mut new = Vec::new();
                for parts in messages {
                    new.push(new_message(account, parts).await);
                }
                answer(account.append(*id, new, now).await)
            }
            Self::Replace(from, uid, to, parts) => {
                let new = new_message(account, parts).await;
                answer(account.replace(*from, *uid, *to, new, now).await)
            }
            Self::Store(id, uids, change, since) => {
                // All that has changed since the first of all changes.
                let known = ModSeq::ZERO.next();
                answer(account.store_flags_known(*id, uids, change, *since, known).await)
            }
            Self::Copy(from, uids, to) => {
                answer(account.copy(*from, uids, *to, Absent::Skip, now).await)
            }
            Self::Move(from, uids, to) => {
                answer(account.move_messages(*from, uids, *to, Absent::Skip, now).await)
            }
            Self::Expunge(id, uids) => answer(account.expunge(*id, uids).await),
            Self::ClaimRecent(id) => answer(account.claim_recent(*id).await),
        }
    }
}

async fn new_message(account: &dyn AccountStore, parts: &MessageParts) -> NewMessage {
    let (content, flags, keys) = parts;
    NewMessage { thread_keys: keys.clone(), ..message(account, content, flags.clone()).await }
}

/// A refusal is an answer; a fault is not.
fn answer<T: Debug>(result: Result<T, StoreError>) -> String {
    match result {
        Ok(answer) => format!("{answer:?}"),
        Err(StoreError::Refused(refused)) => format!("{refused:?}"),
        Err(fault) => panic!("{fault}"),
    }
}
