//! Changes of which nothing is left are left out of segments that are written anew: an account is the same whatever goes.

use crate::compaction::octets;
use crate::damage::{Frame, append, copy, frames, segment};
use crate::power::BRIEF;
use crate::repair::without_indexes;
use crate::workload::{
    ACCOUNT, DIR, SMALL, Step, account_dir, create, open_soon, picture, script, small_memory,
    toggle,
};
use rookery_mail::{Flag, MailboxId, SystemFlag, Uid, UidSet};
use rookery_mailbox::FlagOperation::{Add, Remove, Replace};
use rookery_mailbox::limits::MAX_KEYWORDS;
use rookery_mailbox::{FlagChange, Store};
use rookery_store_local::vfs::{Dice, SimulatedDisk, Space, Vfs};
use rookery_store_local::{LocalStore, Options, Severity};
use std::path::{Path, PathBuf};
use std::sync::Arc;

const FLAGS: [&str; 8] =
    ["\\Seen", "\\Flagged", "$A", "\\Seen $A", "$B \\Draft", "\\Deleted", "$C $D", "\\Answered $E"];

/// Steps at random of which most overwrite what others did.
pub(crate) fn toggling(seed: u64, steps: usize) -> Vec<Step> {
    let mut dice = Dice::new(seed ^ 0x5eed);
    let mut script = vec![Step::Append(1, 2, 40, ""), Step::Append(2, 2, 40, "$B")];
    script.extend((0..steps).map(|_| random_step(&mut dice)));
    script
}

fn random_step(dice: &mut Dice) -> Step {
    let (mailbox, other) = ([1, 1, 1, 2][dice.roll(4) as usize], 1 + dice.roll(3));
    let (first, count) = (1 + dice.roll(4) as u32, dice.roll(3) as u32);
    let kinds = [2, 4, FLAGS.len() as u64][dice.roll(3) as usize];
    let flags = FLAGS[dice.roll(kinds) as usize];
    let operation = [Add, Remove, Replace][dice.roll(3) as usize];
    match dice.roll(80) {
        0..64 => Step::FlagSome(mailbox, first, first + count, operation, flags),
        64 => Step::Flag(mailbox, operation, flags),
        65 | 66 => Step::Claim(mailbox),
        67 | 68 => Step::Append(mailbox, 1, 30, flags),
        69 | 70 => Step::Copy(mailbox, other),
        71 => Step::Move(mailbox, first, other),
        72 => Step::Expunge(mailbox),
        73 => Step::Subscribe("news"),
        74 => Step::Unsubscribe("news"),
        75 => Step::AppendLimit(mailbox, (count > 0).then_some(u64::from(first) << 30)),
        76 => Step::Replace(mailbox, first, other, 20, flags),
        77 => Step::Create(["a", "b"][count as usize % 2]),
        _ => Step::Delete(3 + u64::from(first)),
    }
}

/// The frames of all segments.
fn all_frames(disk: &SimulatedDisk) -> Vec<(u32, Frame)> {
    let segments = (1..).map_while(|number| Some((number, disk.read(&segment(number))?)));
    let all = segments.flat_map(|(number, octets)| {
        frames(&octets).into_iter().map(move |frame| (number, frame)).collect::<Vec<_>>()
    });
    all.collect()
}

/// How many changes were left out of an account's segments. Zero if they are not whole.
pub(crate) fn omitted(disk: &SimulatedDisk) -> u64 {
    let segments = (1..).map_while(|number| disk.read(&segment(number)));
    let is_squeezed = |octets: &Vec<u8>| octets.get(8) == Some(&3);
    let octets = segments.filter(is_squeezed);
    octets.map(|octets| frames(&octets).iter().map(|frame| frame.omitted).sum::<u64>()).sum()
}

/// A disk with an account of many changes, of which many are left out, with index snapshots that end in the last segment or none;
/// and what it looks like.
pub(crate) async fn squeezed() -> (SimulatedDisk, String) {
    let disk = SimulatedDisk::new();
    let store = open_soon(&disk).await.unwrap();
    let account = create(&store).await.unwrap();
    for step in script().iter().chain(&toggling(1, 500)) {
        // Not all can be done.
        let _ = step.take(&*account).await;
    }
    assert!(store.compact(ACCOUNT).await.unwrap() > 1);
    let before = picture(&*account).await;
    drop(account);
    store.close().await.unwrap();
    assert!(omitted(&disk) > 40, "{}", omitted(&disk));
    (disk, before)
}

/// The same of fewer changes, with index snapshots that end within a segment of which changes were left out.
pub(crate) async fn squeezed_behind_indexes() -> (SimulatedDisk, String) {
    for rounds in 40..150 {
        let disk = SimulatedDisk::new();
        let store = open_soon(&disk).await.unwrap();
        let account = create(&store).await.unwrap();
        Step::Append(1, 3, 60, "$A").take(&*account).await.unwrap();
        for round in 0..rounds {
            let flags = ["\\Seen", "$B", "\\Flagged $A"][round % 3];
            let operation = if round / 3 % 2 == 0 { Add } else { Remove };
            Step::Flag(1, operation, flags).take(&*account).await.unwrap();
        }
        let before = picture(&*account).await;
        store.compact(ACCOUNT).await.unwrap();
        drop((account, store));
        let disk = disk.kill();
        let last = last_change(&indexes(&disk)).unwrap_or(u64::MAX);
        let is_squeezed = |(_, frame): &(u32, Frame)| {
            frame.omitted > 0 && (frame.sequence - frame.omitted..frame.sequence).contains(&last)
        };
        if all_frames(&disk).iter().any(is_squeezed) {
            return (disk, before);
        }
    }
    panic!("no index snapshots end there");
}

/// Index snapshots as they were at some moment.
type Indexes = Vec<(PathBuf, Vec<u8>)>;

fn indexes(disk: &SimulatedDisk) -> Indexes {
    // They may just be being written.
    let disk = copy(disk);
    let is_index = |path: &PathBuf| {
        path.starts_with(account_dir()) && path.extension().is_some_and(|it| it == "idx")
    };
    let all = disk.files().into_iter().filter(is_index);
    all.map(|path| (path.clone(), disk.read(&path).unwrap())).collect()
}

/// The last change that index snapshots know.
fn last_change(indexes: &Indexes) -> Option<u64> {
    let account = indexes.iter().find(|(path, _)| path.ends_with("account.idx"))?;
    Some(u64::from_le_bytes(*account.1[24..].first_chunk().unwrap()))
}

/// The same disk with other index snapshots.
fn with_indexes(disk: &SimulatedDisk, indexes: &Indexes) -> SimulatedDisk {
    let other = SimulatedDisk::new();
    let all = disk.files().into_iter().filter(|path| path.extension().is_none_or(|it| it != "idx"));
    all.for_each(|path| other.overwrite(&path, &disk.read(&path).unwrap()));
    indexes.iter().for_each(|(path, octets)| other.overwrite(path, octets));
    other
}

/// It is checked, opened, looked at, and goes on.
async fn is_the_same(disk: &SimulatedDisk, expected: &str, moment: &str) {
    let store = open_soon(disk).await.unwrap();
    let report = store.check(ACCOUNT).await.unwrap();
    let wrong = report.findings.iter().find(|it| it.severity == Severity::Wrong);
    assert_eq!(wrong, None, "{moment}");
    let account = store.account(ACCOUNT).await.unwrap_or_else(|error| panic!("{moment}: {error}"));
    assert_eq!(picture(&*account).await, expected, "{moment}");
    drop(account);
    store.close().await.unwrap();
    drop(store);
    append(disk).await;
    let report = open_soon(disk).await.unwrap().check(ACCOUNT).await.unwrap();
    let wrong = report.findings.iter().find(|it| it.severity == Severity::Wrong);
    assert_eq!(wrong, None, "{moment}, after another message");
}

/// Whatever segments are written anew, and whenever: from the first change on, and from index snapshots of any moment.
#[tokio::test]
async fn whatever_is_left_out_an_account_is_the_same_from_any_moment() {
    let options = Options { segment_octets: 3000, index_octets: 200, ..BRIEF };
    let (mut all, mut within) = (0, 0);
    for seed in 1..=crate::power::setting("ROOKERY_SQUEEZED").unwrap_or(20) {
        let (disk, memory) = (SimulatedDisk::new(), small_memory());
        let vfs = Arc::new(disk.clone());
        let store = LocalStore::with_vfs(vfs, Path::new(DIR), options).unwrap();
        let (account, oracle) = (create(&store).await.unwrap(), create(&memory).await.unwrap());
        let (mut dice, mut moments) = (Dice::new(seed), Vec::<Indexes>::new());
        for step in toggling(seed, 250) {
            let (done, expected) = (step.take(&*account).await, step.take(&*oracle).await);
            assert_eq!(done.is_ok(), expected.is_ok(), "{step:?}: {done:?}");
            if dice.roll(15) == 0 {
                store.compact(ACCOUNT).await.unwrap();
            }
            let now = indexes(&disk);
            if moments.last().is_none_or(|last| last_change(last) != last_change(&now)) {
                moments.push(now);
            }
        }
        let expected = picture(&*oracle).await;
        assert_eq!(picture(&*account).await, expected, "seed {seed}");
        drop(account);
        store.compact(ACCOUNT).await.unwrap();
        assert_eq!(store.compact(ACCOUNT).await.unwrap(), 0, "once is enough");
        drop(store);
        let disk = disk.kill();
        all += omitted(&disk);
        is_the_same(&without_indexes(&disk), &expected, &format!("seed {seed}")).await;
        for indexes in moments {
            let last = last_change(&indexes).unwrap_or(0);
            let is_omitted = |(_, frame): &(u32, Frame)| {
                (frame.sequence - frame.omitted..frame.sequence).contains(&last)
            };
            within += u64::from(all_frames(&disk).iter().any(is_omitted));
            let moment = format!("seed {seed}, from change {last} on");
            is_the_same(&with_indexes(&disk, &indexes), &expected, &moment).await;
            let gone = dice.roll(indexes.len().max(1) as u64) as usize;
            if let Some((path, _)) =
                indexes.get(gone).filter(|(path, _)| !path.ends_with("account.idx"))
            {
                // What is missing is read from the log, up to where the others end.
                let moment = format!("{moment}, without {}", path.display());
                let disk = with_indexes(&disk, &indexes);
                disk.remove_file(path).unwrap();
                let account = open_soon(&disk).await.unwrap().account(ACCOUNT).await;
                let account = account.unwrap_or_else(|error| panic!("{moment}: {error}"));
                assert_eq!(picture(&*account).await, expected, "{moment}");
            }
        }
    }
    println!("{all} changes were left out; {within} index snapshots end right before such");
    assert!(all > 400 && within > 10, "{all}, {within}");
}

/// Bits that keywords take over from others stand for the right ones, whatever is left out around that.
#[tokio::test]
async fn bits_that_were_taken_over_stand_for_the_right_keywords() {
    let options = Options { segment_octets: 3000, index_octets: 200, ..BRIEF };
    let (disk, memory) = (SimulatedDisk::new(), small_memory());
    let vfs = Arc::new(disk.clone());
    let store = LocalStore::with_vfs(vfs, Path::new(DIR), options).unwrap();
    let (account, oracle) = (create(&store).await.unwrap(), create(&memory).await.unwrap());
    let all: Vec<String> = (0..MAX_KEYWORDS).map(|at| format!("k{at}")).collect();
    let mut steps =
        vec![Step::Append(1, 3, 40, ""), Step::FlagSome(1, 1, 1, Replace, all.join(" ").leak())];
    for old in all.into_iter().take(60) {
        let new: &str = format!("new-{old}").leak();
        let of = |first, last, operation, flags| Step::FlagSome(1, first, last, operation, flags);
        steps.extend([
            of(1, 1, Remove, old.leak()),
            of(2, 2, Replace, new),
            of(1, 3, Add, "\\Seen"),
            of(3, 3, Add, new),
            of(1, 3, Remove, "\\Seen"),
            of(2, 3, Remove, new),
        ]);
    }
    for step in steps {
        step.take(&*account).await.unwrap();
        step.take(&*oracle).await.unwrap();
    }
    let expected = picture(&*oracle).await;
    assert_eq!(picture(&*account).await, expected);
    drop(account);
    store.compact(ACCOUNT).await.unwrap();
    drop(store);
    let disk = disk.kill();
    assert!(omitted(&disk) > 60, "{}", omitted(&disk));
    is_the_same(&without_indexes(&disk), &expected, "from the first change on").await;
    is_the_same(&disk, &expected, "from index snapshots on").await;
}

/// What the others have is read from the log up to where they end, be that among changes that were left out.
#[tokio::test]
async fn a_missing_part_is_rebuilt_from_squeezed_segments() {
    let (disk, expected) = squeezed_behind_indexes().await;
    let parts = indexes(&disk).into_iter().filter(|(path, _)| !path.ends_with("account.idx"));
    for (part, _) in parts {
        let disk = copy(&disk);
        disk.remove_file(&part).unwrap();
        let account = open_soon(&disk).await.unwrap().account(ACCOUNT).await.unwrap();
        assert_eq!(picture(&*account).await, expected, "{}", part.display());
        let new = Step::Threads(1, &[&[7]]).take(&*account).await;
        assert!(new.is_ok(), "{}: {new:?}", part.display());
    }
}

/// Of a flag that is set and taken away without end the log keeps next to nothing, and the server sees to it by itself.
#[tokio::test]
async fn flags_that_change_without_end_do_not_fill_the_disk() {
    let options =
        Options { segment_octets: 64 << 10, index_octets: 1 << 20, died_octets: 64 << 10, ..SMALL };
    let disk = SimulatedDisk::new();
    let vfs = Arc::new(disk.clone());
    let store = LocalStore::with_vfs(vfs, Path::new(DIR), options).unwrap();
    let account = create(&store).await.unwrap();
    let inbox = MailboxId(1);
    Step::Append(1, 3, 100, "").take(&*account).await.unwrap();
    let seen = vec![Flag::System(SystemFlag::Seen)];
    for round in 0..20_000u32 {
        let operation = if round / 3 % 2 == 0 { Add } else { Remove };
        let change = FlagChange { operation, flags: seen.clone() };
        let uids: UidSet = Uid::new(1 + round % 3).into_iter().collect();
        account.store_flags(inbox, &uids, &change, None).await.unwrap();
    }
    // What is begun in the background may yet have to end.
    store.compact(ACCOUNT).await.unwrap();
    let in_background = omitted(&disk);
    while store.compact(ACCOUNT).await.unwrap() > 0 {}
    let left = octets(&disk);
    // Some 100 octets each, 2 MB in all; a segment that is not full yet is left as it is.
    assert!(left < 100_000, "{left} octets, {in_background} changes left out");
    let before = picture(&*account).await;
    drop((account, store));
    is_the_same(&disk.kill(), &before, "after a kill").await;
}

/// The accounting alone sees to it that somebody looks.
#[tokio::test]
async fn pointless_changes_are_left_out_in_the_background() {
    let options = Options { segment_octets: 16 << 10, died_octets: 16 << 10, ..SMALL };
    let disk = SimulatedDisk::new();
    let vfs = Arc::new(disk.clone());
    let store = LocalStore::with_vfs(vfs, Path::new(DIR), options).unwrap();
    let account = create(&store).await.unwrap();
    Step::Append(1, 1, 10, "").take(&*account).await.unwrap();
    toggle(&*account, 2000).await;
    for _ in 0..1000 {
        if omitted(&disk) > 1500 {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    panic!("{} changes were left out of {} octets", omitted(&disk), octets(&disk));
}

/// Far from the end of the segment.
#[tokio::test]
async fn pointless_changes_go_soon_when_the_disk_is_short_of_space() {
    for is_short in [true, false] {
        let options = Options { segment_octets: 64 << 20, index_octets: 64 << 20, ..SMALL };
        let disk = SimulatedDisk::new();
        if is_short {
            disk.set_space(Space { free: 3 << 19, total: 16 << 20 });
        }
        let vfs = Arc::new(disk.clone());
        let store = LocalStore::with_vfs(vfs, Path::new(DIR), options).unwrap();
        let account = create(&store).await.unwrap();
        Step::Append(1, 1, 10, "").take(&*account).await.unwrap();
        toggle(&*account, 12_000).await;
        store.compact(ACCOUNT).await.unwrap();
        assert_eq!(octets(&disk) < 400_000, is_short, "{} octets", octets(&disk));
    }
}

/// Content that dies later lets such a segment be written anew once more.
#[tokio::test]
async fn a_squeezed_segment_is_written_anew_again() {
    let disk = SimulatedDisk::new();
    let store = open_soon(&disk).await.unwrap();
    let account = create(&store).await.unwrap();
    for number in 1..=2 {
        Step::Append(1, 1, 500, "").take(&*account).await.unwrap();
        toggle(&*account, 25).await;
        assert!(disk.read(&segment(2)).is_some() || number == 1);
    }
    let squeezed = store.compact(ACCOUNT).await.unwrap();
    let (before, all) = (octets(&disk), omitted(&disk));
    Step::Flag(1, Add, "\\Deleted").take(&*account).await.unwrap();
    Step::Expunge(1).take(&*account).await.unwrap();
    assert!(store.compact(ACCOUNT).await.unwrap() > 0 && squeezed > 0);
    assert!(octets(&disk) < before && omitted(&disk) >= all && all > 20);
    let expected = picture(&*account).await;
    drop((account, store));
    let disk = disk.kill();
    is_the_same(&without_indexes(&disk), &expected, "without index snapshots").await;
    is_the_same(&disk, &expected, "after a kill").await;
}

/// What cannot be squeezed is looked at once, and not written anew.
#[tokio::test]
async fn what_cannot_be_left_out_is_left_alone() {
    let disk = SimulatedDisk::new();
    let store = open_soon(&disk).await.unwrap();
    let account = create(&store).await.unwrap();
    Step::Append(1, 90, 1, "").take(&*account).await.unwrap();
    for uid in 1..=90 {
        Step::FlagSome(1, uid, uid, Add, "\\Seen").take(&*account).await.unwrap();
    }
    Step::Subscribe("x").take(&*account).await.unwrap();
    let before = octets(&disk);
    assert_eq!(store.compact(ACCOUNT).await.unwrap(), 0);
    assert_eq!(octets(&disk), before);
}

/// A bit of any frame's header or metadata is turned back, that which says how many changes were left out as well.
#[tokio::test]
async fn a_flipped_bit_of_a_squeezed_segment_is_turned_back() {
    let (disk, _) = squeezed().await;
    let of_omitted = |(_, frame): &(u32, Frame)| frame.omitted > 0;
    for (number, frame) in all_frames(&disk).into_iter().filter(of_omitted).step_by(3) {
        for at in [frame.offset + 9, frame.offset + 52, frame.offset + 55, frame.offset + 66] {
            let (damaged, whole) = (copy(&disk), disk.read(&segment(number)).unwrap());
            let mut octets = whole.clone();
            octets[at] ^= 1 << (at % 8);
            damaged.overwrite(&segment(number), &octets);
            let store = open_soon(&damaged).await.unwrap();
            assert!(!store.check(ACCOUNT).await.unwrap().is_good(), "octet {at} of {number}");
            assert!(store.repair(ACCOUNT).await.unwrap().is_good(), "octet {at} of {number}");
            assert_eq!(damaged.read(&segment(number)).unwrap(), whole, "octet {at} of {number}");
        }
    }
}
