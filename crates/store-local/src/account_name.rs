//! Accounts' names as file names: what is safe stays, every other octet is written `%XX`.

use crate::limits::MAX_ACCOUNT_FILE_NAME;

/// The file name of an account's name. No two names have the same, none begins with a dot or has a
/// slash; the empty name, which no account has, becomes `%`.
pub(crate) fn encode(name: &str) -> String {
    let mut encoded = String::new();
    for (at, octet) in name.bytes().enumerate() {
        let is_plain = octet.is_ascii_alphanumeric() || b"@_+-".contains(&octet);
        if is_plain || (octet == b'.' && at > 0) {
            encoded.push(char::from(octet));
        } else {
            encoded.push_str(&format!("%{octet:02X}"));
        }
    }
    if encoded.is_empty() { "%".to_owned() } else { encoded }
}

/// The account's name of a file name; `None` if it is no account's.
pub(crate) fn decode(file_name: &str) -> Option<String> {
    let mut octets = Vec::new();
    let mut rest = file_name.as_bytes();
    while let Some((octet, later)) = rest.split_first() {
        rest = later;
        if *octet != b'%' {
            octets.push(*octet);
            continue;
        }
        let (digits, later) = rest.split_at_checked(2)?;
        octets.push(u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?);
        rest = later;
    }
    let name = String::from_utf8(octets).ok()?;
    (encode(&name) == file_name && is_possible(&name)).then_some(name)
}

/// Whether an account can have this name.
pub(crate) fn is_possible(name: &str) -> bool {
    !name.is_empty() && encode(name).len() <= MAX_ACCOUNT_FILE_NAME
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn names_that_could_leave_the_directory_cannot() {
        assert_eq!(encode("../x"), "%2E.%2Fx");
        assert_eq!(encode(".."), "%2E.");
        assert_eq!(encode("Jane.Doe+x@example.org"), "Jane.Doe+x@example.org");
        assert_eq!(decode("%2e."), None);
        assert_eq!(decode("%"), None);
        assert!(!is_possible("") && !is_possible(&"ä".repeat(41)));
    }

    proptest! {
        #[test]
        fn names_round_trip(name in "\\PC{1,20}") {
            let encoded = encode(&name);
            prop_assert!(!encoded.starts_with('.') && !encoded.contains('/'));
            prop_assert_eq!(decode(&encoded), Some(name));
        }
    }
}
