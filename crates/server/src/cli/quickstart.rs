//! `rookery quickstart`.

use super::{Place, print, serve};
use crate::config::{Address, Config, Listen};
use crate::failure::Failure;
use crate::listen::Server;
use crate::privileges::Inherited;
use crate::{logging, open_files, quickstart, tls};
use clap::Args;
use std::path::Path;

#[derive(Args)]
pub(super) struct Options {
    /// Where to accept IMAP [default: 127.0.0.1:1143]
    #[arg(long, value_name = "ADDR")]
    imap: Option<Address>,
    /// Where to accept IMAP over TLS [default: 127.0.0.1:1993]
    #[arg(long, value_name = "ADDR")]
    imaps: Option<Address>,
    /// Where to accept LMTP [default: 127.0.0.1:1024]
    #[arg(long, value_name = "ADDR")]
    lmtp: Option<Address>,
}

pub(super) async fn run(place: &Place, options: Options) -> Result<(), Failure> {
    let data = place.data.as_deref().unwrap_or(Path::new("rookery-data"));
    let config = Config::find(place.config.as_deref(), Some(data));
    let mut config = config.map_err(|error| Failure::new(error.to_string()))?;
    config.listen = options.listen();
    config.auth.allow_plaintext = true;
    logging::start(&config.log)?;
    open_files::raise();
    open_files::fit(&mut config.limits);
    let services = serve::open(&config).await?;
    // What is printed below says that it is self-signed, which is no cause for a warning here.
    tls::make_missing(&config)?;
    let server = Server::bind(config.clone(), services.clone(), Inherited::default()).await?;
    let demo = quickstart::prepare(&config.data, &services).await?;
    print(&demo.instructions(&config.data, &server.addresses()))?;
    // Whoever waits for that line may look at what was logged before it.
    logging::flush();
    print(&server.ready_line())?;
    server.run(move || Ok(config.clone())).await
}

impl Options {
    fn listen(self) -> Listen {
        let default = Listen::on_loopback();
        let or = |given: Option<Address>, default| given.map_or(default, |given| vec![given]);
        Listen {
            imap: or(self.imap, default.imap),
            imaps: or(self.imaps, default.imaps),
            lmtp: or(self.lmtp, default.lmtp),
            lmtp_mode: default.lmtp_mode,
        }
    }
}
