//! `rookery config`.

use super::output::json;
use super::{Place, print};
use crate::config::EXAMPLE;
use crate::failure::Failure;
use crate::tls::Tls;
use clap::{Args, Subcommand};

#[derive(Subcommand)]
pub(super) enum Command {
    /// Say what is wrong with the configuration, if anything is
    Check,
    /// Show what is in force, defaults included
    Show(Shown),
    /// Print a commented example
    Example,
}

#[derive(Args)]
pub(super) struct Shown {
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(place: &Place, command: &Command) -> Result<(), Failure> {
    match command {
        Command::Check => {
            let config = place.config()?;
            if config.tls.cert.is_some() {
                Tls::load(&config)?;
            }
            print("the configuration is good")
        }
        Command::Show(Shown { json: true }) => json(&place.config()?),
        Command::Show(Shown { json: false }) => {
            let text = toml::to_string(&place.config()?);
            let text = text.map_err(|error| Failure::new(format!("printing TOML: {error}")))?;
            print(text.trim_end())
        }
        Command::Example => print(EXAMPLE.trim_end()),
    }
}
