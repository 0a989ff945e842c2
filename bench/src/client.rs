//! A connection of a client, without a thread of its own, and light: what is measured is the server.

use crate::Fallible;
use crate::answer::{Answer, Reader};
use crate::servers::{PASSWORD, Server};
use crate::stream::Stream;
use std::io::Write;
use std::net::SocketAddr;

/// How clients come to the server.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Way {
    /// Without TLS.
    Plain,
    /// TLS from the first octet.
    Tls,
    /// Without TLS, but compressed (RFC 4978).
    Compressed,
}

/// A client.
pub(crate) struct Client {
    reader: Reader,
}

impl Client {
    /// Connect and log in as somebody.
    pub(crate) fn new(server: &Server, way: Way, user: &str) -> Fallible<Self> {
        let mut client = Self::connect(server, way)?;
        client.log_in(user, PASSWORD)?;
        if way == Way::Compressed {
            client.command("COMPRESS DEFLATE")?;
            let deflated = client.reader.stream().deflated()?;
            *client.reader.stream() = deflated;
        }
        Ok(client)
    }

    /// Connect, and hear the greeting.
    pub(crate) fn connect(server: &Server, way: Way) -> Fallible<Self> {
        match way {
            Way::Plain | Way::Compressed => Self::plain(server.imap),
            Way::Tls => Self::over(Stream::tls(server)?),
        }
    }

    /// The same without TLS, knowing nothing but the address.
    pub(crate) fn plain(imap: SocketAddr) -> Fallible<Self> {
        Self::over(Stream::plain(imap)?)
    }

    fn over(stream: Stream) -> Fallible<Self> {
        let mut client = Self { reader: Reader::new(stream) };
        client.until(|line| line.starts_with(b"* OK"))?;
        Ok(client)
    }

    /// Log in.
    pub(crate) fn log_in(&mut self, user: &str, password: &str) -> Fallible<()> {
        self.command(&format!("LOGIN {user} {password}")).map(drop)
    }

    /// Select a mailbox and wait in IDLE.
    pub(crate) fn idle(&mut self, mailbox: &str) -> Fallible<()> {
        self.command(&format!("SELECT {mailbox}"))?;
        self.send(b"i IDLE\r\n")?;
        self.until(|line| line.starts_with(b"+"))
    }

    /// Say a command that must succeed.
    pub(crate) fn command(&mut self, command: &str) -> Fallible<Answer> {
        self.counting(command, "")
    }

    /// Say a command that must succeed, and be told so many lines with this word (`FETCH`, `LIST`).
    pub(crate) fn expect(&mut self, command: &str, word: &str, lines: u64) -> Fallible<Answer> {
        let answer = self.counting(command, word)?;
        if answer.lines == lines {
            return Ok(answer);
        }
        let what = short(command);
        Err(format!("{what}: {} lines with {word} instead of {lines}", answer.lines).into())
    }

    fn counting(&mut self, command: &str, word: &str) -> Fallible<Answer> {
        self.send(format!("a {command}\r\n").as_bytes())?;
        self.reader.answer(word).map_err(|error| format!("{}: {error}", short(command)).into())
    }

    /// Say a command that must succeed; all that was answered, as octets.
    pub(crate) fn text(&mut self, command: &str) -> Fallible<Vec<u8>> {
        self.send(format!("a {command}\r\n").as_bytes())?;
        self.reader.text().map_err(|error| format!("{}: {error}", short(command)).into())
    }

    /// Hear everything up to the answer of the command, which must have succeeded.
    pub(crate) fn done(&mut self) -> Fallible<Answer> {
        self.reader.answer("")
    }

    /// Send octets.
    pub(crate) fn send(&mut self, octets: &[u8]) -> Fallible<()> {
        let stream = self.reader.stream();
        stream.write_all(octets)?;
        Ok(stream.flush()?)
    }

    /// Hear lines until one is as wanted.
    pub(crate) fn until(&mut self, mut wanted: impl FnMut(&[u8]) -> bool) -> Fallible<()> {
        while !wanted(&self.reader.line()?) {}
        Ok(())
    }
}

/// As much of a command as belongs into an error.
fn short(command: &str) -> String {
    command.chars().take(80).collect()
}
