//! A connection that delivers mail (RFC 2033).

use crate::Fallible;
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpStream};

/// Who delivers.
pub(crate) struct Client {
    stream: BufReader<TcpStream>,
}

impl Client {
    /// Connect and greet.
    pub(crate) fn new(address: SocketAddr) -> Fallible<Self> {
        let socket = TcpStream::connect(address)?;
        socket.set_nodelay(true)?;
        let mut client = Self { stream: BufReader::new(socket) };
        client.hear("220")?;
        client.say(b"LHLO bench.example.org\r\n", "250")?;
        Ok(client)
    }

    /// Deliver a message to somebody.
    pub(crate) fn deliver(&mut self, to: &str, message: &[u8]) -> Fallible<()> {
        self.say(b"MAIL FROM:<bench@example.org>\r\n", "250")?;
        self.say(format!("RCPT TO:<{to}>\r\n").as_bytes(), "250")?;
        self.say(b"DATA\r\n", "354")?;
        self.say(&stuffed(message), "250")
    }

    fn say(&mut self, octets: &[u8], code: &str) -> Fallible<()> {
        self.stream.get_mut().write_all(octets)?;
        self.hear(code)
    }

    /// Hear an answer of one or more lines with this code.
    fn hear(&mut self, code: &str) -> Fallible<()> {
        let mut line = String::new();
        loop {
            line.clear();
            self.stream.read_line(&mut line)?;
            if !line.starts_with(code) {
                return Err(format!("LMTP wanted {code}, was answered {line:?}").into());
            }
            if line.as_bytes().get(3) != Some(&b'-') {
                return Ok(());
            }
        }
    }
}

/// A message as DATA carries it, with its end.
fn stuffed(message: &[u8]) -> Vec<u8> {
    let mut data = Vec::with_capacity(message.len() + 100);
    for line in message.split_inclusive(|octet| *octet == b'\n') {
        if line.starts_with(b".") {
            data.push(b'.');
        }
        data.extend_from_slice(line);
    }
    if !data.ends_with(b"\r\n") {
        data.extend_from_slice(b"\r\n");
    }
    data.extend_from_slice(b".\r\n");
    data
}
