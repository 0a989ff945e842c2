//! How often a server asks the disk to sync, counted by a few lines of C that are loaded into it; they can also make each
//! sync take longer, in the same way for every server.

use crate::Fallible;
use crate::servers::Person;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

const SOURCE: &str = include_str!("../../syncs.c");

/// What is loaded into one server.
pub(crate) struct Shim {
    library: PathBuf,
    count: PathBuf,
    delay: Duration,
}

impl Shim {
    /// Compile it into a folder, and begin to count at zero.
    pub(crate) fn new(folder: &Path, person: &Person, delay: Duration) -> Fallible<Self> {
        let (library, count) = (folder.join("syncs.so"), folder.join("syncs"));
        if !library.exists() {
            let source = folder.join("syncs.c");
            std::fs::write(&source, SOURCE)?;
            let mut compiler = Command::new("cc");
            compiler.args(["-O2", "-shared", "-fPIC", "-o"]).arg(&library).arg(&source);
            if !compiler.arg("-ldl").status()?.success() {
                return Err("cc could not compile bench/syncs.c".into());
            }
        }
        std::fs::write(&count, [0; 8])?;
        person.give(&count)?;
        Ok(Self { library, count, delay })
    }

    /// Load it into a program.
    pub(crate) fn load_into(&self, command: &mut Command) {
        command.env("LD_PRELOAD", &self.library).env("BENCH_SYNCS", &self.count);
        command.env("BENCH_SYNC_DELAY", self.delay.as_micros().to_string());
    }

    /// The same, as Dovecot hands it to its processes.
    pub(crate) fn environment(&self) -> String {
        let (library, count) = (self.library.display(), self.count.display());
        let delay = self.delay.as_micros();
        format!("LD_PRELOAD={library} BENCH_SYNCS={count} BENCH_SYNC_DELAY={delay}")
    }

    /// How often all its processes have asked.
    pub(crate) fn count(&self) -> Fallible<u64> {
        let octets = std::fs::read(&self.count)?;
        Ok(u64::from_ne_bytes(octets.as_slice().try_into()?))
    }
}
