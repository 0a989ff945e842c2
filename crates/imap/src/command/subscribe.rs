//! SUBSCRIBE and UNSUBSCRIBE (RFC 9051 §6.3.7, §6.3.8). A name need not exist to be subscribed to.

use crate::names;
use crate::session::{Answer, Context, User, done};
use rookery_imap_wire::WireMailbox;

pub(crate) async fn run(
    context: &Context,
    user: &User,
    mailbox: &WireMailbox,
    subscribed: bool,
) -> Answer {
    let name = names::parse(mailbox, context.speaks_utf8())?;
    user.account.store().subscribe(&name, subscribed).await?;
    done(if subscribed { "Subscribed" } else { "Unsubscribed" })
}
