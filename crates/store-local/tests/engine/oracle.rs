//! Random operations on this engine and the in-memory one, with this one opened again in between.

use crate::workload::{ACCOUNT, account_dir, create, open_soon, small_memory};
use proptest::prelude::*;
use rookery_mailbox::{AccountStore, Store};
use rookery_store_local::vfs::{SimulatedDisk, Vfs};
use rookery_testkit::conformance::{Operation, compare, random_operations};
use std::sync::Arc;

/// How an engine is left before it is opened again.
#[derive(Clone, Copy, Debug)]
enum Leaving {
    /// Closed, with fresh index snapshots.
    Closed,
    /// Dropped, with old index snapshots or none.
    Dropped,
    /// Closed, and then some index snapshots are removed.
    SomeIndexesGone,
    /// Closed, and then all index snapshots are removed.
    AllIndexesGone,
}

fn leaving() -> impl Strategy<Value = Leaving> {
    proptest::sample::select(vec![
        Leaving::Closed,
        Leaving::Dropped,
        Leaving::SomeIndexesGone,
        Leaving::AllIndexesGone,
    ])
}

fn remove_indexes(disk: &SimulatedDisk, every: usize) {
    let all = disk.files().into_iter();
    let indexes = all.filter(|path| path.extension().is_some_and(|extension| extension == "idx"));
    indexes.step_by(every).for_each(|path| disk.remove_file(&path).unwrap());
}

async fn run(parts: Vec<(Vec<Operation>, Leaving)>) {
    let (memory, disk) = (small_memory(), SimulatedDisk::new());
    let oracle = create(&memory).await.unwrap();
    create(&open_soon(&disk).await.unwrap()).await.unwrap();
    for (operations, leaving) in parts {
        let store = open_soon(&disk).await.unwrap();
        let account: Arc<dyn AccountStore> = store.account(ACCOUNT).await.unwrap();
        compare(&*oracle, &*account, &[]).await;
        compare(&*oracle, &*account, &operations).await;
        match leaving {
            Leaving::Dropped => continue,
            Leaving::Closed => store.close().await.unwrap(),
            Leaving::SomeIndexesGone => {
                store.close().await.unwrap();
                remove_indexes(&disk, 2);
            }
            Leaving::AllIndexesGone => {
                store.close().await.unwrap();
                remove_indexes(&disk, 1);
            }
        }
    }
    let store = open_soon(&disk).await.unwrap();
    let account = store.account(ACCOUNT).await.unwrap();
    compare(&*oracle, &*account, &[]).await;
    assert!(!disk.list(&account_dir()).unwrap().is_empty());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, ..ProptestConfig::default() })]
    #[test]
    fn answers_as_the_in_memory_engine(
        parts in proptest::collection::vec((random_operations(), leaving()), 1..6),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        runtime.block_on(run(parts));
    }
}
