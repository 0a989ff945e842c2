//! What was computed once at delivery: the tree of a message. Computed again where it is missing.

use super::Content;
use crate::limits::CONTENT_CHUNK;
use rookery_imap_wire::FetchItem;
use rookery_mail::EmailId;
use rookery_mailbox::{Account, Row, StoreError};
use rookery_mime::{Message, Scanner};

/// The trees of these messages, `None` where they are not asked for or the message is gone.
pub(super) async fn load(
    account: &Account,
    items: &[FetchItem],
    rows: &[Row],
) -> Result<Vec<Option<Message>>, StoreError> {
    if !items.iter().any(needs_summary) {
        return Ok(Vec::new());
    }
    let emails: Vec<EmailId> = rows.iter().map(|row| row.email).collect();
    let stored = account.store().summaries(&emails).await?;
    let mut trees = Vec::with_capacity(rows.len());
    for (row, stored) in rows.iter().zip(stored) {
        let tree = match stored {
            None => None,
            Some(octets) => match Message::decode(&octets) {
                Some(tree) => Some(tree),
                None => scan(account, row).await,
            },
        };
        trees.push(tree);
    }
    Ok(trees)
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
    let mut scanner = Scanner::new();
    let mut start = 0;
    while start < row.size {
        let end = row.size.min(start + CONTENT_CHUNK);
        scanner.push(&content.read(start..end).await.ok()?);
        start = end;
    }
    Some(scanner.finish())
}
