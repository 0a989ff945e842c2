//! Log lines on stderr. What sessions do is said by those who do it; nothing here knows a secret.

mod lines;
mod strangers;

pub(crate) use strangers::{STRANGERS, tell_of_left_out};

use crate::config::{Format, Level, Log};
use crate::failure::Failure;
use lines::Lines;
use std::sync::OnceLock;
use strangers::Bounded;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

/// Where all lines go.
static LINES: OnceLock<Lines> = OnceLock::new();

/// Begin to log. `ROOKERY_LOG` overrides the configured level, in the syntax of tracing's filters.
pub(crate) fn start(log: &Log) -> Result<(), Failure> {
    let filter =
        EnvFilter::try_from_env("ROOKERY_LOG").unwrap_or_else(|_| EnvFilter::new(level(log.level)));
    let lines = Lines::to(std::io::stderr());
    let lines = lines.map_err(|error| Failure::io("beginning to log", &error))?;
    let lines = LINES.get_or_init(|| lines).clone();
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_writer(lines);
    // Logging begins once in a process; when tests begin it again, the first time counts.
    let _ = match log.format {
        Format::Text => lines.with_ansi(false).with_target(false).finish().with(Bounded).try_init(),
        Format::Json => lines.json().flatten_event(true).finish().with(Bounded).try_init(),
    };
    Ok(())
}

/// Wait until what was logged is written, before the process ends or says something else on stderr.
pub(crate) fn flush() {
    if let Some(lines) = LINES.get() {
        Lines::flush(lines);
    }
}

/// How many lines were lost since this was asked, since nobody took them.
fn take_lost() -> u64 {
    LINES.get().map_or(0, Lines::take_lost)
}

fn level(level: Level) -> &'static str {
    match level {
        Level::Error => "error",
        Level::Warn => "warn",
        Level::Info => "info",
        Level::Debug => "debug",
        Level::Trace => "trace",
    }
}
