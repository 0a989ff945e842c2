//! XLIST: LIST for clients of old, which learn of special folders in no other way. Not advertised.

use super::list;
use crate::out::Out;
use crate::session::{Answer, Context, User, done};
use rookery_imap_wire::{Response, WireMailbox};
use rookery_mail::DELIMITER;
use tokio::task::yield_now;

pub(crate) async fn run(
    context: &Context,
    user: &User,
    reference: &WireMailbox,
    pattern: &[u8],
    out: &mut Out<'_>,
) -> Answer {
    let patterns = list::patterns(context, reference, &[pattern.to_vec()])?;
    let list = user.account.store().mailboxes().await?;
    for name in list.mailboxes.keys() {
        yield_now().await;
        if !patterns.iter().any(|pattern| pattern.matches(name)) {
            continue;
        }
        let mut attributes = list::attributes(&list, name, false);
        if name.is_inbox() {
            attributes.push("\\Inbox".to_owned());
        }
        out.send(&Response::Xlist {
            attributes,
            delimiter: Some(DELIMITER),
            mailbox: WireMailbox::encode(name.as_str(), context.speaks_utf8()),
        });
        out.drain().await?;
    }
    done("That is all")
}
