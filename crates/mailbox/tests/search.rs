//! SEARCH: each key, what it reads, and that it lets others run.

use rookery_mail::{
    DateTime, EmailId, Flag, Keyword, ModSeq, SystemFlag, SystemFlags, ThreadId, Uid, UidSet,
};
use rookery_mailbox::delivery::Incoming;
use rookery_mailbox::search::{Key, Matches, Progress, Search, Wanted};
use rookery_mailbox::{
    Account, FlagSet, MemoryStore, OpenMailbox, Row, Snapshot, SnapshotEdit, Store, StoreError,
    View, initial_mailboxes, names,
};
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

const DAY: i64 = 86_400;

const GREETING: &str = "From: Ada <ada@example.org>\r\n\
    To: =?utf-8?q?J=C3=BCrgen?= <j@example.org>\r\n\
    Date: Tue, 03 Mar 2020 23:30:00 -0500\r\n\
    Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?= aus\r\n Bern\r\n\
    Content-Type: text/plain; charset=iso-8859-1\r\n\
    Content-Transfer-Encoding: quoted-printable\r\n\r\n\
    Der Sch=FCler trinkt Ka=\r\nffee.\r\n";

const PARTS: &str = "From: Ben <ben@example.com>\r\nSubject: parts\r\n\
    Content-Type: multipart/mixed; boundary=x\r\n\r\n\
    preamble\r\n--x\r\nContent-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n\
    PGI+4piDIHNub3c8L2I+\r\n\
    --x\r\nContent-Type: application/octet-stream; name=secret.bin\r\n\r\nneedle in octets\r\n\
    --x\r\nContent-Type: message/rfc822\r\n\r\nSubject: inner subject\r\n\r\ninner body\r\n--x--\r\n";

struct Mail {
    account: Account,
    open: Arc<OpenMailbox>,
}

/// A mailbox of these messages, received a day after the other from day 100 on, in a zone two hours east.
async fn mail(messages: &[(&str, &str)]) -> Mail {
    let store = MemoryStore::new();
    store.create_account("u", &initial_mailboxes(), 1).await.unwrap();
    let account = Account::new(store.account("u").await.unwrap());
    let inbox = account.find(&names::parse("INBOX").unwrap()).await.unwrap();
    for (day, (text, flags)) in (100..).zip(messages) {
        let mut incoming = Incoming::new(&account).await.unwrap();
        incoming.write(text.as_bytes()).await.unwrap();
        let flags = flags.split_whitespace().map(|flag| Flag::parse(flag).unwrap()).collect();
        let message = incoming.finish(flags, DateTime::with_offset(day * DAY - 3600, 120));
        account.store().append(inbox.id, vec![message], day * DAY).await.unwrap();
    }
    let open = account.open(&inbox.name).await.unwrap().1;
    Mail { account, open }
}

impl Mail {
    /// A search for all there is.
    fn all(&self) -> Search {
        Search {
            account: self.account.clone(),
            open: Arc::clone(&self.open),
            candidates: self.open.snapshot().uids(),
            numbering: View::open(&self.open.snapshot()).numbering(),
            key: Key::All,
            wanted: Wanted::All,
            most: usize::MAX,
        }
    }

    async fn search(&self, key: Key) -> String {
        self.search_among(&self.open.snapshot().uids(), &key, Wanted::All).await
    }

    async fn search_among(&self, candidates: &UidSet, key: &Key, wanted: Wanted) -> String {
        let (candidates, key) = (candidates.clone(), key.clone());
        let search = Search { candidates, key, wanted, ..self.all() };
        search.run(Arc::default()).await.unwrap().uids.to_string()
    }
}

fn uids(numbers: &[u32]) -> UidSet {
    numbers.iter().copied().filter_map(Uid::new).collect()
}

fn header(name: &str, needle: &str) -> Key {
    Key::Header { name: name.as_bytes().to_vec(), needle: needle.to_owned() }
}

fn not(key: Key) -> Key {
    Key::Not(Box::new(key))
}

#[tokio::test]
async fn rows_are_enough_for_most_keys() {
    let mail =
        mail(&[("a", "\\Seen"), ("bb", "\\Seen $Work"), ("ccc", "\\Flagged"), ("dddd", "")]).await;
    let keyword = |text: &str| Key::Keyword(Keyword::new(text).unwrap());
    let second = mail.open.snapshot().rows().nth(1).unwrap().clone();
    for (key, expected) in [
        (Key::All, "1:4"),
        (Key::And(Vec::new()), "1:4"),
        (Key::Or(Vec::new()), ""),
        (Key::Uids(uids(&[2, 4, 9]).into()), "2,4"),
        (Key::Has(SystemFlag::Seen), "1:2"),
        (not(Key::Has(SystemFlag::Seen)), "3:4"),
        (keyword("$WORK"), "2"),
        (keyword("$unknown"), ""),
        (Key::ModSeq(second.modseq), "2:4"),
        (Key::ModSeq(ModSeq::MAX), ""),
        (Key::Email(second.email), "2"),
        (Key::Email(EmailId(99)), ""),
        (Key::Thread(second.thread), "2"),
        (Key::Thread(ThreadId(99)), ""),
        (Key::Before(101), "1"),
        (Key::On(101), "2"),
        (Key::Since(101), "2:4"),
        (Key::SavedBefore(102 * DAY), "1:2"),
        (Key::SavedSince(102 * DAY), "3:4"),
        (Key::Larger(2), "3:4"),
        (Key::Smaller(2), "1"),
        (Key::And(vec![Key::Larger(1), Key::Has(SystemFlag::Seen)]), "2"),
        (Key::Or(vec![Key::Larger(3), Key::Has(SystemFlag::Flagged)]), "3:4"),
    ] {
        assert_eq!(mail.search(key.clone()).await, expected, "{key:?}");
    }
    let candidates = uids(&[1, 3, 7]);
    assert_eq!(mail.search_among(&candidates, &Key::All, Wanted::All).await, "1,3");
}

#[tokio::test]
async fn headers_are_compared_as_text() {
    let mail = mail(&[(GREETING, ""), (PARTS, "")]).await;
    for (key, expected) in [
        (header("subject", "GRÜSSE AUS BERN"), "1"),
        (header("To", "jürgen"), "1"),
        (header("From", "example"), "1:2"),
        (header("From", "EXAMPLE.COM"), "2"),
        (header("Subject", "inner"), ""),
        (header("Date", ""), "1"),
        (header("X-None", ""), ""),
        (not(header("Date", "")), "2"),
    ] {
        assert_eq!(mail.search(key.clone()).await, expected, "{key:?}");
    }
}

#[tokio::test]
async fn the_sent_day_is_that_of_the_date_field_as_written() {
    let mail = mail(&[(GREETING, ""), (PARTS, "")]).await;
    let day = DateTime::day_number(2020, 3, 3).unwrap();
    for (key, expected) in [
        (Key::SentOn(day), "1"),
        (Key::SentSince(day), "1"),
        (Key::SentBefore(day), "2"),
        (Key::SentOn(101), "2"),
        (Key::SentBefore(day + 1), "1:2"),
    ] {
        assert_eq!(mail.search(key.clone()).await, expected, "{key:?}");
    }
}

#[tokio::test]
async fn bodies_are_decoded_before_they_are_searched() {
    let mail = mail(&[(GREETING, ""), (PARTS, "")]).await;
    let body = |needle: &str| Key::Body(needle.to_owned());
    let text = |needle: &str| Key::Text(needle.to_owned());
    for (key, expected) in [
        (body("SCHÜLER TRINKT KAFFEE"), "1"),
        (body("☃ snow"), "2"),
        (body("inner body"), "2"),
        (body("inner subject"), ""),
        (body("needle"), ""),
        (body("grüße"), ""),
        (body(""), "1:2"),
        (text("grüsse"), "1"),
        (text("inner subject"), "2"),
        (text("secret.bin"), "2"),
        (text("kaffee"), "1"),
        (text("ada@example.org"), "1"),
        (not(text("kaffee")), "2"),
        (Key::And(vec![body("inner"), text("snow"), header("From", "ben")]), "2"),
        (Key::Or(vec![body("kaffee"), body("snow")]), "1:2"),
    ] {
        assert_eq!(mail.search(key.clone()).await, expected, "{key:?}");
    }
}

#[tokio::test]
async fn messages_without_a_summary_are_scanned() {
    let mail = mail(&[(PARTS, "")]).await;
    let mut incoming = Incoming::new(&mail.account).await.unwrap();
    incoming.write(GREETING.as_bytes()).await.unwrap();
    let mut message = incoming.finish(Vec::new(), DateTime::from_unix(0));
    message.summary = b"of another version".to_vec();
    let store = mail.account.store();
    store.append(mail.open.snapshot().id(), vec![message], 1).await.unwrap();
    let day = DateTime::day_number(2020, 3, 3).unwrap();
    assert_eq!(mail.search(Key::SentOn(day)).await, "2");
    assert_eq!(mail.search(Key::Body("kaffee".to_owned())).await, "2");
}

#[tokio::test]
async fn long_bodies_are_found_to_their_end() {
    let line = "all work and no play makes jack a dull boy\r\n".repeat(10_000);
    let text = format!("Subject: long\r\n\r\n{line}the end\r\n");
    let mail = mail(&[(&text, "")]).await;
    assert_eq!(mail.search(Key::Body("boy\r\nthe END".to_owned())).await, "1");
    assert_eq!(mail.search(Key::Body("boy\r\nthe beginning".to_owned())).await, "");
}

/// The thread that serves everybody is kept by this test all the while: the search comes to its end without it.
#[tokio::test(flavor = "current_thread")]
async fn others_run_while_a_search_goes_on() {
    let mail = mail(&vec![(GREETING, ""); 200]).await;
    for key in [Key::Body("nothing".to_owned()), dear()] {
        let progress = Arc::new(Progress::default());
        let search = Search { key, ..mail.all() };
        let searching = tokio::spawn(search.run(Arc::clone(&progress)));
        tokio::task::yield_now().await;
        let (start, patience) = (Instant::now(), Duration::from_secs(30));
        while progress.look().0 < 200 {
            assert!(start.elapsed() < patience, "it waits for us: {:?}", progress.look());
        }
        assert_eq!(searching.await.unwrap().unwrap(), Matches::default());
    }
}

/// A key that reads nothing, but takes its time with each row.
fn dear() -> Key {
    Key::Not(Box::new(Key::And(vec![Key::All; 1000])))
}

/// A search for all messages of a mailbox that is not the engine's own: nothing else keeps a snapshot of it. It looks at four rows in a
/// turn, and has had one.
async fn after_a_turn(
    (mail, open): (&Mail, &Arc<OpenMailbox>),
    (key, wanted): (Key, Wanted),
) -> Pin<Box<dyn Future<Output = Result<Matches, StoreError>>>> {
    let key = Key::And([vec![key], vec![Key::All; 1000]].concat());
    let search = Search { open: Arc::clone(open), key, wanted, ..mail.all() };
    let mut searching = Box::pin(search.run(Arc::default()));
    tokio::select! {
        biased;
        found = &mut searching => panic!("it has not come to its end: {found:?}"),
        () = std::future::ready(()) => {}
    }
    searching
}

/// Change a mailbox as if this were done by somebody else.
fn change(open: &OpenMailbox, change: impl FnOnce(&mut SnapshotEdit)) -> ModSeq {
    let before = open.snapshot();
    let modseq = before.highest_modseq().next();
    let mut edit = before.edit(modseq);
    change(&mut edit);
    open.publish(Arc::new(edit.finish()));
    modseq
}

fn set(flag: SystemFlag) -> FlagSet {
    FlagSet { system: [flag].into_iter().collect(), keywords: 0 }
}

#[tokio::test]
async fn a_message_is_looked_at_as_it_is_when_its_turn_comes() {
    let mail = mail(&[("x", "\\Seen"); 12]).await;
    for (wanted, expected) in
        [(Wanted::All, "1:9,12"), (Wanted::Lowest(12), "1:9,12"), (Wanted::Highest(12), "1,4:12")]
    {
        let open = Arc::new(OpenMailbox::new(mail.open.snapshot()));
        let seen = Key::Has(SystemFlag::Seen);
        let searching = after_a_turn((&mail, &open), (seen, wanted)).await;
        let both = FlagSet { system: SystemFlags::from_bits(u8::MAX), keywords: 0 };
        let latest = change(&open, |edit| edit.set_flags(&uids(&[8]), |_| both));
        change(&open, |edit| edit.set_flags(&uids(&[2, 11]), |_| set(SystemFlag::Draft)));
        change(&open, |edit| edit.remove(&uids(&[3, 10])));
        let found = searching.await.unwrap();
        assert_eq!(found.uids.to_string(), expected, "{wanted:?}");
        assert_eq!(found.latest, Some(latest), "what had changed when it matched");
    }
}

#[tokio::test]
async fn messages_that_came_meanwhile_are_not_found() {
    let mail = mail(&[("x", ""); 6]).await;
    for wanted in [Wanted::All, Wanted::Highest(9)] {
        let open = Arc::new(OpenMailbox::new(mail.open.snapshot()));
        let searching = after_a_turn((&mail, &open), (Key::All, wanted)).await;
        let row = open.snapshot().row(Uid::MIN).unwrap().clone();
        change(&open, |edit| edit.append(Row { uid: Uid::new(7).unwrap(), ..row }));
        assert_eq!(searching.await.unwrap().uids.to_string(), "1:6");
    }
}

/// The bit of a keyword that no message has is another one's from one turn to the next.
#[tokio::test]
async fn keywords_are_those_of_the_moment() {
    let mail = mail(&[("x", ""); 12]).await;
    let keyword = |text: &str| Keyword::new(text).unwrap();
    for (asked, expected) in [("old", ""), ("new", "9:10")] {
        let open = Arc::new(OpenMailbox::new(mail.open.snapshot()));
        change(&open, |edit| assert_eq!(edit.keyword_bit(&keyword("old")), Some(1)));
        let key = Key::Keyword(keyword(asked));
        let searching = after_a_turn((&mail, &open), (key, Wanted::All)).await;
        change(&open, |edit| {
            edit.take_over_keyword(0, &keyword("new")).unwrap();
            edit.set_flags(&uids(&[1, 9, 10]), |flags| FlagSet { keywords: 1, ..flags });
        });
        assert_eq!(searching.await.unwrap().uids.to_string(), expected, "{asked}");
    }
}

/// However long a search takes: it keeps nothing of the mailbox as it was before others changed it.
#[tokio::test]
async fn a_search_keeps_no_mailbox() {
    let mail = mail(&[("\r\nx", ""); 12]).await;
    for key in [Key::All, Key::Body("x".to_owned())] {
        for wanted in [Wanted::All, Wanted::Highest(12)] {
            let open = Arc::new(OpenMailbox::new(Arc::new(Snapshot::clone(&mail.open.snapshot()))));
            let before = Arc::downgrade(&open.snapshot());
            let searching = after_a_turn((&mail, &open), (key.clone(), wanted)).await;
            change(&open, |edit| edit.set_flags(&UidSet::all(), |_| set(SystemFlag::Seen)));
            assert!(before.upgrade().is_none(), "{key:?}");
            assert_eq!(searching.await.unwrap().uids.to_string(), "1:12");
        }
    }
}

/// Content that goes while a search is at it.
#[tokio::test]
async fn a_message_that_is_gone_matches_neither_a_key_nor_its_opposite() {
    let body = |needle: &str| Key::Body(needle.to_owned());
    for (key, expected, why) in [
        (body("two"), "2", "it has no text any more"),
        (not(body("x")), "2", "nor the opposite"),
        (Key::Or(vec![body("x"), Key::Larger(5)]), "1", "the row decides without content"),
    ] {
        let mail = mail(&[("\r\nlonger", "\\Deleted"), ("\r\ntwo", "")]).await;
        let searching = after_a_turn((&mail, &mail.open), (key, Wanted::All)).await;
        mail.account.store().expunge(mail.open.snapshot().id(), &UidSet::all()).await.unwrap();
        assert_eq!(searching.await.unwrap().uids.to_string(), expected, "{why}");
    }
}

#[tokio::test(flavor = "current_thread")]
async fn others_run_between_the_messages_of_a_short_search() {
    let mail = mail(&[(GREETING, ""); 10]).await;
    let searching = tokio::spawn(async move { mail.search(Key::Body("nothing".to_owned())).await });
    let mut turns = 0;
    while !searching.is_finished() {
        tokio::task::yield_now().await;
        turns += 1;
    }
    assert_eq!(searching.await.unwrap(), "");
    assert!(turns > 10, "a turn for each message at least, not {turns}");
}

#[tokio::test]
async fn a_search_that_nobody_waits_for_ends() {
    let mail = mail(&vec![(GREETING, ""); 100]).await;
    // Each message is looked at for each of the texts: it would take minutes.
    let texts = (0..1000).map(|number| Key::Body(format!("nothing {number}"))).collect();
    let search = Search { key: Key::Or(texts), ..mail.all() };
    let progress = Arc::new(Progress::default());
    let searching = search.run(Arc::clone(&progress));
    drop(mail);
    assert!(tokio::time::timeout(Duration::from_millis(1), searching).await.is_err());
    let (start, patience) = (Instant::now(), Duration::from_secs(30));
    while Arc::strong_count(&progress) > 1 {
        assert!(start.elapsed() < patience, "it goes on: {:?}", progress.look());
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    assert!(progress.look().0 < 100, "it was done before it could be given up");
}

#[tokio::test]
async fn no_more_is_looked_at_than_it_takes() {
    let mail = mail(&vec![(GREETING, ""); 300]).await;
    for key in [&Key::All, &Key::Body("kaffee".to_owned())] {
        for (wanted, expected) in [
            (Wanted::Lowest(3), uids(&[1, 2, 3])),
            (Wanted::Highest(3), uids(&[298, 299, 300])),
            (Wanted::Highest(1000), (1..=300).filter_map(Uid::new).collect()),
        ] {
            let progress = Arc::new(Progress::default());
            let search = Search { key: key.clone(), wanted, ..mail.all() };
            let found = search.run(Arc::clone(&progress)).await.unwrap().uids;
            assert_eq!(found.intersection(&expected), expected, "{wanted:?}");
            assert_eq!(found.ranges().len(), 1, "{wanted:?} leaves none out");
            let looked_at_all = found.len() == 300;
            assert_eq!(looked_at_all, wanted == Wanted::Highest(1000) || *key == Key::All);
            assert_eq!(
                progress.look().0,
                found.len(),
                "{wanted:?}: all that was looked at matches"
            );
        }
    }
}
