//! Our own server in this process: one account on an engine, reached through memory.

use crate::dialog::{Connecting, Host, Limiting, Setting, Stream};
use crate::polls::Polls;
use rookery_auth::StaticDirectory;
use rookery_imap::{Connections, Peer, Services, Settings, Stage, Turns, serve};
use rookery_mailbox::{Account, Refused, Store, StoreError, initial_mailboxes, names};
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::io::duplex;
use tokio::sync::watch;

/// The login name of the account.
const USER: &str = "demo";

/// Its password.
const PASSWORD: &str = "secret";

/// Octets that wait in each direction before a writer has to.
const PIPE_OCTETS: usize = 64 << 10;

/// A server with one fresh account.
pub struct InProcess {
    services: Arc<Services>,
    decided: Vec<Setting>,
    conversations: Arc<AtomicUsize>,
    polls: Option<Polls>,
    shutdown: watch::Sender<bool>,
}

impl InProcess {
    /// Make the account in this store, with the mailboxes of a new account, and serve it; `now` in
    /// seconds since 1970.
    ///
    /// # Errors
    /// What the store says.
    pub async fn new(store: Arc<dyn Store>, now: i64) -> Result<Self, StoreError> {
        Self::with(store, now, &[]).await
    }

    /// The same, with what an administrator decided.
    ///
    /// # Errors
    /// What the store says.
    pub async fn with(
        store: Arc<dyn Store>,
        now: i64,
        decided: &[Setting],
    ) -> Result<Self, StoreError> {
        store.create_account(USER, &initial_mailboxes(), now).await?;
        let services = Services {
            store,
            directory: Arc::new(directory(decided)),
            connections: Connections::default(),
            turns: Turns::default(),
            settings: settings(decided),
        };
        let (services, decided) = (Arc::new(services), decided.to_vec());
        let (conversations, shutdown) = (Arc::default(), watch::channel(false).0);
        Ok(Self { services, decided, conversations, polls: None, shutdown })
    }

    /// Take note of how long the conversations to come keep their thread.
    #[must_use]
    pub fn watched(self, polls: Polls) -> Self {
        Self { polls: Some(polls), ..self }
    }

    /// How many conversations are being held. One whose client is gone counts until its last command
    /// has ended.
    #[must_use]
    pub fn conversations(&self) -> usize {
        self.conversations.load(Ordering::SeqCst)
    }
}

impl InProcess {
    async fn limit(&self, mailbox: &str, octets: u64) -> Result<(), StoreError> {
        let store = self.services.store.account(USER).await?;
        let name = names::parse(mailbox).map_err(|_| Refused::BadName)?;
        let info = Account::new(Arc::clone(&store)).find(&name).await?;
        store.set_append_limit(info.id, Some(octets)).await
    }
}

fn settings(decided: &[Setting]) -> Settings {
    let mut settings = Settings { allow_plaintext: true, uid_only: true, ..Settings::default() };
    for setting in decided {
        match setting {
            Setting::MessageLimit(limit) => settings.message_limit = Some(*limit),
            Setting::SaveLimit(limit) => settings.save_limit = Some(*limit),
            Setting::Connections(most) => settings.connections_per_account = *most,
            Setting::Hide(name) => settings.hidden.hide(name).expect("it can be hidden"),
            Setting::HideFromAccount(_) => {}
        }
    }
    settings
}

fn directory(decided: &[Setting]) -> StaticDirectory {
    let hidden = decided.iter().filter_map(|setting| match setting {
        Setting::HideFromAccount(name) => Some(name.clone()),
        _ => None,
    });
    StaticDirectory::new(&[(USER, PASSWORD)]).hiding(hidden.collect())
}

impl Host for InProcess {
    fn user(&self) -> &str {
        USER
    }

    fn password(&self) -> &str {
        PASSWORD
    }

    fn has(&self, settings: &[Setting]) -> bool {
        self.decided == settings
    }

    fn set_append_limit<'a>(&'a self, mailbox: &'a str, octets: u64) -> Limiting<'a> {
        Box::pin(async move { self.limit(mailbox, octets).await.map_err(io::Error::other) })
    }

    fn connect(&self) -> Connecting<'_> {
        let (near, far) = duplex(PIPE_OCTETS);
        let peer = Peer { address: None, secure: false, session: 0 };
        let (services, shutdown) = (Arc::clone(&self.services), self.shutdown.subscribe());
        let conversations = Arc::clone(&self.conversations);
        conversations.fetch_add(1, Ordering::SeqCst);
        let conversation = async move {
            serve(far, peer, services, shutdown, Stage::Greeting).await;
            conversations.fetch_sub(1, Ordering::SeqCst);
        };
        match self.polls.clone() {
            Some(polls) => tokio::spawn(async move { polls.watch(conversation).await }),
            None => tokio::spawn(conversation),
        };
        Box::pin(async move { Ok(Box::new(near) as Box<dyn Stream>) })
    }
}
