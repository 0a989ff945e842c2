//! The running server's socket.

use super::execute::serve;
use super::socket_path;
use crate::limits::{ACCEPT_PAUSE, MAX_ADMIN_CONNECTIONS};
use crate::services::Services;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::net::UnixListener;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;

/// A socket in the data directory that only its owner can reach. It goes with this value.
pub(crate) struct Socket {
    listener: UnixListener,
    path: PathBuf,
}

impl Socket {
    /// Bind the socket. The caller has the data directory's lock, so that one that lies there is left over.
    pub(crate) fn bind(data: &Path) -> io::Result<Self> {
        let path = socket_path(data);
        let listener = bind_private(&path)?;
        Ok(Self { listener, path })
    }

    /// Answer requests until the server goes down.
    pub(crate) async fn serve(self, services: Services, mut shutdown: watch::Receiver<bool>) {
        let places = Arc::new(Semaphore::new(MAX_ADMIN_CONNECTIONS));
        let mut sessions = JoinSet::new();
        loop {
            let Ok(place) = Arc::clone(&places).acquire_owned().await else { return };
            let accepted = tokio::select! {
                accepted = self.listener.accept() => accepted,
                _ = shutdown.wait_for(|down| *down) => break,
            };
            let Ok((stream, _)) = accepted else {
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

impl Drop for Socket {
    fn drop(&mut self) {
        // When it cannot be removed, the next server does it.
        let _ = std::fs::remove_file(&self.path);
    }
}

/// Bind a socket of mode 0600, replacing what a former server left. The mode is set under another name, so
/// that nobody can connect before.
pub(crate) fn bind_private(path: &Path) -> io::Result<UnixListener> {
    let new = path.with_extension("new");
    for old in [&new, path] {
        match std::fs::remove_file(old) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    let listener = UnixListener::bind(&new)?;
    std::fs::set_permissions(&new, std::fs::Permissions::from_mode(0o600))?;
    std::fs::rename(&new, path)?;
    Ok(listener)
}
