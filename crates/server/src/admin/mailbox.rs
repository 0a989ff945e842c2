//! Requests about mailboxes.

use super::account::{parse, store_of};
use super::{MailboxDetails, Response};
use crate::clock::now;
use crate::failure::Failure;
use crate::limits::MAX_ADMIN_MAILBOXES;
use crate::services::Services;
use rookery_mail::{MailboxName, SpecialUse};
use rookery_mailbox::Account;
use rookery_mailbox::{MailboxInfo, StoreError};
use std::ops::Bound;

type Answer = Result<Response, Failure>;

/// The mailboxes whose names come after this one, as many as fit into an answer.
pub(super) async fn list(services: &Services, account: &str, after: Option<&str>) -> Answer {
    let account = open(services, account).await?;
    let after = after.map(name).transpose()?;
    let list = account.store().mailboxes().await?;
    let from = after.as_ref().map_or(Bound::Unbounded, Bound::Excluded);
    let mut rest = list.mailboxes.range::<MailboxName, _>((from, Bound::Unbounded));
    let mut mailboxes = Vec::new();
    for (name, info) in rest.by_ref().take(MAX_ADMIN_MAILBOXES) {
        mailboxes.push(details(&account, info, list.subscriptions.contains(name)).await?);
    }
    Ok(Response::Mailboxes { mailboxes, more: rest.next().is_some() })
}

pub(super) async fn create(
    services: &Services,
    account: &str,
    mailbox: &str,
    special_use: Option<&str>,
) -> Answer {
    let account = open(services, account).await?;
    let name = name(mailbox)?;
    let special_use = special_use.map(parse_special_use).transpose()?;
    account.create(&name, special_use, now()).await?;
    account.store().subscribe(&name, true).await?;
    Ok(Response::Done)
}

pub(super) async fn rename(services: &Services, account: &str, from: &str, to: &str) -> Answer {
    let renamed = open(services, account).await?.rename(&name(from)?, &name(to)?, now()).await;
    renamed.map_err(|error| Failure::of_mailbox(account, from, error))?;
    Ok(Response::Done)
}

pub(super) async fn delete(services: &Services, account: &str, mailbox: &str) -> Answer {
    let of = account;
    let account = open(services, account).await?;
    let name = name(mailbox)?;
    let deleted = account.delete(&name).await;
    deleted.map_err(|error| Failure::of_mailbox(of, mailbox, error))?;
    account.store().subscribe(&name, false).await?;
    Ok(Response::Done)
}

pub(super) async fn status(services: &Services, account: &str, mailbox: &str) -> Answer {
    let of = account;
    let account = open(services, account).await?;
    let name = name(mailbox)?;
    let found = account.find(&name).await;
    let info = found.map_err(|error| Failure::of_mailbox(of, mailbox, error))?;
    let subscribed = account.store().mailboxes().await?.subscriptions.contains(&name);
    Ok(Response::Mailbox(details(&account, &info, subscribed).await?))
}

pub(super) async fn set_append_limit(
    services: &Services,
    account: &str,
    mailbox: &str,
    limit: Option<u64>,
) -> Answer {
    let of = account;
    let account = open(services, account).await?;
    let found = account.find(&name(mailbox)?).await;
    let info = found.map_err(|error| Failure::of_mailbox(of, mailbox, error))?;
    account.store().set_append_limit(info.id, limit).await?;
    Ok(Response::Done)
}

pub(super) async fn open(services: &Services, account: &str) -> Result<Account, Failure> {
    let name = parse(account)?;
    Ok(Account::new(store_of(services, &name).await?))
}

pub(super) fn name(text: &str) -> Result<MailboxName, Failure> {
    rookery_mailbox::names::parse(text).map_err(|error| Failure::new(format!("{text:?}: {error}")))
}

/// A special use with or without its backslash.
fn parse_special_use(text: &str) -> Result<SpecialUse, Failure> {
    let text = text.trim_start_matches('\\');
    SpecialUse::parse(&format!("\\{text}")).ok_or_else(|| {
        let known: Vec<_> = SpecialUse::ALL.iter().map(|known| &known.as_str()[1..]).collect();
        Failure::new(format!("no such special use: {text}"))
            .hint(format!("known: {}", known.join(", ")))
    })
}

async fn details(
    account: &Account,
    info: &MailboxInfo,
    subscribed: bool,
) -> Result<MailboxDetails, StoreError> {
    let status = account.store().status(info.id).await?;
    let counts = status.counts;
    Ok(MailboxDetails {
        name: info.name.as_str().to_owned(),
        special_use: info.special_use.map(|special_use| special_use.as_str().to_owned()),
        subscribed,
        messages: counts.messages.into(),
        unseen: counts.unseen.into(),
        deleted: counts.deleted.into(),
        size: counts.size,
        uid_validity: info.uid_validity.get(),
        uid_next: status.uid_next.map_or(0, rookery_mail::Uid::get),
        highest_modseq: status.highest_modseq.get(),
        append_limit: info.append_limit,
    })
}
