//! What was computed once at delivery: the tree of a message. Computed again where it is missing.

use super::{Content, weighed};
use crate::limits::CONTENT_CHUNK;
use bytes::Bytes;
use rookery_imap_wire::FetchItem;
use rookery_mail::EmailId;
use rookery_mailbox::{Account, Row, StoreError};
use rookery_mime::{Message, Scanner};
use std::collections::VecDeque;

/// The trees of messages, one after the other: a few are fetched from the store ahead, and one is
/// unpacked at a time, as a tree can be large.
pub(super) struct Summaries<'a> {
    account: &'a Account,
    wanted: bool,
    rows: &'a [Row],
    ahead: VecDeque<(&'a Row, Option<Bytes>)>,
}

impl<'a> Summaries<'a> {
    pub(super) fn new(account: &'a Account, items: &[FetchItem], rows: &'a [Row]) -> Self {
        Self { account, wanted: items.iter().any(needs_summary), rows, ahead: VecDeque::new() }
    }

    /// The tree of the next message: `None` where it is not asked for or the message is gone.
    pub(super) async fn next(&mut self) -> Result<Option<Message>, StoreError> {
        if !self.wanted {
            return Ok(None);
        }
        if self.ahead.is_empty() {
            self.fetch().await?;
        }
        match self.ahead.pop_front() {
            None | Some((_, None)) => Ok(None),
            Some((row, Some(octets))) => Ok(tree(self.account, row, &octets).await),
        }
    }

    async fn fetch(&mut self) -> Result<(), StoreError> {
        let (some, rest) = self.rows.split_at(weighed::batch(self.rows));
        self.rows = rest;
        let emails: Vec<EmailId> = some.iter().map(|row| row.email).collect();
        let stored = self.account.store().summaries(&emails).await?;
        self.ahead = some.iter().zip(stored).collect();
        Ok(())
    }
}

/// The tree of one message: `None` where it is gone.
pub(crate) async fn of(account: &Account, row: &Row) -> Result<Option<Message>, StoreError> {
    let stored = account.store().summaries(&[row.email]).await?.pop().flatten();
    match stored {
        None => Ok(None),
        Some(octets) => Ok(tree(account, row, &octets).await),
    }
}

async fn tree(account: &Account, row: &Row, summary: &[u8]) -> Option<Message> {
    match Message::decode(summary) {
        Some(tree) => Some(tree),
        None => scan(account, row).await,
    }
}

fn needs_summary(item: &FetchItem) -> bool {
    !matches!(
        item,
        FetchItem::Uid
            | FetchItem::Flags
            | FetchItem::ModSeq
            | FetchItem::SaveDate
            | FetchItem::EmailId
            | FetchItem::ThreadId
            | FetchItem::InternalDate
            | FetchItem::Rfc822Size
    )
}

/// Look at the message itself: its summary was written by another version.
async fn scan(account: &Account, row: &Row) -> Option<Message> {
    let content = Content { account, email: row.email };
    scan_while(|_| true, row.size, &content).await.ok()
}

/// Look at a message of that size from its beginning, as long as there is need.
pub(super) async fn scan_while(
    is_needed: impl Fn(&Scanner) -> bool,
    size: u64,
    content: &Content<'_>,
) -> Result<Message, StoreError> {
    let mut scanner = Scanner::new();
    let mut start = 0;
    while start < size && is_needed(&scanner) {
        let end = size.min(start + CONTENT_CHUNK);
        scanner.push(&content.read(start..end).await?);
        start = end;
    }
    Ok(scanner.finish())
}
