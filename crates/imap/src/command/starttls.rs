//! STARTTLS (RFC 9051 §6.2.1). The handshake is the business of whoever owns the stream.

use crate::refusal::Refusal;
use crate::session::{Answer, Context, Done, Next};

pub(crate) fn run(context: &Context) -> Answer {
    if context.peer.secure {
        return Err(Refusal::bad("TLS is active already").into());
    }
    if !context.services.settings.starttls {
        return Err(Refusal::bad("TLS is not available").into());
    }
    Ok(Done::new(None, "Begin the TLS handshake now", Next::StartTls))
}
