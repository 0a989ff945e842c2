//! What an account is at one moment, in memory: the sum of its log.

use crate::draft::{Delta, EmailEvent};
use crate::threads::Threads;
use rookery_mail::{EmailId, MailboxId, ModSeq, Uid};
use rookery_mailbox::{MailboxList, OpenMailbox, Snapshot};
use std::collections::BTreeMap;
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
    /// Dead units of each segment: what a rewriting of it would give back.
    pub(crate) dead: BTreeMap<u32, u64>,
    /// The generation of each segment that was rewritten.
    pub(crate) generations: BTreeMap<u32, u32>,
    /// Units that have died so far, as a measure of when to look for what to rewrite.
    pub(crate) died: u64,
}

impl Emails {
    /// Content as index snapshots list it.
    pub(crate) fn new(
        all: Vec<Email>,
        live: BTreeMap<u32, u64>,
        generations: BTreeMap<u32, u32>,
    ) -> Self {
        let mut dead = BTreeMap::new();
        for email in all.iter().filter(|email| email.references == 0) {
            *dead.entry(email.location.segment).or_default() += u64::from(email.location.len);
        }
        let died = dead.values().sum();
        Self { all, live, dead, generations, died }
    }

    /// Which of its rewritings a segment is; 0 for none.
    pub(crate) fn generation(&self, segment: u32) -> u32 {
        self.generations.get(&segment).copied().unwrap_or(0)
    }

    /// Segments that were read, and the generation of each.
    pub(crate) fn note_generations(&mut self, found: Vec<(u32, u32)>) {
        self.generations.extend(found.into_iter().filter(|(_, generation)| *generation > 0));
    }

    /// The segment was rewritten: its content lies elsewhere in it, or is gone.
    pub(crate) fn relocate(
        &mut self,
        (segment, generation): (u32, u32),
        moved: &[(EmailId, Location)],
    ) {
        for (id, to) in moved {
            let index = usize::try_from(id.0.wrapping_sub(1)).ok();
            let Some(email) = index.and_then(|index| self.all.get_mut(index)) else { continue };
            let sums = if email.references > 0 { &mut self.live } else { &mut self.dead };
            let sum = sums.entry(to.segment).or_default();
            *sum = sum.saturating_sub(u64::from(email.location.len)) + u64::from(to.len);
            email.location = *to;
        }
        self.generations.insert(segment, generation);
    }

    /// Content that lies here, and that a message in a mailbox is about to have.
    pub(crate) fn add(&mut self, location: Location) -> EmailId {
        self.happen(EmailEvent::Added(location));
        EmailId(self.all.len() as u64)
    }

    /// Let a message have this content that no message had any more; says whether it is still there.
    pub(crate) fn revive(&mut self, id: EmailId) -> bool {
        let index = usize::try_from(id.0.wrapping_sub(1)).ok();
        let email = index.and_then(|index| self.all.get(index));
        let is_dead = email.is_some_and(|email| email.references == 0 && email.location.len > 0);
        if is_dead {
            self.happen(EmailEvent::Shared(id));
        }
        is_dead
    }

    /// Let this be the next content. What would have come before it is lost, and no message has it.
    pub(crate) fn skip_to(&mut self, next: EmailId) {
        let count = usize::try_from(next.0.saturating_sub(1)).unwrap_or(usize::MAX);
        self.all.resize(count.max(self.all.len()), Email::default());
    }

    /// Where content lies that some mailbox still has, and in which generation of the segment.
    pub(crate) fn find(&self, id: EmailId) -> Option<(Location, u32)> {
        let index = usize::try_from(id.0.checked_sub(1)?).ok()?;
        let location = self.all.get(index).filter(|email| email.references > 0)?.location;
        Some((location, self.generation(location.segment)))
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
            (0, 1..) => {
                *live += u64::from(len);
                let dead = self.dead.entry(segment).or_default();
                *dead = dead.saturating_sub(u64::from(len));
            }
            (1.., 0) => {
                *live = live.saturating_sub(u64::from(len));
                *self.dead.entry(segment).or_default() += u64::from(len);
                self.died += u64::from(len);
            }
            _ => {}
        }
    }
}

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
