//! Searching: message by message, and no further than it takes.

use super::criteria::Criteria;
use super::decide::{Known, decide};
use super::fields::Fields;
use super::found::Found;
use super::text::{Findings, look_through};
use super::{Key, Progress};
use crate::limits::{
    MAX_SEARCHED_HEADER, SEARCH_BATCH, SEARCH_BATCH_OCTETS, SEARCH_ROWS, SEARCH_WINDOW,
    SHORT_SEARCH_LOOKS, SHORT_SEARCH_MESSAGES, SHORT_SEARCH_OCTETS,
};
use crate::{Account, Numbering, Refused, Row, Snapshot, StoreError, heavy};
use bytes::Bytes;
use rookery_mail::{DateTime, EmailId, Uid, UidSet};
use rookery_mime::{Encoded, EncodedPart, Message, Scanner, date};
use std::slice;
use std::sync::Arc;
use tokio::task::yield_now;

/// A search in a mailbox.
pub struct Search {
    /// Where the messages are.
    pub account: Account,
    /// The mailbox.
    pub snapshot: Arc<Snapshot>,
    /// The messages that may match, if they are in the snapshot. All that are in both have a number.
    pub candidates: UidSet,
    /// The numbering of who searches: matches that are neighbours by it are found as one range.
    pub numbering: Numbering,
    /// What they have to match.
    pub key: Key,
    /// Which of the matches are wanted.
    pub wanted: Wanted,
    /// Ranges that the matches may come to.
    pub most: usize,
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
    rows: usize,
    /// Those whose rows leave the answer open.
    open: Vec<&'a Row>,
    /// Octets of those, each counted with a megabyte at the most.
    octets: u64,
}

/// What is looked for in each message.
struct Sought<'a> {
    criteria: Criteria<'a>,
    fields: Fields,
    needles: Findings,
}

impl<'a> Sought<'a> {
    fn new(key: &'a Key, snapshot: &Snapshot) -> Self {
        let criteria = Criteria::new(key, snapshot);
        Self { criteria, fields: Fields::new(key), needles: Findings::new(key) }
    }
}

/// Messages that have not been looked at.
struct Candidates<'a, I> {
    next: &'a [Row],
    pieces: I,
}

impl<'a, I: Iterator<Item = &'a [Row]>> Candidates<'a, I> {
    /// So many of those that lie together next; none if there are no more.
    fn peek(&mut self, most: usize) -> &'a [Row] {
        if self.next.is_empty() {
            self.next = self.pieces.next().unwrap_or_default();
        }
        self.next.get(..most).unwrap_or(self.next)
    }

    fn pass(&mut self, count: usize) {
        self.next = self.next.get(count..).unwrap_or_default();
    }
}

impl<'a> Batch<'a> {
    /// The next messages, so many at the most, decided where their rows suffice.
    fn next(
        most: usize,
        criteria: &Criteria<'_>,
        candidates: &mut Candidates<'a, impl Iterator<Item = &'a [Row]>>,
        found: &mut Vec<Uid>,
    ) -> Self {
        let mut batch = Self { rows: 0, open: Vec::new(), octets: 0 };
        while batch.rows < most && !batch.is_full() {
            let rows = candidates.peek(most - batch.rows);
            if rows.is_empty() {
                break;
            }
            let decided = batch.decide(criteria, rows, found);
            candidates.pass(decided);
        }
        batch
    }

    /// Decide about these, or some of them if the batch is full; returns about how many.
    fn decide(&mut self, criteria: &Criteria<'_>, rows: &'a [Row], found: &mut Vec<Uid>) -> usize {
        let nothing = Known::default();
        let mut decided = 0;
        for row in rows {
            decided += 1;
            match decide(criteria, (row, &nothing)) {
                Some(true) => found.push(row.uid),
                Some(false) => {}
                None => {
                    self.open.push(row);
                    self.octets += row.size.min(1 << 20);
                    if self.is_full() {
                        break;
                    }
                }
            }
        }
        self.rows += decided;
        decided
    }

    fn is_full(&self) -> bool {
        self.open.len() >= SEARCH_BATCH || self.octets >= SEARCH_BATCH_OCTETS
    }
}

impl Search {
    /// The matches: those of the UIDs returned that have a number. There may be more of them than are wanted, but none is missing
    /// between two of them, nor between them and the end that they were wanted from. What takes long is done on a thread for
    /// such work, in turns with others, and ends when nobody waits for it any more.
    ///
    /// A message whose content is gone or damaged matches no key that asks for it, nor such a key's opposite.
    ///
    /// # Errors
    /// [`Refused::TooScattered`]; as of [`crate::AccountStore::content`], other than for a single message.
    pub async fn run(self, progress: Arc<Progress>) -> Result<UidSet, StoreError> {
        progress.begin(self.numbering.count(&self.candidates).into());
        if self.is_short() {
            return self.look(&progress).await;
        }
        let found =
            heavy::in_turns(self.account.owner(), async move { self.look(&progress).await }).await;
        found.map_err(|not_done| not_done.during("searching"))?
    }

    /// Whether it takes less to do it at once than others would notice.
    fn is_short(&self) -> bool {
        let rows = u64::from(self.numbering.count(&self.candidates));
        if rows.saturating_mul(self.key.weight()) > SHORT_SEARCH_LOOKS {
            return false;
        }
        let octets = || self.snapshot.rows_in(&self.candidates).map(|row| row.size).sum::<u64>();
        !self.key.reads() || rows <= SHORT_SEARCH_MESSAGES && octets() <= SHORT_SEARCH_OCTETS
    }

    /// Look at message after message. Lets others run in between.
    async fn look(&self, progress: &Progress) -> Result<UidSet, StoreError> {
        match self.wanted {
            Wanted::All | Wanted::Lowest(_) => {
                self.run_over(self.snapshot.pieces_in(&self.candidates), progress).await
            }
            Wanted::Highest(_) => {
                let rows = self.snapshot.rows().rev();
                let rows = rows.filter(|row| self.candidates.contains(row.uid));
                self.run_over(rows.map(slice::from_ref), progress).await
            }
        }
    }

    /// The matches among these candidates, which come from the end on that is wanted.
    async fn run_over(
        &self,
        pieces: impl Iterator<Item = &[Row]> + Send,
        progress: &Progress,
    ) -> Result<UidSet, StoreError> {
        let sought = Sought::new(&self.key, &self.snapshot);
        let most = (SEARCH_ROWS / sought.criteria.weight()).max(1);
        let mut candidates = Candidates { next: &[], pieces };
        let mut found = Found::new(self.wanted, self.numbering.clone(), self.most);
        let mut matches = Vec::new();
        while !found.is_enough() {
            let batch = Batch::next(most, &sought.criteria, &mut candidates, &mut matches);
            progress.advance((batch.rows - batch.open.len()) as u64);
            self.look_at(&batch.open, &sought, (progress, &mut matches)).await?;
            found.take(&mut matches)?;
            if batch.rows < most && !batch.is_full() {
                // There are no more, and nothing that others would have to be let in for.
                break;
            }
            yield_now().await;
        }
        Ok(found.into_set())
    }

    async fn look_at(
        &self,
        rows: &[&Row],
        sought: &Sought<'_>,
        (progress, found): (&Progress, &mut Vec<Uid>),
    ) -> Result<(), StoreError> {
        if rows.is_empty() {
            return Ok(());
        }
        let emails: Vec<EmailId> = rows.iter().map(|row| row.email).collect();
        let summaries = self.account.store().summaries(&emails).await?;
        for (row, summary) in rows.iter().zip(summaries) {
            match look_closer(&self.account, row, summary, sought).await {
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

/// Decide about a message whose row leaves the answer open: step by step, and no further than it takes.
async fn look_closer(
    account: &Account,
    row: &Row,
    summary: Option<Bytes>,
    sought: &Sought<'_>,
) -> Result<bool, StoreError> {
    let mut known = Known::default();
    let summary = match summary.filter(|summary| Encoded::open(summary).is_some()) {
        Some(summary) => summary,
        None => scan(account, row).await?.encode().into(),
    };
    let damaged = || StoreError::Damaged("the summary of a message".to_owned());
    let (root, date) = head(&summary).ok_or_else(damaged)?;
    known.sent_day = Some(sent_day(date, row));
    if let Some(answer) = decide(&sought.criteria, (row, &known)) {
        return Ok(answer);
    }
    let header = root.header.start..root.header.end.min(MAX_SEARCHED_HEADER);
    yield_now().await;
    known.header = Some(sought.fields.look(&account.store().content(row.email, header).await?));
    if let Some(answer) = decide(&sought.criteria, (row, &known)) {
        return Ok(answer);
    }
    let needles = sought.needles.clone();
    known.text = Some(look_through(account, row.email, &summary, needles).await?);
    Ok(decide(&sought.criteria, (row, &known)) == Some(true))
}

/// The message itself as a part, and its Date field.
fn head(summary: &[u8]) -> Option<(EncodedPart<'_>, Option<&[u8]>)> {
    let encoded = Encoded::open(summary)?;
    Some((encoded.root()?.0, encoded.envelope()?.date))
}

/// The day of the Date field as it was written down, disregarding the zone, or that of the internal date.
fn sent_day(date: Option<&[u8]>, row: &Row) -> i64 {
    let sent = date.and_then(date::parse);
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
