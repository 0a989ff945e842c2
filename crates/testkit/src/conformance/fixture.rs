//! An account to try things on.

use rookery_mail::{DateTime, Flag, MailboxId, MailboxName, ModSeq, Uid, UidSet};
use rookery_mailbox::{
    Absent, AccountStore, Appended, Copied, FlagChange, FlagOperation, NewMailbox, NewMessage,
    Refused, Snapshot, Store, StoreError, Stored,
};
use std::fmt::Debug;
use std::sync::Arc;

/// The moment at which everything happens, in seconds since 1970.
pub(super) const NOW: i64 = 1_800_000_000;

pub(super) struct Fixture {
    pub(super) account: Arc<dyn AccountStore>,
    pub(super) inbox: MailboxId,
    pub(super) other: MailboxId,
}

impl Fixture {
    /// A new account with an inbox and a mailbox `Other`.
    pub(super) async fn new(store: &dyn Store, name: &str) -> Self {
        let mailboxes = [mailbox("INBOX"), mailbox("Other")];
        store.create_account(name, &mailboxes, NOW).await.expect("the account is new");
        let account = store.account(name).await.expect("the account is there");
        let list = account.mailboxes().await.expect("mailboxes are listed");
        let id = |name: &str| list.mailboxes[&self::name(name)].id;
        Self { account: Arc::clone(&account), inbox: id("INBOX"), other: id("Other") }
    }

    pub(super) async fn snapshot(&self, mailbox: MailboxId) -> Arc<Snapshot> {
        self.account.open(mailbox).await.expect("the mailbox is there").snapshot()
    }

    /// Append messages with these contents and flags.
    pub(super) async fn append(&self, mailbox: MailboxId, messages: &[(&str, &str)]) -> Appended {
        self.try_append(mailbox, messages).await.expect("messages can be appended")
    }

    pub(super) async fn try_append(
        &self,
        mailbox: MailboxId,
        messages: &[(&str, &str)],
    ) -> Result<Appended, StoreError> {
        let mut new = Vec::new();
        for (content, flags) in messages {
            new.push(message(&*self.account, content.as_bytes(), self::flags(flags)).await);
        }
        self.account.append(mailbox, new, NOW).await
    }

    pub(super) async fn store(
        &self,
        mailbox: MailboxId,
        uids: &UidSet,
        operation: FlagOperation,
        flags: &str,
    ) -> Stored {
        let change = FlagChange { operation, flags: self::flags(flags) };
        let stored = self.account.store_flags(mailbox, uids, &change, None).await;
        stored.expect("flags can be changed")
    }

    /// Copy all messages of a mailbox.
    pub(super) async fn try_copy(
        &self,
        from: MailboxId,
        to: MailboxId,
    ) -> Result<Copied, StoreError> {
        self.account.copy(from, &UidSet::all(), to, Absent::Skip, NOW).await
    }

    /// Expunge messages; says when.
    pub(super) async fn remove(&self, mailbox: MailboxId, uids: &UidSet) -> ModSeq {
        self.store(mailbox, uids, FlagOperation::Add, "\\Deleted").await;
        let gone = self.account.expunge(mailbox, uids).await.expect("they are expunged");
        assert_eq!(&gone, uids);
        self.snapshot(mailbox).await.highest_modseq()
    }

    /// The flags of each message of a mailbox, as text.
    pub(super) async fn flags_of(&self, mailbox: MailboxId) -> Vec<String> {
        let snapshot = self.snapshot(mailbox).await;
        let flags = snapshot.rows().map(|row| {
            let flags = snapshot.flags(row.flags);
            flags.iter().map(Flag::as_str).collect::<Vec<_>>().join(" ")
        });
        flags.collect()
    }
}

/// A message whose octets come in two pieces.
pub(super) async fn message(
    account: &dyn AccountStore,
    content: &[u8],
    flags: Vec<Flag>,
) -> NewMessage {
    let mut spool = account.spool().await.expect("there is place for a message");
    let (one, other) = content.split_at(content.len() / 2);
    spool.write(one).await.expect("octets can be written");
    spool.write(other).await.expect("octets can be written");
    assert_eq!(spool.len(), content.len() as u64);
    let summary = format!("summary of {} octets", content.len()).into_bytes();
    let internal_date = DateTime::with_offset(NOW - 1000, 120);
    NewMessage { content: spool, summary, thread_keys: Vec::new(), flags, internal_date }
}

pub(super) fn name(text: &str) -> MailboxName {
    MailboxName::new(text).expect("a mailbox name")
}

pub(super) fn mailbox(text: &str) -> NewMailbox {
    NewMailbox { name: name(text), special_use: None, subscribed: false }
}

/// Flags with blanks in between.
pub(super) fn flags(text: &str) -> Vec<Flag> {
    text.split_whitespace().map(|flag| Flag::parse(flag).expect("a flag")).collect()
}

pub(super) fn uids(numbers: impl IntoIterator<Item = u32>) -> UidSet {
    numbers.into_iter().map(|number| Uid::new(number).expect("not 0")).collect()
}

/// The wish must have been refused for this reason.
pub(super) fn assert_refused<T: Debug>(answer: Result<T, StoreError>, reason: Refused) {
    match answer {
        Err(StoreError::Refused(refused)) => assert_eq!(refused, reason),
        other => panic!("{reason} was expected, not {other:?}"),
    }
}
