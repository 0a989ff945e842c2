//! A client in this process, whose commands are looked at one by one.

use crate::dialog::Stream;
use std::error::Error;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// What a client fails with.
type Fallible<T> = Result<T, Box<dyn Error + Send + Sync>>;

/// Octets read at once.
const READ_OCTETS: usize = 64 << 10;

/// Octets of an answer that are kept: its last line is no longer.
const KEPT_OCTETS: usize = 16 << 20;

/// A client, whose commands are looked at one by one.
pub struct Client {
    stream: Box<dyn Stream>,
    answer: Vec<u8>,
}

impl Client {
    /// A client that has read the greeting.
    ///
    /// # Errors
    /// The server hung up.
    pub async fn new(stream: Box<dyn Stream>, greeting: &[u8]) -> Fallible<Self> {
        let mut client = Self { stream, answer: Vec::new() };
        client.until(|line| line.starts_with(greeting)).await?;
        Ok(client)
    }

    /// Send something, and read until a line of the answer begins like this.
    ///
    /// # Errors
    /// What the server has said if it is refused; the server hung up.
    pub async fn send(&mut self, octets: &[u8], answer: &[u8]) -> Fallible<()> {
        self.stream.write_all(octets).await?;
        self.until(|line| line.starts_with(answer) || is_refusal(line)).await?;
        match last_line(&self.answer) {
            // What is too much is refused, and that takes its time, too.
            line if line.starts_with(answer) || line.starts_with(b"x NO") => Ok(()),
            line => {
                let shown = line.get(..200).unwrap_or(line);
                Err(String::from_utf8_lossy(shown).into())
            }
        }
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
            if self.answer.len() > 2 * KEPT_OCTETS {
                self.answer.drain(..KEPT_OCTETS);
            }
        }
    }
}

/// Of IMAP or of LMTP.
fn is_refusal(line: &[u8]) -> bool {
    [b"x NO".as_slice(), b"x BAD", b"4", b"5"].iter().any(|refusal| line.starts_with(refusal))
}

fn last_line(answer: &[u8]) -> &[u8] {
    let end = answer.len().saturating_sub(2);
    let before = answer.get(..end).unwrap_or_default();
    let start = before.iter().rposition(|octet| *octet == b'\n').map_or(0, |at| at + 1);
    before.get(start..).unwrap_or_default()
}
