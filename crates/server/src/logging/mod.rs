//! Log lines on stderr. What sessions do is said by those who do it; nothing here knows a secret.

mod strangers;

pub(crate) use strangers::tell_of_left_out;

use crate::config::{Format, Level, Log};
use strangers::Bounded;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

/// Begin to log. `ROOKERY_LOG` overrides the configured level, in the syntax of tracing's filters.
pub(crate) fn start(log: &Log) {
    let filter =
        EnvFilter::try_from_env("ROOKERY_LOG").unwrap_or_else(|_| EnvFilter::new(level(log.level)));
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    // Logging begins once in a process; when tests begin it again, the first time counts.
    let _ = match log.format {
        Format::Text => lines.with_ansi(false).with_target(false).finish().with(Bounded).try_init(),
        Format::Json => lines.json().flatten_event(true).finish().with(Bounded).try_init(),
    };
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
