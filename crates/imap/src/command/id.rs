//! ID (RFC 2971): who the client is, for the log and for nothing else.

use crate::STRANGERS;
use crate::limits::{MAX_LOGGED_ID_FIELDS, MAX_LOGGED_ID_TEXT};
use crate::out::Out;
use crate::session::{Answer, Context, done};
use rookery_imap_wire::{IdFields, Response};

pub(crate) fn run(context: &mut Context, fields: Option<&IdFields>, out: &mut Out<'_>) -> Answer {
    if let (Some(fields), false) = (fields, context.identified) {
        context.identified = true;
        let (session, client) = (context.peer.session, describe(fields));
        tracing::info!(target: STRANGERS, session, client, "client");
    }
    let ours = [("name", "Rookery"), ("version", env!("CARGO_PKG_VERSION"))];
    let ours =
        ours.map(|(name, value)| (name.as_bytes().to_vec(), Some(value.as_bytes().to_vec())));
    out.send(&Response::Id(Some(ours.to_vec())));
    done("Pleased to meet you")
}

/// In one line; what may not stand in a log is for the log to escape.
fn describe(fields: &IdFields) -> String {
    let shown = fields.iter().take(MAX_LOGGED_ID_FIELDS).filter_map(|(name, value)| {
        Some(format!("{}={}", shortened(name), shortened(value.as_deref()?)))
    });
    shown.collect::<Vec<_>>().join(", ")
}

fn shortened(text: &[u8]) -> String {
    String::from_utf8_lossy(text).chars().take(MAX_LOGGED_ID_TEXT).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_is_described_in_a_few_words() {
        let field =
            |name: &str, value: Option<&str>| (name.into(), value.map(|value| value.into()));
        let fields = vec![field("name", Some("Mutt")), field("os", None), field("é", Some("1 2"))];
        assert_eq!(describe(&fields), "name=Mutt, é=1 2");
        let long = field(&"n".repeat(10_000), Some(&"é".repeat(10_000)));
        let described = describe(&vec![long; 1000]);
        let most = MAX_LOGGED_ID_FIELDS * (2 * MAX_LOGGED_ID_TEXT + "=, ".len());
        assert!(described.chars().count() < most, "{described}");
    }
}
