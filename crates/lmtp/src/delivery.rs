//! One message for several recipients: a spool for each, constant memory, and an answer for each.

use crate::Services;
use crate::clock::now;
use crate::envelope::Path;
use crate::trace::Trace;
use rookery_auth::AccountName;
use rookery_mail::MailboxName;
use rookery_mailbox::delivery::{self, Incoming};
use rookery_mailbox::{Account, Refused, StoreError};
use tokio::sync::OwnedSemaphorePermit;

/// The account that an address means.
pub(crate) struct Recipient {
    address: String,
    pub(crate) account_name: AccountName,
    account: Account,
    detail: Option<MailboxName>,
    /// Free again when the recipient is done with.
    _place: OwnedSemaphorePermit,
}

/// A message on its way to one recipient.
pub(crate) struct RecipientCopy {
    recipient: Recipient,
    incoming: Result<Incoming, StoreError>,
}

/// Where a message went.
pub(crate) struct Delivered {
    pub(crate) mailbox: MailboxName,
    pub(crate) size: u64,
}

impl Recipient {
    /// The account that an address means, `None` if nobody has it.
    pub(crate) async fn find(
        services: &Services,
        path: &Path,
        place: OwnedSemaphorePermit,
    ) -> Result<Option<Self>, StoreError> {
        let (names, detail) = path.accounts();
        for account_name in names {
            match services.store.account(account_name.as_str()).await {
                Ok(account) => {
                    let (address, account) = (path.text.clone(), Account::new(account));
                    let _place = place;
                    return Ok(Some(Self { address, account_name, account, detail, _place }));
                }
                Err(StoreError::Refused(Refused::NoSuchAccount)) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(None)
    }

    /// The mailbox that the detail names. Mail systems change the case of addresses.
    async fn mailbox(&self) -> Result<Option<MailboxName>, StoreError> {
        let Some(detail) = &self.detail else { return Ok(None) };
        let list = self.account.store().mailboxes().await?;
        if list.mailboxes.contains_key(detail) {
            return Ok(Some(detail.clone()));
        }
        let alike = |name: &&MailboxName| name.as_str().eq_ignore_ascii_case(detail.as_str());
        Ok(list.mailboxes.keys().find(alike).cloned())
    }
}

impl RecipientCopy {
    /// Begin with the fields that the delivering server adds.
    pub(crate) async fn begin(recipient: Recipient, trace: &Trace<'_>) -> Self {
        let fields = trace.fields(&recipient.address);
        let begin = async {
            let mut incoming = Incoming::new(&recipient.account).await?;
            if trace.utf8 {
                incoming.mark_utf8();
            }
            incoming.write(fields.as_bytes()).await?;
            Ok(incoming)
        };
        let incoming = begin.await;
        Self { recipient, incoming }
    }

    /// Add octets. A failure is kept for the end; other recipients' copies go on.
    pub(crate) async fn write(&mut self, octets: &[u8]) {
        if let Ok(incoming) = &mut self.incoming
            && let Err(error) = incoming.write(octets).await
        {
            self.incoming = Err(error);
        }
    }

    /// The message is complete: make it durable, and say what to answer.
    pub(crate) async fn deliver(self) -> (Recipient, Result<Delivered, StoreError>) {
        let Self { recipient, incoming } = self;
        let result = async {
            let incoming = incoming?;
            let (size, mailbox) = (incoming.len(), recipient.mailbox().await?);
            let (info, _) =
                delivery::deliver(&recipient.account, incoming, mailbox.as_ref(), now()).await?;
            Ok(Delivered { mailbox: info.name, size })
        };
        let result = result.await;
        (recipient, result)
    }
}

/// The reply to a failure of the store.
pub(crate) fn reply_to(error: &StoreError) -> &'static str {
    match error {
        StoreError::Refused(Refused::NoSuchAccount) => "550 5.1.1 No such user",
        StoreError::Refused(Refused::OverQuota) => "452 4.3.1 No space left",
        StoreError::Refused(Refused::TooManyMessages) => {
            "452 4.2.2 The account has as many messages as it can have"
        }
        _ => "451 4.3.0 Temporary failure, try again later",
    }
}
