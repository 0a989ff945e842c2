//! Giving space back leaves others the disk, by the clock of the disk: no time passes.

use crate::heard::{Call, Heard};
use crate::workload::{ACCOUNT, DIR, SMALL, Step, create, toggle};
use rookery_mailbox::FlagOperation::Add;
use rookery_store_local::limits::{COMPACTION_OCTETS_PER_SECOND, COPY_OCTETS};
use rookery_store_local::vfs::SimulatedDisk;
use rookery_store_local::{LocalStore, Options};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// What went by while space was given back.
#[derive(Default)]
struct Log {
    is_open: bool,
    read: u64,
    written: u64,
    rested: Duration,
    /// The most that was ahead of the time that others had the disk, in octets.
    ahead: i128,
}

impl Log {
    fn hear(&mut self, call: Call, path: &Path) {
        let is_segment = path.to_string_lossy().contains(".seg");
        match call {
            Call::Read(octets) if is_segment && self.is_open => self.read += octets as u64,
            Call::Write(octets) if is_segment && self.is_open => self.written += octets as u64,
            Call::Rest(time) => self.rested += time,
            _ => return,
        }
        let rested = self.rested.as_micros() * u128::from(COMPACTION_OCTETS_PER_SECOND) / 1_000_000;
        let ahead = i128::from(self.read + self.written) - i128::try_from(rested).unwrap();
        self.ahead = self.ahead.max(ahead);
    }
}

/// Segments of large messages and of small ones, most of them dead, and one of pointless changes.
async fn fill(store: &LocalStore) {
    let account = create(store).await.unwrap();
    for octets in [700_000, 100_000, 9_000] {
        Step::Append(1, 2_000_000 / octets, octets, "").take(&*account).await.unwrap();
        Step::Append(2, 1 + 400_000 / octets, octets, "").take(&*account).await.unwrap();
    }
    Step::Flag(1, Add, "\\Deleted").take(&*account).await.unwrap();
    Step::Expunge(1).take(&*account).await.unwrap();
    Step::Append(1, 1, 10, "").take(&*account).await.unwrap();
    toggle(&*account, 4_000).await;
}

#[tokio::test]
async fn giving_space_back_leaves_others_the_disk() {
    let log = Arc::new(Mutex::new(Log::default()));
    let heard = Arc::clone(&log);
    let hear = move |call, path: &Path| heard.lock().unwrap().hear(call, path);
    let vfs = Arc::new(Heard::new(&SimulatedDisk::new(), hear));
    let options =
        Options { segment_octets: 1 << 19, index_octets: u64::MAX, spool_memory: 1 << 20, ..SMALL };
    let store = LocalStore::with_vfs(vfs, Path::new(DIR), options).unwrap();
    fill(&store).await;
    log.lock().unwrap().is_open = true;
    let count = store.compact(ACCOUNT).await.unwrap();
    let Log { read, written, rested, ahead, .. } = *log.lock().unwrap();
    println!("{count} segments: {read} octets read, {written} written, {rested:?}, {ahead} ahead");
    assert!(count > 2 && read > 6 << 20 && written > 1 << 19);
    assert!(ahead <= 3 * COPY_OCTETS as i128, "{ahead}");
}
