//! Files that earlier versions wrote must open for ever.
//!
//! `fixtures/version-1` is an account on which the script of [`crate::workload`] was done by the first
//! version, with index snapshots of about its middle and its three segments. `fixtures/version-2` is one on which
//! threads and append limits were added, with index snapshots of the second version. `fixtures/version-3` is one whose log was
//! begun anew by a repair, without index snapshots, and `fixtures/version-3.txt` what it looks like. `fixtures/version-4` is as
//! version-2, with index snapshots of which each part has a file. `fixtures/rewritten` is one with segments that were written
//! anew without saying as of which change, and `fixtures/rewritten.txt` what it looks like. `fixtures/keywords` is one whose
//! keywords took over bits before and after its index snapshots, and `fixtures/keywords.txt` what it looks like; `fixtures/squeezed` and
//! `fixtures/squeezed.txt` are the same of one with segments that were written anew without changes of which nothing was left, with
//! index snapshots that end within one of them. To keep one of a later version, run an ignored test with `ROOKERY_FIXTURE` naming a new
//! directory.

use crate::workload::{
    ACCOUNT, SMALL, account_dir, done, open_soon, picture, pictures_of, script_of_version_1,
    script_of_version_2, small_memory,
};
use rookery_mailbox::Store;
use rookery_store_local::LocalStore;
use rookery_store_local::vfs::{RealFiles, SimulatedDisk};
use std::path::{Path, PathBuf};
use std::sync::Arc;

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures")
}

fn fixture(version: u32) -> PathBuf {
    fixtures().join(format!("version-{version}"))
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

async fn check(version: u32, with_indexes: bool) {
    let dir = tempfile::tempdir().unwrap();
    let store = LocalStore::with_vfs(Arc::new(RealFiles), dir.path(), SMALL).unwrap();
    let account = store.account_dir(ACCOUNT);
    copy_tree(&fixture(version), &account);
    assert!(account.join("account.idx").exists());
    if !with_indexes {
        std::fs::remove_file(account.join("account.idx")).unwrap();
        std::fs::remove_dir_all(account.join("box")).unwrap();
    }
    let opened = store.account(ACCOUNT).await.unwrap();
    let script = if version == 1 { script_of_version_1() } else { script_of_version_2() };
    let pictures = pictures_of(&small_memory(), script).await;
    assert_eq!(&picture(&*opened).await, pictures.last().unwrap());
}

#[tokio::test]
async fn version_1_opens_with_its_indexes() {
    check(1, true).await;
}

#[tokio::test]
async fn version_1_opens_from_its_segments() {
    check(1, false).await;
}

#[tokio::test]
async fn version_2_opens_with_its_indexes() {
    check(2, true).await;
}

#[tokio::test]
async fn version_2_opens_from_its_segments() {
    check(2, false).await;
}

/// An account whose log was begun anew.
#[tokio::test]
async fn version_3_opens_from_its_base() {
    let dir = tempfile::tempdir().unwrap();
    let store = LocalStore::with_vfs(Arc::new(RealFiles), dir.path(), SMALL).unwrap();
    copy_tree(&fixture(3), &store.account_dir(ACCOUNT));
    let opened = store.account(ACCOUNT).await.unwrap();
    let expected = std::fs::read_to_string(fixture(3).with_extension("txt")).unwrap();
    assert_eq!(picture(&*opened).await, expected);
}

/// An account with segments that were written anew before their headers said as of which change.
#[tokio::test]
async fn segments_that_were_written_anew_earlier_open() {
    check_picture("rewritten").await;
}

/// An account of which a keyword took over the bit of another one.
#[tokio::test]
async fn bits_that_were_taken_over_open() {
    check_picture("keywords").await;
}

/// An account with segments from which changes were left out.
#[tokio::test]
async fn squeezed_segments_open() {
    check_picture("squeezed").await;
}

/// An account looks as it did, with its index snapshots and without.
async fn check_picture(name: &str) {
    for with_indexes in [true, false] {
        let dir = tempfile::tempdir().unwrap();
        let store = LocalStore::with_vfs(Arc::new(RealFiles), dir.path(), SMALL).unwrap();
        let account = store.account_dir(ACCOUNT);
        copy_tree(&fixtures().join(name), &account);
        if !with_indexes {
            std::fs::remove_file(account.join("account.idx")).unwrap();
        }
        let opened = store.account(ACCOUNT).await.unwrap();
        let expected = std::fs::read_to_string(fixtures().join(format!("{name}.txt"))).unwrap();
        assert_eq!(picture(&*opened).await, expected);
    }
}

/// In its index snapshots contents and threads have files of their own.
#[tokio::test]
async fn version_4_opens_with_its_indexes() {
    check(4, true).await;
}

#[tokio::test]
async fn version_4_opens_from_its_segments() {
    check(4, false).await;
}

/// Index snapshots of an earlier version are not wrong, only of no use.
#[tokio::test]
async fn earlier_versions_are_good() {
    for version in [1, 2] {
        let dir = tempfile::tempdir().unwrap();
        let store = LocalStore::with_vfs(Arc::new(RealFiles), dir.path(), SMALL).unwrap();
        copy_tree(&fixture(version), &store.account_dir(ACCOUNT));
        // The modes are those of the checked-out files.
        let report = store.repair(ACCOUNT).await.unwrap();
        let mode = "only its owner can use it now";
        let rest = report.findings.iter().filter(|it| it.mended.as_deref() != Some(mode));
        let rest: Vec<&str> = rest.map(|it| it.what.as_str()).collect();
        assert_eq!(rest, ["index snapshots of an earlier version"]);
        assert_eq!(store.check(ACCOUNT).await.unwrap().findings, []);
        assert!(store.account(ACCOUNT).await.is_ok());
    }
}

#[tokio::test]
#[ignore = "makes the files of a fixture"]
async fn keep_a_fixture() {
    let target = PathBuf::from(std::env::var("ROOKERY_FIXTURE").expect("where to put it"));
    keep(&done(false, SMALL).await, &target);
}

#[tokio::test]
#[ignore = "makes the files of a fixture"]
async fn keep_a_repaired_fixture() {
    let target = PathBuf::from(std::env::var("ROOKERY_FIXTURE").expect("where to put it"));
    let disk = crate::repair::repaired().await;
    keep(&disk, &target);
    let account = open_soon(&disk).await.unwrap().account(ACCOUNT).await.unwrap();
    std::fs::write(target.with_extension("txt"), picture(&*account).await).unwrap();
}

#[tokio::test]
#[ignore = "makes the files of a fixture"]
async fn keep_a_rewritten_fixture() {
    let target = PathBuf::from(std::env::var("ROOKERY_FIXTURE").expect("where to put it"));
    let (disk, before) = crate::compaction::churned(true).await;
    let store = open_soon(&disk).await.unwrap();
    assert!(store.compact(ACCOUNT).await.unwrap() > 1);
    store.close().await.unwrap();
    keep(&disk, &target);
    std::fs::write(target.with_extension("txt"), before).unwrap();
}

#[tokio::test]
#[ignore = "makes the files of a fixture"]
async fn keep_a_fixture_with_keywords() {
    let target = PathBuf::from(std::env::var("ROOKERY_FIXTURE").expect("where to put it"));
    let disk = crate::keywords::done(2).await;
    keep(&disk, &target);
    let account = open_soon(&disk).await.unwrap().account(ACCOUNT).await.unwrap();
    std::fs::write(target.with_extension("txt"), picture(&*account).await).unwrap();
}

#[tokio::test]
#[ignore = "makes the files of a fixture"]
async fn keep_a_squeezed_fixture() {
    let target = PathBuf::from(std::env::var("ROOKERY_FIXTURE").expect("where to put it"));
    let (disk, before) = crate::squeeze::squeezed_behind_indexes().await;
    keep(&disk, &target);
    std::fs::write(target.with_extension("txt"), before).unwrap();
}

fn keep(disk: &SimulatedDisk, target: &Path) {
    let account = account_dir();
    for path in disk.files() {
        let Ok(rest) = path.strip_prefix(&account) else { continue };
        std::fs::create_dir_all(target.join(rest).parent().unwrap()).unwrap();
        std::fs::write(target.join(rest), disk.read(&path).unwrap()).unwrap();
    }
}
