//! STORE (RFC 9051 §6.4.6).

use crate::out::Out;
use crate::refusal::Refusal;
use crate::selected::Selected;
use crate::session::{Answer, Context, User, done, done_with};
use crate::sync;
use rookery_imap_wire::{Code, Store, StoreAction, WireFlag};
use rookery_mail::Flag;
use rookery_mailbox::{Expunges, FlagChange, FlagOperation};

pub(crate) async fn run(
    context: &Context,
    user: &User,
    selected: &mut Selected,
    store: &Store,
    out: &mut Out<'_>,
) -> Answer {
    if !store.modifiers.is_empty() {
        return Err(Refusal::bad("Unknown modifier").into());
    }
    let uids = selected.resolve(&store.set, store.uid)?;
    let change = change(store)?;
    selected.check_writable()?;
    // So that only what others do from here on can be mistaken for this change.
    let before = sync::tell(context, user, selected, Expunges::Hold, out).await?;
    let engine = user.account.store();
    let stored = engine.store_flags(selected.id, &uids, &change, None).await?;
    if store.silent {
        selected.view.hush_silent(&before, &stored, &uids, &change);
    } else if let Some(modseq) = stored.modseq {
        selected.view.hush(&uids, modseq);
    }
    sync::keywords(selected, &stored.snapshot, out);
    let mut found = 0;
    for row in stored.snapshot.rows_in(&uids) {
        found += 1;
        let number = selected.view.number(row.uid).filter(|_| !store.silent);
        if let Some(number) = number {
            out.send(&sync::flags(context, selected, &stored.snapshot, number, row));
            out.drain().await?;
        }
    }
    if found < uids.len() && !store.uid {
        return done_with(Code::ExpungeIssued, "Some of the messages are gone");
    }
    done("Stored")
}

fn change(store: &Store) -> Result<FlagChange, Refusal> {
    let operation = match store.action {
        StoreAction::Replace => FlagOperation::Replace,
        StoreAction::Add => FlagOperation::Add,
        StoreAction::Remove => FlagOperation::Remove,
    };
    Ok(FlagChange { operation, flags: settable(&store.flags)? })
}

/// The flags that a client wants to set, unless there is one among them that no client can set.
pub(crate) fn settable(flags: &[WireFlag]) -> Result<Vec<Flag>, Refusal> {
    let flags = flags.iter().map(|flag| match flag {
        WireFlag::Flag(flag) => Ok(flag.clone()),
        WireFlag::Recent => Err(Refusal::bad("\\Recent cannot be changed")),
        WireFlag::Unknown(_) => Err(Refusal::bad("Unknown system flag")),
    });
    flags.collect()
}
