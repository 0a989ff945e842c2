//! Cuts one after the other: while an account is opened after a cut or a kill, and while it is gone on with.

use super::scripts::{random_script, tell};
use super::{BRIEF, RECOVERY, Teller, check, go_on, is_one_of, look, open, rounds};
use rookery_mailbox::Store;
use rookery_store_local::vfs::{Dice, SimulatedDisk};

/// Cuts in a row.
const DEEPEST: u32 = 4;

/// Open what a power cut left, go on, and close it; cut everywhere in that, and open a part of what is left again. What was seen
/// once has been told to somebody, and stays.
pub(super) async fn go_through(
    disk: &SimulatedDisk,
    possible: &[&str],
    dice: &mut Dice,
    depth: u32,
) -> u64 {
    let moment = format!("after {depth} cuts");
    let mut teller = Teller::new(disk, BRIEF, String::new());
    let store = open(disk, BRIEF).await.unwrap();
    let (account, seen) = look(&store, &moment).await;
    is_one_of(&seen, possible, &moment);
    let loaded = disk.operations();
    teller.pictures = vec![seen];
    if let Some(account) = account {
        teller.ask(1);
        go_on(&*account, &moment).await;
        teller.acknowledge([look(&store, &moment).await.1]);
    }
    store.close().await.unwrap();
    drop(store);
    let (mut story, mut points) = (teller.end(), 0);
    for operation in story.operations.clone() {
        for (way, left) in story.cut(operation, dice.roll(1 << 30), 4) {
            // Until it was seen, it may be anything that was possible before.
            let now = story.possible(operation);
            let possible = if operation < loaded { possible } else { &now };
            if depth < DEEPEST && dice.roll(40) == 0 {
                points += Box::pin(go_through(&left, possible, dice, depth + 1)).await;
            } else {
                let moment = format!("{moment}, then after operation {operation}, way {way}");
                check(&left, BRIEF, possible, &moment).await;
            }
            points += 1;
        }
    }
    points
}

#[test]
fn a_power_cut_during_the_recovery_from_one_loses_nothing_either() {
    rounds("crash points", RECOVERY, async |seed| {
        let mut dice = Dice::new(seed);
        let mut story = tell(&random_script(seed, 20), BRIEF, false).await;
        let mut points = 0;
        for operation in story.operations.clone() {
            if dice.roll(30) > 0 {
                continue;
            }
            let mut left = story.cut(operation, seed, 1);
            // What was written and not synced is there for the next process, until the power goes.
            left.push((1, story.recording.after(operation).kill()));
            for (_, left) in left {
                points += go_through(&left, &story.possible(operation), &mut dice, 1).await;
            }
        }
        points
    });
}
