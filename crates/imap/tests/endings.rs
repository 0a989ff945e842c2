//! Connections of an account that an administrator ends.

mod spoken;

use rookery_auth::{Denied, Directory, Login, LoginReply, StaticDirectory};
use rookery_imap::{Connections, Ended, Outcome, Peer, Services, Settings, Stage, Turns, serve};
use rookery_mailbox::{MemoryStore, Store, initial_mailboxes};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncReadExt, DuplexStream, duplex};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinHandle;
use tokio::time::timeout;

const BYE: &str = "* BYE [CONTACTADMIN] The account was disabled\r\n";

/// A server where Ada and Bob have accounts.
struct Host {
    services: Arc<Services>,
    shutdown: watch::Sender<bool>,
}

struct Client {
    stream: DuplexStream,
    _server: JoinHandle<Outcome<DuplexStream>>,
}

impl Host {
    async fn new(directory: Arc<dyn Directory>) -> Self {
        let store = MemoryStore::new();
        for name in ["ada", "bob"] {
            store.create_account(name, &initial_mailboxes(), 1_000_000).await.unwrap();
        }
        let services = Services {
            store: Arc::new(store),
            directory,
            connections: Connections::default(),
            turns: Turns::default(),
            settings: Settings::default(),
        };
        Self { services: Arc::new(services), shutdown: watch::Sender::new(false) }
    }

    fn connect(&self) -> Client {
        let (stream, theirs) = duplex(1 << 16);
        let peer = Peer { address: None, secure: true, session: 1 };
        let (services, down) = (self.services.clone(), self.shutdown.subscribe());
        let server = tokio::spawn(serve(theirs, peer, services, down, Stage::Greeting));
        Client { stream, _server: server }
    }

    async fn logged_in(&self, user: &str) -> Client {
        let mut client = self.connect();
        client.ok(&format!("LOGIN {user} tulip")).await;
        client
    }

    fn disable(&self, account: &str) {
        self.services.connections.end(account, Ended::Disabled);
    }
}

impl Client {
    async fn send(&mut self, text: &str) {
        spoken::send(&mut self.stream, text).await;
    }

    /// Read until this has come, which must be soon.
    async fn until(&mut self, end: &str) -> String {
        let read = timeout(Duration::from_secs(20), spoken::until(&mut self.stream, end)).await;
        read.unwrap_or_else(|_| panic!("no {end:?}"))
    }

    async fn ok(&mut self, command: &str) {
        self.send(&format!("a {command}\r\n")).await;
        self.until("a OK").await;
    }

    /// All that comes before the stream ends, which must be soon.
    async fn rest(&mut self) -> String {
        let mut text = String::new();
        let read = timeout(Duration::from_secs(20), self.stream.read_to_string(&mut text)).await;
        read.expect("the connection goes on").unwrap();
        text
    }
}

fn ada_and_bob() -> Arc<dyn Directory> {
    Arc::new(StaticDirectory::new(&[("ada", "tulip"), ("bob", "tulip")]))
}

/// Whatever the clients of the account are doing, they are told and sent away; nobody else is.
#[tokio::test]
async fn all_connections_of_the_account_are_ended_and_no_others() {
    let host = Host::new(ada_and_bob()).await;
    let mut ended = Vec::new();
    for (words, until) in [
        ("", ""),
        ("b SELECT INBOX\r\n", "b OK"),
        ("b IDLE\r\n", "+ "),
        ("b SELECT INBOX\r\nc IDLE\r\n", "+ "),
        ("b APPEND INBOX {1000000}\r\n", "+ "),
        ("b APPEND INBOX {1000000+}\r\nhalf a message", ""),
        ("b LOGIN x {5}\r\n", "+ "),
        ("b NO", ""),
    ] {
        let mut client = host.logged_in("ada").await;
        client.send(words).await;
        client.until(until).await;
        ended.push(client);
    }
    let (mut bob, mut stranger) = (host.logged_in("bob").await, host.connect());
    host.disable("ada");
    for mut client in ended {
        let rest = client.rest().await;
        assert!(rest.ends_with(BYE) && !rest.contains("OK"), "{rest}");
    }
    bob.ok("NOOP").await;
    stranger.ok("NOOP").await;
    // Whether somebody is let in is for the directory to say.
    host.logged_in("ada").await.ok("NOOP").await;
    let goes_on = timeout(Duration::from_millis(50), bob.stream.read_u8()).await;
    assert!(goes_on.is_err(), "{goes_on:?}");
}

/// A command that was sent before counts, if it was begun; those behind it are not.
#[tokio::test]
async fn commands_that_wait_are_not_begun() {
    let directory = Gate::new(true);
    let host = Host::new(directory.clone()).await;
    let mut client = host.connect();
    client.send("a LOGIN ada tulip\r\nb CREATE x\r\n").await;
    directory.until_asked().await;
    host.disable("ada");
    directory.answer.add_permits(1);
    // It lets Ada in again, which is asked for with a place among those that are ended now.
    directory.until_asked().await;
    host.disable("ada");
    directory.answer.add_permits(1);
    let text = client.rest().await;
    assert!(text.contains("a OK") && text.ends_with(BYE) && !text.contains("\r\nb "), "{text}");
}

/// What is said to whom is sent away tells whether trying again is of use.
#[tokio::test]
async fn each_end_has_its_words() {
    let host = Host::new(ada_and_bob()).await;
    for (why, words) in [
        (Ended::Disabled, BYE),
        (Ended::Deleted, "* BYE [CONTACTADMIN] The account was deleted\r\n"),
        (Ended::NewPassword, "* BYE [EXPIRED] The password was changed\r\n"),
    ] {
        let mut client = host.logged_in("ada").await;
        host.services.connections.end("ada", why);
        let rest = client.rest().await;
        assert!(rest.ends_with(words), "{rest}");
    }
}

/// A connection ends with those of the account that it is logged in to now.
#[tokio::test]
async fn who_has_left_the_account_is_not_concerned() {
    let host = Host::new(ada_and_bob()).await;
    let (mut client, mut other) = (host.logged_in("ada").await, host.logged_in("ada").await);
    client.ok("UNAUTHENTICATE").await;
    host.disable("ada");
    assert!(other.rest().await.ends_with(BYE));
    client.ok("NOOP").await;
    client.ok("LOGIN bob tulip").await;
    host.disable("ada");
    client.ok("NOOP").await;
    client.ok("UNAUTHENTICATE").await;
    client.ok("LOGIN ada tulip").await;
    host.disable("bob");
    client.ok("NOOP").await;
    host.disable("ada");
    assert!(client.rest().await.ends_with(BYE));
    assert_eq!(host.services.connections.accounts().len(), 0);
}

/// A directory that makes up its mind, and says so when it may.
struct Gate {
    lets_in: AtomicBool,
    asked: Semaphore,
    answer: Semaphore,
    order: Mutex<Vec<bool>>,
}

impl Gate {
    fn new(lets_in: bool) -> Arc<Self> {
        let (asked, answer) = (Semaphore::new(0), Semaphore::new(0));
        let order = Mutex::default();
        Arc::new(Self { lets_in: AtomicBool::new(lets_in), asked, answer, order })
    }

    async fn until_asked(&self) {
        let asked = timeout(Duration::from_secs(20), self.asked.acquire()).await;
        asked.expect("it is asked").unwrap().forget();
    }
}

impl Directory for Gate {
    fn login<'a>(&'a self, _: Option<&'a str>, user: &'a str, _: &'a [u8]) -> LoginReply<'a> {
        Box::pin(async move {
            let lets_in = self.lets_in.load(Ordering::SeqCst);
            self.order.lock().unwrap().push(lets_in);
            self.asked.add_permits(1);
            self.answer.acquire().await.unwrap().forget();
            let credential = "password".to_owned();
            let login = Login { account: user.to_owned(), credential, hidden: Vec::new() };
            if lets_in { Ok(login) } else { Err(Denied::BadCredentials) }
        })
    }
}

/// Whose password was found right just before the account was disabled is not let in after it.
#[tokio::test]
async fn a_login_that_is_being_checked_does_not_slip_through() {
    let directory = Gate::new(true);
    let host = Host::new(directory.clone()).await;
    let mut client = host.connect();
    client.until("\r\n").await;
    client.send("a LOGIN ada tulip\r\n").await;
    directory.until_asked().await;
    // It has found the password right, but not said so yet.
    directory.lets_in.store(false, Ordering::SeqCst);
    host.disable("ada");
    directory.answer.add_permits(2);
    let text = client.until("a ").await;
    assert!(text.starts_with("a NO [AUTHENTICATIONFAILED]"), "{text}");
    assert_eq!(*directory.order.lock().unwrap(), [true, false]);
    client.ok("NOOP").await;
    assert_eq!(host.services.connections.accounts().len(), 0);

    // Where nothing was ended meanwhile, it is asked once.
    directory.lets_in.store(true, Ordering::SeqCst);
    directory.answer.add_permits(1);
    client.ok("LOGIN ada tulip").await;
    assert_eq!(directory.order.lock().unwrap().len(), 3);
}
