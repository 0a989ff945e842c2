//! What a dialog is played against.

use super::{Setting, Stream};
use std::io;
use std::pin::Pin;

/// A connection in the making.
pub type Connecting<'a> = Pin<Box<dyn Future<Output = io::Result<Box<dyn Stream>>> + Send + 'a>>;

/// A limit that is being set.
pub type Limiting<'a> = Pin<Box<dyn Future<Output = io::Result<()>> + Send + 'a>>;

/// A server with one fresh account, as a dialog finds it.
pub trait Host: Send + Sync {
    /// The login name of the account.
    fn user(&self) -> &str;

    /// Its password.
    fn password(&self) -> &str;

    /// Whether its administrator has decided like this.
    fn has(&self, settings: &[Setting]) -> bool {
        settings.is_empty()
    }

    /// A new connection.
    fn connect(&self) -> Connecting<'_>;

    /// Give a mailbox an append limit of its own. By default that is not possible.
    fn set_append_limit<'a>(&'a self, _mailbox: &'a str, _octets: u64) -> Limiting<'a> {
        Box::pin(async { Err(io::ErrorKind::Unsupported.into()) })
    }
}
