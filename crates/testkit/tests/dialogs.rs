//! Every dialog against every engine, in this process.
//!
//! `ROOKERY_DIALOG=fetch/` in the environment plays only those whose path contains this.

use rookery_mailbox::limits::{DEFAULT_MAX_MESSAGES, MAX_TOMBSTONES};
use rookery_mailbox::{MemoryStore, Store};
use rookery_store_local::LocalStore;
use rookery_store_local::vfs::RealFiles;
use rookery_testkit::dialog::{Cut, Dialog, Header, Options, Outcome, run};
use rookery_testkit::host::InProcess;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

/// Dialogs that are played at the same time.
const AT_ONCE: usize = 8;

/// When the account is made, in seconds since 1970.
const NOW: i64 = 1_000_000;

/// A store of its own for a dialog, and what must live as long.
type Fresh = (Arc<dyn Store>, Box<dyn Send>);

fn memory(header: &Header) -> Fresh {
    let remembered = header.remembers.unwrap_or(MAX_TOMBSTONES);
    let store = MemoryStore::new().with_max_tombstones(remembered);
    (Arc::new(store.with_max_messages(held(header))), Box::new(()))
}

fn held(header: &Header) -> u64 {
    header.holds.unwrap_or(DEFAULT_MAX_MESSAGES)
}

fn on_disk(header: &Header) -> Fresh {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let max_tombstones = header.remembers.unwrap_or(MAX_TOMBSTONES);
    let max_messages = held(header);
    let sizes = rookery_store_local::Options { max_tombstones, max_messages, ..Default::default() };
    let store = LocalStore::with_vfs(Arc::new(RealFiles), folder.path(), sizes);
    (Arc::new(store.expect("a new data directory")), Box::new(folder))
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../dialogs")
}

fn all_files() -> Vec<PathBuf> {
    let wanted = std::env::var("ROOKERY_DIALOG").unwrap_or_default();
    let mut files = Vec::new();
    for subject in folder().read_dir().expect("the folder of dialogs").flatten() {
        let entries = subject.path().read_dir().into_iter().flatten().flatten();
        files.extend(entries.map(|entry| entry.path()));
    }
    files.retain(|file| {
        file.extension().is_some_and(|extension| extension == "dialog")
            && file.to_string_lossy().contains(&wanted)
    });
    assert!(!files.is_empty(), "no dialogs found");
    files.sort();
    files
}

fn cut(cut: Cut) -> Options {
    Options { cut, ..Options::default() }
}

async fn play(path: PathBuf, fresh: fn(&Header) -> Fresh, options: Options) -> Result<(), String> {
    let shown = path.strip_prefix(folder()).unwrap_or(&path).to_owned();
    let text = std::fs::read_to_string(&path).map_err(|error| error.to_string())?;
    let dialog = Dialog::parse(&shown, &text).map_err(|error| error.to_string())?;
    let (store, _guard) = fresh(&dialog.header);
    let host = InProcess::with(store, NOW, &dialog.header.settings).await;
    let host = host.map_err(|error| error.to_string())?;
    match run(&dialog, &host, &options).await {
        Ok(Outcome::Passed) => Ok(()),
        Ok(Outcome::Skipped(reason)) => Err(format!("{}: skipped: {reason}", shown.display())),
        Err(failure) => Err(failure.to_string()),
    }
}

async fn play_all(files: Vec<PathBuf>, fresh: fn(&Header) -> Fresh, options: Options) {
    let count = files.len();
    let turns = Arc::new(Semaphore::new(AT_ONCE));
    let mut playing = JoinSet::new();
    for path in files {
        let (turns, options) = (Arc::clone(&turns), options.clone());
        playing.spawn(async move {
            let _turn = turns.acquire_owned().await;
            play(path, fresh, options).await
        });
    }
    let played = playing.join_all().await;
    let mut failures: Vec<String> = played.into_iter().filter_map(Result::err).collect();
    failures.sort();
    assert!(failures.is_empty(), "{} of {count} failed\n\n{}", failures.len(), failures.join("\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn in_memory() {
    play_all(all_files(), memory, Options::default()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn in_files() {
    play_all(all_files(), on_disk, Options::default()).await;
}

/// Dialogs that say themselves when what is compressed, or what is offered because nothing is.
const ABOUT_THE_LAYER: [&str; 5] = [
    "/compress/",
    "/unauthenticate/",
    "/session/capability",
    "/capability/",
    "/interop/13-what-clients-look-for",
];

#[tokio::test(flavor = "multi_thread")]
async fn compressed() {
    let mut files = all_files();
    files.retain(|file| {
        let file = file.to_string_lossy();
        !ABOUT_THE_LAYER.iter().any(|about| file.contains(about))
    });
    let options = Options { compress: true, ..Options::default() };
    play_all(files, memory, options).await;
}

// The cuts are played on one thread: there, a client that yields lets the server read first.

#[tokio::test]
async fn octet_by_octet() {
    play_all(all_files(), memory, cut(Cut::EveryOctet)).await;
}

/// Dialogs with commands, literals and `DONE` in one packet.
const PIPELINED: [&str; 9] = [
    "append/non-sync",
    "catenate/pipelined",
    "compress/pipelined",
    "replace/pipelined",
    "idle/all-in-one-packet",
    "login/login-literals-non-sync",
    "session/pipelined",
    "session/refused-literal-swallowed",
    "unauthenticate/compressed-pipelined",
];

/// The octets that a client sends in the longest of them, and some more.
const LONGEST: usize = 200;

async fn play_cut(name: &str, at: Cut) {
    let path = folder().join(name).with_extension("dialog");
    if let Err(failure) = play(path, memory, cut(at)).await {
        panic!("{at:?}: {failure}");
    }
}

#[tokio::test]
async fn cut_anywhere() {
    for name in PIPELINED {
        for at in 1..LONGEST {
            play_cut(name, Cut::At(at, at)).await;
        }
    }
}

#[tokio::test]
async fn cut_at_every_pair_of_positions() {
    for first in 1..LONGEST / 2 {
        for second in first + 1..LONGEST / 2 {
            play_cut("login/login-literals-non-sync", Cut::At(first, second)).await;
        }
    }
}
