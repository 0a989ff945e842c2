//! AUTHENTICATE (RFC 9051 §6.2.2), with an initial response.

use super::login;
use crate::conn::Input;
use crate::out::Out;
use crate::refusal::{Failure, Refusal};
use crate::session::{Answer, Session};
use crate::{Peer, Settings};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rookery_auth::sasl::{self, Credentials, Mechanism, Plain, SaslError};
use rookery_imap_wire::{Code, LineFrame, Response, Secret};

/// Whether a password may be sent over this connection.
pub(crate) fn may_send_password(settings: &Settings, peer: &Peer) -> bool {
    peer.secure || (settings.allow_plaintext && peer.is_loopback())
}

/// The refusal where it may not.
pub(crate) fn check_privacy(session: &Session) -> Result<(), Refusal> {
    if may_send_password(&session.context.services.settings, &session.context.peer) {
        return Ok(());
    }
    Err(Refusal::no(Code::PrivacyRequired, "A password may only be sent under TLS"))
}

pub(crate) async fn run(
    session: &mut Session,
    mechanism: &str,
    initial: Option<Secret>,
    input: &mut Input<'_>,
    out: &mut Out<'_>,
) -> Answer {
    let Some(mechanism) = Mechanism::parse(mechanism) else {
        return Err(Refusal::no(Code::Cannot, "There is no such mechanism").into());
    };
    check_privacy(session)?;
    let challenge = match mechanism {
        Mechanism::Plain => "",
        Mechanism::Login => sasl::Login::ASK_USER,
    };
    let first = match initial {
        Some(initial) => initial.0,
        None => ask(session, challenge, input, out).await?,
    };
    let credentials = match mechanism {
        Mechanism::Plain => Plain::parse(&first),
        Mechanism::Login => {
            let user = sasl::Login::user(&first).map_err(malformed)?;
            let password = ask(session, sasl::Login::ASK_PASSWORD, input, out).await?;
            user.password(&password)
        }
    };
    let Credentials { authzid, user, password } = credentials.map_err(malformed)?;
    login::log_in(session, authzid.as_deref(), &user, password.as_bytes(), input).await
}

fn malformed(error: SaslError) -> Refusal {
    match error {
        SaslError::TooLong => {
            Refusal { code: Some(Code::Limit), ..Refusal::bad("That is too long") }
        }
        SaslError::NotUtf8 | SaslError::Malformed | SaslError::ForbiddenCharacter => {
            Refusal::bad("That is no message of this mechanism")
        }
    }
}

/// The client's message after a challenge.
async fn ask(
    session: &Session,
    challenge: &str,
    input: &mut Input<'_>,
    out: &mut Out<'_>,
) -> Result<Vec<u8>, Failure> {
    out.send(&Response::Continue(STANDARD.encode(challenge)));
    out.flush().await?;
    match input.line(session.deadline()).await? {
        LineFrame::Line(line) if line == b"*" => Err(Refusal::bad("Cancelled").into()),
        LineFrame::Line(line) => {
            STANDARD.decode(line).map_err(|_| Refusal::bad("That is not base64").into())
        }
        LineFrame::TooBig | LineFrame::Incomplete => Err(Refusal::command_too_big("line").into()),
    }
}
