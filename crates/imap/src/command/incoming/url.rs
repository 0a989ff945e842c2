//! The octets that a URL of CATENATE names (RFC 4469 §3): those that FETCH would send for its section. Only the
//! account's own messages have URLs here.

use crate::command::fetch::section::{self, Octets};
use crate::command::fetch::{Content, summary};
use crate::names;
use crate::session::User;
use rookery_imap_wire::{MessageUrl, UrlMailbox, WireMailbox};
use rookery_mail::{DELIMITER, EmailId, MailboxId, Uid};
use rookery_mailbox::{OpenMailbox, Refused, StoreError};
use std::sync::Arc;

/// Where the octets of a URL are; nothing if it leads nowhere. Relative URLs are relative to the selected mailbox.
pub(super) async fn find(
    user: &User,
    selected: Option<MailboxId>,
    url: &[u8],
) -> Result<Option<(EmailId, Octets)>, StoreError> {
    let Some(url) = MessageUrl::parse(url) else { return Ok(None) };
    match octets(user, selected, &url).await {
        Err(StoreError::Refused(_)) => Ok(None),
        found => found,
    }
}

async fn octets(
    user: &User,
    selected: Option<MailboxId>,
    url: &MessageUrl,
) -> Result<Option<(EmailId, Octets)>, StoreError> {
    let snapshot = mailbox(user, selected, &url.mailbox).await?.snapshot();
    let is_valid = url.uid_validity.is_none_or(|said| said.get() == snapshot.uid_validity().get());
    let row = Uid::new(url.uid.get()).and_then(|uid| snapshot.row(uid)).filter(|_| is_valid);
    let Some(row) = row.cloned() else { return Ok(None) };
    drop(snapshot);
    let Some(tree) = summary::of(&user.account, &row).await? else { return Ok(None) };
    let content = Content::new(&user.account, row.email);
    let found = section::find(&tree, &url.section, url.partial, &content, true).await?;
    Ok(found.map(|octets| (row.email, octets)))
}

async fn mailbox(
    user: &User,
    selected: Option<MailboxId>,
    mailbox: &UrlMailbox,
) -> Result<Arc<OpenMailbox>, StoreError> {
    let selected_mailbox = || selected.ok_or(Refused::NoSuchMailbox);
    match mailbox {
        UrlMailbox::Selected => user.account.store().open(selected_mailbox()?).await,
        UrlMailbox::Absolute(name) => named(user, name).await,
        UrlMailbox::Relative(name) => {
            let list = user.account.store().mailboxes().await?;
            let base = list.mailboxes.values().find(|info| Some(info.id) == selected);
            let above = base.and_then(|info| info.name.as_str().rsplit_once(DELIMITER));
            let name = above.map_or(name.clone(), |(above, _)| format!("{above}{DELIMITER}{name}"));
            named(user, &name).await
        }
    }
}

/// The mailbox of a name in UTF-8 (RFC 5092 §5), or in the modified UTF-7 that clients copy from LIST.
async fn named(user: &User, text: &str) -> Result<Arc<OpenMailbox>, StoreError> {
    let wire = WireMailbox(text.as_bytes().to_vec());
    for utf8 in [true, false] {
        let Ok(name) = names::existing(&wire, utf8) else { continue };
        match user.account.open(&name).await {
            Ok((_, open)) => return Ok(open),
            Err(StoreError::Refused(Refused::NoSuchMailbox)) => {}
            Err(error) => return Err(error),
        }
    }
    Err(Refused::NoSuchMailbox.into())
}
