//! What the administrator decides: one TOML file, which command-line options override.

mod address;
mod capabilities;
mod error;
mod mode;
mod network;

pub(crate) use address::Address;
pub(crate) use capabilities::{Capabilities, hide};
pub(crate) use error::ConfigError;
pub(crate) use mode::Mode;

use crate::limited_file;
use crate::limits::{
    DEFAULT_CONNECTIONS, DEFAULT_CONNECTIONS_PER_ADDRESS, DEFAULT_LMTP_CONNECTIONS,
    DEFAULT_LMTP_RECIPIENTS, MAX_CONFIG_SIZE, MAX_DEADLINE, MIN_IDLE_DEADLINE, MIN_MESSAGE_LIMIT,
    MIN_MESSAGES_PER_ACCOUNT,
};
use rookery_imap::limits as imap;
use rookery_mailbox::limits::DEFAULT_MAX_MESSAGES;
use rookery_store_local::limits::{MAX_MESSAGE_OCTETS, MAX_MESSAGES};
use serde::{Deserialize, Serialize};
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};

/// A commented example, which a test holds to the truth.
pub(crate) const EXAMPLE: &str = include_str!("example.toml");

/// The files that are looked for when none is named.
const DEFAULT_FILES: [&str; 2] = ["rookery.toml", "/etc/rookery/rookery.toml"];
/// The data directory when none is named.
const DEFAULT_DATA: &str = "rookery-data";
/// Who may reach LMTP's sockets in the file system when nothing is said: the server's user and group.
const DEFAULT_LMTP_MODE: u32 = 0o660;
/// The only version of the file's layout so far.
const VERSION: u32 = 1;

/// Everything that can be configured.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Config {
    pub(crate) version: u32,
    #[serde(default = "default_data")]
    pub(crate) data: PathBuf,
    #[serde(default = "default_hostname")]
    pub(crate) hostname: String,
    /// Whom a server becomes that is started as root.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) user: Option<String>,
    /// Whether a server keeps itself from all files but its own.
    #[serde(default)]
    pub(crate) confine: bool,
    #[serde(default)]
    pub(crate) listen: Listen,
    #[serde(default)]
    pub(crate) tls: Tls,
    #[serde(default)]
    pub(crate) auth: Auth,
    #[serde(default)]
    pub(crate) imap: Imap,
    #[serde(default)]
    pub(crate) capabilities: Capabilities,
    #[serde(default)]
    pub(crate) limits: Limits,
    #[serde(default)]
    pub(crate) log: Log,
}

/// Where to accept connections. Nothing anywhere stands for the defaults on loopback.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Listen {
    pub(crate) imap: Vec<Address>,
    pub(crate) imaps: Vec<Address>,
    pub(crate) lmtp: Vec<Address>,
    /// The mode of LMTP's sockets in the file system.
    pub(crate) lmtp_mode: Mode,
}

/// The certificate chain and its key, PEM files; both or neither.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Tls {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) cert: Option<PathBuf>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) key: Option<PathBuf>,
}

/// Logging in.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Auth {
    pub(crate) allow_plaintext: bool,
    /// Whether passwords in the form of another server are hashed anew when their owners log in.
    pub(crate) rehash: bool,
}

/// What IMAP clients are offered.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Imap {
    pub(crate) uidonly: bool,
}

/// Bounds that differ from site to site.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Limits {
    pub(crate) connections: usize,
    pub(crate) connections_per_address: usize,
    pub(crate) connections_per_account: usize,
    pub(crate) memory_per_connection: usize,
    pub(crate) login_seconds: u64,
    pub(crate) idle_seconds: u64,
    pub(crate) message_size: u64,
    pub(crate) messages_per_account: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) messages_per_command: Option<NonZeroU32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) messages_per_copy: Option<NonZeroU32>,
    pub(crate) lmtp_recipients: usize,
    pub(crate) lmtp_connections: usize,
}

/// What is logged, and how.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Log {
    pub(crate) level: Level,
    pub(crate) format: Format,
}

/// The least important lines that are logged.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Level {
    Error,
    Warn,
    Info,
    Debug,
    Trace,
}

/// The form of a log line.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Format {
    Text,
    Json,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            version: VERSION,
            data: default_data(),
            hostname: default_hostname(),
            user: None,
            confine: false,
            listen: Listen::default(),
            tls: Tls::default(),
            auth: Auth::default(),
            imap: Imap::default(),
            capabilities: Capabilities::default(),
            limits: Limits::default(),
            log: Log::default(),
        }
    }
}

impl Default for Auth {
    fn default() -> Self {
        Self { allow_plaintext: false, rehash: true }
    }
}

impl Default for Listen {
    fn default() -> Self {
        let (imap, imaps, lmtp) = (Vec::new(), Vec::new(), Vec::new());
        Self { imap, imaps, lmtp, lmtp_mode: Mode(DEFAULT_LMTP_MODE) }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: DEFAULT_CONNECTIONS,
            connections_per_address: DEFAULT_CONNECTIONS_PER_ADDRESS,
            connections_per_account: imap::DEFAULT_CONNECTIONS_PER_ACCOUNT,
            memory_per_connection: imap::DEFAULT_MEMORY,
            login_seconds: imap::DEFAULT_LOGIN_DEADLINE.as_secs(),
            idle_seconds: imap::DEFAULT_IDLE_DEADLINE.as_secs(),
            message_size: imap::DEFAULT_MAX_MESSAGE_SIZE,
            messages_per_account: DEFAULT_MAX_MESSAGES,
            messages_per_command: None,
            messages_per_copy: None,
            lmtp_recipients: DEFAULT_LMTP_RECIPIENTS,
            lmtp_connections: DEFAULT_LMTP_CONNECTIONS,
        }
    }
}

impl Default for Log {
    fn default() -> Self {
        Self { level: Level::Info, format: Format::Text }
    }
}

impl Listen {
    /// What a server listens on that was not told: loopback, ports that need no privileges.
    pub(crate) fn on_loopback() -> Self {
        let port = |port| vec![Address::loopback(port)];
        Self { imap: port(1143), imaps: port(1993), lmtp: port(1024), ..Self::default() }
    }

    /// An address that is there more than once. Port 0 is another port each time.
    fn repeated(&self) -> Option<&Address> {
        let all: Vec<_> = [&self.imap, &self.imaps, &self.lmtp].into_iter().flatten().collect();
        let is_fixed = |address: &Address| !matches!(address, Address::Tcp(tcp) if tcp.port() == 0);
        let mut rest = all.as_slice();
        while let [first, others @ ..] = rest {
            if is_fixed(first) && others.contains(first) {
                return Some(first);
            }
            rest = others;
        }
        None
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.imap.is_empty() && self.imaps.is_empty() && self.lmtp.is_empty()
    }
}

impl Limits {
    fn check_connections(&self) -> Result<(), ConfigError> {
        let wrong = |what: &str| Err(ConfigError::new(what));
        let counts = [
            self.connections,
            self.connections_per_address,
            self.connections_per_account,
            self.lmtp_connections,
        ];
        if counts.contains(&0) {
            return wrong("with a limit of 0 connections nobody could connect");
        }
        let least = imap::MIN_MEMORY;
        if self.memory_per_connection < least {
            return wrong(&format!("limits.memory_per_connection: no fewer than {least} octets"));
        }
        if self.login_seconds == 0 {
            return wrong("with limits.login_seconds at 0 nobody could log in");
        }
        let (least, most) = (MIN_IDLE_DEADLINE.as_secs(), MAX_DEADLINE.as_secs());
        if self.idle_seconds < least {
            return wrong(&format!(
                "limits.idle_seconds: no fewer than {least}, as RFC 9051 has it"
            ));
        }
        if self.idle_seconds.max(self.login_seconds) > most {
            return wrong(&format!("limits.idle_seconds and login_seconds: no more than {most}"));
        }
        Ok(())
    }

    fn check_sizes(&self) -> Result<(), ConfigError> {
        if self.lmtp_recipients == 0 || self.message_size == 0 {
            return Err(ConfigError::new("with limits of 0 no message could be delivered"));
        }
        if self.message_size > MAX_MESSAGE_OCTETS {
            let what = format!("limits.message_size: no more than {MAX_MESSAGE_OCTETS} octets");
            return Err(ConfigError::new(&what));
        }
        let (least, most) = (MIN_MESSAGES_PER_ACCOUNT, MAX_MESSAGES);
        if !(least..=most).contains(&self.messages_per_account) {
            let what = format!("limits.messages_per_account: from {least} to {most} messages");
            return Err(ConfigError::new(&what));
        }
        Ok(())
    }

    /// Clients of RFC 9738 count on so many messages, and on copies of as many as they can fetch.
    fn check_messages(&self) -> Result<(), ConfigError> {
        let wrong = |what: &str| Err(ConfigError::new(what));
        let (command, copy) = (self.messages_per_command, self.messages_per_copy);
        let all = [command, copy];
        if all.into_iter().flatten().any(|limit| limit < MIN_MESSAGE_LIMIT) {
            return wrong(&format!(
                "limits.messages_per_command and messages_per_copy: no fewer than {MIN_MESSAGE_LIMIT}"
            ));
        }
        if copy.is_some() && copy < command {
            return wrong("limits.messages_per_copy is no less than messages_per_command");
        }
        Ok(())
    }
}

impl Config {
    /// Read a file of this layout.
    pub(crate) fn parse(text: &str) -> Result<Self, ConfigError> {
        let config: Self = toml::from_str(text).map_err(|error| ConfigError::of_toml(&error))?;
        config.check()?;
        Ok(config)
    }

    /// Read a file.
    pub(crate) fn read(file: &Path) -> Result<Self, ConfigError> {
        let named = |error: ConfigError| error.in_file(file);
        Self::parse(
            &limited_file::text(file, MAX_CONFIG_SIZE)
                .map_err(|error| named(ConfigError::of_io(&error)))?,
        )
        .map_err(named)
    }

    /// The file that the options ask for: the named one, or one of the default files unless a data directory
    /// is named.
    pub(crate) fn file<'a>(file: Option<&'a Path>, data: Option<&Path>) -> Option<&'a Path> {
        let default = || DEFAULT_FILES.iter().map(Path::new).find(|file| file.exists());
        file.or_else(|| if data.is_none() { default() } else { None })
    }

    /// The configuration that the options ask for: that of the file, or the defaults.
    pub(crate) fn find(file: Option<&Path>, data: Option<&Path>) -> Result<Self, ConfigError> {
        let file = Self::file(file, data);
        let mut config = file.map_or_else(|| Ok(Self::default()), Self::read)?;
        if let Some(data) = data {
            config.data = data.to_owned();
        }
        Ok(config)
    }

    fn check(&self) -> Result<(), ConfigError> {
        let wrong = |what: &str| Err(ConfigError::new(what));
        if self.version != VERSION {
            return wrong("this rookery reads `version = 1` only");
        }
        if !is_hostname(&self.hostname) {
            return wrong("hostname is a name like mail.example.org");
        }
        if let Some(address) = self.listen.repeated() {
            return wrong(&format!("listen: {address} is there twice, but can be bound once only"));
        }
        if self.tls.cert.is_some() != self.tls.key.is_some() {
            return wrong("tls.cert and tls.key go together: set both or neither");
        }
        self.capabilities.check()?;
        self.limits.check_connections()?;
        self.limits.check_sizes()?;
        self.limits.check_messages()
    }
}

fn default_data() -> PathBuf {
    PathBuf::from(DEFAULT_DATA)
}

/// What this machine calls itself.
fn default_hostname() -> String {
    let name = nix::unistd::gethostname().ok().and_then(|name| name.into_string().ok());
    name.filter(|name| is_hostname(name)).unwrap_or_else(|| "localhost".to_owned())
}

/// Whether a name can stand in greetings and header fields.
fn is_hostname(name: &str) -> bool {
    let is_allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_');
    !name.is_empty() && name.chars().all(is_allowed)
}

#[cfg(test)]
mod tests;
