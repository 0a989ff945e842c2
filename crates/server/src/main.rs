//! The `rookery` binary: command line, configuration, TLS, listeners, LMTP, administration.

mod accounts;
mod admin;
mod cli;
mod clock;
mod config;
mod export;
mod failure;
mod import;
mod limits;
mod listen;
mod lmtp;
mod logging;
mod open_files;
mod private_file;
mod quickstart;
mod services;
mod tls;
mod unix_socket;

use clap::Parser;
use std::io::Write;
use std::process::ExitCode;

fn main() -> ExitCode {
    let cli = cli::Cli::parse();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let result = match runtime {
        Ok(runtime) => runtime.block_on(cli::run(cli)),
        Err(error) => Err(failure::Failure::io("starting", &error)),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            // Without a place to say it, the exit code has to do.
            let _ = writeln!(std::io::stderr(), "rookery: {failure}");
            ExitCode::FAILURE
        }
    }
}
