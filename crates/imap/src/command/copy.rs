//! COPY (RFC 9051 §6.4.7), and what it shares with MOVE.

use super::now;
use crate::long_code;
use crate::message_limit;
use crate::names;
use crate::out::{Out, Sent};
use crate::progress;
use crate::refusal::{Failure, Refusal};
use crate::selected::Selected;
use crate::session::{Answer, Context, Done, Next, User, done};
use rookery_imap_wire::{Code, SequenceSet, Tag, WireMailbox};
use rookery_mail::UidSet;
use rookery_mailbox::{Absent, Copied, MailboxInfo, Refused, Snapshot, StoreError};

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
    let named = selected.view.count(&uids);
    let to = destination(context, user, mailbox).await?.id;
    message_limit::check_saved(context, named.into())?;
    if named == 0 {
        return done("There was nothing to copy");
    }
    check_scattered(context, selected, &uids)?;
    let copy = user.account.store().copy(selected.id, &uids, to, absent(uid, named), now());
    let copied = progress::finish(context, tag, copy, out).await?;
    let copied = copied.map_err(|error| unless_gone(error, selected))?;
    Ok(Done::new(code(copied), "Copied", Next::Command))
}

/// A copy is of all so many messages or of none (RFC 9051 §6.4.7). UIDs that are gone are like those that never were.
pub(crate) fn absent(uid: bool, named: u32) -> Absent {
    if uid { Absent::Skip } else { Absent::RefuseBelow(named.into()) }
}

/// Refuse what would be answered with more ranges of UIDs than there is memory for: before anything is copied, for the answer
/// has to name all that was.
pub(crate) fn check_scattered(
    context: &Context,
    selected: &Selected,
    uids: &UidSet,
) -> Result<(), Refusal> {
    let most = context.budget().copied(selected.own_octets());
    refuse_scattered(&selected.open.snapshot(), uids, most)
}

fn refuse_scattered(snapshot: &Snapshot, uids: &UidSet, most: usize) -> Result<(), Refusal> {
    if snapshot.count_ranges(uids) > most {
        return Err(Refusal::no(Code::Limit, "There are too many gaps between these messages"));
    }
    Ok(())
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
        Err(error) => Err(no_destination(error)),
    }
}

/// What a client is told whose messages cannot go where they should: that the mailbox is missing, be it from the beginning or since
/// somebody deleted it, it can mend.
pub(crate) fn no_destination(error: StoreError) -> Failure {
    match error {
        StoreError::Refused(Refused::NoSuchMailbox) => {
            Refusal::no(Code::TryCreate, "There is no such mailbox").into()
        }
        error => error.into(),
    }
}

/// The same where messages come from a mailbox that may be gone as well.
pub(crate) fn unless_gone(error: StoreError, from: &Selected) -> Failure {
    if from.open.snapshot().is_deleted() { error.into() } else { no_destination(error) }
}

/// Print OK with a COPYUID, piece by piece: it may name very many ranges.
pub(crate) async fn tell(
    tag: &str,
    (validity, sets): (u32, [&UidSet; 2]),
    text: &str,
    out: &mut Out<'_>,
) -> Sent {
    long_code::tell(&format!("{tag} OK [COPYUID {validity}"), &sets, text, out).await
}

/// COPYUID, unless nothing was copied (RFC 4315 §3).
pub(crate) fn code(copied: Copied) -> Option<Code> {
    let Copied { uid_validity, source, destination } = copied;
    let copied_any = |set: &UidSet| !set.is_empty();
    copied_any(&source).then(|| Code::CopyUid { validity: uid_validity.get(), source, destination })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::budget::Budget;
    use crate::limits::{DEFAULT_MEMORY, MIN_MEMORY};
    use crate::out::tests::Written;
    use crate::selected::tests::snapshot_of;
    use rookery_imap_wire::Response;
    use rookery_mail::Uid;
    use std::time::Duration;

    /// The messages with the UIDs 2, 4, 6 and so on up to 200.
    fn snapshot() -> Snapshot {
        snapshot_of(&(2..=200).step_by(2).filter_map(Uid::new).collect())
    }

    #[test]
    fn a_copy_of_too_many_ranges_is_refused() {
        let (snapshot, all) = (snapshot(), UidSet::all());
        assert_eq!(refuse_scattered(&snapshot, &all, 100), Ok(()));
        let refused = refuse_scattered(&snapshot, &all, 99).unwrap_err();
        assert_eq!(refused.code, Some(Code::Limit));
        let some = all.at(0..10);
        assert_eq!(refuse_scattered(&snapshot, &some, 5), Ok(()));
        // A million messages of which every second one is left, and what a view takes that is one's own.
        let budget = Budget::after_login(DEFAULT_MEMORY);
        assert!(budget.copied(0) >= 500_000 && budget.view() >= 12 * 500_000);
        assert!(Budget::after_login(MIN_MEMORY).copied(1 << 30) == 0);
    }

    #[tokio::test]
    async fn a_long_copyuid_is_never_whole_in_memory() {
        let source: UidSet = (1..100_000).step_by(2).filter_map(Uid::new).collect();
        let destination: UidSet = (7..50_007).filter_map(Uid::new).collect();
        let mut written = Written::default();
        let mut out = Out::new(&mut written, Duration::MAX, crate::Turns::default());
        tell("a", (9, [&source, &destination]), "Copied", &mut out).await.unwrap();
        out.flush().await.unwrap();
        assert!(written.most < 32 * 1024, "{} octets at once", written.most);
        let code = Code::CopyUid { validity: 9, source, destination };
        let Ok(Response::Tagged { code: Some(told), .. }) =
            Response::parse(written.octets.strip_suffix(b"\r\n").unwrap_or_default())
        else {
            panic!("it is a tagged response with a code");
        };
        assert!(told == code);
    }
}
