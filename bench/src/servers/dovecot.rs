//! Debian's Dovecot, without privileges, in a folder of its own, well configured.

use super::{
    Flush, Kind, Person, Process, Server, Settings, accounts, free_port, make_folder, trust,
};
use crate::Fallible;
use crate::measure::syncs::Shim;
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

const TEMPLATE: &str = include_str!("dovecot.conf");
const PROGRAM: &str = "dovecot";
/// How long it may take to start.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long it gets to start the processes that are to wait for clients.
const WARM_UP: Duration = Duration::from_millis(600);

/// Dovecot with one of its formats.
pub(crate) struct Dovecot {
    folder: PathBuf,
    kind: Kind,
    person: Person,
    ports: [u16; 3],
}

impl Dovecot {
    /// Make a folder with all accounts, a certificate, and no mail.
    pub(crate) fn new(
        folder: &Path,
        kind: Kind,
        (certificate, key): (PathBuf, PathBuf),
    ) -> Fallible<Self> {
        let person = Person::find()?;
        let folder = make_folder(folder.join(kind.name()), &person)?;
        for name in ["run", "state", "users"] {
            make_folder(folder.join(name), &person)?;
        }
        for (from, name) in [(certificate, "cert.pem"), (key, "key.pem")] {
            std::fs::copy(from, folder.join(name))?;
            person.give(&folder.join(name))?;
        }
        std::fs::write(folder.join("accounts"), accounts())?;
        let ports = [free_port()?, free_port()?, free_port()?];
        Ok(Self { folder, kind, person, ports })
    }

    /// What `dovecot --version` says, if there is one.
    pub(crate) fn version() -> Option<String> {
        let mut command = Person::find().ok()?.command(PROGRAM);
        let output = command.arg("--version").env("PATH", path()).output().ok()?;
        Some(String::from_utf8(output.stdout).ok()?.trim().to_owned())
    }

    /// The configuration file.
    pub(crate) fn settings(&self, flush: Flush) -> String {
        let location =
            if self.kind == Kind::Maildir { "maildir:~/Maildir" } else { "mdbox:~/mdbox" };
        let fsync = match flush {
            Flush::Never => "never",
            Flush::Default => "optimized",
            Flush::Always => "always",
        };
        let cores = std::thread::available_parallelism().map_or(1, usize::from).to_string();
        let [imap, imaps, lmtp] = self.ports.map(|port| port.to_string());
        let folder = self.folder.display().to_string();
        let words: [(&str, &str); 9] = [
            ("FOLDER", &folder),
            ("USER", &self.person.user),
            ("GROUP", &self.person.group),
            ("LOCATION", location),
            ("FSYNC", fsync),
            ("CORES", &cores),
            ("IMAP", &imap),
            ("IMAPS", &imaps),
            ("LMTP", &lmtp),
        ];
        words.iter().fold(TEMPLATE.to_owned(), |text, (word, value)| {
            text.replace(&format!("@{word}@"), value)
        })
    }

    /// Start it.
    pub(crate) fn start(&self, settings: Settings) -> Fallible<Server> {
        let shim = Shim::new(&self.folder, &self.person, settings.delay)?;
        let file = self.folder.join("dovecot.conf");
        let text = self.settings(settings.flush).replace("@ENVIRONMENT@", &shim.environment());
        std::fs::write(&file, text)?;
        let mut command = self.person.command(PROGRAM);
        command.arg("-F").arg("-c").arg(file).env("PATH", path());
        shim.load_into(&mut command);
        command.stdout(Stdio::null()).stderr(Stdio::null());
        let mut process = Process::start(command, shim)?;
        let [imap, imaps, lmtp] = self.ports.map(|port| SocketAddr::from(([127, 0, 0, 1], port)));
        self.wait(&mut process, imap)?;
        Ok(Server { imap, imaps, lmtp, trusted: trust(&self.folder.join("cert.pem"))?, process })
    }

    /// Wait until it takes connections.
    fn wait(&self, process: &mut Process, address: SocketAddr) -> Fallible<()> {
        let start = Instant::now();
        while TcpStream::connect(address).is_err() {
            if process.has_ended() || start.elapsed() > PATIENCE {
                let log = std::fs::read_to_string(self.folder.join("log")).unwrap_or_default();
                return Err(format!("dovecot did not start:\n{log}").into());
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        std::thread::sleep(WARM_UP);
        process.group().check()
    }
}

/// Where Debian has the program, which is not in everybody's path.
fn path() -> String {
    format!("{}:/usr/sbin", std::env::var("PATH").unwrap_or_default())
}
