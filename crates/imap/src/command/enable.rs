//! ENABLE (RFC 9051 §6.3.1). The untagged answer comes even when nothing was enabled: a client is
//! known to wait for it.

use crate::out::Out;
use crate::session::{Context, Done, Next};
use rookery_imap_wire::Response;

pub(crate) fn run(context: &mut Context, names: &[String], out: &mut Out<'_>) -> Done {
    let rev2 = names.iter().any(|name| name.eq_ignore_ascii_case("IMAP4rev2"));
    context.rev2 |= rev2;
    out.send(&Response::Enabled(if rev2 { vec!["IMAP4rev2".to_owned()] } else { Vec::new() }));
    Done { code: None, text: "Enabled".into(), next: Next::Command }
}
