//! Requests that bring messages.

use super::mailbox::{name, open};
use super::{MessageDetails, Response, frame};
use crate::clock::now;
use crate::failure::Failure;
use crate::limits::MAX_ADMIN_MESSAGES;
use crate::services::Services;
use rookery_mail::{DateTime, Flag, MailboxName};
use rookery_mailbox::Account;
use rookery_mailbox::delivery::{self, Incoming};
use rookery_mailbox::{MailboxInfo, Refused, StoreError};
use std::io;
use tokio::io::AsyncRead;

/// The messages that follow a request.
pub(super) struct Messages<'a> {
    stream: &'a mut (dyn AsyncRead + Unpin + Send),
    left: usize,
}

impl<'a> Messages<'a> {
    pub(super) fn new(stream: &'a mut (dyn AsyncRead + Unpin + Send), left: usize) -> Self {
        Self { stream, left }
    }

    /// The next piece of the present message; `None` at its end.
    async fn piece(&mut self) -> io::Result<Option<Vec<u8>>> {
        if self.left == 0 {
            return Ok(None);
        }
        let piece = frame::read_piece(self.stream).await?;
        if piece.is_empty() {
            self.left -= 1;
            return Ok(None);
        }
        Ok(Some(piece))
    }

    /// Pass over what nobody wanted, so that the next request can be found.
    pub(super) async fn skip_rest(&mut self) -> io::Result<()> {
        while self.left > 0 {
            self.piece().await?;
        }
        Ok(())
    }
}

pub(super) async fn deliver(
    services: &Services,
    account: &str,
    mailbox: Option<&str>,
    messages: &mut Messages<'_>,
) -> Result<Response, Failure> {
    let of = account;
    let account = open(services, account).await?;
    let mailbox = mailbox.map(name).transpose()?;
    if let Some(mailbox) = &mailbox {
        let found = account.find(mailbox).await;
        found.map_err(|error| Failure::of_mailbox(of, mailbox.as_str(), error))?;
    }
    let incoming = receive(&account, messages, services.message_size).await?;
    let (info, appended) = delivery::deliver(&account, incoming, mailbox.as_ref(), now()).await?;
    let uid = appended.uids.first().map_or(0, rookery_mail::Uid::get);
    Ok(Response::Delivered { mailbox: info.name.as_str().to_owned(), uid })
}

pub(super) async fn append(
    services: &Services,
    account: &str,
    mailbox: &str,
    details: &[MessageDetails],
    messages: &mut Messages<'_>,
) -> Result<Response, Failure> {
    if details.len() > MAX_ADMIN_MESSAGES {
        return Err(Failure::new(format!("at most {MAX_ADMIN_MESSAGES} messages at once")));
    }
    let account = open(services, account).await?;
    let mailbox = find_or_create(&account, &name(mailbox)?).await?;
    let mut new = Vec::new();
    for details in details {
        let incoming = receive(&account, messages, services.message_size).await?;
        let date = DateTime::with_offset(details.received, details.zone);
        new.push(incoming.complete(flags(&details.flags)?, date).await?);
    }
    if !new.is_empty() {
        account.store().append(mailbox.id, new, now()).await?;
    }
    Ok(Response::Done)
}

async fn receive(
    account: &Account,
    messages: &mut Messages<'_>,
    most: u64,
) -> Result<Incoming, Failure> {
    let mut incoming = Incoming::new(account).await?;
    let broken = |error: io::Error| Failure::io("receiving a message", &error);
    while let Some(piece) = messages.piece().await.map_err(broken)? {
        incoming.write(&piece).await?;
        if incoming.len() > most {
            return Err(Failure::new(format!("the message is larger than {most} octets"))
                .hint("limits.message_size in the configuration raises the limit"));
        }
    }
    if incoming.is_empty() {
        return Err(Failure::new("the message is empty"));
    }
    Ok(incoming)
}

async fn find_or_create(account: &Account, name: &MailboxName) -> Result<MailboxInfo, StoreError> {
    match account.find(name).await {
        Err(StoreError::Refused(Refused::NoSuchMailbox)) => {}
        found => return found,
    }
    match account.create(name, None, now()).await {
        // Somebody else was quicker.
        Err(StoreError::Refused(Refused::AlreadyExists)) => account.find(name).await,
        Ok(info) => {
            account.store().subscribe(name, true).await?;
            Ok(info)
        }
        failed => failed,
    }
}

fn flags(texts: &[String]) -> Result<Vec<Flag>, Failure> {
    let parse = |text: &String| Flag::parse(text).map_err(|error| Failure::new(error.to_string()));
    texts.iter().map(parse).collect()
}
