//! DELETE (RFC 9051 §6.3.5).

use super::list;
use crate::names;
use crate::out::Out;
use crate::session::{Answer, Context, User, done};
use rookery_imap_wire::WireMailbox;

pub(crate) async fn run(
    context: &Context,
    user: &User,
    mailbox: &WireMailbox,
    out: &mut Out<'_>,
) -> Answer {
    let name = names::existing(mailbox, context.speaks_utf8())?;
    user.account.delete(&name).await?;
    list::announce_normalized(context, user, (mailbox, &name), out).await?;
    done("Deleted")
}
