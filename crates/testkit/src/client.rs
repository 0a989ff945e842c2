//! A client in this process: it sends, and reads until what it waits for has come.

use crate::dialog::Stream;
use std::error::Error;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// What a client fails with.
type Fallible<T> = Result<T, Box<dyn Error + Send + Sync>>;

/// Octets read at once.
const READ_OCTETS: usize = 64 << 10;

/// A client whose commands have the tag `x`, or that speaks LMTP.
pub struct Client {
    stream: Box<dyn Stream>,
    /// Octets that are kept of an answer at the least: no last line of one is longer.
    kept: usize,
    answer: Vec<u8>,
}

impl Client {
    /// A client that has read the greeting, and keeps so many octets of each answer.
    ///
    /// # Errors
    /// The server hung up.
    pub async fn new(stream: Box<dyn Stream>, kept: usize, greeting: &[u8]) -> Fallible<Self> {
        let mut client = Self { stream, kept, answer: Vec::new() };
        client.until(|line| line.starts_with(greeting)).await?;
        Ok(client)
    }

    /// Send something, and read until a line of the answer begins like this.
    ///
    /// # Errors
    /// What the server has said if it refuses; the server hung up.
    pub async fn send(&mut self, octets: &[u8], answer: &[u8]) -> Fallible<()> {
        let refusals: &[&[u8]] =
            if answer.starts_with(b"x ") { &[b"x NO", b"x BAD"] } else { &[b"4", b"5"] };
        let is_refusal = |line: &[u8]| refusals.iter().any(|refusal| line.starts_with(refusal));
        self.stream.write_all(octets).await?;
        self.until(|line| line.starts_with(answer) || is_refusal(line)).await?;
        match last_line(&self.answer) {
            line if line.starts_with(answer) => Ok(()),
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
            if self.answer.len() > 2 * self.kept {
                let done = self.answer.len() - self.kept;
                self.answer.drain(..done);
            }
        }
    }
}

fn last_line(answer: &[u8]) -> &[u8] {
    let end = answer.len().saturating_sub(2);
    let before = answer.get(..end).unwrap_or_default();
    let start = before.iter().rposition(|octet| *octet == b'\n').map_or(0, |at| at + 1);
    before.get(start..).unwrap_or_default()
}
