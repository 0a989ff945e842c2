//! STATUS (RFC 9051 §6.3.11), with SIZE and DELETED.

use crate::append_limit;
use crate::names;
use crate::out::Out;
use crate::refusal::Failure;
use crate::session::{Answer, Context, User, done};
use rookery_imap_wire::{Response, StatusItem, WireMailbox};
use rookery_mail::Uid;
use rookery_mailbox::MailboxInfo;

pub(crate) async fn run(
    context: &Context,
    user: &User,
    mailbox: &WireMailbox,
    items: &[StatusItem],
    out: &mut Out<'_>,
) -> Answer {
    let name = names::existing(mailbox, context.speaks_utf8())?;
    let info = user.account.find(&name).await?;
    out.send(&of(context, user, &info, items).await?);
    done("That is its status")
}

/// The STATUS response of a mailbox; also part of LIST (RFC 5819 §2).
pub(crate) async fn of(
    context: &Context,
    user: &User,
    info: &MailboxInfo,
    items: &[StatusItem],
) -> Result<Response, Failure> {
    let status = user.account.store().status(info.id).await?;
    let counts = status.counts;
    let mut values = Vec::with_capacity(items.len());
    for item in items {
        let value = match item {
            StatusItem::Messages => u64::from(counts.messages),
            StatusItem::UidNext => u64::from(status.uid_next.map_or(u32::MAX, Uid::get)),
            StatusItem::UidValidity => u64::from(status.uid_validity.get()),
            StatusItem::Unseen => u64::from(counts.unseen),
            StatusItem::Deleted => u64::from(counts.deleted),
            StatusItem::Size => counts.size,
            StatusItem::Recent => u64::from(status.recent),
            StatusItem::HighestModSeq => status.highest_modseq.get(),
            StatusItem::AppendLimit => append_limit::of(context, info),
            StatusItem::MailboxId => info.id.0,
        };
        values.push((*item, Some(value)));
    }
    let mailbox = WireMailbox::encode(info.name.as_str(), context.speaks_utf8());
    Ok(Response::Status { mailbox, items: values })
}
