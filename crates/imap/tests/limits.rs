//! Limits that a dialog cannot reach: what waits, what lasts, and what an account is too small for.

use rookery_auth::StaticDirectory;
use rookery_imap::{Connections, Outcome, Peer, Services, Settings, Stage, Turns, limits, serve};
use rookery_mail::{Flag, MailboxName, Uid, UidRange, UidSet};
use rookery_mailbox::heavy::{self, Owner};
use rookery_mailbox::limits::MAX_MAILBOXES;
use rookery_mailbox::{
    Absent, Account, FlagChange, FlagOperation, MemoryStore, NewMailbox, OpenMailbox, Store,
    initial_mailboxes,
};
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{
    AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, DuplexStream, ReadBuf, duplex,
};
use tokio::sync::{oneshot, watch};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout};

/// Room in each direction, smaller than what is asked for.
const PIPE_OCTETS: usize = 16 * 1024;

struct Client<S = DuplexStream> {
    stream: DuplexStream,
    server: JoinHandle<Outcome<S>>,
    _shutdown: watch::Sender<bool>,
}

/// A client of an account with these mailboxes and the usual ones, logged in.
async fn connect(settings: Settings, more: Vec<NewMailbox>) -> Client {
    connect_to(&account(more).await, settings).await
}

/// A store with an account that has these mailboxes and the usual ones.
async fn account(more: Vec<NewMailbox>) -> Arc<MemoryStore> {
    let mut mailboxes = initial_mailboxes();
    mailboxes.extend(more);
    let store = MemoryStore::new();
    store.create_account("ada", &mailboxes, 1_000_000).await.unwrap();
    Arc::new(store)
}

/// A client of that account, logged in.
async fn connect_to(store: &Arc<MemoryStore>, settings: Settings) -> Client {
    let (stream, theirs) = duplex(PIPE_OCTETS);
    let mut client = serve_to(store, settings, stream, theirs);
    client.ask("l LOGIN ada tulip\r\n", "l OK").await;
    client
}

/// A client at this stream of a server at the other one.
fn serve_to<S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(
    store: &Arc<MemoryStore>,
    settings: Settings,
    stream: DuplexStream,
    theirs: S,
) -> Client<S> {
    let services = Services {
        store: Arc::clone(store) as Arc<dyn Store>,
        directory: Arc::new(StaticDirectory::new(&[("ada", "tulip")])),
        connections: Connections::default(),
        turns: Turns::default(),
        settings: Settings { allow_plaintext: true, ..settings },
    };
    let (shutdown, down) = watch::channel(false);
    let peer = Peer { address: None, secure: false, session: 1 };
    let server = tokio::spawn(serve(theirs, peer, Arc::new(services), down, Stage::Greeting));
    Client { stream, server, _shutdown: shutdown }
}

impl<S> Client<S> {
    /// Say this, and read until that has come.
    async fn ask(&mut self, command: &str, end: &str) -> String {
        let (mut read, mut write) = tokio::io::split(&mut self.stream);
        let heard = async {
            let (mut text, mut octets) = (String::new(), [0; 4096]);
            // What was looked at is not looked at again: an answer may be long.
            while !text[text.len().saturating_sub(octets.len() + end.len())..].contains(end) {
                let count = read.read(&mut octets).await.unwrap();
                assert_ne!(count, 0, "the stream ended before {end:?}, after {text:?}");
                text.push_str(&String::from_utf8_lossy(&octets[..count]));
            }
            text
        };
        let (sent, text) = tokio::join!(write.write_all(command.as_bytes()), heard);
        sent.unwrap();
        text
    }
}

/// A stream that knows how much was written to it at once, at the most.
struct Measured(DuplexStream, Arc<AtomicUsize>);

impl AsyncRead for Measured {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, buffer)
    }
}

impl AsyncWrite for Measured {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        octets: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.1.fetch_max(octets.len(), Ordering::Relaxed);
        Pin::new(&mut self.0).poll_write(cx, octets)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}

/// A read of pipelined commands has many times as long answers: they wait for no more than their share.
#[tokio::test]
async fn of_the_answers_to_one_read_no_more_waits_than_may() {
    let (stream, theirs) = duplex(1 << 20);
    let most = Arc::new(AtomicUsize::new(0));
    let theirs = Measured(theirs, Arc::clone(&most));
    let mut client = serve_to(&account(Vec::new()).await, Settings::default(), stream, theirs);
    let answer = 1024;
    client.ask(&"a CAPABILITY\r\n".repeat(250), "* OK").await;
    client.ask("b NOOP\r\n", "b OK").await;
    let waited = most.swap(0, Ordering::Relaxed);
    let may = limits::OUT_BEFORE_LOGIN;
    assert!((may..may + answer).contains(&waited), "before login: {waited}");
    client.ask("l LOGIN ada tulip\r\n", "l OK").await;
    client.ask(&"c LIST \"\" *\r\n".repeat(1000), "c OK").await;
    client.ask("d NOOP\r\n", "d OK").await;
    let waited = most.load(Ordering::Relaxed);
    let may = limits::OUT_HIGH_WATER;
    assert!((may..may + answer).contains(&waited), "after login: {waited}");
}

#[tokio::test(start_paused = true)]
async fn who_pauses_within_a_literal_is_sent_away() {
    let mut client = connect(Settings::default(), Vec::new()).await;
    client.ask("a APPEND INBOX {10}\r\n", "+ ").await;
    client.stream.write_all(b"12345").await.unwrap();
    sleep(limits::LITERAL_DEADLINE - Duration::from_secs(1)).await;
    assert!(!client.server.is_finished(), "it waits for a while");
    client.stream.write_all(b"67").await.unwrap();
    sleep(limits::LITERAL_DEADLINE - Duration::from_secs(1)).await;
    assert!(!client.server.is_finished(), "each octet starts the time anew");
    let start = Instant::now();
    let mut rest = String::new();
    client.stream.read_to_string(&mut rest).await.unwrap();
    assert!(rest.starts_with("* BYE"), "{rest}");
    assert!(start.elapsed() < Duration::from_secs(10), "{:?}", start.elapsed());
}

/// Who is sent away, and who is one too many, can go on sending for a moment, so much, and no longer.
#[tokio::test(start_paused = true)]
async fn who_is_sent_away_is_listened_to_for_a_moment() {
    let second = Duration::from_secs(1);
    let nonsense = "x NONSENSE\r\n".repeat(100);
    let mut client = connect(Settings::default(), Vec::new()).await;
    client.ask(&nonsense, "* BYE").await;
    let start = Instant::now();
    sleep(limits::LINGER - second).await;
    assert!(!client.server.is_finished(), "it is listened to");
    client.server.await.unwrap();
    assert!(start.elapsed() <= limits::LINGER + second, "{:?}", start.elapsed());

    let mut client = connect(Settings::default(), Vec::new()).await;
    client.ask(&nonsense, "* BYE").await;
    let (mut sent, more) = (0, [b'x'; 4096]);
    while let Ok(Ok(count)) = timeout(second / 2, client.stream.write(&more)).await {
        sent += count as u64;
        assert!(sent <= 2 * limits::LINGER_OCTETS, "it takes whatever comes");
    }
    assert!(sent >= limits::LINGER_OCTETS, "{sent}");
}

/// What nobody configures but tests.
#[tokio::test(start_paused = true)]
async fn the_times_that_no_administrator_decides_are_kept() {
    let mut client = connect(Settings::default(), Vec::new()).await;
    let message = "x".repeat(8 * PIPE_OCTETS);
    client.ask(&format!("a APPEND INBOX {{{}+}}\r\n{message}\r\n", message.len()), "a OK").await;
    client.ask("s SELECT INBOX\r\n", "s OK").await;
    let start = Instant::now();
    client.stream.write_all(b"b FETCH 1 BODY.PEEK[]\r\n").await.unwrap();
    client.server.await.unwrap();
    let minutes = start.elapsed().as_secs() / 60;
    assert!((5..=11).contains(&minutes), "five for the answer, and for the last words: {minutes}");
    let pace = Settings::default().progress_pace.as_secs();
    assert!((10..=15).contains(&pace), "RFC 9585 §3 has other notices: {pace}");
}

/// Each literal costs the server something that the octets of the command do not show.
#[tokio::test]
async fn a_command_has_so_many_literals() {
    let mut client = connect(Settings::default(), Vec::new()).await;
    let names = |count| vec!["{1+}\r\nx"; count].join(" ");
    let most = limits::LITERALS_AFTER_LOGIN;
    let fetch = |count| format!("a FETCH 1 BODY[HEADER.FIELDS ({})]\r\n", names(count));
    client.ask("m APPEND INBOX {1+}\r\nx\r\ns SELECT INBOX\r\n", "s OK").await;
    assert!(client.ask(&fetch(most), "a OK").await.contains("* 1 FETCH"));
    let answer = client.ask(&fetch(most + 1), "a ").await;
    assert!(answer.starts_with("a BAD [TOOBIG]"), "{answer}");
    assert!(client.ask("n NOOP\r\n", "n ").await.starts_with("n OK"));
}

/// Of a header so much is looked at when fields are chosen from it; the whole of it can be had all the same.
#[tokio::test]
async fn of_a_header_without_end_so_much_is_looked_at() {
    let mut client = connect(Settings::default(), Vec::new()).await;
    let lines = limits::MAX_HEADER_OCTETS as usize / 1000 + 1;
    let filler = format!("X: {}\r\n", "x".repeat(995)).repeat(lines);
    let message = format!("First: a\r\n{filler}Last: z\r\n\r\nbody\r\n");
    client.ask(&format!("a APPEND INBOX {{{}+}}\r\n{message}\r\n", message.len()), "a OK").await;
    client.ask("s SELECT INBOX\r\n", "s OK").await;
    let answer = client.ask("b FETCH 1 BODY.PEEK[HEADER.FIELDS (FIRST LAST)]\r\n", "b OK").await;
    assert!(answer.contains("First: a") && !answer.contains("Last"), "{answer}");
    let answer = client.ask("c FETCH 1 BODY.PEEK[HEADER]\r\n", "c OK").await;
    assert!(answer.contains("\r\nLast: z\r\n\r\n"), "the header itself is whole");
    let answer = client.ask("d SEARCH HEADER FIRST a\r\n", "d OK").await;
    assert!(answer.contains("* SEARCH 1\r\n"), "{answer}");
    let answer = client.ask("e SEARCH HEADER LAST z\r\n", "e OK").await;
    assert!(answer.contains("* SEARCH\r\n"), "{answer}");
}

/// There are clients that take no longer lines than so many ranges make.
#[tokio::test]
async fn no_response_names_more_ranges_than_clients_take() {
    let mut client = connect(Settings::default(), Vec::new()).await;
    fill_by_doubling(&mut client, 9).await;
    client.ask("q ENABLE QRESYNC\r\n", "q OK").await;
    let answer = client.ask("d EXPUNGE\r\n", "d OK").await;
    let vanished = answer.lines().filter_map(|line| line.strip_prefix("* VANISHED "));
    let ranges: Vec<usize> = vanished.map(|uids| uids.split(',').count()).collect();
    assert_eq!(ranges.iter().sum::<usize>(), 2560, "{ranges:?}");
    assert!(ranges.iter().all(|count| *count <= limits::VANISHED_RANGES), "{ranges:?}");
}

#[tokio::test]
async fn an_account_has_so_many_mailboxes() {
    let usual = initial_mailboxes().len();
    let named = |n| MailboxName::new(&format!("m{n}")).unwrap();
    let new = |n| NewMailbox { name: named(n), special_use: None, subscribed: false };
    let mut client =
        connect(Settings::default(), (usual..MAX_MAILBOXES - 1).map(new).collect()).await;
    assert!(client.ask("a CREATE last\r\n", "a ").await.contains("a OK"));
    let answer = client.ask("b CREATE more\r\n", "b ").await;
    assert!(answer.starts_with("b NO [LIMIT]"), "{answer}");
    let answer = client.ask("c RENAME last x/y\r\n", "c ").await;
    assert!(answer.starts_with("c NO [LIMIT]"), "{answer}");
}

async fn connect_with_memory(memory_per_connection: usize) -> Client {
    connect(Settings { memory_per_connection, ..Settings::default() }, Vec::new()).await
}

/// A command can have so many octets before its CRLF, and no more.
async fn assert_longest_command(client: &mut Client, most: usize) {
    let command = |octets: usize| format!("a SEARCH TEXT \"{}\"\r\n", "x".repeat(octets - 16));
    assert!(client.ask(&command(most), "a ").await.contains("a OK"));
    let answer = client.ask(&command(most + 1), "a ").await;
    assert!(answer.starts_with("a BAD [TOOBIG]"), "{answer}");
}

/// The budget decides how long a command may be, and what it may be read to.
#[tokio::test]
async fn a_smaller_budget_takes_shorter_commands() {
    let mut client = connect_with_memory(limits::MIN_MEMORY).await;
    client.ask("m APPEND INBOX {1+}\r\nx\r\ns SELECT INBOX\r\n", "s OK").await;
    assert_longest_command(&mut client, limits::MIN_MEMORY / 64).await;
    // Two octets for each name on the wire, fifty and more in memory.
    let names = "a ".repeat(999);
    let list = |count| vec![format!("BODY[HEADER.FIELDS ({names}a)]"); count].join(" ");
    let answer = client.ask(&format!("b FETCH 1 ({})\r\n", list(3)), "b ").await;
    assert!(answer.contains("b OK") || answer.contains("b NO"), "{answer}");
    let answer = client.ask(&format!("c FETCH 1 ({})\r\n", list(8)), "c ").await;
    assert!(answer.starts_with("c BAD [LIMIT]") && answer.contains("memory"), "{answer}");
    assert!(client.ask("d NOOP\r\n", "d ").await.starts_with("d OK"));
}

/// With four times the memory that is usual a command has no more octets.
#[tokio::test]
async fn a_larger_budget_takes_no_longer_commands() {
    let mut client = connect_with_memory(4 * limits::DEFAULT_MEMORY).await;
    client.ask("s SELECT INBOX\r\n", "s OK").await;
    assert_longest_command(&mut client, limits::COMMAND_AFTER_LOGIN).await;
}

/// Of a large message no more than its beginning waits in memory until the last one has come; that of a small one is all of it.
#[tokio::test]
async fn of_each_message_of_an_append_the_beginning_counts() {
    let memory_per_connection = limits::MIN_MEMORY;
    let mut client = connect_with_memory(memory_per_connection).await;
    let beginning = usize::try_from(limits::APPEND_BEGINNING).unwrap();
    // A half of the memory is for what a command works with.
    let most = memory_per_connection / 2 / beginning;
    for (messages, octets, answer) in [
        (most - 2, 4 * beginning, "a OK"),
        (most + 1, 4 * beginning, "a NO [LIMIT]"),
        (most + 1, beginning, "a NO [LIMIT]"),
        (2 * most, beginning / 4, "a OK"),
    ] {
        let message = format!(" {{{octets}+}}\r\n{}", "x".repeat(octets));
        let command = format!("a APPEND INBOX{}\r\n", message.repeat(messages));
        let told = client.ask(&command, "a ").await;
        assert!(told.contains(answer), "{messages} messages of {octets} octets: {told}");
    }
}

/// While a client does not read the answer to one command, no more than one read of what is behind it is taken.
#[tokio::test]
async fn what_is_pipelined_behind_a_command_stays_outside() {
    let mut client = connect(Settings::default(), Vec::new()).await;
    client.ask("s SELECT INBOX\r\n", "s OK").await;
    let message = "x".repeat(8 * PIPE_OCTETS);
    client.ask(&format!("a APPEND INBOX {{{}+}}\r\n{message}\r\n", message.len()), "a OK").await;
    client.stream.write_all(b"b FETCH 1 BODY.PEEK[]\r\n").await.unwrap();
    let mut sent = 0;
    let noops = "c NOOP\r\n".repeat(128);
    while let Ok(written) =
        timeout(Duration::from_millis(500), client.stream.write(noops.as_bytes())).await
    {
        sent += written.unwrap();
        assert!(sent < 100 * PIPE_OCTETS, "it takes whatever comes");
    }
    let most = PIPE_OCTETS + limits::READ_OCTETS;
    assert!((PIPE_OCTETS..=most).contains(&sent), "{sent} octets, where {most} are the most");
}

/// Fill the INBOX with ten messages, so many times doubled, of which every second one is `\Deleted`, and select it.
async fn fill_by_doubling(client: &mut Client, times: u32) {
    let pairs = " (\\Deleted) {1+}\r\nx {1+}\r\nx".repeat(5);
    client.ask(&format!("a APPEND INBOX{pairs}\r\n"), "a OK").await;
    client.ask("s SELECT INBOX\r\n", "s OK").await;
    for _ in 0..times {
        client.ask("c UID COPY 1:* INBOX\r\n", "c OK").await;
    }
}

/// What a client believes takes some octets for each gap, within its budget. In a mailbox that has more of them than that
/// nobody stays, and nobody gets in; who may hold more can do everything, and one range is enough for all.
#[tokio::test]
async fn a_mailbox_has_no_more_gaps_than_a_client_can_hold() {
    let small = || Settings { memory_per_connection: limits::MIN_MEMORY, ..Settings::default() };
    let store = account(Vec::new()).await;
    let mut client = connect_to(&store, small()).await;
    // 163,840 messages.
    fill_by_doubling(&mut client, 14).await;
    let mut idle = connect_to(&store, small()).await;
    idle.ask("s SELECT INBOX\r\ni IDLE\r\n", "+ ").await;
    let mut wrong = connect_to(&store, small()).await;
    wrong.ask("s SELECT INBOX\r\n", "s OK").await;
    let bye = client.ask("d EXPUNGE\r\n", "BYE");
    let answer = timeout(Duration::from_secs(60), bye).await.expect("it is sent away");
    let (_, end) = answer.split_once("\r\nd OK ").expect("what was asked for is done, and told");
    assert!(end.contains("\r\n* BYE [LIMIT]"), "{end}");
    // So is who idles, and who is told with a command that fails.
    let bye = idle.ask("", "i OK");
    let answer = timeout(Duration::from_secs(60), bye).await.expect("it is sent away");
    assert_eq!(answer.matches("* BYE [LIMIT]").count(), 1);
    let bye = wrong.ask("w COPY 1 Nowhere\r\n", "BYE");
    let answer = timeout(Duration::from_secs(60), bye).await.expect("it is sent away");
    let (_, end) = answer.split_once("\r\nw NO [TRYCREATE]").expect("why it failed");
    assert!(end.contains("\r\n* BYE [LIMIT]"), "{end}");
    let mut client = connect_to(&store, small()).await;
    let answer = client.ask("s SELECT INBOX\r\n", "s ").await;
    assert!(answer.starts_with("s NO [LIMIT]"), "{answer}");
    assert!(client.ask("n NOOP\r\n", "n ").await.starts_with("n OK"));
    let mut client = connect_to(&store, Settings::default()).await;
    assert!(client.ask("s SELECT INBOX\r\n", "s OK").await.contains("* 81920 EXISTS"));
    let answer = client.ask("f UID FETCH 1:* UID\r\n", "f OK").await;
    assert_eq!(answer.matches(" FETCH (UID ").count(), 81_920);
    let answer = client.ask("e UID SEARCH RETURN (SAVE COUNT) 1:*\r\n", "e OK").await;
    assert!(answer.contains("COUNT 81920"), "{answer}");
    let answer = client.ask("c COPY $ Trash\r\n", "] Copied").await;
    let code = answer.split(['[', ']']).nth(1).unwrap();
    let (_, sets) = code.rsplit_once("COPYUID ").unwrap();
    let [_, source, destination] = sets.split(' ').collect::<Vec<_>>()[..] else {
        panic!("{sets}")
    };
    assert_eq!((source.split(',').count(), destination), (81_920, "1:81920"));
    assert!(source.starts_with("2,4,6,"), "{}", &source[..20]);
}

/// An answer that its client does not read keeps nothing of the mailbox as it was: who changes all of it again and again does not
/// make the server hold a mailbox for each such client.
#[tokio::test]
async fn an_answer_that_is_not_read_keeps_no_mailbox() {
    let store = account(Vec::new()).await;
    let mut other = connect_to(&store, Settings::default()).await;
    let messages = " {1+}\r\nx".repeat(limits::MAX_APPEND_MESSAGES);
    other.ask(&format!("a APPEND INBOX{messages}\r\n"), "a OK").await;
    other.ask("s SELECT INBOX\r\n", "s OK").await;
    for _ in 0..5 {
        other.ask("c UID COPY 1:* INBOX\r\n", "c OK").await;
    }
    let account = Account::new(store.account("ada").await.unwrap());
    let (_, open) = account.open(&MailboxName::inbox()).await.unwrap();
    let commands = [
        "FETCH 1:* (FLAGS INTERNALDATE)",
        "NOOP",
        "STORE 1:* +FLAGS (\\Seen)",
        "STORE 1:* +FLAGS.SILENT (\\Draft)",
    ];
    for command in commands {
        let mut client = connect_to(&store, Settings::default()).await;
        client.ask("s SELECT INBOX (CONDSTORE)\r\n", "s OK").await;
        other.ask("f STORE 1:* +FLAGS.SILENT (\\Flagged)\r\n", "f OK").await;
        let before = Arc::downgrade(&open.snapshot());
        client.ask(&format!("a {command}\r\n"), "* 1 FETCH").await;
        let meanwhile = Arc::downgrade(&open.snapshot());
        other.ask("g STORE 1:* -FLAGS.SILENT (\\Flagged)\r\n", "g OK").await;
        assert!(before.upgrade().is_none() && meanwhile.upgrade().is_none(), "{command}");
        let rest = client.ask("", "\r\na OK").await + &client.ask("n NOOP\r\n", "n OK").await;
        let last = rest.split("\r\n* 6400 FETCH").nth(1).expect("it goes on");
        assert!(!last.contains("Flagged"), "{command}: {last} is as it is now");
    }
}

/// Keeps the threads for heavy work busy for as long as it is there: what is asked for meanwhile waits for its turn.
struct Held(Vec<mpsc::Sender<()>>);

impl Held {
    async fn all() -> Self {
        let mut held = Self(Vec::new());
        for _ in 0..heavy::threads() {
            let (hold, end) = mpsc::channel::<()>();
            let (begin, begun) = oneshot::channel();
            tokio::spawn(heavy::at_once(Owner::STRANGER, move || {
                begin.send(()).unwrap();
                end.recv().unwrap_err();
            }));
            begun.await.unwrap();
            held.0.push(hold);
        }
        held
    }
}

/// A client of an account with this number of messages, and their mailbox.
async fn with_messages(count: usize) -> (Client, Account, Arc<OpenMailbox>) {
    let store = account(Vec::new()).await;
    let mut client = connect_to(&store, Settings::default()).await;
    let messages = " {1+}\r\nx".repeat(count.min(limits::MAX_APPEND_MESSAGES));
    client.ask(&format!("a APPEND INBOX{messages}\r\n"), "a OK").await;
    client.ask("s SELECT INBOX (CONDSTORE)\r\n", "s OK").await;
    let account = Account::new(store.account("ada").await.unwrap());
    let (_, open) = account.open(&MailboxName::inbox()).await.unwrap();
    let (inbox, all) = (open.snapshot().id(), UidSet::all());
    while (open.snapshot().counts().messages as usize) < count {
        account.store().copy(inbox, &all, inbox, Absent::Skip, 1).await.unwrap();
    }
    client.ask("n NOOP\r\n", "n OK").await;
    (client, account, open)
}

/// Change the flags of messages as if somebody else did, who does not wait for a thread.
async fn flag(account: &Account, mailbox: &OpenMailbox, numbers: &[u32], flags: &str) {
    let uids = numbers.iter().copied().filter_map(Uid::new).collect::<UidSet>();
    let uids = if uids.is_empty() { UidSet::all() } else { uids };
    let flags = flags.split(' ').map(|flag| Flag::parse(flag).unwrap()).collect();
    let change = FlagChange { operation: FlagOperation::Replace, flags };
    account.store().store_flags(mailbox.snapshot().id(), &uids, &change, None).await.unwrap();
}

/// What takes long waits for its turn, and keeps nothing of the mailbox as it was when it was asked for: who changes all of it between
/// such commands does not make the server hold a mailbox for each of them.
#[tokio::test]
async fn what_waits_for_its_turn_keeps_no_mailbox() {
    let (mut client, account, open) = with_messages(12_800).await;
    for command in [
        "SEARCH UNSEEN ALL ALL ALL ALL ALL ALL",
        "SEARCH RETURN (MAX) UNSEEN ALL ALL ALL ALL ALL ALL",
        "UID SEARCH RETURN (SAVE) TEXT nothing",
        "UID FETCH 1:* FLAGS (CHANGEDSINCE 1)",
        "NOOP",
        "STORE 1:* +FLAGS.SILENT (\\Answered)",
    ] {
        flag(&account, &open, &[], "\\Deleted").await;
        let held = Held::all().await;
        client.stream.write_all(format!("a {command}\r\n").as_bytes()).await.unwrap();
        for _ in 0..1000 {
            tokio::task::yield_now().await;
        }
        let before = Arc::downgrade(&open.snapshot());
        flag(&account, &open, &[], "\\Flagged").await;
        let meanwhile = Arc::downgrade(&open.snapshot());
        flag(&account, &open, &[], "\\Draft").await;
        assert!(before.upgrade().is_none() && meanwhile.upgrade().is_none(), "{command}");
        drop(held);
        let answer = client.ask("", "a OK").await;
        assert!(!answer.contains("Flagged"), "{command}: {answer}");
    }
}

/// Message numbers are those of the client's view whatever happens to the messages while a search goes on, and no number changes
/// before it is answered (RFC 9051 §7.5.1). A message is what it is when its turn comes.
#[tokio::test]
async fn a_search_is_answered_in_the_numbers_that_its_client_knows() {
    let (mut client, account, open) = with_messages(20).await;
    flag(&account, &open, &[2, 3, 4], "\\Flagged \\Deleted").await;
    client.ask("n NOOP\r\n", "n OK").await;
    let held = Held::all().await;
    let search = "a SEARCH FLAGGED TEXT x MODSEQ 1\r\n";
    client.stream.write_all(search.as_bytes()).await.unwrap();
    for _ in 0..1000 {
        tokio::task::yield_now().await;
    }
    let inbox = open.snapshot().id();
    let third = [Uid::new(3).unwrap()].into_iter().collect();
    account.store().expunge(inbox, &third).await.unwrap();
    flag(&account, &open, &[5], "\\Flagged").await;
    let latest = open.snapshot().highest_modseq().get();
    account.store().copy(inbox, &UidSet::all(), inbox, Absent::Skip, 1).await.unwrap();
    drop(held);
    let answer = client.ask("", "\r\na OK").await;
    assert!(answer.starts_with(&format!("* SEARCH 2 4 5 (MODSEQ {latest})\r\n")), "{answer}");
    assert!(answer.contains("\r\n* 39 EXISTS\r\n") && !answer.contains("EXPUNGE"), "{answer}");
    assert!(client.ask("n NOOP\r\n", "n OK").await.starts_with("* 3 EXPUNGE\r\n"));
}

/// With the smallest budget `$` holds the ranges of some eight thousand matches of which no two are neighbours. What it does not
/// hold: `matches_that_lie_too_far_apart_are_not_saved` of the command.
#[tokio::test]
async fn many_matches_that_lie_apart_are_saved() {
    let mut client = connect_with_memory(limits::MIN_MEMORY).await;
    let flags = ["", "(\\Seen) "];
    for _ in 0..2 * limits::LEAST_SAVED / size_of::<UidRange>() / limits::MAX_APPEND_MESSAGES {
        let pairs = flags.map(|flags| format!(" {flags}{{1+}}\r\nx")).concat();
        let messages = pairs.repeat(limits::MAX_APPEND_MESSAGES / 2);
        client.ask(&format!("a APPEND INBOX{messages}\r\n"), "a OK").await;
    }
    client.ask("s SELECT INBOX\r\n", "s OK").await;
    client.ask("b SEARCH RETURN (SAVE) 1:3\r\n", "b OK").await;
    client.ask("c SEARCH RETURN (SAVE) SEEN\r\n", "c OK").await;
    assert!(client.ask("d SEARCH RETURN (COUNT) $\r\n", "d OK").await.contains("COUNT 8"));
}
