//! MOVE (RFC 9051 §6.4.8). COPYUID comes before the expunges (RFC 6851 §4.3), which come from the view.

use super::{copy, now};
use crate::message_limit::{self, Share};
use crate::out::Out;
use crate::progress;
use crate::selected::Selected;
use crate::session::{Answer, Context, Done, Next, User, done};
use rookery_imap_wire::{SequenceSet, Tag, WireMailbox};

pub(crate) async fn run(
    context: &Context,
    user: &User,
    selected: &Selected,
    (set, uid): (&SequenceSet, bool),
    mailbox: &WireMailbox,
    tag: &Tag,
    out: &mut Out<'_>,
) -> Answer {
    let Share { uids, lowest } = Share::of(context, selected.resolve(set, uid)?);
    selected.check_writable()?;
    let to = copy::destination(context, user, mailbox).await?.id;
    if uids.is_empty() {
        return done("There was nothing to move");
    }
    message_limit::check_saved(context, uids.len())?;
    let absent = copy::absent(uid);
    let moving = user.account.store().move_messages(selected.id, &uids, to, absent, now());
    let moved = progress::finish(context, tag, moving, out).await??;
    if let Some(code) = copy::code(moved) {
        out.ok_code(code, "Moved");
    }
    let code = context.qresync.then(|| selected.latest_change());
    Ok(Done::new(code, "Moved", Next::Command).down_to(lowest))
}
