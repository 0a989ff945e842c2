//! What others did, told to the client where it may be told.

use crate::conn::NoInput;
use crate::limits::VANISHED_RANGES;
use crate::out::Out;
use crate::refusal::Failure;
use crate::selected::{Selected, ToldKeywords};
use crate::session::{Context, User};
use crate::walk::{Few, Walk};
use rookery_imap_wire::{Code, FetchData, Response, print};
use rookery_mail::{Flag, ModSeq, SystemFlag, Uid, UidRange, UidSet};
use rookery_mailbox::heavy::{self, NotDone};
use rookery_mailbox::{Expunges, FlagNames, News, Refused, Row, Snapshot, StoreError};
use std::sync::Arc;
use tokio::task::yield_now;

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
    let latest = selected.open.snapshot().highest_modseq();
    let nothing = UidSet::new();
    tell_up_to(context, user, selected, latest, (expunges, &nothing), out).await.map(drop)
}

/// Bring the client's view up to a moment, but withhold the flags of some messages; says of which. Flags are told as they are
/// when their turn comes.
pub(crate) async fn tell_up_to(
    context: &Context,
    user: &User,
    selected: &mut Selected,
    as_of: ModSeq,
    (expunges, except): (Expunges, &UidSet),
    out: &mut Out<'_>,
) -> Result<UidSet, Failure> {
    let now = selected.open.snapshot();
    keywords(selected, &now, out);
    drop(now);
    let news = catch_up(user, selected, as_of, expunges).await?;
    if context.tells_vanished() {
        tell_vanished(false, news.gone(), out).await?;
    } else {
        for (number, _) in news.expunges() {
            out.send(&Response::Expunge(number));
            out.drain().await?;
        }
    }
    if let Some(count) = news.exists() {
        out.send(&Response::Exists(count));
        if !context.rev2 {
            update_recent(user, selected).await?;
            out.send(&Response::Recent(recent_count(selected)));
        }
    }
    tell_changed(context, selected, as_of, (news.changed(), except), out).await
}

/// Tell the flags of these messages, but withhold those of some; says of which. What has changed after a moment is left for when all
/// is told up to then: a client takes the highest modification sequence that it has heard of for what it knows.
pub(crate) async fn tell_changed(
    context: &Context,
    selected: &mut Selected,
    as_of: ModSeq,
    (changed, except): (&UidSet, &UidSet),
    out: &mut Out<'_>,
) -> Result<UidSet, Failure> {
    let mut withheld = UidSet::new();
    let mut walk = Walk::up(changed);
    while let Some(Few { rows, names }) = walk.next(selected, out) {
        for row in &rows {
            if except.contains(row.uid) {
                withheld.insert(row.uid);
            } else if row.modseq <= as_of
                && let Some(number) = selected.view.number(row.uid)
            {
                tell_flags(context, selected, &names, (number, row), out);
            }
            out.drain().await?;
        }
    }
    Ok(withheld)
}

/// Bring the client's view up to a moment, where that keeps nobody else waiting.
async fn catch_up(
    user: &User,
    selected: &mut Selected,
    as_of: ModSeq,
    expunges: Expunges,
) -> Result<News, Failure> {
    if selected.view.knows_all_of(as_of) {
        return Ok(News::default());
    }
    let open = Arc::clone(&selected.open);
    let mut syncing = std::mem::take(&mut selected.view).begin_sync(as_of, expunges);
    let now = open.snapshot();
    let is_short = !syncing.step(&now) && syncing.ends_soon(&now);
    drop(now);
    let (view, news) = if is_short {
        syncing.finish(&open.snapshot())
    } else {
        let work = async move {
            while syncing.step(&open.snapshot()) {
                yield_now().await;
            }
            syncing.finish(&open.snapshot())
        };
        let done = heavy::in_turns(user.account.owner(), work).await;
        // Without the view nothing can be told any more.
        done.map_err(|NotDone| Failure::Ended(NoInput::Hangup))?
    };
    selected.view = view;
    Ok(news)
}

/// A client that loses its connection must not believe that it knows of expunges which are held back
/// while later changes were told: tell it from where to go on (RFC 7162 §3.2).
pub(crate) fn settle(selected: &mut Selected, code: &mut Option<Code>, out: &mut Out<'_>) {
    let delayed = !selected.view.held_back().is_empty();
    if !delayed && !selected.modseq_delayed {
        return;
    }
    selected.modseq_delayed = delayed;
    let settled = Code::HighestModSeq(selected.view.settled().get());
    match code {
        None | Some(Code::HighestModSeq(_)) => *code = Some(settled),
        Some(_) => out.ok_code(settled, "Everything up to here is told"),
    }
}

/// Tell of expunges now (RFC 7162 §3.2.10.2), or of `earlier` ones, from before the client selected the mailbox
/// (RFC 7162 §3.2.10.1).
pub(crate) async fn tell_vanished(
    earlier: bool,
    uids: &UidSet,
    out: &mut Out<'_>,
) -> Result<(), Failure> {
    for ranges in uids.ranges().chunks(VANISHED_RANGES) {
        let uids = ranges.iter().copied().collect();
        out.send(&Response::Vanished { earlier, uids });
        out.drain().await?;
    }
    Ok(())
}

/// Tell of the flags of the mailbox, if there are keywords that the client has not heard of: some
/// clients drop what they do not know. Tell as well if there is room for others now, or no longer.
pub(crate) fn keywords(selected: &mut Selected, snapshot: &Snapshot, out: &mut Out<'_>) {
    if selected.has_other_keywords(snapshot) {
        applicable_flags(selected, out);
    }
}

/// FLAGS and PERMANENTFLAGS (RFC 9051 §7.3.5).
pub(crate) fn applicable_flags(selected: &Selected, out: &mut Out<'_>) {
    let ToldKeywords { keywords, any, .. } = &selected.keywords_told;
    let keywords = keywords.iter().cloned().map(Flag::Keyword);
    let flags: Vec<Flag> = SystemFlag::ALL.into_iter().map(Flag::System).chain(keywords).collect();
    out.send(&Response::Flags(flags.clone()));
    let flags = if selected.read_only { Vec::new() } else { flags };
    out.ok_code(Code::PermanentFlags { flags, any: *any }, "Flags that can be changed");
}

/// Begin to print data of a message, for a client that knows it by this number and this UID.
pub(crate) fn print_head(context: &Context, (number, uid): (u32, Uid), buffer: &mut Vec<u8>) {
    let (number, name) =
        if context.uid_only { (uid.get(), " UIDFETCH (") } else { (number, " FETCH (") };
    buffer.extend_from_slice(b"* ");
    print::number(buffer, u64::from(number));
    buffer.extend_from_slice(name.as_bytes());
}

/// Print data of a message. Always with the UID, so that a client that counts in UIDs can use it. As it is, and not as a
/// value first: one command can be answered with very many of these.
fn print_data(
    context: &Context,
    (number, uid): (u32, Uid),
    out: &mut Out<'_>,
    items: impl FnOnce(&mut Vec<u8>),
) {
    let buffer = out.buffer();
    print_head(context, (number, uid), buffer);
    if !context.uid_only {
        FetchData::Uid(uid).print(buffer);
        buffer.push(b' ');
    }
    items(buffer);
    buffer.extend_from_slice(b")\r\n");
}

/// Tell a message's flags.
pub(crate) fn tell_flags(
    context: &Context,
    selected: &Selected,
    names: &FlagNames,
    (number, row): (u32, &Row),
    out: &mut Out<'_>,
) {
    let is_recent = !context.rev2 && selected.recent.contains(row.uid);
    let names = names.of(row.flags).chain(is_recent.then_some("\\Recent"));
    print_data(context, (number, row.uid), out, |buffer| {
        print::flags(buffer, names);
        if context.condstore {
            buffer.push(b' ');
            FetchData::ModSeq(row.modseq.get()).print(buffer);
        }
    });
}

/// Tell when a message changed, and nothing else.
pub(crate) fn tell_modseq(
    context: &Context,
    message: (u32, Uid),
    modseq: ModSeq,
    out: &mut Out<'_>,
) {
    print_data(context, message, out, |buffer| FetchData::ModSeq(modseq.get()).print(buffer));
}

/// How many of the messages that the client knows are recent.
pub(crate) fn recent_count(selected: &Selected) -> u32 {
    selected.view.count(&selected.recent)
}

/// Claim the messages that are new to everybody, or only look at them where the mailbox is read-only.
pub(crate) async fn update_recent(user: &User, selected: &mut Selected) -> Result<(), Failure> {
    let store = user.account.store();
    let look = async || {
        store.first_recent(selected.id).await.map(|first| Some(UidRange::new(first, Uid::MAX)))
    };
    let range = if selected.read_only {
        look().await
    } else {
        match store.claim_recent(selected.id).await {
            // Where nothing can be written, mail can still be read.
            Err(StoreError::ReadOnly | StoreError::Refused(Refused::OverQuota)) => look().await,
            claimed => claimed,
        }
    };
    match range {
        Ok(Some(range)) => selected.recent.insert_range(range),
        // Nothing is recent in a mailbox that is gone.
        Ok(None) | Err(StoreError::Refused(Refused::NoSuchMailbox)) => {}
        Err(error) => return Err(error.into()),
    }
    Ok(())
}
