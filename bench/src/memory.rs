//! What the system says of a process's memory.

use crate::Fallible;

/// Octets of memory that a process has for itself: what would come back if it went. Buffers of sockets, which are the
/// system's, are not in it.
pub(crate) fn private(process: u32) -> Fallible<i64> {
    let text = std::fs::read_to_string(format!("/proc/{process}/smaps_rollup"))?;
    let lines = text.lines().filter(|line| line.starts_with("Private_"));
    let kibibytes = lines.filter_map(|line| line.split_whitespace().nth(1)?.parse::<i64>().ok());
    Ok(kibibytes.sum::<i64>() * 1024)
}
