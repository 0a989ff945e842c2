//! A server in this process with much mail, and the longest poll of each command.

use crate::Fallible;
use crate::mail;
use rookery_mail::{DateTime, Flag, MailboxId, MailboxName, SystemFlag, Uid, UidSet};
use rookery_mailbox::delivery::Incoming;
use rookery_mailbox::{Absent, Account, FlagChange, FlagOperation, NewMailbox, Store};
use rookery_store_local::LocalStore;
use rookery_testkit::client::Client;
use rookery_testkit::dialog::Host;
use rookery_testkit::host::InProcess;
use rookery_testkit::polls::{KEPT_OCTETS, Polls};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::duplex;
use tokio::sync::watch;

const NOW: i64 = 1_790_000_000;

/// Octets that wait in each direction before a writer has to.
const PIPE_OCTETS: usize = 64 << 10;

/// The longest poll of each row, and where it stands in the table.
pub(crate) type Longest = BTreeMap<&'static str, (usize, Duration)>;

/// A server, and what was measured of it.
pub(crate) struct Stage {
    store: Arc<dyn Store>,
    host: InProcess,
    account: Account,
    polls: Polls,
    pub(crate) client: Client,
    pub(crate) longest: Longest,
}

impl Stage {
    pub(crate) async fn new(dir: &Path) -> Fallible<Self> {
        let (store, polls): (Arc<dyn Store>, _) =
            (Arc::new(LocalStore::open(dir)?), Polls::default());
        let host = InProcess::new(Arc::clone(&store), NOW).await?.watched(polls.clone());
        let account = Account::new(store.account(host.user()).await?);
        let client = Client::new(host.connect().await?, KEPT_OCTETS, b"* OK").await?;
        let longest = Longest::default();
        let mut stage = Self { store, host, account, polls, client, longest };
        stage.log_in().await?;
        Ok(stage)
    }

    async fn log_in(&mut self) -> Fallible<()> {
        let login = format!("x LOGIN {} {}\r\n", self.host.user(), self.host.password());
        self.client.send(login.as_bytes(), b"x OK").await
    }

    /// Another connection takes the place of the client.
    pub(crate) async fn reconnect(&mut self) -> Fallible<()> {
        self.client = Client::new(self.host.connect().await?, KEPT_OCTETS, b"* OK").await?;
        self.log_in().await
    }

    /// A command, unmeasured.
    pub(crate) async fn quietly(&mut self, command: &str) -> Fallible<()> {
        self.client.send(format!("x {command}\r\n").as_bytes(), b"x OK").await
    }

    /// A command, and how long it kept the thread.
    pub(crate) async fn row(&mut self, name: &'static str, command: &str) -> Fallible<()> {
        self.octets(name, format!("x {command}\r\n").as_bytes(), b"x OK").await
    }

    /// The same, of these octets.
    pub(crate) async fn octets(
        &mut self,
        name: &'static str,
        octets: &[u8],
        answer: &[u8],
    ) -> Fallible<()> {
        self.settle().await;
        match self.client.send(octets, answer).await {
            // What is too much is refused, and that takes its time, too.
            Err(refusal) if refusal.to_string().starts_with("x NO") => {}
            sent => sent.map_err(|error| format!("{name}: {error}"))?,
        }
        self.note(name).await;
        Ok(())
    }

    /// Append a message and look how long that kept the thread.
    pub(crate) async fn append(
        &mut self,
        name: &'static str,
        to: &str,
        message: &[u8],
    ) -> Fallible<()> {
        let head = format!("x APPEND {to} {{{}+}}\r\n", message.len());
        self.octets(name, &[head.as_bytes(), message, b"\r\n"].concat(), b"x OK").await
    }

    /// The same by LMTP.
    pub(crate) async fn deliver(&mut self, name: &'static str, message: &[u8]) -> Fallible<()> {
        let (near, far) = duplex(PIPE_OCTETS);
        let services = rookery_lmtp::Services {
            store: Arc::clone(&self.store),
            hostname: "localhost".to_owned(),
            message_size: 64 << 20,
            recipients: 10,
            places: rookery_lmtp::Places::default(),
        };
        let polls = self.polls.clone();
        let (up, down) = watch::channel(false);
        tokio::spawn(async move {
            let peer = rookery_lmtp::Peer { address: "here".to_owned(), session: 0 };
            polls.watch(rookery_lmtp::serve(far, peer, &services, down)).await;
            drop(up);
        });
        let mut client = Client::new(Box::new(near), KEPT_OCTETS, b"220").await?;
        client.send(b"LHLO here\r\n", b"250 ").await?;
        client.send(b"MAIL FROM:<>\r\n", b"250").await?;
        let recipient = format!("RCPT TO:<{}@example.org>\r\n", self.host.user());
        client.send(recipient.as_bytes(), b"250").await?;
        client.send(b"DATA\r\n", b"354").await?;
        self.settle().await;
        client.send(&[message, b".\r\n"].concat(), b"250").await?;
        self.note(name).await;
        Ok(())
    }

    /// Wait until what was begun before is over, and forget it.
    async fn settle(&self) {
        tokio::time::sleep(Duration::from_millis(2)).await;
        let _ = self.polls.take_longest();
    }

    /// What runs behind the answer counts, too.
    async fn note(&mut self, name: &'static str) {
        tokio::time::sleep(Duration::from_millis(1)).await;
        let (place, took) = (self.longest.len(), self.polls.take_longest());
        let row = self.longest.entry(name).or_insert((place, Duration::ZERO));
        row.1 = row.1.max(took);
    }

    pub(crate) async fn id(&self, mailbox: &str) -> Fallible<MailboxId> {
        Ok(self.account.find(&MailboxName::new(mailbox)?).await?.id)
    }

    pub(crate) async fn uid_validity(&self, mailbox: &str) -> Fallible<u32> {
        let id = self.id(mailbox).await?;
        Ok(self.account.store().status(id).await?.uid_validity.get())
    }

    /// Make a mailbox of so many messages, a power of two.
    pub(crate) async fn fill(&self, mailbox: &str, messages: u32) -> Fallible<MailboxId> {
        let id = self.account.create(&MailboxName::new(mailbox)?, None, NOW).await?.id;
        let mut incoming = Incoming::new(&self.account).await?;
        incoming.write(&mail::short()).await?;
        let message = incoming.finish(Vec::new(), DateTime::from_unix(NOW));
        self.account.store().append(id, vec![message], NOW).await?;
        for _ in 0..messages.ilog2() {
            let all = UidSet::all();
            self.account.store().copy(id, &all, id, Absent::Skip, NOW).await?;
        }
        Ok(id)
    }

    /// Somebody else copies everything.
    pub(crate) async fn copy(&self, from: MailboxId, to: &str) -> Fallible<MailboxId> {
        let to = self.account.create(&MailboxName::new(to)?, None, NOW).await?.id;
        self.account.store().copy(from, &UidSet::all(), to, Absent::Skip, NOW).await?;
        Ok(to)
    }

    /// Somebody else expunges every so manieth message.
    pub(crate) async fn thin(
        &self,
        mailbox: MailboxId,
        messages: u32,
        step: usize,
    ) -> Fallible<()> {
        let uids = (1..=messages).step_by(step).filter_map(Uid::new).collect();
        self.expunge(mailbox, uids).await
    }

    /// Somebody else expunges these.
    pub(crate) async fn expunge(&self, mailbox: MailboxId, uids: UidSet) -> Fallible<()> {
        self.mark(mailbox, &uids).await?;
        self.account.store().expunge(mailbox, &uids).await?;
        Ok(())
    }

    /// Somebody else sets `\Deleted`.
    pub(crate) async fn mark(&self, mailbox: MailboxId, uids: &UidSet) -> Fallible<()> {
        self.flag(mailbox, uids, SystemFlag::Deleted, FlagOperation::Add).await
    }

    /// Somebody else sets a flag of some, or takes it away.
    pub(crate) async fn flag(
        &self,
        mailbox: MailboxId,
        uids: &UidSet,
        flag: SystemFlag,
        operation: FlagOperation,
    ) -> Fallible<()> {
        let change = FlagChange { operation, flags: vec![Flag::System(flag)] };
        self.account.store().store_flags(mailbox, uids, &change, None).await?;
        Ok(())
    }

    /// Make many mailboxes, three levels deep, and subscribe to them.
    pub(crate) async fn make_mailboxes(&self, count: usize) -> Fallible<()> {
        let name = |at: usize| MailboxName::new(&format!("many/{}/{at}", at % 100));
        let top = ["many".to_owned()].into_iter();
        let above: Vec<_> = top.chain((0..100).map(|at| format!("many/{at}"))).collect();
        let above = above.iter().map(|name| MailboxName::new(name));
        let names = above.chain((0..count).map(name)).collect::<Result<Vec<_>, _>>()?;
        let new = names.into_iter();
        let new: Vec<_> =
            new.map(|name| NewMailbox { name, special_use: None, subscribed: true }).collect();
        self.account.store().create(&new, NOW).await?;
        Ok(())
    }
}
