//! What a dialog file cannot say: how conversations begin, end, time out and turn to TLS.

mod spoken;

use rookery_auth::StaticDirectory;
use rookery_imap::{Connections, Outcome, Peer, Services, Settings, Stage, Turns, limits, serve};
use rookery_mail::{DateTime, MailboxName};
use rookery_mailbox::{Account, MemoryStore, NewMailbox, NewMessage, Store, initial_mailboxes};
use rookery_mime::Message;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, DuplexStream, duplex};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// Room in each direction: everything that a test sends at once.
const PIPE_OCTETS: usize = 1 << 20;

struct Client {
    stream: DuplexStream,
    server: JoinHandle<Outcome<DuplexStream>>,
    shutdown: watch::Sender<bool>,
}

async fn connect(settings: Settings, peer: Peer, stage: Stage) -> Client {
    let store = MemoryStore::new();
    store.create_account("ada", &initial_mailboxes(), 1_000_000).await.unwrap();
    connect_to(Arc::new(store), settings, peer, stage)
}

/// Connect to a server of this store, where Ada has an account.
fn connect_to(store: Arc<dyn Store>, settings: Settings, peer: Peer, stage: Stage) -> Client {
    let directory = Arc::new(StaticDirectory::new(&[("ada", "tulip")]));
    let services = Services {
        store,
        directory,
        connections: Connections::default(),
        turns: Turns::default(),
        settings,
    };
    let (stream, theirs) = duplex(PIPE_OCTETS);
    let (shutdown, down) = watch::channel(false);
    let server = tokio::spawn(serve(theirs, peer, Arc::new(services), down, stage));
    Client { stream, server, shutdown }
}

fn local(secure: bool) -> Peer {
    Peer { address: None, secure, session: 1 }
}

fn remote(secure: bool) -> Peer {
    Peer { address: Some("192.0.2.1:4000".parse().unwrap()), secure, session: 1 }
}

impl Client {
    async fn send(&mut self, text: &str) {
        spoken::send(&mut self.stream, text).await;
    }

    async fn until(&mut self, end: &str) -> String {
        spoken::until(&mut self.stream, end).await
    }

    async fn rest(mut self) -> String {
        let mut text = String::new();
        self.stream.read_to_string(&mut text).await.unwrap();
        text
    }
}

/// What every connection costs while it waits, whatever it could be doing instead.
#[tokio::test]
async fn a_waiting_conversation_is_small() {
    let services = Services {
        store: Arc::new(MemoryStore::new()),
        directory: Arc::new(StaticDirectory::new(&[])),
        connections: Connections::default(),
        turns: Turns::default(),
        settings: Settings::default(),
    };
    let (stream, _theirs) = duplex(1);
    let (_shutdown, down) = watch::channel(false);
    let waiting = serve(stream, local(true), Arc::new(services), down, Stage::Greeting);
    let size = std::mem::size_of_val(&waiting);
    assert!(size < 6 * 1024, "{size} octets");
}

// proves: 9051/6.1.1/b 9051/6.1.1/c 9051/6.2.2/g 9051/6.2.3/a 9051/7.2.2/b 9051/11.7/b
// proves: 3501/6.1.1/b 3501/6.2.2/c 3501/6.2.3/a 3501/7.2.1/b 3501/9/j 3501/11.2/b
#[tokio::test]
async fn a_password_is_asked_for_only_where_it_is_safe() {
    let plain = Settings { starttls: true, allow_plaintext: true, ..Settings::default() };
    for (settings, peer, safe) in [
        (plain.clone(), local(false), true),
        (plain.clone(), remote(false), false),
        (plain, remote(true), true),
        (Settings::default(), local(false), false),
    ] {
        let settings_offer_starttls = settings.starttls && !peer.secure;
        let mut client = connect(settings, peer, Stage::Greeting).await;
        let greeting = client.until("\r\n").await;
        assert_eq!(greeting.contains("AUTH=PLAIN AUTH=LOGIN"), safe, "{greeting}");
        assert_eq!(greeting.contains("AUTH="), safe, "{greeting}");
        assert_eq!(greeting.contains("LOGINDISABLED"), !safe, "{greeting}");
        if !safe {
            client.send("m AUTHENTICATE LOGIN\r\n").await;
            let answer = client.until("\r\n").await;
            assert!(answer.starts_with("m NO [PRIVACYREQUIRED]"), "{answer}");
        }
        client.send("a LOGIN ada tulip\r\n").await;
        let answer = client.until("\r\n").await;
        assert_eq!(answer.starts_with("a OK [CAPABILITY "), safe, "{answer}");
        assert_eq!(answer.starts_with("a NO [PRIVACYREQUIRED]"), !safe, "{answer}");
        if !safe {
            client.send("b AUTHENTICATE PLAIN AGFkYQB0dWxpcA==\r\n").await;
            let answer = client.until("\r\n").await;
            assert!(answer.starts_with("b NO [PRIVACYREQUIRED]"), "{answer}");
        }
        assert_eq!(greeting.contains("STARTTLS"), settings_offer_starttls, "{greeting}");
    }
}

// proves: 9051/6.2.1/b 3501/6.2.1/b
#[tokio::test]
async fn what_is_pipelined_behind_starttls_is_never_run() {
    let settings = Settings { starttls: true, ..Settings::default() };
    let mut client = connect(settings, remote(false), Stage::Greeting).await;
    assert!(client.until("\r\n").await.contains("STARTTLS"));
    client.send("a STARTTLS\r\nb NOOP\r\n").await;
    let answer = client.until("\r\n").await;
    let Outcome::StartTls(stream) = client.server.await.unwrap() else { panic!("no TLS") };
    assert!(!answer.contains("b "), "{answer}");
    // Inside TLS the client must ask again (RFC 9051 §6.2.1).
    assert!(!answer.contains("CAPABILITY"), "{answer}");
    drop(stream);
}

// proves: 9051/6.2.1/d
#[tokio::test]
async fn after_the_handshake_there_is_no_greeting_and_no_starttls() {
    let settings = Settings { starttls: true, ..Settings::default() };
    let mut client = connect(settings, remote(true), Stage::AfterStartTls).await;
    client.send("a CAPABILITY\r\n").await;
    let answer = client.until("a OK").await;
    assert!(answer.starts_with("* CAPABILITY "), "{answer}");
    assert!(!answer.contains("STARTTLS") && answer.contains("AUTH=PLAIN"), "{answer}");
}

// proves: 9051/6.2.1/a
#[tokio::test]
async fn tls_begins_once() {
    let settings = Settings { starttls: true, ..Settings::default() };
    for stage in [Stage::Greeting, Stage::AfterStartTls] {
        let mut client = connect(settings.clone(), remote(true), stage).await;
        client.send("a STARTTLS\r\nb NOOP\r\n").await;
        let answer = client.until("b OK").await;
        assert!(answer.contains("a BAD "), "{answer}");
    }
}

// proves: 9051/11.7/a 9051/11.7/c 3501/11.2/a 3501/11.2/c
#[tokio::test]
async fn an_unknown_name_and_a_wrong_password_look_alike() {
    for (unknown, wrong) in [
        ("LOGIN eve tulip", "LOGIN ada rose"),
        ("AUTHENTICATE PLAIN AGV2ZQB0dWxpcA==", "AUTHENTICATE PLAIN AGFkYQByb3Nl"),
    ] {
        let mut client = connect(Settings::default(), local(true), Stage::Greeting).await;
        client.until("\r\n").await;
        client.send(&format!("a {unknown}\r\n")).await;
        let unknown = client.until("\r\n").await;
        assert!(unknown.starts_with("a NO [AUTHENTICATIONFAILED]"), "{unknown}");
        client.send(&format!("a {wrong}\r\n")).await;
        assert_eq!(client.until("\r\n").await, unknown);
    }
}

// proves: 9051/3.4/b 3501/3.4/b 3501/7.1.5/a
#[tokio::test]
async fn a_server_that_goes_down_says_bye_even_to_an_idle_client() {
    for idle in [false, true] {
        let mut client = connect(Settings::default(), local(true), Stage::Greeting).await;
        client.until("\r\n").await;
        if idle {
            client.send("a LOGIN ada tulip\r\nb SELECT INBOX\r\nc IDLE\r\n").await;
            client.until("+ ").await;
        }
        client.shutdown.send(true).unwrap();
        let last = client.rest().await;
        assert!(last.contains("* BYE [UNAVAILABLE]"), "{last}");
    }
}

// proves: 9051/3.4/b 3501/3.4/b 3501/7.1.5/a
#[tokio::test(start_paused = true)]
async fn who_does_not_log_in_in_time_is_sent_away() {
    let mut client = connect(Settings::default(), local(true), Stage::Greeting).await;
    client.until("\r\n").await;
    // Noise does not extend the time.
    for _ in 0..3 {
        tokio::time::sleep(limits::DEFAULT_LOGIN_DEADLINE / 4).await;
        client.send("a NOOP\r\n").await;
    }
    assert!(client.rest().await.contains("* BYE"));
}

// proves: 9051/5.4/a 9051/5.4/b 3501/5.4/a 3501/5.4/b
#[tokio::test(start_paused = true)]
async fn a_client_may_be_silent_for_thirty_minutes_and_not_for_ever() {
    let mut client = connect(Settings::default(), local(true), Stage::Greeting).await;
    client.send("a LOGIN ada tulip\r\nb IDLE\r\n").await;
    client.until("+ ").await;
    tokio::time::sleep(Duration::from_secs(30 * 60)).await;
    client.send("DONE\r\n").await;
    client.until("b OK").await;
    // Each command starts the time anew.
    for _ in 0..2 {
        tokio::time::sleep(Duration::from_secs(30 * 60 - 1)).await;
        client.send("c NOOP\r\n").await;
        client.until("c OK").await;
    }
    assert!(client.rest().await.contains("* BYE"));
}

// proves: 9051/3.4/b 3501/3.4/b 3501/7.1.5/a
#[tokio::test]
async fn nonsense_ends_the_conversation_after_a_while() {
    let mut client = connect(Settings::default(), local(true), Stage::Greeting).await;
    client.send(&"x NONSENSE\r\n".repeat(1000)).await;
    let answers = client.rest().await;
    let refused = answers.matches("x BAD").count();
    assert_eq!(refused, limits::MAX_BAD_COMMANDS as usize);
    assert!(answers.ends_with("\r\n") && answers.contains("* BYE"), "{answers}");
}

// proves: 9051/11.7/d 3501/11.2/d
#[tokio::test]
async fn guessing_passwords_ends_the_conversation() {
    let mut client = connect(Settings::default(), local(true), Stage::Greeting).await;
    client.send(&"x LOGIN ada rose\r\n".repeat(20)).await;
    let answers = client.rest().await;
    let refused = answers.matches("x NO [AUTHENTICATIONFAILED]").count();
    assert_eq!(refused, limits::MAX_FAILED_LOGINS as usize);
    assert!(answers.contains("* BYE"), "{answers}");
}

#[tokio::test]
async fn a_message_that_is_too_big_is_refused_before_it_is_sent() {
    let settings = Settings { max_message_size: 1000, ..Settings::default() };
    let mut client = connect(settings, local(true), Stage::Greeting).await;
    client.send("a LOGIN ada tulip\r\n").await;
    client.until("a OK").await;
    client.send("b APPEND INBOX {1001}\r\n").await;
    let answer = client.until("\r\n").await;
    assert!(answer.starts_with("b NO [TOOBIG]"), "{answer}");
    // One that does not wait is swallowed whole, and is never run as commands.
    let nested = "c NOOP\r\n".repeat(200);
    client.send(&format!("c APPEND INBOX {{{}+}}\r\n{nested}\r\nd NOOP\r\n", nested.len())).await;
    let answer = client.until("d OK").await;
    assert!(answer.starts_with("c NO [TOOBIG]") && answer.matches("c ").count() == 1, "{answer}");
}

#[tokio::test]
async fn what_is_known_of_many_messages_at_once_is_limited() {
    let mut client = connect(Settings::default(), local(true), Stage::Greeting).await;
    client.send("a LOGIN ada tulip\r\nb APPEND INBOX").await;
    client.until("a OK").await;
    let text = "x".repeat(250_000);
    let header = format!("Subject: {text}\r\nIn-Reply-To: {text}\r\nMessage-ID: {text}\r\n\r\n");
    for _ in 0..=limits::DEFAULT_MEMORY / 2 / (3 * text.len()) {
        client.send(&format!(" {{{}+}}\r\n{header}", header.len())).await;
    }
    client.send("\r\nc STATUS INBOX (MESSAGES)\r\n").await;
    let answer = client.until("c OK").await;
    assert!(answer.starts_with("b NO [LIMIT]") && answer.contains("MESSAGES 0"), "{answer}");
}

// proves: 9051/4.3/b
#[tokio::test]
async fn a_whole_session_works() {
    let mut client = connect(Settings::default(), local(true), Stage::Greeting).await;
    client.send("a LOGIN ada tulip\r\nb SELECT INBOX\r\n").await;
    client.until("b OK [READ-WRITE]").await;
    let mail = "Subject: hello\r\nFrom: Ada <ada@example.org>\r\n\r\nIt works.\r\n";
    client.send(&format!("c APPEND INBOX (\\Flagged) {{{}+}}\r\n{mail}\r\n", mail.len())).await;
    let answer = client.until("c OK").await;
    assert!(answer.contains("* 1 EXISTS\r\n"), "{answer}");
    client.send("d FETCH 1 (FLAGS ENVELOPE BODY[])\r\n").await;
    let answer = client.until("d OK").await;
    assert!(answer.contains("\\Flagged") && answer.contains("\\Seen"), "{answer}");
    assert!(answer.contains(&format!("BODY[] {{{}}}\r\n{mail}", mail.len())), "{answer}");
    assert!(answer.contains("((\"Ada\" NIL \"ada\" \"example.org\"))"), "{answer}");
    client.send("e SEARCH SUBJECT hell FLAGGED\r\nf LOGOUT\r\n").await;
    let answer = client.rest().await;
    assert!(answer.contains("* SEARCH 1\r\n") && answer.contains("f OK"), "{answer}");
}

#[tokio::test]
async fn message_numbers_can_be_done_without_only_where_the_administrator_says_so() {
    for uid_only in [false, true] {
        let settings = Settings { uid_only, ..Settings::default() };
        let mut client = connect(settings, local(true), Stage::Greeting).await;
        client.send("a LOGIN ada tulip\r\nb ENABLE UIDONLY\r\nc SELECT INBOX\r\n").await;
        let answer = client.until("c OK").await;
        assert_eq!(answer.contains("* ENABLED UIDONLY\r\n"), uid_only, "{answer}");
        client.send("d FETCH 1:* FLAGS\r\ne CAPABILITY\r\n").await;
        let answer = client.until("e OK").await;
        assert_eq!(answer.contains(" UIDONLY"), uid_only, "{answer}");
        assert_eq!(answer.contains("d BAD [UIDREQUIRED]"), uid_only, "{answer}");
    }
}

/// Each of these names has forty others above it, and each of those has two thousand below it: to look at all pairs would
/// hold up everybody else.
#[tokio::test]
async fn names_that_lie_deep_are_listed_soon() {
    let deep = vec!["deep"; 40].join("/");
    let names = (0..2000).map(|n| MailboxName::new(&format!("{deep}/{n}")).unwrap());
    let mut mailboxes = initial_mailboxes();
    let new = |name| NewMailbox { name, special_use: None, subscribed: true };
    mailboxes.extend(names.map(new));
    let store = MemoryStore::new();
    store.create_account("ada", &mailboxes, 1_000_000).await.unwrap();
    let mut client = connect_to(Arc::new(store), Settings::default(), local(true), Stage::Greeting);
    client.send("a LOGIN ada tulip\r\n").await;
    client.until("a OK").await;
    let began = Instant::now();
    client.send("b LIST (SUBSCRIBED RECURSIVEMATCH) \"\" *\r\n").await;
    let answer = client.until("b OK").await;
    assert_eq!(answer.matches("\r\n* LIST").count() + 1, 6 + 2000, "{answer}");
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
}

/// A mailbox with gaps has many ranges of UIDs, and a search has up to a thousand keys: no key may have a copy of them.
#[tokio::test]
async fn keys_of_a_search_do_not_multiply_the_mailbox() {
    let mut client = connect(Settings::default(), local(true), Stage::Greeting).await;
    client.send("a LOGIN ada tulip\r\nb SELECT INBOX\r\nc APPEND INBOX {1+}\r\nx\r\n").await;
    client.until("c OK").await;
    for _ in 0..12 {
        client.send("d COPY 1:* INBOX\r\n").await;
        client.until("d OK").await;
    }
    let odd: Vec<String> = (1..4096).step_by(2).map(|uid| uid.to_string()).collect();
    client.send(&format!("e STORE {} +FLAGS.SILENT (\\Deleted)\r\n", odd.join(","))).await;
    client.until("e OK").await;
    client.send("f EXPUNGE\r\ng SEARCH RETURN (SAVE) ALL\r\n").await;
    client.until("g OK").await;
    let before = peak_kib();
    for key in ["$", "1:*"] {
        let keys = vec![key; 900].join(" ");
        client.send(&format!("h SEARCH RETURN (COUNT) {keys}\r\n")).await;
        assert!(client.until("h OK").await.contains("COUNT 2048\r\n"));
    }
    let grown = peak_kib() - before;
    assert!(grown < 4096, "{grown} KiB more, where 900 copies would be 14000");
}

/// One command can ask for one part of one message in hundreds of ways; what it gets must not gather in memory.
#[tokio::test]
async fn a_long_answer_leaves_as_it_is_made() {
    let mut client = connect(Settings::default(), local(true), Stage::Greeting).await;
    client.send("a LOGIN ada tulip\r\nb SELECT INBOX\r\n").await;
    client.until("b OK").await;
    let header = "X-Filler: 0123456789012345678901234567890123456789\r\n".repeat(10_000);
    let mail = format!("{header}\r\n");
    client.send(&format!("c APPEND INBOX {{{}+}}\r\n{mail}\r\n", mail.len())).await;
    client.until("c OK").await;
    let items: Vec<String> = (0..800).map(|n| format!("BODY.PEEK[]<{n}.65536>")).collect();
    let before = peak_kib();
    client.send(&format!("d FETCH 1 ({})\r\n", items.join(" "))).await;
    // The pipe holds few of the pieces: the server must stop there until it is read from.
    tokio::time::sleep(Duration::from_millis(200)).await;
    let (mut sum, mut octets) = (0, vec![0; 1 << 16]);
    loop {
        let count = client.stream.read(&mut octets).await.unwrap();
        sum += count;
        if octets[..count].windows(4).any(|window| window == b"d OK") {
            break;
        }
    }
    assert!(sum > 800 * 65_536);
    assert!(peak_kib() < before + 20_000, "from {before} KiB to {} KiB", peak_kib());
}

/// Who accepts no answers is sent away in the end, and not before; the pipe holds less than the answer.
#[tokio::test(start_paused = true)]
async fn a_client_that_accepts_nothing_is_sent_away() {
    let message = vec![b'x'; 2 * PIPE_OCTETS];
    let store = store_with(&message, 1, |message| message.encode()).await;
    let patience = Duration::from_secs(7);
    let settings = Settings { write_deadline: patience, ..Settings::default() };
    let mut client = connect_to(store, settings, local(true), Stage::Greeting);
    client.send("a LOGIN ada tulip\r\nb SELECT INBOX\r\n").await;
    client.until("b OK").await;
    client.send("c FETCH 1 BODY.PEEK[]\r\n").await;
    tokio::time::sleep(patience - Duration::from_secs(1)).await;
    assert!(!client.server.is_finished(), "it waits for a while");
    tokio::time::sleep(2 * patience + limits::LINGER).await;
    assert!(client.server.is_finished(), "it does not wait for ever");
    let rest = client.rest().await;
    assert!(rest.contains("* 1 FETCH") && !rest.contains("c OK"));
}

/// The most memory that this process has had resident, in KiB.
fn peak_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

/// A store where Ada has this message so many times, whose summary is written by this.
async fn store_with(octets: &[u8], count: usize, encode: fn(Message) -> Vec<u8>) -> Arc<dyn Store> {
    let store = MemoryStore::new();
    store.create_account("ada", &initial_mailboxes(), 1_000_000).await.unwrap();
    let account = Account::new(store.account("ada").await.unwrap());
    let inbox = account.find(&MailboxName::inbox()).await.unwrap().id;
    let internal_date = DateTime::from_unix(1_000_000);
    for _ in 0..count {
        let mut content = account.store().spool().await.unwrap();
        content.write(octets).await.unwrap();
        let summary = encode(Message::scan(octets));
        let (thread_keys, flags) = (Vec::new(), Vec::new());
        let message = NewMessage { content, summary, thread_keys, flags, internal_date };
        account.store().append(inbox, vec![message], 1_000_000).await.unwrap();
    }
    Arc::new(store)
}

// proves: 8970/3.2/c 8970/4.1/b
#[tokio::test]
async fn what_an_older_version_delivered_has_a_preview_for_those_who_wait() {
    let without = |message| Message { preview: None, ..message }.encode();
    let store = store_with(b"Subject: x\r\n\r\nfirst words\r\n", 1, without).await;
    let mut client = connect_to(store, Settings::default(), local(true), Stage::Greeting);
    client.send("a LOGIN ada tulip\r\nb SELECT INBOX\r\nc FETCH 1 (PREVIEW (LAZY))\r\n").await;
    let answer = client.until("c OK").await;
    assert!(answer.contains("* 1 FETCH (PREVIEW NIL)\r\n"), "{answer}");
    client.send("d FETCH 1 PREVIEW\r\n").await;
    let answer = client.until("d OK").await;
    assert!(answer.contains("* 1 FETCH (PREVIEW \"first words\")\r\n"), "{answer}");
}

#[tokio::test]
async fn a_long_search_says_how_far_it_has_come() {
    let store = store_with(b"Subject: x\r\n\r\nbody\r\n", 300, |message| message.encode()).await;
    let settings = Settings { progress_pace: Duration::ZERO, ..Settings::default() };
    let mut client = connect_to(store, settings, local(true), Stage::Greeting);
    client.send("a LOGIN ada tulip\r\nb SELECT INBOX\r\n").await;
    client.until("b OK").await;
    client.send("c SEARCH BODY nothing\r\n").await;
    let answer = client.until("c OK Searched\r\n").await;
    let notices = answer.lines().filter_map(|line| line.strip_prefix("* OK [INPROGRESS (\"c\" "));
    let done = notices.map(|notice| {
        let (done, goal) = notice.split_once(')').unwrap().0.split_once(' ').unwrap();
        assert_eq!(goal, "300");
        done.parse::<u64>().unwrap()
    });
    let done: Vec<u64> = done.collect();
    assert!(done.len() > 2 && done.is_sorted() && done.iter().all(|done| *done < 300), "{answer}");
    assert!(answer.ends_with("* SEARCH\r\nc OK Searched\r\n"), "{answer}");
}

#[tokio::test]
async fn where_inprogress_is_hidden_nothing_is_said_of_progress() {
    let store = store_with(b"Subject: x\r\n\r\nbody\r\n", 300, |message| message.encode()).await;
    let mut settings = Settings { progress_pace: Duration::ZERO, ..Settings::default() };
    settings.hidden.hide("INPROGRESS").unwrap();
    let mut client = connect_to(store, settings, local(true), Stage::Greeting);
    client.send("a LOGIN ada tulip\r\nb SELECT INBOX\r\n").await;
    client.until("b OK").await;
    client.send("c SEARCH BODY nothing\r\n").await;
    assert_eq!(client.until("c OK Searched\r\n").await, "* SEARCH\r\nc OK Searched\r\n");
}

#[tokio::test]
async fn what_urls_add_up_to_is_limited_too() {
    let settings = Settings { allow_plaintext: true, max_message_size: 100, ..Settings::default() };
    let mut client = connect(settings, local(false), Stage::Greeting).await;
    let message = format!("Subject: x\r\n\r\n{}", "y".repeat(50));
    client.send("a LOGIN ada tulip\r\n").await;
    client.send(&format!("b APPEND INBOX {{{}+}}\r\n{message}\r\n", message.len())).await;
    client.until("b OK").await;
    client.send("c APPEND INBOX CATENATE (URL /INBOX/;UID=1 URL /INBOX/;UID=1)\r\n").await;
    assert!(client.until("\r\n").await.starts_with("c NO [TOOBIG]"));
    let fields = "/INBOX/;UID=1/;SECTION=HEADER.FIELDS%20(Subject)";
    let urls = vec![format!("URL \"{fields}\""); 8].join(" ");
    client.send(&format!("d APPEND INBOX CATENATE ({urls})\r\n")).await;
    assert!(client.until("\r\n").await.starts_with("d NO [TOOBIG]"));
    client
        .send("e APPEND INBOX CATENATE (URL /INBOX/;UID=1 URL /INBOX/;UID=1/;PARTIAL=0.36)\r\n")
        .await;
    assert!(client.until("\r\n").await.starts_with("e OK"));
}

#[tokio::test]
async fn what_the_messages_of_one_command_add_up_to_is_limited() {
    let settings = Settings { allow_plaintext: true, max_message_size: 100, ..Settings::default() };
    let mut client = connect(settings, local(false), Stage::Greeting).await;
    client
        .send(&format!("a LOGIN ada tulip\r\nb APPEND INBOX {{100+}}\r\n{}\r\n", "x".repeat(100)))
        .await;
    client.until("b OK").await;
    let most = usize::try_from(limits::MAX_APPEND_SIZES).unwrap();
    for (tag, messages, answer) in [("c", most, "c OK"), ("d", most + 1, "d NO [LIMIT]")] {
        let all = " CATENATE (URL /INBOX/;UID=1)".repeat(messages);
        client.send(&format!("{tag} APPEND INBOX{all}\r\n")).await;
        assert!(client.until("\r\n").await.starts_with(answer));
    }
    client.send("e STATUS INBOX (MESSAGES)\r\n").await;
    assert!(client.until("e OK").await.contains(&format!("MESSAGES {}", most + 1)));
}
