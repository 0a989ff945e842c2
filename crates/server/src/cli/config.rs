//! `rookery config`.

use super::output::json;
use super::{Place, print};
use crate::config::{Config, EXAMPLE, Listen};
use crate::failure::Failure;
use crate::tls::Tls;
use clap::{Args, Subcommand};
use std::path::PathBuf;

#[derive(Subcommand)]
pub(super) enum Command {
    /// Say what is wrong with the configuration, if anything is
    Check(Checked),
    /// Show what is in force, defaults included
    Show(Shown),
    /// Print a commented example
    Example,
}

#[derive(Args)]
pub(super) struct Checked {
    /// The configuration, as with --config
    file: Option<PathBuf>,
}

#[derive(Args)]
pub(super) struct Shown {
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(place: &Place, command: Command) -> Result<(), Failure> {
    match command {
        Command::Check(Checked { file: None }) => check(place),
        Command::Check(Checked { file: Some(_) }) if place.config.is_some() => {
            Err(Failure::new("name the file once: with --config or without"))
        }
        Command::Check(Checked { file }) => {
            check(&Place { data: place.data.clone(), config: file })
        }
        Command::Show(Shown { json: true }) => json(&in_force(place)?),
        Command::Show(Shown { json: false }) => {
            let text = toml::to_string(&in_force(place)?);
            let text = text.map_err(|error| Failure::new(format!("printing TOML: {error}")))?;
            print(&format!("{}\n{}", origin(place), text.trim_end()))
        }
        Command::Example => print(EXAMPLE.trim_end()),
    }
}

fn check(place: &Place) -> Result<(), Failure> {
    let config = place.config()?;
    if config.tls.cert.is_some() {
        Tls::load(&config)?;
    }
    print("the configuration is good")
}

/// The configuration with what a server listens on that was not told.
fn in_force(place: &Place) -> Result<Config, Failure> {
    let mut config = place.config()?;
    if config.listen.is_empty() {
        config.listen = Listen { lmtp_mode: config.listen.lmtp_mode, ..Listen::on_loopback() };
    }
    Ok(config)
}

/// A comment that says where the configuration is from.
fn origin(place: &Place) -> String {
    match Config::file(place.config.as_deref(), place.data.as_deref()) {
        Some(file) => format!("# {:?} was read", file.display().to_string()),
        None => "# no file was read".to_owned(),
    }
}
