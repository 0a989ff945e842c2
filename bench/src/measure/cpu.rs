//! How long processors worked for a server: all its processes, those that have ended too.
//!
//! A control group (version 2) counts that in microseconds, where one can be made; else it is what the system says of
//! each process and of its children that have ended, in hundredths of a second.

use super::tree;
use crate::Fallible;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Where control groups are: alone, or beside those of version 1.
const PLACES: [&str; 2] = ["/sys/fs/cgroup", "/sys/fs/cgroup/unified"];
/// Ticks of a second in `/proc/PID/stat`, on every Linux.
const TICKS: u64 = 100;

/// What counts a server's time.
pub(crate) struct Group {
    first: u32,
    folder: Option<PathBuf>,
}

impl Group {
    /// Count for a process that was started just now, and for all that it will start.
    pub(crate) fn new(first: u32) -> Self {
        let folder = PLACES.iter().find_map(|place| join(Path::new(place), first));
        Self { first, folder }
    }

    /// Whether a control group counts.
    pub(crate) fn is_exact(&self) -> bool {
        self.folder.is_some()
    }

    /// All time up to now.
    pub(crate) fn used(&self) -> Fallible<Duration> {
        let Some(folder) = &self.folder else { return ticks(self.first) };
        let text = std::fs::read_to_string(folder.join("cpu.stat"))?;
        let line = text.lines().find_map(|line| line.strip_prefix("usage_usec "));
        Ok(Duration::from_micros(line.ok_or("no usage_usec")?.parse()?))
    }

    /// End what has stayed in the group, and the group.
    pub(crate) fn end(&self) {
        if let Some(folder) = &self.folder {
            // What cannot be removed is left to the system; it costs nothing.
            let _ = std::fs::write(folder.join("cgroup.kill"), "1");
            std::thread::sleep(Duration::from_millis(20));
            let _ = std::fs::remove_dir(folder);
        }
    }
}

fn join(place: &Path, process: u32) -> Option<PathBuf> {
    place.join("cgroup.procs").exists().then_some(())?;
    let folder = place.join(format!("rookery-bench-{process}"));
    std::fs::create_dir(&folder).ok()?;
    if std::fs::write(folder.join("cgroup.procs"), process.to_string()).is_ok() {
        return Some(folder);
    }
    // It is of no use then.
    let _ = std::fs::remove_dir(&folder);
    None
}

/// The time of a process and all below it, with those that have ended.
fn ticks(first: u32) -> Fallible<Duration> {
    let ticks = tree::sum(first, |process| {
        let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
        // The name, in brackets, may have spaces in it.
        let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
        fields.get(11..15)?.iter().map(|ticks| ticks.parse::<u64>().ok()).sum()
    })?;
    Ok(Duration::from_millis(ticks * 1000 / TICKS))
}
