//! Doors for the targets in `fuzz/`: what the binary reads that somebody else wrote, and is no crate of its own.

use crate::accounts::{AccountFile, Accounts, Name};
use crate::config::Config;
use crate::import::{self, CrlfWriter};
use crate::services::Services;
use crate::{admin, cli};
use rookery_imap::Connections;
use rookery_mailbox::{MemoryStore, Store, initial_mailboxes};
use std::io;
use std::path::Path;
use std::sync::Arc;
use tokio::io::{AsyncRead, AsyncWrite};

/// The account that [`administer`] has at first.
pub const ACCOUNT: &str = "ada";

/// A message of an mbox file.
pub struct MboxMessage {
    /// With CRLF at the ends of its lines.
    pub octets: Vec<u8>,
    /// Flags in wire form.
    pub flags: Vec<String>,
}

/// The messages of an mbox file, and the octets of the file that were taken for them.
///
/// # Errors
/// When it is none.
pub fn mbox(octets: &[u8]) -> io::Result<(Vec<MboxMessage>, u64)> {
    let (mut messages, mut taken) = (Vec::new(), 0);
    for found in import::mbox::messages(octets, "INBOX", u64::MAX) {
        let (found, octets) = found?;
        messages.push(MboxMessage { octets: found.octets, flags: found.details.flags });
        taken += octets;
    }
    Ok((messages, taken))
}

/// A message with CRLF at the ends of its lines, read in pieces of this size.
#[must_use]
pub fn with_crlf(octets: &[u8], piece: usize) -> Vec<u8> {
    let (mut writer, mut out) = (CrlfWriter::default(), Vec::new());
    octets.chunks(piece).for_each(|octets| writer.write(octets, &mut out));
    out
}

/// The mailbox that the name of a Maildir's folder means.
#[must_use]
pub fn maildir_mailbox(folder: &str) -> String {
    import::maildir::mailbox_in(folder)
}

/// The flags that the name of a Maildir's file means, beside a file of keywords.
#[must_use]
pub fn maildir_flags(name: &str, keywords: &str) -> Vec<String> {
    import::maildir::flags_in(name, keywords)
}

/// The users of a Dovecot passwd-file: line, name, stored password.
#[must_use]
pub fn passwd_file(text: &str) -> Vec<(usize, String, String)> {
    let users = cli::passwd_file::parse(text).into_iter();
    users.map(|user| (user.line, user.name, user.password)).collect()
}

/// Whether a configuration is one; what it says when it is printed is then checked to be the same.
#[must_use]
pub fn config(text: &str) -> bool {
    let Ok(config) = Config::parse(text) else { return false };
    let printed = toml::to_string(&config).unwrap_or_default();
    assert!(Config::parse(&printed).ok().as_ref() == Some(&config), "{printed}");
    true
}

/// Whether the file of an account is one; what it says when it is printed is then checked to be the same.
#[must_use]
pub fn account_file(text: &str) -> bool {
    let Ok(file) = AccountFile::parse(text) else { return false };
    let printed = toml::to_string(&file).unwrap_or_default();
    assert!(AccountFile::parse(&printed).ok() == Some(file), "{printed}");
    true
}

/// Answer administrative requests for a server whose mail is in memory. The files of accounts are below `dir`.
///
/// # Errors
/// When the connection breaks off.
pub async fn administer<S>(stream: S, dir: &Path) -> io::Result<()>
where
    S: AsyncRead + AsyncWrite + Send + Unpin,
{
    let (store, root) = (Arc::new(MemoryStore::new()), dir.to_owned());
    let accounts = Accounts::new(Box::new(move |name| root.join(name)))?;
    if let Ok(name) = Name::new(ACCOUNT) {
        let made = store.create_account(name.as_str(), &initial_mailboxes(), 0).await;
        made.map_err(io::Error::other)?;
    }
    let (accounts, connections) = (Arc::new(accounts), Connections::default());
    admin::serve(
        stream,
        &Services { store, local: None, accounts, connections, message_size: 10_000 },
    )
    .await
}
