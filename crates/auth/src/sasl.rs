//! SASL mechanisms (RFC 4422): what a client's messages mean. Base64 and line borders are the protocol's.

use crate::Secret;
use crate::limits::{MAX_NAME_LEN, MAX_PASSWORD_LEN, MAX_PLAIN_LEN};

/// A mechanism that the server offers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mechanism {
    /// A name and a password in one message from the client (RFC 4616). Only for encrypted connections.
    Plain,
}

impl Mechanism {
    /// The registered name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Plain => "PLAIN",
        }
    }

    /// The mechanism of this name, in any case.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        mechanisms().iter().copied().find(|known| known.name().eq_ignore_ascii_case(name))
    }
}

/// All mechanisms, in the order in which they are advertised.
#[must_use]
pub fn mechanisms() -> &'static [Mechanism] {
    &[Mechanism::Plain]
}

/// A name and a password that a client claims to have.
#[derive(Clone, Debug)]
pub struct Credentials {
    /// The account to act as, if the client named one.
    pub authzid: Option<String>,
    /// The user whose password it is.
    pub user: String,
    /// The password.
    pub password: Secret,
}

/// Why a message is none of its mechanism.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum SaslError {
    /// A part is longer than [`MAX_NAME_LEN`] or [`MAX_PASSWORD_LEN`].
    #[error("the message is too long")]
    TooLong,
    /// There are not exactly two NULs, or user or password are empty.
    #[error("not of the form authzid NUL user NUL password")]
    Malformed,
    /// A part is not UTF-8.
    #[error("not UTF-8")]
    NotUtf8,
    /// A name has characters that SASLprep forbids (RFC 4013 §2.3).
    #[error("a forbidden character in a name")]
    ForbiddenCharacter,
}

/// The PLAIN mechanism (RFC 4616). The server's challenge is empty.
#[derive(Clone, Copy, Debug)]
pub struct Plain;

impl Plain {
    /// Read the client's one message. Names come back prepared with SASLprep, the password as it was
    /// sent: [`crate::password::verify`] prepares it itself.
    ///
    /// # Errors
    /// See [`SaslError`].
    pub fn parse(message: &[u8]) -> Result<Credentials, SaslError> {
        if message.len() > MAX_PLAIN_LEN {
            return Err(SaslError::TooLong);
        }
        let text = std::str::from_utf8(message).map_err(|_| SaslError::NotUtf8)?;
        let mut parts = text.split('\0');
        let (Some(authzid), Some(user), Some(password), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(SaslError::Malformed);
        };
        if user.is_empty() || password.is_empty() {
            return Err(SaslError::Malformed);
        }
        if password.len() > MAX_PASSWORD_LEN {
            return Err(SaslError::TooLong);
        }
        let authzid = if authzid.is_empty() { None } else { Some(prepare_name(authzid)?) };
        Ok(Credentials { authzid, user: prepare_name(user)?, password: Secret::new(password) })
    }
}

/// A name in the form in which names are compared (RFC 4013).
///
/// # Errors
/// When it is too long, has forbidden characters, or nothing is left of it.
pub fn prepare_name(name: &str) -> Result<String, SaslError> {
    if name.len() > MAX_NAME_LEN {
        return Err(SaslError::TooLong);
    }
    let prepared = stringprep::saslprep(name).map_err(|_| SaslError::ForbiddenCharacter)?;
    if prepared.is_empty() {
        return Err(SaslError::Malformed);
    }
    Ok(prepared.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_examples_of_rfc_4616_are_read() {
        let own = Plain::parse(b"\0tim\0tanstaaftanstaaf").unwrap();
        assert_eq!((own.authzid, own.user.as_str()), (None, "tim"));
        assert_eq!(own.password.as_bytes(), b"tanstaaftanstaaf");
        let other = Plain::parse(b"Ursel\0Kurt\0xipj3plmq").unwrap();
        assert_eq!((other.authzid.as_deref(), other.user.as_str()), (Some("Ursel"), "Kurt"));
    }

    #[test]
    fn names_are_prepared_and_passwords_are_not() {
        let read = Plain::parse("\0a\u{ad}da\u{aa}\0p\u{ad}w".as_bytes()).unwrap();
        assert_eq!(read.user, "adaa");
        assert_eq!(read.password.as_bytes(), "p\u{ad}w".as_bytes());
    }

    #[test]
    fn other_messages_are_refused() {
        let long = format!("\0{}\0p", "x".repeat(MAX_NAME_LEN + 1));
        let longer = format!("\0u\0{}", "x".repeat(MAX_PLAIN_LEN));
        for (message, error) in [
            (b"".as_slice(), SaslError::Malformed),
            (b"user\0password", SaslError::Malformed),
            (b"\0\0password", SaslError::Malformed),
            (b"\0user\0", SaslError::Malformed),
            (b"\0user\0pass\0word", SaslError::Malformed),
            (b"\0us\xffer\0password", SaslError::NotUtf8),
            (b"\0us\x07er\0password", SaslError::ForbiddenCharacter),
            ("\0\u{ad}\0password".as_bytes(), SaslError::Malformed),
            (long.as_bytes(), SaslError::TooLong),
            (longer.as_bytes(), SaslError::TooLong),
        ] {
            assert_eq!(Plain::parse(message).map(|_| ()), Err(error), "{message:?}");
        }
    }

    #[test]
    fn mechanisms_are_found_in_any_case() {
        assert_eq!(Mechanism::parse("plain"), Some(Mechanism::Plain));
        assert_eq!(Mechanism::parse("LOGIN"), None);
    }

    proptest! {
        #[test]
        fn any_octets_are_read_or_refused(message in proptest::collection::vec(any::<u8>(), 0..64)) {
            if let Ok(read) = Plain::parse(&message) {
                prop_assert!(!read.user.is_empty() && !read.user.contains('\0'));
            }
        }
    }
}
