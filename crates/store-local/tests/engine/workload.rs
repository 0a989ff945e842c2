//! A script of changes that uses each kind of record, and what an account looks like after each.

use rookery_mail::{DateTime, Flag, MailboxId, MailboxName, Uid, UidRange, UidSet};
use rookery_mailbox::limits::DEFAULT_MAX_MESSAGES;
use rookery_mailbox::{
    Absent, AccountStore, FlagChange, FlagOperation, MemoryStore, NewMailbox, NewMessage, Store,
    StoreError, ThreadKey,
};
use rookery_store_local::limits::SALVAGE_MARGIN;
use rookery_store_local::vfs::{SimulatedDisk, Vfs};
use rookery_store_local::{LocalStore, Options};
use std::fmt::Write;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

pub(crate) const DIR: &str = "/data";
pub(crate) const ACCOUNT: &str = "jane@example.org";
pub(crate) const NOW: i64 = 1_800_000_000;

/// Where the files of the account are.
pub(crate) fn account_dir() -> PathBuf {
    Path::new(DIR).join("accounts").join(ACCOUNT)
}

/// Sizes so small that a short script spools to files, begins segments, writes indexes and forgets expunges.
pub(crate) const SMALL: Options = Options {
    segment_octets: 4000,
    spool_memory: 64,
    index_octets: 2500,
    max_tombstones: 4,
    max_messages: DEFAULT_MAX_MESSAGES,
    died_octets: u64::MAX,
    retry_after: Duration::ZERO,
    salvage_margin: SALVAGE_MARGIN,
};

#[derive(Clone, Debug)]
pub(crate) enum Step {
    Create(&'static str),
    /// Make a mailbox with all messages of another one.
    Renew(u64, &'static str),
    Delete(u64),
    Rename(u64, &'static str),
    AppendLimit(u64, Option<u64>),
    Subscribe(&'static str),
    Unsubscribe(&'static str),
    /// In one change, a message for each list of thread keys.
    Threads(u64, &'static [&'static [u64]]),
    /// So many messages of so many octets, with these flags.
    Append(u64, usize, usize, &'static str),
    Flag(u64, FlagOperation, &'static str),
    /// The same of the messages between two UIDs.
    FlagSome(u64, u32, u32, FlagOperation, &'static str),
    Copy(u64, u64),
    Move(u64, u32, u64),
    /// A message that a new one of so many octets, with these flags, takes the place of, and where.
    Replace(u64, u32, u64, usize, &'static str),
    Expunge(u64),
    Claim(u64),
}

/// All there is to do.
pub(crate) fn script() -> Vec<Step> {
    script_of_version_2()
}

/// What version 2 could do more comes after what the first one could.
pub(crate) fn script_of_version_2() -> Vec<Step> {
    let mut script = script_of_version_1();
    script.extend([
        Step::Threads(1, &[&[7], &[8, 7]]),
        Step::Threads(2, &[&[9, 6, 8, 5]]),
        Step::Copy(2, 1),
        Step::Expunge(1),
        Step::AppendLimit(2, Some(1 << 40)),
        Step::AppendLimit(1, Some(0)),
        Step::Threads(1, &[&[5], &[]]),
        Step::AppendLimit(1, None),
        Step::Replace(1, 10, 1, 900, "\\Draft $E"),
        Step::Replace(2, 1, 3, 30, "$F"),
    ]);
    script
}

/// The inbox is mailbox 1, `Other` mailbox 2.
pub(crate) fn script_of_version_1() -> Vec<Step> {
    use FlagOperation::{Add, Remove, Replace};
    use Step::*;
    vec![
        Append(1, 1, 10, ""),
        Append(1, 3, 700, "\\Seen $A"),
        Create("work"),
        Flag(1, Add, "\\Flagged $B"),
        Copy(1, 2),
        Append(2, 1, 100, "$C"),
        Subscribe("work"),
        Claim(1),
        Move(1, 2, 3),
        Rename(3, "done"),
        Append(1, 2, 0, "\\Deleted"),
        Expunge(1),
        Flag(2, Remove, "$A"),
        Append(3, 1, 3000, ""),
        Create("temporary"),
        Append(5, 2, 20, "\\Draft"),
        Copy(5, 1),
        Claim(2),
        Delete(5),
        Move(1, 1, 1),
        Flag(1, Replace, "\\Seen"),
        Append(1, 1, 1300, "$D"),
        Flag(3, Add, "\\Deleted"),
        Expunge(3),
        Append(2, 1, 5, ""),
    ]
}

fn flags(text: &str) -> Vec<Flag> {
    text.split_whitespace().map(|flag| Flag::parse(flag).unwrap()).collect()
}

pub(crate) fn name(text: &str) -> MailboxName {
    MailboxName::new(text).unwrap()
}

pub(crate) fn mailbox(text: &str) -> NewMailbox {
    NewMailbox { name: name(text), special_use: None, subscribed: true }
}

pub(crate) async fn message(
    account: &dyn AccountStore,
    octets: usize,
    text: &str,
) -> Result<NewMessage, StoreError> {
    let mut content = account.spool().await?;
    let octets: Vec<u8> = (0..octets).map(|at| (at % 251) as u8).collect();
    for piece in octets.chunks(100) {
        content.write(piece).await?;
    }
    let summary = format!("{} octets", octets.len()).into_bytes();
    let internal_date = DateTime::with_offset(NOW, -90);
    let flags = flags(text);
    Ok(NewMessage { content, summary, thread_keys: Vec::new(), flags, internal_date })
}

impl Step {
    pub(crate) async fn take(&self, account: &dyn AccountStore) -> Result<(), StoreError> {
        let all = UidSet::all();
        match self {
            Self::Create(text) => drop(account.create(&[mailbox(text)], NOW).await?),
            Self::Renew(id, text) => {
                account.create_with_messages_of(MailboxId(*id), &[mailbox(text)], NOW).await?;
            }
            Self::Delete(id) => account.delete(MailboxId(*id)).await?,
            Self::Rename(id, text) => {
                account.rename(&[(MailboxId(*id), name(text))], &[mailbox("above")], NOW).await?;
            }
            Self::AppendLimit(id, limit) => {
                account.set_append_limit(MailboxId(*id), *limit).await?;
            }
            Self::Subscribe(text) => account.subscribe(&name(text), true).await?,
            Self::Unsubscribe(text) => account.subscribe(&name(text), false).await?,
            Self::Append(id, count, octets, flags) => {
                let mut messages = Vec::new();
                for _ in 0..*count {
                    messages.push(message(account, *octets, flags).await?);
                }
                account.append(MailboxId(*id), messages, NOW).await?;
            }
            Self::Threads(id, keys) => {
                let mut messages = Vec::new();
                for keys in *keys {
                    let thread_keys = keys.iter().copied().map(ThreadKey).collect();
                    messages.push(NewMessage { thread_keys, ..message(account, 9, "").await? });
                }
                account.append(MailboxId(*id), messages, NOW).await?;
            }
            Self::Flag(id, operation, text) => {
                let change = FlagChange { operation: *operation, flags: flags(text) };
                account.store_flags(MailboxId(*id), &all, &change, None).await?;
            }
            Self::FlagSome(id, first, last, operation, text) => {
                let change = FlagChange { operation: *operation, flags: flags(text) };
                let uids = [Uid::new(*first).unwrap(), Uid::new(*last).unwrap()];
                let uids = [UidRange::new(uids[0], uids[1])].into_iter().collect();
                account.store_flags(MailboxId(*id), &uids, &change, None).await?;
            }
            Self::Copy(from, to) => {
                account.copy(MailboxId(*from), &all, MailboxId(*to), Absent::Skip, NOW).await?;
            }
            Self::Move(from, uid, to) => {
                let uids = [Uid::new(*uid).unwrap()].into_iter().collect();
                account
                    .move_messages(MailboxId(*from), &uids, MailboxId(*to), Absent::Skip, NOW)
                    .await?;
            }
            Self::Replace(from, uid, to, octets, flags) => {
                let uid = Uid::new(*uid).unwrap();
                let message = message(account, *octets, flags).await?;
                account.replace(MailboxId(*from), uid, MailboxId(*to), message, NOW).await?;
            }
            Self::Expunge(id) => drop(account.expunge(MailboxId(*id), &all).await?),
            Self::Claim(id) => drop(account.claim_recent(MailboxId(*id)).await?),
        }
        Ok(())
    }
}

/// Do something on this thread, and all that blocks on so many others: with one, the same is done in the same order each time.
pub(crate) fn on_threads<T>(count: usize, work: impl Future<Output = T>) -> T {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    runtime.enable_time().max_blocking_threads(count).build().unwrap().block_on(work)
}

/// Wait until all is over that blocks, where there is one thread for it that is free.
pub(crate) async fn quiet() {
    tokio::task::spawn_blocking(|| {}).await.unwrap();
}

/// Whether an account takes changes. One that does not says so, and nothing else.
pub(crate) async fn is_writable(account: &dyn AccountStore) -> bool {
    match account.subscribe(&name("x"), true).await {
        Err(StoreError::ReadOnly) => false,
        changed => {
            changed.unwrap();
            account.subscribe(&name("x"), false).await.unwrap();
            true
        }
    }
}

/// Give all messages of the inbox a flag and take it away, so many changes in all.
pub(crate) async fn toggle(account: &dyn AccountStore, changes: usize) {
    for change in 0..changes {
        let operation = if change % 2 == 0 { FlagOperation::Add } else { FlagOperation::Remove };
        Step::Flag(1, operation, "\\Seen").take(account).await.unwrap();
    }
}

/// All that can be seen of an account, except what a crash may forget.
pub(crate) async fn picture(account: &dyn AccountStore) -> String {
    let list = account.mailboxes().await.unwrap();
    let mut picture = format!("{list:?}\n");
    for info in list.mailboxes.values() {
        let snapshot = account.open(info.id).await.unwrap().snapshot();
        let (next, modseq) = (snapshot.uid_next(), snapshot.highest_modseq());
        let (floor, stones) = (snapshot.tombstone_floor(), snapshot.tombstones());
        let stones: Vec<_> = stones.collect();
        let keywords = snapshot.keywords();
        writeln!(picture, "{} {next:?} {modseq} {keywords:?}", info.id).unwrap();
        writeln!(picture, "  {floor} {stones:?}").unwrap();
        for row in snapshot.rows() {
            let summary = account.summaries(&[row.email]).await.unwrap();
            let content = account.content(row.email, 0..u64::MAX).await.unwrap();
            assert_eq!(content.len() as u64, row.size);
            let sum = crc32c::crc32c(&content);
            writeln!(picture, "  {row:?} {summary:?} {sum:08x}").unwrap();
        }
    }
    picture
}

pub(crate) fn open(disk: &SimulatedDisk) -> Result<LocalStore, StoreError> {
    LocalStore::with_vfs(Arc::new(disk.clone()) as Arc<dyn Vfs>, Path::new(DIR), SMALL)
}

/// Open a disk that somebody is just letting go of.
pub(crate) async fn open_soon(disk: &SimulatedDisk) -> Result<LocalStore, StoreError> {
    opened_soon(|| open(disk)).await
}

/// Open what somebody is just letting go of: whoever was told that a change is durable is told by a thread that has the account
/// for a moment yet.
pub(crate) async fn opened_soon(
    open: impl Fn() -> Result<LocalStore, StoreError>,
) -> Result<LocalStore, StoreError> {
    for _ in 0..10_000 {
        match open() {
            Err(StoreError::Io { source, .. }) if source.kind() == ErrorKind::WouldBlock => {
                tokio::time::sleep(Duration::from_micros(50)).await;
            }
            opened => return opened,
        }
    }
    open()
}

pub(crate) async fn create(store: &dyn Store) -> Result<Arc<dyn AccountStore>, StoreError> {
    store.create_account(ACCOUNT, &[mailbox("INBOX"), mailbox("Other")], NOW).await?;
    store.account(ACCOUNT).await
}

/// What an account looks like at first and after each step of the script.
pub(crate) async fn pictures() -> Vec<String> {
    pictures_of(&small_memory(), script()).await
}

/// The in-memory engine, which remembers as little as one with [`SMALL`] sizes.
pub(crate) fn small_memory() -> MemoryStore {
    MemoryStore::new().with_max_tombstones(SMALL.max_tombstones)
}

/// What an account looks like at first and after each of these steps.
pub(crate) async fn pictures_of(store: &MemoryStore, script: Vec<Step>) -> Vec<String> {
    let account = create(store).await.unwrap();
    let mut pictures = vec![picture(&*account).await];
    for step in script {
        step.take(&*account).await.unwrap();
        pictures.push(picture(&*account).await);
    }
    pictures
}

/// A disk on which the whole script was done, with or without a clean end.
pub(crate) async fn done(clean: bool, options: Options) -> SimulatedDisk {
    let disk = SimulatedDisk::new();
    let store = LocalStore::with_vfs(Arc::new(disk.clone()), Path::new(DIR), options).unwrap();
    let account = create(&store).await.unwrap();
    for step in script() {
        step.take(&*account).await.unwrap();
    }
    if clean {
        store.close().await.unwrap();
    }
    disk
}
