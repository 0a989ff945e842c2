//! A client in this process: it sends, and reads until the command is done.

use crate::Fallible;
use crate::mail;
use rookery_testkit::dialog::{Host, Stream};
use rookery_testkit::host::InProcess;
use std::sync::Arc;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// Octets read at once.
const READ_OCTETS: usize = 64 << 10;

/// Octets that are kept of an answer: its last lines.
const KEPT_OCTETS: usize = 4 << 10;

/// A client that has logged in.
pub(crate) struct Client {
    stream: Box<dyn Stream>,
    answer: Vec<u8>,
}

impl Client {
    pub(crate) async fn connect(host: &InProcess) -> Fallible<Self> {
        let mut client = Self { stream: host.connect().await?, answer: Vec::new() };
        client.until(|line| line.starts_with(b"* OK")).await?;
        let login = format!("x LOGIN {} {}\r\n", host.user(), host.password());
        client.send(login.as_bytes()).await?;
        Ok(client)
    }

    /// A command, which must end well.
    pub(crate) async fn send(&mut self, command: &[u8]) -> Fallible<()> {
        self.stream.write_all(command).await?;
        self.until(|line| line.starts_with(b"x ")).await?;
        match last_line(&self.answer) {
            line if line.starts_with(b"x OK") => Ok(()),
            line => Err(String::from_utf8_lossy(line).into()),
        }
    }

    pub(crate) async fn append(&mut self, number: usize) -> Fallible<()> {
        let message = mail::message(number);
        let date = "01-Oct-2026 10:11:12 +0200";
        let head = format!("x APPEND INBOX (\\Flagged) \"{date}\" {{{}+}}\r\n", message.len());
        self.send(&[head.as_bytes(), &message, b"\r\n"].concat()).await
    }

    async fn until(&mut self, is_last: impl Fn(&[u8]) -> bool) -> Fallible<()> {
        self.answer.clear();
        loop {
            self.answer.reserve(READ_OCTETS);
            if self.stream.read_buf(&mut self.answer).await? == 0 {
                return Err("the server hung up".into());
            }
            if self.answer.ends_with(b"\r\n") && is_last(last_line(&self.answer)) {
                return Ok(());
            }
            let done = self.answer.len().saturating_sub(KEPT_OCTETS);
            self.answer.drain(..done);
        }
    }
}

fn last_line(answer: &[u8]) -> &[u8] {
    let end = answer.len().saturating_sub(2);
    let before = answer.get(..end).unwrap_or_default();
    let start = before.iter().rposition(|octet| *octet == b'\n').map_or(0, |at| at + 1);
    before.get(start..).unwrap_or_default()
}

/// A server on an engine that writes to a disk.
pub(crate) async fn server(dir: &std::path::Path) -> Fallible<InProcess> {
    let store = Arc::new(rookery_store_local::LocalStore::open(dir)?);
    Ok(InProcess::new(store, 1_790_000_000).await?)
}
