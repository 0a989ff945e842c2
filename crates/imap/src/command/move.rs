//! MOVE (RFC 9051 §6.4.8). COPYUID comes before the expunges (RFC 6851 §4.3), which come from the view.

use super::{copy, now};
use crate::out::Out;
use crate::selected::Selected;
use crate::session::{Answer, Context, User, done, done_with};
use rookery_imap_wire::{SequenceSet, WireMailbox};

pub(crate) async fn run(
    context: &Context,
    user: &User,
    selected: &Selected,
    (set, uid): (&SequenceSet, bool),
    mailbox: &WireMailbox,
    out: &mut Out<'_>,
) -> Answer {
    let uids = selected.resolve(set, uid)?;
    selected.check_writable()?;
    let to = copy::destination(context, user, mailbox).await?;
    if uids.is_empty() {
        return done("There was nothing to move");
    }
    copy::check_present(selected, &uids, uid)?;
    let moved = user.account.store().move_messages(selected.id, &uids, to, now()).await?;
    if let Some(code) = copy::code(moved) {
        out.ok_code(code, "Moved");
    }
    if context.qresync {
        return done_with(selected.latest_change(), "Moved");
    }
    done("Moved")
}
