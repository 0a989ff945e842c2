//! `rookery mailbox`.

use super::output::{json, row};
use super::{Place, print, table};
use crate::admin::{MailboxDetails, Request, Response};
use crate::failure::Failure;
use clap::{Args, Subcommand};

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
    ]))
}
