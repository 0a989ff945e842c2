//! Mailbox names as people type them.

use rookery_mail::limits::MAX_NAME_LEN;
use rookery_mail::{MailboxName, NameError};
use unicode_normalization::UnicodeNormalization;

/// Octets of a text that might be a name: normalisation makes texts shorter too, at most by this factor.
const MAX_SHRINK: usize = 4;

/// A mailbox name of its text, brought into NFC (RFC 5198 §3) so that what looks the same is the same.
///
/// # Errors
/// See [`NameError`].
pub fn parse(text: &str) -> Result<MailboxName, NameError> {
    if text.len() > MAX_NAME_LEN * MAX_SHRINK {
        return Err(NameError::TooLong);
    }
    // ASCII is in NFC.
    if text.is_ascii() {
        return MailboxName::new(text);
    }
    MailboxName::new(&text.nfc().collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_looks_the_same_is_the_same() {
        assert_eq!(parse("Entwu\u{308}rfe"), parse("Entw\u{fc}rfe"));
        assert_eq!(parse("inbox"), Ok(MailboxName::inbox()));
    }

    #[test]
    fn length_is_that_of_the_normal_form() {
        let text = "u\u{308}".repeat(MAX_NAME_LEN / 2);
        assert_eq!(parse(&text).map(|name| name.as_str().len()), Ok(MAX_NAME_LEN));
        assert_eq!(parse(&"a".repeat(1_000_000)), Err(NameError::TooLong));
    }
}
