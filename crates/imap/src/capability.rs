//! What is advertised, from one table.

use crate::append_limit;
use crate::command::authenticate::may_send_password;
use crate::session::{Context, User};
use rookery_imap_wire::Code;

/// When a capability is advertised.
#[derive(Clone, Copy, PartialEq, Eq)]
enum When {
    Always,
    BeforeLogin,
    AfterLogin,
}

/// What no client can do without.
pub(crate) const NEEDED: &str = "IMAP4rev1";

/// Every capability that does not follow from what protects passwords; of a limit without its value.
const TABLE: &[(&str, When)] = &[
    ("IMAP4rev1", When::Always),
    ("IMAP4rev2", When::Always),
    ("SASL-IR", When::BeforeLogin),
    ("LITERAL-", When::BeforeLogin),
    ("LITERAL+", When::AfterLogin),
    ("ID", When::Always),
    ("ENABLE", When::Always),
    ("IDLE", When::Always),
    ("NAMESPACE", When::AfterLogin),
    ("CHILDREN", When::AfterLogin),
    ("LIST-EXTENDED", When::AfterLogin),
    ("LIST-STATUS", When::AfterLogin),
    ("SPECIAL-USE", When::AfterLogin),
    ("CREATE-SPECIAL-USE", When::AfterLogin),
    ("STATUS=SIZE", When::AfterLogin),
    ("UIDPLUS", When::AfterLogin),
    ("UNSELECT", When::AfterLogin),
    ("MOVE", When::AfterLogin),
    ("MULTIAPPEND", When::AfterLogin),
    ("REPLACE", When::AfterLogin),
    ("CATENATE", When::AfterLogin),
    ("UTF8=ACCEPT", When::AfterLogin),
    ("URL-PARTIAL", When::AfterLogin),
    ("BINARY", When::AfterLogin),
    ("CONDSTORE", When::AfterLogin),
    ("QRESYNC", When::AfterLogin),
    ("ESEARCH", When::AfterLogin),
    ("SEARCHRES", When::AfterLogin),
    ("WITHIN", When::AfterLogin),
    ("SAVEDATE", When::AfterLogin),
    ("OBJECTID", When::AfterLogin),
    ("UIDBATCHES", When::AfterLogin),
    ("PREVIEW", When::AfterLogin),
    ("UNAUTHENTICATE", When::AfterLogin),
    ("PARTIAL", When::AfterLogin),
    ("INPROGRESS", When::AfterLogin),
    ("COMPRESS=DEFLATE", When::AfterLogin),
    ("APPENDLIMIT", When::AfterLogin),
    ("MESSAGELIMIT", When::AfterLogin),
    ("SAVELIMIT", When::AfterLogin),
    ("UIDONLY", When::AfterLogin),
];

/// The names in the table.
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    TABLE.iter().map(|(name, _)| *name)
}

/// The capabilities of a connection at this moment.
pub(crate) async fn list(context: &Context, user: Option<&User>) -> Vec<String> {
    let unfit = if user.is_some() { When::BeforeLogin } else { When::AfterLogin };
    let fit = TABLE.iter().filter(|(_, when)| *when != unfit).map(|(name, _)| *name);
    let mut names = Vec::new();
    for name in fit.filter(|name| is_allowed(context, name)) {
        names.extend(advertised(name, context, user).await);
    }
    if user.is_none() {
        names.extend(protection(context).map(str::to_owned));
    }
    names
}

/// Whether the administrator lets this client have a capability.
pub(crate) fn is_allowed(context: &Context, name: &str) -> bool {
    let is_on = name != "UIDONLY" || context.services.settings.uid_only;
    is_on && !context.hidden.hides(name)
}

/// The form in which a capability of the table is advertised, if this connection can have it.
async fn advertised(name: &str, context: &Context, user: Option<&User>) -> Option<String> {
    let settings = &context.services.settings;
    match name {
        // What cannot be asked for a second time is not offered a second time.
        "COMPRESS=DEFLATE" if context.compressed => None,
        "APPENDLIMIT" => Some(match append_limit::of_all(context, user?).await {
            Some(limit) => format!("{name}={limit}"),
            // A client has to ask for that of each mailbox.
            None => name.to_owned(),
        }),
        "MESSAGELIMIT" => settings.message_limit.map(|limit| format!("{name}={limit}")),
        "SAVELIMIT" => settings.save_limit.map(|limit| format!("{name}={limit}")),
        name => Some(name.to_owned()),
    }
}

/// What a client can do to log in, or to be able to.
fn protection(context: &Context) -> impl Iterator<Item = &'static str> {
    let (settings, peer) = (&context.services.settings, &context.peer);
    let starttls = (settings.starttls && !peer.secure).then_some("STARTTLS");
    let login = may_send_password(settings, peer);
    // The second is how Outlook's cloud service logs in, where it is offered.
    let passwords: &[_] = if login { &["AUTH=PLAIN", "AUTH=LOGIN"] } else { &["LOGINDISABLED"] };
    starttls.into_iter().chain(passwords.iter().copied())
}

/// The same as a response code (RFC 9051 §7.1).
pub(crate) async fn code(context: &Context, user: Option<&User>) -> Code {
    Code::Capability(list(context, user).await)
}
