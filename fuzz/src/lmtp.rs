//! A conversation in LMTP ends, its replies do not depend on cuts, and whatever was taken lies in a mailbox.

use rookery_lmtp::{Peer, Places, Services, serve};
use rookery_mailbox::{Account, MemoryStore, Store, heavy, initial_mailboxes};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};
use tokio::runtime::Builder;
use tokio::sync::watch;

/// Who takes mail.
const USERS: [&str; 2] = ["ada", "bob@example.org"];

/// Octets of the largest message.
const MESSAGE_OCTETS: u64 = 1000;

/// Octets that wait in each direction: more than an input has, and more than the replies to it.
const PIPE_OCTETS: usize = 1 << 20;

/// What the client heard, and what lies in the mailboxes.
#[derive(PartialEq, Eq, Debug)]
struct Heard {
    /// All replies.
    replies: String,
    /// Account, mailbox and octets of each message, without the lines that say when it came.
    messages: Vec<(String, String, Vec<u8>)>,
}

/// Panics unless the promise is kept.
pub fn check(input: &[u8]) {
    let Some((&cut, input)) = input.split_first() else { return };
    let whole = deliver(&[input]);
    let pieces: Vec<&[u8]> = input.chunks(usize::from(cut) + 1).collect();
    let Heard { replies, messages } = &whole;
    for line in replies.strip_suffix("\r\n").expect("whole lines").split("\r\n") {
        let (code, rest) = line.split_at_checked(3).expect("a code");
        assert!(code.parse::<u16>().is_ok_and(|code| (200..600).contains(&code)), "{line:?}");
        assert!(rest.starts_with([' ', '-']) && !line.contains(['\r', '\n']), "{line:?}");
    }
    assert_eq!(replies.matches("250 2.0.0 Delivered\r\n").count(), messages.len());
    assert!(deliver(&pieces) == whole, "{replies}");
}

/// Say the pieces to a new server, hang up, and look at what was delivered.
fn deliver(pieces: &[&[u8]]) -> Heard {
    heavy::have_no_threads();
    let runtime = Builder::new_current_thread().enable_time().start_paused(true).build();
    runtime.expect("a runtime").block_on(async {
        let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
        for user in USERS {
            store.create_account(user, &initial_mailboxes(), 0).await.expect("an account");
        }
        let replies = converse(&store, pieces).await;
        let mut messages = Vec::new();
        for user in USERS {
            look(&store, user, &mut messages).await;
        }
        Heard { replies, messages }
    })
}

async fn converse(store: &Arc<dyn Store>, pieces: &[&[u8]]) -> String {
    let (mut client, server) = duplex(PIPE_OCTETS);
    let (_up, shutdown) = watch::channel(false);
    let services = Services {
        store: Arc::clone(store),
        hostname: "mx.example".to_owned(),
        message_size: MESSAGE_OCTETS,
        recipients: 3,
        places: Places::default(),
    };
    let say = async move {
        for piece in pieces {
            // A server that has hung up is noticed when its last words have been read.
            let _ = client.write_all(piece).await;
            tokio::task::yield_now().await;
        }
        let _ = client.shutdown().await;
        let mut replies = String::new();
        client.read_to_string(&mut replies).await.expect("text");
        replies
    };
    let peer = Peer { address: "192.0.2.1:25".to_owned(), session: 1 };
    let both = async { tokio::join!(say, serve(server, peer, &services, shutdown)).0 };
    tokio::time::timeout(Duration::from_secs(60), both).await.expect("it ends")
}

async fn look(store: &Arc<dyn Store>, user: &str, messages: &mut Vec<(String, String, Vec<u8>)>) {
    let account = Account::new(store.account(user).await.expect("the account"));
    let list = account.store().mailboxes().await.expect("its mailboxes");
    for info in list.mailboxes.values() {
        let open = account.store().open(info.id).await.expect("a mailbox");
        for row in open.snapshot().rows() {
            let octets = account.store().content(row.email, 0..row.size).await.expect("a message");
            let mut lines = octets.split_inclusive(|octet| *octet == b'\n');
            let undated =
                |line: &&[u8]| !line.starts_with(b"\tby ") && !line.starts_with(b"\tfor ");
            let (first, rest): (Vec<_>, Vec<_>) =
                (lines.by_ref().take(5).collect(), lines.collect());
            let octets = first.into_iter().filter(undated).chain(rest).flatten().copied().collect();
            messages.push((user.to_owned(), info.name.as_str().to_owned(), octets));
        }
    }
}
