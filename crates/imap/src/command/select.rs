//! SELECT and EXAMINE (RFC 9051 §6.3.2), with quick resynchronisation (RFC 7162 §3.2.5).

use super::list;
use crate::changes;
use crate::limits::MAX_SEQUENCE_MATCHES;
use crate::names;
use crate::out::Out;
use crate::refusal::{Failure, Refusal};
use crate::selected::{Selected, ToldKeywords, uids};
use crate::session::{Answer, Context, Session, State, User, done_with};
use crate::sync;
use rookery_imap_wire::{
    Code, QResync, Response, SelectParameter, SeqNumber, SequenceSet, WireMailbox,
};
use rookery_mail::{ModSeq, Uid, UidRange, UidSet, UidValidity};
use rookery_mailbox::{Snapshot, View};
use std::sync::Arc;

pub(crate) async fn run(
    session: &mut Session,
    mailbox: &WireMailbox,
    parameters: &[SelectParameter],
    read_only: bool,
    out: &mut Out<'_>,
) -> Answer {
    let known = known(&session.context, parameters)?;
    // Whether it succeeds or not, no mailbox is selected afterwards but this one.
    let user = deselect(session, out)?;
    let name = names::existing(mailbox, session.context.speaks_utf8())?;
    let (info, open) = user.account.open(&name).await?;
    let wake = open.watch();
    // What follows may wait for changes that others make: no longer does this snapshot live.
    let (view, told, found) = look(&session.context, read_only, &open.snapshot());
    if view.octets() > session.context.budget().view() {
        return Err(
            Refusal::no(Code::Limit, "The mailbox has too many gaps between its UIDs").into()
        );
    }
    let mut selected = Selected {
        id: info.id,
        open,
        wake,
        view,
        read_only,
        recent: UidSet::new(),
        keywords_told: told,
        modseq_delayed: false,
        saved: Arc::default(),
    };
    if !session.context.rev2 {
        sync::update_recent(&user, &mut selected).await?;
    }
    describe(&session.context, &selected, &found, out);
    if session.context.rev2 {
        let list = user.account.store().mailboxes().await?;
        let old_name = names::old_name(mailbox, true, &name);
        list::announce(&session.context, &list, &info.name, old_name, out);
    }
    if let Some(known) = known {
        resynchronise(&session.context, (&user, &mut selected), &found, known, out).await?;
    }
    session.state = State::Selected(user, Box::new(selected));
    if read_only {
        return done_with(Code::ReadOnly, "Opened for reading");
    }
    done_with(Code::ReadWrite, "Opened")
}

/// What a client is told of a mailbox that it selects, beside what its view says.
struct Found {
    /// Asked for by clients that speak IMAP4rev1.
    first_unseen: Option<Uid>,
    uid_validity: UidValidity,
    uid_next: Option<Uid>,
    highest_modseq: ModSeq,
}

/// The mailbox as it is.
fn look(context: &Context, read_only: bool, snapshot: &Snapshot) -> (View, ToldKeywords, Found) {
    let found = Found {
        first_unseen: if context.rev2 { None } else { snapshot.first_unseen() },
        uid_validity: snapshot.uid_validity(),
        uid_next: snapshot.uid_next(),
        highest_modseq: snapshot.highest_modseq(),
    };
    (View::open(snapshot), ToldKeywords::of(snapshot, read_only), found)
}

/// Leave the mailbox that is selected, and say so (RFC 9051 §7.1: CLOSED).
fn deselect(session: &mut Session, out: &mut Out<'_>) -> Result<User, Failure> {
    let user = session.user().cloned().ok_or_else(crate::gate::wrong_state)?;
    if let State::Selected(..) = session.state {
        out.ok_code(Code::Closed, "The previous mailbox is closed");
        session.state = State::Authenticated(user.clone());
    }
    Ok(user)
}

fn describe(context: &Context, selected: &Selected, found: &Found, out: &mut Out<'_>) {
    sync::applicable_flags(selected, out);
    out.send(&Response::Exists(selected.view.len()));
    if !context.rev2 {
        out.send(&Response::Recent(sync::recent_count(selected)));
        let unseen = found.first_unseen.and_then(|uid| selected.view.number(uid));
        // It is a number (RFC 9586 §3).
        if let Some(number) = unseen.filter(|_| !context.uid_only) {
            out.ok_code(Code::Unseen(number), "The first unseen message");
        }
    }
    out.ok_code(Code::UidValidity(found.uid_validity.get()), "UIDs are valid");
    let next = found.uid_next.map_or(u32::MAX, Uid::get);
    out.ok_code(Code::UidNext(next), "The next UID");
    out.ok_code(Code::MailboxId(selected.id), "The mailbox's id");
    out.ok_code(Code::HighestModSeq(found.highest_modseq.get()), "The latest change");
}

/// What the client knows from earlier, if it says so.
fn known<'a>(
    context: &Context,
    parameters: &'a [SelectParameter],
) -> Result<Option<&'a QResync>, Refusal> {
    let mut known = None;
    for parameter in parameters {
        match parameter {
            SelectParameter::CondStore => {}
            SelectParameter::QResync(_) if !context.qresync => {
                return Err(Refusal::bad("QRESYNC is not enabled"));
            }
            SelectParameter::QResync(resync) if has_star(resync) => {
                return Err(Refusal::bad("QRESYNC takes no *"));
            }
            SelectParameter::QResync(resync) => known = Some(resync),
            SelectParameter::Other(_) => return Err(Refusal::bad("Unknown parameter")),
        }
    }
    Ok(known)
}

fn has_star(known: &QResync) -> bool {
    let (numbers, uids) = known.matches.as_ref().map_or((None, None), |(a, b)| (Some(a), Some(b)));
    let sets = [known.known_uids.as_ref(), numbers, uids].into_iter().flatten();
    sets.into_iter().any(|set| match set {
        SequenceSet::Saved => true,
        SequenceSet::Set(ranges) => {
            let ends = ranges.iter().flat_map(|range| [range.from, range.to]);
            ends.into_iter().any(|end| end == SeqNumber::Star)
        }
    })
}

/// Tell what has happened since the client was here (RFC 7162 §3.2.5). If that was so long ago that expunges since
/// then are forgotten, all that is not there has vanished.
async fn resynchronise(
    context: &Context,
    (user, selected): (&User, &mut Selected),
    at_first: &Found,
    known: &QResync,
    out: &mut Out<'_>,
) -> Result<(), Failure> {
    let (Some(since), true) =
        (ModSeq::new(known.modseq), known.uid_validity.get() == at_first.uid_validity.get())
    else {
        return Ok(());
    };
    let last = at_first.uid_next.map_or(Some(Uid::MAX), Uid::previous);
    let given = last.map(|last| UidRange::new(Uid::MIN, last)).into_iter().collect();
    let among = known.known_uids.as_ref().map_or_else(UidSet::all, |set| uids(set, None));
    let among = among.intersection(&given);
    let matched = last_match(&selected.view, known).map(|last| UidRange::new(Uid::MIN, last));
    let vanished = among.difference(&matched.into_iter().collect());
    let asked = changes::Since { modseq: since, among, vanished };
    let found = asked.find(user, &selected.view, &selected.open).await?;
    sync::tell_vanished(true, &found.vanished, out).await?;
    let all = (&found.changed, &UidSet::new());
    sync::tell_changed(context, selected, at_first.highest_modseq, all, out).await?;
    Ok(())
}

/// The last message that has the same number and UID for the client as it has now: the client knows of all expunges
/// before it (RFC 7162 §3.2.5.2).
fn last_match(view: &View, known: &QResync) -> Option<Uid> {
    let (numbers, their_uids) = known.matches.as_ref()?;
    let (numbers, their_uids) = (uids(numbers, None), uids(their_uids, None));
    let pairs = numbers.iter().zip(their_uids.iter()).take(MAX_SEQUENCE_MATCHES);
    let matching = pairs.filter(|(number, uid)| view.uid(number.get()) == Some(*uid));
    matching.map(|(_, uid)| uid).last()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::selected::tests::snapshot_of;
    use rookery_imap_wire::SequenceRange;
    use std::num::NonZeroU32;

    #[test]
    fn so_many_pairs_are_compared() {
        let most = u32::try_from(MAX_SEQUENCE_MATCHES).unwrap();
        let last = Uid::new(2 * most).unwrap();
        let view = View::open(&snapshot_of(&[UidRange::new(Uid::MIN, last)].into_iter().collect()));
        for (offered, matched) in [(most - 1, most - 1), (most, most), (most + 1, most)] {
            let number = |it| SeqNumber::Number(NonZeroU32::new(it).unwrap());
            let set =
                SequenceSet::Set(vec![SequenceRange { from: number(1), to: number(offered) }]);
            let known = QResync {
                uid_validity: NonZeroU32::MIN,
                modseq: 1,
                known_uids: None,
                matches: Some((set.clone(), set)),
            };
            assert_eq!(last_match(&view, &known), Uid::new(matched), "{offered}");
        }
    }
}
