//! Files that may only be read and directories in which nothing may be made: what is there can be read, and changed again when
//! the permission is given.

use crate::damage::{copy, last_segment, segment};
use crate::workload::{
    ACCOUNT, SMALL, Step, account_dir, create, done, is_writable, open_soon, picture,
};
use rookery_mailbox::{Store, StoreError};
use rookery_store_local::limits::REREAD_AFTER;
use rookery_store_local::vfs::SimulatedDisk;
use std::path::PathBuf;

/// Accounts that have something to be seen to when they are opened: the end of a log that is torn, a segment that was never used,
/// what a crash left of a message that came in.
async fn accounts() -> Vec<SimulatedDisk> {
    let clean = done(true, SMALL).await;
    let killed = done(false, SMALL).await;
    let last = last_segment(&killed);
    let torn = copy(&killed);
    let mut octets = torn.read(&segment(last)).unwrap();
    octets.extend([7; 40]);
    torn.overwrite(&segment(last), &octets);
    let unused = copy(&killed);
    unused.overwrite(&segment(last + 1), b"Rook");
    let arriving = copy(&killed);
    arriving.overwrite(&account_dir().join("tmp/9"), b"half a message");
    vec![clean, killed, torn, unused, arriving]
}

#[tokio::test]
async fn what_may_only_be_read_is_read_until_it_may_be_written() {
    let (mut read_only, mut writable) = (0, 0);
    for whole in accounts().await {
        let healthy = {
            let store = open_soon(&copy(&whole)).await.unwrap();
            picture(&*store.account(ACCOUNT).await.unwrap()).await
        };
        let mut places: Vec<PathBuf> = whole.files();
        places.retain(|path| path.starts_with(account_dir()));
        places.extend(["", "seg", "tmp", "box", "cut"].map(|name| account_dir().join(name)));
        for place in places {
            let disk = copy(&whole);
            let moment = place.display();
            disk.protect(&place);
            let store = open_soon(&disk).await.unwrap();
            let account = store.account(ACCOUNT).await;
            let account = account.unwrap_or_else(|error| panic!("{moment}: {error}"));
            assert_eq!(picture(&*account).await, healthy, "{moment}");
            let takes_changes = is_writable(&*account).await;
            *(if takes_changes { &mut writable } else { &mut read_only }) += 1;
            drop(account);
            disk.mend();
            if !takes_changes && read_only % 5 == 0 {
                tokio::time::sleep(REREAD_AFTER).await;
                let account = store.account(ACCOUNT).await.unwrap();
                assert!(is_writable(&*account).await, "{moment}");
            }
            drop(store);
            let store = open_soon(&disk).await.unwrap();
            let account = store.account(ACCOUNT).await.unwrap();
            assert!(is_writable(&*account).await, "{moment}");
            Step::Append(1, 1, 10, "").take(&*account).await.unwrap();
        }
    }
    assert!(read_only > 5 && writable > 10, "{read_only} {writable}");
}

/// No new segment can be begun: changes are refused as on a read-only file system, and taken again later.
#[tokio::test]
async fn a_segment_that_may_not_be_begun_is_begun_later() {
    let disk = SimulatedDisk::new();
    let store = open_soon(&disk).await.unwrap();
    let account = create(&store).await.unwrap();
    disk.protect(&account_dir().join("seg"));
    let mut refused = None;
    for _ in 0..100 {
        refused = Step::Append(1, 1, 300, "").take(&*account).await.err();
        if refused.is_some() {
            break;
        }
    }
    assert!(matches!(refused, Some(StoreError::ReadOnly)), "{refused:?}");
    let before = picture(&*account).await;
    assert!(!is_writable(&*account).await);
    disk.mend();
    assert!(is_writable(&*account).await);
    drop((account, store));
    let store = open_soon(&disk.crash(1)).await.unwrap();
    let found = picture(&*store.account(ACCOUNT).await.unwrap()).await;
    assert_eq!(
        found.lines().skip(1).collect::<Vec<_>>(),
        before.lines().skip(1).collect::<Vec<_>>()
    );
}
