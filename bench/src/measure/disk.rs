//! Octets that a server gives to the disk.

use super::tree;
use crate::Fallible;

/// Octets that all its processes made the system write, or owe the disk: pages that were changed, each as often as it was
/// changed after it was written out. What the file system writes beside, such as its journal, is not in it.
pub(crate) fn written(first: u32) -> Fallible<u64> {
    tree::sum(first, |process| {
        let text = std::fs::read_to_string(format!("/proc/{process}/io")).ok()?;
        let line = text.lines().find_map(|line| line.strip_prefix("write_bytes: "));
        line?.parse().ok()
    })
}
