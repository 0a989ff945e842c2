//! A client in this process: it sends, and reads until the command is done.

use crate::Fallible;
use crate::mail;
use rookery_testkit::client;
use rookery_testkit::dialog::Host;
use rookery_testkit::host::InProcess;
use std::sync::Arc;

/// Octets that are kept of an answer: its last lines.
const KEPT_OCTETS: usize = 4 << 10;

/// A client that has logged in.
pub(crate) struct Client(client::Client);

impl Client {
    pub(crate) async fn connect(host: &InProcess) -> Fallible<Self> {
        let stream = host.connect().await?;
        let mut client = Self(client::Client::new(stream, KEPT_OCTETS, b"* OK").await?);
        let login = format!("x LOGIN {} {}\r\n", host.user(), host.password());
        client.send(login.as_bytes()).await?;
        Ok(client)
    }

    /// A command, which must end well.
    pub(crate) async fn send(&mut self, command: &[u8]) -> Fallible<()> {
        self.0.send(command, b"x OK").await
    }

    pub(crate) async fn append(&mut self, number: usize) -> Fallible<()> {
        let message = mail::message(number);
        let date = "01-Oct-2026 10:11:12 +0200";
        let head = format!("x APPEND INBOX (\\Flagged) \"{date}\" {{{}+}}\r\n", message.len());
        self.send(&[head.as_bytes(), &message, b"\r\n"].concat()).await
    }
}

/// A server on an engine that writes to a disk.
pub(crate) async fn server(dir: &std::path::Path) -> Fallible<InProcess> {
    let store = Arc::new(rookery_store_local::LocalStore::open(dir)?);
    Ok(InProcess::new(store, 1_790_000_000).await?)
}
