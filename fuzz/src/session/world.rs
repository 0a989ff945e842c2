//! A server with one account, as every conversation finds it.

use rookery_auth::StaticDirectory;
use rookery_imap::{Connections, Peer, Services, Settings, Stage, Turns, serve};
use rookery_mail::{DateTime, MailboxName};
use rookery_mailbox::{Account, MemoryStore, NewMessage, Store, initial_mailboxes};
use rookery_mime::Message;
use std::num::NonZeroU32;
use std::sync::Arc;
use tokio::io::{DuplexStream, duplex};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// The account and its password, as dialogs have them.
const USER: (&str, &str) = ("demo", "secret");

/// When the mail came, in seconds since 1970.
const NOW: i64 = 1_700_000_000;

/// Octets of the largest message. Messages are put together from others, so that they could grow with each command.
pub(super) const MESSAGE_OCTETS: u64 = 4096;

/// Messages that one command works on. A mailbox that is copied to itself would double with each command.
pub(super) const MESSAGES: NonZeroU32 = NonZeroU32::new(20).unwrap();

/// Octets that wait in each direction: all that one input can be.
const PIPE_OCTETS: usize = 1 << 20;

/// What lies in INBOX.
const MAIL: [&str; 3] = [
    "From: Ann <ann@example.org>\r\nTo: Ben <ben@example.org>\r\nSubject: one\r\nMessage-ID: <1@example.org>\r\n\
     Date: Mon, 2 Jan 2023 10:00:00 +0000\r\n\r\nThe first.\r\n",
    "From: =?utf-8?q?J=C3=BCrgen?= <j@example.org>\r\nSubject: Re: one\r\nIn-Reply-To: <1@example.org>\r\n\
     Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\nContent-Type: text/html\r\n\
     Content-Transfer-Encoding: quoted-printable\r\n\r\n<b>=C3=BC</b>\r\n--x\r\nContent-Type: message/rfc822\r\n\r\n\
     Subject: within\r\n\r\nThe inner one.\r\n--x\r\nContent-Type: application/zip; name=a.zip\r\n\
     Content-Transfer-Encoding: base64\r\n\r\nUEsFBg==\r\n--x--\r\n",
    "From: Дана <дана@пример.example>\r\nSubject: три\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nТретье.\r\n",
];

/// The server.
pub(super) struct World {
    services: Arc<Services>,
    shutdown: watch::Sender<bool>,
}

impl World {
    /// A server with a new account, and some mail.
    pub(super) async fn new() -> Self {
        let services = Services {
            store: store().await,
            directory: Arc::new(StaticDirectory::new(&[USER])),
            connections: Connections::default(),
            turns: Turns::default(),
            settings: Settings {
                starttls: true,
                allow_plaintext: true,
                uid_only: true,
                max_message_size: MESSAGE_OCTETS,
                message_limit: Some(MESSAGES),
                ..Settings::default()
            },
        };
        Self { services: Arc::new(services), shutdown: watch::channel(false).0 }
    }

    /// Connect to it: the client's end, and the conversation.
    pub(super) fn connect(&self) -> (DuplexStream, JoinHandle<()>) {
        let (near, far) = duplex(PIPE_OCTETS);
        let peer = Peer { address: None, secure: false, session: 1 };
        let (services, shutdown) = (Arc::clone(&self.services), self.shutdown.subscribe());
        let serve = serve(far, peer, services, shutdown, Stage::Greeting);
        // There is no TLS: who asks for it is hung up on.
        (near, tokio::spawn(async move { drop(serve.await) }))
    }
}

async fn store() -> Arc<dyn Store> {
    let store = MemoryStore::new();
    store.create_account(USER.0, &initial_mailboxes(), NOW).await.expect("an account");
    let account = Account::new(store.account(USER.0).await.expect("the account"));
    let inbox = account.find(&MailboxName::inbox()).await.expect("an INBOX").id;
    for text in MAIL {
        let mut content = account.store().spool().await.expect("a spool");
        content.write(text.as_bytes()).await.expect("it is written");
        let message = NewMessage {
            content,
            summary: Message::scan(text.as_bytes()).encode(),
            thread_keys: Vec::new(),
            flags: Vec::new(),
            internal_date: DateTime::from_unix(NOW),
        };
        account.store().append(inbox, vec![message], NOW).await.expect("it is appended");
    }
    Arc::new(store)
}
