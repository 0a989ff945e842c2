//! Mailbox names between the wire and the model.

use crate::refusal::Refusal;
use rookery_imap_wire::{Code, ListExtended, WireMailbox};
use rookery_mail::{DELIMITER, MailboxName};

/// A name as a client sent it. A trailing delimiter, which announces names below (RFC 9051 §6.3.4), is dropped.
pub(crate) fn parse(wire: &WireMailbox, utf8: bool) -> Result<MailboxName, Refusal> {
    let text = text(wire, utf8)?;
    let name = text.strip_suffix(DELIMITER).unwrap_or(&text);
    rookery_mailbox::names::parse(name).map_err(Refusal::from)
}

/// A name that must be of an existing mailbox: what cannot be a name does not exist.
pub(crate) fn existing(wire: &WireMailbox, utf8: bool) -> Result<MailboxName, Refusal> {
    parse(wire, utf8).map_err(|_| Refusal::no(Code::NonExistent, "There is no such mailbox"))
}

/// The text of a name, or of a pattern of names.
pub(crate) fn text(wire: &WireMailbox, utf8: bool) -> Result<String, Refusal> {
    let refuse = |_| Refusal::no(Code::Cannot, "A mailbox name must be valid UTF-8");
    wire.decode(utf8).map_err(refuse)
}

/// What a client has to be told of a name that it did not write in normal form (RFC 9051 §6.3.9.7).
pub(crate) fn old_name(wire: &WireMailbox, utf8: bool, name: &MailboxName) -> Vec<ListExtended> {
    let Ok(text) = text(wire, utf8) else { return Vec::new() };
    let supplied = text.strip_suffix(DELIMITER).unwrap_or(&text);
    // INBOX is the same name in any case.
    if supplied.eq_ignore_ascii_case(name.as_str()) {
        return Vec::new();
    }
    vec![ListExtended::OldName(WireMailbox::encode(supplied, utf8))]
}
