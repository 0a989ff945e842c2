//! Changes that come while a segment is written anew: whenever that asks something of the disk, others may be served first, and the
//! index snapshots may be written. What comes when is for the seed to say: one waits while the other goes on.

use super::scripts::random_script;
use super::{BESIDE, BRIEF, Story, Teller, rounds_on, setting};
use crate::heard::{Call, Heard};
use crate::workload::{ACCOUNT, DIR, Step, create, picture, quiet, small_memory};
use rookery_mailbox::FlagOperation::{Add, Remove};
use rookery_mailbox::{AccountStore, Store};
use rookery_store_local::vfs::{Dice, SimulatedDisk};
use rookery_store_local::{LocalStore, Options};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex};
use tokio::runtime::Handle;

/// Who changes the account, and tells what there is to see.
struct Client {
    account: Arc<dyn AccountStore>,
    oracle: Arc<dyn AccountStore>,
    teller: Teller,
    /// What is yet to come, the next one last.
    script: Vec<Step>,
    dice: Dice,
}

impl Client {
    async fn take(&mut self, step: &Step) {
        self.teller.ask(1);
        let (done, expected) = (step.take(&*self.account).await, step.take(&*self.oracle).await);
        assert_eq!(done.is_ok(), expected.is_ok(), "{step:?}: {done:?}");
        self.teller.acknowledge([picture(&*self.oracle).await]);
    }

    /// Do something now or do nothing.
    async fn may_take(&mut self) -> bool {
        let Some(step) = self.script.pop_if(|_| self.dice.roll(3) == 0) else { return false };
        self.take(&step).await;
        // There is one thread besides the one that gives space back: all that came of the step is over when it is free.
        quiet().await;
        true
    }
}

/// Who may come in between, while there is one; and in which calls that happened.
#[derive(Default)]
struct Between {
    client: Option<Client>,
    happened: BTreeMap<String, u64>,
}

/// A disk on which that happens.
fn beside(disk: &SimulatedDisk, between: &Arc<Mutex<Between>>) -> LocalStore {
    let between = Arc::clone(between);
    let hear = move |call, path: &Path| {
        let is_of_segment = path.to_string_lossy().contains("/seg");
        // While a file gets its name, changes wait.
        if !is_of_segment || matches!(call, Call::Rename | Call::Renamed) {
            return;
        }
        // What the client asks for in turn is nobody's business.
        let Some(mut client) = between.lock().unwrap().client.take() else { return };
        let has_come = Handle::current().block_on(client.may_take());
        let mut between = between.lock().unwrap();
        between.client = Some(client);
        if has_come {
            let kind = format!("{call:?}").split('(').next().unwrap_or_default().to_owned();
            *between.happened.entry(kind).or_default() += 1;
        }
    };
    LocalStore::with_vfs(Arc::new(Heard::new(disk, hear)), Path::new(DIR), OPTIONS).unwrap()
}

/// Nothing is spooled to files, since these are removed in the background.
const OPTIONS: Options = Options { segment_octets: 1500, spool_memory: 1 << 20, ..BRIEF };

async fn tell(seed: u64, happened: &mut BTreeMap<String, u64>) -> Story {
    let (disk, memory) = (SimulatedDisk::new(), small_memory());
    let between = Arc::new(Mutex::new(Between::default()));
    let store = beside(&disk, &between);
    let account = create(&store).await.unwrap();
    let oracle = create(&memory).await.unwrap();
    for step in much_to_give_back(seed) {
        step.take(&*account).await.unwrap();
        step.take(&*oracle).await.unwrap();
    }
    let teller = Teller::new(&disk, OPTIONS, picture(&*oracle).await);
    let script = random_script(seed, 16);
    let client = Client { account, oracle, teller, script, dice: Dice::new(seed) };
    between.lock().unwrap().client = Some(client);
    store.compact(ACCOUNT).await.unwrap();
    let client = between.lock().unwrap().client.take().unwrap();
    for (kind, count) in &between.lock().unwrap().happened {
        *happened.entry(kind.clone()).or_default() += count;
    }
    let Client { account, oracle, teller, .. } = client;
    assert_eq!(picture(&*account).await, picture(&*oracle).await);
    drop(account);
    store.close().await.unwrap();
    teller.end()
}

/// Messages of which half are dead, and the others may be soon.
fn much_to_give_back(seed: u64) -> Vec<Step> {
    let mut script = vec![Step::Append(1, 2, 40, ""), Step::Append(2, 2, 40, "$B")];
    script.extend((0..8).map(|round| {
        let operation = if round % 2 == 0 { Add } else { Remove };
        Step::FlagSome(1 + seed % 2, 1, 2, operation, "\\Seen")
    }));
    script.extend([
        Step::Append(1, 2, 400, ""),
        Step::Append(2, 2, 300, ""),
        Step::Copy(1, 2),
        Step::Flag(1, Add, "\\Deleted"),
        Step::Expunge(1),
        Step::Append(1, 1, 700, "$A"),
        Step::Append(1, 2, 200, "\\Deleted"),
        Step::Flag(2, Add, "\\Deleted"),
    ]);
    script
}

#[test]
fn a_power_cut_while_changes_come_and_space_is_given_back_loses_nothing() {
    let (mut happened, mut omitted) = (BTreeMap::new(), 0);
    rounds_on(2, "crash points", BESIDE, async |seed| {
        let story = tell(seed, &mut happened).await;
        omitted += story.omitted;
        story.cut_everywhere(seed, 3).await
    });
    println!("changes came in between at {happened:?}, {omitted} were left out");
    let all = ["Create", "List", "Open", "Read", "Sync", "SyncDir", "Write"];
    let is_one = setting("ROOKERY_SEED").is_some();
    assert!(is_one || happened.keys().eq(all) && omitted > 0, "{happened:?}");
}
