//! The running server's socket.

use super::execute::serve;
use super::socket_path;
use crate::limits::{ACCEPT_PAUSE, ADMIN_REBIND, MAX_ADMIN_CONNECTIONS};
use crate::services::Services;
use crate::unix_socket::UnixSocket;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;

/// A socket in the data directory that only its owner can reach. It goes with this value.
pub(crate) struct Socket(UnixSocket);

impl Socket {
    /// Bind the socket.
    pub(crate) async fn bind(data: &Path) -> io::Result<Self> {
        UnixSocket::bind(&socket_path(data), 0o600).await.map(Self)
    }

    /// Answer requests in a data directory where no socket could be bound, as soon as one can, until the server goes down.
    pub(crate) async fn serve_when_bound(
        data: PathBuf,
        services: Services,
        mut shutdown: watch::Receiver<bool>,
    ) {
        loop {
            tokio::select! {
                () = tokio::time::sleep(ADMIN_REBIND) => {}
                _ = shutdown.wait_for(|down| *down) => return,
            }
            if let Ok(socket) = Self::bind(&data).await {
                tracing::info!("commands can reach this server now");
                return socket.serve(services, shutdown).await;
            }
        }
    }

    /// Answer requests until the server goes down.
    pub(crate) async fn serve(self, services: Services, mut shutdown: watch::Receiver<bool>) {
        let places = Arc::new(Semaphore::new(MAX_ADMIN_CONNECTIONS));
        let mut sessions = JoinSet::new();
        loop {
            let Ok(place) = Arc::clone(&places).acquire_owned().await else { return };
            let accepted = tokio::select! {
                accepted = self.0.accept() => accepted,
                _ = shutdown.wait_for(|down| *down) => break,
            };
            let Ok(stream) = accepted else {
                tokio::time::sleep(ACCEPT_PAUSE).await;
                continue;
            };
            let (services, mut shutdown) = (services.clone(), shutdown.clone());
            sessions.spawn(async move {
                let _place = place;
                tokio::select! {
                    served = serve(stream, &services) => {
                        if let Err(error) = served {
                            tracing::debug!(%error, "an administrative connection broke off");
                        }
                    }
                    _ = shutdown.wait_for(|down| *down) => {}
                }
            });
            while sessions.try_join_next().is_some() {}
        }
        while sessions.join_next().await.is_some() {}
    }
}
