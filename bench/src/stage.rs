//! One of the servers, filled, with what workloads need to be run on it.

use crate::Fallible;
use crate::client::{Client, Way};
use crate::corpus::Corpus;
use crate::fill;
use crate::servers::{Flush, Kind, Server, Settings, Site, USER};
use crate::sizes::{Sizes, account};
use std::collections::HashSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The mailbox of each account that has one of a certain size.
pub(crate) const LARGE: &str = "Large";
/// The mailbox of `ada` with all messages of the corpus.
pub(crate) const CORPUS: &str = "Corpus";

/// How often something is done at the least that is done for a while.
const LEAST: u64 = 2;

/// A server and its data.
pub(crate) struct Stage {
    pub(crate) kind: Kind,
    pub(crate) site: Site,
    pub(crate) corpus: Arc<Corpus>,
    pub(crate) sizes: Sizes,
    /// Counts the runs, so that each can have mailboxes of its own.
    pub(crate) run: u32,
    settings: Settings,
    server: Option<Server>,
    filled: HashSet<String>,
    capabilities: String,
}

impl Stage {
    /// Start the server so that it is filled soon.
    pub(crate) fn new(kind: Kind, site: Site, corpus: Arc<Corpus>, sizes: Sizes) -> Fallible<Self> {
        let settings = Settings { flush: Flush::Never, delay: Duration::ZERO };
        let server = Some(site.start(settings)?);
        let (filled, capabilities) = (HashSet::new(), String::new());
        let mut stage =
            Self { kind, site, corpus, sizes, run: 0, settings, server, filled, capabilities };
        let capabilities = stage.client()?.text("CAPABILITY")?;
        stage.capabilities = String::from_utf8_lossy(&capabilities).into_owned();
        Ok(stage)
    }

    /// The server.
    pub(crate) fn server(&self) -> Fallible<&Server> {
        self.server.as_ref().ok_or_else(|| "the server is not started".into())
    }

    /// Whether clients that are logged in are told of this capability.
    pub(crate) fn advertises(&self, capability: &str) -> bool {
        self.capabilities.split_whitespace().any(|word| word == capability)
    }

    /// End the server and start it again with these settings, if it has others.
    pub(crate) fn with(&mut self, settings: Settings) -> Fallible<()> {
        if self.settings != settings || self.server.is_none() {
            self.settings = settings;
            self.restart()?;
        }
        Ok(())
    }

    /// End the server and start it again, so that nothing is loaded.
    pub(crate) fn restart(&mut self) -> Fallible<()> {
        self.server = None;
        self.server = Some(self.site.start(self.settings)?);
        Ok(())
    }

    /// A client of `ada`.
    pub(crate) fn client(&self) -> Fallible<Client> {
        self.client_of(USER)
    }

    /// A client of somebody, without TLS.
    pub(crate) fn client_of(&self, user: &str) -> Fallible<Client> {
        Client::new(self.server()?, Way::Plain, user)
    }

    /// A client of each of so many accounts.
    pub(crate) fn workers(&self, workers: usize) -> Fallible<Vec<Client>> {
        (0..workers).map(|worker| self.client_of(&format!("w{worker}"))).collect()
    }

    /// Do this once.
    pub(crate) fn once(
        &mut self,
        what: &str,
        fill: impl FnOnce(&Self) -> Fallible<()>,
    ) -> Fallible<()> {
        if self.filled.insert(what.to_owned()) {
            fill(self).map_err(|error| format!("{what}: {error}"))?;
        }
        Ok(())
    }

    /// The account with a mailbox of so many messages.
    pub(crate) fn need_large(&mut self, messages: u32) -> Fallible<()> {
        let user = account(messages);
        self.once(&user, |stage| fill::mailbox(&mut stage.client_of(&user)?, LARGE, messages))
    }

    /// The mailbox of real mail; each octet of it is looked at.
    pub(crate) fn need_corpus(&mut self) -> Fallible<()> {
        self.once(CORPUS, |stage| {
            let mut client = stage.client()?;
            client.command(&format!("CREATE {CORPUS}"))?;
            let messages = stage.corpus.messages.iter().map(Vec::as_slice);
            fill::append_all(&mut client, CORPUS, messages)?;
            client.command(&format!("SELECT {CORPUS}"))?;
            for (number, message) in stage.corpus.messages.iter().enumerate() {
                let got = client.text(&format!("FETCH {} BODY.PEEK[]", number + 1))?;
                if !got.windows(message.len()).any(|octets| octets == message) {
                    return Err(format!("message {} came back changed", number + 1).into());
                }
            }
            Ok(())
        })
    }

    /// The name of a mailbox of this run alone.
    pub(crate) fn fresh(&self) -> String {
        format!("Fresh{}", self.run)
    }
}

/// Do something again and again for so long, a few times at the least; how often it was.
pub(crate) fn repeat(span: Duration, mut what: impl FnMut() -> Fallible<()>) -> Fallible<u64> {
    let (start, mut times) = (Instant::now(), 0);
    while times < LEAST || start.elapsed() < span {
        what()?;
        times += 1;
    }
    Ok(times)
}

/// Let each of these clients do something at the same time, until all are done; how many operations it was.
pub(crate) fn together<C: Send>(
    clients: &mut [C],
    what: impl Fn(usize, &mut C) -> Fallible<u64> + Sync,
) -> Fallible<u64> {
    let what = &what;
    std::thread::scope(|scope| {
        let threads: Vec<_> = clients
            .iter_mut()
            .enumerate()
            .map(|(number, client)| {
                scope.spawn(move || what(number, client).map_err(|error| error.to_string()))
            })
            .collect();
        let mut operations = 0;
        for thread in threads {
            operations += thread.join().map_err(|_| "a client failed")??;
        }
        Ok(operations)
    })
}
