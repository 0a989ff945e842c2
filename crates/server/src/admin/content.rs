//! Requests that read messages.

use super::mailbox::{name, open};
use super::{ListedMessage, MessageDetails, Response, frame};
use crate::failure::Failure;
use crate::limits::MAX_ADMIN_LISTED;
use crate::services::Services;
use bytes::Bytes;
use rookery_mail::{Uid, UidRange, UidSet};
use rookery_mailbox::{Account, Refused, Row, Snapshot, StoreError};
use std::io;
use std::sync::Arc;
use tokio::io::AsyncWrite;

/// The messages whose UIDs come after this one, as many as fit into an answer.
pub(super) async fn list(
    services: &Services,
    account: &str,
    mailbox: &str,
    after: Option<u32>,
) -> Result<Response, Failure> {
    let (_, snapshot) = snapshot(services, account, mailbox).await?;
    let first = Uid::new(after.unwrap_or(0).saturating_add(1)).unwrap_or(Uid::MAX);
    let uids: UidSet = std::iter::once(UidRange::new(first, Uid::MAX)).collect();
    let mut rest = snapshot.rows_in(&uids);
    let messages = rest.by_ref().take(MAX_ADMIN_LISTED).map(|row| listed(&snapshot, row)).collect();
    Ok(Response::Messages { messages, more: rest.next().is_some() })
}

/// Send a message behind an answer that announces it. It is read whole first, so that a damaged one is refused.
pub(super) async fn send(
    services: &Services,
    (account, mailbox, uid): (&str, &str, u32),
    to: &mut (impl AsyncWrite + Unpin),
) -> io::Result<()> {
    match read(services, account, mailbox, uid).await {
        Err(failure) => frame::write(to, &Response::Failed(failure)).await,
        Ok(None) => frame::write(to, &Response::Gone).await,
        Ok(Some(octets)) => {
            frame::write(to, &Response::Content).await?;
            frame::write_piece(to, &octets).await?;
            frame::end_message(to).await
        }
    }
}

async fn read(
    services: &Services,
    account: &str,
    mailbox: &str,
    uid: u32,
) -> Result<Option<Bytes>, Failure> {
    let (account, snapshot) = snapshot(services, account, mailbox).await?;
    let Some(row) = Uid::new(uid).and_then(|uid| snapshot.row(uid)) else { return Ok(None) };
    match account.store().content(row.email, 0..row.size).await {
        Err(StoreError::Refused(Refused::NoSuchMessage)) => Ok(None),
        read => Ok(Some(read?)),
    }
}

async fn snapshot(
    services: &Services,
    of: &str,
    mailbox: &str,
) -> Result<(Account, Arc<Snapshot>), Failure> {
    let account = open(services, of).await?;
    let opened = account.open(&name(mailbox)?).await;
    let (_, opened) = opened.map_err(|error| Failure::of_mailbox(of, mailbox, error))?;
    Ok((account, opened.snapshot()))
}

fn listed(snapshot: &Snapshot, row: &Row) -> ListedMessage {
    let flags = snapshot.flags(row.flags);
    let details = MessageDetails {
        flags: flags.iter().map(|flag| flag.as_str().to_owned()).collect(),
        received: row.internal_date.unix(),
        zone: row.internal_date.offset_minutes(),
    };
    ListedMessage { uid: row.uid.get(), size: row.size, details }
}
