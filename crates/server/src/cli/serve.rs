//! `rookery serve`.

use super::{Place, print};
use crate::config::{Address, Config};
use crate::failure::Failure;
use crate::listen::Server;
use crate::logging;
use crate::services::{OpenError, Services};
use clap::Args;
use std::path::PathBuf;

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
}

pub(super) async fn run(place: &Place, options: Options) -> Result<(), Failure> {
    let config = options.over(place.config()?);
    logging::start(&config.log);
    let services = open(&config)?;
    let server = Server::bind(config, services).await?;
    print(&server.ready_line())?;
    server.run(|| Ok(options.over(place.config()?))).await
}

impl Options {
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
        config
    }
}

/// Open the data directory for a server.
pub(super) fn open(config: &Config) -> Result<Services, Failure> {
    Services::open(&config.data, config.limits.message_size).map_err(|error| match error {
        OpenError::Failed(failure) => failure,
        OpenError::Locked => {
            let data = config.data.display();
            Failure::new(format!("another process has the data directory {data} open"))
                .hint("stop the server that runs there, or name another directory with --data")
        }
    })
}
