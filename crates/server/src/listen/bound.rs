//! Sockets that connections are accepted on.

use crate::config::{Address, Listen, Mode};
use crate::failure::Failure;
use crate::privileges::Inherited;
use crate::unix_socket::UnixSocket;
use std::fmt;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use tokio::net::{TcpListener, TcpStream, UnixStream};

/// What is spoken on a socket.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Protocol {
    Imap,
    Imaps,
    Lmtp,
}

impl Protocol {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Imap => "imap",
            Self::Imaps => "imaps",
            Self::Lmtp => "lmtp",
        }
    }
}

/// A socket that is bound, and what is spoken on it.
pub(super) struct Bound {
    pub(super) protocol: Protocol,
    socket: Socket,
}

enum Socket {
    Tcp(TcpListener, SocketAddr),
    Unix(UnixSocket),
}

/// A connection.
pub(super) enum Accepted {
    Tcp(TcpStream, SocketAddr),
    Unix(UnixStream),
}

impl Accepted {
    /// Where the client is; on this machine if it came through the file system.
    pub(super) fn address(&self) -> SocketAddr {
        match self {
            Self::Tcp(_, address) => *address,
            Self::Unix(_) => SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
        }
    }
}

/// Bind all sockets, or none. Those that are inherited are bound already.
pub(super) async fn bind(listen: &Listen, mut inherited: Inherited) -> Result<Vec<Bound>, Failure> {
    let lists = [
        (Protocol::Imap, &listen.imap),
        (Protocol::Imaps, &listen.imaps),
        (Protocol::Lmtp, &listen.lmtp),
    ];
    let mut bound = Vec::new();
    for (protocol, addresses) in lists {
        for address in addresses {
            let socket = bind_one(protocol, address, listen.lmtp_mode, &mut inherited).await?;
            bound.push(Bound { protocol, socket });
        }
    }
    Ok(bound)
}

async fn bind_one(
    protocol: Protocol,
    address: &Address,
    mode: Mode,
    inherited: &mut Inherited,
) -> Result<Socket, Failure> {
    let bound = match address {
        Address::Tcp(address) => bind_tcp(*address, inherited).await,
        Address::Unix(_) if protocol != Protocol::Lmtp => {
            return Err(Failure::new(format!(
                "{address}: only LMTP can be spoken on such a socket"
            )));
        }
        Address::Unix(path) => UnixSocket::bind(path, mode.0).await.map(Socket::Unix),
    };
    bound.map_err(|error| {
        let name = protocol.name();
        let failure = Failure::io(format!("listening on {address} for {name}"), &error);
        match error.kind() {
            io::ErrorKind::AlreadyExists => {
                failure.hint("choose another path, or remove the file if nobody needs it")
            }
            io::ErrorKind::AddrInUse if matches!(address, Address::Unix(_)) => {
                failure.hint("stop the other program, or choose another path")
            }
            io::ErrorKind::AddrInUse => failure.hint(format!(
                "another program has this port: stop it, or choose another address with --{name} ADDR"
            )),
            io::ErrorKind::PermissionDenied => failure.hint(
                "ports below 1024 need root or CAP_NET_BIND_SERVICE: choose another port, or grant it",
            ),
            _ => failure,
        }
    })
}

async fn bind_tcp(address: SocketAddr, inherited: &mut Inherited) -> io::Result<Socket> {
    let listener = match inherited.take(address) {
        Some(listener) => TcpListener::from_std(listener)?,
        None => TcpListener::bind(address).await?,
    };
    let address = listener.local_addr()?;
    Ok(Socket::Tcp(listener, address))
}

impl Bound {
    /// The address, with the port that the system chose where it was asked to.
    pub(super) fn address(&self) -> String {
        match &self.socket {
            Socket::Tcp(_, address) => address.to_string(),
            Socket::Unix(socket) => format!("unix:{}", socket.path().display()),
        }
    }

    pub(super) async fn accept(&self) -> io::Result<Accepted> {
        match &self.socket {
            Socket::Tcp(listener, _) => {
                let (stream, peer) = listener.accept().await?;
                // Where it fails the connection is about to break, which its session will notice.
                let _ = stream.set_nodelay(true);
                Ok(Accepted::Tcp(stream, peer))
            }
            Socket::Unix(socket) => Ok(Accepted::Unix(socket.accept().await?)),
        }
    }
}

/// As in the `ready` line: `imap=127.0.0.1:1143`.
impl fmt::Display for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}={}", self.protocol.name(), self.address())
    }
}
