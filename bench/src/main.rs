//! Benchmarks of a listening server, from outside: a real process, real sockets.
//!
//! What is measured is a module (`idle`); what is measured against is a [`server::Server`], which says where it listens
//! and which processes it has. Another server to compare with is another way to make one.

mod client;
mod fill;
mod idle;
mod memory;
mod server;

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
}

fn main() -> ExitCode {
    let done = match Arguments::parse().benchmark {
        Benchmark::Idle(arguments) => idle::run(&arguments),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
