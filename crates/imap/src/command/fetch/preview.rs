//! PREVIEW (RFC 8970): the first words, found when the message was delivered.

use super::Content;
use super::summary::{Summary, scan_while};
use crate::session::{Context, User};
use rookery_imap_wire::FetchItem;
use rookery_mailbox::StoreError;
use rookery_mime::Scanner;

/// Say who looks at previews, which can take the server some work (RFC 8970 §8).
pub(super) fn log(context: &Context, user: &User, items: &[FetchItem]) {
    if items.iter().any(|item| matches!(item, FetchItem::Preview { .. })) {
        tracing::debug!(session = context.peer.session, account = user.name, "fetches previews");
    }
}

/// The first words of a message. Where an older version did not look for them, they are looked for now, or not at all
/// by those who cannot wait (RFC 8970 §4.1).
pub(super) async fn find(
    summary: &Summary,
    lazy: bool,
    content: &Content<'_>,
) -> Result<Option<String>, StoreError> {
    let known = summary.preview()?;
    if lazy || known.is_some() {
        return Ok(known);
    }
    let is_open = |scanner: &Scanner| !scanner.has_preview();
    let scanned = scan_while(is_open, summary.size(), content).await?;
    Ok(Some(scanned.preview.unwrap_or_default()))
}
