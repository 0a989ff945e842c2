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
    let Share { uids, lowest } = Share::of(context, &selected.view, selected.resolve(set, uid)?);
    selected.check_writable()?;
    let to = copy::destination(context, user, mailbox).await?.id;
    let named = selected.view.count(&uids);
    if named == 0 {
        return done("There was nothing to move");
    }
    message_limit::check_saved(context, named.into())?;
    copy::check_scattered(context, selected, &uids)?;
    let absent = copy::absent(uid, named);
    let moving = user.account.store().move_messages(selected.id, &uids, to, absent, now());
    let moved = progress::finish(context, tag, moving, out).await?;
    let moved = moved.map_err(|error| copy::unless_gone(error, selected))?;
    if !moved.source.is_empty() {
        let sets = [&moved.source, &moved.destination];
        copy::tell("*", (moved.uid_validity.get(), sets), "Moved", out).await?;
    }
    let code = context.qresync.then(|| selected.latest_change());
    Ok(Done::new(code, "Moved", Next::Command).down_to(lowest))
}
