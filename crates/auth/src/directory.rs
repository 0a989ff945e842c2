//! The port to a directory of accounts.

use crate::limits::MAX_NAME_LEN;
use crate::password;
use std::collections::HashMap;
use std::pin::Pin;

/// A directory's answer, in a while.
pub type LoginReply<'a> = Pin<Box<dyn Future<Output = Result<Login, Denied>> + Send + 'a>>;

/// Who may log in.
pub trait Directory: Send + Sync {
    /// Check a password and say which account it opens. `user` and `authzid` are as the client wrote
    /// them; an absent or empty `authzid` stands for the user's own account (RFC 4616 §2).
    ///
    /// An unknown user, a wrong password and a disabled account are answered alike and after the
    /// same time.
    ///
    /// # Errors
    /// See [`Denied`].
    fn login<'a>(
        &'a self,
        authzid: Option<&'a str>,
        user: &'a str,
        password: &'a [u8],
    ) -> LoginReply<'a>;
}

/// A login that was granted.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Login {
    /// The account, by its canonical name.
    pub account: String,
    /// What opened the account, for the log: `password`, or the label of an app password.
    pub credential: String,
    /// Capabilities that are hidden from the clients of this account, by their names in the front's protocol.
    pub hidden: Vec<String>,
}

/// Why a login was refused.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Denied {
    /// No such user, a wrong password or a disabled account, and nobody learns which
    /// (RFC 5530 §3, AUTHENTICATIONFAILED).
    #[error("wrong user name or password")]
    BadCredentials,
    /// The password is right, but the account asked for is another one
    /// (RFC 5530 §3, AUTHORIZATIONFAILED).
    #[error("not authorized to act as the other user")]
    NotAuthorized,
    /// The password is right, and everybody knows it: it opens nothing until it is changed (RFC 9051 §11.7;
    /// RFC 5530 §3, EXPIRED).
    #[error("a password that attackers try first")]
    WellKnown,
    /// Accounts cannot be looked up now (RFC 5530 §3, UNAVAILABLE).
    #[error("logging in is not possible at the moment")]
    Unavailable,
    /// Too many logins are being checked or have failed; worth another try later.
    #[error("too many attempts to log in")]
    Throttled,
}

/// A fixed list of accounts with passwords in the clear, for tests and for embedding.
pub struct StaticDirectory {
    passwords: HashMap<String, String>,
    hidden: Vec<String>,
}

impl StaticDirectory {
    /// A directory of these users and their passwords.
    #[must_use]
    pub fn new(accounts: &[(&str, &str)]) -> Self {
        let own = |(user, password): &(&str, &str)| ((*user).to_owned(), (*password).to_owned());
        Self { passwords: accounts.iter().map(own).collect(), hidden: Vec::new() }
    }

    /// The same, with capabilities hidden from the clients of all accounts.
    #[must_use]
    pub fn hiding(self, hidden: Vec<String>) -> Self {
        Self { hidden, ..self }
    }

    fn check(&self, authzid: Option<&str>, user: &str, given: &[u8]) -> Result<Login, Denied> {
        if user.len() > MAX_NAME_LEN {
            return Err(Denied::BadCredentials);
        }
        let known = self.passwords.get(user);
        let equal = password::equal(known.map_or("", String::as_str).as_bytes(), given);
        if known.is_none() || !equal {
            return Err(Denied::BadCredentials);
        }
        if authzid.is_some_and(|authzid| !authzid.is_empty() && authzid != user) {
            return Err(Denied::NotAuthorized);
        }
        let credential = "password".to_owned();
        let hidden = self.hidden.clone();
        Ok(Login { account: user.to_owned(), credential, hidden })
    }
}

impl Directory for StaticDirectory {
    fn login<'a>(
        &'a self,
        authzid: Option<&'a str>,
        user: &'a str,
        password: &'a [u8],
    ) -> LoginReply<'a> {
        Box::pin(std::future::ready(self.check(authzid, user, password)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_right_password_opens_ones_own_account() {
        let directory = StaticDirectory::new(&[("ada", "tulip"), ("bob", "")]);
        let account = |result: Result<Login, Denied>| result.map(|login| login.account);
        let check = |authzid, user, password: &str| {
            account(directory.check(authzid, user, password.as_bytes()))
        };
        assert_eq!(check(None, "ada", "tulip"), Ok("ada".to_owned()));
        assert_eq!(check(Some(""), "ada", "tulip"), Ok("ada".to_owned()));
        assert_eq!(check(Some("ada"), "ada", "tulip"), Ok("ada".to_owned()));
        assert_eq!(check(Some("bob"), "ada", "tulip"), Err(Denied::NotAuthorized));
        assert_eq!(check(None, "ada", "tulips"), Err(Denied::BadCredentials));
        assert_eq!(check(None, "eve", ""), Err(Denied::BadCredentials));
    }
}
