//! Checking accounts: what is wrong is found and named, and nothing else is.

use crate::compaction::churned;
use crate::damage::{Frame, copy, flipped, frames, last_segment, segment};
use crate::workload::{
    ACCOUNT, SMALL, Step, account_dir, create, done, message, open_soon, script,
};
use rookery_mail::MailboxId;
use rookery_mailbox::{FlagOperation, Refused, Store, StoreError};
use rookery_store_local::vfs::{SimulatedDisk, Vfs};
use rookery_store_local::{Finding, LocalStore, Options, Report, Severity};
use std::collections::BTreeMap;
use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

fn file(name: &str) -> PathBuf {
    account_dir().join(name)
}

fn contents(disk: &SimulatedDisk) -> BTreeMap<PathBuf, Vec<u8>> {
    disk.files().into_iter().map(|path| (path.clone(), disk.read(&path).unwrap())).collect()
}

/// Check the account of a disk, which must not change by it.
async fn check(disk: &SimulatedDisk) -> Report {
    let before = contents(disk);
    let store = open_soon(disk).await.unwrap();
    let report = store.check(ACCOUNT).await.unwrap();
    drop(store);
    assert_eq!(contents(disk), before);
    report
}

async fn repair(disk: &SimulatedDisk) -> Report {
    let store = open_soon(disk).await.unwrap();
    let report = store.repair(ACCOUNT).await.unwrap();
    drop(store);
    report
}

/// Which files something is wrong with.
fn wrong(report: &Report) -> Vec<&Finding> {
    report.findings.iter().filter(|finding| finding.severity == Severity::Wrong).collect()
}

/// The one thing that is wrong.
#[track_caller]
fn one<'a>(report: &'a Report, place: &str, what: &str, consequence: &str) -> &'a Finding {
    let [finding] = wrong(report)[..] else { panic!("{:#?}", report.findings) };
    assert!(finding.place.starts_with(place), "{finding:#?}");
    assert!(finding.what.contains(what), "{finding:#?}");
    assert!(finding.consequence.contains(consequence), "{finding:#?}");
    assert!(!report.is_good());
    finding
}

#[tokio::test]
async fn in_healthy_accounts_nothing_is_found() {
    for options in [SMALL, Options::default()] {
        for clean in [true, false] {
            let disk = done(clean, options).await;
            let report = check(&disk).await;
            assert_eq!(report.findings, [], "{options:?} {clean}");
            assert!(report.changes > script().len() as u64 && report.messages > 5, "{report:?}");
        }
    }
    let disk = SimulatedDisk::new();
    let store = open_soon(&disk).await.unwrap();
    create(&store).await.unwrap();
    assert_eq!(store.check(ACCOUNT).await.unwrap().findings, []);
    store.close().await.unwrap();
    assert_eq!(check(&disk).await.findings, []);
    let missing = open_soon(&disk).await.unwrap().check("nobody").await;
    assert!(matches!(missing, Err(StoreError::Refused(Refused::NoSuchAccount))));
}

#[tokio::test]
async fn in_compacted_accounts_nothing_is_found() {
    for clean in [true, false] {
        let (disk, _) = churned(clean).await;
        assert_eq!(check(&disk).await.findings, []);
        let store = open_soon(&disk).await.unwrap();
        assert!(store.compact(ACCOUNT).await.unwrap() > 1);
        assert_eq!(store.check(ACCOUNT).await.unwrap().findings, []);
        // The index snapshots are still of before.
        let left = disk.crash(1);
        let report = check(&left).await;
        assert!(wrong(&report).is_empty(), "{:#?}", report.findings);
        store.close().await.unwrap();
        assert_eq!(check(&disk).await.findings, []);
    }
}

/// While the account is open, and while it is written to.
#[tokio::test]
async fn an_account_can_be_checked_while_it_is_used() {
    let disk = SimulatedDisk::new();
    let store = open_soon(&disk).await.unwrap();
    let account = create(&store).await.unwrap();
    for step in script() {
        let (taken, report) = tokio::join!(step.take(&*account), store.check(ACCOUNT));
        taken.unwrap();
        assert_eq!(report.unwrap().findings, [], "{step:?}");
    }
    // A message that is coming in is no leftover.
    let coming = message(&*account, 1000, "").await.unwrap();
    assert_eq!(store.repair(ACCOUNT).await.unwrap().findings, []);
    account.append(MailboxId(1), vec![coming], 1).await.unwrap();
}

/// What power cuts leave is not wrong, whatever is in the middle of being written.
#[tokio::test]
async fn what_crashes_leave_is_not_wrong() {
    let mut notes = 0;
    for at in (40..400).step_by(3) {
        let disk = SimulatedDisk::new();
        disk.fail_at(at, std::io::ErrorKind::BrokenPipe, true);
        let Ok(store) = open_soon(&disk).await else { continue };
        let Ok(account) = create(&store).await else { continue };
        for step in script() {
            if step.take(&*account).await.is_err() {
                break;
            }
        }
        for seed in 0..3 {
            let left = disk.crash(at * 10 + seed);
            let report = check(&left).await;
            assert!(report.is_good() && wrong(&report).is_empty(), "{at}: {:#?}", report.findings);
            notes += report.findings.len();
            // Repairing changes no segment, and the account is what it would have been.
            let segments = contents(&left).into_iter();
            let segments: Vec<_> = segments
                .filter(|(path, _)| path.extension().is_some_and(|it| it == "seg"))
                .collect();
            assert!(repair(&left).await.is_good());
            for (path, octets) in segments {
                assert_eq!(left.read(&path).unwrap(), octets, "{at}");
            }
            open_soon(&left).await.unwrap().account(ACCOUNT).await.unwrap();
        }
    }
    assert!(notes > 10, "{notes}");
}

#[tokio::test]
async fn a_torn_end_is_told_of() {
    let disk = done(false, Options::default()).await;
    let whole = disk.read(&segment(1)).unwrap();
    for torn in [[&whole[..], &[7; 100]].concat(), whole[..whole.len() - 8].to_vec()] {
        disk.overwrite(&segment(1), &torn);
        let report = check(&disk).await;
        let [note] = &report.findings[..] else { panic!("{:#?}", report.findings) };
        assert!(report.is_good() && note.severity == Severity::Note);
        assert!(note.what.contains("was not finished"), "{note:?}");
    }
}

/// Four messages; the second is in both mailboxes.
async fn small(clean: bool) -> SimulatedDisk {
    let second = Step::Append(1, 1, 1300, "\\Seen");
    let steps = [Step::Append(1, 1, 10, ""), second, Step::Copy(1, 2), Step::Append(1, 2, 20, "")];
    let disk = SimulatedDisk::new();
    let store = open_soon(&disk).await.unwrap();
    let account = create(&store).await.unwrap();
    for step in steps {
        step.take(&*account).await.unwrap();
    }
    if clean {
        store.close().await.unwrap();
    }
    disk
}

/// The frame of the second message.
fn second(disk: &SimulatedDisk) -> Frame {
    let octets = disk.read(&segment(1)).unwrap();
    frames(&octets).into_iter().find(|it| it.kind == 1 && it.ends[2] - it.ends[1] == 1300).unwrap()
}

fn concerns(finding: &Finding) -> Vec<(&str, &str)> {
    finding.concerns.iter().map(|it| (it.mailbox.as_str(), it.uids.as_str())).collect()
}

const BOTH: [(&str, &str); 2] = [("INBOX", "2"), ("Other", "2")];

#[tokio::test]
async fn damaged_messages_are_named() {
    for clean in [true, false] {
        let disk = small(clean).await;
        let frame = second(&disk);
        let place = format!("seg/1.seg, octet {}", frame.offset);
        for (at, what, consequence) in [
            (frame.ends[0], "the summary of a message is damaged", "nothing is lost"),
            (frame.ends[1] + 700, "a message is damaged", "reading this message fails"),
        ] {
            let damaged = flipped(&disk, at);
            let report = check(&damaged).await;
            assert_eq!(concerns(one(&report, &place, what, consequence)), BOTH);
            // Found as well where the account is loaded.
            let store = open_soon(&damaged).await.unwrap();
            let account = store.account(ACCOUNT).await.unwrap();
            assert_eq!(store.check(ACCOUNT).await.unwrap().findings, report.findings);
            drop((account, store));
            // More than a bit cannot be mended.
            let mut octets = damaged.read(&segment(1)).unwrap();
            octets[at + 1] ^= 0xff;
            damaged.overwrite(&segment(1), &octets);
            one(&repair(&damaged).await, &place, what, consequence);
            assert_eq!(damaged.read(&segment(1)).unwrap(), octets);
        }
    }
}

#[tokio::test]
async fn damaged_changes_are_named() {
    for clean in [true, false] {
        let disk = small(clean).await;
        let frame = second(&disk);
        let place = format!("seg/1.seg, octet {}", frame.offset);
        let consequence = if clean { "the account opens, since" } else { "takes no changes" };
        // With the index snapshots it is known which messages these are; without, which change it is.
        let messages = if clean { BOTH.to_vec() } else { vec![] };
        for (at, what) in [
            (frame.offset + 9, "change 3 is missing here"),
            (frame.offset + 70, "a message came in); change 3 is missing here"),
        ] {
            let damaged = flipped(&disk, at);
            let report = check(&damaged).await;
            let finding = one(&report, &place, what, consequence);
            assert_eq!(concerns(finding), messages, "{report:#?}");
            assert_eq!(report.changes, 5, "it reads on behind it");
        }
        let report = check(&flipped(&disk, 20)).await;
        let what = "the header of this segment is damaged";
        let findings = wrong(&report);
        assert!(findings[0].what.contains(what) && findings[0].place == "seg/1.seg, octet 0");
        assert!(findings[0].consequence.contains("takes no changes"), "{findings:#?}");
        // The log's number is known from the index snapshot, or from the frames: nothing else is wrong.
        assert_eq!((findings.len(), report.changes), (1, 6), "{findings:#?}");
    }
}

#[tokio::test]
async fn damaged_index_snapshots_are_named_and_mended() {
    let disk = small(true).await;
    let healthy = contents(&disk);
    let indexes: Vec<_> =
        healthy.keys().filter(|path| path.extension().is_some_and(|it| it == "idx")).collect();
    // That of the account, of contents and threads, and of two mailboxes.
    assert_eq!(indexes.len(), 5);
    for path in indexes {
        let name = path.strip_prefix(file("")).unwrap().display().to_string();
        for missing in [true, false] {
            let damaged = copy(&disk);
            if missing {
                damaged.remove_file(path).unwrap();
            } else {
                let mut octets = healthy[path].clone();
                octets[30] ^= 1;
                damaged.overwrite(path, &octets);
            }
            if missing && name == "account.idx" {
                assert_eq!(check(&damaged).await.findings, [], "an account need not have them");
                continue;
            }
            let report = check(&damaged).await;
            assert!(
                one(&report, "account.idx", &name, "makes the index snapshots anew")
                    .mended
                    .is_none()
            );
            let repaired = repair(&damaged).await;
            assert!(repaired.is_good(), "{:#?}", repaired.findings);
            assert_eq!(check(&damaged).await.findings, []);
            assert!(damaged.read(&file("account.idx")).is_none());
            assert_eq!(damaged.read(&segment(1)).as_ref(), healthy.get(&segment(1)));
        }
        // While the account is loaded, they are written anew.
        let damaged = copy(&disk);
        let store = open_soon(&damaged).await.unwrap();
        let account = store.account(ACCOUNT).await.unwrap();
        damaged.overwrite(path, b"rubbish");
        assert!(!store.check(ACCOUNT).await.unwrap().is_good());
        assert!(store.repair(ACCOUNT).await.unwrap().is_good());
        assert_eq!(store.check(ACCOUNT).await.unwrap().findings, []);
        drop((account, store));
        assert!(damaged.read(&file("account.idx")).is_some());
    }
}

/// An index snapshot can have its checksum and be wrong all the same: here it is of another log that has the same number.
#[tokio::test]
async fn index_snapshots_are_held_against_the_log() {
    let disk = small(true).await;
    let other = copy(&disk);
    let store = open_soon(&other).await.unwrap();
    let account = store.account(ACCOUNT).await.unwrap();
    for step in [Step::Flag(1, FlagOperation::Add, "$X"), Step::Subscribe("x")] {
        step.take(&*account).await.unwrap();
    }
    store.close().await.unwrap();
    let more = copy(&disk);
    let store = open_soon(&more).await.unwrap();
    let account = store.account(ACCOUNT).await.unwrap();
    for step in [Step::Threads(1, &[&[7]]), Step::Create("y")] {
        step.take(&*account).await.unwrap();
    }
    store.close().await.unwrap();
    // The log of one, the index snapshots of the other.
    for path in more.files().iter().filter(|path| path.extension().is_some_and(|it| it == "idx")) {
        more.remove_file(path).unwrap();
    }
    for path in other.files().iter().filter(|path| path.extension().is_some_and(|it| it == "idx")) {
        more.overwrite(path, &other.read(path).unwrap());
    }
    let report = check(&more).await;
    let found: Vec<&str> =
        wrong(&report).iter().filter_map(|it| it.what.split_once(':')).map(|it| it.0).collect();
    for expected in [
        "which mailboxes there are",
        "the subscriptions",
        "the numbers that were given away",
        "where content lies and how many messages have it",
        "how much of the segments is alive",
        "which messages sessions were told of as recent",
        "the threads",
        "the messages of INBOX",
    ] {
        assert!(found.contains(&expected), "{expected}: {found:?}");
    }
    let mended = copy(&more);
    let repaired = repair(&mended).await;
    assert!(repaired.is_good(), "{:#?}", repaired.findings);
    assert_eq!(check(&mended).await.findings, []);
    // When the account is loaded, what they say is in memory: only with the server stopped they can be mended.
    let store = open_soon(&more).await.unwrap();
    let account = store.account(ACCOUNT).await.unwrap();
    assert!(!store.repair(ACCOUNT).await.unwrap().is_good());
    drop(account);
}

#[tokio::test]
async fn segments_that_are_missing_short_or_double_are_named() {
    for clean in [true, false] {
        let disk = done(clean, SMALL).await;
        let last = last_segment(&disk);
        assert!(last >= 3);
        for number in 1..last {
            let damaged = copy(&disk);
            damaged.remove_file(&segment(number)).unwrap();
            let report = check(&damaged).await;
            let place = format!("seg/{number}.seg");
            let finding = wrong(&report)[0];
            assert!(finding.place.starts_with(&place) && finding.what.contains("missing"));
            assert!(finding.consequence.contains("takes no changes"), "{finding:?}");
            let damaged = copy(&disk);
            let whole = disk.read(&segment(number)).unwrap();
            damaged.overwrite(&segment(number), &whole[..whole.len() - 8]);
            let report = check(&damaged).await;
            let finding = wrong(&report)[0];
            assert!(finding.place.starts_with(&place), "{finding:?}");
            assert!(finding.what.contains("a frame that ends"), "{finding:?}");
        }
        let damaged = copy(&disk);
        damaged.overwrite(&segment(last + 1), &disk.read(&segment(2)).unwrap());
        let place = format!("seg/{}.seg", last + 1);
        let what = "this is the segment 2.seg under another name";
        one(&check(&damaged).await, &place, what, "takes no changes");
        damaged.remove_file(&segment(last + 1)).unwrap();
        damaged.overwrite(&file("seg/2.seg (copy)"), &disk.read(&segment(2)).unwrap());
        damaged.overwrite(&file("seg/notes.txt"), b"x");
        let report = check(&damaged).await;
        let whats: Vec<&str> = wrong(&report).iter().map(|it| it.what.as_str()).collect();
        assert_eq!(whats, ["a copy of 2.seg", "this is none of the engine's files"]);
        damaged.overwrite(&segment(2), &small(true).await.read(&segment(1)).unwrap());
        let report = check(&damaged).await;
        assert!(wrong(&report).iter().any(|it| it.what.contains("belongs to another account")));
    }
}

#[tokio::test]
async fn a_log_that_is_shorter_than_its_index_is_named() {
    let disk = small(true).await;
    let whole = disk.read(&segment(1)).unwrap();
    let last = frames(&whole).pop().unwrap();
    for len in [whole.len() - 8, last.offset] {
        disk.overwrite(&segment(1), &whole[..len]);
        let report = check(&disk).await;
        let finding = one(&report, "seg/1.seg", "", "takes no changes");
        assert_eq!(concerns(finding), [("INBOX", "4")], "{len}");
    }
}

#[tokio::test]
async fn what_lies_behind_the_end_of_a_loaded_log_is_named() {
    let disk = small(true).await;
    let store = open_soon(&disk).await.unwrap();
    let account = store.account(ACCOUNT).await.unwrap();
    disk.overwrite(&segment(2), &disk.read(&segment(1)).unwrap());
    let report = store.check(ACCOUNT).await.unwrap();
    one(&report, "seg/2.seg", "no segment of the log, which ends in 1.seg", "move the file away");
    drop(account);
}

#[tokio::test]
async fn foreign_files_and_leftovers_are_told_apart() {
    let disk = small(true).await;
    for name in ["notes", "box/x", "box/1.idx", "cut/y"] {
        let with = copy(&disk);
        with.overwrite(&file(name), b"x");
        one(&check(&with).await, name, "none of the engine's", "never reads it");
        assert!(!repair(&with).await.is_good() && with.read(&file(name)).is_some());
    }
    for name in ["account.idx.new", "seg/1.seg.new", "seg.new/1.seg", "tmp/7", "box/1.1.idx"] {
        let with = copy(&disk);
        with.overwrite(&file(name), b"x");
        let report = check(&with).await;
        assert!(report.is_good() && report.findings.len() == 1, "{report:?}");
        let repaired = repair(&with).await;
        assert_eq!(repaired.findings[0].mended.as_deref(), Some("removed"));
        assert_eq!(check(&with).await.findings, [], "{name}");
    }
    disk.overwrite(&file("account.toml"), b"x");
    disk.overwrite(&file("cut/1-100"), b"x");
    assert_eq!(check(&disk).await.findings, []);
}

/// On real files.
#[tokio::test]
async fn wrong_permissions_are_named_and_mended() {
    let dir = tempfile::tempdir().unwrap();
    let store = LocalStore::open(dir.path()).unwrap();
    create(&store).await.unwrap();
    store.close().await.unwrap();
    let store = LocalStore::open(dir.path()).unwrap();
    assert_eq!(store.check(ACCOUNT).await.unwrap().findings, []);
    let account = store.account_dir(ACCOUNT);
    for (name, mode, right) in [
        ("", 0o755, 0o700),
        ("seg", 0o710, 0o700),
        ("seg/1.seg", 0o604, 0o600),
        ("account.idx", 0o660, 0o600),
    ] {
        let path = account.join(name);
        std::fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
        let place = if name.is_empty() { "." } else { name };
        let report = store.check(ACCOUNT).await.unwrap();
        one(&report, place, "others than its owner can use it", "mode should be");
        assert!(store.repair(ACCOUNT).await.unwrap().is_good());
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o7777, right);
        assert_eq!(store.check(ACCOUNT).await.unwrap().findings, []);
    }
}

/// Whatever bit of whatever file is another one, and wherever a file ends, it is seen, and can be repaired.
#[tokio::test]
async fn no_damage_to_any_file_stays_unseen() {
    let disk = done(true, SMALL).await;
    let mut seen = 0;
    for (path, whole) in contents(&disk) {
        if !path.starts_with(file("")) {
            continue;
        }
        for at in (0..whole.len()).step_by(23) {
            let mut octets = whole.clone();
            octets[at] ^= 1 << (at % 8);
            if at % 2 == 1 {
                octets.truncate(at);
            }
            let damaged = copy(&disk);
            damaged.overwrite(&path, &octets);
            let place = format!("{} at {at}", path.display());
            let report = check(&damaged).await;
            // Damage to what no message has any more is a note.
            let found = &report.findings;
            let is_index = path.extension().is_some_and(|it| it == "idx");
            let name = if is_index { "account.idx" } else { "seg/" };
            assert!(found.iter().any(|it| it.place.starts_with(name)), "{place}: {found:#?}");
            let damaged = copy(&disk);
            damaged.overwrite(&path, &octets);
            let report = repair(&damaged).await;
            let mut left = wrong(&report).into_iter().filter(|it| it.mended.is_none());
            // Messages of which the index snapshots know may have been where the segment ends now.
            let is_cut = !is_index && at % 2 == 1;
            let is_told = left.all(|it| is_cut && it.what.contains(" cannot be read: "));
            assert!(is_told, "{place}: {:#?}", report.findings);
            let is_turned_back = damaged.read(&path).as_ref() == Some(&whole);
            assert!(is_index || is_turned_back != (at % 2 == 1), "{place}");
            assert!(open_soon(&damaged).await.unwrap().account(ACCOUNT).await.is_ok(), "{place}");
            seen += 1;
        }
    }
    assert!(seen > 100, "{seen}");
}

/// The store is closed while a check runs: it ends, and says nothing.
#[tokio::test]
async fn closing_ends_a_check() {
    let disk = small(true).await;
    let store = open_soon(&disk).await.unwrap();
    let (checked, closed) = tokio::join!(store.check(ACCOUNT), store.close());
    closed.unwrap();
    if let Ok(report) = checked {
        assert_eq!(report.findings, []);
    }
    assert!(store.check(ACCOUNT).await.is_err());
}

#[tokio::test]
async fn an_account_can_be_removed_while_it_is_checked() {
    for loaded in [true, false] {
        let disk = done(true, SMALL).await;
        let store = open_soon(&disk).await.unwrap();
        let account = if loaded { store.account(ACCOUNT).await.ok() } else { None };
        let (_, deleted) = tokio::join!(store.check(ACCOUNT), store.delete_account(ACCOUNT));
        deleted.unwrap();
        let missing = store.check(ACCOUNT).await;
        assert!(matches!(missing, Err(StoreError::Refused(Refused::NoSuchAccount))));
        drop(account);
    }
}
