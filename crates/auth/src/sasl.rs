//! SASL mechanisms (RFC 4422): what a client's messages mean. Base64 and line borders are the protocol's.

use crate::Secret;
use crate::limits::{MAX_NAME_LEN, MAX_PASSWORD_LEN, MAX_PLAIN_LEN};

/// A mechanism that the server offers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mechanism {
    /// A name and a password in one message from the client (RFC 4616). Only for encrypted connections.
    Plain,
    /// A name and a password in one message each, which no RFC describes and old programs still use. Only for
    /// encrypted connections.
    Login,
}

impl Mechanism {
    /// The registered name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Plain => "PLAIN",
            Self::Login => "LOGIN",
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
    &[Mechanism::Plain, Mechanism::Login]
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
    /// User or password are empty, or there are more NULs or fewer than the mechanism has.
    #[error("not of the form that the mechanism has")]
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

/// The LOGIN mechanism: a question for each part, in any words. The user acts as itself.
#[derive(Clone, Debug)]
pub struct Login {
    user: String,
}

impl Login {
    /// The question for the user's name, in the words that all servers have.
    pub const ASK_USER: &str = "Username:";
    /// The question for the password.
    pub const ASK_PASSWORD: &str = "Password:";

    /// Read the answer to the first question. The name comes back prepared with SASLprep.
    ///
    /// # Errors
    /// See [`SaslError`].
    pub fn user(message: &[u8]) -> Result<Self, SaslError> {
        Ok(Self { user: prepare_name(part(message, MAX_NAME_LEN)?)? })
    }

    /// Read the answer to the second question.
    ///
    /// # Errors
    /// See [`SaslError`].
    pub fn password(self, message: &[u8]) -> Result<Credentials, SaslError> {
        let password = Secret::new(part(message, MAX_PASSWORD_LEN)?);
        Ok(Credentials { authzid: None, user: self.user, password })
    }
}

/// A message that is one part.
fn part(message: &[u8], longest: usize) -> Result<&str, SaslError> {
    if message.len() > longest {
        return Err(SaslError::TooLong);
    }
    let text = std::str::from_utf8(message).map_err(|_| SaslError::NotUtf8)?;
    if text.is_empty() || text.contains('\0') {
        return Err(SaslError::Malformed);
    }
    Ok(text)
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
            // It is not even looked at.
            (&[0xff; MAX_PLAIN_LEN + 1], SaslError::TooLong),
        ] {
            assert_eq!(Plain::parse(message).map(|_| ()), Err(error), "{message:?}");
        }
    }

    #[test]
    fn login_takes_a_name_and_then_a_password() {
        let read = |user: &[u8], password: &[u8]| {
            let credentials = Login::user(user).and_then(|login| login.password(password));
            credentials.map(|read| (read.authzid, read.user, read.password.as_bytes().to_vec()))
        };
        let own = |user: &str, password: &str| Ok((None, user.to_owned(), password.into()));
        assert_eq!(read(b"tim", b"tanstaaf"), own("tim", "tanstaaf"));
        assert_eq!(read("a\u{ad}da".as_bytes(), "p\u{ad}w".as_bytes()), own("ada", "p\u{ad}w"));
        let (long, longer) = ("x".repeat(MAX_NAME_LEN + 1), "x".repeat(MAX_PASSWORD_LEN + 1));
        for (user, password, error) in [
            (b"".as_slice(), b"x".as_slice(), SaslError::Malformed),
            (b"tim", b"", SaslError::Malformed),
            (b"tim\0tom", b"x", SaslError::Malformed),
            (b"tim", b"x\0y", SaslError::Malformed),
            (b"t\xffm", b"x", SaslError::NotUtf8),
            (b"t\x07m", b"x", SaslError::ForbiddenCharacter),
            (long.as_bytes(), b"x", SaslError::TooLong),
            (b"tim", longer.as_bytes(), SaslError::TooLong),
        ] {
            assert_eq!(read(user, password), Err(error), "{user:?} {password:?}");
        }
    }

    #[test]
    fn mechanisms_are_found_in_any_case() {
        assert_eq!(Mechanism::parse("plain"), Some(Mechanism::Plain));
        assert_eq!(Mechanism::parse("Login"), Some(Mechanism::Login));
        assert_eq!(Mechanism::parse("X-LOGIN"), None);
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
