//! EXPUNGE and UID EXPUNGE (RFC 9051 §6.4.3, §6.4.9). The responses come from the view.

use crate::message_limit::Share;
use crate::out::Out;
use crate::progress;
use crate::selected::Selected;
use crate::session::{Answer, Context, Done, Next, User};
use rookery_imap_wire::{SequenceSet, Tag};
use rookery_mail::{SystemFlag, UidSet};
use rookery_mailbox::Row;

pub(crate) async fn run(
    context: &Context,
    user: &User,
    selected: &mut Selected,
    only: Option<&SequenceSet>,
    tag: &Tag,
    out: &mut Out<'_>,
) -> Answer {
    selected.check_writable()?;
    // EXPUNGE has no limit (RFC 9738 §3.1).
    let Share { uids, lowest } = match only {
        Some(set) => share(context, selected, selected.resolve(set, true)?),
        None => Share { uids: UidSet::all(), lowest: None },
    };
    let expunge = user.account.store().expunge(selected.id, &uids);
    let expunged = progress::finish(context, tag, expunge, out).await??;
    let code = (context.qresync && !expunged.is_empty()).then(|| selected.latest_change());
    Ok(Done::new(code, "Expunged", Next::Command).down_to(lowest))
}

/// Of those that can be expunged so many as one command may touch.
fn share(context: &Context, selected: &Selected, uids: UidSet) -> Share {
    if context.services.settings.message_limit.is_none() {
        return Share { uids, lowest: None };
    }
    let is_deleted = |row: &&Row| row.flags.system.contains(SystemFlag::Deleted);
    let snapshot = selected.open.snapshot();
    let deleted = snapshot.rows_in(&uids).filter(is_deleted).map(|row| row.uid).collect();
    Share::of(context, &selected.view, deleted)
}
