//! What a client knows of its mailbox, from nothing but what it was told, each response on top of the one before.
//! A response that cannot be, after those before it, is an error.

use rookery_imap_wire::{Code, FetchData, Response};
use rookery_mail::{Flag, MailboxId, Uid, UidSet};
use std::collections::{BTreeMap, BTreeSet};

/// Flags by name, in small letters, without `\Recent`.
pub(crate) type Flags = BTreeSet<String>;

/// What is wrong with a response.
pub(crate) type Verdict = Result<(), String>;

/// What a client has enabled.
#[derive(Clone, Copy, Default, Debug)]
pub(crate) struct Dialect {
    pub(crate) condstore: bool,
    pub(crate) qresync: bool,
    pub rev2: bool,
    pub(crate) uid_only: bool,
}

/// What a command lets the server say.
#[derive(Clone, Default, Debug)]
pub(crate) struct Asked {
    /// No expunges (RFC 9051 §7.5.1, RFC 7162 §3.2.10).
    pub(crate) hold: bool,
    /// It may be refused before anything is told.
    pub(crate) untold: bool,
    /// VANISHED (EARLIER) answers it.
    pub(crate) earlier: bool,
    /// FLAGS answer it, so that they need neither UID nor MODSEQ with them.
    pub(crate) flags: bool,
    /// Only later MODSEQs answer it.
    pub(crate) since: Option<u64>,
    /// What it does to the targets' flags without an answer.
    pub(crate) silent: Option<Change>,
    /// Whether the client takes that for done when it is told OK.
    pub(crate) at_ok: bool,
}

/// A change of flags.
#[derive(Clone, Debug)]
pub(crate) struct Change {
    /// `+`, `-` or nothing.
    pub(crate) sign: &'static str,
    pub(crate) flags: Flags,
}

impl Change {
    fn apply(&self, flags: &mut Flags) {
        match self.sign {
            "+" => flags.extend(self.flags.iter().cloned()),
            "-" => flags.retain(|flag| !self.flags.contains(flag)),
            _ => flags.clone_from(&self.flags),
        }
    }
}

/// What is known of a message.
#[derive(Clone, Default, Debug)]
pub(crate) struct Message {
    pub(crate) uid: Option<Uid>,
    pub(crate) flags: Option<Flags>,
    pub(crate) recent: Option<bool>,
    pub(crate) modseq: Option<u64>,
    /// Whether the client's silent STORE is about it.
    pub(crate) target: bool,
}

/// What a client keeps of a mailbox when it leaves: the messages before the first one that it does not know
/// whole, and the modification sequence that it goes on from.
#[derive(Clone, Debug)]
pub(crate) struct Cached {
    pub(crate) highest: u64,
    pub(crate) validity: u32,
    pub(crate) messages: BTreeMap<Uid, Message>,
}

/// The selected mailbox, as a client knows it.
#[derive(Default, Debug)]
pub(crate) struct Picture {
    pub(crate) dialect: Dialect,
    /// In the order of their numbers; without numbers, those whose UIDs are known in the order of these, and then
    /// the others.
    pub(crate) messages: Vec<Message>,
    /// The client's copy of HIGHESTMODSEQ (RFC 7162 §6).
    pub(crate) highest: Option<u64>,
    pub(crate) validity: u32,
    pub(crate) id: Option<MailboxId>,
    recent: Option<u32>,
    /// The UIDs in the client's silent STORE, if it has UIDs.
    meant: Option<Vec<(u32, u32)>>,
    /// Since the last tagged response.
    code: Option<u64>,
    modseq: u64,
    fetched: bool,
    /// What was reported as gone since the mailbox was opened.
    gone: BTreeSet<Uid>,
    /// The flags that messages can have, once that was told.
    applicable: Option<Flags>,
}

impl Picture {
    /// Nothing is known.
    pub(crate) fn new(dialect: Dialect) -> Self {
        Self { dialect, ..Self::default() }
    }

    pub(crate) fn len(&self) -> u32 {
        u32::try_from(self.messages.len()).unwrap_or(u32::MAX)
    }

    /// The number of the first message that is not known whole.
    pub(crate) fn first_unknown(&self) -> Option<u32> {
        let known = |message: &Message| message.uid.is_some() && message.flags.is_some();
        let at = self.messages.iter().position(|message| !known(message))?;
        u32::try_from(at + 1).ok()
    }

    /// A command goes out that makes a silent change of messages with these numbers or UIDs.
    pub(crate) fn aim(&mut self, by_uid: bool, ranges: &[(u32, u32)]) {
        for (number, message) in (1..).zip(&mut self.messages) {
            let uid = message.uid.map(Uid::get);
            let named = if by_uid { uid } else { Some(number) };
            // One without a name may be meant.
            message.target = named.is_none_or(|name| is_within(name, ranges));
        }
        self.meant = by_uid.then(|| ranges.to_vec());
    }

    /// A silent change takes place where nothing more is told of it.
    pub(crate) fn change_targets(&mut self, change: &Change) {
        for message in self.messages.iter_mut().filter(|message| message.target) {
            match (&self.meant, message.uid) {
                (Some(_), None) => message.flags = None,
                (Some(ranges), Some(uid)) if !is_within(uid.get(), ranges) => {}
                _ => message.flags.iter_mut().for_each(|flags| change.apply(flags)),
            }
        }
    }

    /// Take a response for true, if it can be.
    pub(crate) fn apply(&mut self, response: &Response, asked: &Asked) -> Verdict {
        match response {
            Response::Flags(flags) => {
                self.applicable = Some(names(flags));
                Ok(())
            }
            Response::Exists(count) => self.exists(*count),
            Response::Recent(count) => self.recent(*count),
            Response::Expunge(number) => self.expunge(*number, asked),
            Response::Vanished { earlier: false, uids } => self.vanished(uids, asked),
            Response::Vanished { earlier: true, uids } => self.vanished_earlier(uids, asked),
            Response::Fetch { number, items } => self.fetch_numbered(*number, items, asked),
            Response::UidFetch { uid, items } => self.fetch_by_uid(*uid, items, asked),
            Response::Untagged { code: Some(code), .. }
            | Response::Tagged { code: Some(code), .. } => {
                self.code(code);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// After a tagged response: what RFC 7162 §6 says of the client's copy of HIGHESTMODSEQ.
    pub(crate) fn tagged(&mut self) {
        match self.code.take() {
            Some(code) => self.highest = Some(code),
            None => self.highest = self.highest.map(|highest| highest.max(self.modseq)),
        }
        self.modseq = 0;
        self.fetched = false;
        self.messages.iter_mut().for_each(|message| message.target = false);
    }

    fn code(&mut self, code: &Code) {
        match code {
            Code::HighestModSeq(modseq) => self.code = Some(*modseq),
            Code::UidValidity(validity) => self.validity = *validity,
            // That of SELECT comes first; CREATE tells another one.
            Code::MailboxId(id) => _ = self.id.get_or_insert(*id),
            _ => {}
        }
    }

    fn exists(&mut self, count: u32) -> Verdict {
        ensure(count >= self.len(), || format!("EXISTS {count} of {} messages", self.len()))?;
        self.messages.resize(count as usize, Message::default());
        Ok(())
    }

    fn recent(&mut self, count: u32) -> Verdict {
        ensure(!self.dialect.rev2, || "RECENT in rev2".to_owned())?;
        ensure(count <= self.len(), || format!("RECENT {count} of {} messages", self.len()))?;
        let known = self.messages.iter().filter(|message| message.recent == Some(true)).count();
        ensure(count as usize >= known, || format!("RECENT {count}, but {known} are known"))?;
        self.recent = Some(count);
        Ok(())
    }

    fn expunge(&mut self, number: u32, asked: &Asked) -> Verdict {
        let by_uid = self.dialect.qresync || self.dialect.uid_only;
        ensure(!by_uid, || "EXPUNGE instead of VANISHED".to_owned())?;
        ensure(!asked.hold, || "EXPUNGE during a command with numbers".to_owned())?;
        ensure((1..=self.len()).contains(&number), || format!("EXPUNGE {number}"))?;
        self.messages.remove(number as usize - 1);
        Ok(())
    }

    fn vanished(&mut self, uids: &UidSet, asked: &Asked) -> Verdict {
        let by_uid = self.dialect.qresync || self.dialect.uid_only;
        ensure(by_uid, || "VANISHED without QRESYNC".to_owned())?;
        ensure(!asked.hold, || "VANISHED during a command with numbers".to_owned())?;
        for uid in uids.iter() {
            self.gone.insert(uid);
            match self.messages.iter().position(|message| message.uid == Some(uid)) {
                Some(at) => drop(self.messages.remove(at)),
                None => self.vanished_unknown(uid)?,
            }
        }
        Ok(())
    }

    /// It was one of those between two whose UIDs are known; of the others there it is no longer known what is
    /// whose.
    fn vanished_unknown(&mut self, uid: Uid) -> Verdict {
        if self.dialect.uid_only {
            let unknown = self.messages.pop_if(|message| message.uid.is_none());
            return ensure(unknown.is_some(), || format!("VANISHED {uid}, which was not there"));
        }
        let is_before = |message: &Message| message.uid.is_some_and(|known| known < uid);
        let is_after = |message: &Message| message.uid.is_some_and(|known| known > uid);
        let start = self.messages.iter().rposition(is_before).map_or(0, |at| at + 1);
        let end = self.messages.iter().position(is_after).unwrap_or(self.messages.len());
        ensure(start < end, || format!("VANISHED {uid}, which was not there"))?;
        self.messages.remove(start);
        self.messages[start..end - 1].fill(Message::default());
        Ok(())
    }

    fn vanished_earlier(&mut self, uids: &UidSet, asked: &Asked) -> Verdict {
        ensure(self.dialect.qresync, || "VANISHED without QRESYNC".to_owned())?;
        ensure(asked.earlier, || "VANISHED (EARLIER) that nobody asked for".to_owned())?;
        ensure(!self.fetched, || "VANISHED (EARLIER) after FETCH".to_owned())?;
        let there = |uid: &Uid| self.messages.iter().any(|message| message.uid == Some(*uid));
        let there = uids.iter().find(there);
        ensure(there.is_none(), || format!("VANISHED (EARLIER) of {there:?}, which has a number"))?;
        self.gone.extend(uids.iter());
        Ok(())
    }

    fn fetch_numbered(&mut self, number: u32, items: &[FetchData], asked: &Asked) -> Verdict {
        ensure(!self.dialect.uid_only, || format!("FETCH of number {number} with UIDONLY"))?;
        ensure((1..=self.len()).contains(&number), || format!("FETCH of number {number}"))?;
        self.fetch(number, Told::of(items), asked)
    }

    /// The UID takes the place of the number, and of the item.
    fn fetch_by_uid(&mut self, uid: Uid, items: &[FetchData], asked: &Asked) -> Verdict {
        ensure(self.dialect.uid_only, || format!("UIDFETCH of {uid} without UIDONLY"))?;
        let told = Told::of(items);
        ensure(told.uid.is_none_or(|told| told == uid), || format!("{:?} of {uid}", told.uid))?;
        let number = self.place(uid)?;
        self.fetch(number, Told { uid: Some(uid), ..told }, asked)
    }

    /// Where a UID is, for a client without numbers: if it is new, it is that of one of the unknown.
    fn place(&mut self, uid: Uid) -> Result<u32, String> {
        let known =
            self.messages.iter().take_while(|message| message.uid.is_some_and(|it| it < uid));
        let at = known.count();
        if self.messages.get(at).is_none_or(|message| message.uid != Some(uid)) {
            let unknown = self.messages.pop_if(|message| message.uid.is_none());
            ensure(unknown.is_some(), || format!("UID {uid}, but all are known"))?;
            self.messages.insert(at, Message { uid: Some(uid), ..Message::default() });
        }
        u32::try_from(at + 1).map_err(|error| error.to_string())
    }

    fn fetch(&mut self, number: u32, told: Told, asked: &Asked) -> Verdict {
        self.fetched = true;
        if told.flags.is_some() && self.dialect.condstore && !asked.flags {
            let whole = told.uid.is_some() && told.modseq.is_some();
            ensure(whole, || "FLAGS without UID and MODSEQ".to_owned())?;
        }
        ensure(!(self.dialect.rev2 && told.recent), || "\\Recent in rev2".to_owned())?;
        let is_unheard =
            |flag: &&String| !self.applicable.as_ref().is_none_or(|it| it.contains(*flag));
        let unheard = told.flags.iter().flatten().find(is_unheard);
        ensure(unheard.is_none(), || format!("{unheard:?}, which FLAGS did not have"))?;
        if let Some(uid) = told.uid {
            self.identify(number, uid)?;
        }
        let message = &mut self.messages[number as usize - 1];
        if let Some(modseq) = told.modseq {
            let known = message.modseq.unwrap_or(0);
            ensure(modseq >= known, || format!("MODSEQ {modseq} after {known}"))?;
            let since = asked.since.unwrap_or(0);
            ensure(modseq > since, || format!("MODSEQ {modseq} is not since {since}"))?;
            message.modseq = Some(modseq);
            self.modseq = self.modseq.max(modseq);
        }
        match (told.flags, &asked.silent) {
            (Some(flags), _) => {
                let changed = message.recent.is_some_and(|recent| recent != told.recent);
                ensure(!changed, || "\\Recent changed within a session".to_owned())?;
                message.recent = Some(told.recent);
                message.flags = Some(flags);
            }
            // That is how its own silent change is answered (RFC 7162 §3.1.3).
            (None, Some(change)) if told.modseq.is_some() => {
                message.flags.iter_mut().for_each(|flags| change.apply(flags));
            }
            _ => {}
        }
        Ok(())
    }

    /// A number never changes its UID, and UIDs ascend.
    pub(crate) fn identify(&mut self, number: u32, uid: Uid) -> Verdict {
        let at = number as usize - 1;
        let known = self.messages[at].uid;
        let clash = || format!("number {number} has UID {uid}, but it had {known:?}");
        ensure(known.is_none_or(|known| known == uid), clash)?;
        let (before, after) = (&self.messages[..at], &self.messages[at + 1..]);
        let ascends = before.iter().filter_map(|message| message.uid).all(|other| other < uid)
            && after.iter().filter_map(|message| message.uid).all(|other| other > uid);
        ensure(ascends, || format!("UID {uid} of number {number} is not between its neighbours'"))?;
        self.messages[at].uid = Some(uid);
        Ok(())
    }

    /// The mailbox was opened with what is left of a cache: those not reported as gone come first.
    pub(crate) fn recall(&mut self, cached: &Cached) -> Verdict {
        let gone = std::mem::take(&mut self.gone);
        let left = cached.messages.iter().filter(|(uid, _)| !gone.contains(uid));
        for (number, (uid, message)) in (1..).zip(left) {
            ensure(number <= self.len(), || format!("UID {uid} is neither there nor gone"))?;
            let number = if self.dialect.uid_only { self.place(*uid)? } else { number };
            self.identify(number, *uid)?;
            let here = &mut self.messages[number as usize - 1];
            if here.flags.is_none() {
                here.flags.clone_from(&message.flags);
            }
            here.modseq = here.modseq.max(message.modseq);
        }
        Ok(())
    }

    /// Whether what is known is what another picture shows, which shows everything.
    pub(crate) fn is_like(&self, other: &Self) -> Verdict {
        let (len, there) = (self.len(), other.len());
        ensure(len == there, || format!("{len} messages are known, {there} are there"))?;
        for (here, there) in self.messages.iter().zip(&other.messages) {
            let like = here.uid == there.uid
                && here.flags == there.flags
                && (here.modseq.is_none() || here.modseq == there.modseq);
            ensure(like, || format!("{here:?} is known, {there:?} is there"))?;
        }
        Ok(())
    }

    /// What the client can keep.
    pub(crate) fn to_cache(&self) -> Option<Cached> {
        let known = |message: &Message| Some((message.uid?, message.flags.clone()?));
        let mut messages = BTreeMap::new();
        for message in &self.messages {
            let Some((uid, flags)) = known(message) else { break };
            let kept = Message { flags: Some(flags), recent: None, ..message.clone() };
            messages.insert(uid, kept);
        }
        Some(Cached { highest: self.highest?, validity: self.validity, messages })
    }
}

/// The items of a FETCH response that matter here.
#[derive(Default)]
struct Told {
    uid: Option<Uid>,
    flags: Option<Flags>,
    recent: bool,
    modseq: Option<u64>,
}

impl Told {
    fn of(items: &[FetchData]) -> Self {
        let mut told = Self::default();
        for item in items {
            match item {
                FetchData::Uid(uid) => told.uid = Some(*uid),
                FetchData::ModSeq(modseq) => told.modseq = Some(*modseq),
                FetchData::Flags { flags, recent } => {
                    told.flags = Some(names(flags));
                    told.recent = *recent;
                }
                _ => {}
            }
        }
        told
    }
}

fn is_within(value: u32, ranges: &[(u32, u32)]) -> bool {
    ranges.iter().any(|(first, last)| (*first..=*last).contains(&value))
}

/// Flags by name.
pub(crate) fn names(flags: &[Flag]) -> Flags {
    flags.iter().map(|flag| flag.as_str().to_ascii_lowercase()).collect()
}

pub(crate) fn ensure(is_so: bool, otherwise: impl FnOnce() -> String) -> Verdict {
    if is_so { Ok(()) } else { Err(otherwise()) }
}
