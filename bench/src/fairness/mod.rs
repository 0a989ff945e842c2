//! How long ordinary clients wait while somebody else asks for too much.
//!
//! The ordinary ones do something small every few milliseconds, and notice how long each answer takes: first while nothing
//! else happens, then while one kind of attack runs, in turns. Attackers run as a process of their own that the system
//! prefers all others to, as if they were elsewhere: what they compute themselves is not to count. It counts all the same
//! where there are few cores: the floor is what the ordinary clients notice while the attack goes to a second server beside
//! theirs, which is what the machine does, and no server can help.

pub(crate) mod attack;
mod ordinary;

use crate::Fallible;
use crate::compare::{Other, stages};
use crate::corpus::Corpus;
use crate::measure::memory;
use crate::servers::{Person, Settings};
use crate::sizes::Sizes;
use crate::stage::Stage;
use attack::{Attack, Attacker};
use clap::ValueEnum;
use ordinary::{KINDS, Waits};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// What can be chosen.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Another server to do the same to
    #[arg(long)]
    against: Option<Other>,
    /// Only these attacks
    #[arg(long, value_delimiter = ',')]
    only: Vec<Attack>,
    /// Seconds of each phase
    #[arg(long, default_value_t = 4)]
    seconds: u64,
    /// How often each attack is tried
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// Attack a second server, too: what a busy machine makes others wait, whatever the server does
    #[arg(long)]
    floor: bool,
    /// Messages of the mailbox that is searched
    #[arg(long, default_value_t = 100_000)]
    messages: u32,
}

/// Messages of the corpus, all of which are asked for by those who ask for bodies.
const CORPUS: usize = 2000;
/// The factor within which the longest waits are to stay.
const AIM: f64 = 2.0;

/// From one phase to the next: what an attacker left behind is done with.
const REST: Duration = Duration::from_millis(300);

/// Measure and print.
pub(crate) fn run(arguments: &Arguments) -> Fallible<()> {
    let folder = tempfile::tempdir()?;
    Person::find()?.give(folder.path())?;
    let corpus = Arc::new(Corpus::load(CORPUS)?);
    let mut stages = stages(folder.path(), arguments.against, &corpus, Sizes::FULL)?;
    let beside = folder.path().join("beside");
    let mut beside = if arguments.floor { Some(second(&beside, &corpus)?) } else { None };
    for stage in stages.iter_mut().chain(&mut beside) {
        stage.need_corpus()?;
        stage.need_large(arguments.messages)?;
        ordinary::prepare(stage)?;
        stage.with(Settings::DEFAULT)?;
    }
    let kinds = KINDS.join(" | ");
    println!(
        "| server | attack | p50 quiet | p50 | p99 quiet | p99 | p99 factor | aim | floor | {kinds} | answers | memory |"
    );
    println!("|---|---|--:|--:|--:|--:|--:|---|--:|--:|--:|--:|--:|--:|--:|");
    let all = Attack::value_variants().iter().copied();
    let is_wanted = |attack: &Attack| arguments.only.is_empty() || arguments.only.contains(attack);
    let attacks: Vec<Attack> = all.filter(is_wanted).collect();
    for stage in &stages {
        for attack in &attacks {
            Rounds::suffer(stage, beside.as_ref(), *attack, arguments)?.print(stage, *attack);
        }
    }
    Ok(())
}

/// Another server of ours, with the same mail.
fn second(folder: &Path, corpus: &Arc<Corpus>) -> Fallible<Stage> {
    std::fs::create_dir(folder)?;
    Person::find()?.give(folder)?;
    stages(folder, None, corpus, Sizes::FULL)?.pop().ok_or_else(|| "no second server".into())
}

/// What was noticed of one attack.
#[derive(Default)]
struct Rounds {
    quiet: Vec<Waits>,
    loud: Vec<Waits>,
    /// While the attack went to another server.
    beside: Vec<Waits>,
    /// The most octets of memory.
    memory: u64,
}

impl Rounds {
    /// Quiet and attack in turns.
    fn suffer(
        stage: &Stage,
        beside: Option<&Stage>,
        attack: Attack,
        arguments: &Arguments,
    ) -> Fallible<Self> {
        let time = Duration::from_secs(arguments.seconds);
        let mut rounds = Self::default();
        let attacked = |victim: &Stage| -> Fallible<Waits> {
            let attacker = Attacker::start(attack, victim.server()?.imap, arguments.messages)?;
            let waits = ordinary::watch(stage, time)?;
            drop(attacker);
            Ok(waits)
        };
        for _ in 0..arguments.rounds {
            std::thread::sleep(REST);
            rounds.quiet.push(ordinary::watch(stage, time)?);
            rounds.loud.push(attacked(stage)?);
            let memory = memory::proportional(stage.server()?.process())?;
            rounds.memory = rounds.memory.max(memory);
            if let Some(beside) = beside {
                std::thread::sleep(REST);
                rounds.beside.push(attacked(beside)?);
            }
        }
        Ok(rounds)
    }

    /// How many times as long the longest waits were as those of the quiet phase before, of each round, in order.
    fn factors(&self, loud: &[Waits], p99: impl Fn(&Waits) -> f64) -> Vec<f64> {
        let factors = self.quiet.iter().zip(loud).map(|(quiet, loud)| p99(loud) / p99(quiet));
        sorted(factors)
    }

    /// A row of the table: the middle of all rounds.
    fn print(&self, stage: &Stage, attack: Attack) {
        let factors = self.factors(&self.loud, |waits| waits.p99);
        let (factor, least, most) = (middle(&factors), factors[0], factors[factors.len() - 1]);
        let floor = match self.factors(&self.beside, |waits| waits.p99) {
            none if none.is_empty() => "–".to_owned(),
            factors => format!("{:.1}", middle(&factors)),
        };
        let of_kind = |kind: usize| self.factors(&self.loud, |waits| waits.p99_of[kind]);
        let kinds: Vec<String> =
            (0..KINDS.len()).map(|kind| format!("{:.1}", middle(&of_kind(kind)))).collect();
        println!(
            "| {} | {} | {:.2} ms | {:.2} ms | {:.2} ms | {:.2} ms | {factor:.1} ({least:.1} – {most:.1}) | {} | {floor} | {} | {} | {:.0} MB |",
            stage.kind.name(),
            attack.what(),
            of_all(&self.quiet, |waits| waits.p50),
            of_all(&self.loud, |waits| waits.p50),
            of_all(&self.quiet, |waits| waits.p99),
            of_all(&self.loud, |waits| waits.p99),
            if factor <= AIM { "met" } else { "**missed**" },
            kinds.join(" | "),
            self.loud.iter().map(|waits| waits.answers).sum::<usize>(),
            self.memory as f64 / 1e6,
        );
    }
}

/// The middle of all rounds.
fn of_all(rounds: &[Waits], number: impl Fn(&Waits) -> f64) -> f64 {
    middle(&sorted(rounds.iter().map(number)))
}

fn sorted(numbers: impl Iterator<Item = f64>) -> Vec<f64> {
    let mut sorted: Vec<f64> = numbers.collect();
    sorted.sort_by(f64::total_cmp);
    sorted
}

fn middle(sorted: &[f64]) -> f64 {
    sorted.get(sorted.len() / 2).copied().unwrap_or(f64::NAN)
}
