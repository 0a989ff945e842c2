//! How long processors worked for a server: all its processes, those that have ended too.
//!
//! A control group (version 2) counts that in microseconds, where one can be made; else it is what the system says of
//! each process and of its children that have ended, in hundredths of a second.

use super::tree;
use crate::Fallible;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

/// Where control groups are: alone, or beside those of version 1.
const PLACES: [&str; 2] = ["/sys/fs/cgroup", "/sys/fs/cgroup/unified"];
/// The processes of a group.
const PROCESSES: &str = "cgroup.procs";
/// Ticks of a second in `/proc/PID/stat`, on every Linux.
const TICKS: u64 = 100;
/// How names of groups begin; the benchmark's process follows.
const PREFIX: &str = "rookery-bench-";
/// Groups that have been made.
static MADE: AtomicU32 = AtomicU32::new(0);

/// What counts a server's time.
pub(crate) struct Group {
    first: u32,
    folder: Option<PathBuf>,
}

impl Group {
    /// Start a process, and count for it and for all that it will start.
    pub(crate) fn start(mut command: Command) -> Fallible<(Self, Child)> {
        let Some((home, folder)) = PLACES.iter().find_map(|place| make(Path::new(place))) else {
            let child = command.spawn()?;
            return Ok((Self { first: child.id(), folder: None }, child));
        };
        // The benchmark is in the group for a moment, so that what it starts begins there and nothing is missed.
        enter(&folder)?;
        let child = command.spawn();
        enter(&home)?;
        let child = child?;
        Ok((Self { first: child.id(), folder: Some(folder) }, child))
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

    /// Complain if a process of the server is not counted.
    pub(crate) fn check(&self) -> Fallible<()> {
        let Some(folder) = &self.folder else { return Ok(()) };
        let counted = std::fs::read_to_string(folder.join(PROCESSES))?;
        let is_counted = |process: &u32| counted.lines().any(|line| *line == process.to_string());
        let missed = tree::processes(self.first).into_iter().find(|process| !is_counted(process));
        // One that has ended in between is in no group.
        match missed.filter(|process| Path::new(&format!("/proc/{process}")).exists()) {
            Some(process) => Err(format!("the time of process {process} is not counted").into()),
            None => Ok(()),
        }
    }

    /// End what has stayed in the group, and the group.
    pub(crate) fn end(&self) {
        if let Some(folder) = &self.folder {
            remove(folder);
        }
    }
}

/// The group that this process is in, and a new one below, if this process may make one and move between both.
fn make(place: &Path) -> Option<(PathBuf, PathBuf)> {
    let groups = std::fs::read_to_string("/proc/self/cgroup").ok()?;
    let own = groups.lines().find_map(|line| line.strip_prefix("0::/"))?;
    let home = place.join(own);
    enter(&home).ok()?;
    end_forgotten(&home);
    let number = MADE.fetch_add(1, Ordering::Relaxed);
    let folder = home.join(format!("{PREFIX}{}-{number}", std::process::id()));
    std::fs::create_dir(&folder).ok()?;
    Some((home, folder))
}

/// End servers of benchmarks that were killed, and their groups.
fn end_forgotten(home: &Path) {
    for entry in std::fs::read_dir(home).into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let of = name.strip_prefix(PREFIX).and_then(|rest| rest.split('-').next());
        if of.is_some_and(|process| !Path::new("/proc").join(process).exists()) {
            remove(&entry.path());
        }
    }
}

/// End all processes of a group, and the group. What cannot be removed is left to the system; it costs nothing.
fn remove(group: &Path) {
    let _ = std::fs::write(group.join("cgroup.kill"), "1");
    std::thread::sleep(Duration::from_millis(20));
    let _ = std::fs::remove_dir(group);
}

/// Move this process into a group.
fn enter(group: &Path) -> std::io::Result<()> {
    std::fs::OpenOptions::new()
        .write(true)
        .open(group.join(PROCESSES))
        .and_then(|mut file| std::io::Write::write_all(&mut file, b"0"))
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
