//! ID (RFC 2971): who the client is, for the log and for nothing else.

use crate::limits::MAX_LOGGED_ID_FIELDS;
use crate::out::Out;
use crate::session::{Answer, Context, done};
use rookery_imap_wire::{IdFields, Response};

pub(crate) fn run(context: &Context, fields: Option<&IdFields>, out: &mut Out<'_>) -> Answer {
    let client = fields.map(describe).unwrap_or_default();
    tracing::info!(session = context.peer.session, client, "client");
    let ours = [("name", "Rookery"), ("version", env!("CARGO_PKG_VERSION"))];
    let ours =
        ours.map(|(name, value)| (name.as_bytes().to_vec(), Some(value.as_bytes().to_vec())));
    out.send(&Response::Id(Some(ours.to_vec())));
    done("Pleased to meet you")
}

fn describe(fields: &IdFields) -> String {
    let shown = fields.iter().take(MAX_LOGGED_ID_FIELDS).filter_map(|(name, value)| {
        let value = String::from_utf8_lossy(value.as_deref()?);
        Some(format!("{}={value:?}", String::from_utf8_lossy(name).escape_debug()))
    });
    shown.collect::<Vec<_>>().join(" ")
}
