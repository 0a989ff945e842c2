//! An account whose files say anything, with right checksums or wrong: it opens or not, and its neighbour does.

mod files;

use files::Edit;
use rookery_mail::{DateTime, Flag, MailboxId, MailboxName, UidSet, UidValidity};
use rookery_mailbox::{
    Absent, AccountStore, FlagChange, FlagOperation, MailboxInfo, MailboxList, NewMailbox,
    NewMessage, Row, Store, StoreError, ThreadKey, initial_mailboxes,
};
use rookery_store_local::vfs::{SimulatedDisk, Vfs};
use rookery_store_local::{LocalStore, Options, Report};
use std::fmt::Write;
use std::path::Path;
use std::sync::{Arc, LazyLock};
use tokio::runtime::{Builder, Runtime};

const DIR: &str = "/data";
/// The account that is damaged, and one that must not notice.
const DAMAGED: &str = "ada";
const OTHER: &str = "bob";
const NOW: i64 = 1_700_000_000;
/// Times after this one are of the clock, and other ones each second.
const CLOCK: i64 = 1_750_000_000;

/// Sizes so small that a short script begins segments, writes index snapshots and forgets expunges.
const SMALL: Options = Options {
    segment_octets: 3000,
    spool_memory: 64,
    index_octets: 1500,
    died_octets: u64::MAX,
    max_tombstones: 4,
    max_messages: u64::MAX,
    retry_after: std::time::Duration::ZERO,
    // To write the table of contents with many empty places is most of a repair of so few messages.
    salvage_margin: 16,
};

static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| {
    let runtime = Builder::new_current_thread().enable_time().max_blocking_threads(1).build();
    runtime.expect("a runtime")
});

/// The disk as it was written, and what the other account looks like.
static WRITTEN: LazyLock<(SimulatedDisk, String)> = LazyLock::new(|| RUNTIME.block_on(written()));

async fn written() -> (SimulatedDisk, String) {
    let disk = SimulatedDisk::new();
    let store = open(&disk);
    for name in [DAMAGED, OTHER] {
        store.create_account(name, &initial_mailboxes(), NOW).await.expect("an account");
        let account = store.account(name).await.expect("the account");
        fill(&*account).await.expect("it can be written to");
    }
    store.close().await.expect("it is closed");
    // The last changes are behind the index snapshots.
    let store = open(&disk);
    let account = store.account(DAMAGED).await.expect("the account");
    change(&*account).await.expect("it can be written to");
    let other = picture(&*store.account(OTHER).await.expect("the account")).await;
    drop((account, store));
    (disk.duplicate(), other.expect("it is whole"))
}

fn open(disk: &SimulatedDisk) -> LocalStore {
    let vfs: Arc<dyn Vfs> = Arc::new(disk.clone());
    LocalStore::with_vfs(vfs, Path::new(DIR), SMALL).expect("the data directory is in order")
}

/// Accounts that earlier versions wrote, and later ones read, and some with what few accounts have.
const EARLIER: [&str; 7] =
    ["version-1", "version-2", "version-3", "version-4", "rewritten", "keywords", "squeezed"];

/// The disk as it was written, with one of those in place of the account that is damaged.
fn earlier(name: &str) -> SimulatedDisk {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let fixture = here.join("../crates/store-local/tests/fixtures").join(name);
    let (disk, folder) = (WRITTEN.0.duplicate(), Path::new(DIR).join("accounts").join(DAMAGED));
    for path in disk.files().iter().filter(|path| path.starts_with(&folder)) {
        disk.remove_file(path).expect("it is there");
    }
    for part in [".", "seg", "box"] {
        let Ok(entries) = fixture.join(part).read_dir() else { continue };
        for path in entries.map(|entry| entry.expect("an entry").path()).filter(|it| it.is_file()) {
            let name = path.strip_prefix(&fixture).expect("it is there");
            disk.overwrite(&folder.join(name), &std::fs::read(&path).expect("it can be read"));
        }
    }
    disk
}

/// An original: as it was written, or one of those of earlier versions.
fn original(number: u8) -> SimulatedDisk {
    static ORIGINALS: LazyLock<Vec<SimulatedDisk>> = LazyLock::new(|| {
        let written = [WRITTEN.0.duplicate()].into_iter();
        written.chain(EARLIER.into_iter().map(earlier)).collect()
    });
    ORIGINALS[usize::from(number) % ORIGINALS.len()].duplicate()
}

/// The same files, each another one: none of the index snapshots is where it was written to.
fn copy(disk: &SimulatedDisk) -> SimulatedDisk {
    let copy = SimulatedDisk::new();
    for path in disk.files() {
        copy.overwrite(&path, &disk.read(&path).expect("it is listed"));
    }
    copy
}

async fn message(
    account: &dyn AccountStore,
    octets: usize,
    key: u64,
) -> Result<NewMessage, StoreError> {
    let mut content = account.spool().await?;
    content.write(&vec![b'x'; octets]).await?;
    Ok(NewMessage {
        content,
        summary: b"summary".to_vec(),
        thread_keys: vec![ThreadKey(key), ThreadKey(7)],
        flags: vec![Flag::parse("$Key").expect("a keyword")],
        internal_date: DateTime::with_offset(NOW, 60),
    })
}

/// Each kind of record, and index snapshots in between.
async fn fill(account: &dyn AccountStore) -> Result<(), StoreError> {
    let (inbox, all) = (MailboxId(1), UidSet::all());
    for octets in [0, 100, 1000] {
        let messages = vec![message(account, octets, 1).await?, message(account, 10, 2).await?];
        account.append(inbox, messages, NOW).await?;
    }
    let name = |text| MailboxName::new(text).expect("a name");
    let new = NewMailbox { name: name("work"), special_use: None, subscribed: true };
    let work = account.create(&[new], NOW).await?[0].id;
    account.copy(inbox, &all, work, Absent::Skip, NOW).await?;
    let flags =
        vec![Flag::parse("\\Seen").expect("a flag"), Flag::parse("$Other").expect("a keyword")];
    account
        .store_flags(work, &all, &FlagChange { operation: FlagOperation::Add, flags }, None)
        .await?;
    account.rename(&[(work, name("done"))], &[], NOW).await?;
    account.set_append_limit(work, Some(1 << 30)).await?;
    account.subscribe(&name("gone"), true).await?;
    account.expunge(work, &all).await?;
    change(account).await
}

async fn change(account: &dyn AccountStore) -> Result<(), StoreError> {
    let (inbox, drafts) = (MailboxId(1), MailboxId(2));
    account.claim_recent(inbox).await?;
    let new = message(account, 20, 3).await?;
    account.append(drafts, vec![new], NOW).await?;
    account.move_messages(drafts, &UidSet::all(), inbox, Absent::Skip, NOW).await?;
    Ok(())
}

/// All that can be seen of an account, except which expunges it remembers, and what the clock has said.
async fn picture(account: &dyn AccountStore) -> Result<String, StoreError> {
    let mut list = MailboxList::clone(&*account.mailboxes().await?);
    let anew = |info: &&mut MailboxInfo| i64::from(info.uid_validity.get()) > CLOCK;
    list.mailboxes.values_mut().filter(anew).for_each(|it| it.uid_validity = UidValidity::MIN);
    let mut picture = format!("{list:?}\n");
    for info in list.mailboxes.values() {
        let snapshot = account.open(info.id).await?.snapshot();
        let told = (snapshot.uid_next(), snapshot.highest_modseq(), snapshot.keywords());
        let _ = writeln!(picture, "{} {told:?}", info.id);
        for row in snapshot.rows().cloned() {
            let internal_date = Some(row.internal_date).filter(|it| it.unix() < CLOCK);
            let internal_date = internal_date.unwrap_or(DateTime::from_unix(CLOCK));
            let row = Row { internal_date, save_date: row.save_date.min(CLOCK), ..row };
            // What is damaged costs its own message.
            let content = account.content(row.email, 0..u64::MAX).await;
            let content = content.map(|it| crc32c::crc32c(&it)).map_err(|error| error.to_string());
            let _ = writeln!(picture, "  {row:?} {content:?}");
            let _any = account.summaries(&[row.email]).await;
        }
    }
    Ok(picture)
}

/// Panics unless the promise is kept.
pub fn check(input: &[u8]) {
    let (disk, is_forged_copy) = damage(input);
    read_back(&disk, is_forged_copy);
}

/// Whether the index snapshot of an account says that it was written to another file.
fn is_copy(disk: &SimulatedDisk, folder: &Path) -> bool {
    let Ok(file) = disk.open(&folder.join("account.idx")) else { return false };
    let mut number = [0; 4];
    let read = file.read_at(&mut number, 12);
    let written_to = u32::from_le_bytes(number);
    let number = file.id().map(|id| (id & u64::from(u32::MAX)).max(1));
    read.is_ok() && written_to != 0 && number.ok() != Some(u64::from(written_to))
}

/// Put damage on a disk, as the input says, and say whether that makes a copy of an account whose checksums are right all the same. A
/// check leaves index snapshots of a copy aside that do not fit the rest of it, and whoever opens it uses what fits: the same, if
/// nobody has forged it.
fn damage(input: &[u8]) -> (SimulatedDisk, bool) {
    let Some((&mended, edits)) = input.split_first() else { return (WRITTEN.0.duplicate(), false) };
    let original = original(mended / 8);
    let disk = if mended / 4 % 2 == 0 { original } else { copy(&original) };
    let folder = Path::new(DIR).join("accounts").join(DAMAGED);
    Edit::list(edits).iter().for_each(|edit| edit.apply(&disk, &folder));
    let are_mended = mended % 4 != 0;
    if are_mended {
        files::mend_checksums(&disk, &folder);
    }
    let is_forged_copy = are_mended && is_copy(&disk, &folder);
    (disk, is_forged_copy)
}

/// Panics if a check changes anything; if what a check calls good does not open, or opens otherwise from the log alone; if an
/// account that opens cannot be closed and opened again; if a repair takes away or shortens a segment; or if the other account notices.
fn read_back(disk: &SimulatedDisk, is_forged_copy: bool) {
    RUNTIME.block_on(async {
        let report = report(disk).await;
        let with_indexes = look(&disk.duplicate()).await;
        let from_the_log = look(&files::without_indexes(disk)).await;
        if let Some(report) = report.filter(|it| it.is_good() && !is_forged_copy) {
            let opened = with_indexes.expect("what is good opens");
            let shown = format!("{:?}", report.findings);
            assert_eq!(Ok(opened), from_the_log.map_err(|error| error.to_string()), "{shown}");
        }
        repair(&disk.duplicate()).await;
    });
}

async fn report(disk: &SimulatedDisk) -> Option<Report> {
    let before = contents(disk);
    let store = open(disk);
    let report = store.check(DAMAGED).await;
    store.close().await.expect("it is closed");
    assert!(contents(disk) == before, "a check changes nothing");
    report.ok()
}

/// Every file of an account but what opening makes.
fn contents(disk: &SimulatedDisk) -> Vec<(String, Vec<u8>)> {
    let files = disk.files().into_iter();
    let read = |path: std::path::PathBuf| {
        (path.display().to_string(), disk.read(&path).expect("it is listed"))
    };
    files.map(read).filter(|(path, _)| path.contains("/accounts/")).collect()
}

/// What the damaged account looks like, twice, and with a change in between.
async fn look(disk: &SimulatedDisk) -> Result<String, StoreError> {
    let store = open(disk);
    let opened = store.account(DAMAGED).await;
    let Ok(account) = opened else {
        store.close().await.expect("it is closed");
        return opened.map(|_| String::new());
    };
    let seen = picture(&*account).await;
    // A log that says it used up its numbers takes no change; that is no reason to fall over.
    let _any = change(&*account).await;
    let changed = picture(&*account).await.map_err(|error| error.to_string());
    drop(account);
    let closed = store.close().await;
    drop(store);
    if closed.is_ok() {
        let store = open(disk);
        let again = store.account(DAMAGED).await.expect("what was closed opens");
        assert_eq!(picture(&*again).await.map_err(|error| error.to_string()), changed);
    }
    seen
}

/// The folder that a file is in.
fn folder(path: &str) -> String {
    path.rsplit_once('/').map_or("", |(folder, _)| folder).to_owned()
}

async fn repair(disk: &SimulatedDisk) {
    let is_log = |(path, _): &(String, Vec<u8>)| path.ends_with(".seg");
    let sizes = |disk| {
        let log = contents(disk).into_iter().filter(is_log);
        log.map(|(path, octets)| (folder(&path), octets.len())).collect::<Vec<_>>()
    };
    let before = sizes(disk);
    let store = open(disk);
    let repaired = store.repair(DAMAGED).await;
    let checked = store.check(DAMAGED).await;
    let other = picture(&*store.account(OTHER).await.expect("the other opens")).await;
    assert_eq!(other.expect("the other is whole"), WRITTEN.1);
    store.close().await.expect("it is closed");
    // A log may be begun anew behind what there is, single bits of it turned back, and segments get their names back.
    let mut after = sizes(disk);
    for segment in &before {
        let at = after.iter().position(|it| it == segment).expect("a repair takes no segment away");
        after.swap_remove(at);
    }
    if let (Ok(repaired), Ok(checked)) = (repaired, checked)
        && repaired.is_good()
    {
        assert!(checked.is_good(), "{:?}, then {:?}", repaired.findings, checked.findings);
    }
}
