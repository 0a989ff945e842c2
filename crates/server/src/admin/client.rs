//! The asking side: through the running server's socket, or within the process.

use super::execute::serve;
use super::{AccountSummary, ListedMessage, MailboxDetails, Request, Response, frame, socket_path};
use crate::config::Config;
use crate::failure::Failure;
use crate::limits::{ADMIN_PATIENCE, ADMIN_RETRY, MAX_ADMIN_CHUNK};
use crate::services::{OpenError, Services, is_data};
use std::io;
use std::time::Instant;
use tokio::io::{AsyncRead, AsyncWrite, DuplexStream};
use tokio::net::UnixStream;
use tokio::task::JoinHandle;

/// A connection to whoever has the data directory open.
pub(crate) struct Client {
    stream: Box<dyn Stream>,
    own: Option<Own>,
}

trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl Stream for UnixStream {}
impl Stream for DuplexStream {}

/// The store, where this process has it open itself.
struct Own {
    services: Services,
    serving: JoinHandle<io::Result<()>>,
}

impl Client {
    /// Reach the running server, or open the data directory if none runs.
    pub(crate) async fn connect(config: &Config) -> Result<Self, Failure> {
        let data = &config.data;
        if !is_data(data)? {
            return Err(Failure::new(format!("there is no data directory {}", data.display()))
                .hint(
                    "name it with --data, or make it with `rookery account add NAME` or `rookery serve`",
                ));
        }
        let start = Instant::now();
        loop {
            if let Ok(stream) = UnixStream::connect(socket_path(data)).await {
                return Ok(Self { stream: Box::new(stream), own: None });
            }
            match Services::open(data, &config.limits) {
                Ok(services) => return Ok(Self::within(services)),
                Err(OpenError::Failed(failure)) => return Err(failure),
                Err(OpenError::Locked) if start.elapsed() < ADMIN_PATIENCE => {
                    tokio::time::sleep(ADMIN_RETRY).await;
                }
                Err(OpenError::Locked) => {
                    let data = data.display();
                    return Err(Failure::new(format!(
                        "another process has {data} open, but does not answer at {data}/rookery.sock"
                    ))
                    .hint(
                        "wait until the other command is done; if it is a server, its log says why it has no socket there",
                    ));
                }
            }
        }
    }

    /// Ask services of this process.
    pub(crate) fn within(services: Services) -> Self {
        let (near, far) = tokio::io::duplex(2 * MAX_ADMIN_CHUNK);
        let served = services.clone();
        let serving = tokio::spawn(async move { serve(far, &served).await });
        Self { stream: Box::new(near), own: Some(Own { services, serving }) }
    }

    /// Ask for something that needs no message.
    pub(crate) async fn ask(&mut self, request: &Request) -> Result<Response, Failure> {
        self.begin(request).await?;
        self.answer().await
    }

    /// All accounts, however many answers they take.
    pub(crate) async fn accounts(&mut self) -> Result<Vec<AccountSummary>, Failure> {
        let mut all: Vec<AccountSummary> = Vec::new();
        loop {
            let after = all.last().map(|last| last.name.clone());
            match self.ask(&Request::AccountList { after }).await? {
                Response::Accounts { accounts, more } => {
                    all.extend(accounts);
                    if !more {
                        return Ok(all);
                    }
                }
                _ => return Err(Failure::unexpected_answer()),
            }
        }
    }

    /// All mailboxes of an account, however many answers they take.
    pub(crate) async fn mailboxes(
        &mut self,
        account: &str,
    ) -> Result<Vec<MailboxDetails>, Failure> {
        let mut all: Vec<MailboxDetails> = Vec::new();
        loop {
            let after = all.last().map(|last| last.name.clone());
            let request = Request::MailboxList { account: account.to_owned(), after };
            match self.ask(&request).await? {
                Response::Mailboxes { mailboxes, more } => {
                    all.extend(mailboxes);
                    if !more {
                        return Ok(all);
                    }
                }
                _ => return Err(Failure::unexpected_answer()),
            }
        }
    }

    /// All messages of a mailbox, however many answers they take.
    pub(crate) async fn messages(
        &mut self,
        account: &str,
        mailbox: &str,
    ) -> Result<Vec<ListedMessage>, Failure> {
        let mut all: Vec<ListedMessage> = Vec::new();
        loop {
            let after = all.last().map(|last| last.uid);
            let (account, mailbox) = (account.to_owned(), mailbox.to_owned());
            match self.ask(&Request::MessageList { account, mailbox, after }).await? {
                Response::Messages { messages, more } => {
                    all.extend(messages);
                    if !more {
                        return Ok(all);
                    }
                }
                _ => return Err(Failure::unexpected_answer()),
            }
        }
    }

    /// A message; `None` if it is gone.
    pub(crate) async fn content(
        &mut self,
        account: &str,
        mailbox: &str,
        uid: u32,
    ) -> Result<Option<Vec<u8>>, Failure> {
        let (account, mailbox) = (account.to_owned(), mailbox.to_owned());
        match self.ask(&Request::MessageContent { account, mailbox, uid }).await? {
            Response::Gone => return Ok(None),
            Response::Content => {}
            _ => return Err(Failure::unexpected_answer()),
        }
        let mut octets = Vec::new();
        loop {
            match frame::read_piece(&mut self.stream).await.map_err(|error| lost(&error))? {
                piece if piece.is_empty() => return Ok(Some(octets)),
                piece => octets.extend(piece),
            }
        }
    }

    /// Ask for something that messages are to follow.
    pub(crate) async fn begin(&mut self, request: &Request) -> Result<(), Failure> {
        frame::write(&mut self.stream, request).await.map_err(|error| lost(&error))
    }

    /// Send octets of the present message.
    pub(crate) async fn send(&mut self, octets: &[u8]) -> Result<(), Failure> {
        frame::write_piece(&mut self.stream, octets).await.map_err(|error| lost(&error))
    }

    /// The present message is complete.
    pub(crate) async fn end_message(&mut self) -> Result<(), Failure> {
        frame::end_message(&mut self.stream).await.map_err(|error| lost(&error))
    }

    /// The answer to what was asked for.
    pub(crate) async fn answer(&mut self) -> Result<Response, Failure> {
        match frame::read(&mut self.stream).await.map_err(|error| lost(&error))? {
            Some(Response::Failed(failure)) => Err(failure),
            Some(response) => Ok(response),
            None => Err(lost(&io::ErrorKind::UnexpectedEof.into())),
        }
    }

    /// Let go of the connection, and of the store if this process has it open.
    pub(crate) async fn close(self) -> Result<(), Failure> {
        drop(self.stream);
        if let Some(own) = self.own {
            // What it would report was reported when it was asked for.
            let _ = own.serving.await;
            own.services.store.close().await?;
        }
        Ok(())
    }
}

fn lost(error: &io::Error) -> Failure {
    Failure::io("the connection to the server was lost", error)
        .hint("look whether it still runs; what was not confirmed may or may not have been done")
        .at_last()
}
