//! How many files the system lets this process have open: each connection brings some along, and the store needs others.

use crate::config::Limits;
use crate::limits::{FILES_BESIDE_CONNECTIONS, FILES_PER_CONNECTION, MAX_HEARD_OUT};
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use rookery_lmtp::limits::MAX_RECIPIENTS;
use rookery_store_local::limits::MAX_OPEN_SEGMENTS_IN_ALL;

/// Where the system allows few files, recipients of mail get one in so many, and segments that are read as well.
const SHARE: usize = 8;

/// Have as many as the system allows. Who starts a process often lets it have fewer at first, for programs of another age.
pub(crate) fn raise() {
    if let Ok((_, most)) = getrlimit(Resource::RLIMIT_NOFILE) {
        // Then it has what it has.
        let _ = setrlimit(Resource::RLIMIT_NOFILE, most, most);
    }
}

/// Let no more connections in, of both protocols, than there can be files for, with what each brings along, beside those of the
/// store, so that whoever connects takes nothing from those who have logged in; warn if that is fewer than are configured.
pub(crate) fn fit(limits: &mut Limits) {
    let Some(open_files) = allowed() else { return };
    let needed = needed(limits);
    if !fit_into(limits, open_files) {
        return;
    }
    tracing::warn!(
        open_files,
        connections = limits.connections,
        lmtp_connections = limits.lmtp_connections,
        "the system lets this process open fewer files than limits.connections and lmtp_connections need, so that there can be \
         fewer connections: set LimitNOFILE={needed} in its systemd unit (or `ulimit -n {needed}`)"
    );
}

/// Files that so many connections need, with all that is beside them.
fn needed(limits: &Limits) -> usize {
    of_connections(limits).saturating_add(FILES_BESIDE_CONNECTIONS + MAX_RECIPIENTS)
}

fn of_connections(limits: &Limits) -> usize {
    let imap = limits.connections.saturating_mul(FILES_PER_CONNECTION);
    imap.saturating_add(limits.lmtp_connections)
}

/// Say whether these were more connections than so many files are enough for. Then there are fewer.
fn fit_into(limits: &mut Limits, open_files: usize) -> bool {
    let beside = FILES_BESIDE_CONNECTIONS.min(open_files / 2) + recipients_of(open_files);
    let (room, wanted) = (open_files - beside.min(open_files), of_connections(limits));
    if wanted <= room {
        return false;
    }
    let share = |part: usize| {
        let share = (part as u128 * room as u128 / wanted as u128).max(1);
        usize::try_from(share).unwrap_or(part)
    };
    limits.connections = share(limits.connections);
    limits.lmtp_connections = share(limits.lmtp_connections);
    true
}

/// How many without a place can be heard out at the same time: they have files open as well.
pub(crate) fn heard_out() -> usize {
    allowed().map_or(MAX_HEARD_OUT, |files| MAX_HEARD_OUT.min(files / 16))
}

/// How many recipients of mail that comes in there can be at the same time: each has an account in use.
pub(crate) fn recipients() -> usize {
    allowed().map_or(MAX_RECIPIENTS, recipients_of)
}

fn recipients_of(open_files: usize) -> usize {
    MAX_RECIPIENTS.min(open_files / SHARE)
}

/// How many segment files of all accounts can be open for reading.
pub(crate) fn segments() -> usize {
    allowed().map_or(MAX_OPEN_SEGMENTS_IN_ALL, |files| MAX_OPEN_SEGMENTS_IN_ALL.min(files / SHARE))
}

fn allowed() -> Option<usize> {
    let (open_files, _) = getrlimit(Resource::RLIMIT_NOFILE).ok()?;
    Some(usize::try_from(open_files).unwrap_or(usize::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn so_many_connections_are_let_in_as_there_are_files_for() {
        let wanted = Limits::default();
        let needed = needed(&wanted);
        for open_files in [1, 16, 64, 100, 1024, 4096, 16_384, needed - 1] {
            let mut limits = Limits::default();
            assert!(fit_into(&mut limits, open_files), "{open_files}");
            let taken = of_connections(&limits) + recipients_of(open_files);
            let left = open_files.saturating_sub(taken);
            assert!(open_files < 16 || left >= open_files.min(2 * FILES_BESIDE_CONNECTIONS) / 2);
            assert!(limits.connections >= open_files / 6, "{open_files}: {}", limits.connections);
        }
        let mut limits = Limits::default();
        assert!(!fit_into(&mut limits, needed));
        assert_eq!(limits.connections, wanted.connections);
        let mut few = Limits { connections: 10, lmtp_connections: 10, ..Limits::default() };
        assert!(!fit_into(&mut few, 100) && fit_into(&mut few, 60));
    }
}
