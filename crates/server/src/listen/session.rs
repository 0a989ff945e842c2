//! One connection: limits, TLS, and the conversation that it is for.

use super::bound::{Accepted, Protocol};
use super::connections::Connections;
use crate::accounts::PeerDirectory;
use crate::config::Config;
use crate::failure::Failure;
use crate::limits::HANDSHAKE_DEADLINE;
use crate::logging::STRANGERS;
use crate::open_files;
use crate::services::Services;
use crate::tls::Tls;
use rookery_imap::{Outcome, Peer, Settings, Stage, turn_away};
use rookery_lmtp::Places;
use std::net::Ipv4Addr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::{Semaphore, watch};
use tokio::time::timeout;

/// What all sessions share.
pub(super) struct Shared {
    pub(super) services: Services,
    tls: Tls,
    config: RwLock<Arc<Config>>,
    connections: Arc<Connections>,
    turns: rookery_imap::Turns,
    lmtp_places: Places,
    heard_out: Semaphore,
    next_session: AtomicU64,
}

impl Shared {
    pub(super) fn new(
        services: Services,
        tls: Tls,
        config: Config,
        connections: Arc<Connections>,
    ) -> Self {
        let config = RwLock::new(Arc::new(config));
        let turns = rookery_imap::Turns::default();
        let (lmtp_places, next_session) =
            (Places::new(open_files::recipients()), AtomicU64::new(1));
        if let Some(store) = &services.local {
            store.set_max_open_segments(open_files::segments());
        }
        let heard_out = Semaphore::new(open_files::heard_out());
        Self { services, tls, config, connections, turns, lmtp_places, heard_out, next_session }
    }

    /// Use another configuration for the connections to come. Addresses and the data directory stay.
    pub(super) fn reconfigure(&self, new: Config) -> Result<(), Failure> {
        let old = self.config();
        if new.data != old.data || (new.listen != old.listen && !new.listen.is_empty()) {
            tracing::warn!("the data directory and addresses change with a restart only");
        }
        let (data, listen) = (old.data.clone(), old.listen.clone());
        let new = Config { data, listen, ..new };
        self.tls.reload(&new)?;
        if let Some(store) = &self.services.local {
            store.set_max_messages(new.limits.messages_per_account);
        }
        *self.config.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(new);
        Ok(())
    }

    fn config(&self) -> Arc<Config> {
        Arc::clone(&self.config.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Hold the conversation that a connection is for.
    pub(super) async fn session(
        self: Arc<Self>,
        accepted: Accepted,
        protocol: Protocol,
        shutdown: watch::Receiver<bool>,
    ) {
        let session = self.next_session.fetch_add(1, Ordering::Relaxed);
        let address = accepted.address();
        let place = self.connections.place(protocol, address.ip(), &self.config().limits);
        let Some(_place) = place else {
            let protocol_name = protocol.name();
            tracing::warn!(target: STRANGERS, peer = %address, protocol = protocol_name, "too many connections");
            return Box::pin(self.refuse(accepted, protocol, shutdown)).await;
        };
        // Boxed: who waits with IMAP should not pay for the others.
        match accepted {
            Accepted::Unix(stream) => {
                Box::pin(self.lmtp(stream, "unix".to_owned(), session, shutdown)).await;
            }
            Accepted::Tcp(stream, address) if protocol == Protocol::Lmtp => {
                Box::pin(self.lmtp(stream, address.to_string(), session, shutdown)).await;
            }
            Accepted::Tcp(stream, address) => {
                let peer = Peer { address: Some(address), secure: false, session };
                self.imap(stream, peer, protocol, shutdown).await;
            }
        }
    }

    async fn imap(
        &self,
        stream: TcpStream,
        peer: Peer,
        protocol: Protocol,
        shutdown: watch::Receiver<bool>,
    ) {
        let services = self.imap_services(&peer);
        let stage = match protocol {
            Protocol::Imaps => {
                return self.secure(stream, peer, services, shutdown, Stage::Greeting).await;
            }
            _ => Stage::Greeting,
        };
        let serve =
            rookery_imap::serve(stream, peer.clone(), services.clone(), shutdown.clone(), stage);
        // Boxed: a waiting session should not pay for both kinds of stream.
        if let Outcome::StartTls(stream) = Box::pin(serve).await {
            self.secure(stream, peer, services, shutdown, Stage::AfterStartTls).await;
        }
    }

    /// The conversation from the TLS handshake on.
    async fn secure(
        &self,
        stream: TcpStream,
        peer: Peer,
        services: Arc<rookery_imap::Services>,
        shutdown: watch::Receiver<bool>,
        stage: Stage,
    ) {
        let mut down = shutdown.clone();
        let from = peer.address.map_or(Ipv4Addr::UNSPECIFIED.into(), |address| address.ip());
        let handshake = tokio::select! {
            handshake = timeout(HANDSHAKE_DEADLINE, Box::pin(self.tls.accept(from, stream))) => handshake,
            _ = down.wait_for(|down| *down) => return,
        };
        let failure = match handshake {
            Ok(Ok(stream)) => {
                let peer = Peer { secure: true, ..peer };
                Box::pin(rookery_imap::serve(stream, peer, services, shutdown, stage)).await;
                return;
            }
            Ok(Err(error)) => error.to_string(),
            Err(_) => "it took too long".to_owned(),
        };
        let (session, peer) = (peer.session, peer.address.map(tracing::field::display));
        tracing::info!(target: STRANGERS, session, peer, failure, "TLS handshake failed");
    }

    fn imap_services(&self, peer: &Peer) -> Arc<rookery_imap::Services> {
        let config = self.config();
        let address = peer.address.map(|address| address.ip());
        let directory = PeerDirectory::new(Arc::clone(&self.services.accounts), address)
            .rehashing(config.auth.rehash);
        let settings = Settings {
            starttls: true,
            allow_plaintext: config.auth.allow_plaintext,
            max_message_size: config.limits.message_size,
            connections_per_account: config.limits.connections_per_account,
            memory_per_connection: config.limits.memory_per_connection,
            uid_only: config.imap.uidonly,
            message_limit: config.limits.messages_per_command,
            save_limit: config.limits.messages_per_copy,
            hidden: config.capabilities.mask(address),
            login_deadline: Duration::from_secs(config.limits.login_seconds),
            idle_deadline: Duration::from_secs(config.limits.idle_seconds),
            ..Settings::default()
        };
        Arc::new(rookery_imap::Services {
            store: Arc::clone(&self.services.store),
            directory: Arc::new(directory),
            connections: self.services.connections.clone(),
            turns: self.turns.clone(),
            settings,
        })
    }

    async fn lmtp<S>(
        &self,
        stream: S,
        address: String,
        session: u64,
        shutdown: watch::Receiver<bool>,
    ) where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let config = self.config();
        let services = rookery_lmtp::Services {
            store: Arc::clone(&self.services.store),
            hostname: config.hostname.clone(),
            message_size: config.limits.message_size,
            recipients: config.limits.lmtp_recipients,
            places: self.lmtp_places.clone(),
        };
        rookery_lmtp::serve(stream, rookery_lmtp::Peer { address, session }, &services, shutdown)
            .await;
    }

    /// Tell a client that there is no place for it, where it can be told before a handshake.
    async fn refuse(
        &self,
        accepted: Accepted,
        protocol: Protocol,
        shutdown: watch::Receiver<bool>,
    ) {
        let line: &[u8] = match protocol {
            Protocol::Imap => b"* BYE [UNAVAILABLE] Too many connections\r\n",
            Protocol::Lmtp => b"421 4.3.2 Too many connections\r\n",
            Protocol::Imaps => return,
        };
        // They take no places, so that they have a bound of their own.
        let Ok(_heard) = self.heard_out.try_acquire() else { return };
        match accepted {
            Accepted::Tcp(stream, _) => turn_away(stream, line, shutdown).await,
            Accepted::Unix(stream) => turn_away(stream, line, shutdown).await,
        }
    }
}
