//! CHANGEDSINCE and VANISHED (RFC 7162 §3.1.4.1, §3.2.6): only what has happened after a moment.

use crate::changes;
use crate::out::Out;
use crate::refusal::{Failure, Refusal};
use crate::selected::{self, Selected};
use crate::session::{Context, User};
use crate::sync;
use rookery_imap_wire::{Fetch, FetchItem, FetchModifier};
use rookery_mail::{ModSeq, Uid, UidSet};

/// The moment, and whether expunges are wanted too.
pub(super) struct Since {
    modseq: ModSeq,
    vanished: bool,
}

/// What the modifiers ask for.
pub(super) fn of(context: &Context, command: &Fetch) -> Result<Option<Since>, Refusal> {
    let (mut moment, mut vanished) = (None, false);
    for modifier in &command.modifiers {
        match modifier {
            FetchModifier::ChangedSince(modseq) => moment = ModSeq::new(*modseq),
            FetchModifier::Vanished => vanished = true,
            FetchModifier::Partial(_) => {}
            FetchModifier::Other(_) => return Err(Refusal::bad("Unknown modifier")),
        }
    }
    if vanished && !(context.qresync && command.uid && moment.is_some()) {
        return Err(Refusal::bad("VANISHED needs UID FETCH, CHANGEDSINCE, and QRESYNC enabled"));
    }
    Ok(moment.map(|modseq| Since { modseq, vanished }))
}

/// Those of the messages that have changed; what was expunged is told at once.
pub(super) async fn narrow(
    since: &Since,
    uids: UidSet,
    command: &mut Fetch,
    (user, selected): (&User, &Selected),
    out: &mut Out<'_>,
) -> Result<UidSet, Failure> {
    // The one implies the other (RFC 7162 §3.1.4.1).
    if !command.items.contains(&FetchItem::ModSeq) {
        command.items.push(FetchItem::ModSeq);
    }
    let vanished = match since.vanished {
        false => UidSet::new(),
        true => {
            // `*` is above whatever was there, or `1:*` would not ask for the last ones.
            let last = selected.open.snapshot().uid_next().and_then(Uid::previous);
            selected::uids(&command.set, last.or(selected.view.last_uid()))
        }
    };
    let asked = changes::Since { modseq: since.modseq, among: uids, vanished };
    let found = asked.find(user, &selected.view, &selected.open).await?;
    sync::tell_vanished(true, &found.vanished, out).await?;
    Ok(found.changed)
}
