use super::*;
use crate::accounts::{Accounts, PeerDirectory};
use crate::config::Limits;
use crate::limits::{MAX_ADMIN_CONNECTIONS, MAX_ADMIN_LISTED, MAX_ADMIN_MESSAGES};
use crate::services::Services;
use rookery_auth::Directory;
use rookery_imap::Connections;
use rookery_mailbox::MemoryStore;
use std::sync::Arc;

fn services() -> (tempfile::TempDir, Services) {
    let dir = tempfile::tempdir().unwrap();
    let services =
        Services::open(dir.path(), &Limits { message_size: 100_000, ..Limits::default() })
            .ok()
            .unwrap();
    (dir, services)
}

/// Accounts in memory; none has a file.
fn without_files() -> Services {
    let accounts = Accounts::new(Box::new(|name| std::path::Path::new("none").join(name))).unwrap();
    let (store, accounts) = (Arc::new(MemoryStore::new()), Arc::new(accounts));
    Services {
        store,
        local: None,
        accounts,
        connections: Connections::default(),
        message_size: 100_000,
    }
}

fn add(name: &str, password: &str) -> Request {
    Request::AccountAdd { name: name.to_owned(), password: Password::Stored(password.to_owned()) }
}

fn status(mailbox: &str) -> Request {
    Request::MailboxStatus { account: "ada".to_owned(), mailbox: mailbox.to_owned() }
}

async fn count(client: &mut Client, mailbox: &str) -> u64 {
    match client.ask(&status(mailbox)).await.unwrap() {
        Response::Mailbox(mailbox) => mailbox.messages,
        _ => panic!("no mailbox"),
    }
}

async fn error(client: &mut Client, request: &Request) -> String {
    client.ask(request).await.err().unwrap().to_string()
}

#[tokio::test]
async fn an_account_lives_and_dies() {
    let (_dir, services) = services();
    let mut client = Client::within(services.clone());
    client.ask(&add("Ada", "{PLAIN}tulip")).await.unwrap();
    assert!(error(&mut client, &add("ada", "{PLAIN}x")).await.contains("exists already"));
    assert!(error(&mut client, &add("a/b", "{PLAIN}x")).await.contains("'/'"));
    assert!(error(&mut client, &add("bob", "{MD5}x")).await.contains("{MD5}"));

    let directory = PeerDirectory::new(Arc::clone(&services.accounts), None);
    assert!(directory.login(None, "ada", b"tulip").await.is_ok());
    let disable = |disabled| Request::AccountSetDisabled { name: "ada".to_owned(), disabled };
    client.ask(&disable(true)).await.unwrap();
    assert!(directory.login(None, "ada", b"tulip").await.is_err());
    client.ask(&disable(false)).await.unwrap();
    let password = Password::Clear("rose".to_owned());
    client
        .ask(&Request::AccountPassword { name: "ada".to_owned(), password, end_sessions: false })
        .await
        .unwrap();
    assert!(directory.login(None, "ada", b"rose").await.is_ok());

    client.ask(&Request::AccountDelete { name: "ada".to_owned() }).await.unwrap();
    assert!(directory.login(None, "ada", b"rose").await.is_err());
    let show = Request::AccountShow { name: "ada".to_owned() };
    assert!(error(&mut client, &show).await.contains("no such account"));
}

#[tokio::test]
async fn an_account_that_lost_its_file_gets_another_one_but_no_other_owner() {
    let (_dir, services) = services();
    services.store.create_account("ada", &rookery_mailbox::initial_mailboxes(), 1).await.unwrap();
    let mut client = Client::within(services);
    let show = Request::AccountShow { name: "ada".to_owned() };
    for request in [&show, &add("ada", "{PLAIN}tulip")] {
        assert!(error(&mut client, request).await.contains("no account.toml"));
    }
    let password = Password::Stored("{PLAIN}tulip".to_owned());
    client
        .ask(&Request::AccountPassword { name: "ada".to_owned(), password, end_sessions: false })
        .await
        .unwrap();
    client.ask(&show).await.unwrap();
}

async fn deliver(client: &mut Client, account: &str) {
    let account = account.to_owned();
    client.begin(&Request::Deliver { account, mailbox: None }).await.unwrap();
    client.send(b"Subject: x\r\n\r\nx").await.unwrap();
    client.end_message().await.unwrap();
    client.answer().await.unwrap();
}

#[tokio::test]
async fn a_deletion_that_fails_leaves_the_account_whole_and_nobody_gets_its_mail() {
    let (dir, services) = services();
    let mut client = Client::within(services.clone());
    let directory = PeerDirectory::new(Arc::clone(&services.accounts), None);
    client.ask(&add("ada", "{PLAIN}tulip")).await.unwrap();
    deliver(&mut client, "ada").await;
    let (delete, trash) =
        (Request::AccountDelete { name: "ada".to_owned() }, dir.path().join("trash"));
    std::fs::remove_dir(&trash).unwrap();
    std::fs::write(&trash, "in the way").unwrap();
    error(&mut client, &delete).await;
    assert!(error(&mut client, &add("ada", "{PLAIN}rose")).await.contains("exists already"));
    assert!(directory.login(None, "ada", b"tulip").await.is_ok());
    assert!(directory.login(None, "ada", b"rose").await.is_err());
    assert_eq!(count(&mut client, "INBOX").await, 1);
    std::fs::remove_file(&trash).unwrap();
    std::fs::create_dir(&trash).unwrap();
    client.ask(&delete).await.unwrap();
    assert!(error(&mut client, &delete).await.contains("no such account"));
    client.ask(&add("ada", "{PLAIN}rose")).await.unwrap();
    assert_eq!(count(&mut client, "INBOX").await, 0);
    assert!(directory.login(None, "ada", b"tulip").await.is_err());
}

#[tokio::test]
async fn a_creation_that_fails_leaves_no_account_and_can_be_done_again() {
    let (dir, services) = services();
    let mut client = Client::within(services.clone());
    let obstacle = dir.path().join("accounts/ada/seg.new");
    std::fs::create_dir(obstacle.parent().unwrap()).unwrap();
    std::fs::write(&obstacle, "in the way").unwrap();
    error(&mut client, &add("ada", "{PLAIN}tulip")).await;
    assert!(client.accounts().await.unwrap().is_empty());
    std::fs::remove_file(&obstacle).unwrap();
    client.ask(&add("ada", "{PLAIN}rose")).await.unwrap();
    assert_eq!(count(&mut client, "INBOX").await, 0);
    let directory = PeerDirectory::new(Arc::clone(&services.accounts), None);
    assert!(directory.login(None, "ada", b"tulip").await.is_err());
    assert!(directory.login(None, "ada", b"rose").await.is_ok());
}

#[tokio::test]
async fn mailboxes_are_made_renamed_and_deleted() {
    let (_dir, services) = services();
    let mut client = Client::within(services);
    client.ask(&add("ada", "{PLAIN}x")).await.unwrap();
    let create = Request::MailboxCreate {
        account: "ada".to_owned(),
        mailbox: "a/b".to_owned(),
        special_use: Some("important".to_owned()),
    };
    client.ask(&create).await.unwrap();
    let (from, to) = ("a".to_owned(), "c".to_owned());
    client.ask(&Request::MailboxRename { account: "ada".to_owned(), from, to }).await.unwrap();
    assert_eq!(count(&mut client, "c/b").await, 0);
    let delete = Request::MailboxDelete { account: "ada".to_owned(), mailbox: "c/b".to_owned() };
    client.ask(&delete).await.unwrap();
    assert!(error(&mut client, &status("c/b")).await.contains("no such mailbox"));
}

#[tokio::test]
async fn a_refused_message_does_not_disturb_the_next_request() {
    let (_dir, services) = services();
    let mut client = Client::within(services);
    client.ask(&add("ada", "{PLAIN}x")).await.unwrap();
    for (account, size, taken) in
        [("ada", 90_000, true), ("ada", 300_000, false), ("eve", 90_000, false)]
    {
        let account = account.to_owned();
        client.begin(&Request::Deliver { account, mailbox: None }).await.unwrap();
        client.send(&vec![b'x'; size]).await.unwrap();
        client.end_message().await.unwrap();
        assert_eq!(client.answer().await.is_ok(), taken);
    }
    assert_eq!(count(&mut client, "INBOX").await, 1);
}

#[tokio::test]
async fn messages_are_appended_together_into_a_new_mailbox() {
    let (_dir, services) = services();
    let mut client = Client::within(services);
    client.ask(&add("ada", "{PLAIN}x")).await.unwrap();
    let details =
        |flag: &str| MessageDetails { flags: vec![flag.to_owned()], received: 5, zone: 60 };
    for (flag, appended) in [("\\Seen", true), ("no flag", false)] {
        let messages = vec![details("$Work"), details(flag)];
        let (account, mailbox) = ("ada".to_owned(), "New".to_owned());
        client.begin(&Request::Append { account, mailbox, messages }).await.unwrap();
        for _ in 0..2 {
            client.send(b"A: b\r\n\r\n").await.unwrap();
            client.end_message().await.unwrap();
        }
        assert_eq!(client.answer().await.is_ok(), appended);
        assert_eq!(count(&mut client, "New").await, 2);
    }
}

/// Append so many messages with one request; says whether they were taken.
async fn append(client: &mut Client, mailbox: &str, number: usize) -> bool {
    let details = MessageDetails { flags: Vec::new(), received: 5, zone: 60 };
    let (account, mailbox) = ("ada".to_owned(), mailbox.to_owned());
    let messages = vec![details; number];
    client.begin(&Request::Append { account, mailbox, messages }).await.unwrap();
    for _ in 0..number {
        client.send(b"A: b\r\n\r\n").await.unwrap();
        client.end_message().await.unwrap();
    }
    client.answer().await.is_ok()
}

#[tokio::test]
async fn so_many_messages_come_with_one_request_and_no_more() {
    let (_dir, services) = services();
    let mut client = Client::within(services.clone());
    client.ask(&add("ada", "{PLAIN}x")).await.unwrap();
    for (number, taken) in [(MAX_ADMIN_MESSAGES, true), (MAX_ADMIN_MESSAGES + 1, false)] {
        assert_eq!(append(&mut client, "New", number).await, taken, "{number}");
        assert_eq!(count(&mut client, "New").await, MAX_ADMIN_MESSAGES as u64);
    }
}

#[tokio::test]
async fn a_list_of_messages_comes_in_pages() {
    let (_dir, services) = services();
    let mut client = Client::within(services.clone());
    client.ask(&add("ada", "{PLAIN}x")).await.unwrap();
    for _ in 0..=MAX_ADMIN_LISTED / 100 {
        assert!(append(&mut client, "INBOX", 100).await);
    }
    let mut pages = Vec::new();
    for after in [None, u32::try_from(MAX_ADMIN_LISTED).ok()] {
        let (account, mailbox) = ("ada".to_owned(), "INBOX".to_owned());
        match client.ask(&Request::MessageList { account, mailbox, after }).await.unwrap() {
            Response::Messages { messages, more } => pages.push((messages.len(), more)),
            _ => panic!("no messages"),
        }
    }
    assert_eq!(pages, [(MAX_ADMIN_LISTED, true), (100, false)]);
}

/// Who is one too many waits until another one goes.
#[tokio::test]
async fn so_many_commands_are_answered_at_the_same_time_and_no_more() {
    let (dir, services) = services();
    let (down, shutdown) = tokio::sync::watch::channel(false);
    let socket = Socket::bind(dir.path()).await.unwrap();
    let serving = tokio::spawn(socket.serve(services, shutdown));
    let connect = async || {
        let mut stream = tokio::net::UnixStream::connect(socket_path(dir.path())).await.unwrap();
        frame::write(&mut stream, &Request::AccountList { after: None }).await.unwrap();
        stream
    };
    let mut others = Vec::new();
    for _ in 0..MAX_ADMIN_CONNECTIONS {
        let stream = connect().await;
        stream.readable().await.unwrap();
        others.push(stream);
    }
    let last = connect().await;
    let answer = last.readable();
    tokio::pin!(answer);
    let soon = std::time::Duration::from_millis(300);
    assert!(tokio::time::timeout(soon, &mut answer).await.is_err(), "one too many is answered");
    others.pop();
    answer.await.unwrap();
    down.send_replace(true);
    serving.await.unwrap();
}

#[tokio::test]
async fn a_new_password_does_not_undo_what_happens_beside_it() {
    let (_dir, services) = services();
    let (mut one, mut other) = (Client::within(services.clone()), Client::within(services.clone()));
    one.ask(&add("ada", "{PLAIN}tulip")).await.unwrap();
    let password = Password::Clear("rose".to_owned());
    let change = Request::AccountPassword { name: "ada".to_owned(), password, end_sessions: false };
    let disable = Request::AccountSetDisabled { name: "ada".to_owned(), disabled: true };
    let (changed, disabled) = tokio::join!(one.ask(&change), other.ask(&disable));
    assert!(changed.is_ok() && disabled.is_ok());
    match one.ask(&Request::AccountShow { name: "ada".to_owned() }).await.unwrap() {
        Response::Account(ada) => assert!(ada.disabled && ada.passwords == ["ARGON2ID"]),
        _ => panic!("no account"),
    }
    let directory = services.accounts.directory(&crate::accounts::Name::new("ada").unwrap());
    let delete = Request::AccountDelete { name: "ada".to_owned() };
    let (changed, deleted) = tokio::join!(one.ask(&change), other.ask(&delete));
    assert!(changed.is_err() && deleted.is_ok() && !directory.exists());
}

#[tokio::test]
async fn lists_are_as_long_as_they_have_to_be() {
    use rookery_mailbox::{NewMailbox, initial_mailboxes};
    let services = without_files();
    let mut names: Vec<String> = (0..21_000).map(|number| format!("{number:0200}")).collect();
    names.push("z".to_owned());
    for name in &names {
        services.store.create_account(name, &initial_mailboxes(), 1).await.unwrap();
    }
    let mut client = Client::within(services.clone());
    let listed = client.accounts().await.unwrap();
    assert!(listed.iter().map(|account| &account.name).eq(&names));

    let mailbox = |number: u32| NewMailbox {
        name: mailbox::name(&format!("{number:01000}")).unwrap(),
        special_use: None,
        subscribed: false,
    };
    let new: Vec<_> = (0..4000).map(mailbox).collect();
    services.store.account("z").await.unwrap().create(&new, 1).await.unwrap();
    let listed = client.mailboxes("z").await.unwrap();
    assert_eq!(listed.len(), 4000 + initial_mailboxes().len());
    assert!(listed.is_sorted_by_key(|mailbox| mailbox.name.clone()));
}
