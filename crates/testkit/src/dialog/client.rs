//! A client's end of a connection: octets out, whole responses in.

use super::layer::Layer;
use super::template::{escape, expand};
use super::{Chunk, LiteralForm, matching::Vars};
use std::io;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::timeout;

/// How long a client waits for a response before it gives up.
const PATIENCE: Duration = Duration::from_secs(10);

/// The longest response in octets: more is a server gone wild.
const MAX_RESPONSE: usize = 64 << 20;

/// Octets read at a time.
const READ_OCTETS: usize = 16 << 10;

/// What a dialog talks through.
pub trait Stream: AsyncRead + AsyncWrite + Unpin + Send + Sync {}

impl<T: AsyncRead + AsyncWrite + Unpin + Send + Sync> Stream for T {}

/// How a client's octets are cut into packets. The answers must not depend on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cut {
    /// Lines that stand together leave together.
    AsWritten,
    /// Every octet on its own.
    EveryOctet,
    /// Where the client's stream reaches one of these octets, as if each began a packet.
    At(usize, usize),
}

/// A client's connection.
pub struct Link {
    stream: Box<dyn Stream>,
    cut: Cut,
    sent: usize,
    received: Vec<u8>,
    layer: Layer,
}

/// Why nothing came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Silence {
    /// The server closed the connection.
    Closed,
    /// The time is over.
    Timeout,
    /// Something else, in words.
    Broken(String),
}

impl Link {
    /// A client on this stream, which has sent nothing yet.
    #[must_use]
    pub fn new(stream: Box<dyn Stream>, cut: Cut) -> Self {
        Self { stream, cut, sent: 0, received: Vec::new(), layer: Layer::default() }
    }

    /// Send chunks, waiting for `+` at each synchronizing literal. If something else comes
    /// instead of `+`, the rest stays unsent, and the response is handed back to be judged.
    pub(super) async fn send(
        &mut self,
        chunks: &[Chunk],
        vars: &Vars,
    ) -> Result<Vec<String>, Silence> {
        let mut packet = Vec::new();
        let mut seen = Vec::new();
        for chunk in chunks {
            match chunk {
                Chunk::Octets(octets) => self.layer.push(&mut packet, &expand(octets, vars)),
                Chunk::Literal { form, octets } => {
                    let octets = expand(octets, vars);
                    self.layer.push(&mut packet, &announcement(*form, octets.len()));
                    if !form.non_sync {
                        self.write(std::mem::take(&mut packet)).await?;
                        if !self.may_continue(&mut seen).await? {
                            return Ok(seen);
                        }
                    }
                    self.layer.push(&mut packet, &octets);
                }
            }
        }
        self.write(packet).await?;
        Ok(seen)
    }

    /// Whether the next response is `+`; untagged ones before it are kept.
    async fn may_continue(&mut self, seen: &mut Vec<String>) -> Result<bool, Silence> {
        loop {
            let line = self.response(PATIENCE).await?;
            if line.starts_with('+') {
                return Ok(true);
            }
            let tagged = !line.starts_with("* ");
            seen.push(line);
            if tagged {
                return Ok(false);
            }
        }
    }

    async fn write(&mut self, mut packet: Vec<u8>) -> Result<(), Silence> {
        self.layer.flush(&mut packet);
        let mut rest = &packet[..];
        while !rest.is_empty() {
            let (now, later) = rest.split_at(self.piece(rest.len()));
            // A server that has hung up is noticed when its last words have been read.
            if self.stream.write_all(now).await.is_err() || self.stream.flush().await.is_err() {
                return Ok(());
            }
            self.sent += now.len();
            rest = later;
            if !rest.is_empty() {
                self.settle().await;
            }
        }
        Ok(())
    }

    /// How many octets of those left go into the next packet.
    fn piece(&self, left: usize) -> usize {
        match self.cut {
            Cut::AsWritten => left,
            Cut::EveryOctet => 1,
            Cut::At(one, two) => [one, two]
                .into_iter()
                .filter(|at| *at > self.sent)
                .map(|at| at - self.sent)
                .min()
                .map_or(left, |next| next.min(left)),
        }
    }

    /// Let the server see a packet before the next one comes.
    async fn settle(&self) {
        for _ in 0..4 {
            tokio::task::yield_now().await;
        }
    }

    /// The next response with its literals as quoted strings, or why there is none.
    pub(super) async fn response(&mut self, patience: Duration) -> Result<String, Silence> {
        match timeout(patience, self.whole_response()).await {
            Err(_) => Err(Silence::Timeout),
            Ok(result) => result,
        }
    }

    /// The next response, as long as it takes up to the usual patience.
    pub(super) async fn next(&mut self) -> Result<String, Silence> {
        self.response(PATIENCE).await
    }

    async fn whole_response(&mut self) -> Result<String, Silence> {
        loop {
            if let Some((text, used)) = first_response(&self.received) {
                self.received.drain(..used);
                let text = text.map_err(Silence::Broken)?;
                if self.layer.begins(&text) {
                    let compressed = std::mem::take(&mut self.received);
                    self.take(&compressed)?;
                }
                return Ok(text);
            }
            if self.received.len() > MAX_RESPONSE {
                return Err(Silence::Broken("a response without end".into()));
            }
            let mut octets = Vec::with_capacity(READ_OCTETS);
            match self.stream.read_buf(&mut octets).await {
                Ok(0) => return Err(self.at_end()),
                Ok(_) => self.take(&octets)?,
                Err(error) if error.kind() == io::ErrorKind::ConnectionReset => {
                    return Err(self.at_end());
                }
                Err(error) => return Err(Silence::Broken(error.to_string())),
            }
        }
    }

    fn take(&mut self, octets: &[u8]) -> Result<(), Silence> {
        self.received.extend(self.layer.receive(octets).map_err(Silence::Broken)?);
        Ok(())
    }

    fn at_end(&self) -> Silence {
        if self.received.is_empty() {
            return Silence::Closed;
        }
        Silence::Broken(format!("closed in the middle of: {}", escape(&self.received)))
    }
}

fn announcement(form: LiteralForm, len: usize) -> Vec<u8> {
    let plus = if form.non_sync { "+" } else { "" };
    format!("{{{len}{plus}}}\r\n").into_bytes()
}

/// The first whole response in the octets and its length. Bare line feeds are an error.
fn first_response(octets: &[u8]) -> Option<(Result<String, String>, usize)> {
    let mut text = String::new();
    let mut at = 0;
    loop {
        let rest = octets.get(at..)?;
        let len = rest.iter().position(|octet| *octet == b'\n')?;
        let Some(line) = rest[..len].strip_suffix(b"\r") else {
            return Some((
                Err(format!("a bare line feed after: {}", escape(&rest[..len]))),
                at + len + 1,
            ));
        };
        at += len + 1;
        let Some((before, size)) = literal_at_end(line) else {
            text.push_str(&printable(line));
            return Some((Ok(text), at));
        };
        let literal = octets.get(at..at.checked_add(size)?)?;
        text.push_str(&printable(before));
        text.push_str(&format!("\"{}\"", escape(literal)));
        at += size;
    }
}

fn literal_at_end(line: &[u8]) -> Option<(&[u8], usize)> {
    let inside = line.strip_suffix(b"}")?;
    let open = inside.iter().rposition(|octet| *octet == b'{')?;
    let size = std::str::from_utf8(&inside[open + 1..]).ok()?.parse().ok()?;
    Some((&inside[..open], size))
}

/// Text as it is, but octets that are no UTF-8 as `\xHH`.
fn printable(octets: &[u8]) -> String {
    let mut out = String::new();
    for chunk in octets.utf8_chunks() {
        out.push_str(chunk.valid());
        chunk.invalid().iter().for_each(|octet| out.push_str(&format!("\\x{octet:02x}")));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals_become_quoted_strings() {
        let octets = b"* 1 FETCH (BODY[] {5}\r\na\r\n\"b UID 3)\r\na OK\r\n";
        let (text, used) = first_response(octets).unwrap();
        assert_eq!(text.unwrap(), r#"* 1 FETCH (BODY[] "a\r\n\"b" UID 3)"#);
        assert_eq!(&octets[used..], b"a OK\r\n");
        assert!(first_response(&octets[..30]).is_none());
    }

    #[test]
    fn bare_line_feeds_are_errors() {
        assert!(first_response(b"* OK\n").unwrap().0.is_err());
    }

    #[tokio::test]
    async fn cuts_send_the_same_octets() {
        for cut in [Cut::AsWritten, Cut::EveryOctet, Cut::At(2, 5)] {
            let (near, mut far) = tokio::io::duplex(4096);
            let mut link = Link::new(Box::new(near), cut);
            link.send(&[Chunk::Octets(b"a NOOP\r\n".to_vec())], &Vars::new()).await.unwrap();
            drop(link);
            let mut all = Vec::new();
            far.read_to_end(&mut all).await.unwrap();
            assert_eq!(all, b"a NOOP\r\n");
        }
    }
}
