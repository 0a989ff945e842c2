//! How many files the system lets this process have open: a connection is one.

use crate::limits::FILES_BESIDE_CONNECTIONS;

/// Where the system tells a process its limits.
const LIMITS: &str = "/proc/self/limits";

/// Warn when there cannot be as many connections as are configured.
pub(crate) fn check(connections: usize) {
    // Elsewhere than on Linux nothing is known, and nothing is said.
    let Ok(limits) = std::fs::read_to_string(LIMITS) else { return };
    let Some(open_files) = open_files(&limits) else { return };
    let needed = connections.saturating_add(FILES_BESIDE_CONNECTIONS);
    if open_files < needed {
        tracing::warn!(
            open_files,
            connections,
            "the system lets this process open fewer files than limits.connections needs: set \
             LimitNOFILE={needed} in its systemd unit (or `ulimit -n {needed}`), or lower limits.connections"
        );
    }
}

/// The soft limit; `None` if it is not told, or if there is none.
fn open_files(limits: &str) -> Option<usize> {
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files"))?;
    line.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_soft_limit_is_found() {
        let limits = "Limit          Soft Limit   Hard Limit   Units\n\
                      Max processes  5            6            processes\n\
                      Max open files            1024                 524288               files\n";
        assert_eq!(open_files(limits), Some(1024));
        assert_eq!(open_files("Max open files  unlimited  unlimited  files"), None);
        assert_eq!(open_files(""), None);
        assert!(std::fs::read_to_string(LIMITS).is_ok_and(|text| text.contains("Max open files")));
    }
}
