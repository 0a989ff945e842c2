//! The rules above the engine: superior names, subtrees, the inbox, delivery.

use rookery_mail::{DateTime, Flag, MailboxName, SpecialUse, SystemFlag};
use rookery_mailbox::delivery::{Incoming, deliver};
use rookery_mailbox::{Account, MemoryStore, Refused, Store, StoreError, initial_mailboxes, names};
use rookery_mime::Message;

const NOW: i64 = 1_800_000_000;

async fn account() -> Account {
    let store = MemoryStore::new();
    store.create_account("u", &initial_mailboxes(), NOW).await.unwrap();
    Account::new(store.account("u").await.unwrap())
}

fn name(text: &str) -> MailboxName {
    names::parse(text).unwrap()
}

async fn incoming(account: &Account, text: &str) -> Incoming {
    let mut incoming = Incoming::new(account).await.unwrap();
    for piece in text.as_bytes().chunks(7) {
        incoming.write(piece).await.unwrap();
    }
    incoming
}

async fn put(account: &Account, mailbox: &str, text: &str) {
    let target = name(mailbox);
    deliver(account, incoming(account, text).await, Some(&target), NOW).await.unwrap();
}

async fn all_names(account: &Account) -> Vec<String> {
    let list = account.store().mailboxes().await.unwrap();
    list.mailboxes.keys().map(ToString::to_string).collect()
}

async fn count(account: &Account, mailbox: &str) -> u32 {
    account.open(&name(mailbox)).await.unwrap().1.snapshot().counts().messages
}

fn refusal<T>(answer: Result<T, StoreError>) -> Option<Refused> {
    match answer.err()? {
        StoreError::Refused(refused) => Some(refused),
        _ => None,
    }
}

#[tokio::test]
async fn a_new_account_has_what_clients_look_for() {
    let account = account().await;
    let list = account.store().mailboxes().await.unwrap();
    let names: Vec<&str> = list.mailboxes.keys().map(MailboxName::as_str).collect();
    assert_eq!(names, ["Archive", "Drafts", "INBOX", "Junk", "Sent", "Trash"]);
    assert_eq!(list.subscriptions.len(), 6);
    assert_eq!(account.find(&name("Junk")).await.unwrap().special_use, Some(SpecialUse::Junk));
}

#[tokio::test]
async fn creating_makes_superior_names() {
    let account = account().await;
    let made = account.create(&name("a/b/c"), Some(SpecialUse::All), NOW).await.unwrap();
    assert_eq!((made.name.as_str(), made.special_use), ("a/b/c", Some(SpecialUse::All)));
    assert_eq!(account.find(&name("a")).await.unwrap().special_use, None);
    account.create(&name("a/b/d"), None, NOW).await.unwrap();
    account.create(&name("inbox/x"), None, NOW).await.unwrap();
    for (taken, special_use, refused) in [
        ("a/b", None, Refused::AlreadyExists),
        ("e/f", Some(SpecialUse::All), Refused::SpecialUseTaken),
        ("inbox", None, Refused::Inbox),
    ] {
        assert_eq!(refusal(account.create(&name(taken), special_use, NOW).await), Some(refused));
    }
    let names = all_names(&account).await;
    assert!(names.contains(&"INBOX/x".to_owned()) && !names.contains(&"e".to_owned()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn tasks_that_need_the_same_superior_name_do_not_hinder_each_other() {
    let account = account().await;
    for round in 0..20 {
        let create = |task| {
            let account = account.clone();
            let name = name(&format!("round{round}/shared/task{task}"));
            tokio::spawn(async move { account.create(&name, None, NOW).await.map(|_| ()) })
        };
        let tasks: Vec<_> = (0..4).map(create).collect();
        for task in tasks {
            task.await.unwrap().unwrap();
        }
    }
    assert_eq!(all_names(&account).await.len(), 6 + 20 * (2 + 4));
}

#[tokio::test]
async fn renaming_takes_the_subtree_along() {
    let account = account().await;
    for made in ["a/b/c", "a/b/d", "ab"] {
        account.create(&name(made), None, NOW).await.unwrap();
    }
    put(&account, "a/b/c", "x").await;
    let id = account.find(&name("a/b/c")).await.unwrap().id;
    account.rename(&name("a/b"), &name("x/y"), NOW).await.unwrap();
    let names = all_names(&account).await;
    assert_eq!(names[6..], ["a", "ab", "x", "x/y", "x/y/c", "x/y/d"]);
    assert_eq!(account.find(&name("x/y/c")).await.unwrap().id, id);
    assert_eq!(count(&account, "x/y/c").await, 1);
}

#[tokio::test]
async fn renames_that_make_no_sense_are_refused() {
    let account = account().await;
    account.create(&name("a/b"), None, NOW).await.unwrap();
    let before = all_names(&account).await;
    let long = "l".repeat(999);
    for (from, to, refused) in [
        ("a", "a/b/c", Refused::BadName),
        ("a", long.as_str(), Refused::BadName),
        ("a", "a", Refused::AlreadyExists),
        ("a", "Sent", Refused::AlreadyExists),
        ("a", "inbox", Refused::AlreadyExists),
        ("inbox", "inbox", Refused::AlreadyExists),
        ("nowhere", "x", Refused::NoSuchMailbox),
    ] {
        let answer = account.rename(&name(from), &name(to), NOW).await;
        assert_eq!(refusal(answer), Some(refused), "{from} {to}");
    }
    assert_eq!(all_names(&account).await, before);
}

#[tokio::test]
async fn renaming_the_inbox_moves_its_messages() {
    let account = account().await;
    account.create(&name("INBOX/child"), None, NOW).await.unwrap();
    put(&account, "INBOX", "one").await;
    put(&account, "INBOX", "two").await;
    let inbox = account.find(&name("INBOX")).await.unwrap();
    account.rename(&name("inbox"), &name("old/mail"), NOW).await.unwrap();
    assert_eq!(account.find(&name("INBOX")).await.unwrap(), inbox);
    assert_eq!((count(&account, "INBOX").await, count(&account, "old/mail").await), (0, 2));
    assert!(account.find(&name("INBOX/child")).await.is_ok());
    assert!(account.find(&name("old/mail/child")).await.is_err());
}

#[tokio::test]
async fn deleting_leaves_what_is_below() {
    let account = account().await;
    account.create(&name("a/b"), None, NOW).await.unwrap();
    account.delete(&name("a")).await.unwrap();
    assert!(account.find(&name("a/b")).await.is_ok());
    assert_eq!(refusal(account.delete(&name("a")).await), Some(Refused::NoSuchMailbox));
    assert_eq!(refusal(account.delete(&name("INBOX")).await), Some(Refused::Inbox));
}

#[tokio::test]
async fn deliveries_go_where_they_belong() {
    let account = account().await;
    let text = "Subject: hello\r\n\r\nbody\r\n";
    for (wish, target) in [(None, "INBOX"), (Some("Junk"), "Junk"), (Some("nowhere"), "INBOX")] {
        let wish = wish.map(name);
        let message = incoming(&account, text).await;
        let (mailbox, appended) = deliver(&account, message, wish.as_ref(), NOW).await.unwrap();
        assert_eq!(mailbox.name, name(target));
        let snapshot = account.open(&mailbox.name).await.unwrap().1.snapshot();
        let row = snapshot.rows_in(&appended.uids).next().unwrap().clone();
        assert_eq!(row.internal_date, DateTime::from_unix(NOW));
        let summary = account.store().summaries(&[row.email]).await.unwrap().remove(0).unwrap();
        assert_eq!(Message::decode(&summary), Some(Message::scan(text.as_bytes())));
        assert_eq!(account.store().content(row.email, 0..99).await.unwrap(), text.as_bytes());
    }
}

#[tokio::test]
async fn flags_and_dates_come_with_an_append() {
    let account = account().await;
    let message = incoming(&account, "x").await;
    assert_eq!((message.len(), message.is_empty()), (1, false));
    let date = DateTime::with_offset(5, 60);
    let message = message.finish(vec![Flag::System(SystemFlag::Draft)], date);
    let drafts = account.find(&name("Drafts")).await.unwrap();
    account.store().append(drafts.id, vec![message], NOW).await.unwrap();
    let snapshot = account.open(&drafts.name).await.unwrap().1.snapshot();
    let row = snapshot.rows().next().unwrap();
    assert_eq!((row.internal_date, row.save_date), (date, NOW));
    assert!(row.flags.system.contains(SystemFlag::Draft));
}
