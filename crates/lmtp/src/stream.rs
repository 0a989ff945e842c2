//! The stream: lines and octets in, replies out. Replies to pipelined commands go out together, when there
//! is nothing left to read (RFC 2920 §3.2).

use crate::limits::{DEADLINE, MAX_LINE, READ_SIZE, REPLIES_SIZE, WRITE_DEADLINE};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::sync::watch;
use tokio::time::timeout;

/// Why no more octets come.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Gone {
    /// The client closed the stream, or it broke.
    Hangup,
    /// The client was silent for too long.
    TimedOut,
    /// The server is going down.
    ShuttingDown,
}

/// A command line.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Line {
    /// Without its CRLF.
    Complete(Vec<u8>),
    TooLong,
    /// Ended by an LF alone.
    BareLf,
}

/// The client's end of the conversation.
pub(crate) struct Stream<S> {
    stream: S,
    input: Vec<u8>,
    replies: Vec<u8>,
    shutdown: watch::Receiver<bool>,
    /// Octets received.
    pub(crate) received: u64,
    /// Octets sent.
    pub(crate) sent: u64,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Stream<S> {
    pub(crate) fn new(stream: S, shutdown: watch::Receiver<bool>) -> Self {
        let (input, replies) = (Vec::new(), Vec::new());
        Self { stream, input, replies, shutdown, received: 0, sent: 0 }
    }

    /// Add a reply; a line of its own.
    pub(crate) async fn reply(&mut self, line: &str) -> Result<(), Gone> {
        self.replies.extend_from_slice(line.as_bytes());
        self.replies.extend_from_slice(b"\r\n");
        if self.replies.len() > REPLIES_SIZE { self.flush().await } else { Ok(()) }
    }

    /// Send all replies.
    pub(crate) async fn flush(&mut self) -> Result<(), Gone> {
        let (stream, replies) = (&mut self.stream, &self.replies);
        let write = async {
            stream.write_all(replies).await?;
            stream.flush().await
        };
        let written = timeout(WRITE_DEADLINE, write).await.map_err(|_| Gone::TimedOut)?;
        self.sent += self.replies.len() as u64;
        self.replies.clear();
        written.map_err(|_| Gone::Hangup)
    }

    /// The next command line. While it is waited for, the server may go down.
    pub(crate) async fn line(&mut self) -> Result<Line, Gone> {
        let mut too_long = false;
        loop {
            if let Some(end) = self.input.iter().position(|octet| *octet == b'\n') {
                let mut line: Vec<u8> = self.input.drain(..=end).collect();
                line.pop();
                return Ok(match line.pop_if(|last| *last == b'\r') {
                    _ if too_long || line.len() > MAX_LINE => Line::TooLong,
                    Some(_) => Line::Complete(line),
                    None => Line::BareLf,
                });
            }
            if self.input.len() > MAX_LINE {
                too_long = true;
                self.input.clear();
            }
            let mut shutdown = self.shutdown.clone();
            tokio::select! {
                biased;
                filled = self.fill() => filled?,
                _ = shutdown.wait_for(|down| *down) => return Err(Gone::ShuttingDown),
            }
        }
    }

    /// Octets of a message, at least one. The server does not go down in the middle of it.
    pub(crate) async fn octets(&mut self) -> Result<Vec<u8>, Gone> {
        if self.input.is_empty() {
            self.fill().await?;
        }
        Ok(std::mem::take(&mut self.input))
    }

    /// Give back octets that were not part of the message.
    pub(crate) fn give_back(&mut self, octets: &[u8]) {
        self.input.splice(..0, octets.iter().copied());
    }

    /// Read once; cancel-safe once the replies are out.
    async fn fill(&mut self) -> Result<(), Gone> {
        if !self.replies.is_empty() {
            self.flush().await?;
        }
        self.input.reserve(READ_SIZE);
        let read = timeout(DEADLINE, self.stream.read_buf(&mut self.input)).await;
        match read.map_err(|_| Gone::TimedOut)? {
            Ok(0) | Err(_) => Err(Gone::Hangup),
            Ok(length) => {
                self.received += length as u64;
                Ok(())
            }
        }
    }

    /// Say that nothing more will come.
    pub(crate) async fn shut_down(&mut self) {
        // The client may be gone already; there is nobody left to tell of a failure.
        let _ = timeout(WRITE_DEADLINE, self.stream.shutdown()).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of the replies to very many pipelined commands only so many wait, and none is left out.
    #[tokio::test]
    async fn so_many_replies_wait_and_no_more() {
        let (client, server) = tokio::io::duplex(1 << 20);
        let (_up, shutdown) = watch::channel(false);
        let mut stream = Stream::new(server, shutdown);
        let mut most = 0;
        for _ in 0..10_000 {
            stream.reply("250 2.0.0 Done").await.unwrap();
            most = most.max(stream.replies.len());
        }
        assert!((REPLIES_SIZE / 2..=REPLIES_SIZE).contains(&most), "{most} octets");
        stream.flush().await.unwrap();
        drop(stream);
        let mut heard = String::new();
        tokio::io::BufReader::new(client).read_to_string(&mut heard).await.unwrap();
        assert_eq!(heard.lines().count(), 10_000);
    }
}
