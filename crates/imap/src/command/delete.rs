//! DELETE (RFC 9051 §6.3.5).

use crate::names;
use crate::session::{Answer, Context, User, done};
use rookery_imap_wire::WireMailbox;

pub(crate) async fn run(context: &Context, user: &User, mailbox: &WireMailbox) -> Answer {
    let name = names::existing(mailbox, context.rev2)?;
    user.account.delete(&name).await?;
    done("Deleted")
}
