//! One change after the other, of each kind.

use super::{BRIEF, COMPACTION, NO_ACCOUNT, SCRIPTS, Story, Teller, open, rounds, setting};
use crate::squeeze::toggling;
use crate::workload::{ACCOUNT, Step, create, picture, script, small_memory};
use rookery_mailbox::FlagOperation::{Add, Remove, Replace};
use rookery_mailbox::Store;
use rookery_store_local::Options;
use rookery_store_local::vfs::{Dice, SimulatedDisk};

const NAMES: [&str; 4] = ["a", "b", "a/c", "above/d"];
const FLAGS: [&str; 6] = ["", "\\Deleted", "\\Seen $A", "$B \\Deleted", "\\Flagged $C", "\\Draft"];
const THREADS: [&[&[u64]]; 3] = [&[&[7], &[8, 7]], &[&[9, 8]], &[&[5], &[]]];

/// Steps at random. Some can be done, some are refused.
pub(super) fn random_script(seed: u64, steps: usize) -> Vec<Step> {
    let mut dice = Dice::new(seed);
    (0..steps).map(|_| random_step(&mut dice)).collect()
}

fn random_step(dice: &mut Dice) -> Step {
    let (mailbox, other) = (1 + dice.roll(3), 1 + dice.roll(4));
    let uid = 1 + dice.roll(9) as u32;
    let (count, octets) = (1 + dice.roll(2) as usize, dice.roll(500) as usize);
    let name = NAMES[dice.roll(4) as usize];
    let flags = FLAGS[dice.roll(6) as usize];
    match dice.roll(22) {
        0..6 => Step::Append(mailbox, count, octets, flags),
        6 => Step::Append(mailbox, 1, 4 * octets, flags),
        7..9 => Step::Flag(mailbox, [Add, Remove, Replace][dice.roll(3) as usize], flags),
        9..12 => Step::Move(mailbox, uid, other),
        12 => Step::Copy(mailbox, other),
        13..15 => Step::Expunge(mailbox),
        15 => Step::Replace(mailbox, uid, other, octets, flags),
        16 if other == 4 => Step::Renew(mailbox, name),
        16 => Step::Create(name),
        17 => Step::Rename(other, name),
        18 if other > 2 => Step::Delete(other),
        18 => Step::Subscribe(name),
        19..21 => Step::Claim(mailbox),
        _ => Step::Threads(mailbox, THREADS[dice.roll(3) as usize]),
    }
}

/// Do all steps, with the in-memory engine to say what is to be seen after each.
pub(super) async fn tell(script: &[Step], options: Options, compacting: bool) -> Story {
    let (disk, memory) = (SimulatedDisk::new(), small_memory());
    let mut teller = Teller::new(&disk, options, NO_ACCOUNT.to_owned());
    let store = open(&disk, options).await.unwrap();
    teller.ask(1);
    let account = create(&store).await.unwrap();
    let oracle = create(&memory).await.unwrap();
    teller.acknowledge([picture(&*oracle).await]);
    for (number, step) in script.iter().enumerate() {
        teller.ask(1);
        let (done, expected) = (step.take(&*account).await, step.take(&*oracle).await);
        assert_eq!(done.is_ok(), expected.is_ok(), "{step:?}: {done:?}");
        teller.acknowledge([picture(&*oracle).await]);
        if compacting && (number % 5 == 4 || matches!(step, Step::Expunge(_))) {
            store.compact(ACCOUNT).await.unwrap();
        }
    }
    assert_eq!(picture(&*account).await, picture(&*oracle).await);
    store.close().await.unwrap();
    teller.end()
}

#[test]
fn a_power_cut_anywhere_loses_nothing_acknowledged() {
    rounds("crash points", SCRIPTS, async |seed| {
        let script = if seed == 1 { script() } else { random_script(seed, 25) };
        tell(&script, BRIEF, false).await.cut_everywhere(seed, 12).await
    });
}

/// Segments so small that many are rewritten, and each as soon as a quarter of it is dead or pointless.
#[test]
fn a_power_cut_anywhere_while_space_is_given_back_loses_nothing() {
    let options = Options { segment_octets: 1200, ..BRIEF };
    let mut omitted = 0;
    rounds("crash points", COMPACTION, async |seed| {
        let mut script = random_script(seed, 12);
        script.extend(toggling(seed, 6));
        script.push(Step::Append(2, 1, 20, "$B"));
        for _ in 0..6 {
            script.extend([Step::Flag(2, Add, "\\Seen $A"), Step::Flag(2, Remove, "\\Seen $B")]);
            script.push(Step::FlagSome(2, 1, 4, Replace, "$B"));
        }
        script.extend([
            Step::Append(1, 3, 400, "\\Deleted"),
            Step::Append(2, 2, 300, ""),
            Step::Copy(1, 2),
            Step::Expunge(1),
            Step::Flag(2, Add, "\\Deleted"),
            Step::Expunge(2),
            Step::Append(1, 1, 900, ""),
            Step::Append(1, 1, 900, ""),
        ]);
        let story = tell(&script, options, true).await;
        omitted += story.omitted;
        story.cut_everywhere(seed, 8).await
    });
    println!("{omitted} changes were left out");
    assert!(omitted > 0 || setting("ROOKERY_SEED").is_some(), "nothing was left out");
}
