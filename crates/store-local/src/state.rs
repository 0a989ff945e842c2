//! What an account is at one moment, in memory: the sum of its log.

use crate::draft::{Delta, EmailEvent};
use crate::frame::ALIGNMENT;
use crate::index::{Content, Source};
use crate::resting::{Part, Resting};
use crate::segment::SEGMENT_HEADER;
use crate::threads::Threads;
use crate::vfs::Vfs;
use rookery_mail::{EmailId, MailboxId, ModSeq, Uid};
use rookery_mailbox::{MailboxList, OpenMailbox, Snapshot, Status};
use std::collections::BTreeMap;
use std::io;
use std::path::Path;
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
    awake: Resting<Awake>,
    /// While it is at rest: the first UID that no session was told of as recent, and what else is known of it.
    at_rest: (Option<Uid>, Status),
}

/// A mailbox whose messages are in memory.
struct Awake {
    mailbox: Mailbox,
    open: Arc<OpenMailbox>,
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

/// Octets of a segment that may be given back.
#[derive(Clone, Copy)]
pub(crate) struct Octets {
    /// Of content that no message has.
    pub(crate) dead: u64,
    /// Of what is no content.
    pub(crate) metadata: u64,
}

/// The content of all messages, by [`EmailId`], which begins at 1.
#[derive(Debug, Default)]
pub(crate) struct Emails {
    table: Resting<Vec<Email>>,
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
    /// All content, and the live units and the generations of segments as index snapshots have them.
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
        Self { table: Resting::from(all), live, dead, generations, died }
    }

    /// The same of content that is listed in a file.
    pub(crate) fn at_rest(
        live: BTreeMap<u32, u64>,
        dead: BTreeMap<u32, u64>,
        generations: BTreeMap<u32, u32>,
    ) -> Self {
        let died = dead.values().sum();
        Self { table: Resting::at_rest(), live, dead, generations, died }
    }

    /// Count anew what each segment has, where what was put together need not have come about by changes that were counted.
    pub(crate) fn recount(&mut self) {
        let Some(all) = self.table.get() else { return };
        let (mut live, mut dead) = (BTreeMap::new(), BTreeMap::new());
        for email in all {
            let sums = if email.references > 0 { &mut live } else { &mut dead };
            *sums.entry(email.location.segment).or_default() += u64::from(email.location.len);
        }
        self.died = dead.values().sum();
        (self.live, self.dead) = (live, dead);
    }

    /// All content from the first id on; `None` while it is at rest.
    pub(crate) fn all(&self) -> Option<&[Email]> {
        self.table.get().map(Vec::as_slice)
    }

    /// All content, for whoever needs nothing else.
    pub(crate) fn take(self) -> Option<Vec<Email>> {
        self.table.take()
    }

    /// Whether a segment has dead content.
    pub(crate) fn has_dead(&self, segment: u32) -> bool {
        self.dead.get(&segment).is_some_and(|units| *units > 0)
    }

    /// What a segment of so many octets has that may be given back.
    pub(crate) fn octets(&self, segment: u32, len: u64) -> Octets {
        let octets =
            |units: &BTreeMap<u32, u64>| units.get(&segment).map_or(0, |it| it * ALIGNMENT);
        let (live, dead) = (octets(&self.live), octets(&self.dead));
        Octets { dead, metadata: len.saturating_sub(SEGMENT_HEADER as u64 + live + dead) }
    }

    /// Which of its rewritings a segment is; 0 for none.
    pub(crate) fn generation(&self, segment: u32) -> u32 {
        self.generations.get(&segment).copied().unwrap_or(0)
    }

    /// Segments that were read, and the generation of each.
    pub(crate) fn note_generations(&mut self, found: Vec<(u32, u32)>) {
        self.generations.extend(found.into_iter().filter(|(_, generation)| *generation > 0));
    }

    /// The segment was rewritten: its content lies elsewhere in it, or is gone. A repair may have found it in another one.
    pub(crate) fn relocate(
        &mut self,
        (segment, generation): (u32, u32),
        moved: &[(EmailId, Location)],
    ) {
        debug_assert!(moved.is_empty() || self.all().is_some(), "what changes is in memory");
        let mut all = self.table.get_mut();
        for (id, to) in moved {
            let all = all.as_deref_mut();
            let Some(email) = all.and_then(|all| all.get_mut(index(*id)?)) else { continue };
            let sums = if email.references > 0 { &mut self.live } else { &mut self.dead };
            let from = sums.entry(email.location.segment).or_default();
            *from = from.saturating_sub(u64::from(email.location.len));
            *sums.entry(to.segment).or_default() += u64::from(to.len);
            email.location = *to;
        }
        self.generations.insert(segment, generation);
    }

    /// Nobody knows where in this segment its content lies now. Reading it finds that it is damaged.
    pub(crate) fn lose(&mut self, segment: u32) {
        let nowhere = Location { segment, offset: 0, len: 1 };
        let is_there = |email: &&Email| email.location.segment == segment && email.location.len > 0;
        let all = self.all().unwrap_or_default().iter().zip(1..);
        let lost = all.filter(|(email, _)| is_there(email)).map(|(_, id)| (EmailId(id), nowhere));
        let lost: Vec<_> = lost.collect();
        self.relocate((segment, self.generation(segment)), &lost);
    }

    /// Content that lies here, and that a message in a mailbox is about to have.
    pub(crate) fn add(&mut self, location: Location) -> EmailId {
        self.happen(EmailEvent::Added(location));
        EmailId(self.len())
    }

    /// How many there ever were; 0 while that is not known.
    pub(crate) fn len(&self) -> u64 {
        self.all().map_or(0, |all| all.len() as u64)
    }

    /// Let a message have this content that no message had any more; says whether it is still there.
    pub(crate) fn revive(&mut self, id: EmailId) -> bool {
        let email = self.get(id);
        let is_dead = email.is_some_and(|email| email.references == 0 && email.location.len > 0);
        if is_dead {
            self.happen(EmailEvent::Shared(id));
        }
        is_dead
    }

    /// Let this be the next content. What would have come before it is lost, and no message has it.
    pub(crate) fn skip_to(&mut self, next: EmailId) {
        let count = usize::try_from(next.0.saturating_sub(1)).unwrap_or(usize::MAX);
        if let Some(all) = self.table.get_mut() {
            all.resize(count.max(all.len()), Email::default());
        }
    }

    /// Where content lies that some mailbox still has, and in which generation of the segment. Nobody knows while the
    /// table is at rest.
    pub(crate) fn find(&self, id: EmailId) -> Option<(Location, u32)> {
        let location = self.get(id).filter(|email| email.references > 0)?.location;
        Some((location, self.generation(location.segment)))
    }

    fn get(&self, id: EmailId) -> Option<&Email> {
        self.all()?.get(index(id)?)
    }

    fn happen(&mut self, event: EmailEvent) {
        debug_assert!(self.all().is_some(), "what changes is in memory");
        match event {
            EmailEvent::Added(location) => {
                *self.live.entry(location.segment).or_default() += u64::from(location.len);
                let all = self.table.get_mut();
                all.into_iter().for_each(|all| all.push(Email { location, references: 1 }));
            }
            EmailEvent::Shared(id) => self.count(id, 1),
            EmailEvent::Released(id) => self.count(id, -1),
        }
    }

    fn count(&mut self, id: EmailId, difference: i32) {
        let all = self.table.get_mut();
        let Some(email) = all.and_then(|all| all.get_mut(index(id)?)) else { return };
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

/// Where in the table some content is.
fn index(id: EmailId) -> Option<usize> {
    usize::try_from(id.0.checked_sub(1)?).ok()
}

/// An account as it is durably.
#[derive(Default)]
pub(crate) struct State {
    pub(crate) list: Arc<MailboxList>,
    pub(crate) mailboxes: BTreeMap<MailboxId, Published>,
    pub(crate) counters: Counters,
    /// The messages of all mailboxes, from when the account is open on.
    pub(crate) messages: u64,
    pub(crate) emails: Emails,
    pub(crate) threads: Resting<Threads>,
    /// Where that lies which is not in memory; `None` if all is.
    pub(crate) source: Option<Arc<Source>>,
}

impl State {
    /// How many messages all mailboxes have, one mailbox after the other.
    pub(crate) fn count_messages(&self) -> u64 {
        let counts = self.mailboxes.values().map(|it| u64::from(it.status().counts.messages));
        counts.sum()
    }

    /// Whether something is not in memory.
    pub(crate) fn is_at_rest(&self, part: Part) -> bool {
        match part {
            Part::Contents => self.emails.all().is_none(),
            Part::Threads => self.threads.get().is_none(),
            Part::Mailbox(id) => self.mailboxes.get(&id).is_some_and(|it| it.mailbox().is_none()),
        }
    }

    /// All parts that there are.
    pub(crate) fn parts(&self) -> impl Iterator<Item = Part> {
        let mailboxes = self.mailboxes.keys().copied().map(Part::Mailbox);
        [Part::Contents, Part::Threads].into_iter().chain(mailboxes)
    }

    /// Take over what was at rest.
    pub(crate) fn wake(&self, content: Content) {
        match content {
            Content::Contents(all) => self.emails.table.wake(all),
            Content::Threads(threads) => self.threads.wake(threads),
            Content::Mailbox(snapshot) => {
                let published = self.mailboxes.get(&snapshot.id());
                published.into_iter().for_each(|it| it.wake(Arc::clone(&snapshot)));
            }
        }
    }

    /// Read what is at rest from its file.
    pub(crate) fn read(&self, (vfs, account): (&dyn Vfs, &Path), part: Part) -> io::Result<()> {
        if let Some(source) = self.source.as_ref().filter(|_| self.is_at_rest(part)) {
            self.wake(source.read(vfs, account, part)?);
        }
        Ok(())
    }

    /// Read all that is at rest.
    pub(crate) fn read_all(&self, at: (&dyn Vfs, &Path)) -> io::Result<()> {
        self.parts().try_for_each(|part| self.read(at, part))
    }

    /// Take over what has become durable, and tell those who watch.
    pub(crate) fn publish(&mut self, delta: Delta) {
        self.list = delta.list;
        self.counters = delta.counters;
        self.messages = self.messages.saturating_add_signed(delta.growth);
        delta.emails.into_iter().for_each(|event| self.emails.happen(event));
        if let Some(threads) = self.threads.get_mut() {
            threads.extend(delta.threads);
        }
        for (id, mailbox) in delta.mailboxes {
            self.publish_mailbox(id, mailbox);
        }
    }

    /// Show all watchers that there is nothing left to watch.
    pub(crate) fn vanish(&mut self) {
        let modseq = self.counters.modseq;
        let modseq = ModSeq::new(modseq.get() + 1).unwrap_or(modseq);
        for published in std::mem::take(&mut self.mailboxes).into_values() {
            // Nobody has one open that is at rest.
            if let Some(Awake { mailbox, open }) = published.awake.get() {
                open.publish(Arc::new(mailbox.snapshot.edit(modseq).delete()));
            }
        }
        self.list = Arc::default();
        self.messages = 0;
        self.emails = Emails::default();
        self.threads = Resting::default();
    }

    fn publish_mailbox(&mut self, id: MailboxId, mailbox: Mailbox) {
        let is_deleted = mailbox.snapshot.is_deleted();
        match self.mailboxes.get_mut(&id) {
            Some(published) => published.publish(mailbox),
            None => drop(self.mailboxes.insert(id, Published::new(mailbox))),
        }
        if is_deleted {
            self.mailboxes.remove(&id);
        }
    }
}

impl Published {
    /// A mailbox whose messages are in memory.
    pub(crate) fn new(mailbox: Mailbox) -> Self {
        let at_rest = (mailbox.recent, Status::of(&mailbox.snapshot, mailbox.recent));
        Self { awake: Resting::from(Awake::new(mailbox)), at_rest }
    }

    /// A mailbox whose messages are in a file.
    pub(crate) fn at_rest(recent: Option<Uid>, status: Status) -> Self {
        Self { awake: Resting::at_rest(), at_rest: (recent, status) }
    }

    /// The mailbox with its messages, if they are in memory.
    pub(crate) fn mailbox(&self) -> Option<&Mailbox> {
        self.awake.get().map(|awake| &awake.mailbox)
    }

    /// The messages, if they are in memory.
    pub(crate) fn snapshot(&self) -> Option<&Arc<Snapshot>> {
        self.mailbox().map(|mailbox| &mailbox.snapshot)
    }

    /// What sessions share, if the messages are in memory.
    pub(crate) fn open(&self) -> Option<&Arc<OpenMailbox>> {
        self.awake.get().map(|awake| &awake.open)
    }

    /// The first UID that no session was told of as recent; `None` when all UIDs are used up.
    pub(crate) fn recent(&self) -> Option<Uid> {
        self.mailbox().map_or(self.at_rest.0, |mailbox| mailbox.recent)
    }

    /// The UID that the next message will have; `None` when they are used up.
    pub(crate) fn uid_next(&self) -> Option<Uid> {
        self.snapshot().map_or(self.at_rest.1.uid_next, |snapshot| snapshot.uid_next())
    }

    /// What is known of the mailbox, whether its messages are in memory or not.
    pub(crate) fn status(&self) -> Status {
        let status = |mailbox: &Mailbox| Status::of(&mailbox.snapshot, mailbox.recent);
        self.mailbox().map_or(self.at_rest.1, status)
    }

    fn wake(&self, snapshot: Arc<Snapshot>) {
        self.awake.wake(Awake::new(Mailbox { snapshot, recent: self.at_rest.0 }));
    }

    fn publish(&mut self, mailbox: Mailbox) {
        debug_assert!(self.mailbox().is_some(), "what changes is in memory");
        let Some(awake) = self.awake.get_mut() else { return };
        if !Arc::ptr_eq(&awake.mailbox.snapshot, &mailbox.snapshot) {
            awake.open.publish(Arc::clone(&mailbox.snapshot));
        }
        awake.mailbox = mailbox;
    }
}

impl Awake {
    fn new(mailbox: Mailbox) -> Self {
        let open = Arc::new(OpenMailbox::new(Arc::clone(&mailbox.snapshot)));
        Self { mailbox, open }
    }
}
