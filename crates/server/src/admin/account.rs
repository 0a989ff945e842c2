//! Requests about accounts.

use super::{AccountDetails, AccountSummary, Password, Response};
use crate::accounts::{AccountFile, Name, NotHashed};
use crate::clock::now;
use crate::failure::Failure;
use crate::services::Services;
use rookery_auth::limits::MAX_PASSWORD_LEN;
use rookery_auth::password::StoredPassword;
use rookery_mailbox::{Account, initial_mailboxes};
use rookery_mailbox::{Refused, StoreError};
use std::io;
use std::sync::Arc;

type Answer = Result<Response, Failure>;

pub(super) async fn add(services: &Services, name: &str, password: Password) -> Answer {
    let name = parse(name)?;
    let stored = stored(services, password).await?;
    match services.store.create_account(name.as_str(), &initial_mailboxes(), now()).await {
        Ok(()) => {}
        // A crash between the two steps leaves an account without a file: it is finished now.
        Err(StoreError::Refused(Refused::AccountExists)) if read(services, &name)?.is_none() => {}
        Err(StoreError::Refused(Refused::AccountExists)) => {
            return Err(Failure::new(format!("account {name} exists already"))
                .hint(format!("`rookery account passwd {name}` sets a new password")));
        }
        Err(error) => return Err(error.into()),
    }
    write(services, &name, &AccountFile::new(name.as_str(), stored))?;
    tracing::info!(account = %name, "account added");
    Ok(Response::Added(name.as_str().to_owned()))
}

pub(super) async fn list(services: &Services) -> Answer {
    let mut accounts = Vec::new();
    for name in services.store.accounts().await? {
        let file = Name::new(&name).ok().map(|name| read(services, &name)).transpose()?.flatten();
        let (has_file, disabled) = (file.is_some(), file.is_some_and(|file| file.disabled));
        accounts.push(AccountSummary { name, has_file, disabled });
    }
    Ok(Response::Accounts(accounts))
}

pub(super) async fn show(services: &Services, name: &str) -> Answer {
    let (name, file) = existing(services, name).await?;
    let account = Account::new(services.store.account(name.as_str()).await?);
    let list = account.store().mailboxes().await?;
    let (mut messages, mut size) = (0, 0);
    for info in list.mailboxes.values() {
        let counts = account.store().open(info.id).await?.snapshot().counts();
        messages += u64::from(counts.messages);
        size += counts.size;
    }
    Ok(Response::Account(AccountDetails {
        name: name.as_str().to_owned(),
        disabled: file.disabled,
        passwords: file.passwords.iter().map(|stored| scheme(stored)).collect(),
        directory: services.accounts.directory(&name).display().to_string(),
        mailboxes: list.mailboxes.len() as u64,
        messages,
        size,
    }))
}

pub(super) async fn set_password(services: &Services, name: &str, password: Password) -> Answer {
    let (name, file) = existing(services, name).await?;
    let passwords = vec![stored(services, password).await?];
    let mut file = AccountFile::clone(&file);
    file.passwords = passwords;
    write(services, &name, &file)?;
    tracing::info!(account = %name, "password changed");
    Ok(Response::Done)
}

pub(super) async fn set_disabled(services: &Services, name: &str, disabled: bool) -> Answer {
    let (name, file) = existing(services, name).await?;
    let mut file = AccountFile::clone(&file);
    file.disabled = disabled;
    write(services, &name, &file)?;
    tracing::info!(account = %name, disabled, "account changed");
    Ok(Response::Done)
}

pub(super) async fn delete(services: &Services, name: &str) -> Answer {
    let name = parse(name)?;
    services.store.account(name.as_str()).await?;
    let failed = |error: io::Error| Failure::io(format!("deleting account {name}"), &error);
    services.accounts.remove(&name).map_err(failed)?;
    services.store.delete_account(name.as_str()).await?;
    tracing::info!(account = %name, "account deleted");
    Ok(Response::Done)
}

/// An account that the store has. Its file may be missing after a crash; it has no password then.
async fn existing(services: &Services, name: &str) -> Result<(Name, Arc<AccountFile>), Failure> {
    let name = parse(name)?;
    services.store.account(name.as_str()).await?;
    let file = read(services, &name)?.ok_or_else(|| {
        Failure::new(format!("account {name} has no account.toml"))
            .hint(format!("`rookery account add {name}` completes the account"))
    })?;
    Ok((name, file))
}

pub(super) fn parse(name: &str) -> Result<Name, Failure> {
    Name::new(name).map_err(|error| Failure::new(format!("{name:?}: {error}")))
}

fn read(services: &Services, name: &Name) -> Result<Option<Arc<AccountFile>>, Failure> {
    let failed = |error: io::Error| Failure::io(format!("account.toml of {name}"), &error);
    services.accounts.read(name).map_err(failed)
}

fn write(services: &Services, name: &Name, file: &AccountFile) -> Result<(), Failure> {
    let failed = |error: io::Error| Failure::io(format!("account.toml of {name}"), &error);
    services.accounts.write(name, file).map_err(failed)
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
