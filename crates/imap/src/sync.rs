//! What others did, told to the client where it may be told.

use crate::out::Out;
use crate::refusal::Failure;
use crate::selected::Selected;
use crate::session::{Context, User};
use rookery_imap_wire::{FetchData, Response};
use rookery_mail::{Uid, UidRange};
use rookery_mailbox::{Event, Expunges, Refused, Row, Snapshot, StoreError};

/// Bring the client's view up to date.
pub(crate) async fn tell(
    context: &Context,
    user: &User,
    selected: &mut Selected,
    expunges: Expunges,
    out: &mut Out<'_>,
) -> Result<(), Failure> {
    // Seen before it is looked at, so that no wake is lost.
    selected.wake.mark_unchanged();
    let snapshot = selected.open.snapshot();
    let events = selected.view.sync(&snapshot, expunges);
    for event in events {
        match event {
            Event::Expunge { number, .. } => out.send(&Response::Expunge(number)),
            Event::Exists(count) => {
                out.send(&Response::Exists(count));
                if !context.rev2 {
                    update_recent(user, selected).await?;
                    out.send(&Response::Recent(recent_count(selected)));
                }
            }
            Event::Flags { number, row } => {
                out.send(&flags(context, selected, &snapshot, number, &row));
            }
        }
        out.drain().await?;
    }
    Ok(())
}

/// The FETCH response that tells a message's flags. Always with its UID, so that a client that
/// counts in UIDs can use it.
pub(crate) fn flags(
    context: &Context,
    selected: &Selected,
    snapshot: &Snapshot,
    number: u32,
    row: &Row,
) -> Response {
    let recent = !context.rev2 && selected.recent.contains(row.uid);
    let flags = FetchData::Flags { flags: snapshot.flags(row.flags), recent };
    Response::Fetch { number, items: vec![FetchData::Uid(row.uid), flags] }
}

/// How many of the messages that the client knows are recent.
pub(crate) fn recent_count(selected: &Selected) -> u32 {
    let known = selected.recent.intersection(&selected.view.uids());
    u32::try_from(known.len()).unwrap_or(u32::MAX)
}

/// Claim the messages that are new to everybody, or only look at them where the mailbox is read-only.
pub(crate) async fn update_recent(user: &User, selected: &mut Selected) -> Result<(), Failure> {
    let store = user.account.store();
    let range = if selected.read_only {
        store.first_recent(selected.id).await.map(|first| Some(UidRange::new(first, Uid::MAX)))
    } else {
        store.claim_recent(selected.id).await
    };
    match range {
        Ok(Some(range)) => selected.recent.insert_range(range),
        // Nothing is recent in a mailbox that is gone.
        Ok(None) | Err(StoreError::Refused(Refused::NoSuchMailbox)) => {}
        Err(error) => return Err(error.into()),
    }
    Ok(())
}
