//! How large a message may be that a client appends (RFC 7889): what the server takes at most, and less where a
//! mailbox has a lower limit of its own.

use crate::session::{Context, User};
use rookery_mailbox::MailboxInfo;

/// The limit of a mailbox, in octets.
pub(crate) fn of(context: &Context, mailbox: &MailboxInfo) -> u64 {
    let most = context.services.settings.max_message_size;
    mailbox.append_limit.map_or(most, |own| own.min(most))
}

/// The limit that all mailboxes have, those to come included, if there is one (RFC 7889 §2). Nothing is promised for
/// an account that cannot be looked at.
pub(crate) async fn of_all(context: &Context, user: &User) -> Option<u64> {
    let most = context.services.settings.max_message_size;
    let list = user.account.store().mailboxes().await.ok()?;
    list.mailboxes.values().all(|mailbox| of(context, mailbox) == most).then_some(most)
}
