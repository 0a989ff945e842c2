//! Views against clients that are as simple as clients can be, under random interleavings.

use proptest::prelude::*;
use rookery_mail::{
    DateTime, EmailId, MailboxId, ModSeq, SystemFlag, SystemFlags, ThreadId, Uid, UidRange, UidSet,
    UidValidity,
};
use rookery_mailbox::{Event, Expunges, FlagSet, Row, Snapshot, SnapshotParts, View};
use std::sync::Arc;

/// A mailbox that changes.
struct Mailbox(Arc<Snapshot>);

impl Mailbox {
    fn new(messages: usize) -> Self {
        let mut mailbox = Self(Arc::new(Snapshot::from_parts(SnapshotParts {
            id: MailboxId(1),
            uid_validity: UidValidity::new(1).unwrap(),
            uid_next: Some(Uid::MIN),
            highest_modseq: ModSeq::ZERO,
            keywords: Vec::new(),
            rows: Vec::new(),
            tombstones: Vec::new(),
            tombstone_floor: ModSeq::ZERO,
        })));
        mailbox.append(messages);
        mailbox
    }

    fn append(&mut self, messages: usize) {
        let modseq = self.0.highest_modseq().next();
        let mut uid = self.0.uid_next().unwrap();
        let mut edit = self.0.edit(modseq);
        for _ in 0..messages {
            edit.append(Row {
                uid,
                modseq,
                created: modseq,
                flags: FlagSet::default(),
                email: EmailId(1),
                thread: ThreadId(1),
                size: 1,
                internal_date: DateTime::from_unix(0),
                save_date: 0,
            });
            uid = uid.next().unwrap();
        }
        self.0 = Arc::new(edit.finish());
    }

    /// Those of the messages that the bits of the mask, over and over again, pick out.
    fn pick(&self, mask: u16) -> UidSet {
        let rows = self.0.rows().enumerate().filter(|(at, _)| mask >> (at % 16) & 1 == 1);
        rows.map(|(_, row)| row.uid).collect()
    }

    fn expunge(&mut self, mask: u16) {
        let mut edit = self.0.edit(self.0.highest_modseq().next());
        edit.remove(&self.pick(mask));
        self.0 = Arc::new(edit.finish());
    }

    fn forget_tombstones(&mut self, count: usize) {
        let mut edit = self.0.edit(self.0.highest_modseq());
        edit.forget_tombstones(count);
        self.0 = Arc::new(edit.finish());
    }

    fn flag(&mut self, mask: u16, flags: FlagSet) -> (UidSet, ModSeq) {
        let modseq = self.0.highest_modseq().next();
        let uids = self.pick(mask);
        let mut edit = self.0.edit(modseq);
        edit.set_flags(&uids, |_| flags);
        self.0 = Arc::new(edit.finish());
        (uids, modseq)
    }

    fn state(&self) -> Vec<(Uid, FlagSet)> {
        self.0.rows().map(|row| (row.uid, row.flags)).collect()
    }
}

/// A client: a list of messages that it changes as it is told to.
struct Client {
    view: View,
    messages: Vec<(Uid, FlagSet)>,
}

impl Client {
    fn select(mailbox: &Mailbox) -> Self {
        Self { view: View::open(&mailbox.0), messages: mailbox.state() }
    }

    /// Does what it is told, and fetches messages that are new to it.
    fn sync(&mut self, mailbox: &Mailbox, expunges: Expunges) {
        let before = self.messages.len();
        let mut last_kind = 0;
        for event in self.view.sync(&mailbox.0, expunges) {
            let kind = match event {
                Event::Expunge { number, uid } => {
                    assert_eq!(expunges, Expunges::Tell, "numbers move only when they may");
                    assert_eq!(self.messages.remove(number as usize - 1).0, uid);
                    1
                }
                Event::Exists(count) => {
                    assert!(count as usize > self.messages.len(), "EXISTS tells of new messages");
                    self.fetch_new(mailbox, count);
                    2
                }
                Event::Flags { number, row } => {
                    let message = &mut self.messages[number as usize - 1];
                    assert_eq!(message.0, row.uid);
                    assert_ne!(message.1, row.flags, "what the client knows is not told again");
                    message.1 = row.flags;
                    3
                }
            };
            assert!(kind > last_kind || kind == last_kind && kind != 2, "events are in order");
            last_kind = kind;
        }
        assert!(expunges == Expunges::Tell || self.messages.len() >= before);
        self.check(mailbox, expunges);
    }

    fn fetch_new(&mut self, mailbox: &Mailbox, count: u32) {
        for number in self.messages.len() as u32 + 1..=count {
            let row = mailbox.0.row(self.view.uid(number).unwrap()).unwrap();
            self.messages.push((row.uid, row.flags));
        }
    }

    /// Catches up with a moment, while the mailbox goes on.
    fn catch_up(
        &mut self,
        mailbox: &mut Mailbox,
        expunges: Expunges,
        mut goes_on: impl FnMut(&mut Mailbox),
    ) {
        let moment = mailbox.0.highest_modseq();
        let mut syncing = std::mem::take(&mut self.view).begin_sync(moment, expunges);
        goes_on(mailbox);
        while syncing.step(&mailbox.0) {
            goes_on(mailbox);
        }
        goes_on(mailbox);
        let (view, news) = syncing.finish(&mailbox.0);
        self.view = view;
        for (number, uid) in news.expunges() {
            assert_eq!(expunges, Expunges::Tell, "numbers move only when they may");
            assert_eq!(self.messages.remove(number as usize - 1).0, uid);
        }
        for number in self.messages.len() as u32 + 1..=news.exists().unwrap_or(0) {
            let uid = self.view.uid(number).unwrap();
            let row = mailbox.0.row(uid);
            self.view.told(row);
            self.messages.push((uid, row.map_or(FlagSet::default(), |row| row.flags)));
        }
        for row in mailbox.0.rows_in(news.changed()).filter(|row| row.modseq <= moment) {
            let number = self.view.number(row.uid).expect("it is known");
            self.messages[number as usize - 1].1 = row.flags;
        }
        assert_eq!(self.view.synced(), moment.max(self.view.synced()));
        assert_eq!(self.view.uids(), self.messages.iter().map(|(uid, _)| *uid).collect());
    }

    /// Learn of the flags of some of the messages that are known here, as the mailbox has them.
    fn fetch(&mut self, mailbox: &Mailbox, mask: u16) {
        let mut rows = Vec::new();
        for (bit, (uid, flags)) in self.messages.iter_mut().enumerate() {
            let row = mailbox.0.row(*uid).filter(|_| mask >> (bit % 16) & 1 == 1);
            if let Some(row) = row {
                *flags = row.flags;
                rows.push(row.clone());
            }
        }
        self.view.told(&rows);
    }

    fn check(&self, mailbox: &Mailbox, expunges: Expunges) {
        let held = self.view.held_back();
        let shown: Vec<_> =
            self.messages.iter().copied().filter(|(uid, _)| !held.contains(*uid)).collect();
        assert_eq!(shown, mailbox.state());
        assert!(expunges == Expunges::Hold || held.is_empty());
        assert_eq!(self.view.synced(), mailbox.0.highest_modseq());
        assert_eq!(self.view.len() as usize, self.messages.len());
        for (number, (uid, _)) in (1..).zip(&self.messages) {
            assert_eq!((self.view.uid(number), self.view.number(*uid)), (Some(*uid), Some(number)));
        }
        assert_eq!(self.view.uids(), self.messages.iter().map(|(uid, _)| *uid).collect());
        assert_eq!(self.view.last_uid(), self.messages.last().map(|(uid, _)| *uid));
    }
}

#[derive(Clone, Copy, Debug)]
enum Step {
    Append(usize),
    Expunge(u16),
    /// No more expunges than these are remembered.
    Forget(usize),
    /// Somebody changes flags.
    Flag(u16, u8),
    /// A client does, and wants no answer.
    OwnFlag(usize, u16, u8),
    /// A client asks for flags.
    Fetch(usize, u16),
    Sync(usize, Expunges),
    /// A client catches up, while messages come, go and change.
    CatchUp(usize, Expunges, u16, u8),
}

fn step() -> impl Strategy<Value = Step> {
    let expunges = prop_oneof![Just(Expunges::Tell), Just(Expunges::Hold)];
    prop_oneof![
        (1..4usize).prop_map(Step::Append),
        any::<(u16, u16)>().prop_map(|(a, b)| Step::Expunge(a & b)),
        (0..10usize).prop_map(Step::Forget),
        any::<(u16, u8)>().prop_map(|(mask, bits)| Step::Flag(mask, bits)),
        (0..3usize, any::<(u16, u8)>())
            .prop_map(|(who, (mask, bits))| Step::OwnFlag(who, mask, bits)),
        (0..3usize, any::<u16>()).prop_map(|(who, mask)| Step::Fetch(who, mask)),
        (0..3usize, expunges.clone()).prop_map(|(who, expunges)| Step::Sync(who, expunges)),
        (0..3usize, expunges.clone()).prop_map(|(who, expunges)| Step::Sync(who, expunges)),
        (0..3usize, expunges, any::<u16>(), any::<u8>())
            .prop_map(|(who, expunges, mask, bits)| Step::CatchUp(who, expunges, mask, bits)),
    ]
}

/// Flags that no message had before, so that each change is one; `bits` makes them readable.
fn fresh_flags(count: usize, bits: u8) -> FlagSet {
    FlagSet { system: SystemFlags::from_bits(bits), keywords: count as u128 + 1 }
}

fn take(step: Step, count: usize, mailbox: &mut Mailbox, clients: &mut [Client]) {
    match step {
        Step::Append(messages) => mailbox.append(messages),
        Step::Expunge(mask) => mailbox.expunge(mask),
        Step::Forget(count) => mailbox.forget_tombstones(count),
        Step::Flag(mask, bits) => {
            mailbox.flag(mask, fresh_flags(count, bits));
        }
        Step::OwnFlag(who, mask, bits) => {
            // A client changes flags of messages that it knows, so it is in step with the mailbox.
            clients[who].sync(mailbox, Expunges::Hold);
            let flags = fresh_flags(count, bits);
            let (uids, modseq) = mailbox.flag(mask, flags);
            clients[who].view.hush(&uids, modseq);
            let own = clients[who].messages.iter_mut().filter(|(uid, _)| uids.contains(*uid));
            own.for_each(|message| message.1 = flags);
        }
        Step::Fetch(who, mask) => clients[who].fetch(mailbox, mask),
        Step::Sync(who, expunges) => clients[who].sync(mailbox, expunges),
        Step::CatchUp(who, expunges, mask, bits) => {
            let mut mask = mask;
            clients[who].catch_up(mailbox, expunges, |mailbox| {
                mask = mask.rotate_left(5);
                mailbox.append(usize::from(mask % 3));
                mailbox.flag(mask, fresh_flags(count + usize::from(mask), bits));
                mailbox.expunge(mask & mask.rotate_left(3) & mask.rotate_left(7));
                if mask % 5 == 0 {
                    mailbox.forget_tombstones(1);
                }
            });
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(400) })]
    #[test]
    fn clients_end_up_with_the_mailbox(
        messages in 0..20usize,
        steps in proptest::collection::vec(step(), 0..60),
    ) {
        let mut mailbox = Mailbox::new(messages);
        let mut clients: Vec<Client> = (0..3).map(|_| Client::select(&mailbox)).collect();
        for (count, step) in steps.into_iter().enumerate() {
            take(step, count, &mut mailbox, &mut clients);
        }
        for client in &mut clients {
            client.sync(&mailbox, Expunges::Tell);
            prop_assert_eq!(&client.messages, &mailbox.state());
            prop_assert_eq!(client.view.sync(&mailbox.0, Expunges::Tell), []);
        }
    }
}

#[test]
fn an_older_snapshot_says_nothing_but_held_back_expunges_are_told() {
    let mut mailbox = Mailbox::new(3);
    let older = mailbox.0.clone();
    let mut view = View::open(&older);
    mailbox.expunge(0b010);
    mailbox.append(1);
    assert_eq!(view.sync(&mailbox.0, Expunges::Hold), [Event::Exists(4)]);
    assert_eq!(view.held_back().to_string(), "2");
    assert_eq!(view.sync(&older, Expunges::Hold), []);
    let uid = Uid::new(2).unwrap();
    assert_eq!(view.sync(&older, Expunges::Tell), [Event::Expunge { number: 2, uid }]);
    assert_eq!(view.uids().to_string(), "1,3:4");
}

#[test]
fn what_came_and_went_in_between_is_not_mentioned() {
    let mut mailbox = Mailbox::new(2);
    let mut view = View::open(&mailbox.0);
    mailbox.append(1);
    mailbox.expunge(0b100);
    assert_eq!(view.sync(&mailbox.0, Expunges::Tell), []);
    assert_eq!(view.synced(), mailbox.0.highest_modseq());
}

/// A session that was held back while more was expunged than is remembered.
#[test]
fn what_is_forgotten_is_told_all_the_same() {
    let mut mailbox = Mailbox::new(6);
    mailbox.expunge(0b1);
    let mut view = View::open(&mailbox.0);
    mailbox.expunge(0b10);
    mailbox.append(2);
    mailbox.expunge(0b100001);
    mailbox.forget_tombstones(0);
    assert_eq!(view.sync(&mailbox.0, Expunges::Hold), [Event::Exists(6)]);
    assert_eq!(
        (view.uids().to_string(), view.held_back().to_string()),
        ("2:7".into(), "2:3".into())
    );
    let uid = |number| Uid::new(number).unwrap();
    let gone = [(1, uid(2)), (1, uid(3))].map(|(number, uid)| Event::Expunge { number, uid });
    assert_eq!(view.sync(&mailbox.0, Expunges::Tell), gone);
    assert_eq!(view.uids(), mailbox.0.uids());
}

#[test]
fn only_the_hushed_change_is_hushed() {
    let mut mailbox = Mailbox::new(2);
    let mut view = View::open(&mailbox.0);
    let seen = FlagSet { system: [SystemFlag::Seen].into_iter().collect(), keywords: 0 };
    let (uids, modseq) = mailbox.flag(0b11, seen);
    view.hush(&uids, modseq);
    mailbox.flag(0b10, FlagSet::default());
    let events = view.sync(&mailbox.0, Expunges::Tell);
    assert!(matches!(events.as_slice(), [Event::Flags { number: 2, .. }]), "{events:?}");
}

/// What is forgotten of one's own changes is told without need: better than to keep all of them.
#[test]
fn so_many_own_changes_are_kept_apart() {
    let mut mailbox = Mailbox::new(2);
    let mut view = View::open(&mailbox.0);
    for count in 0..=rookery_mailbox::limits::MAX_HUSHED {
        let mask = if count == 0 { 0b01 } else { 0b10 };
        let (uids, modseq) = mailbox.flag(mask, fresh_flags(count, 0));
        view.hush(&uids, modseq);
    }
    let events = view.sync(&mailbox.0, Expunges::Tell);
    assert!(matches!(events.as_slice(), [Event::Flags { number: 1, .. }]), "{events:?}");
}

#[test]
fn what_was_told_is_not_told_again() {
    let mut mailbox = Mailbox::new(3);
    let mut view = View::open(&mailbox.0);
    for (count, mask) in [0b001, 0b010, 0b100].into_iter().enumerate() {
        mailbox.flag(mask, fresh_flags(count, 0));
    }
    let rows: Vec<_> = mailbox.0.rows().cloned().collect();
    view.told(&rows);
    mailbox.flag(0b010, fresh_flags(3, 0));
    let events = view.sync(&mailbox.0, Expunges::Tell);
    assert!(matches!(events.as_slice(), [Event::Flags { number: 2, .. }]), "{events:?}");
}

#[test]
fn numbers_are_told_one_after_the_other() {
    let mut mailbox = Mailbox::new(5);
    let mut view = View::open(&mailbox.0);
    mailbox.expunge(0b10110);
    let events = view.sync(&mailbox.0, Expunges::Tell);
    let numbers = events.iter().map(|event| match event {
        Event::Expunge { number, uid } => (*number, uid.get()),
        other => panic!("{other:?}"),
    });
    assert_eq!(numbers.collect::<Vec<_>>(), [(2, 2), (2, 3), (3, 5)]);
}

/// A client may name every second message of a mailbox full of gaps; the cost must not be ranges times runs,
/// which took minutes.
#[test]
fn many_ranges_of_a_mailbox_with_many_gaps_are_cheap() {
    let mut mailbox = Mailbox::new(40_000);
    let gone: UidSet = (1..40_000).step_by(2).filter_map(Uid::new).collect();
    let modseq = mailbox.0.highest_modseq().next();
    let mut edit = mailbox.0.edit(modseq);
    edit.remove(&gone);
    mailbox.0 = Arc::new(edit.finish());
    let view = View::open(&mailbox.0);
    let started = std::time::Instant::now();
    let some = (1..20_000).step_by(2).filter_map(Uid::new).collect();
    let around = view.around(&some);
    assert_eq!((around.ranges().len(), view.count(&around)), (10_000, 10_000));
    assert_eq!(view.numbers(&around), some);
    let all =
        view.around(&[UidRange::new(Uid::MIN, Uid::new(20_000).unwrap())].into_iter().collect());
    assert_eq!((all.ranges().len(), view.count(&all)), (1, 20_000));
    assert!(started.elapsed().as_secs() < 5, "{:?}", started.elapsed());
}
