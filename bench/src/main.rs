//! Benchmarks of a listening server, from outside: a real process, real sockets.
//!
//! What is measured is a module (`idle`, `ready`, `space`); what is measured against is a [`server::Server`], which says where it listens
//! and which processes it has. Another server to compare with is another way to make one.

mod client;
mod fill;
mod idle;
mod memory;
mod ready;
mod server;
mod space;

use clap::{Parser, Subcommand};
use std::process::ExitCode;

/// What a benchmark fails with.
type Fallible<T> = Result<T, Box<dyn std::error::Error>>;

/// Benchmarks of a listening server.
#[derive(Parser)]
struct Arguments {
    #[command(subcommand)]
    benchmark: Benchmark,
}

#[derive(Subcommand)]
enum Benchmark {
    /// Memory of the server for each connection in IDLE, and how soon all of them hear of a new message.
    Idle(idle::Arguments),
    /// How soon a large mailbox can be used again after the server was killed.
    Ready(ready::Arguments),
    /// What the disk holds for each octet that is alive, after much coming and going.
    Space(space::Arguments),
}

fn main() -> ExitCode {
    let done = match Arguments::parse().benchmark {
        Benchmark::Idle(arguments) => idle::run(&arguments),
        Benchmark::Ready(arguments) => ready::run(&arguments),
        Benchmark::Space(arguments) => space::run(&arguments),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
