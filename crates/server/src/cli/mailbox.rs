//! `rookery mailbox`.

use super::output::{json, row};
use super::{Place, print, table};
use crate::admin::{MailboxDetails, Request, Response};
use crate::failure::Failure;
use clap::{Args, Subcommand};
use std::str::FromStr;

#[derive(Subcommand)]
pub(super) enum Command {
    /// List an account's mailboxes
    List(Listed),
    /// Create a mailbox, and the levels above it
    Create(Created),
    /// Rename a mailbox and those below it
    Rename(Renamed),
    /// Delete a mailbox and its messages
    Delete(Named),
    /// Show a mailbox's numbers
    Status(Shown),
    /// Change a mailbox's settings
    Set(Settings),
}

#[derive(Args)]
pub(super) struct Listed {
    /// The account
    name: String,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Args)]
pub(super) struct Created {
    /// The account
    name: String,
    /// The mailbox, levels separated by `/`
    mailbox: String,
    /// What it is for: Archive, Drafts, Junk, Sent, Trash, ...
    #[arg(long, value_name = "USE")]
    special_use: Option<String>,
}

#[derive(Args)]
pub(super) struct Renamed {
    /// The account
    name: String,
    /// The mailbox
    from: String,
    /// Its new name
    to: String,
}

#[derive(Args)]
pub(super) struct Named {
    /// The account
    name: String,
    /// The mailbox
    mailbox: String,
}

#[derive(Args)]
pub(super) struct Shown {
    /// The account
    name: String,
    /// The mailbox
    #[arg(default_value = "INBOX")]
    mailbox: String,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Args)]
pub(super) struct Settings {
    /// The account
    name: String,
    /// The mailbox
    mailbox: String,
    /// The largest message that clients may upload to it, in octets or with K, M or G behind the number; 0 for no uploads,
    /// `none` for no limit but the server's
    #[arg(long, value_name = "SIZE|none")]
    append_limit: AppendLimit,
}

/// A limit in octets, if there is one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct AppendLimit(Option<u64>);

impl FromStr for AppendLimit {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == "none" {
            return Ok(Self(None));
        }
        let units = [('K', 1 << 10), ('M', 1 << 20), ('G', 1_u64 << 30)];
        let unit = units.iter().find(|(letter, _)| text.ends_with(*letter));
        let (digits, unit) = match unit {
            Some((letter, unit)) => (text.strip_suffix(*letter).unwrap_or(text), *unit),
            None => (text, 1),
        };
        let size = digits.parse::<u64>().ok().and_then(|number| number.checked_mul(unit));
        let size = size.filter(|size| i64::try_from(*size).is_ok());
        size.map(|size| Self(Some(size))).ok_or("a size like 1000, 64K, 25M or 1G, or none")
    }
}

pub(super) async fn run(place: &Place, command: Command) -> Result<(), Failure> {
    match command {
        Command::List(Listed { name, json: as_json }) => {
            let mut client = place.connect().await?;
            let mailboxes = client.mailboxes(&name).await?;
            client.close().await?;
            if as_json { json(&mailboxes) } else { print_list(&mailboxes) }
        }
        Command::Create(Created { name: account, mailbox, special_use }) => {
            let done = format!("created {mailbox}");
            change(place, &Request::MailboxCreate { account, mailbox, special_use }, &done).await
        }
        Command::Rename(Renamed { name: account, from, to }) => {
            let done = format!("renamed {from} to {to}");
            change(place, &Request::MailboxRename { account, from, to }, &done).await
        }
        Command::Delete(Named { name: account, mailbox }) => {
            let done = format!("deleted {mailbox}");
            change(place, &Request::MailboxDelete { account, mailbox }, &done).await
        }
        Command::Status(Shown { name: account, mailbox, json: as_json }) => {
            match place.ask(&Request::MailboxStatus { account, mailbox }).await? {
                Response::Mailbox(mailbox) if as_json => json(&mailbox),
                Response::Mailbox(mailbox) => print_status(&mailbox),
                _ => Err(Failure::unexpected_answer()),
            }
        }
        Command::Set(Settings { name: account, mailbox, append_limit: AppendLimit(limit) }) => {
            let shown = limit.map_or("none".to_owned(), |limit| format!("{limit} octets"));
            let done = format!("append limit of {mailbox}: {shown}");
            change(place, &Request::MailboxSetAppendLimit { account, mailbox, limit }, &done).await
        }
    }
}

/// Ask for a change and say that it was made.
async fn change(place: &Place, request: &Request, done: &str) -> Result<(), Failure> {
    place.ask(request).await?;
    print(done)
}

fn print_list(mailboxes: &[MailboxDetails]) -> Result<(), Failure> {
    let mut lines = vec![row(["NAME", "MESSAGES", "UNSEEN", "SIZE", "SPECIAL USE"])];
    for mailbox in mailboxes {
        lines.push(vec![
            mailbox.name.clone(),
            mailbox.messages.to_string(),
            mailbox.unseen.to_string(),
            mailbox.size.to_string(),
            mailbox.special_use.clone().unwrap_or_default(),
        ]);
    }
    print(&table(&lines))
}

fn print_status(mailbox: &MailboxDetails) -> Result<(), Failure> {
    let append_limit = mailbox.append_limit.map(|limit| format!("{limit} octets"));
    print(&table(&[
        row(["name:", &mailbox.name]),
        row(["special use:", mailbox.special_use.as_deref().unwrap_or("none")]),
        row(["subscribed:", if mailbox.subscribed { "yes" } else { "no" }]),
        row(["messages:", &mailbox.messages.to_string()]),
        row(["unseen:", &mailbox.unseen.to_string()]),
        row(["deleted:", &mailbox.deleted.to_string()]),
        row(["size:", &format!("{} octets", mailbox.size)]),
        row(["UIDVALIDITY:", &mailbox.uid_validity.to_string()]),
        row(["UIDNEXT:", &mailbox.uid_next.to_string()]),
        row(["HIGHESTMODSEQ:", &mailbox.highest_modseq.to_string()]),
        row(["append limit:", append_limit.as_deref().unwrap_or("none")]),
    ]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_is_a_size_or_none() {
        for (text, octets) in [
            ("none", None),
            ("0", Some(0)),
            ("25M", Some(25 << 20)),
            ("1K", Some(1024)),
            ("2G", Some(2 << 30)),
        ] {
            assert_eq!(text.parse(), Ok(AppendLimit(octets)), "{text}");
        }
        for text in
            ["", "K", "-1", "1.5M", "1KM", "1KK", "10 M", "99999999999G", "9223372036854775808"]
        {
            assert!(text.parse::<AppendLimit>().is_err(), "{text}");
        }
    }
}
