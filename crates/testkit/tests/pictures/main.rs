//! Many clients at once: eight with capabilities at random do random things in three mailboxes, and lose their
//! connections at random. Each keeps a picture of what it has selected, from nothing but what it is told, and
//! the picture must be right: numbers, UIDs, flags, modification sequences.
//!
//! A failure prints its seed. `ROOKERY_SEED=7 ROOKERY_STEPS=500` plays one seed, that far; `ROOKERY_SEEDS=1000` so many
//! seeds. The engine in memory does the same each time; the embedded engine has threads, which no seed repeats.

mod client;
mod hesitant;
mod learn;
mod picture;
mod refusals;
mod rng;
mod sets;
mod steps;
mod truth;
mod wire;

use client::{Client, Kind};
use hesitant::Hesitant;
use picture::{Asked, Picture};
use rng::Rng;
use rookery_mail::{DateTime, Flag, MailboxName, UidSet};
use rookery_mailbox::limits::MAX_KEYWORDS;
use rookery_mailbox::{
    AccountStore, FlagChange, FlagOperation, MemoryStore, NewMailbox, NewMessage, Store,
};
use rookery_store_local::vfs::SimulatedDisk;
use rookery_store_local::{LocalStore, Options};
use rookery_testkit::dialog::Host;
use rookery_testkit::host::InProcess;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::{JoinSet, yield_now};
use tokio::time::timeout;
use truth::{MAILBOXES, Truth};
use wire::{Journal, Wire};

/// Clients at the same time.
const CLIENTS: usize = 8;

/// Expunges that a mailbox remembers with every other seed: so few that clients have often been away for longer.
const FORGETFUL: usize = 3;

/// Seeds that are played unless one is asked for.
const SEEDS: u64 = 25;

/// Steps of each seed unless asked for otherwise.
const STEPS: u64 = 400;

/// Of so many steps, one is a look at everything through the eyes of a new client.
const LOOK_EVERY: u32 = 25;

/// When the account is made, in seconds since 1970.
const NOW: i64 = 1_000_000;

/// How long a server may take to notice that a client is gone.
const TO_NOTICE: Duration = Duration::from_secs(10);

/// Prints the seed if the test fails.
struct Report {
    seed: u64,
    step: u64,
    journal: Journal,
}

impl Drop for Report {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let Self { seed, step, journal } = self;
            eprintln!("{}\nROOKERY_SEED={seed} ROOKERY_STEPS={step}", journal.show());
        }
    }
}

/// A server, and all who use it.
struct World {
    host: Arc<InProcess>,
    journal: Journal,
    rng: Rng,
    truth: Arc<Truth>,
    clients: Vec<Client>,
}

impl World {
    async fn new(seed: u64, store: Arc<dyn Store>, journal: Journal) -> Self {
        let mut rng = Rng::new(seed);
        let slow = Hesitant::new(Arc::clone(&store), rng.fork());
        let host = Arc::new(InProcess::new(Arc::new(slow), NOW).await.expect("an account"));
        let account = store.account(host.user()).await.expect("the account");
        create_shared(&account).await;
        if !seed.is_multiple_of(3) {
            use_up_keywords(&account).await;
        }
        let truth = Arc::new(Truth::new(account));
        let mut clients = Vec::new();
        for number in 0..CLIENTS {
            let kind = *rng.pick(&Kind::ALL);
            let around = (Arc::clone(&host), Arc::clone(&truth), journal.clone());
            let name = format!("{}{number}", char::from(b'A' + u8::try_from(number).unwrap_or(0)));
            clients.push(Client::new(name, kind, rng.fork(), around).await);
        }
        Self { host, journal, rng, truth, clients }
    }

    async fn step(&mut self) {
        match self.rng.below(LOOK_EVERY) {
            0 => self.look().await,
            1..=9 => self.together().await,
            _ => {
                let at = self.rng.below(u32::try_from(CLIENTS).unwrap_or(1)) as usize;
                self.clients[at].step().await;
                self.quieten().await;
            }
        }
    }

    /// Two or three clients do something at the same time.
    async fn together(&mut self) {
        let mut tasks = JoinSet::new();
        for _ in 0..self.rng.between(2, 3) {
            let len = u32::try_from(self.clients.len()).unwrap_or(1);
            let mut client = self.clients.remove(self.rng.below(len) as usize);
            client.alone = false;
            tasks.spawn(async move {
                client.step().await;
                client.alone = true;
                client
            });
        }
        while let Some(done) = tasks.join_next().await {
            match done {
                Ok(client) => self.clients.push(client),
                Err(error) => std::panic::resume_unwind(error.into_panic()),
            }
        }
        self.quieten().await;
    }

    /// Let those commands end whose clients are gone.
    async fn quieten(&self) {
        let waiting = async {
            while self.host.conversations() > CLIENTS {
                yield_now().await;
            }
        };
        timeout(TO_NOTICE, waiting).await.expect("a server notices that a client is gone");
    }

    /// All pictures are compared with what a new client sees.
    async fn look(&mut self) {
        for client in &mut self.clients {
            client.settle().await;
        }
        for name in MAILBOXES {
            let Some(id) = self.truth.named(name).await else { continue };
            let seen = self.see(name).await;
            for client in &self.clients {
                let Some(selected) = &client.selected else { continue };
                if selected.picture.id == Some(id) {
                    client.hold_to(selected.picture.is_like(&seen));
                }
            }
        }
    }

    /// A mailbox as a new client sees it, which disturbs nothing.
    async fn see(&self, mailbox: &str) -> Picture {
        let mut wire = Wire::connect(&self.host, "-".to_owned(), self.journal.clone()).await;
        let mut seen = Picture::default();
        let asked = Asked { flags: true, ..Asked::default() };
        let examine = format!("EXAMINE {mailbox} (CONDSTORE)");
        for command in [examine.as_str(), "FETCH 1:* (UID FLAGS MODSEQ)"] {
            let tag = wire.command(command).await;
            for response in wire.until(&tag).await {
                seen.apply(&response, &asked).expect("a new client is told the truth");
            }
        }
        seen
    }
}

/// Make the mailboxes that there are not yet.
async fn create_shared(account: &Arc<dyn AccountStore>) {
    for name in MAILBOXES {
        let name = MailboxName::new(name).expect("a name");
        if !name.is_inbox() {
            let new = NewMailbox { name, special_use: None, subscribed: false };
            account.create(&[new], NOW).await.expect("a new mailbox");
        }
    }
}

/// Each mailbox has had as many keywords as it can have: new ones come in the places of others.
async fn use_up_keywords(account: &Arc<dyn AccountStore>) {
    let keyword = |number| Flag::parse(&format!("w{number}")).expect("a keyword");
    let flags: Vec<Flag> = (0..MAX_KEYWORDS).map(keyword).collect();
    for info in account.mailboxes().await.expect("a list").mailboxes.values() {
        let content = account.spool().await.expect("there is place for a message");
        let (summary, thread_keys) = (Vec::new(), Vec::new());
        let (flags, internal_date) = (flags.clone(), DateTime::from_unix(NOW));
        let new = NewMessage { content, summary, thread_keys, flags, internal_date };
        account.append(info.id, vec![new], NOW).await.expect("appended");
        let none = FlagChange { operation: FlagOperation::Replace, flags: Vec::new() };
        account.store_flags(info.id, &UidSet::all(), &none, None).await.expect("stored");
    }
}

async fn play(seed: u64, steps: u64, engine: Engine, journal: Journal) {
    let mut report = Report { seed, step: 0, journal: journal.clone() };
    let mut world = World::new(seed, engine(seed), journal).await;
    for step in 1..=steps {
        report.step = step;
        world.journal.note(format!("-- step {step}"));
        world.step().await;
    }
    world.look().await;
}

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().expect("a number"))
}

/// A new engine; with an odd seed one that forgets what was expunged.
type Engine = fn(seed: u64) -> Arc<dyn Store>;

fn in_memory(seed: u64) -> Arc<dyn Store> {
    Arc::new(if seed.is_multiple_of(2) {
        MemoryStore::new()
    } else {
        MemoryStore::new().with_max_tombstones(FORGETFUL)
    })
}

/// The embedded engine, on a disk that takes no time.
fn in_files(seed: u64) -> Arc<dyn Store> {
    let mut options = Options::default();
    if !seed.is_multiple_of(2) {
        options.max_tombstones = FORGETFUL;
    }
    let disk = Arc::new(SimulatedDisk::new());
    let store = LocalStore::with_vfs(disk, Path::new("/data"), options);
    Arc::new(store.expect("a new data directory"))
}

async fn play_all(engine: Engine) {
    let steps = number("ROOKERY_STEPS").unwrap_or(STEPS);
    let journal = Journal::default();
    if let Some(seed) = number("ROOKERY_SEED") {
        return play(seed, steps, engine, journal).await;
    }
    for seed in 0..number("ROOKERY_SEEDS").unwrap_or(SEEDS) {
        play(seed, steps, engine, journal.clone()).await;
    }
    let unsaid = journal.unsaid();
    assert!(unsaid.is_empty(), "never said: {unsaid:?}");
}

// proves: 7162/3.2/d
#[tokio::test]
async fn every_picture_is_right() {
    play_all(in_memory).await;
}

#[tokio::test]
async fn every_picture_of_the_embedded_engine_is_right() {
    play_all(in_files).await;
}
