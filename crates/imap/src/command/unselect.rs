//! UNSELECT (RFC 9051 §6.4.2): deselect and expunge nothing.

use crate::session::{Answer, Session, State, done};

pub(crate) fn run(session: &mut Session) -> Answer {
    let user = session.user().cloned().ok_or_else(crate::gate::wrong_state)?;
    session.state = State::Authenticated(user);
    done("Unselected")
}
