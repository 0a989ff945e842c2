//! A connection of a client, without a thread of its own.

use crate::Fallible;
use crate::server::{PASSWORD, Server, USER};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, ServerName};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;

/// How long an answer may take before the benchmark gives up.
const PATIENCE: Duration = Duration::from_secs(60);

/// How clients come to the server.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// Without TLS.
    Plain,
    /// TLS from the first octet.
    Tls,
}

/// A stream of either kind.
trait Duplex: Read + Write {}

impl<T: Read + Write> Duplex for T {}

/// A client that is logged in.
pub(crate) struct Client {
    stream: BufReader<Box<dyn Duplex>>,
}

impl Client {
    /// Connect and log in.
    pub(crate) fn new(server: &Server, way: Way, trusted: &Arc<ClientConfig>) -> Fallible<Self> {
        let address = if way == Way::Plain { server.imap } else { server.imaps };
        let socket = TcpStream::connect(address)?;
        socket.set_read_timeout(Some(PATIENCE))?;
        socket.set_nodelay(true)?;
        let stream: Box<dyn Duplex> = match way {
            Way::Plain => Box::new(socket),
            Way::Tls => {
                let name = ServerName::try_from("127.0.0.1")?;
                let connection = ClientConnection::new(Arc::clone(trusted), name)?;
                Box::new(StreamOwned::new(connection, socket))
            }
        };
        let mut client = Self { stream: BufReader::new(stream) };
        client.until(|line| line.starts_with("* OK"))?;
        client.command(&format!("LOGIN {USER} {PASSWORD}"))?;
        Ok(client)
    }

    /// Select a mailbox and wait in IDLE.
    pub(crate) fn idle(&mut self, mailbox: &str) -> Fallible<()> {
        self.command(&format!("SELECT {mailbox}"))?;
        self.send(b"i IDLE\r\n")?;
        self.until(|line| line.starts_with('+'))
    }

    /// Say a command that must succeed.
    pub(crate) fn command(&mut self, command: &str) -> Fallible<()> {
        self.send(format!("a {command}\r\n").as_bytes())?;
        self.done()
    }

    /// Hear everything up to the answer of the command, which must have succeeded.
    pub(crate) fn done(&mut self) -> Fallible<()> {
        let mut answer = String::new();
        self.until(|line| {
            let last = line.starts_with("a ");
            if last {
                line.clone_into(&mut answer);
            }
            last
        })?;
        if answer.starts_with("a OK") { Ok(()) } else { Err(answer.into()) }
    }

    /// Send octets.
    pub(crate) fn send(&mut self, octets: &[u8]) -> Fallible<()> {
        let stream = self.stream.get_mut();
        stream.write_all(octets)?;
        Ok(stream.flush()?)
    }

    /// Hear lines until one is as wanted.
    pub(crate) fn until(&mut self, mut wanted: impl FnMut(&str) -> bool) -> Fallible<()> {
        let mut line = String::new();
        loop {
            line.clear();
            if self.stream.read_line(&mut line)? == 0 {
                return Err("the server ended the connection".into());
            }
            if wanted(&line) {
                return Ok(());
            }
        }
    }
}

/// Trust the server's certificate and nothing else.
pub(crate) fn trust(server: &Server) -> Fallible<Arc<ClientConfig>> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(&server.certificate)?)?;
    Ok(Arc::new(ClientConfig::builder().with_root_certificates(roots).with_no_client_auth()))
}
