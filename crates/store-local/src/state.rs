//! What an account is at one moment, in memory: the sum of its log.

use crate::draft::{Delta, EmailEvent};
use rookery_mail::{EmailId, MailboxId, ModSeq, ThreadId, Uid};
use rookery_mailbox::{MailboxList, OpenMailbox, Snapshot, ThreadKey};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// A mailbox and who was told of what in it.
#[derive(Clone, Debug)]
pub(crate) struct Mailbox {
    /// Its messages.
    pub(crate) snapshot: Arc<Snapshot>,
    /// The first UID that no session was told of as recent; `None` when all UIDs are used up.
    pub(crate) recent: Option<Uid>,
}

/// A mailbox as it is durably, and those who watch it.
pub(crate) struct Published {
    pub(crate) mailbox: Mailbox,
    pub(crate) open: Arc<OpenMailbox>,
}

/// The largest number of each kind that was given away.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Counters {
    pub(crate) mailbox: u64,
    pub(crate) email: u64,
    pub(crate) uid_validity: u32,
    pub(crate) modseq: ModSeq,
}

/// Where a frame lies. Offsets and lengths count units of [`crate::frame::ALIGNMENT`].
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Location {
    pub(crate) segment: u32,
    pub(crate) offset: u32,
    pub(crate) len: u32,
}

/// Where a message's content lies, and how many messages in mailboxes have it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Email {
    pub(crate) location: Location,
    pub(crate) references: u32,
}

/// The content of all messages, by [`EmailId`], which begins at 1.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Emails {
    pub(crate) all: Vec<Email>,
    /// Live units of each segment: what would remain if the dead content were left out.
    pub(crate) live: BTreeMap<u32, u64>,
}

impl Emails {
    /// Where content lies that some mailbox still has.
    pub(crate) fn find(&self, id: EmailId) -> Option<Location> {
        let index = usize::try_from(id.0.checked_sub(1)?).ok()?;
        self.all.get(index).filter(|email| email.references > 0).map(|email| email.location)
    }

    fn happen(&mut self, event: EmailEvent) {
        match event {
            EmailEvent::Added(location) => {
                *self.live.entry(location.segment).or_default() += u64::from(location.len);
                self.all.push(Email { location, references: 1 });
            }
            EmailEvent::Shared(id) => self.count(id, 1),
            EmailEvent::Released(id) => self.count(id, -1),
        }
    }

    fn count(&mut self, id: EmailId, difference: i32) {
        let index = usize::try_from(id.0.wrapping_sub(1)).ok();
        let Some(email) = index.and_then(|index| self.all.get_mut(index)) else { return };
        let before = email.references;
        email.references = before.saturating_add_signed(difference);
        let Location { segment, len, .. } = email.location;
        let live = self.live.entry(segment).or_default();
        match (before, email.references) {
            (0, 1..) => *live += u64::from(len),
            (1.., 0) => *live = live.saturating_sub(u64::from(len)),
            _ => {}
        }
    }
}

/// To which thread a key leads, for each that a message ever had: senders choose what is hashed, so the table must
/// not trust the keys to be spread.
pub(crate) type Threads = HashMap<ThreadKey, ThreadId>;

/// An account as it is durably.
#[derive(Default)]
pub(crate) struct State {
    pub(crate) list: Arc<MailboxList>,
    pub(crate) mailboxes: BTreeMap<MailboxId, Published>,
    pub(crate) counters: Counters,
    pub(crate) emails: Emails,
    pub(crate) threads: Threads,
}

impl State {
    /// Take over what has become durable, and tell those who watch.
    pub(crate) fn publish(&mut self, delta: Delta) {
        self.list = delta.list;
        self.counters = delta.counters;
        delta.emails.into_iter().for_each(|event| self.emails.happen(event));
        self.threads.extend(delta.threads);
        for (id, mailbox) in delta.mailboxes {
            self.publish_mailbox(id, mailbox);
        }
    }

    /// Show all watchers that there is nothing left to watch.
    pub(crate) fn vanish(&mut self) {
        let modseq = self.counters.modseq.next();
        for published in std::mem::take(&mut self.mailboxes).into_values() {
            let last = published.mailbox.snapshot.edit(modseq).delete();
            published.open.publish(Arc::new(last));
        }
        self.list = Arc::default();
        self.emails = Emails::default();
        self.threads = Threads::default();
    }

    fn publish_mailbox(&mut self, id: MailboxId, mailbox: Mailbox) {
        match self.mailboxes.get_mut(&id) {
            Some(published) => {
                if !Arc::ptr_eq(&published.mailbox.snapshot, &mailbox.snapshot) {
                    published.open.publish(Arc::clone(&mailbox.snapshot));
                }
                published.mailbox = mailbox;
            }
            None => drop(self.mailboxes.insert(id, Published::new(mailbox))),
        }
        let deleted = |published: &Published| published.mailbox.snapshot.is_deleted();
        if self.mailboxes.get(&id).is_some_and(deleted) {
            self.mailboxes.remove(&id);
        }
    }
}

impl Published {
    pub(crate) fn new(mailbox: Mailbox) -> Self {
        let open = Arc::new(OpenMailbox::new(Arc::clone(&mailbox.snapshot)));
        Self { mailbox, open }
    }
}
