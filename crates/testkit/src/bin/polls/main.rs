//! How long each command keeps the thread that serves it: while that is so, all others whom it serves wait.
//!
//! `cargo run --profile counts -p rookery-testkit --bin polls` runs commands on a mailbox of a million messages, with and
//! without gaps, on messages that take long to look at, and on thousands of mailboxes, and prints the longest poll of each
//! command: the time for which the thread computes. The least of some rounds counts. `-- --messages 100000 --rounds 1
//! --above 1` for less, in milliseconds what is left out.

mod mail;
mod script;
mod stage;

use stage::{Longest, Stage};
use std::error::Error;
use std::process::ExitCode;
use std::time::Duration;

/// What anything here fails with.
type Fallible<T> = Result<T, Box<dyn Error + Send + Sync>>;

const USAGE: &str = "polls [--messages COUNT] [--rounds COUNT] [--above MILLISECONDS]";

/// What can be chosen.
struct Arguments {
    /// Messages in a large mailbox; a power of two is taken.
    messages: u32,
    rounds: u32,
    /// Rows of shorter polls are left out.
    above: Duration,
}

fn main() -> ExitCode {
    match Arguments::parse(std::env::args().skip(1)).and_then(|arguments| run(&arguments)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

impl Arguments {
    fn parse(mut words: impl Iterator<Item = String>) -> Fallible<Self> {
        let mut arguments = Self { messages: 1 << 20, rounds: 3, above: Duration::ZERO };
        while let Some(name) = words.next() {
            let value = words.next().ok_or(USAGE)?;
            match name.as_str() {
                "--messages" => arguments.messages = value.parse()?,
                "--rounds" => arguments.rounds = value.parse()?,
                "--above" => arguments.above = Duration::from_secs_f64(value.parse::<f64>()? / 1e3),
                _ => return Err(USAGE.into()),
            }
        }
        Ok(arguments)
    }
}

fn run(arguments: &Arguments) -> Fallible<()> {
    let mut least: Option<Longest> = None;
    for round in 1..=arguments.rounds {
        eprintln!("round {round} of {}", arguments.rounds);
        let longest = measure(arguments.messages)?;
        least = Some(match least {
            None => longest,
            Some(mut least) => {
                for (name, (_, took)) in &mut least {
                    *took = longest.get(name).map_or(*took, |(_, now)| (*took).min(*now));
                }
                least
            }
        });
    }
    let mut rows: Vec<_> = least.unwrap_or_default().into_iter().collect();
    rows.sort_by_key(|(_, (place, _))| *place);
    println!("| command | longest poll |\n|---|--:|");
    for (name, (_, took)) in rows.iter().filter(|(_, (_, took))| *took >= arguments.above) {
        println!("| {name} | {:.2} ms |", took.as_secs_f64() * 1e3);
    }
    Ok(())
}

fn measure(messages: u32) -> Fallible<Longest> {
    // One thread serves, so that clients and conversations take turns.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
    let dir = tempfile::tempdir()?;
    runtime.block_on(async {
        let mut stage = Stage::new(dir.path()).await?;
        script::run(&mut stage, messages).await?;
        Ok(stage.longest)
    })
}
