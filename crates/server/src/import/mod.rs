//! Reading the mail of other programs: Maildir, mbox, a folder of message files.

mod crlf;
mod eml;
pub(crate) mod maildir;
pub(crate) mod mbox;
mod received;

pub(crate) use crlf::CrlfWriter;

use crate::admin::MessageDetails;
use std::fs::File;
use std::io;
use std::path::Path;

/// A message as it was found.
pub(crate) struct Found {
    /// Where it was found, for messages about it.
    pub(crate) origin: String,
    /// The mailbox that it is for.
    pub(crate) mailbox: String,
    pub(crate) details: MessageDetails,
    /// With CRLF at the ends of its lines.
    pub(crate) octets: Vec<u8>,
}

/// The messages of a source, and how many there are in its own unit, of which each counts as many as it says.
pub(crate) struct Source {
    /// Mailboxes that it has, with messages in them or without.
    pub(crate) mailboxes: Vec<String>,
    pub(crate) messages: Box<dyn Iterator<Item = io::Result<(Found, u64)>> + Send>,
    pub(crate) total: u64,
}

/// The mail in a Maildir with its subfolders. Here and below, a message of more than `most` octets is an error in its place.
pub(crate) fn maildir(dir: &Path, mailbox: Option<&str>, most: u64) -> io::Result<Source> {
    maildir::read(dir, mailbox, most)
}

/// The mail in an mbox file.
pub(crate) fn mbox(file: &Path, mailbox: Option<&str>, most: u64) -> io::Result<Source> {
    mbox::read(file, mailbox.unwrap_or(rookery_mail::INBOX), most)
}

/// The message files in a folder and those below it.
pub(crate) fn eml(dir: &Path, mailbox: Option<&str>, most: u64) -> io::Result<Source> {
    eml::read(dir, mailbox.unwrap_or(rookery_mail::INBOX), most)
}

/// An error with the path that it is about.
fn named(path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}

/// Seconds since 1970 of a file's last change.
fn modified(file: &File) -> io::Result<i64> {
    Ok(crate::clock::seconds(file.metadata()?.modified()?))
}
