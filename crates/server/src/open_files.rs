//! How many files the system lets this process have open: a connection is one.

use crate::config::Limits;
use crate::limits::FILES_BESIDE_CONNECTIONS;
use nix::sys::resource::{Resource, getrlimit};

/// Warn when there cannot be as many connections as are configured, of both protocols together.
pub(crate) fn check(limits: &Limits) {
    let connections = limits.connections.saturating_add(limits.lmtp_connections);
    let Ok((open_files, _)) = getrlimit(Resource::RLIMIT_NOFILE) else { return };
    let needed = connections.saturating_add(FILES_BESIDE_CONNECTIONS) as u64;
    if open_files < needed {
        tracing::warn!(
            open_files,
            connections,
            "the system lets this process open fewer files than limits.connections and lmtp_connections need: set \
             LimitNOFILE={needed} in its systemd unit (or `ulimit -n {needed}`), or lower them"
        );
    }
}
