//! Benchmarks of a listening server, from outside: a real process, real sockets.
//!
//! Without a subcommand the workloads of [`workload`] are run, on Rookery and, if told, on another server in the same run
//! ([`compare`]). The subcommands measure what only we promise. [`servers`] says how each server is started, [`stage`]
//! what it is filled with, [`measure`] what is counted, [`report`] what is printed.

mod answer;
mod ceiling;
mod client;
mod compare;
mod corpus;
mod fairness;
mod fill;
mod idle;
mod lmtp;
mod measure;
mod ready;
mod report;
mod servers;
mod sizes;
mod space;
mod stage;
mod stream;
mod workload;

use clap::{Parser, Subcommand};
use std::process::ExitCode;

/// What a benchmark fails with.
type Fallible<T> = Result<T, Box<dyn std::error::Error>>;

/// Benchmarks of a listening server.
#[derive(Parser)]
#[command(args_conflicts_with_subcommands = true)]
struct Arguments {
    #[command(subcommand)]
    benchmark: Option<Benchmark>,
    #[command(flatten)]
    compare: compare::Arguments,
}

#[derive(Subcommand)]
enum Benchmark {
    /// Memory of the server for each connection in IDLE, and how soon all of them hear of a new message.
    Idle(idle::Arguments),
    /// How soon a large mailbox can be used again after the server was killed.
    Ready(ready::Arguments),
    /// What the disk holds for each octet that is alive, after much coming and going.
    Space(space::Arguments),
    /// How long ordinary clients wait while others ask for too much.
    Fairness(fairness::Arguments),
    /// What `fairness` starts to ask for too much.
    #[command(hide = true)]
    Attack(fairness::attack::Arguments),
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let done = match arguments.benchmark {
        None => compare::run(&arguments.compare),
        Some(Benchmark::Idle(arguments)) => idle::run(&arguments),
        Some(Benchmark::Ready(arguments)) => ready::run(&arguments),
        Some(Benchmark::Space(arguments)) => space::run(&arguments),
        Some(Benchmark::Fairness(arguments)) => fairness::run(&arguments),
        Some(Benchmark::Attack(arguments)) => fairness::attack::run(&arguments),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
