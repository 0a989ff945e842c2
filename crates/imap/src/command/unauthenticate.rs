//! UNAUTHENTICATE (RFC 8437 §3): the connection is as it was before login, but for TLS and what was tried in vain.

use crate::capability;
use crate::conn::Input;
use crate::refusal::Refusal;
use crate::session::{Answer, Done, Next, Session};

pub(crate) async fn run(session: &mut Session, input: &mut Input<'_>) -> Answer {
    if !capability::is_allowed(&session.context, "UNAUTHENTICATE") {
        return Err(Refusal::bad("This command is not available").into());
    }
    let account = session.user().map(|user| user.name.as_str());
    tracing::info!(session = session.context.peer.session, account, "unauthenticate");
    session.unauthenticate();
    session.heed_user(input);
    let code = capability::code(&session.context, None).await;
    Ok(Done::new(Some(code), "Nobody is logged in now", Next::StopCompressing))
}
