//! COMPRESS (RFC 4978 §3). The layer itself is `crate::compress`.
//!
//! It is a command of the authenticated state only: nothing that a stranger can ask for should cost us memory, no
//! password is ever compressed together with what others chose, and whether there is TLS is settled by then.

use crate::capability;
use crate::refusal::Refusal;
use crate::session::{Answer, Context, Done, Next};
use rookery_imap_wire::Code;

pub(crate) fn run(context: &mut Context, mechanism: &str) -> Answer {
    if mechanism != "DEFLATE" || !capability::is_allowed(context, "COMPRESS=DEFLATE") {
        return Err(Refusal::bad("There is no such compression").into());
    }
    if context.compressed {
        // NO would be for another layer that compresses; the code belongs to that, and does no harm here.
        let code = Some(Code::CompressionActive);
        return Err(Refusal { code, ..Refusal::bad("COMPRESS has been used already") }.into());
    }
    context.compressed = true;
    Ok(Done::new(None, "Compressed from here on", Next::Compress))
}
