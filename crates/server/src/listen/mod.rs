//! Sockets, sessions, signals: from the first connection to a clean end.

mod bound;
mod connections;
mod disabled;
mod session;

use crate::admin;
use crate::config::{Config, Listen};
use crate::failure::Failure;
use crate::limits::{ACCEPT_PAUSE, RELOAD_PATIENCE, SHUTDOWN_DEADLINE};
use crate::logging;
use crate::privileges::Inherited;
use crate::services::Services;
use crate::tls::Tls;
use bound::Bound;
use connections::Connections;
use session::Shared;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::{oneshot, watch};
use tokio::task::JoinSet;
use tokio::time::timeout;

/// A server whose sockets are bound, but which accepts nothing yet.
pub(crate) struct Server {
    bound: Vec<Bound>,
    data: PathBuf,
    admin: Option<admin::Socket>,
    shared: Arc<Shared>,
    shutdown: watch::Sender<bool>,
    signals: Signals,
}

struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hang_up: Signal,
    /// Heard so that a limit of a file's size refuses a change, and does not end the process.
    _file_size: Signal,
}

/// SIGXFSZ: a file may not grow beyond what the system allows this process.
const FILE_SIZE: i32 = nix::libc::SIGXFSZ;

impl Server {
    /// Bind all sockets that the configuration names, but those that are inherited.
    pub(crate) async fn bind(
        mut config: Config,
        services: Services,
        inherited: Inherited,
    ) -> Result<Self, Failure> {
        if config.listen.is_empty() {
            config.listen = Listen::on_loopback();
        }
        let failed = |error: io::Error| Failure::io("listening for signals", &error);
        let signals = Signals::listen().map_err(failed)?;
        let tls = Tls::load(&config)?;
        let bound = bound::bind(&config.listen, inherited).await?;
        let admin = match admin::Socket::bind(&config.data).await {
            Ok(socket) => Some(socket),
            Err(error) => {
                tracing::warn!(
                    %error,
                    "no socket for administration: commands cannot reach this server until one can be bound"
                );
                None
            }
        };
        let data = config.data.clone();
        let connections = Arc::new(Connections::default());
        let shared = Arc::new(Shared::new(services, tls, config, connections));
        Ok(Self { bound, data, admin, shared, shutdown: watch::Sender::new(false), signals })
    }

    /// The line that says where connections are accepted.
    pub(crate) fn ready_line(&self) -> String {
        format!("ready {}", self.bound_line())
    }

    fn bound_line(&self) -> String {
        self.bound.iter().map(Bound::to_string).collect::<Vec<_>>().join(" ")
    }

    /// The addresses by protocol.
    pub(crate) fn addresses(&self) -> Vec<(&'static str, String)> {
        self.bound.iter().map(|bound| (bound.protocol.name(), bound.address())).collect()
    }

    /// Accept connections until a signal ends the server. `reload` gives the configuration anew on SIGHUP.
    pub(crate) async fn run(
        mut self,
        reload: impl Fn() -> Result<Config, Failure> + Send + Sync + 'static,
    ) -> Result<(), Failure> {
        tracing::info!(addresses = self.bound_line(), "accepting connections");
        let mut tasks = JoinSet::new();
        for bound in self.bound.drain(..) {
            tasks.spawn(accept_all(bound, Arc::clone(&self.shared), self.shutdown.subscribe()));
        }
        let (services, down) = (self.shared.services.clone(), self.shutdown.subscribe());
        match self.admin.take() {
            Some(socket) => tasks.spawn(socket.serve(services, down)),
            None => tasks.spawn(admin::Socket::serve_when_bound(self.data, services, down)),
        };
        tasks.spawn(disabled::watch(self.shared.services.clone(), self.shutdown.subscribe()));
        let ended = watch::Sender::new(false);
        let lines = tokio::spawn(logging::tell_of_left_out(ended.subscribe()));
        let reload = Arc::new(reload);
        while let Event::Reload = self.signals.next().await {
            let reloaded = reconfigure(Arc::clone(&self.shared), Arc::clone(&reload));
            tokio::select! {
                reloaded = timeout(RELOAD_PATIENCE, reloaded) => match reloaded {
                    Ok(Ok(())) => tracing::info!("configuration and certificates read again"),
                    Ok(Err(error)) => tracing::error!(%error, "the former configuration stays"),
                    Err(_) => tracing::error!(
                        "the former configuration stays: the new one, or a certificate, is where nobody answers"
                    ),
                },
                () = self.signals.stop() => break,
            }
        }
        tracing::info!("going down");
        self.shutdown.send_replace(true);
        while tasks.join_next().await.is_some() {}
        ended.send_replace(true);
        // It fails with the runtime only.
        let _ = lines.await;
        self.shared.services.store.close().await?;
        tracing::info!("everything is stored");
        Ok(())
    }
}

enum Event {
    Reload,
    Stop,
}

impl Signals {
    fn listen() -> io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hang_up: signal(SignalKind::hangup())?,
            _file_size: signal(SignalKind::from_raw(FILE_SIZE))?,
        })
    }

    async fn next(&mut self) -> Event {
        tokio::select! {
            _ = self.terminate.recv() => Event::Stop,
            _ = self.interrupt.recv() => Event::Stop,
            _ = self.hang_up.recv() => Event::Reload,
        }
    }

    async fn stop(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

/// Read the configuration and certificates anew, on a thread that nobody waits for at the end: the files may be where nobody answers
/// (a file system of the network, a pipe), and the signal that ends the server is to be heard all the same.
async fn reconfigure(
    shared: Arc<Shared>,
    reload: Arc<impl Fn() -> Result<Config, Failure> + Send + Sync + 'static>,
) -> Result<(), Failure> {
    let (tell, told) = oneshot::channel();
    let read = move || {
        let config = reload();
        // Nobody waits any more: another one may have been read since.
        if !tell.is_closed() {
            let _ = tell.send(config.and_then(|config| shared.reconfigure(config)));
        }
    };
    std::thread::Builder::new()
        .name("reload".to_owned())
        .spawn(read)
        .map_err(|error| Failure::io("starting a thread", &error))?;
    told.await.unwrap_or_else(|_| Err(Failure::new("reading the configuration ended early")))
}

/// Accept on one socket until the server goes down, then wait for the sessions, but not for ever.
async fn accept_all(bound: Bound, shared: Arc<Shared>, mut shutdown: watch::Receiver<bool>) {
    let mut sessions = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            biased;
            _ = shutdown.wait_for(|down| *down) => break,
            accepted = bound.accept() => accepted,
        };
        match accepted {
            Ok(accepted) => {
                sessions.spawn(shared.clone().session(accepted, bound.protocol, shutdown.clone()));
            }
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
        while sessions.try_join_next().is_some() {}
    }
    drop(bound);
    let end = async { while sessions.join_next().await.is_some() {} };
    if tokio::time::timeout(SHUTDOWN_DEADLINE, end).await.is_err() {
        tracing::warn!(sessions = sessions.len(), "sessions did not end in time: cutting them off");
        sessions.shutdown().await;
    }
}
