//! LSUB (RFC 3501 §6.3.9).

use super::list;
use crate::out::Out;
use crate::session::{Answer, Context, User, done};
use rookery_imap_wire::{Response, WireMailbox};
use rookery_mail::{DELIMITER, MailboxName};
use std::collections::{BTreeMap, BTreeSet};
use tokio::task::yield_now;

pub(crate) async fn run(
    context: &Context,
    user: &User,
    reference: &WireMailbox,
    pattern: &[u8],
    out: &mut Out<'_>,
) -> Answer {
    let patterns = list::patterns(context, reference, &[pattern.to_vec()])?;
    let matches = |name: &MailboxName| patterns.iter().any(|pattern| pattern.matches(name));
    let list = user.account.store().mailboxes().await?;
    let (mut found, mut superiors) = (BTreeMap::new(), BTreeSet::new());
    for name in &list.subscriptions {
        yield_now().await;
        if matches(name) {
            found.insert(name.clone(), true);
        } else {
            list::add_superiors(&mut superiors, name);
        }
    }
    // A name that is only above subscribed ones is listed where `%` hides those, as one that
    // cannot be selected.
    for name in superiors {
        yield_now().await;
        if matches(&name) {
            found.entry(name).or_insert(false);
        }
    }
    for (name, subscribed) in found {
        let special_use = list.mailboxes.get(&name).and_then(|info| info.special_use);
        let selectable = subscribed && list.mailboxes.contains_key(&name);
        let attributes = (!selectable).then_some("\\Noselect").into_iter();
        out.send(&Response::Lsub {
            attributes: attributes
                .chain(special_use.map(|use_| use_.as_str()))
                .map(str::to_owned)
                .collect(),
            delimiter: Some(DELIMITER),
            mailbox: WireMailbox::encode(name.as_str(), context.speaks_utf8()),
        });
        out.drain().await?;
    }
    done("That is all")
}
