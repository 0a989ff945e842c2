//! What every engine must do.

use crate::workload::{DIR, SMALL, open};
use rookery_store_local::vfs::{RealFiles, SimulatedDisk};
use rookery_store_local::{LocalStore, Options};
use rookery_testkit::conformance;
use std::path::Path;
use std::sync::Arc;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_real_files() {
    let dir = tempfile::tempdir().unwrap();
    conformance::run(Arc::new(LocalStore::open(dir.path()).unwrap())).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_real_files_with_small_sizes() {
    let dir = tempfile::tempdir().unwrap();
    let store = LocalStore::with_vfs(Arc::new(RealFiles), dir.path(), SMALL).unwrap();
    conformance::run(Arc::new(store)).await;
}

#[tokio::test]
async fn on_a_simulated_disk() {
    assert_ne!(SMALL, Options::default());
    conformance::run(Arc::new(open(&SimulatedDisk::new()).unwrap())).await;
}

#[tokio::test]
async fn an_account_holds_so_many_messages() {
    for sizes in [SMALL, Options::default()] {
        let (vfs, sizes) = (SimulatedDisk::new(), Options { max_messages: 6, ..sizes });
        let store = LocalStore::with_vfs(Arc::new(vfs), Path::new(DIR), sizes).unwrap();
        conformance::six_messages(Arc::new(store)).await;
    }
}
