//! COPY (RFC 9051 §6.4.7), and what it shares with MOVE.

use super::now;
use crate::message_limit;
use crate::names;
use crate::out::Out;
use crate::progress;
use crate::refusal::{Failure, Refusal};
use crate::selected::Selected;
use crate::session::{Answer, Context, Done, Next, User, done};
use rookery_imap_wire::{Code, SequenceSet, Tag, WireMailbox};
use rookery_mail::UidSet;
use rookery_mailbox::{Absent, Copied, MailboxInfo, Refused, StoreError};

pub(crate) async fn run(
    context: &Context,
    user: &User,
    selected: &Selected,
    (set, uid): (&SequenceSet, bool),
    mailbox: &WireMailbox,
    tag: &Tag,
    out: &mut Out<'_>,
) -> Answer {
    let uids = selected.resolve(set, uid)?;
    let to = destination(context, user, mailbox).await?.id;
    message_limit::check_saved(context, uids.len())?;
    if uids.is_empty() {
        return done("There was nothing to copy");
    }
    let copy = user.account.store().copy(selected.id, &uids, to, absent(uid), now());
    let copied = progress::finish(context, tag, copy, out).await??;
    Ok(Done::new(code(copied), "Copied", Next::Command))
}

/// A copy is of all messages or of none (RFC 9051 §6.4.7). UIDs that are gone are like those that never were.
pub(crate) fn absent(uid: bool) -> Absent {
    if uid { Absent::Skip } else { Absent::Refuse }
}

/// The mailbox that messages go to; the client is told when it could create it (RFC 9051 §7.1: TRYCREATE).
pub(crate) async fn destination(
    context: &Context,
    user: &User,
    mailbox: &WireMailbox,
) -> Result<MailboxInfo, Failure> {
    let name = names::parse(mailbox, context.speaks_utf8())?;
    match user.account.find(&name).await {
        Ok(info) => Ok(info),
        Err(StoreError::Refused(Refused::NoSuchMailbox)) => {
            Err(Refusal::no(Code::TryCreate, "There is no such mailbox").into())
        }
        Err(error) => Err(error.into()),
    }
}

/// COPYUID, unless nothing was copied (RFC 4315 §3).
pub(crate) fn code(copied: Copied) -> Option<Code> {
    let Copied { uid_validity, source, destination } = copied;
    let copied_any = |set: &UidSet| !set.is_empty();
    copied_any(&source).then(|| Code::CopyUid { validity: uid_validity.get(), source, destination })
}
