//! STORE (RFC 9051 §6.4.6), conditional with UNCHANGEDSINCE (RFC 7162 §3.1.3).

use crate::limits::PIECES_IN_A_TURN;
use crate::message_limit::Share;
use crate::out::Out;
use crate::progress;
use crate::refusal::Refusal;
use crate::selected::Selected;
use crate::session::{Answer, Context, Done, Next, User};
use crate::sync;
use crate::walk::Few;
use rookery_imap_wire::{Code, Store, StoreAction, StoreModifier, Tag, WireFlag};
use rookery_mail::{Flag, ModSeq, UidSet};
use rookery_mailbox::{Expunges, FlagChange, FlagOperation, Stored};
use tokio::task::yield_now;

pub(crate) async fn run(
    context: &Context,
    user: &User,
    selected: &mut Selected,
    tag: &Tag,
    store: &Store,
    out: &mut Out<'_>,
) -> Answer {
    let unchanged_since = unchanged_since(store)?;
    let share = Share::of(context, &selected.view, selected.resolve(&store.set, store.uid)?);
    let uids = &share.uids;
    let change = change(store)?;
    selected.check_writable()?;
    // So that only what others do from here on can be mistaken for this change. The flags of the
    // messages themselves are told once they have changed: a client may take its own change for done
    // when it sends the command, or when it is answered.
    let held = (Expunges::Hold, uids);
    let now = selected.open.snapshot().highest_modseq();
    let owed = sync::tell_up_to(context, user, selected, now, held, out).await?;
    let (engine, known) = (user.account.store(), selected.view.synced());
    let storing = engine.store_flags_known(selected.id, uids, &change, unchanged_since, known);
    let stored = progress::finish(context, tag, storing, out).await?;
    let stored = match stored {
        Ok(stored) => stored,
        Err(error) => {
            // Nothing has changed, and what was withheld is still to be told.
            let all = (&owed, &UidSet::new());
            sync::tell_changed(context, selected, ModSeq::MAX, all, out).await?;
            return Err(error.into());
        }
    };
    match stored.modseq {
        // The client needs to hear of no more than what others did meanwhile.
        Some(modseq) if store.silent => {
            selected.view.hush(&uids.difference(&stored.overtaken), modseq);
        }
        Some(modseq) => selected.view.hush(uids, modseq),
        None => {}
    }
    answer(context, user, selected, (store, &share), (stored, owed), out).await
}

/// Tell the client of the messages, and of what others did if it may not be told later.
async fn answer(
    context: &Context,
    user: &User,
    selected: &mut Selected,
    (store, share): (&Store, &Share),
    (stored, owed): (Stored, UidSet),
    out: &mut Out<'_>,
) -> Answer {
    let Stored { modified, as_of, .. } = stored;
    let mut walk = share.walk(&selected.open.snapshot());
    if store.silent {
        // What came later is told behind the next command, or it would seem to be older than this.
        let expunges = if store.uid { Expunges::Tell } else { Expunges::Hold };
        let all = (expunges, &UidSet::new());
        sync::tell_up_to(context, user, selected, as_of, all, out).await?;
    }
    let mut found = 0;
    while let Some(Few { rows, names }) = walk.next(selected, out) {
        for row in &rows {
            found += 1;
            let is_told = !store.silent
                || (row.modseq <= as_of && (owed.contains(row.uid) || modified.contains(row.uid)));
            match selected.view.number(row.uid) {
                Some(number) if is_told => {
                    sync::tell_flags(context, selected, &names, (number, row), out);
                }
                // Silence does not hide modification sequences (RFC 7162 §3.1.3).
                Some(number) if context.condstore => {
                    sync::tell_modseq(context, (number, row.uid), row.modseq.min(as_of), out);
                }
                _ => {}
            }
            out.drain().await?;
        }
    }
    let some_are_gone = found < selected.view.count(&share.uids);
    let done = outcome(store, selected, modified, some_are_gone).await;
    Ok(Done { told: store.silent, ..done.down_to(share.lowest) })
}

async fn outcome(
    store: &Store,
    selected: &Selected,
    modified: UidSet,
    some_are_gone: bool,
) -> Done {
    if !modified.is_empty() {
        let modified = if store.uid { modified } else { numbers(selected, &modified).await };
        let code = Code::Modified(modified);
        return Done::new(Some(code), "Some of the messages had changed", Next::Command);
    }
    if some_are_gone && !store.uid {
        let code = Code::ExpungeIssued;
        return Done::new(Some(code), "Some of the messages are gone", Next::Command);
    }
    Done::new(None, "Stored", Next::Command)
}

/// The numbers of messages, looked up in pieces that keep nobody else waiting.
async fn numbers(selected: &Selected, uids: &UidSet) -> UidSet {
    let mut numbers = UidSet::new();
    for piece in uids.ranges().chunks(PIECES_IN_A_TURN) {
        let found = selected.view.numbers(&piece.iter().copied().collect());
        found.ranges().iter().for_each(|range| numbers.insert_range(*range));
        yield_now().await;
    }
    numbers
}

fn unchanged_since(store: &Store) -> Result<Option<ModSeq>, Refusal> {
    let mut since = None;
    for modifier in &store.modifiers {
        match modifier {
            StoreModifier::UnchangedSince(_) if since.is_some() => {
                return Err(Refusal::bad("UNCHANGEDSINCE can be given once"));
            }
            StoreModifier::UnchangedSince(modseq) => since = ModSeq::new(*modseq),
            StoreModifier::Other(_) => return Err(Refusal::bad("Unknown modifier")),
        }
    }
    Ok(since)
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
        WireFlag::Unknown(text) if text.starts_with(b"\\") => {
            Err(Refusal::bad("Unknown system flag"))
        }
        WireFlag::Unknown(_) => Err(Refusal::no(Code::Limit, "A keyword is too long")),
    });
    flags.collect()
}
