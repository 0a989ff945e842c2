//! The rules of an account that stand above the engine: names, superior names, the inbox.

use crate::heavy::Owner;
use crate::limits::MAX_ATTEMPTS;
use crate::{AccountStore, MailboxInfo, MailboxList, NewMailbox, OpenMailbox, Refused, StoreError};
use rookery_mail::{MailboxId, MailboxName, SpecialUse};
use std::sync::Arc;

/// An account, as protocol fronts see it. Cheap to clone.
#[derive(Clone)]
pub struct Account {
    store: Arc<dyn AccountStore>,
    owner: Owner,
}

/// What every new account has: the inbox, and a mailbox for each common special use (RFC 6154 §2). All are subscribed.
#[must_use]
pub fn initial_mailboxes() -> Vec<NewMailbox> {
    let special = [
        ("Drafts", SpecialUse::Drafts),
        ("Sent", SpecialUse::Sent),
        ("Junk", SpecialUse::Junk),
        ("Trash", SpecialUse::Trash),
        ("Archive", SpecialUse::Archive),
    ];
    let special = special.into_iter().filter_map(|(name, special_use)| {
        let name = MailboxName::new(name).ok()?;
        Some(NewMailbox { name, special_use: Some(special_use), subscribed: true })
    });
    let inbox = NewMailbox { name: MailboxName::inbox(), special_use: None, subscribed: true };
    std::iter::once(inbox).chain(special).collect()
}

impl Account {
    /// The account that an engine keeps.
    #[must_use]
    pub fn new(store: Arc<dyn AccountStore>) -> Self {
        let owner = Owner::account(store.name());
        Self { store, owner }
    }

    /// For whom work is done that takes long.
    #[must_use]
    pub fn owner(&self) -> Owner {
        self.owner
    }

    /// The engine, for everything that needs no rule.
    #[must_use]
    pub fn store(&self) -> &Arc<dyn AccountStore> {
        &self.store
    }

    /// The mailbox of this name.
    ///
    /// # Errors
    /// [`Refused::NoSuchMailbox`].
    pub async fn find(&self, name: &MailboxName) -> Result<MailboxInfo, StoreError> {
        find_in(&*self.store.mailboxes().await?, name)
    }

    /// Open the mailbox of this name.
    ///
    /// # Errors
    /// [`Refused::NoSuchMailbox`].
    pub async fn open(
        &self,
        name: &MailboxName,
    ) -> Result<(MailboxInfo, Arc<OpenMailbox>), StoreError> {
        let info = self.find(name).await?;
        let open = self.store.open(info.id).await?;
        Ok((info, open))
    }

    /// Make a mailbox, and those of its superior names that do not exist (RFC 9051 §6.3.4). Time in seconds since 1970.
    ///
    /// # Errors
    /// [`Refused::Inbox`], [`Refused::AlreadyExists`], [`Refused::SpecialUseTaken`], [`Refused::TooManyMailboxes`].
    pub async fn create(
        &self,
        name: &MailboxName,
        special_use: Option<SpecialUse>,
        now: i64,
    ) -> Result<MailboxInfo, StoreError> {
        if name.is_inbox() {
            return Err(Refused::Inbox.into());
        }
        let made = self.make(name, special_use, None, now).await?;
        made.ok_or_else(|| Refused::NoSuchMailbox.into())
    }

    /// Make a mailbox, after those that are to be made for it, empty or with all messages of another one. Says what it is if it is
    /// empty.
    async fn make(
        &self,
        name: &MailboxName,
        special_use: Option<SpecialUse>,
        from: Option<MailboxId>,
        now: i64,
    ) -> Result<Option<MailboxInfo>, StoreError> {
        let mut attempts = 0;
        loop {
            attempts += 1;
            let list = self.store.mailboxes().await?;
            if list.mailboxes.contains_key(name) {
                return Err(Refused::AlreadyExists.into());
            }
            let mut new = missing_superiors(&list, name);
            new.push(NewMailbox { name: name.clone(), special_use, subscribed: false });
            let made = match from {
                None => self.store.create(&new, now).await.map(|mut made| made.pop()),
                Some(from) => {
                    self.store.create_with_messages_of(from, &new, now).await.map(|()| None)
                }
            };
            match made {
                // Somebody made a superior name in the meantime.
                Err(StoreError::Refused(Refused::AlreadyExists)) if attempts < MAX_ATTEMPTS => {}
                made => return made,
            }
        }
    }

    /// Rename a mailbox with all below it, making superior names that do not exist. Renaming the inbox moves its
    /// messages to a new mailbox and leaves everything else in place (RFC 9051 §6.3.6). Time in seconds since 1970.
    ///
    /// # Errors
    /// [`Refused::NoSuchMailbox`], [`Refused::AlreadyExists`], [`Refused::TooManyMailboxes`], and
    /// [`Refused::BadName`] where the mailbox would come to lie below itself or a new name would be too long.
    pub async fn rename(
        &self,
        from: &MailboxName,
        to: &MailboxName,
        now: i64,
    ) -> Result<(), StoreError> {
        if from.is_inbox() {
            return self.rename_inbox(to, now).await;
        }
        let list = self.store.mailboxes().await?;
        find_in(&list, from)?;
        if list.mailboxes.contains_key(to) {
            return Err(Refused::AlreadyExists.into());
        }
        if to.is_below(from) {
            return Err(Refused::BadName.into());
        }
        let mut renames = Vec::new();
        for info in list.mailboxes.values() {
            if let Some(name) = info.name.moved(from, to).map_err(|_| Refused::BadName)? {
                renames.push((info.id, name));
            }
        }
        self.store.rename(&renames, &missing_superiors(&list, to), now).await
    }

    /// Remove a mailbox; those below it stay.
    ///
    /// # Errors
    /// [`Refused::NoSuchMailbox`], [`Refused::Inbox`].
    pub async fn delete(&self, name: &MailboxName) -> Result<(), StoreError> {
        if name.is_inbox() {
            return Err(Refused::Inbox.into());
        }
        self.store.delete(self.find(name).await?.id).await
    }

    async fn rename_inbox(&self, to: &MailboxName, now: i64) -> Result<(), StoreError> {
        if to.is_inbox() {
            return Err(Refused::AlreadyExists.into());
        }
        let inbox = self.find(&MailboxName::inbox()).await?;
        self.make(to, None, Some(inbox.id), now).await.map(drop)
    }
}

fn find_in(list: &MailboxList, name: &MailboxName) -> Result<MailboxInfo, StoreError> {
    Ok(list.mailboxes.get(name).cloned().ok_or(Refused::NoSuchMailbox)?)
}

fn missing_superiors(list: &MailboxList, name: &MailboxName) -> Vec<NewMailbox> {
    name.ancestors()
        .filter(|superior| !list.mailboxes.contains_key(superior))
        .map(|name| NewMailbox { name, special_use: None, subscribed: false })
        .collect()
}
