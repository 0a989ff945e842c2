//! Lines over a socket, as IMAP and LMTP have them.

use std::io::{BufRead, BufReader, Read, Result, Write};
use std::net::TcpStream;
use std::time::Duration;

/// A connection whose greeting was read.
pub(crate) struct Client {
    stream: BufReader<TcpStream>,
    pub(crate) greeting: String,
    commands: u32,
}

impl Client {
    pub(crate) fn new(stream: TcpStream) -> Self {
        // Long enough for dozens that log in at the same time on a machine that has other things to do.
        stream.set_read_timeout(Some(Duration::from_secs(40))).unwrap();
        let mut client =
            Self { stream: BufReader::new(stream), greeting: String::new(), commands: 0 };
        client.greeting = client.line().unwrap();
        client
    }

    pub(crate) fn send(&mut self, octets: &[u8]) -> Result<()> {
        self.stream.get_mut().write_all(octets)
    }

    /// A line without its end; empty when nothing more comes.
    pub(crate) fn line(&mut self) -> Result<String> {
        let mut line = Vec::new();
        self.stream.read_until(b'\n', &mut line)?;
        Ok(String::from_utf8_lossy(&line).trim_end_matches(['\r', '\n']).to_owned())
    }

    /// Say an IMAP command and hear everything up to its answer.
    pub(crate) fn command(&mut self, command: &str) -> Vec<String> {
        self.commands += 1;
        let tag = format!("t{}", self.commands);
        self.send(format!("{tag} {command}\r\n").as_bytes()).unwrap();
        let mut lines = Vec::new();
        loop {
            let line = self.line().unwrap();
            assert!(!line.is_empty(), "{command}: the connection ended after {lines:?}");
            let last = line.starts_with(&format!("{tag} "));
            lines.push(line);
            if last {
                return lines;
            }
        }
    }

    /// Say an IMAP command that must succeed.
    pub(crate) fn ok(&mut self, command: &str) -> Vec<String> {
        let lines = self.command(command);
        assert!(lines.last().unwrap().contains(" OK "), "{command}: {lines:?}");
        lines
    }

    /// Append a message; `None` if the connection ended before it was acknowledged.
    pub(crate) fn append(&mut self, message: &[u8]) -> Option<()> {
        self.send(format!("a APPEND INBOX {{{}+}}\r\n", message.len()).as_bytes()).ok()?;
        self.send(message).ok()?;
        self.send(b"\r\n").ok()?;
        loop {
            let line = self.line().ok().filter(|line| !line.is_empty())?;
            if let Some(answer) = line.strip_prefix("a ") {
                return answer.starts_with("OK ").then_some(());
            }
        }
    }

    /// Say an IMAP command, which must succeed if it is answered; `None` if the connection ended before.
    pub(crate) fn acknowledged(&mut self, command: &str) -> Option<()> {
        self.commands += 1;
        let tag = format!("t{} ", self.commands);
        self.send(format!("{tag}{command}\r\n").as_bytes()).ok()?;
        loop {
            let line = self.line().ok().filter(|line| !line.is_empty())?;
            if let Some(answer) = line.strip_prefix(&tag) {
                // The rest of a line is lost when the server is killed.
                assert!(
                    "OK ".starts_with(answer) || answer.starts_with("OK "),
                    "{command}: {line}"
                );
                return answer.starts_with("OK ").then_some(());
            }
        }
    }

    /// Deliver a message by LMTP, which must succeed if it is answered; `None` if the connection ended before.
    pub(crate) fn delivered(&mut self, recipient: &str, message: &str) -> Option<()> {
        let dialog = format!(
            "LHLO test\r\nMAIL FROM:<test@example.org>\r\nRCPT TO:<{recipient}>\r\nDATA\r\n"
        );
        self.send(dialog.as_bytes()).ok()?;
        while !self.line().ok().filter(|line| !line.is_empty())?.starts_with("354") {}
        self.send(format!("{message}.\r\n").as_bytes()).ok()?;
        let line = self.line().ok().filter(|line| !line.is_empty())?;
        assert!(line.starts_with("250 "), "{recipient}: {line}");
        Some(())
    }

    /// All messages of the selected mailbox.
    pub(crate) fn messages(&mut self) -> Vec<Vec<u8>> {
        self.send(b"f UID FETCH 1:* BODY.PEEK[]\r\n").unwrap();
        let mut messages = Vec::new();
        loop {
            let line = self.line().unwrap();
            if line.starts_with("f ") {
                assert!(line.starts_with("f OK"), "{line}");
                return messages;
            }
            let Some((_, size)) = line.strip_suffix('}').and_then(|line| line.rsplit_once('{'))
            else {
                continue;
            };
            let mut message = vec![0; size.parse().unwrap()];
            self.stream.read_exact(&mut message).unwrap();
            messages.push(message);
        }
    }

    /// Deliver a message by LMTP, pipelined; says what is answered to the message.
    pub(crate) fn deliver(&mut self, recipient: &str, message: &str) -> String {
        let dialog = format!(
            "LHLO test\r\nMAIL FROM:<test@example.org>\r\nRCPT TO:<{recipient}>\r\nDATA\r\n{message}\r\n.\r\n"
        );
        self.send(dialog.as_bytes()).unwrap();
        while !self.line().unwrap().starts_with("354") {}
        self.line().unwrap()
    }
}
