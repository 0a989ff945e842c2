//! How many files the system lets this process have open: a connection is one, and the store needs some.

use crate::config::Limits;
use crate::limits::{FILES_BESIDE_CONNECTIONS, MAX_HEARD_OUT};
use nix::sys::resource::{Resource, getrlimit, setrlimit};

/// Have as many as the system allows. Who starts a process often lets it have fewer at first, for programs of another age.
pub(crate) fn raise() {
    if let Ok((_, most)) = getrlimit(Resource::RLIMIT_NOFILE) {
        // Then it has what it has.
        let _ = setrlimit(Resource::RLIMIT_NOFILE, most, most);
    }
}

/// Let no more connections in, of both protocols together, than there can be files for beside those of the store, so that
/// whoever connects takes nothing from those who have logged in; warn if that is fewer than are configured.
pub(crate) fn fit(limits: &mut Limits) {
    let Some(open_files) = allowed() else { return };
    let (imap, lmtp) = (limits.connections, limits.lmtp_connections);
    let connections = imap.saturating_add(lmtp);
    let room = open_files - FILES_BESIDE_CONNECTIONS.min(open_files / 2);
    if connections <= room {
        return;
    }
    let share = |part: usize| (part as u128 * room as u128 / connections as u128).max(1);
    limits.connections = usize::try_from(share(imap)).unwrap_or(imap);
    limits.lmtp_connections = usize::try_from(share(lmtp)).unwrap_or(lmtp);
    let needed = connections.saturating_add(FILES_BESIDE_CONNECTIONS);
    tracing::warn!(
        open_files,
        connections = limits.connections,
        lmtp_connections = limits.lmtp_connections,
        "the system lets this process open fewer files than limits.connections and lmtp_connections need, so that there can be \
         fewer connections: set LimitNOFILE={needed} in its systemd unit (or `ulimit -n {needed}`)"
    );
}

/// How many without a place can be heard out at the same time: they have files open as well.
pub(crate) fn heard_out() -> usize {
    allowed().map_or(MAX_HEARD_OUT, |files| MAX_HEARD_OUT.min(files / 16))
}

fn allowed() -> Option<usize> {
    let (open_files, _) = getrlimit(Resource::RLIMIT_NOFILE).ok()?;
    Some(usize::try_from(open_files).unwrap_or(usize::MAX))
}
