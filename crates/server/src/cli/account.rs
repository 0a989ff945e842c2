//! `rookery account`.

use super::output::{counted, json, row};
use super::{Place, passwd_file, password, print, table};
use crate::accounts::Name;
use crate::admin::{AccountDetails, AccountSummary, Client, Password, Request, Response};
use crate::failure::Failure;
use crate::limited_file;
use crate::limits::{MAX_ANSWER, MAX_PASSWD_FILE};
use clap::{Args, Subcommand};
use std::collections::HashSet;
use std::io::{BufRead, IsTerminal, Read, Write};
use std::path::{Path, PathBuf};

#[derive(Subcommand)]
pub(super) enum Command {
    /// Add an account; without --password-stdin a password is made up and printed
    Add(WithPassword),
    /// List all accounts
    List(Listed),
    /// Show an account
    Show(Shown),
    /// Set a new password; without --password-stdin one is made up and printed
    ///
    /// Who is logged in stays so, until the connection ends; --end-sessions ends them all.
    Passwd(NewPassword),
    /// Let nobody log in to an account, and send away who is logged in; its mail is still taken
    Disable(Named),
    /// Undo `disable`
    Enable(Named),
    /// Hide IMAP capabilities from an account's clients, which cannot bear them, from their next login on
    ///
    /// As [capabilities] does in the configuration, for one account.
    Hide(Capabilities),
    /// Undo `hide`
    Unhide(Capabilities),
    /// Delete an account and all its mail; on a terminal it asks first
    Delete(Named),
    /// Add the users of a Dovecot-style passwd-file (user:{SCHEME}hash:...) with their passwords
    Import(File),
}

#[derive(Args)]
pub(super) struct Named {
    /// The account, `local` or `local@domain`
    name: String,
}

#[derive(Args)]
pub(super) struct Capabilities {
    /// The account, `local` or `local@domain`
    name: String,
    /// Their names, as IMAP4rev2 or COMPRESS=DEFLATE
    #[arg(required = true, value_name = "CAPABILITY")]
    capabilities: Vec<String>,
}

#[derive(Args)]
pub(super) struct WithPassword {
    /// The account, `local` or `local@domain`
    name: String,
    /// Take the password from the first line of standard input
    #[arg(long)]
    password_stdin: bool,
}

#[derive(Args)]
pub(super) struct NewPassword {
    #[command(flatten)]
    of: WithPassword,
    /// Send away who is logged in, as after a password was stolen
    #[arg(long)]
    end_sessions: bool,
}

#[derive(Args)]
pub(super) struct Listed {
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Args)]
pub(super) struct Shown {
    /// The account
    name: String,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Args)]
pub(super) struct File {
    /// The passwd-file
    file: PathBuf,
}

pub(super) async fn run(place: &Place, command: Command) -> Result<(), Failure> {
    match command {
        Command::Import(File { file }) => import(place, &file).await,
        Command::Add(options) => {
            let (password, made_up) = choose_password(&options)?;
            let request = Request::AccountAdd { name: options.name, password };
            place.make()?;
            set_password(place, &request, made_up).await
        }
        Command::Passwd(NewPassword { of: options, end_sessions }) => {
            let (password, made_up) = choose_password(&options)?;
            let request = Request::AccountPassword { name: options.name, password, end_sessions };
            set_password(place, &request, made_up).await
        }
        Command::List(Listed { json: as_json }) => {
            let mut client = place.connect().await?;
            let accounts = client.accounts().await?;
            client.close().await?;
            if as_json { json(&accounts) } else { print_list(&accounts) }
        }
        Command::Show(Shown { name, json: as_json }) => {
            match place.ask(&Request::AccountShow { name }).await? {
                Response::Account(account) if as_json => json(&account),
                Response::Account(account) => print_details(&account),
                _ => Err(Failure::unexpected_answer()),
            }
        }
        Command::Disable(Named { name }) => {
            place.ask(&Request::AccountSetDisabled { name, disabled: true }).await.map(|_| ())
        }
        Command::Enable(Named { name }) => {
            place.ask(&Request::AccountSetDisabled { name, disabled: false }).await.map(|_| ())
        }
        Command::Hide(Capabilities { name, capabilities }) => {
            let request = Request::AccountHide { name, capabilities, hidden: true };
            place.ask(&request).await.map(|_| ())
        }
        Command::Unhide(Capabilities { name, capabilities }) => {
            let request = Request::AccountHide { name, capabilities, hidden: false };
            place.ask(&request).await.map(|_| ())
        }
        Command::Delete(Named { name }) => delete(place, name).await,
    }
}

/// Delete an account after its user agreed to that. While the question stands, the data directory is free for
/// others.
async fn delete(place: &Place, name: String) -> Result<(), Failure> {
    if std::io::stdin().is_terminal() {
        let mut client = place.connect().await?;
        let what = contents(&mut client, &name).await?;
        client.close().await?;
        let question = format!("Delete {name} with {what}? [y/N] ");
        if !is_agreed(&question, &mut std::io::stdin().lock(), &mut std::io::stderr())? {
            return Err(Failure::new(format!("{name} was not deleted")));
        }
    }
    let mut client = place.connect().await?;
    let what = contents(&mut client, &name).await?;
    client.ask(&Request::AccountDelete { name: name.clone() }).await?;
    client.close().await?;
    print(&format!("deleted {name}: {what}"))
}

/// How much an account has: `6 mailboxes, 1 message`. It may have no file.
async fn contents(client: &mut Client, name: &str) -> Result<String, Failure> {
    let mailboxes = client.mailboxes(name).await?;
    let messages = mailboxes.iter().map(|mailbox| mailbox.messages).sum();
    let mailboxes = counted(mailboxes.len() as u64, "mailbox");
    Ok(format!("{mailboxes}, {}", counted(messages, "message")))
}

/// Whether the answer to a question is yes. No answer is none.
fn is_agreed(
    question: &str,
    input: &mut impl BufRead,
    output: &mut impl Write,
) -> Result<bool, Failure> {
    let mut answer = String::new();
    write!(output, "{question}")
        .and_then(|()| output.flush())
        .and_then(|()| input.take(MAX_ANSWER).read_line(&mut answer))
        .map_err(|error| Failure::io("asking", &error))?;
    Ok(matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes"))
}

/// The password to set, and whether it was made up and has to be printed.
fn choose_password(options: &WithPassword) -> Result<(Password, Option<String>), Failure> {
    if options.password_stdin {
        return Ok((Password::Clear(password::from_stdin()?), None));
    }
    let made_up = password::generate()?;
    Ok((Password::Clear(made_up.clone()), Some(made_up)))
}

async fn set_password(
    place: &Place,
    request: &Request,
    made_up: Option<String>,
) -> Result<(), Failure> {
    match place.ask(request).await? {
        Response::Added(name) => print(&format!("user: {name}"))?,
        Response::StayLoggedIn { connections } => {
            let connections = counted(connections, "connection");
            // Whoever does not hear it has the new password all the same.
            let _ = writeln!(
                std::io::stderr(),
                "still logged in: {connections}; with --end-sessions they are ended"
            );
        }
        _ => {}
    }
    made_up.map_or(Ok(()), |password| print(&format!("password: {password}")))
}

fn print_list(accounts: &[AccountSummary]) -> Result<(), Failure> {
    let mut lines = vec![row(["NAME", "STATE"])];
    for account in accounts {
        let state = match account {
            AccountSummary { has_file: false, .. } => "no account.toml",
            AccountSummary { unreadable: Some(_), .. } => "account.toml cannot be read",
            AccountSummary { disabled: true, .. } => "disabled",
            _ => "enabled",
        };
        lines.push(row([&account.name, state]));
    }
    print(&table(&lines))
}

fn print_details(account: &AccountDetails) -> Result<(), Failure> {
    let state = if account.disabled { "disabled" } else { "enabled" };
    print(&table(&[
        row(["name:", &account.name]),
        row(["state:", state]),
        row(["passwords:", &account.passwords.join(" ")]),
        row(["hidden:", &account.hidden.join(" ")]),
        row(["directory:", &account.directory]),
        row(["mailboxes:", &account.mailboxes.to_string()]),
        row(["messages:", &account.messages.to_string()]),
        row(["size:", &format!("{} octets", account.size)]),
    ]))
}

/// Add the users that do not exist yet, and say what became of each line that could not be used.
async fn import(place: &Place, file: &Path) -> Result<(), Failure> {
    let text = limited_file::text(file, MAX_PASSWD_FILE)
        .map_err(|error| Failure::io(format!("reading {}", file.display()), &error))?;
    place.make()?;
    let mut client = place.connect().await?;
    let existing = existing(&mut client).await?;
    let (mut added, mut skipped, mut failed) = (0, 0, Vec::new());
    for user in passwd_file::parse(&text) {
        if Name::new(&user.name).is_ok_and(|name| existing.contains(name.as_str())) {
            skipped += 1;
            continue;
        }
        let password = Password::Stored(user.password);
        let request = Request::AccountAdd { name: user.name.clone(), password };
        match client.ask(&request).await {
            Ok(_) => added += 1,
            Err(error) => {
                failed.push(format!("{}:{}: {}: {error}", file.display(), user.line, user.name));
            }
        }
    }
    client.close().await?;
    print(&format!(
        "{} added, {skipped} existed already, {} not added",
        counted(added, "account"),
        failed.len()
    ))?;
    if failed.is_empty() { Ok(()) } else { Err(Failure::new(failed.join("\n"))) }
}

async fn existing(client: &mut Client) -> Result<HashSet<String>, Failure> {
    let complete = client.accounts().await?.into_iter().filter(|account| account.has_file);
    Ok(complete.map(|account| account.name).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_yes_is_agreement() {
        for (answer, agreed) in [
            ("y\n", true),
            (" Yes \r\n", true),
            ("n\n", false),
            ("\n", false),
            ("", false),
            ("yak\n", false),
            // What stands behind so much is not looked at.
            (&format!("{}yes\n", " ".repeat(2000)), false),
        ] {
            let mut asked = Vec::new();
            assert_eq!(is_agreed("Sure? ", &mut answer.as_bytes(), &mut asked), Ok(agreed));
            assert_eq!(asked, b"Sure? ");
        }
    }
}
