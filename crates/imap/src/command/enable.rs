//! ENABLE (RFC 9051 §6.3.1). The untagged answer comes even when nothing was enabled: a client is
//! known to wait for it.

use crate::capability;
use crate::out::Out;
use crate::session::{Answer, Context, done};
use rookery_imap_wire::Response;

/// What can be enabled, where the administrator allows it.
const EXTENSIONS: [&str; 5] = ["IMAP4rev2", "UTF8=ACCEPT", "CONDSTORE", "QRESYNC", "UIDONLY"];

pub(crate) fn run(context: &mut Context, names: &[String], out: &mut Out<'_>) -> Answer {
    let asked = |known: &&str| names.iter().any(|name| name.eq_ignore_ascii_case(known));
    let allowed = |name: &&str| capability::is_allowed(context, name);
    let enabled: Vec<&str> = EXTENSIONS.into_iter().filter(asked).filter(allowed).collect();
    context.rev2 |= enabled.contains(&"IMAP4rev2");
    context.utf8 |= enabled.contains(&"UTF8=ACCEPT");
    context.condstore |= enabled.contains(&"CONDSTORE");
    context.uid_only |= enabled.contains(&"UIDONLY");
    if enabled.contains(&"QRESYNC") {
        // The one implies the other (RFC 7162 §3.2.3).
        context.qresync = true;
        context.condstore = true;
    }
    out.send(&Response::Enabled(enabled.into_iter().map(str::to_owned).collect()));
    done("Enabled")
}
