//! Requests about accounts.

use super::{AccountDetails, AccountSummary, Password, Response};
use crate::accounts::{AccountFile, Accounts, Name, NotHashed};
use crate::clock::now;
use crate::config;
use crate::failure::Failure;
use crate::limits::MAX_ADMIN_ACCOUNTS;
use crate::services::Services;
use rookery_auth::limits::MAX_PASSWORD_LEN;
use rookery_auth::password::StoredPassword;
use rookery_imap::{Ended, Mask};
use rookery_mailbox::{Account, AccountStore, initial_mailboxes};
use rookery_mailbox::{Refused, StoreError};
use std::io;
use std::sync::Arc;

type Answer = Result<Response, Failure>;

pub(super) async fn add(services: &Services, name: &str, password: Password) -> Answer {
    let name = parse(name)?;
    let stored = stored(services, password).await?;
    let _locked = services.accounts.lock(&name).await;
    ensure_missing(services, &name).await?;
    // The store makes an account of the directory, when all else is in it: after a crash there is none, or a whole one.
    let (of, file) = (name.clone(), AccountFile::new(name.as_str(), stored));
    blocking(services, move |accounts| accounts.create(&of, &file).map_err(|e| of_file(&of, &e)))
        .await?;
    services.store.create_account(name.as_str(), &initial_mailboxes(), now()).await?;
    tracing::info!(account = %name, "account added");
    Ok(Response::Added(name.as_str().to_owned()))
}

/// What the store has is never taken over by a new account, whether it has a file or not: the mail in it is somebody else's.
async fn ensure_missing(services: &Services, name: &Name) -> Result<(), Failure> {
    match services.store.account(name.as_str()).await {
        Err(StoreError::Refused(Refused::NoSuchAccount)) => Ok(()),
        Ok(_) | Err(StoreError::Damaged(_)) if !has_file(services, name).await? => {
            Err(without_file(name))
        }
        Ok(_) | Err(StoreError::Damaged(_)) => {
            Err(Failure::new(format!("account {name} exists already"))
                .hint(format!("`rookery account passwd {name}` sets a new password")))
        }
        Err(error) => Err(error.into()),
    }
}

/// The accounts whose names come after this one, as many as fit into an answer.
pub(super) async fn list(services: &Services, after: Option<&str>) -> Answer {
    let mut names = services.store.accounts().await?;
    names.sort_unstable();
    let start = after.map_or(0, |after| names.partition_point(|name| name.as_str() <= after));
    let mut page = names.split_off(start);
    let more = page.len() > MAX_ADMIN_ACCOUNTS;
    page.truncate(MAX_ADMIN_ACCOUNTS);
    let summarize = |accounts: &Accounts| {
        Ok(page.into_iter().map(|name| summary(accounts, name)).collect::<Vec<_>>())
    };
    Ok(Response::Accounts { accounts: blocking(services, summarize).await?, more })
}

/// One file that cannot be read must not hide the other accounts.
fn summary(accounts: &Accounts, name: String) -> AccountSummary {
    let parsed = Name::new(&name).ok();
    match parsed.map(|name| accounts.read(&name)).transpose() {
        Ok(file) => {
            let file = file.flatten();
            let (has_file, disabled) = (file.is_some(), file.is_some_and(|file| file.disabled));
            AccountSummary { name, has_file, disabled, unreadable: None }
        }
        Err(error) => {
            let unreadable = Some(error.to_string());
            AccountSummary { name, has_file: true, disabled: false, unreadable }
        }
    }
}

pub(super) async fn show(services: &Services, name: &str) -> Answer {
    let name = parse(name)?;
    let account = Account::new(store_of(services, &name).await?);
    let of = name.clone();
    let file = blocking(services, move |accounts| existing(accounts, &of)).await?;
    let list = account.store().mailboxes().await?;
    let (mut messages, mut size) = (0, 0);
    for info in list.mailboxes.values() {
        let counts = account.store().status(info.id).await?.counts;
        messages += u64::from(counts.messages);
        size += counts.size;
    }
    Ok(Response::Account(AccountDetails {
        name: name.as_str().to_owned(),
        disabled: file.disabled,
        passwords: file.passwords.iter().map(|stored| scheme(stored)).collect(),
        hidden: file.hidden_capabilities.clone(),
        directory: services.accounts.directory(&name).display().to_string(),
        mailboxes: list.mailboxes.len() as u64,
        messages,
        size,
    }))
}

/// Set a new password. Who is logged in with the former one stays so, unless sessions are to end.
pub(super) async fn set_password(
    services: &Services,
    name: &str,
    password: Password,
    end_sessions: bool,
) -> Answer {
    let name = parse(name)?;
    store_of(services, &name).await?;
    let password = stored(services, password).await?;
    let lost = AccountFile::new(name.as_str(), password.clone());
    change_or(services, &name, Some(lost), |file| file.passwords = vec![password]).await?;
    tracing::info!(account = %name, "password changed");
    if end_sessions {
        services.connections.end(name.as_str(), Ended::NewPassword);
        return Ok(Response::Done);
    }
    match services.connections.count(name.as_str()) {
        0 => Ok(Response::Done),
        connections => Ok(Response::StayLoggedIn { connections: connections as u64 }),
    }
}

pub(super) async fn set_disabled(services: &Services, name: &str, disabled: bool) -> Answer {
    let name = parse(name)?;
    change(services, &name, move |file| file.disabled = disabled).await?;
    tracing::info!(account = %name, disabled, "account changed");
    if disabled {
        services.connections.end(name.as_str(), Ended::Disabled);
    }
    Ok(Response::Done)
}

/// Hide capabilities from an account's clients, or show them again.
pub(super) async fn set_hidden(
    services: &Services,
    name: &str,
    capabilities: Vec<String>,
    hidden: bool,
) -> Answer {
    let name = parse(name)?;
    let capabilities = match hidden {
        true => can_be_hidden(&capabilities)?,
        false => are_hidden(services, &name, capabilities).await?,
    };
    tracing::info!(account = %name, ?capabilities, hidden, "account changes");
    change(services, &name, move |file| {
        let list = &mut file.hidden_capabilities;
        list.retain(|known| !capabilities.iter().any(|name| name.eq_ignore_ascii_case(known)));
        if hidden {
            list.extend(capabilities);
        }
    })
    .await?;
    Ok(Response::Done)
}

/// The names of capabilities as they are advertised.
fn can_be_hidden(capabilities: &[String]) -> Result<Vec<String>, Failure> {
    let mut mask = Mask::default();
    for name in capabilities {
        config::hide(&mut mask, name).map_err(Failure::new)?;
    }
    Ok(mask.iter().map(str::to_owned).collect())
}

/// The capabilities, if all of them are hidden: some may be of a version of this program that knew others.
async fn are_hidden(
    services: &Services,
    name: &Name,
    capabilities: Vec<String>,
) -> Result<Vec<String>, Failure> {
    store_of(services, name).await?;
    let of = name.clone();
    let file = blocking(services, move |accounts| existing(accounts, &of)).await?;
    let is_shown = |asked: &&String| {
        !file.hidden_capabilities.iter().any(|known| known.eq_ignore_ascii_case(asked))
    };
    match capabilities.iter().find(is_shown) {
        Some(shown) => Err(Failure::new(format!("{shown} is not hidden from {name}'s clients"))
            .hint(format!("`rookery account show {name}` shows what is"))),
        None => Ok(capabilities),
    }
}

pub(super) async fn delete(services: &Services, name: &str) -> Answer {
    let name = parse(name)?;
    let _locked = services.accounts.lock(&name).await;
    // The file goes with the directory that it is in: a crash leaves all of the account, or nothing.
    let deleted = services.store.delete_account(name.as_str()).await;
    deleted.map_err(|error| Failure::of_account(name.as_str(), error))?;
    services.accounts.forget(&name);
    services.connections.end(name.as_str(), Ended::Deleted);
    tracing::info!(account = %name, "account deleted");
    Ok(Response::Done)
}

/// Change an account's file while nobody else does.
async fn change(
    services: &Services,
    name: &Name,
    change: impl FnOnce(&mut AccountFile) + Send + 'static,
) -> Result<(), Failure> {
    change_or(services, name, None, change).await
}

/// The same; an account that has lost its file gets this one, if there is one to be had.
async fn change_or(
    services: &Services,
    name: &Name,
    lost: Option<AccountFile>,
    change: impl FnOnce(&mut AccountFile) + Send + 'static,
) -> Result<(), Failure> {
    let locked = services.accounts.lock(name).await;
    store_of(services, name).await?;
    let name = name.clone();
    blocking(services, move |accounts| {
        // The lock is held until the file is written, whether somebody waits for that or not.
        let _locked = locked;
        let known = read(accounts, &name)?.map(|file| AccountFile::clone(&file));
        let mut file = known.or(lost).ok_or_else(|| without_file(&name))?;
        change(&mut file);
        write(accounts, &name, &file)
    })
    .await
}

/// The mail of an account.
pub(super) async fn store_of(
    services: &Services,
    name: &Name,
) -> Result<Arc<dyn AccountStore>, Failure> {
    let found = services.store.account(name.as_str()).await;
    found.map_err(|error| Failure::of_account(name.as_str(), error))
}

/// Do something with account files on a thread that may be kept busy.
async fn blocking<T: Send + 'static>(
    services: &Services,
    work: impl FnOnce(&Accounts) -> Result<T, Failure> + Send + 'static,
) -> Result<T, Failure> {
    let accounts = Arc::clone(&services.accounts);
    let done = tokio::task::spawn_blocking(move || work(&accounts)).await;
    done.map_err(|_| Failure::new("the server is going down"))?
}

async fn has_file(services: &Services, name: &Name) -> Result<bool, Failure> {
    let name = name.clone();
    blocking(services, move |accounts| Ok(read(accounts, &name)?.is_some())).await
}

/// The file of an account that the store has.
fn existing(accounts: &Accounts, name: &Name) -> Result<Arc<AccountFile>, Failure> {
    read(accounts, name)?.ok_or_else(|| without_file(name))
}

/// Somebody removed the file; or a version of this program which removed it first was interrupted deleting the account.
fn without_file(name: &Name) -> Failure {
    Failure::new(format!("account {name} has no account.toml")).hint(format!(
        "`rookery account passwd {name}` gives it one, and keeps its mail; `rookery account delete {name}` removes both"
    ))
}

pub(super) fn parse(name: &str) -> Result<Name, Failure> {
    Name::new(name).map_err(|error| Failure::new(format!("{name:?}: {error}")))
}

fn read(accounts: &Accounts, name: &Name) -> Result<Option<Arc<AccountFile>>, Failure> {
    accounts.read(name).map_err(|error| of_file(name, &error))
}

fn write(accounts: &Accounts, name: &Name, file: &AccountFile) -> Result<(), Failure> {
    accounts.write(name, file).map_err(|error| of_file(name, &error))
}

fn of_file(name: &Name, error: &io::Error) -> Failure {
    Failure::io(format!("account.toml of {name}"), error)
}

/// The form in which a password is stored.
async fn stored(services: &Services, password: Password) -> Result<String, Failure> {
    match password {
        Password::Stored(stored) => {
            stored.parse::<StoredPassword>().map_err(|error| Failure::new(error.to_string()))?;
            Ok(stored)
        }
        Password::Clear(clear) if clear.is_empty() => Err(Failure::new("the password is empty")),
        Password::Clear(clear) if clear.len() > MAX_PASSWORD_LEN => {
            Err(Failure::new(format!("a password has at most {MAX_PASSWORD_LEN} octets")))
        }
        Password::Clear(clear) if clear.contains('\0') => {
            Err(Failure::new("a password cannot have a NUL in it"))
        }
        Password::Clear(clear) => {
            let hash = services.accounts.hash(clear).await;
            hash.map_err(|error| match error {
                NotHashed::Busy => Failure::new("too many passwords are being checked already")
                    .hint("try again in a moment"),
                NotHashed::Failed => Failure::new("the password could not be hashed"),
            })
        }
    }
}

/// What may be told of a stored password.
fn scheme(stored: &str) -> String {
    match stored.strip_prefix('{').and_then(|rest| rest.split_once('}')) {
        Some((scheme, _)) => scheme.to_ascii_uppercase(),
        None => "CRYPT".to_owned(),
    }
}
