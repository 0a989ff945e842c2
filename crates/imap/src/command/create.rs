//! CREATE (RFC 9051 §6.3.4), with special uses (RFC 6154 §3).

use super::{list, now};
use crate::names;
use crate::out::Out;
use crate::refusal::Refusal;
use crate::session::{Answer, Context, User, done_with};
use rookery_imap_wire::{Code, WireMailbox};
use rookery_mail::SpecialUse;

pub(crate) async fn run(
    context: &Context,
    user: &User,
    mailbox: &WireMailbox,
    special_use: &[String],
    out: &mut Out<'_>,
) -> Answer {
    let name = names::parse(mailbox, context.speaks_utf8())?;
    let special_use = match special_use {
        [] => None,
        [only] => Some(SpecialUse::parse(only).ok_or_else(Refusal::special_use)?),
        [_, _, ..] => return Err(Refusal::special_use().into()),
    };
    let info = user.account.create(&name, special_use, now()).await?;
    list::announce_normalized(context, user, (mailbox, &name), out).await?;
    done_with(Code::MailboxId(info.id), "Created")
}
