//! CLOSE (RFC 9051 §6.4.1): expunge without a word, and deselect.

use crate::session::{Answer, Session, State, done};
use rookery_mail::UidSet;
use rookery_mailbox::{Refused, StoreError};

pub(crate) async fn run(session: &mut Session) -> Answer {
    let State::Selected(user, selected) = &session.state else {
        return Err(crate::gate::wrong_state().into());
    };
    if !selected.read_only {
        match user.account.store().expunge(selected.id, &UidSet::all()).await {
            // A mailbox that is gone can be closed.
            Ok(_) | Err(StoreError::Refused(Refused::NoSuchMailbox)) => {}
            Err(error) => return Err(error.into()),
        }
    }
    session.state = State::Authenticated(user.clone());
    done("Closed")
}
