//! `rookery serve`.

use super::{Place, print};
use crate::admin;
use crate::config::{Address, Config};
use crate::confine::{Confinement, confine};
use crate::failure::Failure;
use crate::limits::{ADMIN_PATIENCE, ADMIN_RETRY};
use crate::listen::Server;
use crate::privileges::{self, Inherited};
use crate::services::{OpenError, Services};
use crate::{logging, open_files};
use clap::Args;
use std::path::PathBuf;
use std::time::Instant;

#[derive(Args)]
pub(super) struct Options {
    /// Accept IMAP, with STARTTLS, on this address; can be given several times
    #[arg(long, value_name = "ADDR")]
    imap: Vec<Address>,
    /// Accept IMAP over TLS on this address; can be given several times
    #[arg(long, value_name = "ADDR")]
    imaps: Vec<Address>,
    /// Accept LMTP on this address, or on unix:/path; can be given several times
    #[arg(long, value_name = "ADDR")]
    lmtp: Vec<Address>,
    /// The certificate and its chain, PEM
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    tls_cert: Option<PathBuf>,
    /// The certificate's key, PEM
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    tls_key: Option<PathBuf>,
    /// Let clients on loopback addresses log in without TLS
    #[arg(long)]
    allow_plaintext: bool,
    /// Started as root: open the ports, then become this user for good
    #[arg(long, value_name = "NAME")]
    user: Option<String>,
    /// Let the server reach its data, configuration and certificate only, and no program (Linux: Landlock)
    #[arg(long)]
    confine: bool,
}

/// What was done before there were threads.
#[derive(Default)]
pub(crate) struct Prepared {
    inherited: Inherited,
    confinement: Confinement,
}

pub(super) async fn run(
    place: &Place,
    options: Options,
    prepared: Prepared,
) -> Result<(), Failure> {
    let mut config = options.over(place.config()?);
    logging::start(&config.log)?;
    if privileges::is_root() {
        tracing::warn!(
            "serving as root, so that a fault in the server is one of the whole machine: start it as the \
             user that owns the mail, or name that user with --user or `user` in the configuration"
        );
    }
    prepared.confinement.log();
    let services = open(&config).await?;
    open_files::raise();
    open_files::fit(&mut config.limits);
    let server = Server::bind(config, services, prepared.inherited).await?;
    // Whoever waits for that line may look at what was logged before it.
    logging::flush();
    print(&server.ready_line())?;
    let place = place.clone();
    let reload = move || {
        let mut config = options.over(place.config()?);
        open_files::fit(&mut config.limits);
        Ok(config)
    };
    server.run(reload).await
}

impl Options {
    /// Become the configured user, if this is root; leave nothing behind that others could use; and stay in, if that is
    /// configured.
    pub(super) fn prepare(&self, place: &Place) -> Result<Prepared, Failure> {
        let config = self.over(place.config()?);
        let inherited = privileges::give_up(&config)?;
        privileges::keep_to_oneself()?;
        let file = Config::file(place.config.as_deref(), place.data.as_deref());
        Ok(Prepared { inherited, confinement: confine(&config, file)? })
    }

    /// The configuration with what the options say instead.
    fn over(&self, mut config: Config) -> Config {
        let lists = [
            (&self.imap, &mut config.listen.imap),
            (&self.imaps, &mut config.listen.imaps),
            (&self.lmtp, &mut config.listen.lmtp),
        ];
        for (given, configured) in lists {
            if !given.is_empty() {
                configured.clone_from(given);
            }
        }
        if self.tls_cert.is_some() {
            config.tls.cert.clone_from(&self.tls_cert);
            config.tls.key.clone_from(&self.tls_key);
        }
        config.auth.allow_plaintext |= self.allow_plaintext;
        config.confine |= self.confine;
        config.user = self.user.clone().or(config.user);
        config
    }
}

/// Open the data directory for a server. A command may have it for a moment.
pub(super) async fn open(config: &Config) -> Result<Services, Failure> {
    let start = Instant::now();
    loop {
        match Services::open(&config.data, &config.limits) {
            Ok(services) => return Ok(services),
            Err(OpenError::Failed(failure)) => return Err(failure),
            Err(OpenError::Locked)
                if start.elapsed() < ADMIN_PATIENCE && !admin::is_served(&config.data).await =>
            {
                tokio::time::sleep(ADMIN_RETRY).await;
            }
            Err(OpenError::Locked) => {
                let data = config.data.display();
                let message = format!("another process has the data directory {data} open");
                return Err(Failure::new(message).hint(
                    "stop the server that runs there, or name another directory with --data",
                ));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[tokio::test]
    async fn a_server_waits_for_a_command_to_end() {
        let dir = tempfile::tempdir().unwrap();
        let config = Config { data: dir.path().to_owned(), ..Config::default() };
        let command = Services::open(dir.path(), &Config::default().limits).ok().unwrap();
        let end = async {
            tokio::time::sleep(Duration::from_millis(200)).await;
            command.store.close().await.unwrap();
        };
        assert!(tokio::join!(open(&config), end).0.is_ok());
    }
}
