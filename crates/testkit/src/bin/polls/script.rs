//! What is asked of the server.

use crate::Fallible;
use crate::mail;
use crate::stage::Stage;
use rookery_mail::{MailboxId, SystemFlag, Uid, UidSet};
use rookery_mailbox::FlagOperation;
use std::fmt::Write;

/// Mailboxes that are listed.
const MAILBOXES: usize = 9_000;

/// Octets of a long command.
const LONG: usize = 250_000;

/// All of it.
pub(crate) async fn run(stage: &mut Stage, messages: u32) -> Fallible<()> {
    let large = stage.fill("large", messages).await?;
    let gaps = stage.copy(large, "gaps").await?;
    stage.thin(gaps, messages, 2).await?;
    stage.row("SELECT, for the first time", "SELECT gaps").await?;
    mailbox(stage, "large", &LARGE).await?;
    mailbox(stage, "gaps", &GAPS).await?;
    others(stage, large, messages).await?;
    changes(stage, large, messages).await?;
    messages_alone(stage).await?;
    deliveries(stage).await?;
    long_commands(stage).await?;
    many_mailboxes(stage).await
}

/// Commands that only look at a mailbox, and what their rows are called.
type Looks = [(&'static str, &'static str)];

const LARGE: [(&str, &str); 16] = [
    ("SELECT", "SELECT large"),
    ("NOOP", "NOOP"),
    ("STATUS", "STATUS gaps (MESSAGES UNSEEN SIZE DELETED)"),
    ("FETCH 1:* FLAGS", "FETCH 1:* FLAGS"),
    ("UID FETCH 1:* (UID)", "UID FETCH 1:* (UID)"),
    ("FETCH of one", "FETCH 7 (FLAGS ENVELOPE)"),
    ("FETCH CHANGEDSINCE, none", "FETCH 1:* FLAGS (CHANGEDSINCE 999999)"),
    ("FETCH CHANGEDSINCE, all", "FETCH 1:* FLAGS (CHANGEDSINCE 1)"),
    ("SEARCH UNSEEN", "SEARCH UNSEEN"),
    ("SEARCH ALL", "SEARCH ALL"),
    ("SEARCH 1:*", "SEARCH 1:* UNSEEN"),
    ("SEARCH RETURN (SAVE)", "SEARCH RETURN (SAVE) ALL"),
    ("FETCH $", "FETCH $ (UID)"),
    ("SEARCH MODSEQ", "SEARCH MODSEQ 1"),
    ("SEARCH RETURN (MIN MAX)", "SEARCH RETURN (MIN MAX) UNSEEN"),
    ("UIDBATCHES", "UIDBATCHES 1000"),
];

const GAPS: [(&str, &str); 17] = [
    ("SELECT, gaps", "SELECT gaps"),
    ("NOOP, gaps", "NOOP"),
    ("FETCH 1:* FLAGS, gaps", "FETCH 1:* FLAGS"),
    ("UID FETCH 1:* (UID), gaps", "UID FETCH 1:* (UID)"),
    ("UID FETCH PARTIAL, gaps", "UID FETCH 1:* (FLAGS) (PARTIAL 1:100)"),
    ("FETCH of one, gaps", "FETCH 7 (FLAGS ENVELOPE)"),
    ("UID FETCH of one, gaps", "UID FETCH 8 (FLAGS ENVELOPE)"),
    ("FETCH CHANGEDSINCE, none, gaps", "FETCH 1:* FLAGS (CHANGEDSINCE 999999)"),
    ("UID STORE of one, gaps", "UID STORE 8 +FLAGS (\\Seen)"),
    ("SEARCH UNSEEN, gaps", "SEARCH UNSEEN"),
    ("SEARCH of one, gaps", "UID SEARCH UID 8 UNSEEN"),
    ("SEARCH 1:*, gaps", "SEARCH 1:* UNSEEN"),
    ("SEARCH RETURN (ALL), gaps", "UID SEARCH RETURN (ALL) ALL"),
    ("SEARCH RETURN (MIN MAX COUNT), gaps", "UID SEARCH RETURN (MIN MAX COUNT) ALL"),
    ("SEARCH MODSEQ, gaps", "SEARCH MODSEQ 1"),
    ("UIDBATCHES, gaps", "UIDBATCHES 1000"),
    ("COPY of one, gaps", "UID COPY 8 INBOX"),
];

async fn mailbox(stage: &mut Stage, name: &str, looks: &Looks) -> Fallible<()> {
    stage.quietly("ENABLE CONDSTORE").await?;
    stage.quietly(&format!("SELECT {name}")).await?;
    for (row, command) in looks {
        stage.row(row, command).await?;
    }
    stage.reconnect().await
}

/// What others did is told.
async fn others(stage: &mut Stage, large: MailboxId, messages: u32) -> Fallible<()> {
    let (all, one) = (UidSet::all(), Uid::new(5).into_iter().collect());
    stage.quietly("SELECT large").await?;
    stage.flag(large, &one, SystemFlag::Flagged, FlagOperation::Add).await?;
    stage.row("NOOP after a change of one", "NOOP").await?;
    stage.flag(large, &all, SystemFlag::Flagged, FlagOperation::Add).await?;
    stage.row("NOOP after a change of all", "NOOP").await?;
    let thinner = stage.copy(large, "thinner").await?;
    stage.quietly("SELECT thinner").await?;
    stage.thin(thinner, messages, 2).await?;
    stage.row("FETCH of one after others expunged half", "FETCH 2 FLAGS").await?;
    stage.row("NOOP, to be told of that", "NOOP").await?;
    let two = Uid::new(6).into_iter().collect();
    stage.expunge(thinner, two).await?;
    stage.row("NOOP after others expunged one, gaps", "NOOP").await?;
    stage.quietly("UNSELECT").await?;
    stage.quietly("ENABLE QRESYNC").await?;
    let thinner = stage.copy(large, "thinner2").await?;
    stage.quietly("SELECT thinner2").await?;
    stage.thin(thinner, messages, 2).await?;
    stage.row("NOOP, to be told of that by VANISHED", "NOOP").await?;
    let validity = stage.uid_validity("thinner2").await?;
    let known = format!("SELECT thinner2 (QRESYNC ({validity} 1))");
    stage.row("SELECT QRESYNC, all has changed", &known).await?;
    stage.reconnect().await
}

/// Changes of all that a mailbox has.
async fn changes(stage: &mut Stage, large: MailboxId, messages: u32) -> Fallible<()> {
    stage.quietly("SELECT large").await?;
    stage.row("STORE 1:*", "STORE 1:* +FLAGS (\\Answered)").await?;
    stage.row("STORE 1:* .SILENT", "STORE 1:* -FLAGS.SILENT (\\Answered)").await?;
    stage.flag(large, &UidSet::all(), SystemFlag::Draft, FlagOperation::Add).await?;
    stage
        .row("STORE 1:* .SILENT after a change of all", "STORE 1:* +FLAGS.SILENT (\\Seen)")
        .await?;
    stage.quietly("CREATE target").await?;
    stage.row("COPY 1:*", "COPY 1:* target").await?;
    stage.quietly("SELECT gaps").await?;
    stage.row("STORE 1:*, gaps", "STORE 1:* +FLAGS (\\Answered)").await?;
    stage.row("STORE 1:* .SILENT, gaps", "STORE 1:* -FLAGS.SILENT (\\Answered)").await?;
    stage.row("STORE UNCHANGEDSINCE, gaps", "STORE 1:* (UNCHANGEDSINCE 1) +FLAGS (\\Seen)").await?;
    stage.row("COPY 1:*, gaps", "COPY 1:* target").await?;
    stage.row("MOVE 1:*, gaps", "MOVE 1:* target").await?;
    let half: UidSet = (1..=messages).step_by(2).filter_map(Uid::new).collect();
    stage.mark(large, &half).await?;
    stage.quietly("SELECT large").await?;
    stage.row("UID EXPUNGE 1:* of half", "UID EXPUNGE 1:*").await?;
    stage.mark(large, &UidSet::all()).await?;
    stage.row("EXPUNGE of all, gaps", "EXPUNGE").await?;
    let again = stage.copy(stage.id("target").await?, "again").await?;
    stage.mark(again, &UidSet::all()).await?;
    stage.quietly("SELECT again").await?;
    stage.row("CLOSE", "CLOSE").await?;
    stage.row("RENAME INBOX", "RENAME INBOX inboxed").await?;
    stage.row("DELETE", "DELETE target").await?;
    Ok(())
}

/// Messages that take long to look at.
async fn messages_alone(stage: &mut Stage) -> Fallible<()> {
    for (name, message) in [
        ("APPEND of 10,000 parts", mail::parts("a file, number ")),
        ("APPEND of 10,000 parts named in UTF-8", mail::parts("ein Spätzchen ")),
        ("APPEND of 5,000 messages", mail::messages()),
        ("APPEND of 13,000 addresses", mail::addresses()),
        ("APPEND of 9,000 references", mail::references()),
        ("APPEND of a header of 4 MB", mail::header(4)),
        ("APPEND of HTML", mail::html()),
        ("APPEND of 60 MB of text", mail::text(60)),
        ("APPEND of a file of 60 MB", mail::attachment(60)),
    ] {
        stage.append(name, "INBOX", &message).await?;
    }
    stage.quietly("SELECT INBOX").await?;
    for (name, command) in MESSAGES {
        stage.row(name, command).await?;
    }
    Ok(())
}

const MESSAGES: [(&str, &str); 20] = [
    ("BODYSTRUCTURE of 10,000 parts", "FETCH 1 BODYSTRUCTURE"),
    ("BODY of 10,000 parts", "FETCH 1 BODY"),
    ("BODYSTRUCTURE of 10,000 parts, downgraded", "FETCH 2 BODYSTRUCTURE"),
    ("a part of 10,000", "FETCH 1 BODY.PEEK[9000]"),
    ("BINARY of a part of 10,000", "FETCH 1 BINARY.PEEK[9000]"),
    (
        "16 parts of 10,000",
        "FETCH 1 (BODY.PEEK[1] BODY.PEEK[2] BODY.PEEK[3] BODY.PEEK[4] BODY.PEEK[5] BODY.PEEK[6] BODY.PEEK[7])",
    ),
    ("BODYSTRUCTURE of 5,000 messages", "FETCH 3 BODYSTRUCTURE"),
    ("ENVELOPE of 13,000 addresses", "FETCH 4 ENVELOPE"),
    ("HEADER of 13,000 addresses", "FETCH 4 BODY.PEEK[HEADER]"),
    ("ENVELOPE of 9,000 references", "FETCH 5 ENVELOPE"),
    ("HEADER of 4 MB", "FETCH 6 BODY.PEEK[HEADER]"),
    ("HEADER.FIELDS of 4 MB", "FETCH 6 BODY.PEEK[HEADER.FIELDS (SUBJECT)]"),
    ("HEADER.FIELDS.NOT of 4 MB", "FETCH 6 BODY.PEEK[HEADER.FIELDS.NOT (X-OTHER)]"),
    ("PREVIEW of HTML", "FETCH 7 PREVIEW"),
    ("PREVIEW of 60 MB", "FETCH 8 PREVIEW"),
    ("BODY of 60 MB", "FETCH 8 BODY.PEEK[]"),
    ("BINARY of 60 MB", "FETCH 9 BINARY.PEEK[1]"),
    ("BINARY.SIZE of 60 MB", "FETCH 9 BINARY.SIZE[1]"),
    ("SEARCH TEXT in all of these", "SEARCH TEXT \"what nobody wrote\""),
    ("SEARCH FROM in all of these", "SEARCH FROM \"nobody\" SENTSINCE 1-Jan-2026"),
];

async fn deliveries(stage: &mut Stage) -> Fallible<()> {
    stage.deliver("LMTP of 10,000 parts", &mail::parts("a file, number ")).await?;
    stage.deliver("LMTP of 5,000 messages", &mail::messages()).await?;
    stage.deliver("LMTP of 13,000 addresses", &mail::addresses()).await?;
    stage.deliver("LMTP of 60 MB of text", &mail::text(60)).await
}

/// Commands as long as they can be.
async fn long_commands(stage: &mut Stage) -> Fallible<()> {
    stage.fill("some", 1 << 16).await?;
    stage.quietly("SELECT some").await?;
    let numbers = (1..).step_by(2);
    stage
        .row("FETCH of a long set", &format!("FETCH {} (UID)", list(numbers.clone(), ',')))
        .await?;
    let set = list(numbers.clone(), ',');
    stage.row("STORE of a long set", &format!("STORE {set} +FLAGS.SILENT (\\Seen)")).await?;
    stage.row("COPY of a long set", &format!("COPY {set} INBOX")).await?;
    stage.row("SEARCH of a long set", &format!("SEARCH {set}")).await?;
    let backwards: Vec<u32> = numbers.clone().take(16_000).collect();
    let backwards = list(backwards.into_iter().rev(), ',');
    stage.row("FETCH of a long set, backwards", &format!("UID FETCH {backwards} (UID)")).await?;
    let keys = "UNSEEN ".repeat(990);
    stage.row("SEARCH of many keys", &format!("SEARCH {}", keys.trim_end())).await?;
    let texts = "SUBJECT nobody ".repeat(990);
    stage.row("SEARCH of many texts, in one", &format!("SEARCH 1 {}", texts.trim_end())).await?;
    let patterns = vec!["\"*a*b*\""; 50].join(" ");
    stage.row("LIST of many patterns", &format!("LIST \"\" ({patterns})")).await?;
    let junk = "x".repeat(LONG);
    stage.row("LIST of a long pattern", &format!("LIST \"\" {junk}")).await
}

fn list(numbers: impl Iterator<Item = u32>, between: char) -> String {
    let mut list = String::new();
    for number in numbers.take(16_000) {
        if list.len() > LONG {
            break;
        }
        let _ = write!(list, "{number}{between}");
    }
    list.trim_end_matches(between).to_owned()
}

async fn many_mailboxes(stage: &mut Stage) -> Fallible<()> {
    stage.make_mailboxes(MAILBOXES).await?;
    for (name, command) in [
        ("LIST of 9,000 mailboxes", "LIST \"\" *"),
        ("LIST %", "LIST \"\" %"),
        ("LIST RETURN (STATUS)", "LIST \"\" * RETURN (SUBSCRIBED STATUS (MESSAGES UNSEEN))"),
        (
            "LIST (SUBSCRIBED RECURSIVEMATCH)",
            "LIST (SUBSCRIBED RECURSIVEMATCH) \"\" % RETURN (CHILDREN)",
        ),
        ("LSUB", "LSUB \"\" *"),
        ("CREATE among 9,000 mailboxes", "CREATE \"one more\""),
        ("RENAME of 9,000 mailboxes", "RENAME many much"),
        ("DELETE among 9,000 mailboxes", "DELETE \"one more\""),
        ("ENABLE", "ENABLE IMAP4rev2"),
        ("SELECT among 9,000 mailboxes", "SELECT INBOX"),
    ] {
        stage.row(name, command).await?;
    }
    Ok(())
}
