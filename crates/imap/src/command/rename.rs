//! RENAME (RFC 9051 §6.3.6).

use super::now;
use crate::names;
use crate::session::{Answer, Context, User, done};
use rookery_imap_wire::WireMailbox;

pub(crate) async fn run(
    context: &Context,
    user: &User,
    from: &WireMailbox,
    to: &WireMailbox,
) -> Answer {
    let from = names::existing(from, context.rev2)?;
    let to = names::parse(to, context.rev2)?;
    user.account.rename(&from, &to, now()).await?;
    done("Renamed")
}
