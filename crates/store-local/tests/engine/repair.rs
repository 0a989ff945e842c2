//! Repairing accounts whose log is damaged beyond a single bit: no message that can be read is lost, none becomes another
//! one, and the account goes on.

use crate::damage::{append, copy, frames, last_segment, segment};
use crate::workload::{
    ACCOUNT, DIR, SMALL, Step, account_dir, create, done, message, open_soon, picture, script,
    toggle,
};
use rookery_mail::{EmailId, Flag, MailboxId, ModSeq, SystemFlag, Uid, UidSet};
use rookery_mailbox::{AccountStore, FlagChange, FlagOperation, Store, StoreError};
use rookery_store_local::vfs::{SimulatedDisk, Vfs};
use rookery_store_local::{Finding, Options, Report, Severity};
use std::collections::{BTreeMap, BTreeSet};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// Octets that no single bit explains.
fn scrambled(disk: &SimulatedDisk, number: u32, at: usize) -> SimulatedDisk {
    let damaged = copy(disk);
    let mut octets = disk.read(&segment(number)).unwrap();
    octets[at..at + 2].iter_mut().for_each(|octet| *octet ^= 0xa5);
    damaged.overwrite(&segment(number), &octets);
    damaged
}

/// A disk without a file, for good.
pub(crate) fn without(disk: &SimulatedDisk, gone: &Path) -> SimulatedDisk {
    let left = SimulatedDisk::new();
    for path in disk.files().iter().filter(|path| *path != gone) {
        left.overwrite(path, &disk.read(path).unwrap());
    }
    left
}

/// A disk to which somebody copied all files, which have other numbers there.
pub(crate) fn copied(disk: &SimulatedDisk) -> SimulatedDisk {
    without(disk, Path::new("none"))
}

pub(crate) fn without_indexes(disk: &SimulatedDisk) -> SimulatedDisk {
    without(disk, &account_dir().join("account.idx"))
}

pub(crate) async fn repair(disk: &SimulatedDisk) -> Report {
    let store = open_soon(disk).await.unwrap();
    let report = store.repair(ACCOUNT).await.unwrap();
    store.close().await.unwrap();
    report
}

/// Let the power go at each operation of a repair, and repair what is left; returns how many repairs broke off.
pub(crate) async fn break_off(
    damaged: impl Fn() -> SimulatedDisk,
    mended: impl AsyncFn(&SimulatedDisk),
) -> u64 {
    let mut broken = 0;
    for at in 1.. {
        let disk = damaged();
        disk.fail_at(disk.operations() + at, ErrorKind::BrokenPipe, true);
        let Ok(store) = open_soon(&disk).await else { continue };
        let report = store.repair(ACCOUNT).await;
        drop(store);
        for seed in 0..3 {
            let left = disk.crash(at * 10 + seed);
            assert!(repair(&left).await.is_good());
            mended(&left).await;
        }
        if report.is_ok_and(|report| report.is_good()) {
            break;
        }
        broken += 1;
    }
    broken
}

pub(crate) fn wrong(report: &Report) -> Vec<&Finding> {
    report.findings.iter().filter(|finding| finding.severity == Severity::Wrong).collect()
}

/// An account of which a change was lost, and which has gone on after its repair; without index snapshots.
pub(crate) async fn repaired() -> SimulatedDisk {
    let disk = without_indexes(&done(true, SMALL).await);
    let octets = disk.read(&segment(1)).unwrap();
    let damaged = scrambled(&disk, 1, frames(&octets)[2].offset + 8);
    assert!(repair(&damaged).await.is_good());
    append(&damaged).await;
    without_indexes(&damaged)
}

/// What clients hold an account to.
#[derive(Debug, Default)]
pub(crate) struct Known {
    /// The sums of all content that can be read.
    pub(crate) contents: BTreeMap<EmailId, u32>,
    /// Which content each UID means; a mailbox is its id and UIDVALIDITY.
    pub(crate) messages: BTreeMap<(MailboxId, u32, Uid), EmailId>,
    next: BTreeMap<(MailboxId, u32), (String, Uid, ModSeq)>,
}

pub(crate) async fn known(account: &dyn AccountStore) -> Known {
    let mut known = Known::default();
    for info in account.mailboxes().await.unwrap().mailboxes.values() {
        let snapshot = account.open(info.id).await.unwrap().snapshot();
        let validity = snapshot.uid_validity().get();
        let next = (snapshot.uid_next().unwrap(), snapshot.highest_modseq());
        let named = (info.name.as_str().to_owned(), next.0, next.1);
        known.next.insert((info.id, validity), named);
        for row in snapshot.rows() {
            known.messages.insert((info.id, validity, row.uid), row.email);
            match account.content(row.email, 0..u64::MAX).await {
                Ok(content) => drop(known.contents.insert(row.email, crc32c::crc32c(&content))),
                Err(StoreError::Damaged(_)) => {}
                // The disk cannot read it.
                Err(StoreError::Io { source, .. }) if source.raw_os_error().is_some() => {}
                Err(error) => panic!("{error}"),
            }
        }
    }
    known
}

pub(crate) async fn known_of(disk: &SimulatedDisk) -> Known {
    let store = open_soon(disk).await.unwrap();
    known(&*store.account(ACCOUNT).await.unwrap()).await
}

/// What was promised of an account that was healthy and is repaired. `lost` is content that cannot be read.
pub(crate) fn promised(healthy: &Known, repaired: &Known, lost: &BTreeSet<u64>) {
    for (email, sum) in healthy.contents.iter().filter(|(email, _)| !lost.contains(&email.0)) {
        assert_eq!(repaired.contents.get(email), Some(sum), "{email} of {repaired:#?}");
    }
    for (place, email) in &repaired.messages {
        let was = healthy.messages.get(place);
        assert!(was.is_none_or(|was| was == email), "{place:?} was {was:?}, is {email}");
    }
    for (mailbox, (_, next, modseq)) in &healthy.next {
        if let Some((_, next_now, modseq_now)) = repaired.next.get(mailbox) {
            assert!(
                next_now >= next && modseq_now >= modseq,
                "{mailbox:?} {next_now} {modseq_now}"
            );
        }
    }
}

/// The account takes changes, and is the same when it is opened again, with its indexes and without.
pub(crate) async fn goes_on(disk: &SimulatedDisk) {
    append(disk).await;
    let store = open_soon(disk).await.unwrap();
    let report = store.check(ACCOUNT).await.unwrap();
    sound(&report);
    let account = store.account(ACCOUNT).await.unwrap();
    account.expunge(MailboxId(1), &UidSet::all()).await.unwrap();
    let before = known(&*account).await;
    drop(account);
    store.close().await.unwrap();
    for disk in [copy(disk), without_indexes(disk)] {
        let store = open_soon(&disk).await.unwrap();
        let again = known(&*store.account(ACCOUNT).await.unwrap()).await;
        assert_eq!(again.messages, before.messages);
        assert_eq!(again.contents, before.contents);
        sound(&store.check(ACCOUNT).await.unwrap());
    }
}

/// Nothing is wrong but with messages that cannot be read, and stay in case that their segment turns up.
fn sound(report: &Report) {
    let unsound = wrong(report).into_iter().find(|finding| finding.concerns.is_empty());
    assert_eq!(unsound, None, "{:#?}", report.findings);
}

/// The contents that a segment's frames bring, if this many came before it.
pub(crate) fn contents_of(disk: &SimulatedDisk, number: u32) -> (u64, u64) {
    let count = |number| {
        let octets = disk.read(&segment(number)).unwrap();
        frames(&octets).iter().filter(|frame| frame.kind == 1).count() as u64
    };
    ((1..number).map(count).sum(), count(number))
}

#[tokio::test]
async fn damage_to_any_change_costs_that_change() {
    let disk = without_indexes(&done(true, Options::default()).await);
    let healthy = known_of(&disk).await;
    let disk = without_indexes(&disk);
    let whole = disk.read(&segment(1)).unwrap();
    let all = frames(&whole);
    let mut email = 0;
    // What came last has nothing after it that would show that it was durable.
    let durable = all.iter().take_while(|frame| frame.ends[3] < whole.len() - 400);
    for (at, frame) in durable.enumerate() {
        email += u64::from(frame.kind == 1);
        if at % 3 == 1 {
            continue;
        }
        // With its metadata damaged, the message of a change can still be read.
        for (place, is_lost) in [(frame.offset + 8, frame.kind == 1), (frame.offset + 66, false)] {
            let damaged = scrambled(&disk, 1, place);
            let report = repair(&damaged).await;
            assert!(report.is_good(), "frame {at}: {:#?}", report.findings);
            assert!(report.lost_changes, "frame {at}");
            let lost = is_lost.then_some(email).into_iter().collect();
            let repaired = known_of(&damaged).await;
            promised(&healthy, &repaired, &lost);
            let inbox = |known: &Known| known.next.first_key_value().map(|(_, next)| next.clone());
            assert!(
                inbox(&repaired) > inbox(&healthy),
                "what is missing may have given numbers away"
            );
            let old = damaged.read(&segment(1)).unwrap();
            assert_eq!(old.len(), whole.len(), "what there was is left alone");
            let again = repair(&damaged).await;
            assert!(again.is_good() && wrong(&again).is_empty(), "{:#?}", again.findings);
            assert!(!again.lost_changes, "it is said once");
            if at % 12 == 0 {
                goes_on(&damaged).await;
            }
        }
    }
}

/// Messages that went are not brought back for fear that a change that was left out might have copied them.
#[tokio::test]
async fn changes_that_were_left_out_do_not_count_as_missing() {
    let disk = SimulatedDisk::new();
    let store = open_soon(&disk).await.unwrap();
    let account = create(&store).await.unwrap();
    Step::Append(1, 3, 60, "").take(&*account).await.unwrap();
    toggle(&*account, 40).await;
    assert!(store.compact(ACCOUNT).await.unwrap() > 0 && crate::squeeze::omitted(&disk) > 20);
    Step::FlagSome(1, 1, 1, FlagOperation::Add, "\\Deleted").take(&*account).await.unwrap();
    Step::Expunge(1).take(&*account).await.unwrap();
    toggle(&*account, 10).await;
    let before = known(&*account).await;
    drop(account);
    store.close().await.unwrap();
    drop(store);
    let last = last_segment(&disk);
    let all = frames(&disk.read(&segment(last)).unwrap());
    let frame = &all[all.len() - 4];
    let damaged = without_indexes(&scrambled(&disk, last, frame.offset + 8));
    assert!(repair(&damaged).await.is_good());
    let after = known_of(&damaged).await;
    assert_eq!(after.messages, before.messages);
    assert_eq!(after.contents, before.contents);
}

/// The same of segments of which changes were left out.
#[tokio::test]
async fn damage_to_a_squeezed_segment_costs_no_more() {
    let disk = without_indexes(&crate::squeeze::squeezed().await.0);
    let healthy = known_of(&disk).await;
    let disk = without_indexes(&disk);
    let (mut number, mut email, mut count) = (1, 0, 0);
    while disk.read(&segment(number + 1)).is_some() {
        let whole = disk.read(&segment(number)).unwrap();
        for frame in frames(&whole) {
            email += u64::from(frame.kind == 1);
            count += 1;
            if count % 4 != 0 {
                continue;
            }
            let moment = format!("segment {number}, octet {}", frame.offset);
            let damaged = scrambled(&disk, number, frame.offset + 8);
            let report = open_soon(&damaged).await.unwrap().check(ACCOUNT).await.unwrap();
            assert!(wrong(&report).len() <= 2, "{moment}: {:#?}", report.findings);
            let report = repair(&damaged).await;
            assert!(report.is_good(), "{moment}: {:#?}", report.findings);
            let lost = (frame.kind == 1).then_some(email).into_iter().collect();
            promised(&healthy, &known_of(&damaged).await, &lost);
            let again = repair(&damaged).await;
            assert!(again.is_good() && wrong(&again).is_empty(), "{:#?}", again.findings);
            if count % 20 == 0 {
                goes_on(&damaged).await;
            }
        }
        number += 1;
    }
    assert!(count > 50, "{count}");
}

#[tokio::test]
async fn whatever_the_index_snapshots_cover_is_not_lost() {
    let disk = done(true, Options::default()).await;
    let before = known_of(&disk).await;
    let whole = disk.read(&segment(1)).unwrap();
    for frame in frames(&whole).iter().step_by(5) {
        let damaged = scrambled(&disk, 1, frame.offset + 66);
        let report = repair(&damaged).await;
        assert!(report.is_good() && !report.lost_changes, "{:#?}", report.findings);
        let mended = wrong(&report)[0].mended.as_deref().unwrap_or_default();
        assert!(mended.contains("all that there was"), "{mended}");
        let after = known_of(&damaged).await;
        assert_eq!(
            (after.messages, after.contents),
            (before.messages.clone(), before.contents.clone())
        );
        assert_eq!(after.next, before.next);
        goes_on(&damaged).await;
    }
}

#[tokio::test]
async fn missing_and_truncated_segments_cost_what_was_in_them() {
    let squeezed = crate::squeeze::squeezed().await.0;
    for disk in [done(true, SMALL).await, done(false, SMALL).await, squeezed] {
        let healthy = known_of(&disk).await;
        let last = last_segment(&disk);
        for number in 1..last {
            let (before, count) = contents_of(&disk, number);
            let lost = (before + 1..=before + count).collect();
            for missing in [true, false] {
                let damaged = copy(&disk);
                if missing {
                    damaged.remove_file(&segment(number)).unwrap();
                } else {
                    let whole = disk.read(&segment(number)).unwrap();
                    damaged.overwrite(&segment(number), &whole[..whole.len() / 2]);
                }
                let store = open_soon(&damaged).await.unwrap();
                let account = store.account(ACCOUNT).await.unwrap();
                promised_to_readers(&healthy, &known(&*account).await, &lost);
                let refused = account.create(&[crate::workload::mailbox("x")], 1).await;
                // What lies before the index snapshots is not looked at to open the account.
                let is_noticed = matches!(refused, Err(StoreError::ReadOnly));
                assert!(is_noticed || !missing, "{refused:?}");
                drop(account);
                store.close().await.unwrap();
                let report = repair(&damaged).await;
                let mut left = wrong(&report).into_iter().filter(|it| it.mended.is_none());
                // Only the index snapshots know of messages that went with the segment.
                let is_told = left.all(|it| names_lost(it, number));
                assert!(is_told, "{number} {missing}: {:#?}", report.findings);
                promised(&healthy, &known_of(&damaged).await, &lost);
                goes_on(&damaged).await;
            }
        }
    }
}

/// The one thing that is wrong and stays so: messages whose content is gone.
#[track_caller]
fn lost(report: &Report) -> &Finding {
    let left: Vec<_> = wrong(report).into_iter().filter(|it| it.mended.is_none()).collect();
    let [finding] = left[..] else { panic!("{:#?}", report.findings) };
    assert!(!report.is_good());
    finding
}

/// Whether a finding names messages whose content a segment should have.
pub(crate) fn names_lost(finding: &Finding, segment: u32) -> bool {
    let Finding { place, what, concerns, .. } = finding;
    *place == format!("seg/{segment}.seg")
        && what.contains(" cannot be read: ")
        && !concerns.is_empty()
}

/// What a fuzzer found first: a repair that left such messages behind was good, and the next check was not.
#[tokio::test]
async fn messages_that_cannot_be_read_are_named_until_they_are_expunged() {
    let disk = SimulatedDisk::new();
    let store = open_soon(&disk).await.unwrap();
    let account = create(&store).await.unwrap();
    for step in [Step::Append(1, 3, 1200, ""), Step::Copy(1, 2), Step::Append(1, 2, 1200, "")] {
        step.take(&*account).await.unwrap();
    }
    drop(account);
    store.close().await.unwrap();
    drop(store);
    let (_, count) = contents_of(&disk, 1);
    assert!(disk.read(&segment(2)).is_some() && count == 3);
    disk.remove_file(&segment(1)).unwrap();

    let repaired = repair(&disk).await;
    let named = lost(&repaired).clone();
    let what =
        "6 messages of 2 mailboxes cannot be read: restore them from a backup, or expunge them";
    assert_eq!((named.place.as_str(), named.what.as_str()), ("seg/1.seg", what));
    let concerns = named.concerns.iter().map(|it| (it.mailbox.as_str(), it.uids.as_str()));
    assert_eq!(concerns.collect::<Vec<_>>(), [("INBOX", "1:3"), ("Other", "1:3")]);
    let missing = wrong(&repaired)[0];
    assert!(missing.mended.as_deref().unwrap().contains("named below"), "{missing:?}");
    assert_eq!(lost(&repair(&disk).await), &named);

    let store = open_soon(&disk).await.unwrap();
    assert_eq!(lost(&store.check(ACCOUNT).await.unwrap()), &named);
    let account = store.account(ACCOUNT).await.unwrap();
    assert_eq!(lost(&store.check(ACCOUNT).await.unwrap()), &named);
    let inbox = account.open(MailboxId(1)).await.unwrap().snapshot();
    for row in inbox.rows() {
        let content = account.content(row.email, 0..u64::MAX).await;
        assert_eq!(content.is_ok(), row.uid.get() > 3, "{content:?}");
        assert!(content.is_ok() || matches!(content, Err(StoreError::Damaged(_))));
    }
    Step::Flag(1, FlagOperation::Add, "\\Seen $X").take(&*account).await.unwrap();
    Step::Append(1, 1, 10, "").take(&*account).await.unwrap();
    for (mailbox, left) in [(2, "3 messages of INBOX cannot be read: restore them"), (1, "")] {
        Step::Flag(mailbox, FlagOperation::Add, "\\Deleted").take(&*account).await.unwrap();
        let first = (1..=3).filter_map(Uid::new).collect();
        assert_eq!(account.expunge(MailboxId(mailbox), &first).await.unwrap(), first);
        let report = store.check(ACCOUNT).await.unwrap();
        assert_eq!(report.is_good(), left.is_empty(), "{:#?}", report.findings);
        assert!(left.is_empty() || lost(&report).what.starts_with(left));
    }
    drop(account);
    store.close().await.unwrap();
    drop(store);
    for disk in [copy(&disk), without_indexes(&disk)] {
        for report in [repair(&disk).await, repair(&disk).await] {
            assert!(report.is_good() && wrong(&report).is_empty(), "{:#?}", report.findings);
        }
    }
}

/// The last segment is gone, in which the index snapshots end: what they know is shown, and kept by a repair.
#[tokio::test]
async fn without_its_last_segment_an_account_is_what_its_index_snapshots_know() {
    let disk = done(true, SMALL).await;
    let healthy = known_of(&disk).await;
    let last = last_segment(&disk);
    let (before, count) = contents_of(&disk, last);
    let gone: BTreeSet<u64> = (before + 1..=before + count).collect();
    disk.remove_file(&segment(last)).unwrap();
    let store = open_soon(&disk).await.unwrap();
    let report = store.check(ACCOUNT).await.unwrap();
    let is_told = |it: &&Finding| it.what.contains(&format!("in {last}.seg"));
    assert!(wrong(&report).iter().any(is_told), "{:#?}", report.findings);
    let account = store.account(ACCOUNT).await.unwrap();
    let shown = known(&*account).await;
    assert_eq!(shown.messages, healthy.messages);
    promised_to_readers(&healthy, &shown, &gone);
    drop(account);
    store.close().await.unwrap();
    drop(store);
    let report = repair(&disk).await;
    assert!(wrong(&report).iter().all(|it| it.mended.is_some() || names_lost(it, last)));
    promised(&healthy, &known_of(&disk).await, &gone);
    goes_on(&disk).await;
}

/// While it is not repaired, an account shows what can be read.
fn promised_to_readers(healthy: &Known, damaged: &Known, lost: &BTreeSet<u64>) {
    for (email, sum) in healthy.contents.iter().filter(|(email, _)| !lost.contains(&email.0)) {
        assert_eq!(damaged.contents.get(email), Some(sum), "{email}");
    }
}

#[tokio::test]
async fn a_copied_or_foreign_segment_is_not_taken_for_the_logs() {
    let disk = done(true, SMALL).await;
    let healthy = known_of(&disk).await;
    let last = last_segment(&disk);
    let foreign = done(true, SMALL).await.read(&segment(2)).unwrap();
    for octets in [disk.read(&segment(2)).unwrap(), foreign] {
        let damaged = copy(&disk);
        damaged.overwrite(&segment(last + 1), &octets);
        let report = repair(&damaged).await;
        assert!(report.is_good(), "{:#?}", report.findings);
        promised(&healthy, &known_of(&damaged).await, &BTreeSet::new());
        assert_eq!(damaged.read(&segment(last + 1)).unwrap(), octets);
        goes_on(&damaged).await;
    }
}

/// One flipped bit costs nothing at all, wherever it is.
#[tokio::test]
async fn a_flipped_bit_of_a_segment_is_turned_back() {
    for clean in [true, false] {
        let disk = done(clean, Options::default()).await;
        let whole = disk.read(&segment(1)).unwrap();
        for at in (0..whole.len()).step_by(11) {
            let damaged = crate::damage::flipped(&disk, at);
            let report = repair(&damaged).await;
            assert!(report.is_good(), "{at}: {:#?}", report.findings);
            assert_eq!(damaged.read(&segment(1)).unwrap(), whole, "{at}");
        }
    }
}

/// The power goes at any operation of a repair: what was there is there, and repairing again succeeds.
#[tokio::test]
async fn a_repair_that_breaks_off_does_no_harm() {
    let disk = without_indexes(&done(true, SMALL).await);
    let healthy = known_of(&disk).await;
    let (before, count) = contents_of(&disk, 2);
    let lost = (before + 1..=before + count).collect();
    let mended = async |left: &SimulatedDisk| promised(&healthy, &known_of(left).await, &lost);
    let broken = break_off(|| without(&disk, &segment(2)), mended).await;
    assert!(broken > 5, "{broken}");
}

/// What only the index snapshots knew must be durable elsewhere before they go, and what comes in after the repair stays.
#[tokio::test]
async fn a_repair_that_breaks_off_keeps_what_the_index_snapshots_cover() {
    let disk = done(true, Options::default()).await;
    let healthy = known_of(&disk).await;
    // Without an EXPUNGE messages would be there again.
    let frames = frames(&disk.read(&segment(1)).unwrap());
    let at = frames.iter().find(|frame| frame.kind == 3).unwrap().offset + 66;
    let all = |known: &Known| (known.messages.clone(), known.contents.clone());
    let mut went_on = 0;
    for operation in 1.. {
        let damaged = scrambled(&disk, 1, at);
        damaged.fail_at(damaged.operations() + operation, ErrorKind::BrokenPipe, true);
        let Ok(store) = open_soon(&damaged).await else { continue };
        let report = store.repair(ACCOUNT).await;
        drop(store);
        damaged.mend();
        for seed in 0..6 {
            let left = damaged.crash(seed);
            assert!(repair(&left).await.is_good());
            assert_eq!(all(&known_of(&left).await), all(&healthy), "operation {operation}");
        }
        // The next process after a kill.
        let killed = damaged.kill();
        let account = open_soon(&killed).await.unwrap().account(ACCOUNT).await.unwrap();
        let new = vec![message(&*account, 20, "").await.unwrap()];
        if account.append(MailboxId(1), new, 1).await.is_ok() {
            went_on += 1;
            drop(account);
            let cuts: Vec<SimulatedDisk> = (0..6).map(|seed| killed.crash(seed)).collect();
            let after = all(&known_of(&killed).await);
            for left in cuts {
                assert!(repair(&left).await.is_good());
                assert_eq!(all(&known_of(&left).await), after, "operation {operation}");
            }
        }
        if report.is_ok_and(|report| report.is_good()) {
            break;
        }
    }
    assert!(went_on > 1, "{went_on}");
}

/// An account that is open when its disk goes bad knows more than the disk: all of it is kept.
#[tokio::test]
async fn what_a_loaded_account_knows_is_kept() {
    let disk = done(false, Options::default()).await;
    let store = open_soon(&disk).await.unwrap();
    let account = store.account(ACCOUNT).await.unwrap();
    let before = picture(&*account).await;
    let mut octets = disk.read(&segment(1)).unwrap();
    let frame = &frames(&octets)[9];
    octets[frame.offset + 66..frame.offset + 70].fill(0xff);
    disk.overwrite(&segment(1), &octets);
    let report = store.repair(ACCOUNT).await.unwrap();
    let [finding] = wrong(&report)[..] else { panic!("{:#?}", report.findings) };
    assert!(finding.consequence.contains("disconnect its clients"), "{finding:?}");
    drop(account);
    assert!(store.repair(ACCOUNT).await.unwrap().is_good());
    let account = store.account(ACCOUNT).await.unwrap();
    assert_eq!(picture(&*account).await, before);
    assert_eq!(wrong(&store.check(ACCOUNT).await.unwrap()), Vec::<&Finding>::new());
}

/// Index snapshots that are older than the rewriting of a segment do not know where its content lies, and some of its frames cannot be read.
#[tokio::test]
async fn damage_in_a_rewritten_segment_costs_what_is_damaged() {
    let (disk, _) = crate::compaction::churned(true).await;
    let store = open_soon(&disk).await.unwrap();
    assert!(store.compact(ACCOUNT).await.unwrap() > 0);
    let rewritten = disk.kill();
    let healthy = known_of(&copy(&rewritten)).await;
    let octets = rewritten.read(&segment(1)).unwrap();
    for frame in frames(&octets).iter().skip(1).step_by(5) {
        let damaged = scrambled(&rewritten, 1, frame.offset + 8);
        for is_repaired in [false, true] {
            if is_repaired {
                repair(&damaged).await;
            }
            let found = known_of(&damaged).await;
            let lost = healthy.contents.iter().filter(|it| found.contents.get(it.0) != Some(it.1));
            assert!(lost.count() <= 1, "{}: {is_repaired}", frame.offset);
            let wrong = found.contents.iter().find(|it| healthy.contents.get(it.0) != Some(it.1));
            assert_eq!(wrong, None, "{}: {is_repaired}", frame.offset);
        }
    }
}

/// Segments before the repair are written anew as others are, and content is found in them after that.
#[tokio::test]
async fn what_is_before_a_repair_is_compacted() {
    let disk = SimulatedDisk::new();
    let options = Options { died_octets: u64::MAX, ..SMALL };
    let vfs = std::sync::Arc::new(disk.clone());
    let store = rookery_store_local::LocalStore::with_vfs(vfs, Path::new(DIR), options).unwrap();
    let account = create(&store).await.unwrap();
    for step in script() {
        step.take(&*account).await.unwrap();
    }
    drop(account);
    store.close().await.unwrap();
    drop(store);
    let last = last_segment(&disk);
    let octets = disk.read(&segment(last - 1)).unwrap();
    let frame = &frames(&octets)[0];
    let damaged = without_indexes(&scrambled(&disk, last - 1, frame.offset + 8));
    assert!(repair(&damaged).await.is_good());
    let store = open_soon(&damaged).await.unwrap();
    let account = store.account(ACCOUNT).await.unwrap();
    for info in account.mailboxes().await.unwrap().mailboxes.values() {
        let uids = account.open(info.id).await.unwrap().snapshot().uids();
        let but_one = uids.at(0..uids.len().saturating_sub(1));
        let change = FlagChange {
            operation: FlagOperation::Add,
            flags: vec![Flag::System(SystemFlag::Deleted)],
        };
        account.store_flags(info.id, &but_one, &change, None).await.unwrap();
        account.expunge(info.id, &UidSet::all()).await.unwrap();
    }
    let before = known(&*account).await;
    assert!(!before.contents.is_empty());
    assert!(store.compact(ACCOUNT).await.unwrap() > 0);
    assert_eq!(known(&*account).await.contents, before.contents);
    drop(account);
    store.close().await.unwrap();
    for disk in [copy(&damaged), without_indexes(&damaged)] {
        assert_eq!(known_of(&disk).await.contents, before.contents);
        let report = open_soon(&disk).await.unwrap().check(ACCOUNT).await.unwrap();
        assert!(report.is_good() && wrong(&report).is_empty(), "{:#?}", report.findings);
    }
}

/// Every file of an account may be gone or full of rubbish: repairing never panics, and says so when there is nothing left.
#[tokio::test]
async fn rubbish_in_any_file_is_survived() {
    let disk = done(true, SMALL).await;
    let seg = |path: &PathBuf| path.extension().is_some_and(|it| it == "seg" || it == "idx");
    for path in disk.files().into_iter().filter(seg) {
        let whole = disk.read(&path).unwrap();
        for rubbish in
            [vec![], vec![0; whole.len()], vec![0xa5; 100], whole[whole.len() / 2..].to_vec()]
        {
            let damaged = copy(&disk);
            damaged.overwrite(&path, &rubbish);
            repair(&damaged).await;
            let store = open_soon(&damaged).await.unwrap();
            let account = store.account(ACCOUNT).await;
            assert!(account.is_ok(), "{}: {:?}", path.display(), account.err());
        }
    }
}
