//! SELECT and EXAMINE (RFC 9051 §6.3.2, §6.3.3).

use super::list;
use crate::names;
use crate::out::Out;
use crate::refusal::{Failure, Refusal};
use crate::selected::Selected;
use crate::session::{Answer, Context, Session, State, User, done_with};
use crate::sync;
use rookery_imap_wire::{Code, Response, SelectParameter, WireMailbox};
use rookery_mail::{Uid, UidSet};
use rookery_mailbox::{Snapshot, View};

pub(crate) async fn run(
    session: &mut Session,
    mailbox: &WireMailbox,
    parameters: &[SelectParameter],
    read_only: bool,
    out: &mut Out<'_>,
) -> Answer {
    if !parameters.is_empty() {
        return Err(Refusal::bad("Unknown parameter").into());
    }
    // Whether it succeeds or not, no mailbox is selected afterwards but this one.
    let user = deselect(session, out)?;
    let name = names::existing(mailbox, session.context.rev2)?;
    let (info, open) = user.account.open(&name).await?;
    let wake = open.watch();
    let snapshot = open.snapshot();
    let mut selected = Selected {
        id: info.id,
        open,
        wake,
        view: View::open(&snapshot),
        read_only,
        recent: UidSet::new(),
        keywords_told: snapshot.keywords().len(),
        saved: UidSet::new(),
    };
    if !session.context.rev2 {
        sync::update_recent(&user, &mut selected).await?;
    }
    describe(&session.context, &selected, &snapshot, out);
    if session.context.rev2 {
        let list = user.account.store().mailboxes().await?;
        let old_name = names::old_name(mailbox, true, &name);
        list::announce(&session.context, &list, &info.name, old_name, out);
    }
    session.state = State::Selected(user, Box::new(selected));
    if read_only {
        return done_with(Code::ReadOnly, "Opened for reading");
    }
    done_with(Code::ReadWrite, "Opened")
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

fn describe(context: &Context, selected: &Selected, snapshot: &Snapshot, out: &mut Out<'_>) {
    sync::applicable_flags(selected.read_only, snapshot, out);
    out.send(&Response::Exists(selected.view.len()));
    if !context.rev2 {
        out.send(&Response::Recent(sync::recent_count(selected)));
        let unseen = snapshot.first_unseen().and_then(|uid| selected.view.number(uid));
        if let Some(number) = unseen {
            out.ok_code(Code::Unseen(number), "The first unseen message");
        }
    }
    out.ok_code(Code::UidValidity(snapshot.uid_validity().get()), "UIDs are valid");
    let next = snapshot.uid_next().map_or(u32::MAX, Uid::get);
    out.ok_code(Code::UidNext(next), "The next UID");
}
