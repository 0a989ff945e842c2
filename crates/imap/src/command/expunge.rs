//! EXPUNGE and UID EXPUNGE (RFC 9051 §6.4.3, §6.4.9). The responses come from the view.

use crate::selected::Selected;
use crate::session::{Answer, Context, User, done, done_with};
use rookery_imap_wire::SequenceSet;
use rookery_mail::UidSet;

pub(crate) async fn run(
    context: &Context,
    user: &User,
    selected: &mut Selected,
    only: Option<&SequenceSet>,
) -> Answer {
    selected.check_writable()?;
    let uids = match only {
        Some(set) => selected.resolve(set, true)?,
        None => UidSet::all(),
    };
    let expunged = user.account.store().expunge(selected.id, &uids).await?;
    if context.qresync && !expunged.is_empty() {
        return done_with(selected.latest_change(), "Expunged");
    }
    done("Expunged")
}
