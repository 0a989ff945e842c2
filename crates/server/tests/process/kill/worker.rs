//! A client that changes its own mailboxes at random, and compares what it finds with what it was told.

use super::model::{Change, Message, Model};
use super::numbers::Numbers;
use crate::client::Client;
use crate::rookery::Server;
use std::collections::BTreeSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

const FLAGS: [&str; 4] = ["\\Seen", "\\Flagged", "\\Deleted", "$Work"];
/// Mailboxes that a client has at the most, and messages in one of them.
const MOST_MAILBOXES: usize = 5;
const MOST_MESSAGES: usize = 12;

/// What a client's mailboxes were like, change by change.
#[derive(Default)]
pub(crate) struct History(Mutex<Told>);

#[derive(Default)]
struct Told {
    /// After each change that was asked for.
    models: Vec<Model>,
    acknowledged: usize,
}

impl History {
    /// How many changes were acknowledged.
    pub(crate) fn acknowledged(&self) -> usize {
        self.0.lock().unwrap().acknowledged
    }
}

/// A client, from one server to the next.
#[derive(Clone)]
pub(crate) struct Worker {
    account: String,
    /// What the names of its mailboxes begin with.
    prefix: String,
    model: Model,
    /// The change that was under way when the server was killed.
    in_flight: Option<Change>,
    seen: Numbers,
    random: u64,
    given: u64,
    pub(super) acknowledged: u64,
}

impl Worker {
    pub(crate) fn new(number: usize, accounts: usize, seed: u64) -> Self {
        Self {
            account: format!("user{}", number % accounts),
            prefix: format!("w{number}-"),
            model: Model::default(),
            in_flight: None,
            seen: Numbers::default(),
            random: seed.wrapping_mul(1000).wrapping_add(number as u64 + 1),
            given: 0,
            acknowledged: 0,
        }
    }

    /// Change things until the server is killed; `all` counts what was acknowledged to all clients.
    pub(super) fn work(&mut self, imap: Client, lmtp: Client, all: &AtomicU64) {
        let (mut imap, mut lmtp) = (imap, lmtp);
        loop {
            let change = self.next();
            if self.make(&change, &mut imap, &mut lmtp).is_none() {
                self.in_flight = Some(change);
                return;
            }
            self.model = self.model.after(&change);
            self.acknowledged += 1;
            all.fetch_add(1, Ordering::Relaxed);
        }
    }

    pub(crate) fn connect(&self, server: &Server) -> Client {
        let mut client = server.connect("imap");
        client.ok(&format!("LOGIN {} tulip-field", self.account));
        client
    }

    /// Change things until that is enough, and keep what becomes of them.
    pub(crate) fn work_until(
        &mut self,
        (mut imap, mut lmtp): (Client, Client),
        history: &History,
        is_over: &AtomicBool,
    ) {
        while !is_over.load(Ordering::SeqCst) {
            let change = self.next();
            self.model = self.model.after(&change);
            history.0.lock().unwrap().models.push(self.model.clone());
            self.make(&change, &mut imap, &mut lmtp).unwrap();
            history.0.lock().unwrap().acknowledged += 1;
        }
    }

    /// What is found must be as at some moment since this many changes were acknowledged.
    pub(crate) fn verify_copy(&self, server: &Server, history: &History, acknowledged: usize) {
        let found = self.look(&mut self.connect(server), &mut Numbers::default());
        let told = history.0.lock().unwrap();
        let from = told.models.get(acknowledged.saturating_sub(1)..).unwrap_or_default();
        let is_new = acknowledged == 0 && found == Model::default();
        assert!(is_new || from.contains(&found), "{}: found {found:#?}", self.prefix);
    }

    /// What is found must be as after the last acknowledged change, or as after the one under way.
    pub(super) fn verify(&mut self, server: &Server) {
        let mut seen = std::mem::take(&mut self.seen);
        let found = self.look(&mut self.connect(server), &mut seen);
        self.seen = seen;
        let possible = match self.in_flight.take() {
            Some(change) => vec![self.model.clone(), self.model.after(&change)],
            None => vec![self.model.clone()],
        };
        assert!(
            possible.contains(&found),
            "{}: found {found:#?}\ninstead of {possible:#?}",
            self.prefix
        );
        self.model = found;
    }

    fn look(&self, client: &mut Client, seen: &mut Numbers) -> Model {
        let mut model = Model::default();
        for line in client.ok(&format!("LIST \"\" {}*", self.prefix)) {
            let Some(name) = name_of(&line, "* LIST ") else { continue };
            client.ok(&format!("EXAMINE {name}"));
            let numbers: Vec<u64> = client.messages().iter().map(|text| number_of(text)).collect();
            let lines = client.ok("UID FETCH 1:* FLAGS");
            let flags: Vec<_> = lines.iter().filter_map(|line| flags_of(line)).collect();
            let uids: Vec<u32> = lines.iter().filter_map(|line| uid_of(line)).collect();
            assert!(numbers.len() == flags.len() && numbers.len() == uids.len(), "{name}");
            let items = "(UIDVALIDITY UIDNEXT HIGHESTMODSEQ)";
            let lines = client.ok(&format!("STATUS {name} {items}"));
            let status =
                lines.iter().find(|line| line.starts_with("* STATUS ")).expect("an answer");
            seen.note(status, uids.into_iter().zip(numbers.iter().copied()));
            let messages = numbers.into_iter().zip(flags);
            let messages = messages.map(|(number, flags)| Message { number, flags });
            model.mailboxes.insert(name, messages.collect());
        }
        let lines = client.ok(&format!("LSUB \"\" {}*", self.prefix));
        model.subscribed = lines.iter().filter_map(|line| name_of(line, "* LSUB ")).collect();
        model
    }

    fn random(&mut self, below: usize) -> usize {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        usize::try_from(self.random % below as u64).unwrap()
    }

    fn some_mailbox(&mut self) -> String {
        let at = self.random(self.model.mailboxes.len());
        self.model.mailboxes.keys().nth(at).unwrap().clone()
    }

    fn new_name(&mut self) -> String {
        self.given += 1;
        format!("{}{}", self.prefix, self.given)
    }

    fn new_number(&mut self) -> u64 {
        self.given += 1;
        self.given
    }

    fn next(&mut self) -> Change {
        if self.model.mailboxes.len() < 2 {
            return Change::Create { name: self.new_name() };
        }
        let (one, other) = (self.some_mailbox(), self.some_mailbox());
        let count = self.model.mailboxes[&one].len();
        let at = self.random(count.max(1));
        let flag = FLAGS[self.random(FLAGS.len())];
        let set = self.random(3) > 0;
        match self.random(20) {
            0 if self.model.mailboxes.len() < MOST_MAILBOXES => {
                Change::Create { name: self.new_name() }
            }
            0 => Change::Delete { name: one },
            1 => Change::Rename { from: one, to: self.new_name() },
            2 => Change::Subscribe { name: one, subscribed: set },
            3..=7 if count > 0 => Change::Store { of: one, at, flag, set },
            8..=9 if count > 0 => {
                Change::Copy { from: one, at, count: 1 + self.random(3.min(count - at)), to: other }
            }
            10..=12 if count > 0 => {
                Change::Move { from: one, at, count: 1 + self.random(3.min(count - at)), to: other }
            }
            13..=14 => Change::Expunge { of: one },
            _ if count > MOST_MESSAGES => Change::Delete { name: one },
            15..=16 => Change::Deliver { to: one, number: self.new_number() },
            _ => Change::Append { to: one, number: self.new_number(), flag: set.then_some(flag) },
        }
    }

    /// Make a change; `None` when the connection ends before it is acknowledged.
    fn make(&self, change: &Change, imap: &mut Client, lmtp: &mut Client) -> Option<()> {
        match change {
            Change::Append { to, number, flag } => {
                let text = text(*number);
                let flag = flag.unwrap_or_default();
                let command = format!("APPEND {to} ({flag}) {{{}+}}\r\n{text}", text.len());
                imap.acknowledged(&command)
            }
            Change::Deliver { to, number } => {
                let recipient = format!("{}+{to}@example.org", self.account);
                lmtp.delivered(&recipient, &text(*number))
            }
            Change::Store { of, at, flag, set } => {
                imap.acknowledged(&format!("SELECT {of}"))?;
                let sign = if *set { '+' } else { '-' };
                imap.acknowledged(&format!("STORE {} {sign}FLAGS.SILENT ({flag})", at + 1))
            }
            Change::Copy { from, at, count, to } => {
                imap.acknowledged(&format!("SELECT {from}"))?;
                imap.acknowledged(&format!("COPY {}:{} {to}", at + 1, at + count))
            }
            Change::Move { from, at, count, to } => {
                imap.acknowledged(&format!("SELECT {from}"))?;
                imap.acknowledged(&format!("MOVE {}:{} {to}", at + 1, at + count))
            }
            Change::Expunge { of } => {
                imap.acknowledged(&format!("SELECT {of}"))?;
                imap.acknowledged("EXPUNGE")
            }
            Change::Create { name } => imap.acknowledged(&format!("CREATE {name}")),
            Change::Rename { from, to } => imap.acknowledged(&format!("RENAME {from} {to}")),
            Change::Delete { name } => imap.acknowledged(&format!("DELETE {name}")),
            Change::Subscribe { name, subscribed } => {
                let command = if *subscribed { "SUBSCRIBE" } else { "UNSUBSCRIBE" };
                imap.acknowledged(&format!("{command} {name}"))
            }
        }
    }
}

/// The UID in a line of FETCH.
fn uid_of(line: &str) -> Option<u32> {
    let (_, rest) = line.split_once("UID ")?;
    rest.split([' ', ')']).next()?.parse().ok()
}

/// The number of an item in a line of STATUS.
pub(super) fn item_of(line: &str, item: &str) -> u64 {
    let (_, rest) = line.split_once(&format!("{item} ")).unwrap_or_else(|| panic!("{line}"));
    rest.split([' ', ')']).next().unwrap().parse().unwrap()
}

/// A text that no other is like, of a size between a line and many blocks of a disk.
fn text(number: u64) -> String {
    let lines = "a line of text that fills the message\r\n".repeat((number as usize * 97) % 300);
    format!("Subject: {number}\r\n\r\n{lines}end\r\n")
}

/// The number of a message, which must be whole. LMTP puts fields above it.
fn number_of(message: &[u8]) -> u64 {
    let message = String::from_utf8(message.to_vec()).unwrap();
    let at = message.find("Subject: ").expect("a subject");
    let number = message[at + 9..].lines().next().unwrap().parse().unwrap();
    assert!(message.ends_with(&text(number)), "a message was torn: {message:?}");
    number
}

/// The mailbox in a line of LIST or LSUB.
fn name_of(line: &str, begin: &str) -> Option<String> {
    line.strip_prefix(begin)?.rsplit(' ').next().map(|name| name.trim_matches('"').to_owned())
}

/// The flags in a line of FETCH.
fn flags_of(line: &str) -> Option<BTreeSet<String>> {
    let (_, rest) = line.split_once("FLAGS (")?;
    let (flags, _) = rest.split_once(')')?;
    let flags = flags.split_whitespace().filter(|flag| *flag != "\\Recent");
    Some(flags.map(str::to_owned).collect())
}
