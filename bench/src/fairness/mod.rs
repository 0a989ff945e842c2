//! How long ordinary clients wait while somebody else asks for too much.
//!
//! The ordinary ones do something small every few milliseconds, and notice how long each answer takes: first while nothing
//! else happens, then while one kind of attack runs, and so on. Attackers run as a process of their own that the system
//! prefers all others to, as if they were elsewhere: what they compute themselves is not to count.

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
use ordinary::Waits;
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
    /// Messages of the mailbox that is searched
    #[arg(long, default_value_t = 100_000)]
    messages: u32,
}

/// Messages of the corpus, all of which are asked for by those who ask for bodies.
const CORPUS: usize = 2000;
/// The factor within which the longest waits are to stay.
const AIM: f64 = 2.0;

/// Measure and print.
pub(crate) fn run(arguments: &Arguments) -> Fallible<()> {
    let folder = tempfile::tempdir()?;
    Person::find()?.give(folder.path())?;
    let corpus = Arc::new(Corpus::load(CORPUS)?);
    let mut stages = stages(folder.path(), arguments.against, &corpus, Sizes::FULL)?;
    println!(
        "| server | attack | p50 quiet | p50 | p99 quiet | p99 | p99 factor | aim | answers | memory |"
    );
    println!("|---|---|--:|--:|--:|--:|--:|---|--:|--:|");
    for stage in &mut stages {
        stage.need_corpus()?;
        stage.need_large(arguments.messages)?;
        ordinary::prepare(stage)?;
        stage.with(Settings::DEFAULT)?;
        let all = Attack::value_variants().iter().copied();
        let is_wanted =
            |attack: &Attack| arguments.only.is_empty() || arguments.only.contains(attack);
        for attack in all.filter(is_wanted) {
            suffer(stage, attack, arguments)?;
        }
    }
    Ok(())
}

/// One attack, with quiet before it each time; print the middle of all rounds.
fn suffer(stage: &Stage, attack: Attack, arguments: &Arguments) -> Fallible<()> {
    let time = Duration::from_secs(arguments.seconds);
    let (mut quiet, mut loud, mut most) = (Vec::new(), Vec::new(), 0);
    for _ in 0..arguments.rounds {
        quiet.push(ordinary::watch(stage, time)?);
        let attacker = Attacker::start(attack, stage.server()?.imap, arguments.messages)?;
        loud.push(ordinary::watch(stage, time)?);
        most = most.max(memory::proportional(stage.server()?.process())?);
        drop(attacker);
    }
    let mut factors: Vec<f64> = quiet.iter().zip(&loud).map(|(q, l)| l.p99 / q.p99).collect();
    factors.sort_by(f64::total_cmp);
    let factor = factors[factors.len() / 2];
    let (quiet, loud) = (Waits::middle(&quiet), Waits::middle(&loud));
    println!(
        "| {} | {} | {:.2} ms | {:.2} ms | {:.2} ms | {:.2} ms | {factor:.1} ({:.1} – {:.1}) | {} | {} | {:.0} MB |",
        stage.kind.name(),
        attack.what(),
        quiet.p50,
        loud.p50,
        quiet.p99,
        loud.p99,
        factors[0],
        factors[factors.len() - 1],
        if factor <= AIM { "met" } else { "**missed**" },
        loud.answers,
        most as f64 / 1e6,
    );
    Ok(())
}
