//! Starts a server's first process, as somebody without privileges, and ends it with all others.

use crate::Fallible;
use crate::measure::cpu::Group;
use crate::measure::syncs::Shim;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// How long a server may take to end.
const PATIENCE: Duration = Duration::from_secs(20);

/// Who the servers run as: whoever runs the benchmark, or nobody, where that is root.
#[derive(Clone)]
pub(crate) struct Person {
    pub(crate) user: String,
    pub(crate) group: String,
    pub(crate) uid: u32,
    pub(crate) gid: u32,
    is_other: bool,
}

impl Person {
    /// Find out.
    pub(crate) fn find() -> Fallible<Self> {
        let is_other = id("-u", None)? == "0";
        let of = is_other.then_some("nobody");
        let (uid, gid) = (id("-u", of)?.parse()?, id("-g", of)?.parse()?);
        Ok(Self { user: id("-un", of)?, group: id("-gn", of)?, uid, gid, is_other })
    }

    /// Give a file or folder to them.
    pub(crate) fn give(&self, path: &Path) -> Fallible<()> {
        Ok(std::os::unix::fs::chown(path, Some(self.uid), Some(self.gid))?)
    }

    /// A program that they run.
    pub(crate) fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new(program);
        if self.is_other {
            command.uid(self.uid).gid(self.gid);
        }
        command
    }
}

fn id(what: &str, of: Option<&str>) -> Fallible<String> {
    let output = Command::new("id").arg(what).args(of).output()?;
    Ok(String::from_utf8(output.stdout)?.trim().to_owned())
}

/// A server's first process.
pub(crate) struct Process {
    child: Child,
    group: Group,
    shim: Shim,
}

impl Process {
    /// Start one.
    pub(crate) fn start(mut command: Command, shim: Shim) -> Fallible<Self> {
        command.stdin(Stdio::null());
        let (group, child) = Group::start(command)?;
        Ok(Self { child, group, shim })
    }

    /// Its number.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// What counts the time of it and its children.
    pub(crate) fn group(&self) -> &Group {
        &self.group
    }

    /// How often they have asked the disk to sync.
    pub(crate) fn syncs(&self) -> Fallible<u64> {
        self.shim.count()
    }

    /// Its standard output, once.
    pub(crate) fn output(&mut self) -> Option<std::process::ChildStdout> {
        self.child.stdout.take()
    }

    /// Whether it has ended by itself.
    pub(crate) fn has_ended(&mut self) -> bool {
        !matches!(self.child.try_wait(), Ok(None))
    }

    fn end(&mut self) -> Fallible<()> {
        Command::new("kill").arg(self.child.id().to_string()).status()?;
        let start = Instant::now();
        while self.child.try_wait()?.is_none() {
            if start.elapsed() > PATIENCE {
                return Err("the server does not end".into());
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        Ok(())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if self.end().is_err() {
            // It may have ended already.
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
        self.group.end();
    }
}
