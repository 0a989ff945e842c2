use super::*;
use crate::limits::{DEADLINE, MAX_ERRORS, WRITE_DEADLINE};
use rookery_mail::MailboxName;
use rookery_mailbox::{Account, MemoryStore, initial_mailboxes};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::watch;
use tokio::time::{Duration, Instant};

async fn services(accounts: &[&str]) -> Services {
    services_of(MemoryStore::new(), accounts).await
}

async fn services_of(store: MemoryStore, accounts: &[&str]) -> Services {
    let store = Arc::new(store);
    for account in accounts {
        store.create_account(account, &initial_mailboxes(), 1).await.unwrap();
    }
    let (hostname, places) = ("mx.example".to_owned(), Places::default());
    Services { store, hostname, message_size: 1000, recipients: 3, places }
}

/// Say all of it in pieces that end at the cuts, and hear all that is answered.
async fn talk(services: &Services, input: &[u8], cuts: &[usize]) -> String {
    let (mut client, server) = tokio::io::duplex(1 << 16);
    let (_up, shutdown) = watch::channel(false);
    let peer = Peer { address: "test".to_owned(), session: 1 };
    let say = async move {
        let mut said = 0;
        for cut in cuts.iter().chain([&input.len()]) {
            client.write_all(&input[said..*cut]).await.unwrap();
            said = *cut;
            tokio::task::yield_now().await;
            tokio::task::yield_now().await;
        }
        let mut answers = String::new();
        client.read_to_string(&mut answers).await.unwrap();
        answers
    };
    tokio::join!(say, serve(server, peer, services, shutdown)).0
}

async fn messages(services: &Services, account: &str, mailbox: &str) -> Vec<String> {
    let account = Account::new(services.store.account(account).await.unwrap());
    let (_, open) = account.open(&MailboxName::new(mailbox).unwrap()).await.unwrap();
    let mut messages = Vec::new();
    for row in open.snapshot().rows() {
        let octets = account.store().content(row.email, 0..row.size).await.unwrap();
        messages.push(String::from_utf8(octets.to_vec()).unwrap());
    }
    messages
}

const DIALOG: &str = "LHLO client\r\nMAIL FROM:<s@x> SIZE=10 BODY=8BITMIME\r\nRCPT TO:<Ada@example.org>\r\n\
    RCPT TO:<nobody@example.org>\r\nRCPT TO:<bob+trash>\r\nRCPT TO:<bob+nothing>\r\nDATA\r\n\
    Return-Path: <old>\r\nSubject: x\r\n\r\n..dot\nbare\r\n.\r\nRSET\r\nQUIT\r\n";

const ANSWERS: &str = "220 mx.example LMTP rookery ready\r\n250-mx.example\r\n250-PIPELINING\r\n\
    250-8BITMIME\r\n250-SMTPUTF8\r\n250-ENHANCEDSTATUSCODES\r\n250 SIZE 1000\r\n\
    250 2.1.0 Sender taken\r\n250 2.1.5 Recipient taken\r\n550 5.1.1 No such user\r\n\
    250 2.1.5 Recipient taken\r\n250 2.1.5 Recipient taken\r\n\
    354 Send the message, end with CRLF.CRLF\r\n250 2.0.0 Delivered\r\n250 2.0.0 Delivered\r\n\
    250 2.0.0 Delivered\r\n250 2.0.0 Forgotten\r\n221 2.0.0 Bye\r\n";

#[tokio::test]
async fn each_recipient_gets_the_message_and_each_an_answer() {
    let services = services(&["ada@example.org", "bob"]).await;
    assert_eq!(talk(&services, DIALOG.as_bytes(), &[]).await, ANSWERS);
    let body = "Subject: x\r\n\r\n.dot\nbare\r\n";
    let expected = |to: &str| {
        let received = "Received: from client\r\n\tby mx.example with LMTP id ";
        (
            format!("Return-Path: <s@x>\r\nDelivered-To: {to}\r\n{received}"),
            format!("\tfor <{to}>; "),
        )
    };
    let check = async |account: &str, mailbox: &str, to: &str| {
        let (start, received_for) = expected(to);
        let [message] = messages(&services, account, mailbox).await.try_into().unwrap();
        let rest = message.strip_prefix(&start).unwrap();
        let (_, rest) = rest.split_once("\r\n").unwrap();
        let (date, rest) = rest.strip_prefix(&received_for).unwrap().split_once("\r\n").unwrap();
        assert!(rookery_mime::date::parse(date.as_bytes()).is_some(), "{date}");
        assert_eq!(rest, body);
    };
    check("ada@example.org", "INBOX", "Ada@example.org").await;
    check("bob", "Trash", "bob+trash").await;
    check("bob", "INBOX", "bob+nothing").await;
}

#[tokio::test]
async fn answers_do_not_depend_on_packet_borders() {
    for first in 0..DIALOG.len() {
        let services = services(&["ada@example.org", "bob"]).await;
        let second = first + (first * 7) % (DIALOG.len() - first);
        assert_eq!(talk(&services, DIALOG.as_bytes(), &[first, second]).await, ANSWERS, "{first}");
        assert_eq!(messages(&services, "bob", "Trash").await.len(), 1);
    }
}

#[tokio::test]
async fn commands_out_of_order_are_refused() {
    let services = services(&["ada"]).await;
    for (input, codes) in [
        ("MAIL FROM:<>\r\n", "503"),
        ("LHLO x\r\nRCPT TO:<ada>\r\nDATA\r\n", "503 503"),
        ("LHLO x\r\nMAIL FROM:<>\r\nMAIL FROM:<>\r\nDATA\r\n", "250 503 503"),
        ("LHLO x\r\nMAIL FROM:<> SIZE=1001\r\nEHLO x\r\nNOOP\r\nVRFY a\r\n", "552 500 250 252"),
        ("LHLO x\r\nMAIL FROM:<\u{fc}@x>\r\nMAIL FROM:<\u{fc}@x> SMTPUTF8\r\n", "553 250"),
        ("LHLO x\r\nMAIL FROM:<>\nNOOP\r\n", "500 250"),
        (
            "LHLO x\r\nMAIL FROM:<>\r\nRCPT TO:<ada>\r\nRCPT TO:<ada>\r\nRCPT TO:<ada>\r\nRCPT TO:<ada>\r\n",
            "250 250 250 250 452",
        ),
    ] {
        let answers = talk(&services, format!("{input}QUIT\r\n").as_bytes(), &[]).await;
        let ended = answers.lines().filter(|line| line.as_bytes().get(3) == Some(&b' '));
        let after = if input.starts_with("LHLO") { 2 } else { 1 };
        let heard: Vec<_> = ended.skip(after).map(|line| &line[..3]).collect();
        assert_eq!(heard.join(" "), format!("{codes} 221"), "{input}");
    }
}

#[tokio::test]
async fn refusals_are_no_errors() {
    let services = services(&["ada"]).await;
    let unknown = "RCPT TO:<nobody>\r\n".repeat(MAX_ERRORS as usize);
    let known = "RCPT TO:<ada>\r\n".repeat(MAX_ERRORS as usize);
    let input =
        format!("LHLO x\r\nMAIL FROM:<>\r\n{unknown}{known}DATA\r\nA: b\r\n\r\n.\r\nQUIT\r\n");
    let answers = talk(&services, input.as_bytes(), &[]).await;
    assert!(answers.ends_with("250 2.0.0 Delivered\r\n221 2.0.0 Bye\r\n"), "{answers}");
}

#[tokio::test]
async fn errors_are_counted_until_a_message_is_delivered() {
    let services = services(&["ada"]).await;
    let errors = |count: u32| "DATA\r\n".repeat(count as usize);
    let message = "MAIL FROM:<>\r\nRCPT TO:<ada>\r\nDATA\r\nA: b\r\n\r\n.\r\n";
    let most = MAX_ERRORS;
    let input = format!("LHLO x\r\n{}{message}{}QUIT\r\n", errors(most - 1), errors(most - 1));
    let answers = talk(&services, input.as_bytes(), &[]).await;
    assert!(answers.ends_with("221 2.0.0 Bye\r\n"), "{answers}");
    let answers = talk(&services, format!("LHLO x\r\n{}", errors(most)).as_bytes(), &[]).await;
    assert!(answers.ends_with("421 4.7.0 Too many errors\r\n"), "{answers}");
}

#[tokio::test]
async fn what_is_too_long_is_refused_and_the_conversation_goes_on() {
    let services = services(&["ada"]).await;
    let big = "x".repeat(200_000);
    let input = format!(
        "NOOP {big}\r\nLHLO x\r\nMAIL FROM:<>\r\nRCPT TO:<ada>\r\nDATA\r\n{big}\r\n.\r\nNOOP\r\nQUIT\r\n"
    );
    let answers = talk(&services, input.as_bytes(), &[]).await;
    assert!(answers.contains("500 5.5.2 Line too long\r\n250-mx.example"), "{answers}");
    assert!(answers.ends_with("552 5.3.4 Message too big\r\n250 2.0.0 Done\r\n221 2.0.0 Bye\r\n"));
    assert!(messages(&services, "ada", "INBOX").await.is_empty());
}

#[tokio::test]
async fn one_recipient_s_failure_is_not_the_other_s() {
    let services = services(&["ada", "bob"]).await;
    let (mut client, server) = tokio::io::duplex(1 << 16);
    let (_up, shutdown) = watch::channel(false);
    let peer = Peer { address: "test".to_owned(), session: 1 };
    let say = async {
        let begin = b"LHLO x\r\nMAIL FROM:<>\r\nRCPT TO:<ada>\r\nRCPT TO:<bob>\r\nDATA\r\n";
        client.write_all(begin).await.unwrap();
        let mut heard = Vec::new();
        while !heard.ends_with(b"CRLF.CRLF\r\n") {
            client.read_buf(&mut heard).await.unwrap();
        }
        services.store.delete_account("ada").await.unwrap();
        client.write_all(b"A: b\r\n\r\n.\r\nQUIT\r\n").await.unwrap();
        let mut answers = String::new();
        client.read_to_string(&mut answers).await.unwrap();
        answers
    };
    let (answers, ()) = tokio::join!(say, serve(server, peer, &services, shutdown));
    let mut lines = answers.lines();
    assert!(matches!(lines.next().map(|line| line.as_bytes()[0]), Some(b'4' | b'5')), "{answers}");
    assert_eq!(lines.next(), Some("250 2.0.0 Delivered"));
    assert_eq!(messages(&services, "bob", "INBOX").await.len(), 1);
}

/// Whoever brings it keeps it, and comes again.
#[tokio::test]
async fn an_account_with_as_many_messages_as_it_can_have_puts_mail_off() {
    let services = services_of(MemoryStore::new().with_max_messages(2), &["ada", "bob"]).await;
    let to = |recipients: &str| {
        format!("LHLO x\r\nMAIL FROM:<>\r\n{recipients}DATA\r\nA: b\r\n\r\n.\r\nQUIT\r\n")
    };
    for _ in 0..2 {
        let answers = talk(&services, to("RCPT TO:<ada+trash>\r\n").as_bytes(), &[]).await;
        assert!(answers.ends_with("250 2.0.0 Delivered\r\n221 2.0.0 Bye\r\n"), "{answers}");
    }
    let both = "RCPT TO:<ada>\r\nRCPT TO:<bob>\r\n";
    let answers = talk(&services, to(both).as_bytes(), &[]).await;
    let wanted =
        "452 4.2.2 The account has as many messages as it can have\r\n250 2.0.0 Delivered\r\n";
    assert!(answers.contains(wanted), "{answers}");
    assert_eq!(messages(&services, "ada", "INBOX").await.len(), 0);
    assert_eq!(messages(&services, "bob", "INBOX").await.len(), 1);
}

#[tokio::test]
async fn a_message_that_breaks_off_is_not_delivered() {
    let services = services(&["ada"]).await;
    let (mut client, server) = tokio::io::duplex(1 << 16);
    let (_up, shutdown) = watch::channel(false);
    let input = b"LHLO x\r\nMAIL FROM:<>\r\nRCPT TO:<ada>\r\nDATA\r\nSubject: x\r\n\r\nhalf\r\n.\r";
    client.write_all(input).await.unwrap();
    drop(client);
    serve(server, Peer { address: "test".to_owned(), session: 1 }, &services, shutdown).await;
    assert!(messages(&services, "ada", "INBOX").await.is_empty());
}

#[tokio::test]
async fn a_waiting_client_hears_that_the_server_goes_down() {
    let services = services(&[]).await;
    let (mut client, server) = tokio::io::duplex(1 << 16);
    let (up, shutdown) = watch::channel(false);
    up.send_replace(true);
    serve(server, Peer { address: "test".to_owned(), session: 1 }, &services, shutdown).await;
    let mut answers = String::new();
    client.read_to_string(&mut answers).await.unwrap();
    assert!(answers.ends_with("421 4.3.2 Server is going down\r\n"), "{answers}");
}

#[tokio::test(start_paused = true)]
async fn more_recipients_than_there_are_places_wait_and_are_put_off() {
    let services = services(&["ada", "bob"]).await;
    let most = crate::limits::MAX_RECIPIENTS;
    let places = &services.places.0;
    assert_eq!(places.available_permits(), most);
    let all = u32::try_from(most).unwrap();
    let taken = places.clone().acquire_many_owned(all).await.unwrap();
    let begin = "LHLO x\r\nMAIL FROM:<>\r\nRCPT TO:<ada>\r\n";
    let start = Instant::now();
    let input = format!("{begin}QUIT\r\n");
    assert!(talk(&services, input.as_bytes(), &[]).await.contains("451 4.3.2"));
    assert_eq!(start.elapsed().as_secs(), crate::limits::PLACE_PATIENCE.as_secs());
    drop(taken);
    // There is one place: who has it does not wait for another one.
    let taken = places.clone().acquire_many_owned(all - 1).await.unwrap();
    let message = format!("{begin}RCPT TO:<bob>\r\nDATA\r\nA: b\r\n\r\n.\r\nQUIT\r\n");
    let start = Instant::now();
    let answers = talk(&services, message.as_bytes(), &[]).await;
    assert_eq!(start.elapsed().as_secs(), 0);
    assert_eq!(answers.matches("451 4.3.2").count(), 1, "{answers}");
    assert_eq!(answers.matches("250 2.0.0 Delivered").count(), 1, "{answers}");
    drop(taken);
    let answers = talk(&services, message.as_bytes(), &[]).await;
    assert_eq!(answers.matches("250 2.0.0 Delivered").count(), 2, "{answers}");
    assert_eq!(places.available_permits(), most);
}

#[tokio::test(start_paused = true)]
async fn who_is_silent_or_does_not_listen_is_sent_away() {
    let services = services(&["ada"]).await;
    let (mut client, server) = tokio::io::duplex(1 << 16);
    let (_up, shutdown) = watch::channel(false);
    let peer = || Peer { address: "test".to_owned(), session: 1 };
    let start = Instant::now();
    serve(server, peer(), &services, shutdown.clone()).await;
    assert_eq!(start.elapsed().as_secs(), DEADLINE.as_secs());
    let mut answers = String::new();
    client.read_to_string(&mut answers).await.unwrap();
    assert!(answers.ends_with("421 4.4.2 Silent for too long\r\n"), "{answers}");
    // No room for the greeting, and nobody who makes any.
    let (_client, server) = tokio::io::duplex(1);
    let start = Instant::now();
    serve(server, peer(), &services, shutdown).await;
    let most = 3 * WRITE_DEADLINE + Duration::from_secs(1);
    assert!((WRITE_DEADLINE..most).contains(&start.elapsed()), "{:?}", start.elapsed());
}
