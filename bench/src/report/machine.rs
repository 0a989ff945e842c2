//! Where it was measured.

use crate::servers::dovecot::Dovecot;
use serde::Serialize;

/// What figures depend on.
#[derive(Serialize)]
pub(crate) struct Machine {
    pub(super) processor: String,
    pub(super) cores: usize,
    pub(super) memory: String,
    pub(super) kernel: String,
    pub(super) disk: String,
    pub(super) dovecot: String,
    /// Microseconds that appending 4 KiB to a file and syncing it takes, in the middle.
    pub(super) sync: f64,
    /// Whether time was counted by a control group.
    pub(super) exact: bool,
}

impl Machine {
    /// Look.
    pub(super) fn find(exact: bool) -> Self {
        let read = |path| std::fs::read_to_string(path).unwrap_or_default();
        let field = |text: &str, name: &str| {
            let line = text.lines().find(|line| line.starts_with(name)).unwrap_or_default();
            line.split_once(':').map_or(String::new(), |(_, value)| value.trim().to_owned())
        };
        Self {
            processor: field(&read("/proc/cpuinfo"), "model name"),
            cores: std::thread::available_parallelism().map_or(1, usize::from),
            memory: field(&read("/proc/meminfo"), "MemTotal"),
            kernel: read("/proc/sys/kernel/osrelease").trim().to_owned(),
            disk: disk(&read("/proc/self/mounts")),
            dovecot: Dovecot::version().unwrap_or_default(),
            sync: sync().unwrap_or(0.0),
            exact,
        }
    }
}

/// The file system of temporary files.
fn disk(mounts: &str) -> String {
    let folder = std::env::temp_dir();
    let below = mounts.lines().filter_map(|line| {
        let mut words = line.split(' ').skip(1);
        let (place, kind) = (words.next()?, words.next()?);
        folder.starts_with(place).then_some((place.len(), kind))
    });
    below.max().map_or(String::new(), |(_, kind)| kind.to_owned())
}

fn sync() -> std::io::Result<f64> {
    use std::io::Write;
    let mut file = tempfile::tempfile()?;
    let mut times = Vec::new();
    for _ in 0..51 {
        let start = std::time::Instant::now();
        file.write_all(&[b'x'; 4096])?;
        file.sync_data()?;
        times.push(start.elapsed().as_secs_f64() * 1e6);
    }
    times.sort_by(f64::total_cmp);
    Ok(times[times.len() / 2])
}
