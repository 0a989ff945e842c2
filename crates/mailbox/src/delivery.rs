//! Turns octets that arrive into a message, and puts it where it belongs. Holds no message in memory.

use crate::heavy::{self, Owner};
use crate::limits::HEAVY_HEADER;
use crate::{Account, Appended, MailboxInfo, NewMessage, Refused, Spool, StoreError, thread};
use rookery_mail::{DateTime, Flag, MailboxName};
use rookery_mime::Scanner;

/// A message that is coming in, piece by piece. Dropping it forgets it.
pub struct Incoming {
    spool: Box<dyn Spool>,
    scanner: Scanner,
    utf8: bool,
    owner: Owner,
}

const LOOKING: &str = "looking at a message that comes in";

impl Incoming {
    /// A place for a message of this account.
    ///
    /// # Errors
    /// As of [`crate::AccountStore::spool`].
    pub async fn new(account: &Account) -> Result<Self, StoreError> {
        let (spool, owner) = (account.store().spool().await?, account.owner());
        Ok(Self { spool, scanner: Scanner::new(), utf8: false, owner })
    }

    /// Add octets, any number at a time.
    ///
    /// # Errors
    /// As of [`Spool::write`].
    pub async fn write(&mut self, octets: &[u8]) -> Result<(), StoreError> {
        if self.takes_long() {
            let (mut scanner, octets) = (std::mem::take(&mut self.scanner), octets.to_vec());
            let push = move || {
                scanner.push(&octets);
                scanner
            };
            self.scanner =
                heavy::at_once(self.owner, push).await.map_err(|it| it.during(LOOKING))?;
        } else {
            self.scanner.push(octets);
        }
        self.spool.write(octets).await
    }

    /// Whether there is so much in its headers that others would notice that it is looked at.
    fn takes_long(&self) -> bool {
        self.scanner.kept() >= HEAVY_HEADER
    }

    /// Octets so far.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.spool.len()
    }

    /// Whether there are none so far.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.spool.is_empty()
    }

    /// It comes from somebody who said that headers are in UTF-8 (RFC 6855 §4, RFC 6531 §3.4): who does not know of that is
    /// shown a downgraded header. In other mail octets above 127 have no agreed meaning, and stay as they are.
    pub fn mark_utf8(&mut self) {
        self.utf8 = true;
    }

    /// The message is complete; as [`Incoming::finish`], where that keeps nobody else waiting.
    ///
    /// # Errors
    /// [`StoreError::Io`] if that failed.
    pub async fn complete(
        self,
        flags: Vec<Flag>,
        internal_date: DateTime,
    ) -> Result<NewMessage, StoreError> {
        if !self.takes_long() {
            return Ok(self.finish(flags, internal_date));
        }
        let done = heavy::at_once(self.owner, move || self.finish(flags, internal_date)).await;
        done.map_err(|it| it.during(LOOKING))
    }

    /// The message is complete.
    #[must_use]
    pub fn finish(self, flags: Vec<Flag>, internal_date: DateTime) -> NewMessage {
        let (mut message, references) = self.scanner.finish_with_references();
        message.utf8 = self.utf8;
        let thread_keys = thread::keys(&message.envelope, &references);
        let summary = message.encode();
        NewMessage { content: self.spool, summary, thread_keys, flags, internal_date }
    }
}

/// Deliver a message that has arrived at `now` (seconds since 1970): into the named mailbox if there is such a
/// one, else into the inbox. Says where it went.
///
/// # Errors
/// As of [`crate::AccountStore::append`].
pub async fn deliver(
    account: &Account,
    incoming: Incoming,
    mailbox: Option<&MailboxName>,
    now: i64,
) -> Result<(MailboxInfo, Appended), StoreError> {
    let list = account.store().mailboxes().await?;
    let named = mailbox.and_then(|name| list.mailboxes.get(name));
    let inbox = || list.mailboxes.get(&MailboxName::inbox());
    let target = named.or_else(inbox).ok_or(Refused::NoSuchMailbox)?;
    let message = incoming.complete(Vec::new(), DateTime::from_unix(now)).await?;
    let appended = account.store().append(target.id, vec![message], now).await?;
    Ok((target.clone(), appended))
}
