//! REPLACE and UID REPLACE (RFC 8508 §3): a message takes the place of another one, in one change.

use super::incoming::Stream;
use super::{append, copy, now};
use crate::refusal::Refusal;
use crate::selected::Selected;
use crate::session::{Answer, done, done_with};
use rookery_imap_wire::{Code, SeqNumber, SequenceRange, SequenceSet, WireMailbox};
use rookery_mail::Uid;
use rookery_mailbox::Refused;

pub(crate) async fn run(
    mut stream: Stream<'_, '_, '_>,
    selected: &Selected,
    (number, uid): (SeqNumber, bool),
    mailbox: &WireMailbox,
) -> Answer {
    let old = replaced(selected, number, uid)?;
    let to = stream.destination(mailbox).await?;
    let message = stream.receive().await?.pop();
    let message = message.ok_or_else(|| Refusal::bad("A message must follow"))?;
    let store = stream.user.account.store();
    let appended = store.replace(selected.id, old, to, message, now()).await;
    let appended = appended.map_err(|error| copy::unless_gone(error, selected))?;
    // Before the expunge is told, so that a client knows what took the place (RFC 8508 §4.3).
    stream.out.ok_code(append::code(appended), "Replaced");
    if stream.context.qresync {
        return done_with(selected.latest_change(), "Replaced");
    }
    done("Replaced")
}

/// The message that goes, if it is there and can go.
fn replaced(selected: &Selected, number: SeqNumber, uid: bool) -> Result<Uid, Refusal> {
    let set = SequenceSet::Set(vec![SequenceRange { from: number, to: number }]);
    let known = selected.resolve(&set, uid)?.first();
    selected.check_writable()?;
    let known = known.ok_or_else(|| Refusal::no(Code::NonExistent, "There is no such message"))?;
    match selected.open.snapshot().row(known) {
        Some(_) => Ok(known),
        None => Err(Refused::NoSuchMessage.into()),
    }
}
