//! What the mailboxes really hold, to compare pictures with.

use crate::picture::{Cached, Flags, Message, Picture, Verdict, ensure, names};
use rookery_mail::{MailboxId, MailboxName, ModSeq, Uid};
use rookery_mailbox::{AccountStore, OpenMailbox, Row, Snapshot};
use std::collections::HashMap;
use std::sync::{Arc, Mutex};

/// The mailboxes that everybody shares. The first is always there.
pub(crate) const MAILBOXES: [&str; 3] = ["INBOX", "Shared", "Other"];

/// The state behind the server.
pub(crate) struct Truth {
    account: Arc<dyn AccountStore>,
    /// All that were ever opened, by now deleted or not.
    opened: Mutex<HashMap<MailboxId, Arc<OpenMailbox>>>,
    /// In which read-write session a message was recent.
    recent: Mutex<HashMap<(MailboxId, Uid), u64>>,
    sessions: Mutex<u64>,
}

impl Truth {
    pub(crate) fn new(account: Arc<dyn AccountStore>) -> Self {
        let (opened, recent, sessions) = (Mutex::default(), Mutex::default(), Mutex::default());
        Self { account, opened, recent, sessions }
    }

    /// Keep an eye on a mailbox; on one that was deleted before anybody did there is nothing to see.
    pub(crate) async fn watch(&self, id: MailboxId) {
        if let Ok(open) = self.account.open(id).await {
            self.opened.lock().expect("nobody panics with it").entry(id).or_insert(open);
        }
    }

    pub(crate) fn snapshot(&self, id: MailboxId) -> Option<Arc<Snapshot>> {
        let opened = self.opened.lock().expect("nobody panics with it");
        opened.get(&id).map(|open| open.snapshot())
    }

    /// Which mailbox has this name.
    pub(crate) async fn named(&self, name: &str) -> Option<MailboxId> {
        let name = MailboxName::new(name).expect("a name");
        let list = self.account.mailboxes().await.expect("mailboxes");
        list.mailboxes.get(&name).map(|info| info.id)
    }

    /// A number for one more mailbox being opened.
    pub(crate) fn session(&self) -> u64 {
        let mut sessions = self.sessions.lock().expect("nobody panics with it");
        *sessions += 1;
        *sessions
    }

    /// No message is recent in two sessions that could change it (RFC 3501 §2.3.2).
    pub(crate) fn recent_once(
        &self,
        mailbox: MailboxId,
        session: u64,
        picture: &Picture,
    ) -> Verdict {
        let mut known = self.recent.lock().expect("nobody panics with it");
        let recent = picture.messages.iter().filter(|message| message.recent == Some(true));
        for uid in recent.filter_map(|message| message.uid) {
            let first = *known.entry((mailbox, uid)).or_insert(session);
            ensure(first == session, || format!("UID {uid} is recent in two sessions"))?;
        }
        Ok(())
    }
}

/// Everything is known as it is.
pub(crate) fn same(picture: &Picture, snapshot: &Snapshot) -> Verdict {
    let rows: Vec<&Row> = snapshot.rows().collect();
    let (shown, there) = (picture.messages.len(), rows.len());
    ensure(shown == there, || format!("{shown} messages are known, {there} are there"))?;
    if picture.dialect.uid_only {
        return same_without_numbers(picture, snapshot);
    }
    for (message, row) in picture.messages.iter().zip(rows) {
        let uid = message.uid.unwrap_or(row.uid);
        ensure(uid == row.uid, || format!("UID {uid} is known, {} is there", row.uid))?;
        same_message(message, row, snapshot)?;
    }
    Ok(())
}

/// Everything that is known by its UID is there, and as it is.
fn same_without_numbers(picture: &Picture, snapshot: &Snapshot) -> Verdict {
    for message in &picture.messages {
        let Some(uid) = message.uid else { continue };
        let row = snapshot.row(uid).ok_or_else(|| format!("UID {uid} is not there"))?;
        same_message(message, row, snapshot)?;
    }
    Ok(())
}

/// The same, but for messages that are gone and could not be told of yet.
pub(crate) fn same_but_gone(picture: &Picture, snapshot: &Snapshot) -> Verdict {
    let (shown, there) = (picture.messages.len(), snapshot.rows().count());
    ensure(shown >= there, || format!("{shown} messages are known, {there} are there"))?;
    for message in &picture.messages {
        if let Some(row) = message.uid.and_then(|uid| snapshot.row(uid)) {
            same_message(message, row, snapshot)?;
        }
    }
    Ok(())
}

fn same_message(message: &Message, row: &Row, snapshot: &Snapshot) -> Verdict {
    if let Some(flags) = &message.flags {
        let there = flags_of(row, snapshot);
        let uid = row.uid;
        ensure(*flags == there, || format!("UID {uid}: {flags:?} is known, {there:?} is there"))?;
    }
    let modseq = row.modseq.get();
    let known = message.modseq.unwrap_or(modseq);
    ensure(known == modseq, || format!("UID {}: MODSEQ {known}, not {modseq}", row.uid))
}

fn flags_of(row: &Row, snapshot: &Snapshot) -> Flags {
    names(&snapshot.flags(row.flags))
}

/// A client that lost its connection now, and went on from what it keeps, would miss nothing: what changed after
/// its modification sequence it would be told, and nothing else has changed (RFC 7162 §3.2, §6). Without
/// QRESYNC it would look for what is gone by itself.
pub(crate) fn is_safe(cached: &Cached, snapshot: &Snapshot, qresync: bool) -> Verdict {
    let (since, now) = (cached.highest, snapshot.highest_modseq().get());
    ensure(since <= now, || format!("HIGHESTMODSEQ {since}, but it is {now}"))?;
    let since = ModSeq::new(since).ok_or("HIGHESTMODSEQ 0")?;
    let vanished = snapshot.changes_since(since).vanished;
    for (uid, message) in &cached.messages {
        match snapshot.row(*uid) {
            Some(row) if row.modseq <= since => {
                let (flags, there) = (message.flags.as_ref(), flags_of(row, snapshot));
                ensure(flags == Some(&there), || {
                    format!("from MODSEQ {since} it would miss the flags of UID {uid}: {there:?}")
                })?;
            }
            Some(_) => {}
            None => ensure(!qresync || vanished.contains(*uid), || {
                format!("from MODSEQ {since} it would miss that UID {uid} is gone")
            })?,
        }
    }
    Ok(())
}
