//! RENAME (RFC 9051 §6.3.6).

use super::{list, now};
use crate::names;
use crate::out::Out;
use crate::session::{Answer, Context, User, done};
use rookery_imap_wire::{ListExtended, WireMailbox};

pub(crate) async fn run(
    context: &Context,
    user: &User,
    (from, to): (&WireMailbox, &WireMailbox),
    out: &mut Out<'_>,
) -> Answer {
    let old = names::existing(from, context.speaks_utf8())?;
    let new = names::parse(to, context.speaks_utf8())?;
    user.account.rename(&old, &new, now()).await?;
    let normalized = |wire, name| !names::old_name(wire, context.speaks_utf8(), name).is_empty();
    if context.rev2 && (normalized(from, &old) || normalized(to, &new)) {
        let list = user.account.store().mailboxes().await?;
        let old_name = vec![ListExtended::OldName(from.clone())];
        list::announce(context, &list, &new, old_name, out);
    }
    done("Renamed")
}
