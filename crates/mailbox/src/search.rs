//! SEARCH: which messages match a key.
//!
//! A key is decided with as little as it takes: the row, then the stored summary, then the header block, then
//! the text of the body, each read only if what is known leaves the answer open.

mod decide;
mod fold;
mod text;

pub use fold::fold;

use crate::limits::{MAX_SEARCHED_HEADER, SEARCH_BATCH, SEARCH_ROWS, SEARCH_WINDOW};
use crate::{Account, Refused, Row, Snapshot, StoreError};
use bytes::Bytes;
use decide::{Header, Known, decide};
use rookery_mail::{DateTime, EmailId, Keyword, ModSeq, SystemFlag, ThreadId, UidSet};
use rookery_mime::{Message, Scanner, date};
use text::{Findings, look_through};
use tokio::task::yield_now;

/// What to search for. Days are days since 1970-01-01, as of [`rookery_mail::DateTime::local_day`].
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Key {
    /// Every message.
    All,
    /// One of these; for sequence numbers, and `\Recent` too, which the caller's session knows.
    Uids(UidSet),
    /// All of these match; so does none at all.
    And(Vec<Self>),
    /// One of these matches.
    Or(Vec<Self>),
    /// This does not match.
    Not(Box<Self>),
    /// The flag is set.
    Has(SystemFlag),
    /// The keyword is set.
    Keyword(Keyword),
    /// It has changed at this moment or later (RFC 7162 §3.1.5).
    ModSeq(ModSeq),
    /// It has this content (RFC 8474 §6).
    Email(EmailId),
    /// It belongs to this thread (RFC 8474 §6).
    Thread(ThreadId),
    /// Received before this day.
    Before(i64),
    /// Received on this day.
    On(i64),
    /// Received on this day or later.
    Since(i64),
    /// Sent before this day, which the Date field says; the day received where there is no such field.
    SentBefore(i64),
    /// Sent on this day.
    SentOn(i64),
    /// Sent on this day or later.
    SentSince(i64),
    /// Came into the mailbox before this instant, in seconds since 1970.
    SavedBefore(i64),
    /// Came into the mailbox at this instant or later, in seconds since 1970.
    SavedSince(i64),
    /// Received at this instant or before it, in seconds since 1970.
    ReceivedUntil(i64),
    /// Received at this instant or after it, in seconds since 1970.
    ReceivedFrom(i64),
    /// More octets than these.
    Larger(u64),
    /// Fewer octets than these.
    Smaller(u64),
    /// A header field of this name, in any case, whose text contains the needle; with an empty needle: which is there.
    Header {
        /// Name of the field.
        name: Vec<u8>,
        /// What to look for, compared as of [`fold`].
        needle: String,
    },
    /// The text of the body contains it, compared as of [`fold`].
    Body(String),
    /// The header, a part's header or the text of the body contains it, compared as of [`fold`].
    Text(String),
}

/// Those of the candidates that are in the snapshot and match. Lets others run between messages.
///
/// A message whose content is gone or damaged matches no key that asks for it, nor such a key's opposite.
///
/// # Errors
/// As of [`crate::AccountStore::content`], other than for a single message.
pub async fn search(
    account: &Account,
    snapshot: &Snapshot,
    candidates: &UidSet,
    key: &Key,
) -> Result<UidSet, StoreError> {
    let mut found = UidSet::new();
    let mut open = Vec::new();
    let needles = Findings::new(key);
    for (count, row) in snapshot.rows_in(candidates).enumerate() {
        match decide(key, &Known::of_row(snapshot, row)) {
            Some(true) => found.insert(row.uid),
            Some(false) => {}
            None => open.push(row),
        }
        if count % SEARCH_ROWS == SEARCH_ROWS - 1 {
            yield_now().await;
        }
    }
    for rows in open.chunks(SEARCH_BATCH) {
        let emails: Vec<EmailId> = rows.iter().map(|row| row.email).collect();
        let summaries = account.store().summaries(&emails).await?;
        for (row, summary) in rows.iter().zip(summaries) {
            let known = Known::of_row(snapshot, row);
            match look_closer(account, key, known, summary, &needles).await {
                Ok(true) => found.insert(row.uid),
                Ok(false)
                | Err(StoreError::Refused(Refused::NoSuchMessage) | StoreError::Damaged(_)) => {}
                Err(error) => return Err(error),
            }
        }
    }
    Ok(found)
}

/// Decide about a message whose row leaves the answer open: step by step, and no further than it takes.
async fn look_closer(
    account: &Account,
    key: &Key,
    mut known: Known<'_>,
    summary: Option<Bytes>,
    needles: &Findings,
) -> Result<bool, StoreError> {
    let row = known.row;
    let message = match summary.and_then(|summary| Message::decode(&summary)) {
        Some(message) => message,
        None => scan(account, row).await?,
    };
    known.sent_day = Some(sent_day(&message, row));
    if let Some(answer) = decide(key, &known) {
        return Ok(answer);
    }
    let header = message.root.header.start..message.root.header.end.min(MAX_SEARCHED_HEADER);
    yield_now().await;
    known.header = Some(Header::new(&account.store().content(row.email, header).await?));
    if let Some(answer) = decide(key, &known) {
        return Ok(answer);
    }
    known.text = Some(look_through(account, row.email, &message, needles.clone()).await?);
    Ok(decide(key, &known) == Some(true))
}

/// The day of the Date field as it was written down, disregarding the zone, or that of the internal date.
fn sent_day(message: &Message, row: &Row) -> i64 {
    let sent = message.envelope.date.as_deref().and_then(date::parse);
    let sent = sent.map(|sent| DateTime::with_offset(sent.unix, sent.offset_minutes));
    sent.unwrap_or(row.internal_date).local_day()
}

/// What the summary would say, for a message whose summary is of another version.
async fn scan(account: &Account, row: &Row) -> Result<Message, StoreError> {
    let mut scanner = Scanner::new();
    let mut at = 0;
    while at < row.size {
        let octets = account.store().content(row.email, at..at + SEARCH_WINDOW as u64).await?;
        if octets.is_empty() {
            break;
        }
        at += octets.len() as u64;
        scanner.push(&octets);
        yield_now().await;
    }
    Ok(scanner.finish())
}
