//! Administration: one protocol, spoken through a socket in the data directory to the running server, or
//! within the process where no server runs. Either way [`execute::execute`] does the work.

mod account;
mod check;
mod client;
mod content;
mod execute;
mod frame;
mod mailbox;
mod message;
mod request;
mod socket;

pub(crate) use client::Client;
#[cfg(feature = "fuzzing")]
pub(crate) use execute::serve;
pub(crate) use request::{
    AccountDetails, AccountSummary, CheckedAccount, CheckedMessages, Finding, ListedMessage,
    MailboxDetails, MessageDetails, Password, Request, Response,
};
pub(crate) use socket::Socket;

use std::path::{Path, PathBuf};

/// Whether a server answers for this data directory.
pub(crate) async fn is_served(data: &Path) -> bool {
    tokio::net::UnixStream::connect(socket_path(data)).await.is_ok()
}

/// The socket of the server that has this data directory open.
fn socket_path(data: &Path) -> PathBuf {
    data.join("rookery.sock")
}

#[cfg(test)]
mod kills;
#[cfg(test)]
mod tests;
