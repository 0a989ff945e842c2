//! One client: its connection, what it has enabled, what it knows, and how it finds its way back.

use crate::picture::{Asked, Cached, Dialect, Picture, Verdict, ensure};
use crate::rng::Rng;
use crate::truth::{MAILBOXES, Truth, is_safe, same, same_but_gone};
use crate::wire::{Journal, Wire};
use rookery_imap_wire::{Code, Response, Status};
use rookery_mail::{MailboxId, Uid};
use rookery_mailbox::Snapshot;
use rookery_testkit::host::InProcess;
use std::sync::Arc;

/// Of so many clients in a hundred, silent changes are made when they are asked for, not when they are answered.
const OPTIMISTS: u32 = 50;

/// What a client can do.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Kind {
    Rev1,
    CondStore,
    QResync,
    Rev2,
    Rev2QResync,
    UidOnly,
    UidOnlyQResync,
    Rev2UidOnly,
}

impl Kind {
    pub(crate) const ALL: [Self; 8] = [
        Self::Rev1,
        Self::CondStore,
        Self::QResync,
        Self::Rev2,
        Self::Rev2QResync,
        Self::UidOnly,
        Self::UidOnlyQResync,
        Self::Rev2UidOnly,
    ];

    pub(crate) fn condstore(self) -> bool {
        self == Self::CondStore || self.qresync()
    }

    fn qresync(self) -> bool {
        matches!(self, Self::QResync | Self::Rev2QResync | Self::UidOnlyQResync)
    }

    fn rev2(self) -> bool {
        matches!(self, Self::Rev2 | Self::Rev2QResync | Self::Rev2UidOnly)
    }

    /// Whether it neither sends nor takes message numbers.
    pub(crate) fn uid_only(self) -> bool {
        matches!(self, Self::UidOnly | Self::UidOnlyQResync | Self::Rev2UidOnly)
    }
}

/// A selected mailbox.
pub(crate) struct Selected {
    pub(crate) mailbox: usize,
    pub(crate) read_only: bool,
    pub(crate) picture: Picture,
    session: u64,
    /// A resynchronisation in several commands is under way: what is kept from earlier stays as it is.
    pub(crate) syncing: bool,
}

impl Selected {
    /// What is really there.
    pub(crate) fn truth(&self, truth: &Truth) -> Option<(MailboxId, Arc<Snapshot>)> {
        let id = self.picture.id?;
        Some((id, truth.snapshot(id)?))
    }
}

/// How a command ended.
pub(crate) struct Answer {
    pub(crate) status: Status,
    pub(crate) code: Option<Code>,
    pub(crate) untagged: Vec<Response>,
}

impl Answer {
    pub(crate) fn is_ok(&self) -> bool {
        self.status == Status::Ok
    }
}

/// A client.
pub(crate) struct Client {
    pub(crate) kind: Kind,
    pub(crate) rng: Rng,
    pub(crate) truth: Arc<Truth>,
    pub(crate) selected: Option<Selected>,
    pub(crate) cached: [Option<Cached>; 3],
    /// The tag of the IDLE that is under way.
    pub(crate) idle: Option<String>,
    /// Whether nobody else does anything.
    pub(crate) alone: bool,
    pub(crate) dialect: Dialect,
    pub(crate) wire: Wire,
    /// Whether it takes its silent changes for done before it is told so.
    pub(crate) optimistic: bool,
    name: String,
    host: Arc<InProcess>,
    journal: Journal,
}

impl Client {
    pub(crate) async fn new(
        name: String,
        kind: Kind,
        mut rng: Rng,
        (host, truth, journal): (Arc<InProcess>, Arc<Truth>, Journal),
    ) -> Self {
        let wire = Wire::connect(&host, name.clone(), journal.clone()).await;
        let optimistic = rng.percent(OPTIMISTS);
        let mut client = Self {
            kind,
            optimistic,
            rng,
            truth,
            selected: None,
            cached: [None, None, None],
            idle: None,
            alone: true,
            dialect: Dialect::default(),
            wire,
            name,
            host,
            journal,
        };
        client.enable().await;
        client
    }

    /// Lose the connection, whatever is on its way, and make another.
    pub(crate) async fn reconnect(&mut self) {
        self.leave();
        self.idle = None;
        self.dialect = Dialect::default();
        self.journal.note(format!("{} is cut off", self.name));
        self.wire = Wire::connect(&self.host, self.name.clone(), self.journal.clone()).await;
        self.enable().await;
    }

    async fn enable(&mut self) {
        // In any order, in one command or in several, or by what needs it.
        let mut wanted = Vec::new();
        if self.kind.qresync() {
            wanted.push("QRESYNC");
        }
        if self.kind == Kind::CondStore && self.rng.percent(40) {
            wanted.push("CONDSTORE");
        }
        if self.kind.rev2() {
            wanted.push("IMAP4rev2");
        }
        if self.kind.uid_only() {
            wanted.push("UIDONLY");
        }
        if wanted.is_empty() {
            return;
        }
        if self.rng.percent(50) {
            wanted.reverse();
        }
        let tag = self.wire.command(&format!("ENABLE {}", wanted.join(" "))).await;
        self.wire.until(&tag).await;
        self.dialect = Dialect {
            condstore: self.kind.qresync() || wanted.contains(&"CONDSTORE"),
            qresync: self.kind.qresync(),
            rev2: self.kind.rev2(),
            uid_only: self.kind.uid_only(),
        };
    }

    /// Keep what can be kept of the selected mailbox, which is selected no longer.
    pub(crate) fn leave(&mut self) {
        let Some(selected) = self.selected.take() else { return };
        if self.dialect.condstore && !selected.syncing {
            self.cached[selected.mailbox] = selected.picture.to_cache();
        }
    }

    /// The picture of the selected mailbox; an empty one where there is none.
    pub(crate) fn len(&self) -> u32 {
        self.selected.as_ref().map_or(0, |selected| selected.picture.len())
    }

    /// Send a command; take each response for true, up to the tagged one; and see whether the server kept its word.
    pub(crate) async fn ask(&mut self, command: &str, asked: Asked) -> Answer {
        let tag = self.wire.command(command).await;
        self.answer(&tag, asked).await
    }

    /// The same for a command that has been sent.
    pub(crate) async fn answer(&mut self, tag: &str, asked: Asked) -> Answer {
        let mut untagged = Vec::new();
        loop {
            let response = self.wire.next().await;
            self.take(&response, &asked);
            if let Response::Tagged { tag: end, status, code, .. } = response {
                assert_eq!(end.as_str(), tag, "{}", self.name);
                if let Some(selected) = &mut self.selected {
                    if let Some(change) = asked.silent.as_ref().filter(|_| asked.at_ok) {
                        selected.picture.change_targets(change);
                    }
                    selected.picture.tagged();
                }
                self.check(&asked);
                return Answer { status, code, untagged };
            }
            untagged.push(response);
        }
    }

    pub(crate) fn take(&mut self, response: &Response, asked: &Asked) {
        let rev2 = self.dialect.rev2;
        let right_search = match response {
            Response::Search { .. } => !rev2,
            _ => true,
        };
        self.hold_to(ensure(right_search, || "SEARCH in rev2".to_owned()));
        let number = matches!(
            response,
            Response::Exists(_)
                | Response::Recent(_)
                | Response::Expunge(_)
                | Response::Vanished { .. }
                | Response::Fetch { .. }
                | Response::UidFetch { .. }
        );
        let verdict = match &mut self.selected {
            Some(selected) => selected.picture.apply(response, asked),
            None => ensure(!number, || format!("{response:?} of no mailbox")),
        };
        self.hold_to(verdict);
    }

    /// What must be true behind every command.
    pub(crate) fn check(&self, asked: &Asked) {
        let Some(selected) = self.selected.as_ref().filter(|selected| !selected.syncing) else {
            return;
        };
        let picture = &selected.picture;
        let Some((id, snapshot)) = selected.truth(&self.truth) else { return };
        if self.dialect.condstore
            && !snapshot.is_deleted()
            && let Some(cached) = picture.to_cache()
        {
            self.hold_to(is_safe(&cached, &snapshot, self.dialect.qresync));
        }
        if !selected.read_only {
            let once = self.truth.recent_once(id, selected.session, picture);
            self.hold_to(once);
        }
        if self.alone && !asked.untold {
            let compare = if asked.hold { same_but_gone } else { same };
            self.hold_to(compare(picture, &snapshot));
        }
    }

    /// Stop here if it is not as it should be.
    pub(crate) fn hold_to(&self, verdict: Verdict) {
        if let Err(problem) = verdict {
            panic!("{} ({:?}): {problem}\n{:?}", self.name, self.kind, self.dialect);
        }
    }

    /// SELECT or EXAMINE, and get to know what is there.
    pub(crate) async fn select(&mut self, mailbox: usize, read_only: bool) {
        let cached = self.cached[mailbox].clone();
        let had = self.selected.as_ref().map(|selected| selected.mailbox);
        let cached = if had == Some(mailbox) {
            self.selected.as_ref().and_then(|selected| selected.picture.to_cache()).or(cached)
        } else {
            cached
        };
        let cached = cached.filter(|_| self.kind.condstore() && self.rng.percent(85));
        let quick = if self.dialect.qresync { cached.as_ref() } else { None };
        let parameters = self.parameters(quick);
        let verb = if read_only { "EXAMINE" } else { "SELECT" };
        let command = format!("{verb} {}{parameters}", MAILBOXES[mailbox]);
        if !self.open(&command, (mailbox, read_only), quick).await {
            return;
        }
        let validity = self.selected.as_ref().map(|selected| selected.picture.validity);
        let cached = cached.filter(|cached| Some(cached.validity) == validity);
        if self.dialect.qresync && self.rng.percent(90) {
            self.learn().await;
        }
        match cached.filter(|_| !self.dialect.qresync) {
            Some(cached) => self.look_for_changes(&cached).await,
            None if self.rng.percent(80) => self.learn().await,
            None => {}
        }
    }

    fn parameters(&mut self, quick: Option<&Cached>) -> String {
        if let Some(cached) = quick {
            return format!(" (QRESYNC ({}))", self.resync_data(cached));
        }
        let wants = self.kind.condstore() && self.rng.percent(50);
        if wants {
            self.dialect.condstore = true;
        }
        if wants { " (CONDSTORE)".to_owned() } else { String::new() }
    }

    /// What the client knows, for the server to go on from.
    fn resync_data(&mut self, cached: &Cached) -> String {
        let Cached { highest, validity, messages } = cached;
        let mut known = format!("{validity} {highest}");
        let uids: Vec<Uid> = messages.keys().copied().collect();
        let Some(last) = uids.last().filter(|_| self.rng.percent(70)) else { return known };
        known += &format!(" 1:{last}");
        if !self.dialect.uid_only && self.rng.percent(50) {
            let at = self.rng.below(u32::try_from(uids.len()).unwrap_or(u32::MAX)) as usize;
            let numbered = (1..).zip(&uids).skip(at).step_by(2);
            let (numbers, uids): (Vec<_>, Vec<_>) = numbered
                .map(|(number, uid): (u32, _)| (number.to_string(), uid.to_string()))
                .unzip();
            known += &format!(" ({} {})", numbers.join(","), uids.join(","));
        }
        known
    }

    /// Send the command, which closes one mailbox and opens another if there is one.
    async fn open(
        &mut self,
        command: &str,
        (mailbox, read_only): (usize, bool),
        quick: Option<&Cached>,
    ) -> bool {
        let mut closing = self.selected.is_some();
        let asked = Asked { earlier: quick.is_some(), ..Asked::default() };
        let tag = self.wire.command(command).await;
        if !closing {
            self.selected = Some(self.opened(mailbox, read_only));
        }
        loop {
            let response = self.wire.next().await;
            if matches!(&response, Response::Untagged { code: Some(Code::Closed), .. }) {
                self.hold_to(ensure(closing, || "CLOSED of no mailbox".to_owned()));
                closing = false;
                self.leave();
                self.selected = Some(self.opened(mailbox, read_only));
                continue;
            }
            self.take(&response, &asked);
            if let Response::Tagged { tag: end, status, .. } = response {
                assert_eq!(end.as_str(), tag, "{}", self.name);
                self.hold_to(ensure(!closing, || "no CLOSED".to_owned()));
                if status != Status::Ok {
                    self.selected = None;
                    self.hold_to(self.may_be_shut(mailbox).await);
                    return false;
                }
                break;
            }
        }
        if let Some(id) = self.selected.as_ref().and_then(|selected| selected.picture.id) {
            self.truth.watch(id).await;
        }
        self.opened_with(quick);
        true
    }

    /// What is not there cannot be opened.
    async fn may_be_shut(&self, mailbox: usize) -> Verdict {
        let name = MAILBOXES[mailbox];
        let is_there = self.truth.named(name).await.is_some();
        let may = mailbox > 0 && !(self.alone && is_there);
        ensure(may, || format!("{name} stays shut"))
    }

    fn opened(&self, mailbox: usize, read_only: bool) -> Selected {
        let picture = Picture::new(self.dialect);
        Selected { mailbox, read_only, picture, session: self.truth.session(), syncing: false }
    }

    fn opened_with(&mut self, quick: Option<&Cached>) {
        let Some(selected) = &mut self.selected else { return };
        let quick = quick.filter(|cached| cached.validity == selected.picture.validity);
        let mut verdict = Ok(());
        if let Some(cached) = quick {
            verdict = selected.picture.recall(cached);
        }
        selected.picture.tagged();
        let (now, before) = (selected.picture.highest, quick.map(|cached| cached.highest));
        self.hold_to(verdict);
        self.hold_to(ensure(now.is_some() && now >= before, || {
            format!("HIGHESTMODSEQ {now:?} after {before:?}")
        }));
        self.check(&Asked::default());
    }
}
