//! The `rookery` binary: command line, configuration, TLS, listeners, administration.

mod accounts;
mod admin;
mod cli;
mod clock;
mod config;
mod confine;
mod export;
mod failure;
#[cfg(feature = "fuzzing")]
pub mod fuzzing;
mod import;
mod limited_file;
mod limits;
mod listen;
mod logging;
mod open_files;
mod private_file;
mod privileges;
mod quickstart;
mod services;
mod tls;
mod unix_socket;
mod untrusted_dir;

use clap::Parser;
use std::io::Write;
use std::process::ExitCode;

/// What the binary does.
#[must_use]
pub fn main() -> ExitCode {
    let ended = run(cli::Cli::parse());
    logging::flush();
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            // Without a place to say it, the exit code has to do.
            let _ = writeln!(std::io::stderr(), "rookery: {failure}");
            ExitCode::FAILURE
        }
    }
}

fn run(cli: cli::Cli) -> Result<(), failure::Failure> {
    // What says how many cores there are to use may be out of reach later.
    let cores = rookery_mailbox::heavy::processors();
    // Before the runtime, for it has threads: they would all have to give up root, and what else is given up.
    let prepared = cli.prepare()?;
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(cores).enable_all().build();
    let runtime = runtime.map_err(|error| failure::Failure::io("starting", &error))?;
    runtime.block_on(cli::run(cli, prepared))
}
