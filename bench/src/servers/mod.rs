//! The servers that are measured, each a process, or several, of its own.

pub(crate) mod dovecot;
mod process;
pub(crate) mod rookery;

use crate::Fallible;
use crate::measure::cpu::Group;
use crate::sizes::Sizes;
pub(crate) use process::{Person, Process};
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// The account that most is done with.
pub(crate) const USER: &str = "ada";
/// The password of all accounts, which costs nothing to check: hashes are not what is measured.
pub(crate) const PASSWORD: &str = "tulip";
/// The account with very many mailboxes.
pub(crate) const MANY: &str = "many";
/// Accounts `w0`, `w1` and so on, for clients that work beside each other.
pub(crate) const WORKERS: usize = 64;

/// What is measured: ours, or one of Dovecot's two formats.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Kind {
    /// Ours.
    Rookery,
    /// Dovecot with a file for each message.
    Maildir,
    /// Dovecot with its own format.
    Mdbox,
}

impl Kind {
    /// What it is called in reports.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Rookery => "rookery",
            Self::Maildir => "maildir",
            Self::Mdbox => "mdbox",
        }
    }
}

/// When Dovecot asks the disk to sync. Rookery does it before anything is answered, always.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Flush {
    /// `mail_fsync = never`, while mailboxes are filled.
    Never,
    /// `mail_fsync = optimized`, the default: mail is synced, changes of flags are not.
    Default,
    /// `mail_fsync = always`.
    Always,
}

/// How a server is started.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Settings {
    pub(crate) flush: Flush,
    /// What each sync takes longer than the disk needs.
    pub(crate) delay: Duration,
}

impl Settings {
    /// As the servers come.
    pub(crate) const DEFAULT: Self = Self { flush: Flush::Default, delay: Duration::ZERO };
}

/// A server that listens; it is ended when this goes.
pub(crate) struct Server {
    process: Process,
    /// Where it takes connections without TLS.
    pub(crate) imap: SocketAddr,
    /// Where it takes connections with TLS from the first octet.
    pub(crate) imaps: SocketAddr,
    /// Where it takes mail.
    pub(crate) lmtp: SocketAddr,
    /// What clients trust: its certificate and nothing else.
    pub(crate) trusted: Arc<ClientConfig>,
}

impl Server {
    /// The first of its processes.
    pub(crate) fn process(&self) -> u32 {
        self.process.id()
    }

    /// What counts the time that all its processes took.
    pub(crate) fn group(&self) -> &Group {
        self.process.group()
    }

    /// How often it has asked the disk to sync.
    pub(crate) fn syncs(&self) -> Fallible<u64> {
        self.process.syncs()
    }
}

/// Trust this certificate and nothing else.
fn trust(certificate: &Path) -> Fallible<Arc<ClientConfig>> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(certificate)?)?;
    Ok(Arc::new(ClientConfig::builder().with_root_certificates(roots).with_no_client_auth()))
}

/// The passwd-file of all accounts.
fn accounts() -> String {
    let workers = (0..WORKERS).map(|worker| format!("w{worker}"));
    let names = [USER, MANY].map(str::to_owned).into_iter().chain(workers).chain(Sizes::accounts());
    names.map(|name| format!("{name}:{{PLAIN}}{PASSWORD}\n")).collect()
}

/// A port that nobody has at this moment.
fn free_port() -> Fallible<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

/// A server with its data, that can be started and ended again and again.
pub(crate) enum Site {
    Rookery(rookery::Rookery),
    Dovecot(dovecot::Dovecot),
}

impl Site {
    /// Start it; only one at a time can have the data.
    pub(crate) fn start(&self, settings: Settings) -> Fallible<Server> {
        match self {
            Self::Rookery(rookery) => rookery.start_with(settings),
            Self::Dovecot(dovecot) => dovecot.start(settings),
        }
    }

    /// Its settings, as far as they are not its defaults.
    pub(crate) fn settings(&self) -> String {
        match self {
            Self::Rookery(rookery) => rookery.settings(),
            Self::Dovecot(dovecot) => dovecot.settings(Flush::Default),
        }
    }
}

/// Make a folder that belongs to whoever the servers run as.
fn make_folder(path: PathBuf, person: &Person) -> Fallible<PathBuf> {
    std::fs::create_dir_all(&path)?;
    person.give(&path)?;
    Ok(path)
}
