//! What takes long is not done on the threads that serve everybody: while it goes on, no poll of the conversation takes nearly
//! as long. How long it takes where it is done here is measured beside it, so that it does not matter how fast the machine is.

use rookery_mail::{DateTime, Flag, MailboxName, SystemFlag, UidSet};
use rookery_mailbox::delivery::Incoming;
use rookery_mailbox::{
    Absent, Account, Expunges, FlagChange, FlagOperation, OpenMailbox, Store, View,
};
use rookery_store_local::LocalStore;
use rookery_testkit::client::Client;
use rookery_testkit::dialog::Host;
use rookery_testkit::host::InProcess;
use rookery_testkit::polls::{KEPT_OCTETS, Polls, thread_time};
use std::sync::Arc;
use std::time::Duration;

const NOW: i64 = 1_790_000_000;
const ROUNDS: usize = 3;
/// Messages in the mailbox: so many, doubled so often.
const DOUBLED: usize = 17;

struct Stage {
    account: Account,
    open: Arc<OpenMailbox>,
    polls: Polls,
    client: Client,
    _host: InProcess,
    _dir: tempfile::TempDir,
}

impl Stage {
    /// A client that has selected an inbox with so many messages.
    async fn new(doubled: usize) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let store: Arc<dyn Store> = Arc::new(LocalStore::open(dir.path()).unwrap());
        let polls = Polls::default();
        let host = InProcess::new(Arc::clone(&store), NOW).await.unwrap().watched(polls.clone());
        let account = Account::new(store.account(host.user()).await.unwrap());
        let (inbox, open) = account.open(&MailboxName::inbox()).await.unwrap();
        let mut incoming = Incoming::new(&account).await.unwrap();
        incoming.write(b"Subject: Eggs\r\n\r\nThree.\r\n").await.unwrap();
        let message = incoming.finish(Vec::new(), DateTime::from_unix(NOW));
        account.store().append(inbox.id, vec![message], NOW).await.unwrap();
        for _ in 0..doubled {
            let (all, id) = (UidSet::all(), inbox.id);
            account.store().copy(id, &all, id, Absent::Skip, NOW).await.unwrap();
        }
        let mut client =
            Client::new(host.connect().await.unwrap(), KEPT_OCTETS, b"* OK").await.unwrap();
        let login = format!("x LOGIN {} {}\r\n", host.user(), host.password());
        client.send(login.as_bytes(), b"x OK").await.unwrap();
        client.send(b"x SELECT INBOX\r\n", b"x OK").await.unwrap();
        Self { account, open, polls, client, _host: host, _dir: dir }
    }

    /// The longest poll of a command.
    async fn longest(&mut self, command: &str) -> Duration {
        let _ = self.polls.take_longest();
        self.client.send(format!("x {command}\r\n").as_bytes(), b"x OK").await.unwrap();
        self.polls.take_longest()
    }

    /// Somebody else changes the flags of all messages; how long it takes to catch up with that here.
    async fn change_all(&self) -> Duration {
        let before = self.open.snapshot();
        let inbox = before.id();
        for operation in [FlagOperation::Add, FlagOperation::Remove] {
            let change = FlagChange { operation, flags: vec![Flag::System(SystemFlag::Draft)] };
            let all = UidSet::all();
            self.account.store().store_flags(inbox, &all, &change, None).await.unwrap();
        }
        let view = View::open(&before);
        let start = thread_time();
        let now = self.open.snapshot();
        let mut syncing = view.begin_sync(now.highest_modseq(), Expunges::Tell);
        while syncing.step(&now) {}
        let (_, news) = syncing.finish(&now);
        let took = thread_time() - start;
        assert_eq!(news.changed().len(), 1 << DOUBLED);
        took
    }
}

#[tokio::test(flavor = "current_thread")]
async fn others_run_while_changes_of_a_large_mailbox_are_looked_for() {
    let mut stage = Stage::new(DOUBLED).await;
    let (mut here, mut polls) = (Duration::MAX, [Duration::MAX; 3]);
    for _ in 0..ROUNDS {
        here = here.min(stage.change_all().await);
        let commands =
            ["NOOP", "FETCH 1:* FLAGS (CHANGEDSINCE 1)", "STORE 1:* +FLAGS.SILENT (\\Seen)"];
        for (least, command) in polls.iter_mut().zip(commands) {
            *least = (*least).min(stage.longest(command).await);
        }
        stage.longest("STORE 1:* -FLAGS.SILENT (\\Seen)").await;
    }
    assert!(polls.iter().all(|took| *took < here / 2), "{polls:?} of {here:?}");
}

/// As many parts as a message can have.
fn parts() -> Vec<u8> {
    let part =
        |at: usize| format!("--b\r\nContent-Type: text/plain; name=\"file {at}\"\r\n\r\nx\r\n");
    let parts: String = (0..9_999).map(part).collect();
    format!("Content-Type: multipart/mixed; boundary=b\r\n\r\n{parts}--b--\r\n").into_bytes()
}

#[tokio::test(flavor = "current_thread")]
async fn others_run_while_a_message_of_many_parts_is_looked_at() {
    let (mut stage, message) = (Stage::new(0).await, parts());
    let (mut here, mut complete, mut polls) = (Duration::MAX, Duration::MAX, [Duration::MAX; 2]);
    let append = [format!("APPEND INBOX {{{}+}}\r\n", message.len()).into_bytes(), message.clone()];
    stage.longest(&String::from_utf8(append.concat()).unwrap()).await;
    for _ in 0..ROUNDS {
        let mut both = Vec::new();
        for _ in 0..2 {
            let mut incoming = Incoming::new(&stage.account).await.unwrap();
            incoming.write(&message).await.unwrap();
            both.push(incoming);
        }
        let start = thread_time();
        let first = both.pop().unwrap().finish(Vec::new(), DateTime::from_unix(NOW));
        here = here.min(thread_time() - start);
        let start = thread_time();
        let second = both.pop().unwrap().complete(Vec::new(), DateTime::from_unix(NOW)).await;
        complete = complete.min(thread_time() - start);
        assert_eq!(first.summary, second.unwrap().summary);
        let commands = ["FETCH 2 BODYSTRUCTURE", "FETCH 2 BODY.PEEK[9000]"];
        for (least, command) in polls.iter_mut().zip(commands) {
            *least = (*least).min(stage.longest(command).await);
        }
    }
    assert!(complete < here / 2, "{complete:?} of {here:?}");
    assert!(polls.iter().all(|took| *took < here / 2), "{polls:?} of {here:?}");
}
