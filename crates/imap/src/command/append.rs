//! APPEND (RFC 9051 §6.3.12), of several messages at once too (RFC 3502).

use super::incoming::Stream;
use super::{copy, list, now};
use crate::names;
use crate::session::{Answer, done_with};
use rookery_imap_wire::{Code, WireMailbox};
use rookery_mailbox::Appended;

pub(crate) async fn run(mut stream: Stream<'_, '_, '_>, mailbox: &WireMailbox) -> Answer {
    let to = stream.destination(mailbox).await?;
    let messages = stream.receive().await?;
    let appended = stream.user.account.store().append(to, messages, now()).await;
    let appended = appended.map_err(copy::no_destination)?;
    let name = names::parse(mailbox, stream.context.speaks_utf8())?;
    list::announce_normalized(stream.context, stream.user, (mailbox, &name), stream.out).await?;
    done_with(code(appended), "Appended")
}

/// APPENDUID (RFC 9051 §7.1).
pub(crate) fn code(appended: Appended) -> Code {
    Code::AppendUid { validity: appended.uid_validity.get(), uids: appended.uids }
}
