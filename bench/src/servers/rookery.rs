//! Rookery, with its default settings.

use super::{Person, Process, Server, Settings, accounts, make_folder, trust};
use crate::Fallible;
use crate::measure::syncs::Shim;
use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// What is configured. Limits of connections are raised for the benchmark of ten thousand idle ones of one account.
const CONFIG: &str = "version = 1\n\
    [auth]\n\
    allow_plaintext = true\n\
    rehash = false\n\
    [limits]\n\
    connections = 200000\n\
    connections_per_account = 200000\n\
    [log]\n\
    level = \"error\"\n";

/// Rookery with a data directory.
pub(crate) struct Rookery {
    folder: PathBuf,
    person: Person,
}

impl Rookery {
    /// Make a data directory in `folder` with all accounts.
    pub(crate) fn new(folder: &Path) -> Fallible<Self> {
        let person = Person::find()?;
        let rookery = Self { folder: make_folder(folder.join("rookery"), &person)?, person };
        std::fs::copy(build()?, rookery.binary())?;
        std::fs::write(rookery.config(), CONFIG)?;
        let passwords = rookery.folder.join("accounts");
        std::fs::write(&passwords, accounts())?;
        rookery.command([OsStr::new("account"), OsStr::new("import"), passwords.as_os_str()])?;
        Ok(rookery)
    }

    /// Where the data is.
    pub(crate) fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    /// The certificate and its key, once it was started.
    pub(crate) fn certificate(&self) -> (PathBuf, PathBuf) {
        let tls = self.data().join("tls");
        (tls.join("cert.pem"), tls.join("key.pem"))
    }

    /// What is not default.
    pub(crate) fn settings(&self) -> String {
        CONFIG.to_owned()
    }

    fn binary(&self) -> PathBuf {
        self.folder.join("rookery")
    }

    fn config(&self) -> PathBuf {
        self.folder.join("rookery.toml")
    }

    fn program(&self) -> Command {
        let mut command = self.person.command(self.binary());
        command.current_dir(&self.folder).arg("--config").arg(self.config());
        command.arg("--data").arg(self.data());
        command
    }

    fn command<'a>(&self, arguments: impl IntoIterator<Item = &'a OsStr>) -> Fallible<()> {
        let done = self.program().args(arguments).output()?;
        if !done.status.success() {
            std::io::stderr().write_all(&done.stderr)?;
            return Err("rookery refused".into());
        }
        Ok(())
    }

    /// Start a server; only one at a time can have the data directory.
    pub(crate) fn start(&self) -> Fallible<Server> {
        self.start_with(Settings::DEFAULT)
    }

    /// The same; only what is asked of the disk can differ.
    pub(crate) fn start_with(&self, settings: Settings) -> Fallible<Server> {
        let any = "127.0.0.1:0";
        let mut command = self.program();
        command.args(["serve", "--imap", any, "--imaps", any, "--lmtp", any]);
        let shim = Shim::new(&self.folder, &self.person, settings.delay)?;
        shim.load_into(&mut command);
        command.stdout(Stdio::piped()).stderr(Stdio::null());
        let mut process = Process::start(command, shim)?;
        let output = process.output().ok_or("no standard output")?;
        let ready = BufReader::new(output).lines().next().ok_or("rookery did not start")??;
        Ok(Server {
            imap: address(&ready, "imap")?,
            imaps: address(&ready, "imaps")?,
            lmtp: address(&ready, "lmtp")?,
            trusted: trust(&self.certificate().0)?,
            process,
        })
    }
}

/// An address that the server printed when it was ready.
fn address(ready: &str, name: &str) -> Fallible<SocketAddr> {
    let mut words = ready.split(' ').filter_map(|word| word.split_once('='));
    let (_, value) = words.find(|(word, _)| *word == name).ok_or("no address")?;
    Ok(value.parse()?)
}

/// Build `rookery` as this was built, and say where it is: beside this program.
fn build() -> Fallible<PathBuf> {
    let mut cargo = Command::new("cargo");
    cargo.args(["build", "--quiet", "--package", "rookery-server"]);
    if !cfg!(debug_assertions) {
        cargo.arg("--release");
    }
    if !cargo.status()?.success() {
        return Err("rookery could not be built".into());
    }
    Ok(std::env::current_exe()?.with_file_name("rookery"))
}
