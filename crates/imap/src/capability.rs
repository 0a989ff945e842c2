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

/// Every capability that does not depend on the connection.
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
];

/// The capabilities of a connection at this moment.
pub(crate) async fn list(context: &Context, user: Option<&User>) -> Vec<String> {
    let (settings, peer) = (&context.services.settings, &context.peer);
    let hidden = if user.is_some() { When::BeforeLogin } else { When::AfterLogin };
    let shown = TABLE.iter().filter(|(_, when)| *when != hidden).map(|(name, _)| *name);
    let mut names: Vec<String> = shown.map(str::to_owned).collect();
    if let Some(user) = user {
        // What cannot be asked for a second time is not offered a second time.
        if !context.compressed {
            names.push("COMPRESS=DEFLATE".to_owned());
        }
        names.push(match append_limit::of_all(context, user).await {
            Some(limit) => format!("APPENDLIMIT={limit}"),
            // A client has to ask for that of each mailbox.
            None => "APPENDLIMIT".to_owned(),
        });
        if let Some(limit) = settings.message_limit {
            names.push(format!("MESSAGELIMIT={limit}"));
        }
        if let Some(limit) = settings.save_limit {
            names.push(format!("SAVELIMIT={limit}"));
        }
        if settings.uid_only {
            names.push("UIDONLY".to_owned());
        }
        return names;
    }
    if settings.starttls && !peer.secure {
        names.push("STARTTLS".to_owned());
    }
    let login = may_send_password(settings, peer);
    names.push(if login { "AUTH=PLAIN" } else { "LOGINDISABLED" }.to_owned());
    names
}

/// The same as a response code (RFC 9051 §7.1).
pub(crate) async fn code(context: &Context, user: Option<&User>) -> Code {
    Code::Capability(list(context, user).await)
}
