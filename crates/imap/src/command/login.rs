//! LOGIN (RFC 9051 §6.2.3), and what it shares with AUTHENTICATE.

use super::authenticate::check_privacy;
use crate::capability;
use crate::conn::Input;
use crate::limits::MAX_LOGGED_USER;
use crate::refusal::Refusal;
use crate::session::{Answer, Session, State, User, done_with};
use crate::{FAILED_LOGINS, STRANGERS};
use rookery_auth::Denied;
use rookery_imap_wire::{Code, Secret};
use rookery_mailbox::Account;
use std::sync::Arc;

pub(crate) async fn run(
    session: &mut Session,
    user: &[u8],
    password: &Secret,
    input: &mut Input<'_>,
) -> Answer {
    check_privacy(session)?;
    let Ok(user) = std::str::from_utf8(user) else {
        return Err(refuse(session, "", Denied::BadCredentials).into());
    };
    log_in(session, None, user, &password.0, input).await
}

/// Check a password, and open the account that it is for.
pub(crate) async fn log_in(
    session: &mut Session,
    authzid: Option<&str>,
    user: &str,
    password: &[u8],
    input: &mut Input<'_>,
) -> Answer {
    let services = session.context.services.clone();
    let check = || services.directory.login(authzid, user, password);
    let endings = services.connections.endings();
    let login = match check().await {
        Ok(login) => login,
        Err(denied) => return Err(refuse(session, user, denied).into()),
    };
    let most = services.settings.connections_per_account;
    let Some(place) = services.connections.place(&login.account, most) else {
        return Err(refuse_another(session, &login.account).into());
    };
    // While the password was checked somebody's connections were ended, perhaps this account's. Now that this one is among them,
    // either the directory says what has changed, or it ends with the others.
    if services.connections.endings() != endings
        && let Err(denied) = check().await
    {
        return Err(refuse(session, user, denied).into());
    }
    let account = Account::new(services.store.account(&login.account).await?);
    let peer = &session.context.peer;
    let address = peer.address.map(|address| address.to_string());
    tracing::info!(
        session = peer.session,
        peer = address,
        account = login.account,
        credential = login.credential,
        tls = peer.secure,
        "login"
    );
    for name in &login.hidden {
        if let Err(error) = session.context.hidden.hide(name) {
            tracing::warn!(account = login.account, name, %error, "a capability cannot be hidden");
        }
    }
    let user = User { name: login.account, account, place: Arc::new(place) };
    session.state = State::Authenticated(user);
    session.heed_user(input);
    done_with(capability::code(&session.context, session.user()).await, "Welcome")
}

/// The answer where the account has all the connections that it may have. The password was right, and the client can try
/// again when it has closed another one (RFC 5530 §3).
fn refuse_another(session: &Session, account: &str) -> Refusal {
    let peer = &session.context.peer;
    let address = peer.address.map(|address| address.to_string());
    tracing::warn!(target: STRANGERS, session = peer.session, peer = address, account, "too many connections");
    Refusal::no(Code::Limit, "The account has too many connections already")
}

/// One line for the log, and the answer: the same for a wrong user as for a wrong password (RFC 5530 §3).
fn refuse(session: &mut Session, user: &str, denied: Denied) -> Refusal {
    session.failed_logins += 1;
    let peer = &session.context.peer;
    let address = peer.address.map(|address| address.to_string());
    let user: String = user.chars().take(MAX_LOGGED_USER).collect();
    tracing::warn!(target: FAILED_LOGINS, session = peer.session, peer = address, user, %denied, "login failed");
    match denied {
        Denied::BadCredentials => {
            Refusal::no(Code::AuthenticationFailed, "Wrong user name or password")
        }
        Denied::NotAuthorized => {
            Refusal::no(Code::AuthorizationFailed, "You may not act as that user")
        }
        Denied::WellKnown => {
            Refusal::no(Code::Expired, "Too many people know this password, it has to be changed")
        }
        Denied::Unavailable => Refusal::no(Code::Unavailable, "Logging in is not possible now"),
        Denied::Throttled => {
            Refusal::no(Code::Unavailable, "Too many attempts to log in, try again later")
        }
    }
}
