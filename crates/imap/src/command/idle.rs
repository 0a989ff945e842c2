//! IDLE (RFC 9051 §6.3.13): the loop waits for {octets, a change, silence, shutdown}.

use crate::conn::{Input, after};
use crate::out::Out;
use crate::refusal::{Failure, Refusal};
use crate::session::{Answer, Done, Session, State, done};
use crate::sync;
use rookery_imap_wire::{LineFrame, Response};
use rookery_mailbox::Expunges;

pub(crate) async fn run(session: &mut Session, input: &mut Input<'_>, out: &mut Out<'_>) -> Answer {
    out.send(&Response::Continue("Idling".to_owned()));
    let deadline = after(session.context.services.settings.idle_deadline);
    loop {
        tell(session, out).await?;
        if let Some(next) = session.check_view(out) {
            return Ok(Done { told: true, ..Done::new(None, "No longer idling", next) });
        }
        out.flush().await?;
        out.rest();
        tokio::select! {
            biased;
            line = input.line(deadline) => return end(line?),
            () = changed(&mut session.state) => {}
        }
    }
}

fn end(line: LineFrame) -> Answer {
    match line {
        LineFrame::Line(line) if line.eq_ignore_ascii_case(b"DONE") => done("No longer idling"),
        LineFrame::Line(_) => Err(Refusal::bad("DONE ends IDLE, nothing else does").into()),
        LineFrame::TooBig | LineFrame::Incomplete => Err(Refusal::command_too_big("line").into()),
    }
}

async fn tell(session: &mut Session, out: &mut Out<'_>) -> Result<(), Failure> {
    match &mut session.state {
        State::Selected(user, selected) => {
            sync::tell(&session.context, user, selected, Expunges::Tell, out).await
        }
        State::NotAuthenticated | State::Authenticated(_) => Ok(()),
    }
}

/// Wait for a change of the selected mailbox; for ever where there is none to come.
async fn changed(state: &mut State) {
    if let State::Selected(_, selected) = state
        && selected.wake.changed().await.is_ok()
    {
        return;
    }
    std::future::pending::<()>().await;
}
