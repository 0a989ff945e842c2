//! The command line, one file for each command. Exit codes: 0 done, 1 failed, 2 wrong usage.

mod account;
mod check;
mod config;
mod deliver;
mod export;
mod import;
mod mailbox;
mod output;
pub(crate) mod passwd_file;
mod password;
mod quickstart;
pub(crate) mod serve;

use output::{print, table};
pub(crate) use password::generate as generate_password;

use crate::admin::{Client, Request, Response};
use crate::config::{Config, Level, Log};
use crate::failure::Failure;
use crate::logging;
use crate::services::make_data;
use clap::{Args, Parser, Subcommand};
use std::io::Write;
use std::path::PathBuf;

/// An IMAP mail store.
#[derive(Parser)]
#[command(name = "rookery", version, about = "An IMAP mail store", max_term_width = 100)]
pub(crate) struct Cli {
    #[command(flatten)]
    place: Place,
    #[command(subcommand)]
    command: Command,
}

/// Which server a command is about.
#[derive(Args, Clone)]
pub(crate) struct Place {
    /// The data directory [default: the configuration's, else ./rookery-data]
    #[arg(long, global = true, value_name = "DIR")]
    data: Option<PathBuf>,
    /// The configuration [default: rookery.toml here or in /etc/rookery/, unless --data is given]
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
}

#[derive(Subcommand)]
enum Command {
    /// Try it out: makes a demo account with sample mail, serves it on loopback, says how to connect
    Quickstart(quickstart::Options),
    /// Serve; prints one line `ready` with the addresses when connections are accepted
    Serve(serve::Options),
    /// Add, list, show, change and delete accounts
    #[command(subcommand)]
    Account(account::Command),
    /// List, create, rename and delete an account's mailboxes
    #[command(subcommand)]
    Mailbox(mailbox::Command),
    /// Deliver one message from standard input
    Deliver(deliver::Options),
    /// Import the mail of another program
    ///
    /// Importing again adds the messages again.
    Import(import::Options),
    /// Write an account's mail into a Maildir, with flags, dates and UIDs
    Export(export::Options),
    /// Verify everything that the disk has of accounts: checksums, indexes, files, permissions
    ///
    /// Says what is wrong, which messages it concerns, and what follows. Works while the server runs.
    Check(check::Options),
    /// Check or show the configuration, or an example of one
    #[command(subcommand)]
    Config(config::Command),
}

impl Cli {
    /// Give up what a server shall not be able to do: being root, and all else that it does not need.
    pub(crate) fn prepare(&self) -> Result<serve::Prepared, Failure> {
        match &self.command {
            Command::Serve(options) => options.prepare(&self.place),
            _ => Ok(serve::Prepared::default()),
        }
    }
}

/// Do what the command line says.
pub(crate) async fn run(cli: Cli, prepared: serve::Prepared) -> Result<(), Failure> {
    let place = &cli.place;
    match cli.command {
        Command::Quickstart(options) => quickstart::run(place, options).await,
        Command::Serve(options) => serve::run(place, options, prepared).await,
        Command::Account(command) => account::run(place, command).await,
        Command::Mailbox(command) => mailbox::run(place, command).await,
        Command::Deliver(options) => deliver::run(place, options).await,
        Command::Import(options) => import::run(place, options).await,
        Command::Export(options) => export::run(place, options).await,
        Command::Check(options) => check::run(place, options).await,
        Command::Config(command) => config::run(place, command),
    }
}

impl Place {
    fn config(&self) -> Result<Config, Failure> {
        Config::find(self.config.as_deref(), self.data.as_deref()).map_err(|error| {
            Failure::new(error.to_string())
                .hint("`rookery config example` shows what a file looks like")
        })
    }

    /// Make the data directory if it is missing, for commands that a new server begins with.
    fn make(&self) -> Result<(), Failure> {
        let data = self.config()?.data;
        if make_data(&data)? {
            // Whoever does not hear it finds the directory.
            let _ = writeln!(std::io::stderr(), "made the data directory {}", data.display());
        }
        Ok(())
    }

    /// The running server, or its store if none runs. Only what goes wrong is logged.
    async fn connect(&self) -> Result<Client, Failure> {
        let config = self.config()?;
        logging::start(&Log { level: Level::Warn, ..config.log })?;
        Client::connect(&config).await
    }

    /// Ask for one thing.
    async fn ask(&self, request: &Request) -> Result<Response, Failure> {
        let mut client = self.connect().await?;
        let response = client.ask(request).await?;
        client.close().await?;
        Ok(response)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }
}
