//! The order of commands (RFC 2033 §4, RFC 5321 §4.1.4).

use crate::clock::now;
use crate::command::{BadCommand, Command, Mail};
use crate::data::DotReader;
use crate::delivery::{Recipient, RecipientCopy, reply_to};
use crate::envelope::Path;
use crate::header::ReturnPathFilter;
use crate::limits::{MAX_ERRORS, PLACE_PATIENCE};
use crate::stream::{Gone, Line, Stream};
use crate::trace::Trace;
use crate::{Peer, Places, Services};
use rookery_mail::DateTime;
use rookery_mailbox::StoreError;
use std::sync::Arc;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::{OwnedSemaphorePermit, watch};
use tokio::time::timeout;

struct Session<'a, S> {
    services: &'a Services,
    peer: Peer,
    stream: Stream<S>,
    /// The name that the client gave itself, once it has said LHLO.
    client: Option<String>,
    /// Messages that began to come in.
    messages: u64,
    transaction: Option<Transaction>,
    /// Errors of syntax and sequence since a message was delivered. Refusals are no errors: a mail transfer
    /// agent with a long queue hears many.
    errors: u32,
}

/// What came since MAIL.
struct Transaction {
    mail: Mail,
    recipients: Vec<Recipient>,
}

enum Next {
    GoOn,
    Quit,
}

/// Hold a conversation until it ends.
pub async fn serve<S>(stream: S, peer: Peer, services: &Services, shutdown: watch::Receiver<bool>)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let stream = Stream::new(stream, shutdown);
    let mut session =
        Session { services, peer, stream, client: None, messages: 0, transaction: None, errors: 0 };
    let ended = session.run().await;
    session.say_goodbye(ended).await;
}

impl<S: AsyncRead + AsyncWrite + Unpin> Session<'_, S> {
    async fn run(&mut self) -> Result<(), Gone> {
        let greeting = format!("220 {} LMTP rookery ready", self.services.hostname);
        self.stream.reply(&greeting).await?;
        while self.errors < MAX_ERRORS {
            let parsed = match self.stream.line().await? {
                Line::Complete(line) => Command::parse(&line).map_err(BadCommand::reply),
                Line::TooLong => Err("500 5.5.2 Line too long"),
                Line::BareLf => Err("500 5.5.2 Lines end with CRLF"),
            };
            match parsed {
                Ok(command) => {
                    if let Next::Quit = self.command(command).await? {
                        return Ok(());
                    }
                }
                Err(reply) => self.error(reply).await?,
            }
        }
        self.stream.reply("421 4.7.0 Too many errors").await
    }

    async fn say_goodbye(&mut self, ended: Result<(), Gone>) {
        let last = match ended {
            Err(Gone::ShuttingDown) => self.stream.reply("421 4.3.2 Server is going down").await,
            Err(Gone::TimedOut) => self.stream.reply("421 4.4.2 Silent for too long").await,
            other => other,
        };
        if last.is_ok() {
            // The client may be gone already; it is not told anything then.
            let _ = self.stream.flush().await;
        }
        self.stream.shut_down().await;
        tracing::info!(
            session = self.peer.session,
            peer = self.peer.address,
            received = self.stream.received,
            sent = self.stream.sent,
            "lmtp: disconnected"
        );
    }

    async fn command(&mut self, command: Command) -> Result<Next, Gone> {
        match command {
            Command::Lhlo(name) => self.lhlo(name).await?,
            Command::Mail(mail) => self.mail(mail).await?,
            Command::Rcpt(path) => self.rcpt(&path).await?,
            Command::Data => self.data().await?,
            Command::Rset => {
                self.transaction = None;
                self.stream.reply("250 2.0.0 Forgotten").await?;
            }
            Command::Noop => self.stream.reply("250 2.0.0 Done").await?,
            Command::Vrfy => self.stream.reply("252 2.5.2 Send it and see").await?,
            Command::Help => {
                self.stream.reply("214 2.0.0 LHLO MAIL RCPT DATA RSET NOOP VRFY QUIT").await?;
            }
            Command::Quit => {
                self.stream.reply("221 2.0.0 Bye").await?;
                return Ok(Next::Quit);
            }
        }
        Ok(Next::GoOn)
    }

    async fn error(&mut self, reply: &str) -> Result<(), Gone> {
        self.errors += 1;
        self.stream.reply(reply).await
    }

    async fn lhlo(&mut self, name: String) -> Result<(), Gone> {
        tracing::debug!(session = self.peer.session, peer = self.peer.address, name, "lmtp: LHLO");
        (self.client, self.transaction) = (Some(name), None);
        let hostname = self.services.hostname.as_str();
        for line in [hostname, "PIPELINING", "8BITMIME", "SMTPUTF8", "ENHANCEDSTATUSCODES"] {
            self.stream.reply(&format!("250-{line}")).await?;
        }
        let size = format!("250 SIZE {}", self.services.message_size);
        self.stream.reply(&size).await
    }

    async fn mail(&mut self, mail: Mail) -> Result<(), Gone> {
        if self.client.is_none() {
            return self.error("503 5.5.1 Say LHLO first").await;
        }
        if self.transaction.is_some() {
            return self.error("503 5.5.1 MAIL was said already").await;
        }
        if mail.size.is_some_and(|size| size > self.services.message_size) {
            return self.stream.reply("552 5.3.4 Message too big").await;
        }
        if !mail.utf8 && mail.sender.as_ref().is_some_and(Path::is_utf8) {
            return self.stream.reply("553 5.6.7 Such an address needs SMTPUTF8").await;
        }
        self.transaction = Some(Transaction { mail, recipients: Vec::new() });
        self.stream.reply("250 2.1.0 Sender taken").await
    }

    async fn rcpt(&mut self, path: &Path) -> Result<(), Gone> {
        let Some(transaction) = &mut self.transaction else {
            return self.error("503 5.5.1 Say MAIL first").await;
        };
        if transaction.recipients.len() >= self.services.recipients {
            return self.stream.reply("452 4.5.3 Too many recipients").await;
        }
        if !transaction.mail.utf8 && path.is_utf8() {
            return self.stream.reply("553 5.6.7 Such an address needs SMTPUTF8").await;
        }
        let is_first = transaction.recipients.is_empty();
        let Some(place) = place(&self.services.places, is_first).await else {
            let reply = "451 4.3.2 Too many messages at once, try again later";
            return self.stream.reply(reply).await;
        };
        match Recipient::find(self.services, path, place).await {
            Ok(Some(recipient)) => {
                transaction.recipients.push(recipient);
                self.stream.reply("250 2.1.5 Recipient taken").await
            }
            Ok(None) => {
                tracing::info!(
                    session = self.peer.session,
                    peer = self.peer.address,
                    recipient = path.text,
                    "lmtp: no such user"
                );
                self.stream.reply("550 5.1.1 No such user").await
            }
            Err(error) => {
                self.log_failure(&path.text, &error);
                self.stream.reply(reply_to(&error)).await
            }
        }
    }

    /// A copy for each recipient.
    async fn begin(&mut self, transaction: Transaction) -> Vec<RecipientCopy> {
        self.messages += 1;
        let sender = transaction.mail.sender.map_or(String::new(), |path| path.text);
        let trace = Trace {
            sender: &sender,
            client: self.client.as_deref().unwrap_or_default(),
            peer: &self.peer,
            hostname: &self.services.hostname,
            utf8: transaction.mail.utf8,
            message: self.messages,
            date: DateTime::from_unix(now()),
        };
        let mut copies = Vec::new();
        for recipient in transaction.recipients {
            copies.push(RecipientCopy::begin(recipient, &trace).await);
        }
        copies
    }

    async fn data(&mut self) -> Result<(), Gone> {
        let Some(transaction) = self.transaction.take_if(|some| !some.recipients.is_empty()) else {
            return self.error("503 5.5.1 No recipient was taken").await;
        };
        self.stream.reply("354 Send the message, end with CRLF.CRLF").await?;
        let mut copies = self.begin(transaction).await;
        let size = self.receive(&mut copies).await?;
        for copy in copies {
            if size > self.services.message_size {
                self.stream.reply("552 5.3.4 Message too big").await?;
            } else {
                self.deliver(copy).await?;
            }
        }
        Ok(())
    }

    /// Take the message and hand it to the copies; says how large it was. What is too big is not stored.
    async fn receive(&mut self, copies: &mut [RecipientCopy]) -> Result<u64, Gone> {
        let (mut dots, mut filter) = (DotReader::new(), ReturnPathFilter::new());
        let (mut message, mut kept) = (Vec::new(), Vec::new());
        let mut size = 0;
        while !dots.is_complete() {
            let octets = self.stream.octets().await?;
            let taken = dots.read(&octets, &mut message);
            self.stream.give_back(octets.get(taken..).unwrap_or_default());
            size += message.len() as u64;
            filter.filter(&message, &mut kept);
            message.clear();
            if size <= self.services.message_size {
                write_all(copies, &kept).await;
            }
            kept.clear();
        }
        filter.finish(&mut kept);
        write_all(copies, &kept).await;
        Ok(size)
    }

    async fn deliver(&mut self, copy: RecipientCopy) -> Result<(), Gone> {
        let (recipient, result) = copy.deliver().await;
        let account = recipient.account_name.as_str();
        match result {
            Ok(delivered) => {
                self.errors = 0;
                tracing::info!(
                    session = self.peer.session,
                    peer = self.peer.address,
                    account,
                    mailbox = delivered.mailbox.as_str(),
                    size = delivered.size,
                    "lmtp: delivered"
                );
                self.stream.reply("250 2.0.0 Delivered").await
            }
            Err(error) => {
                self.log_failure(account, &error);
                self.stream.reply(reply_to(&error)).await
            }
        }
    }

    fn log_failure(&self, recipient: &str, error: &StoreError) {
        let (session, peer) = (self.peer.session, &self.peer.address);
        tracing::error!(session, peer, recipient, %error, "lmtp: not delivered");
    }
}

/// A place for a recipient. The first one of a message waits until there is one, if that does not take too long.
async fn place(places: &Places, is_first: bool) -> Option<OwnedSemaphorePermit> {
    let places = Arc::clone(&places.0);
    match is_first {
        true => timeout(PLACE_PATIENCE, places.acquire_owned()).await.ok()?.ok(),
        false => places.try_acquire_owned().ok(),
    }
}

async fn write_all(copies: &mut [RecipientCopy], octets: &[u8]) {
    if !octets.is_empty() {
        for copy in copies {
            copy.write(octets).await;
        }
    }
}
