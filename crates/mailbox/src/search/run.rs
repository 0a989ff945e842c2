//! Searching: message by message, and no further than it takes.

use super::decide::{Header, Known, decide};
use super::test::Test;
use super::text::{Findings, look_through};
use super::{Key, Progress};
use crate::limits::{
    MAX_SEARCHED_HEADER, SEARCH_BATCH, SEARCH_BATCH_OCTETS, SEARCH_ROWS, SEARCH_WINDOW,
};
use crate::{Account, Refused, Row, Snapshot, StoreError};
use bytes::Bytes;
use rookery_mail::{DateTime, EmailId, Uid, UidSet};
use rookery_mime::{Message, Scanner, date};
use std::ops::ControlFlow;
use tokio::task::yield_now;

/// A search in a mailbox.
pub struct Search<'a> {
    /// Where the messages are.
    pub account: &'a Account,
    /// The mailbox.
    pub snapshot: &'a Snapshot,
    /// The messages that may match, if they are in the snapshot.
    pub candidates: &'a UidSet,
    /// What they have to match.
    pub key: &'a Key,
    /// Which of the matches are wanted.
    pub wanted: Wanted,
}

/// Which matches are wanted, so that no more is looked at than it takes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Wanted {
    /// All of them.
    All,
    /// So many, those with the lowest UIDs.
    Lowest(u64),
    /// So many, those with the highest UIDs.
    Highest(u64),
}

/// Messages that are decided upon together.
struct Batch<'a> {
    /// How many they are.
    rows: u64,
    /// Those whose rows leave the answer open.
    open: Vec<&'a Row>,
    /// Octets of those, each counted with a megabyte at the most.
    octets: u64,
}

impl Search<'_> {
    /// The matches. There may be more of them than are wanted, but none is missing between two of them, nor between
    /// them and the end that they were wanted from. Lets others run between messages.
    ///
    /// A message whose content is gone or damaged matches no key that asks for it, nor such a key's opposite.
    ///
    /// # Errors
    /// As of [`crate::AccountStore::content`], other than for a single message.
    pub async fn run(&self, progress: &Progress) -> Result<UidSet, StoreError> {
        progress.begin(self.candidates.len());
        let found = match self.wanted {
            Wanted::All | Wanted::Lowest(_) => {
                self.run_over(self.snapshot.rows_in(self.candidates), progress).await?
            }
            Wanted::Highest(_) => {
                let rows = self.snapshot.rows().rev();
                self.run_over(rows.filter(|row| self.candidates.contains(row.uid)), progress)
                    .await?
            }
        };
        Ok(found.into_iter().collect())
    }

    /// The matches among these candidates, ascending.
    async fn run_over(
        &self,
        mut rows: impl Iterator<Item = &Row> + Send,
        progress: &Progress,
    ) -> Result<Vec<Uid>, StoreError> {
        let test = Test::new(self.key, self.snapshot);
        let needles = Findings::new(self.key);
        let mut found = Vec::new();
        while !self.is_enough(&found) {
            let batch = batch(&test, &mut rows, &mut found);
            if batch.rows == 0 {
                break;
            }
            progress.advance(batch.rows - batch.open.len() as u64);
            self.look_at(&batch.open, (&test, &needles), (progress, &mut found)).await?;
            yield_now().await;
        }
        found.sort_unstable();
        Ok(found)
    }

    fn is_enough(&self, found: &[Uid]) -> bool {
        match self.wanted {
            Wanted::All => false,
            Wanted::Lowest(count) | Wanted::Highest(count) => found.len() as u64 >= count,
        }
    }

    async fn look_at(
        &self,
        rows: &[&Row],
        tests: (&Test<'_>, &Findings),
        (progress, found): (&Progress, &mut Vec<Uid>),
    ) -> Result<(), StoreError> {
        if rows.is_empty() {
            return Ok(());
        }
        let emails: Vec<EmailId> = rows.iter().map(|row| row.email).collect();
        let summaries = self.account.store().summaries(&emails).await?;
        for (row, summary) in rows.iter().zip(summaries) {
            match look_closer(self.account, row, summary, tests).await {
                Ok(true) => found.push(row.uid),
                Ok(false)
                | Err(StoreError::Refused(Refused::NoSuchMessage) | StoreError::Damaged(_)) => {}
                Err(error) => return Err(error),
            }
            progress.advance(1);
        }
        Ok(())
    }
}

/// The next messages, decided where their rows suffice.
fn batch<'a>(
    test: &Test<'_>,
    rows: &mut impl Iterator<Item = &'a Row>,
    found: &mut Vec<Uid>,
) -> Batch<'a> {
    let mut batch = Batch { rows: 0, open: Vec::new(), octets: 0 };
    let nothing = Known::default();
    // What decides goes through the rows, which is faster than asking for each.
    let _full_or_at_the_end = rows.take(SEARCH_ROWS).try_for_each(|row| {
        batch.rows += 1;
        match decide(test, (row, &nothing)) {
            Some(true) => found.push(row.uid),
            Some(false) => {}
            None => {
                batch.open.push(row);
                batch.octets += row.size.min(1 << 20);
            }
        }
        let is_full = batch.open.len() >= SEARCH_BATCH || batch.octets >= SEARCH_BATCH_OCTETS;
        if is_full { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    batch
}

/// Decide about a message whose row leaves the answer open: step by step, and no further than it takes.
async fn look_closer(
    account: &Account,
    row: &Row,
    summary: Option<Bytes>,
    (test, needles): (&Test<'_>, &Findings),
) -> Result<bool, StoreError> {
    let mut known = Known::default();
    let message = match summary.and_then(|summary| Message::decode(&summary)) {
        Some(message) => message,
        None => scan(account, row).await?,
    };
    known.sent_day = Some(sent_day(&message, row));
    if let Some(answer) = decide(test, (row, &known)) {
        return Ok(answer);
    }
    let header = message.root.header.start..message.root.header.end.min(MAX_SEARCHED_HEADER);
    yield_now().await;
    known.header = Some(Header::new(&account.store().content(row.email, header).await?));
    if let Some(answer) = decide(test, (row, &known)) {
        return Ok(answer);
    }
    known.text = Some(look_through(account, row.email, &message, needles.clone()).await?);
    Ok(decide(test, (row, &known)) == Some(true))
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
