//! The server as a process of its own.

use crate::Fallible;
use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// The account that everybody uses, and its password, which costs nothing to check: hashes are not what is measured.
pub(crate) const USER: &str = "ada";
/// See [`USER`].
pub(crate) const PASSWORD: &str = "tulip";

/// A server that listens; it is killed when this goes.
pub(crate) struct Server {
    child: Child,
    /// Where it takes connections without TLS.
    pub(crate) imap: SocketAddr,
    /// Where it takes connections with TLS from the first octet.
    pub(crate) imaps: SocketAddr,
    /// The certificate to trust, PEM.
    pub(crate) certificate: PathBuf,
}

impl Server {
    /// The process, whose memory is looked at.
    pub(crate) fn process(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Everybody has the one account here.
const CONFIG: &str =
    "version = 1\n[limits]\nconnections = 200000\nconnections_per_account = 200000\n";

/// Rookery with a data directory.
pub(crate) struct Rookery {
    binary: PathBuf,
    data: PathBuf,
    config: PathBuf,
}

impl Rookery {
    /// Make a data directory in `folder` with the one account.
    pub(crate) fn new(folder: &Path) -> Fallible<Self> {
        let rookery = Self {
            binary: build()?,
            data: folder.join("data"),
            config: folder.join("rookery.toml"),
        };
        std::fs::write(&rookery.config, CONFIG)?;
        let accounts = folder.join("accounts");
        std::fs::write(&accounts, format!("{USER}:{{PLAIN}}{PASSWORD}\n"))?;
        rookery.command([OsStr::new("account"), OsStr::new("import"), accounts.as_os_str()])?;
        Ok(rookery)
    }

    fn command<'a>(&self, arguments: impl IntoIterator<Item = &'a OsStr>) -> Fallible<()> {
        let mut command = Command::new(&self.binary);
        let done = command.args(arguments).arg("--data").arg(&self.data).output()?;
        if !done.status.success() {
            std::io::stderr().write_all(&done.stderr)?;
            return Err("rookery refused".into());
        }
        Ok(())
    }

    /// Start a server; only one at a time can have the data directory.
    pub(crate) fn start(&self) -> Fallible<Server> {
        let any = "127.0.0.1:0";
        let mut child = Command::new(&self.binary)
            .args(["serve", "--allow-plaintext", "--imap", any, "--imaps", any, "--lmtp", any])
            .arg("--data")
            .arg(&self.data)
            .arg("--config")
            .arg(&self.config)
            .env("ROOKERY_LOG", "error")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        let output = child.stdout.take().ok_or("no standard output")?;
        let ready = BufReader::new(output).lines().next().ok_or("the server did not start")??;
        let address = |name| {
            let mut words = ready.split(' ').filter_map(|word| word.split_once('='));
            words.find(|(word, _)| *word == name).ok_or("no address").map(|(_, value)| value)
        };
        Ok(Server {
            imap: address("imap")?.parse()?,
            imaps: address("imaps")?.parse()?,
            certificate: self.data.join("tls/cert.pem"),
            child,
        })
    }
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
