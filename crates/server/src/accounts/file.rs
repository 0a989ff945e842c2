//! The file of one account.

use crate::limited_file;
use crate::limits::MAX_CONFIG_SIZE;
use crate::private_file;
use serde::{Deserialize, Serialize};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

const VERSION: u32 = 1;

/// What `account.toml` holds.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AccountFile {
    version: u32,
    /// The account's name, so that a copied directory still says whose it is.
    pub(crate) name: String,
    /// Whether logging in is not allowed. Mail is still taken.
    #[serde(default)]
    pub(crate) disabled: bool,
    /// Stored passwords; any of them opens the account.
    pub(crate) passwords: Vec<String>,
    /// IMAP capabilities that the account's clients are not told of.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) hidden_capabilities: Vec<String>,
}

/// What changes when a file does.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Version {
    inode: u64,
    length: u64,
    seconds: i64,
    nanoseconds: i64,
}

/// The present version of a file, `None` if there is no file, or can be none of that name.
pub(super) fn version(path: &Path) -> io::Result<Option<Version>> {
    match std::fs::metadata(path) {
        // Whoever opens a named pipe may wait for ever.
        Ok(file) if !file.is_file() => {
            Err(io::Error::new(io::ErrorKind::InvalidData, "it is not a regular file"))
        }
        Ok(file) => Ok(Some(Version {
            inode: file.ino(),
            length: file.len(),
            seconds: file.mtime(),
            nanoseconds: file.mtime_nsec(),
        })),
        Err(error) if cannot_be(&error) => Ok(None),
        Err(error) => Err(error),
    }
}

fn cannot_be(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::InvalidFilename)
}

impl AccountFile {
    pub(crate) fn new(name: &str, password: String) -> Self {
        Self {
            version: VERSION,
            name: name.to_owned(),
            disabled: false,
            passwords: vec![password],
            hidden_capabilities: Vec::new(),
        }
    }

    pub(super) fn read(path: &Path) -> io::Result<Self> {
        Self::parse(&limited_file::text(path, MAX_CONFIG_SIZE)?)
    }

    /// Read what `account.toml` holds.
    pub(crate) fn parse(text: &str) -> io::Result<Self> {
        // The parser's own message quotes the line, which may hold a hash.
        let broken = |what: String| io::Error::new(io::ErrorKind::InvalidData, what);
        let account: Self = toml::from_str(text)
            .map_err(|error: toml::de::Error| broken(error.message().to_owned()))?;
        if account.version != VERSION {
            return Err(broken(format!("account.toml of version {}", account.version)));
        }
        Ok(account)
    }

    pub(super) fn write(&self, path: &Path) -> io::Result<()> {
        let text = toml::to_string(self).map_err(io::Error::other)?;
        private_file::write(path, text.as_bytes())
    }
}
