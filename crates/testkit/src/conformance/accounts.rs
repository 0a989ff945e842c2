//! Accounts.

use super::fixture::{Fixture, NOW, assert_refused, mailbox};
use rookery_mailbox::{Refused, Store};
use std::sync::Arc;

pub(super) async fn accounts_come_and_go(store: &dyn Store) {
    assert_refused(store.account("ada").await.map(|_| ()), Refused::NoSuchAccount);
    let ada = Fixture::new(store, "ada").await;
    let ben = Fixture::new(store, "ben").await;
    assert_refused(
        store.create_account("ada", &[mailbox("INBOX")], NOW).await,
        Refused::AccountExists,
    );
    assert_eq!(store.accounts().await.expect("a list"), ["ada", "ben"]);
    let again = store.account("ada").await.expect("it is there");
    let open = ada.account.open(ada.inbox).await.expect("the inbox is there");
    let shared = again.open(ada.inbox).await.expect("the inbox is there");
    assert!(Arc::ptr_eq(&open, &shared), "one account is shared by all");
    ada.append(ada.inbox, &[("one", "")]).await;
    store.delete_account("ada").await.expect("it can be deleted");
    assert!(open.snapshot().is_deleted(), "sessions see their mailbox vanish");
    assert!(ada.try_append(ada.inbox, &[("two", "")]).await.is_err());
    assert_refused(store.delete_account("ada").await, Refused::NoSuchAccount);
    assert_eq!(store.accounts().await.expect("a list"), ["ben"]);
    assert_eq!(ben.snapshot(ben.inbox).await.counts().messages, 0);
    let ada = Fixture::new(store, "ada").await;
    assert_eq!(ada.snapshot(ada.inbox).await.counts().messages, 0, "a new account is empty");
}
