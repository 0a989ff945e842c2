//! What octets go through: a socket, TLS, or DEFLATE.

use crate::Fallible;
use crate::servers::Server;
use flate2::Compression;
use flate2::bufread::DeflateDecoder;
use flate2::write::DeflateEncoder;
use rustls::{ClientConnection, StreamOwned};
use rustls_pki_types::ServerName;
use std::io::{BufReader, Read, Result, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::Duration;

/// How long an answer may take before the benchmark gives up.
const PATIENCE: Duration = Duration::from_secs(180);

/// What octets go through.
pub(crate) enum Stream {
    /// A socket.
    Plain(TcpStream),
    /// TLS.
    Tls(Box<StreamOwned<ClientConnection, TcpStream>>),
    /// DEFLATE in both directions (RFC 4978).
    Deflated(Box<Deflated>),
}

/// Both directions of a compressed connection.
pub(crate) struct Deflated {
    reader: DeflateDecoder<BufReader<TcpStream>>,
    writer: DeflateEncoder<TcpStream>,
}

impl Stream {
    /// A connection without TLS.
    pub(crate) fn plain(address: SocketAddr) -> Fallible<Self> {
        open(address).map(Self::Plain)
    }

    /// A connection with TLS from the first octet.
    pub(crate) fn tls(server: &Server) -> Fallible<Self> {
        let name = ServerName::try_from("127.0.0.1")?;
        let connection = ClientConnection::new(Arc::clone(&server.trusted), name)?;
        Ok(Self::Tls(Box::new(StreamOwned::new(connection, open(server.imaps)?))))
    }

    /// The same connection, compressed from here on. Nothing may be under way.
    pub(crate) fn deflated(&self) -> Fallible<Self> {
        let Self::Plain(socket) = self else {
            return Err("only plain streams are compressed".into());
        };
        let reader = DeflateDecoder::new(BufReader::with_capacity(1 << 16, socket.try_clone()?));
        let writer = DeflateEncoder::new(socket.try_clone()?, Compression::fast());
        Ok(Self::Deflated(Box::new(Deflated { reader, writer })))
    }
}

fn open(address: SocketAddr) -> Fallible<TcpStream> {
    let socket = TcpStream::connect(address)?;
    socket.set_read_timeout(Some(PATIENCE))?;
    socket.set_nodelay(true)?;
    Ok(socket)
}

impl Read for Stream {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        match self {
            Self::Plain(stream) => stream.read(buffer),
            Self::Tls(stream) => stream.read(buffer),
            Self::Deflated(stream) => stream.reader.read(buffer),
        }
    }
}

impl Write for Stream {
    fn write(&mut self, octets: &[u8]) -> Result<usize> {
        match self {
            Self::Plain(stream) => stream.write(octets),
            Self::Tls(stream) => stream.write(octets),
            Self::Deflated(stream) => stream.writer.write(octets),
        }
    }

    fn flush(&mut self) -> Result<()> {
        match self {
            Self::Plain(stream) => stream.flush(),
            Self::Tls(stream) => stream.flush(),
            Self::Deflated(stream) => stream.writer.flush(),
        }
    }
}
