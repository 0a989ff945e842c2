//! NAMESPACE (RFC 9051 §6.3.10): one personal namespace.

use crate::out::Out;
use crate::session::{Done, Next};
use rookery_imap_wire::{NamespaceEntry, Response, WireMailbox};
use rookery_mail::DELIMITER;

pub(crate) fn run(out: &mut Out<'_>) -> Done {
    let prefix = WireMailbox::default();
    let personal = NamespaceEntry { prefix, delimiter: Some(DELIMITER) };
    out.send(&Response::Namespace { personal: Some(vec![personal]), other: None, shared: None });
    Done::new(None, "These are the namespaces", Next::Command)
}
