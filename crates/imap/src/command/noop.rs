//! NOOP (RFC 9051 §6.1.2): what others did is told behind every command, so there is nothing to do.

use crate::session::{Answer, done};

pub(crate) fn run() -> Answer {
    done("Nothing done")
}
