//! A client's connection: lines out, parsed responses in, and a journal of both.

use rookery_imap_wire::Response;
use rookery_testkit::dialog::{Host, Stream};
use rookery_testkit::host::InProcess;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::timeout;

/// How long a client waits for a response.
const PATIENCE: Duration = Duration::from_secs(10);

/// Lines of the journal that are shown when something fails.
const REMEMBERED: usize = 150;

/// What servers say when it matters. A run in which one of these was never said has tested too little.
const TELLING: [&str; 17] = [
    " EXPUNGE",
    "* VANISHED ",
    "VANISHED (EARLIER) ",
    " RECENT",
    "* ESEARCH",
    "* SEARCH",
    "[CLOSED]",
    "[READ-ONLY]",
    "[MODIFIED ",
    "[COPYUID ",
    "[EXPUNGEISSUED]",
    "OK [HIGHESTMODSEQ ",
    "Everything up to here is told",
    " BAD ",
    " UIDFETCH ",
    "* UIDBATCHES ",
    " BAD [UIDREQUIRED]",
];

/// What was said lately, by all clients.
#[derive(Clone, Default)]
pub(crate) struct Journal {
    lines: Arc<Mutex<VecDeque<String>>>,
    unsaid: Arc<Mutex<Unsaid>>,
}

/// What has never been said so far.
struct Unsaid(Vec<&'static str>);

impl Default for Unsaid {
    fn default() -> Self {
        Self(TELLING.to_vec())
    }
}

impl Journal {
    pub(crate) fn note(&self, line: String) {
        let mut lines = self.lines.lock().expect("nobody panics with it");
        if lines.len() == REMEMBERED {
            lines.pop_front();
        }
        lines.push_back(line);
    }

    fn hear(&self, line: &str) {
        let mut unsaid = self.unsaid.lock().expect("nobody panics with it");
        unsaid.0.retain(|telling| !line.contains(telling));
    }

    /// What no server has said.
    pub(crate) fn unsaid(&self) -> Vec<&'static str> {
        self.unsaid.lock().expect("nobody panics with it").0.clone()
    }

    pub(crate) fn show(&self) -> String {
        let lines = self.lines.lock().expect("nobody panics with it");
        lines.iter().map(|line| format!("{line}\n")).collect()
    }
}

/// A connection.
pub(crate) struct Wire {
    stream: Box<dyn Stream>,
    received: Vec<u8>,
    name: String,
    journal: Journal,
    tags: u32,
}

impl Wire {
    /// Connect and log in.
    pub(crate) async fn connect(host: &InProcess, name: String, journal: Journal) -> Self {
        let stream = host.connect().await.expect("a connection");
        let mut wire = Self { stream, received: Vec::new(), name, journal, tags: 0 };
        wire.next().await;
        let tag = wire.command(&format!("LOGIN {} {}", host.user(), host.password())).await;
        wire.until(&tag).await;
        wire
    }

    /// Send a command; its tag.
    pub(crate) async fn command(&mut self, command: &str) -> String {
        assert!(self.received.is_empty(), "{} is told something without asking", self.name);
        self.tags += 1;
        let tag = format!("t{}", self.tags);
        self.line(&format!("{tag} {command}")).await;
        tag
    }

    /// Send a line.
    pub(crate) async fn line(&mut self, line: &str) {
        self.journal.note(format!("{} C: {}", self.name, line.escape_debug()));
        let written = self.stream.write_all(format!("{line}\r\n").as_bytes()).await;
        written.expect("the server reads");
    }

    /// The next response.
    pub(crate) async fn next(&mut self) -> Response {
        loop {
            if let Some(len) = Response::length(&self.received) {
                let octets: Vec<u8> = self.received.drain(..len).collect();
                let text = String::from_utf8_lossy(&octets).trim_end().escape_debug().to_string();
                self.journal.note(format!("{} S: {text}", self.name));
                self.journal.hear(&text);
                return Response::parse(&octets)
                    .unwrap_or_else(|error| panic!("{error:?} in {text}"));
            }
            let read = timeout(PATIENCE, self.stream.read_buf(&mut self.received)).await;
            let read = read.unwrap_or_else(|_| panic!("{} gets no answer", self.name));
            assert_ne!(read.expect("the server writes"), 0, "the server hung up on {}", self.name);
        }
    }

    /// All responses up to the tagged one, which is an OK.
    pub(crate) async fn until(&mut self, tag: &str) -> Vec<Response> {
        let mut untagged = Vec::new();
        loop {
            match self.next().await {
                Response::Tagged { tag: end, status, .. } => {
                    assert_eq!(end.as_str(), tag);
                    assert_eq!(status, rookery_imap_wire::Status::Ok);
                    return untagged;
                }
                response => untagged.push(response),
            }
        }
    }
}
