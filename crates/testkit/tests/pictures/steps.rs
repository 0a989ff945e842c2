//! What a client does next, at random.

use crate::client::{Answer, Client};
use crate::learn::found;
use crate::picture::{Asked, Change, Flags, ensure};
use crate::sets::Set;
use crate::truth::MAILBOXES;
use rookery_imap_wire::{Code, Response, Status};
use rookery_mail::{Flag, Uid};

/// Messages in a mailbox above which clients remove more than they add.
const CROWDED: u32 = 24;

/// More keywords than a mailbox can have.
const TOO_MANY_KEYWORDS: usize = 130;

const FLAGS: [&str; 13] = [
    "\\Seen",
    "\\Flagged",
    "\\Deleted",
    "\\Answered",
    "$Forwarded",
    "Work",
    "later",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
];

#[derive(Clone, Copy)]
enum Step {
    Append,
    Store,
    ConditionalStore,
    Delete,
    Expunge,
    UidExpunge,
    Copy,
    Move,
    FetchFlags,
    FetchSince,
    FetchBody,
    Search,
    Noop,
    Idle,
    Status,
    Select,
    Close,
    Unselect,
    CutOff,
    CutOffInCommand,
    Wrong,
    Mailboxes,
}

const STEPS: [(u32, Step); 22] = [
    (10, Step::Append),
    (20, Step::Store),
    (6, Step::ConditionalStore),
    (4, Step::Delete),
    (6, Step::Expunge),
    (5, Step::UidExpunge),
    (5, Step::Copy),
    (5, Step::Move),
    (8, Step::FetchFlags),
    (5, Step::FetchSince),
    (6, Step::FetchBody),
    (8, Step::Search),
    (8, Step::Noop),
    (7, Step::Idle),
    (2, Step::Status),
    (6, Step::Select),
    (2, Step::Close),
    (2, Step::Unselect),
    (4, Step::CutOff),
    (2, Step::CutOffInCommand),
    (5, Step::Wrong),
    (3, Step::Mailboxes),
];

const WHEN_CROWDED: [(u32, Step); 5] = [
    (40, Step::Delete),
    (25, Step::Expunge),
    (20, Step::UidExpunge),
    (5, Step::Close),
    (10, Step::Noop),
];

impl Client {
    /// Do one thing.
    pub(crate) async fn step(&mut self) {
        if self.idle.is_some() {
            return self.step_in_idle().await;
        }
        if self.selected.is_none() && self.rng.percent(80) {
            let (mailbox, read_only) = (self.rng.below(3) as usize, self.rng.percent(15));
            return self.select(mailbox, read_only).await;
        }
        if self.rng.percent(40) {
            self.learn().await;
        }
        let crowded = self.len() > CROWDED && self.rng.percent(60);
        let step = self.rng.weighted(if crowded { &WHEN_CROWDED[..] } else { &STEPS[..] });
        self.take_step(step).await;
    }

    /// Stop doing anything, and learn all that there is to learn.
    pub(crate) async fn settle(&mut self) {
        self.done().await;
        self.ask("NOOP", Asked::default()).await;
        self.learn().await;
        self.ask("NOOP", Asked::default()).await;
    }

    async fn take_step(&mut self, step: Step) {
        match step {
            Step::Append => self.append().await,
            Step::Noop => drop(self.must("NOOP", Asked::default()).await),
            Step::Idle => self.go_idle().await,
            Step::Status => self.status().await,
            Step::CutOff => self.reconnect().await,
            Step::CutOffInCommand => self.cut_off_in_command().await,
            Step::Select => {
                let (mailbox, read_only) = (self.rng.below(3) as usize, self.rng.percent(15));
                self.select(mailbox, read_only).await;
            }
            Step::Wrong => self.wrong().await,
            Step::Mailboxes => self.change_mailboxes().await,
            _ if self.selected.is_none() => drop(self.must("NOOP", Asked::default()).await),
            Step::Close => self.close("CLOSE").await,
            Step::Unselect => self.close("UNSELECT").await,
            Step::Expunge => self.expunge(None).await,
            _ if self.len() == 0 => self.append().await,
            step => self.take_step_on_messages(step).await,
        }
    }

    async fn take_step_on_messages(&mut self, step: Step) {
        let set = self.set();
        match step {
            Step::ConditionalStore if self.kind.condstore() => self.store(&set, true).await,
            Step::Store | Step::ConditionalStore => self.store(&set, false).await,
            Step::Delete => self.delete(&set).await,
            Step::UidExpunge => {
                let set = self.uid_set();
                self.expunge(Some(&set)).await;
            }
            Step::Copy => self.copy("COPY").await,
            Step::Move => self.copy("MOVE").await,
            Step::FetchFlags => self.fetch_flags(&set).await,
            Step::FetchSince if self.kind.condstore() => self.fetch_since(&set).await,
            Step::FetchBody | Step::FetchSince => self.fetch_body(&set).await,
            _ => self.search(&set).await,
        }
    }

    /// A command that cannot fail, unless somebody gets in between.
    async fn must(&mut self, command: &str, asked: Asked) -> Answer {
        let answer = self.ask(command, asked).await;
        // Messages may be gone of which it has not been told yet.
        let gone =
            matches!(answer.code, Some(Code::ExpungeIssued | Code::TryCreate | Code::NonExistent));
        let unforeseen = self.alone && !answer.is_ok() && !(answer.status == Status::No && gone);
        self.hold_to(ensure(!unforeseen, || format!("{command} fails")));
        answer
    }

    /// The same for a command that changes the mailbox, which cannot be done in one opened by EXAMINE.
    async fn must_if_writable(&mut self, command: &str, asked: Asked) -> Answer {
        let read_only = self.selected.as_ref().is_some_and(|selected| selected.read_only);
        if !read_only {
            return self.must(command, asked).await;
        }
        let answer = self.ask(command, asked).await;
        self.hold_to(ensure(!answer.is_ok(), || format!("{command} after EXAMINE")));
        answer
    }

    async fn append(&mut self) {
        let mailbox = *self.rng.pick(&MAILBOXES);
        let mut command = format!("APPEND {mailbox}");
        for number in 1..=self.rng.between(1, 3) {
            let flags = self.flags(2).join(" ");
            let message = format!("Subject: {number}\r\n\r\nHello {}\r\n", self.rng.below(1000));
            command += &format!(" ({flags}) {{{}+}}\r\n{message}", message.len());
        }
        let answer = self.must(&command, Asked::default()).await;
        let is_told = matches!(answer.code, Some(Code::AppendUid { .. }));
        self.hold_to(ensure(is_told || !answer.is_ok(), || "no APPENDUID".to_owned()));
    }

    async fn store(&mut self, set: &Set, conditional: bool) {
        let mut asked = set.asked();
        let change = self.change();
        let mut condition = String::new();
        if conditional {
            self.condstore_enabled();
            let highest = self.selected.as_ref().and_then(|selected| selected.picture.highest);
            let since = highest.unwrap_or(1).saturating_sub(u64::from(self.rng.below(20)));
            condition = format!(" (UNCHANGEDSINCE {since})");
        }
        let read_only = self.selected.as_ref().is_some_and(|selected| selected.read_only);
        let silent = !read_only && self.rng.percent(40);
        let command = format!(
            "{}STORE {}{condition} {}FLAGS{} ({})",
            set.prefix(),
            set.text,
            change.sign,
            if silent { ".SILENT" } else { "" },
            change.flags.iter().cloned().collect::<Vec<_>>().join(" "),
        );
        if silent {
            self.aim(set, &change);
            asked.at_ok = !self.optimistic && !self.dialect.condstore;
            asked.silent = Some(change);
        }
        self.must_if_writable(&command, asked).await;
    }

    /// A silent change is about to be made: remember of what, and make it now, later, or when the server answers
    /// with a modification sequence. Clients differ in this.
    fn aim(&mut self, set: &Set, change: &Change) {
        let now = self.optimistic && !self.dialect.condstore;
        let Some(selected) = &mut self.selected else { return };
        selected.picture.aim(set.by_uid, &set.ranges);
        if now {
            selected.picture.change_targets(change);
        }
    }

    fn change(&mut self) -> Change {
        let sign = *self.rng.pick(&["+", "+", "-", "-", ""]);
        let mut flags: Flags = self.flags(3).into_iter().map(str::to_ascii_lowercase).collect();
        if flags.is_empty() && !sign.is_empty() {
            flags.insert("\\seen".to_owned());
        }
        Change { sign, flags }
    }

    async fn delete(&mut self, set: &Set) {
        let command = format!("{}STORE {} +FLAGS (\\Deleted)", set.prefix(), set.text);
        self.must_if_writable(&command, set.asked()).await;
    }

    async fn expunge(&mut self, only: Option<&Set>) {
        let command = only.map_or("EXPUNGE".to_owned(), |set| format!("UID EXPUNGE {}", set.text));
        self.removes(&command, 0).await;
    }

    async fn copy(&mut self, verb: &str) {
        let mailbox = *self.rng.pick(&MAILBOXES);
        let set = self.set();
        let many = set.ranges.iter().any(|(first, last)| last - first > 2);
        if many {
            return drop(self.must("NOOP", Asked::default()).await);
        }
        let command = format!("{}{verb} {} {mailbox}", set.prefix(), set.text);
        match verb {
            "COPY" => drop(self.must(&command, Asked::default()).await),
            // What is moved within a mailbox comes back.
            _ => self.removes(&command, 1).await,
        }
    }

    /// A command that removes messages: a client with QRESYNC must be told as of when (RFC 7162 §3.2.7).
    async fn removes(&mut self, command: &str, untagged: usize) {
        let before = self.uids_there();
        let answer = self.must_if_writable(command, Asked::default()).await;
        let removed = before.iter().any(|uid| !self.uids_there().contains(uid));
        let is_told = matches!(answer.code, Some(Code::HighestModSeq(_)));
        let must = self.dialect.qresync && self.alone && removed;
        self.hold_to(ensure(is_told || !must, || format!("no HIGHESTMODSEQ after {command}")));
        let copied = answer.untagged.iter().filter(|response| {
            matches!(response, Response::Untagged { code: Some(Code::CopyUid { .. }), .. })
        });
        let copied = copied.count();
        self.hold_to(ensure(!removed || !self.alone || copied == untagged, || {
            format!("{copied} COPYUID")
        }));
    }

    fn uids_there(&self) -> Vec<Uid> {
        let selected = self.selected.as_ref();
        let snapshot = selected.and_then(|selected| selected.truth(&self.truth));
        snapshot.iter().flat_map(|(_, snapshot)| snapshot.rows()).map(|row| row.uid).collect()
    }

    async fn fetch_flags(&mut self, set: &Set) {
        let mut items = vec!["FLAGS"];
        if self.rng.percent(50) {
            items.push("UID");
        }
        if self.kind.condstore() && self.rng.percent(50) {
            items.push("MODSEQ");
            self.condstore_enabled();
        }
        let command = format!("{}FETCH {} ({})", set.prefix(), set.text, items.join(" "));
        self.must(&command, Asked { flags: true, ..set.asked() }).await;
    }

    async fn fetch_since(&mut self, set: &Set) {
        self.condstore_enabled();
        let highest = self.selected.as_ref().and_then(|selected| selected.picture.highest);
        let since = highest.unwrap_or(1).saturating_sub(u64::from(self.rng.below(30))).max(1);
        let earlier = self.dialect.qresync && set.by_uid && self.rng.percent(60);
        let vanished = if earlier { " VANISHED" } else { "" };
        let command =
            format!("{}FETCH {} (FLAGS) (CHANGEDSINCE {since}{vanished})", set.prefix(), set.text);
        let asked = Asked { flags: true, since: Some(since), earlier, ..set.asked() };
        self.must(&command, asked).await;
    }

    async fn fetch_body(&mut self, set: &Set) {
        let items =
            *self.rng.pick(&["BODY[]", "BODY[TEXT] FLAGS", "BODY.PEEK[]", "UID RFC822.SIZE"]);
        let command = format!("{}FETCH {} ({items})", set.prefix(), set.text);
        self.must(&command, Asked { flags: items.contains("FLAGS"), ..set.asked() }).await;
    }

    async fn search(&mut self, set: &Set) {
        let (key, flag) = *self.rng.pick(&[
            ("ALL", None),
            ("DELETED", Some("\\Deleted")),
            ("FLAGGED", Some("\\Flagged")),
            ("KEYWORD later", Some("later")),
            ("KEYWORD one", Some("one")),
        ]);
        let by_uid = self.rng.percent(50) || self.dialect.uid_only;
        let within = self.rng.percent(30);
        let returns = *self.rng.pick(&["", "", " RETURN ()", " RETURN (ALL COUNT)"]);
        let key = match (within, set.by_uid) {
            (false, _) => key.to_owned(),
            (true, true) => format!("UID {} {key}", set.text),
            (true, false) => format!("{} {key}", set.text),
        };
        let prefix = if by_uid { "UID " } else { "" };
        let command = format!("{prefix}SEARCH{returns} {key}");
        let before = self.known();
        let hold = !by_uid || (within && !set.by_uid);
        let answer = self.must(&command, Asked { hold, ..Asked::default() }).await;
        if self.alone && !within && answer.is_ok() {
            let flag = flag.map(|flag| Flag::parse(flag).expect("a flag"));
            self.compare_search(&found(&answer.untagged), by_uid, &before, flag.as_ref());
        }
    }

    /// By number and UID, as far as it is known.
    fn known(&self) -> Vec<(u32, Option<Uid>)> {
        let messages = self.selected.iter().flat_map(|selected| &selected.picture.messages);
        (1..).zip(messages.map(|message| message.uid)).collect()
    }

    /// A search finds those that have a flag, of those that the client knew.
    fn compare_search(
        &self,
        found: &[u32],
        by_uid: bool,
        before: &[(u32, Option<Uid>)],
        flag: Option<&Flag>,
    ) {
        let Some(selected) = &self.selected else { return };
        let Some((_, snapshot)) = selected.truth(&self.truth) else { return };
        let hit = |uid: Uid| {
            let row = snapshot.row(uid);
            row.is_some_and(|row| flag.is_none_or(|flag| snapshot.flags(row.flags).contains(flag)))
        };
        for (number, uid) in before {
            let Some(uid) = uid else { continue };
            let name = if by_uid { uid.get() } else { *number };
            let (is_found, hit) = (found.contains(&name), hit(*uid));
            self.hold_to(ensure(is_found == hit, || format!("UID {uid}: found {is_found}")));
        }
        let last = before.len();
        let outside = found.iter().find(|number| !by_uid && **number as usize > last);
        self.hold_to(ensure(outside.is_none(), || format!("number {outside:?} found of {last}")));
    }

    /// Make, rename or delete a mailbox, whoever has it open. It may or may not be there.
    async fn change_mailboxes(&mut self) {
        let (one, other) = (*self.rng.pick(&MAILBOXES), *self.rng.pick(&MAILBOXES));
        let command = match self.rng.below(6) {
            0 => format!("DELETE {one}"),
            1 | 2 => format!("RENAME {one} {other}"),
            _ => format!("CREATE {one}"),
        };
        let there = self.truth.named(one).await.is_some();
        let can = match command.as_bytes() {
            [b'C', ..] => !there,
            [b'D', ..] => there && one != "INBOX",
            _ => there && self.truth.named(other).await.is_none(),
        };
        let answer = self.ask(&command, Asked::default()).await;
        self.hold_to(ensure(!self.alone || answer.is_ok() == can, || {
            format!("{command}: {:?}", answer.status)
        }));
    }

    async fn status(&mut self) {
        let items = if self.kind.condstore() { "MESSAGES HIGHESTMODSEQ" } else { "MESSAGES" };
        if self.kind.condstore() {
            self.condstore_enabled();
        }
        let mailbox = *self.rng.pick(&MAILBOXES);
        self.must(&format!("STATUS {mailbox} ({items})"), Asked::default()).await;
    }

    /// CLOSE or UNSELECT. CLOSE must not say as of when (RFC 7162 §3.2.8).
    async fn close(&mut self, command: &str) {
        self.leave();
        let answer = self.must(command, Asked::default()).await;
        let told = matches!(answer.code, Some(Code::HighestModSeq(_)));
        self.hold_to(ensure(!told, || "HIGHESTMODSEQ after CLOSE".to_owned()));
    }

    async fn go_idle(&mut self) {
        let tag = self.wire.command("IDLE").await;
        loop {
            let response = self.wire.next().await;
            if matches!(response, Response::Continue(_)) {
                break;
            }
            self.take(&response, &Asked::default());
        }
        self.idle = Some(tag);
    }

    async fn step_in_idle(&mut self) {
        match self.rng.below(10) {
            0 => self.reconnect().await,
            1..=3 => {}
            _ => self.done().await,
        }
    }

    async fn done(&mut self) {
        if let Some(tag) = self.idle.take() {
            self.wire.line("DONE").await;
            self.answer(&tag, Asked::default()).await;
        }
    }

    /// The connection breaks before the answer has come, whether or not it has been done.
    async fn cut_off_in_command(&mut self) {
        let change = self.change();
        let flags = change.flags.into_iter().collect::<Vec<_>>().join(" ");
        let command = match self.rng.below(4) {
            0 => "EXPUNGE".to_owned(),
            1 => format!("UID STORE 1:* +FLAGS.SILENT ({flags})"),
            2 => "UID FETCH 1:* BODY[]".to_owned(),
            _ => "NOOP".to_owned(),
        };
        self.wire.command(&command).await;
        self.reconnect().await;
    }

    /// Something that does not work, or that has no effect.
    async fn wrong(&mut self) {
        let above = self.len() + 1;
        let keywords = (0..TOO_MANY_KEYWORDS).map(|number| format!("k{number}"));
        let keywords = keywords.collect::<Vec<_>>().join(" ");
        let (command, hold) = match self.rng.below(8) {
            0 => (format!("STORE {above} +FLAGS (\\Seen)"), true),
            1 => (format!("FETCH {above} FLAGS"), true),
            2 => ("FETCH 1 NONSENSE".to_owned(), true),
            3 => ("UID COPY 1:* Nowhere".to_owned(), false),
            4 => ("STATUS Nowhere (MESSAGES)".to_owned(), false),
            5 => (format!("STORE 1:* +FLAGS ({keywords})"), true),
            6 => ("EXAMINE INBOX (QRESYNC (1 1 1 (1 *)))".to_owned(), false),
            _ => ("SEARCH CHARSET X ALL".to_owned(), true),
        };
        let untold = command.contains("NONSENSE");
        let answer = self.ask(&command, Asked { hold, untold, ..Asked::default() }).await;
        self.hold_to(ensure(!answer.is_ok(), || format!("{command} works")));
        let numbers = ["UID", "STATUS", "EXAMINE"].iter().all(|verb| !command.starts_with(verb));
        let refused = answer.code == Some(Code::UidRequired) || self.selected.is_none();
        let must = self.dialect.uid_only && numbers && !untold;
        self.hold_to(ensure(refused || !must, || format!("{command} without [UIDREQUIRED]")));
    }

    /// Some flags, in any order.
    fn flags(&mut self, most: u32) -> Vec<&'static str> {
        let count = self.rng.below(most + 1);
        let mut flags: Vec<_> = (0..count).map(|_| *self.rng.pick(&FLAGS)).collect();
        flags.sort_unstable();
        flags.dedup();
        flags
    }
}
