//! Index snapshots that cannot be read or written for once: that does no harm, and later they can.

use crate::heard::{Call, Heard};
use crate::workload::{
    ACCOUNT, DIR, SMALL, Step, account_dir, create, is_writable, on_threads, open_soon, picture,
    quiet, small_memory,
};
use rookery_mailbox::FlagOperation::{Add, Remove};
use rookery_mailbox::{AccountStore, Store};
use rookery_store_local::vfs::SimulatedDisk;
use rookery_store_local::{LocalStore, Options};
use std::collections::BTreeSet;
use std::io;
use std::ops::RangeInclusive;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Index snapshots are written often, and nothing is spooled to files.
const OPTIONS: Options = Options { index_octets: 700, spool_memory: 1 << 20, ..SMALL };

/// So many calls are never failing.
const NOT_COUNTED: u64 = 1 << 32;

/// Whether a call is about index snapshots.
fn is_of_index(call: Call, path: &Path) -> bool {
    let path = path.strip_prefix(account_dir()).unwrap_or(Path::new("elsewhere"));
    match call {
        Call::Renamed | Call::Rest(_) => false,
        // Where the name of the account's own file is.
        Call::SyncDir if path == Path::new("") => true,
        _ => path.starts_with("box") || path.to_string_lossy().starts_with("account.idx"),
    }
}

/// A store on a disk of which those of the calls for index snapshots fail that have these numbers, once somebody counts them; how many
/// there were.
fn failing(
    disk: &SimulatedDisk,
    which: RangeInclusive<u64>,
    error: fn() -> io::Error,
) -> (LocalStore, Arc<AtomicU64>) {
    let calls = Arc::new(AtomicU64::new(NOT_COUNTED));
    let (failing, count) = (disk.clone(), Arc::clone(&calls));
    let hear = move |call, path: &Path| {
        let is_it =
            is_of_index(call, path) && which.contains(&(count.fetch_add(1, Ordering::Relaxed) + 1));
        match call {
            _ if !is_it => {}
            Call::Open | Call::Read(_) | Call::List => {
                let next = failing.looks() + 1;
                failing.fail_looks(next..=next, error());
            }
            _ => failing.fail_at(failing.operations() + 1, error(), false),
        }
    };
    let vfs = Arc::new(Heard::new(disk, hear));
    (LocalStore::with_vfs(vfs, Path::new(DIR), OPTIONS).unwrap(), calls)
}

/// Changes after which index snapshots are written, of different parts.
fn script() -> Vec<Step> {
    vec![
        Step::Append(1, 2, 300, "\\Seen $A"),
        Step::Create("work"),
        Step::Append(3, 1, 500, ""),
        Step::Copy(1, 3),
        Step::Flag(3, Add, "\\Deleted"),
        Step::Append(2, 1, 900, ""),
        Step::Delete(3),
        Step::Threads(2, &[&[7], &[8, 7]]),
        Step::Flag(2, Add, "\\Deleted"),
        Step::Append(1, 1, 1500, ""),
        Step::Expunge(2),
        Step::Flag(1, Remove, "\\Seen"),
    ]
}

async fn take(script: &[Step], account: &dyn AccountStore, oracle: &dyn AccountStore) {
    for step in script {
        step.take(account).await.unwrap();
        step.take(oracle).await.unwrap();
        // Until the index snapshots are written.
        quiet().await;
    }
}

/// Write index snapshots while some of the calls for that fail, and once more when none does; returns how many calls there were.
async fn write(which: RangeInclusive<u64>) -> u64 {
    let moment = format!("calls {which:?}");
    let (disk, memory) = (SimulatedDisk::new(), small_memory());
    let (store, calls) = failing(&disk, which, SimulatedDisk::unreadable);
    let account = create(&store).await.unwrap();
    let oracle = create(&memory).await.unwrap();
    calls.store(0, Ordering::Relaxed);
    take(&script(), &*account, &*oracle).await;
    let all = calls.swap(NOT_COUNTED, Ordering::Relaxed);
    assert!(is_writable(&*account).await && is_writable(&*oracle).await, "{moment}");
    let expected = picture(&*oracle).await;
    assert_eq!(picture(&*account).await, expected, "{moment}");
    for seed in 0..2 {
        let left = open_soon(&disk.crash(all << 8 | seed)).await.unwrap();
        let left = left.account(ACCOUNT).await.unwrap();
        assert_eq!(picture(&*left).await, expected, "{moment}");
    }
    let before = disk.read(&account_dir().join("account.idx"));
    let more = [Step::Append(1, 1, 9000, ""), Step::Subscribe("news")];
    take(&more, &*account, &*oracle).await;
    assert!(disk.read(&account_dir().join("account.idx")) != before, "{moment}: none is written");
    let expected = picture(&*oracle).await;
    drop(account);
    store.close().await.unwrap();
    drop(store);
    is_well(&disk, &expected, &moment).await;
    all
}

/// The account is this, all its files are what they should be, and of each part there is one index snapshot.
async fn is_well(disk: &SimulatedDisk, expected: &str, moment: &str) {
    let store = open_soon(disk).await.unwrap();
    assert_eq!(store.check(ACCOUNT).await.unwrap().findings, [], "{moment}");
    assert_eq!(picture(&*store.account(ACCOUNT).await.unwrap()).await, expected, "{moment}");
    let parts = disk.files().into_iter().filter(|path| path.starts_with(account_dir().join("box")));
    let parts: Vec<_> = parts.map(|path| path.with_extension("").with_extension("")).collect();
    assert_eq!(parts.iter().collect::<BTreeSet<_>>().len(), parts.len(), "{moment}: {parts:?}");
    assert!(parts.len() > 2, "{moment}: {parts:?}");
}

#[test]
fn index_snapshots_that_cannot_be_written_once_are_written_later() {
    on_threads(1, async {
        let all = write(0..=0).await;
        assert!(all > 40, "{all}");
        for first in 1..=all {
            write(first..=first).await;
            write(first..=first + 1).await;
        }
    });
}

/// Nothing has changed since they could not be written.
#[test]
fn index_snapshots_that_could_not_be_written_are_written_at_the_end() {
    on_threads(1, async {
        let mut failed = 0;
        for first in 1..20 {
            let (disk, memory) = (SimulatedDisk::new(), small_memory());
            let (store, calls) = failing(&disk, first..=first, SimulatedDisk::unreadable);
            let account = create(&store).await.unwrap();
            let oracle = create(&memory).await.unwrap();
            calls.store(0, Ordering::Relaxed);
            take(&[Step::Append(1, 1, 900, "")], &*account, &*oracle).await;
            failed += u64::from(calls.swap(NOT_COUNTED, Ordering::Relaxed) >= first);
            drop(account);
            store.close().await.unwrap();
            drop(store);
            let is_written = disk.read(&account_dir().join("account.idx")).is_some();
            assert!(is_written, "call {first}");
            is_well(&disk, &picture(&*oracle).await, &format!("call {first}")).await;
        }
        assert!(failed > 8, "{failed}");
    });
}

/// What the disk could not read is read once more, or made up for by the log; what could not be looked at for another reason may be
/// an error, and is there the next time.
#[test]
fn index_snapshots_that_cannot_be_read_once_are_read_later() {
    on_threads(1, async {
        let (disk, memory) = (SimulatedDisk::new(), small_memory());
        let (store, _) = failing(&disk, 0..=0, SimulatedDisk::unreadable);
        let account = create(&store).await.unwrap();
        let oracle = create(&memory).await.unwrap();
        take(&script(), &*account, &*oracle).await;
        drop(account);
        store.close().await.unwrap();
        let expected = picture(&*oracle).await;
        let all = read(&disk, 0..=0, SimulatedDisk::unreadable, &expected).await;
        assert!(all > 10, "{all}");
        for first in 1..=all {
            let too_many_open_files = || io::Error::from_raw_os_error(24);
            let calls = read(&disk, first..=first, SimulatedDisk::unreadable, &expected).await;
            assert_eq!(calls, all + 1, "what was asked for once more is not made up for");
            read(&disk, first..=first + 1, SimulatedDisk::unreadable, &expected).await;
            read(&disk, first..=first, too_many_open_files, &expected).await;
        }
    });
}

/// Open an account while some of the calls for index snapshots fail, and once more when none does; returns how many calls there were.
async fn read(
    disk: &SimulatedDisk,
    which: RangeInclusive<u64>,
    error: fn() -> io::Error,
    expected: &str,
) -> u64 {
    let moment = format!("calls {which:?}: {}", error());
    let disk = SimulatedDisk::duplicate(disk);
    let (store, calls) = failing(&disk, which.clone(), error);
    calls.store(0, Ordering::Relaxed);
    let opened = store.account(ACCOUNT).await;
    assert!(opened.is_ok() || error().raw_os_error() == Some(24), "{moment}");
    let account = match opened {
        Ok(account) => account,
        Err(_) => store.account(ACCOUNT).await.unwrap(),
    };
    assert_eq!(picture(&*account).await, expected, "{moment}");
    let all = calls.swap(NOT_COUNTED, Ordering::Relaxed);
    assert!(is_writable(&*account).await, "{moment}");
    let expected = picture(&*account).await;
    drop(account);
    store.close().await.unwrap();
    drop(store);
    is_well(&disk, &expected, &moment).await;
    all
}
