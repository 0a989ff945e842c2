//! Running the binary.

use crate::client::Client;
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

/// A data directory that goes when this does.
pub(crate) struct Data {
    dir: tempfile::TempDir,
    /// The process in whose namespace the data directory is mounted.
    mounted: OnceLock<u32>,
}

/// A file system that nobody sees but processes in a namespace of its own; it goes when this does.
pub(crate) struct Mount(Child);

/// A server that is killed when this goes.
pub(crate) struct Server {
    child: Child,
    /// What it printed on standard output up to and with the `ready` line.
    pub(crate) printed: Vec<String>,
}

/// What a command printed, and how it ended.
pub(crate) struct Done {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

fn binary() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_rookery"));
    command.env_remove("ROOKERY_LOG").stdin(Stdio::null());
    command
}

impl Mount {
    /// The path of a file, for those outside.
    pub(crate) fn inside(&self, path: &Path) -> PathBuf {
        let root = PathBuf::from(format!("/proc/{}/root", self.0.id()));
        root.join(path.strip_prefix("/").unwrap())
    }
}

impl Drop for Mount {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Data {
    pub(crate) fn new() -> Self {
        Self { dir: tempfile::tempdir().unwrap(), mounted: OnceLock::new() }
    }

    /// A data directory with the account `ada`, whose password is `tulip`.
    pub(crate) fn with_ada() -> Self {
        let data = Self::new();
        let added = data.run_with(&["account", "add", "ada", "--password-stdin"], b"tulip\n");
        assert_eq!(added.code, 0, "{}", added.err);
        data
    }

    /// Put the data directory on a file system of so many MiB; `None` if that is not possible here.
    pub(crate) fn mount(&self, mib: usize) -> Option<Mount> {
        std::fs::create_dir(self.dir()).unwrap();
        let mut command = Command::new("unshare");
        let script = format!("mount -t tmpfs -o size={mib}m none \"$0\" && echo mounted && read x");
        command.args(["--mount", "sh", "-c", &script]).arg(self.dir());
        let child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut mount = Mount(child.spawn().ok()?);
        let mut said = String::new();
        BufReader::new(mount.0.stdout.as_mut()?).read_line(&mut said).ok()?;
        self.mounted.set(mount.0.id()).unwrap();
        (said == "mounted\n").then_some(mount)
    }

    /// Let the file system of [`Data::mount`] be written to (`rw`) or not (`ro`).
    pub(crate) fn remount(&self, how: &str) {
        let id = self.mounted.get().unwrap();
        let mut command = Command::new("nsenter");
        command.arg(format!("--mount=/proc/{id}/ns/mnt")).args(["mount", "-o"]);
        command.arg(format!("remount,{how}")).arg(self.dir());
        assert!(command.status().unwrap().success());
    }

    /// The binary, where it sees the data directory.
    fn binary(&self) -> Command {
        let Some(id) = self.mounted.get() else { return binary() };
        let mut command = Command::new("nsenter");
        command.arg(format!("--mount=/proc/{id}/ns/mnt")).arg(env!("CARGO_BIN_EXE_rookery"));
        command.env_remove("ROOKERY_LOG").stdin(Stdio::null());
        command
    }

    /// The directory itself.
    pub(crate) fn dir(&self) -> PathBuf {
        self.dir.path().join("data")
    }

    /// A place for other files.
    pub(crate) fn beside(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Run a command about this directory.
    pub(crate) fn run(&self, args: &[&str]) -> Done {
        self.run_with(args, b"")
    }

    /// Run a command with this on its standard input.
    pub(crate) fn run_with(&self, args: &[&str], input: &[u8]) -> Done {
        let mut command = self.binary();
        command.args(args).arg("--data").arg(self.dir()).current_dir(self.dir.path());
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        // A command that fails early does not read its input.
        let _ = child.stdin.take().unwrap().write_all(input);
        Done::of(&child.wait_with_output().unwrap())
    }

    /// Start `serve` with all protocols.
    pub(crate) fn serve(&self) -> Server {
        let any = "127.0.0.1:0";
        self.start(&["serve", "--imap", any, "--imaps", any, "--lmtp", any, "--allow-plaintext"])
    }

    /// Start a server and wait until it is ready.
    pub(crate) fn start(&self, args: &[&str]) -> Server {
        self.start_as(self.binary(), args)
    }

    /// Start a server that cannot have more files open than this.
    pub(crate) fn start_with_open_files(&self, most: u32, args: &[&str]) -> Server {
        self.start_within(&format!("ulimit -n {most}"), args)
    }

    /// Start a server whose log goes there.
    pub(crate) fn serve_logging_to(&self, log: impl Into<Stdio>) -> Server {
        let any = "127.0.0.1:0";
        self.start_logging_to(
            log,
            self.binary(),
            &["serve", "--imap", any, "--lmtp", any, "--allow-plaintext"],
        )
    }

    /// Start a server none of whose files can have more KiB than this.
    pub(crate) fn start_with_small_files(&self, kib: u32, args: &[&str]) -> Server {
        self.start_within(&format!("ulimit -f {kib}"), args)
    }

    fn start_within(&self, limit: &str, args: &[&str]) -> Server {
        // It counts the sizes of files in KiB, and others, as sh, in blocks of 512 octets.
        let mut command = Command::new("bash");
        command.arg("-c").arg(format!("{limit}; exec \"$0\" \"$@\""));
        command.arg(env!("CARGO_BIN_EXE_rookery")).env_remove("ROOKERY_LOG").stdin(Stdio::null());
        self.start_as(command, args)
    }

    fn start_as(&self, command: Command, args: &[&str]) -> Server {
        let log = std::fs::File::create(self.beside("log")).unwrap();
        self.start_logging_to(log, command, args)
    }

    fn start_logging_to(
        &self,
        log: impl Into<Stdio>,
        mut command: Command,
        args: &[&str],
    ) -> Server {
        command.args(args).arg("--data").arg(self.dir()).current_dir(self.dir.path());
        let mut child = command.stdout(Stdio::piped()).stderr(log).spawn().unwrap();
        let mut printed = Vec::new();
        for line in BufReader::new(child.stdout.take().unwrap()).lines() {
            printed.push(line.unwrap());
            if printed.last().unwrap().starts_with("ready") {
                return Server { child, printed };
            }
        }
        child.wait().unwrap();
        panic!("not ready: {}", self.log());
    }

    /// Wait until the last server has logged this: its lines are written soon, but not at once.
    pub(crate) fn await_log(&self, text: &str) {
        let start = Instant::now();
        while !self.log().contains(text) {
            assert!(start.elapsed() < Duration::from_secs(10), "no {text:?} in {}", self.log());
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// What the last server has logged by now.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.beside("log")).unwrap()
    }
}

impl Done {
    fn of(output: &Output) -> Self {
        let text = |octets: &[u8]| String::from_utf8(octets.to_vec()).unwrap();
        let code = output.status.code().expect("not killed");
        Self { code, out: text(&output.stdout), err: text(&output.stderr) }
    }
}

impl Server {
    /// The address of a protocol, from the `ready` line.
    pub(crate) fn address(&self, protocol: &str) -> SocketAddr {
        let words = self.printed.last().unwrap().split(' ');
        let mut values = words.filter_map(|word| word.split_once('='));
        values.find(|(name, _)| *name == protocol).unwrap().1.parse().unwrap()
    }

    /// A client that is logged in as `ada`.
    pub(crate) fn ada(&self) -> Client {
        let mut client = self.connect("imap");
        client.ok("LOGIN ada tulip");
        client
    }

    /// A client that has heard the greeting.
    pub(crate) fn connect(&self, protocol: &str) -> Client {
        Client::new(TcpStream::connect(self.address(protocol)).unwrap())
    }

    /// A line of what the system says of the process (`VmRSS`, `VmHWM`), in KiB.
    pub(crate) fn memory(&self, name: &str) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find(|line| line.starts_with(name)).unwrap();
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    }

    /// Let `VmHWM` begin anew.
    pub(crate) fn forget_peak(&self) {
        std::fs::write(format!("/proc/{}/clear_refs", self.child.id()), "5").unwrap();
    }

    /// Wait until the process has nothing to do, but not for ever.
    pub(crate) fn settle(&self) {
        let mut before = self.ticks();
        for _ in 0..150 {
            std::thread::sleep(Duration::from_millis(200));
            let now = self.ticks();
            if std::mem::replace(&mut before, now) == now {
                return;
            }
        }
    }

    /// The time for which it has computed.
    fn ticks(&self) -> u64 {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id())).unwrap();
        let fields = stat.rsplit_once(')').unwrap().1.split_whitespace();
        fields.skip(11).take(2).map(|ticks| ticks.parse::<u64>().unwrap()).sum()
    }

    /// What the system says of the process and its threads, a text for each.
    pub(crate) fn statuses(&self) -> Vec<String> {
        let tasks = std::fs::read_dir(format!("/proc/{}/task", self.child.id())).unwrap();
        tasks
            .map(|task| std::fs::read_to_string(task.unwrap().path().join("status")).unwrap())
            .collect()
    }

    /// A file in which the system says something of the process.
    pub(crate) fn about_itself(&self, name: &str) -> String {
        std::fs::read_to_string(format!("/proc/{}/{name}", self.child.id())).unwrap()
    }

    /// Send a signal.
    pub(crate) fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args(["-s", name, &id]).status().unwrap().success());
    }

    /// Kill it in the middle of whatever it does.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Let it open no more files than this from now on.
    pub(crate) fn allow_open_files(&self, most: u32) {
        let id = self.child.id().to_string();
        let limit = format!("--nofile={most}:");
        assert!(Command::new("prlimit").args(["--pid", &id, &limit]).status().unwrap().success());
    }

    /// Wait for its end, which must come soon.
    pub(crate) fn wait(mut self) -> ExitStatus {
        let start = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(start.elapsed() < Duration::from_secs(15), "the server does not end");
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Write files with their folders.
pub(crate) fn write_files(dir: &Path, files: &[(&str, &str)]) {
    for (name, text) in files {
        let path = dir.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
}
