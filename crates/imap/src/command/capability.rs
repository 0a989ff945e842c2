//! CAPABILITY (RFC 9051 §6.1.1).

use crate::capability;
use crate::out::Out;
use crate::session::{Answer, Session, done};
use rookery_imap_wire::Response;

pub(crate) async fn run(session: &Session, out: &mut Out<'_>) -> Answer {
    let names = capability::list(&session.context, session.user()).await;
    out.send(&Response::Capability(names));
    done("That is what I can do")
}
