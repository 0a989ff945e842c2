//! The in-memory engine, put through what every engine must do, and compared with itself.

use proptest::prelude::*;
use rookery_mailbox::{MemoryStore, Store, initial_mailboxes};
use rookery_testkit::conformance::{compare, random_operations, run, six_messages};
use std::sync::Arc;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_in_memory_engine_conforms() {
    run(Arc::new(MemoryStore::new())).await;
}

#[tokio::test]
async fn the_in_memory_engine_holds_so_many_messages() {
    six_messages(Arc::new(MemoryStore::new().with_max_messages(6))).await;
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(100) })]
    #[test]
    fn it_does_the_same_every_time(operations in random_operations()) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let (a, b) = (MemoryStore::new(), MemoryStore::new());
            for store in [&a, &b] {
                store.create_account("u", &initial_mailboxes(), 1_800_000_000).await.unwrap();
            }
            let (a, b) = (a.account("u").await.unwrap(), b.account("u").await.unwrap());
            compare(&*a, &*b, &operations).await;
        });
    }
}
