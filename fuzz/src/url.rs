//! The URL of a message has one meaning, which its percent-encoding does not change.

use rookery_imap_wire::{MessageUrl, UrlMailbox};

/// Panics unless the promise is kept.
pub fn check(input: &[u8]) {
    let Some(url) = MessageUrl::parse(input) else { return };
    assert!(input.is_ascii() && !input.iter().any(u8::is_ascii_control));
    let (UrlMailbox::Absolute(name) | UrlMailbox::Relative(name)) = &url.mailbox else { return };
    let at = input.iter().position(|octet| *octet == b';').expect("a UID");
    let mut encoded = Vec::new();
    if matches!(url.mailbox, UrlMailbox::Absolute(_)) {
        encoded.push(b'/');
    }
    // A colon in the first level of a relative name would be a scheme, unless it is encoded, as here.
    name.bytes().for_each(|octet| encoded.extend_from_slice(format!("%{octet:02X}").as_bytes()));
    encoded.extend_from_slice(&input[at..]);
    assert_eq!(MessageUrl::parse(&encoded), Some(url));
}
