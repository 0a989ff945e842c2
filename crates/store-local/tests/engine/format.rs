//! Files that earlier versions wrote must open for ever.
//!
//! `fixtures/version-1` is an account on which the script of [`crate::workload`] was done by the first
//! version, with index snapshots of about its middle and its three segments. To keep one of a later
//! version, run the ignored test with `ROOKERY_FIXTURE` naming a new directory.

use crate::workload::{ACCOUNT, DIR, done, picture, pictures_of, script_of_version_1};
use rookery_mailbox::{MemoryStore, Store};
use rookery_store_local::LocalStore;
use std::path::{Path, PathBuf};

fn fixture(version: u32) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/fixtures/version-{version}"))
}

fn copy_tree(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_tree(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

async fn check(with_indexes: bool) {
    let dir = tempfile::tempdir().unwrap();
    let store = LocalStore::open(dir.path()).unwrap();
    let account = store.account_dir(ACCOUNT);
    copy_tree(&fixture(1), &account);
    assert!(account.join("account.idx").exists());
    if !with_indexes {
        std::fs::remove_file(account.join("account.idx")).unwrap();
        std::fs::remove_dir_all(account.join("box")).unwrap();
    }
    let opened = store.account(ACCOUNT).await.unwrap();
    let pictures = pictures_of(&MemoryStore::new(), script_of_version_1()).await;
    assert_eq!(&picture(&*opened).await, pictures.last().unwrap());
}

#[tokio::test]
async fn version_1_opens_with_its_indexes() {
    check(true).await;
}

#[tokio::test]
async fn version_1_opens_from_its_segments() {
    check(false).await;
}

#[tokio::test]
#[ignore = "makes the files of a fixture"]
async fn keep_a_fixture() {
    let target = PathBuf::from(std::env::var("ROOKERY_FIXTURE").expect("where to put it"));
    let disk = done(false, crate::workload::SMALL).await;
    let account = Path::new(DIR).join("accounts").join(ACCOUNT);
    for path in disk.files() {
        let Ok(rest) = path.strip_prefix(&account) else { continue };
        std::fs::create_dir_all(target.join(rest).parent().unwrap()).unwrap();
        std::fs::write(target.join(rest), disk.read(&path).unwrap()).unwrap();
    }
}
