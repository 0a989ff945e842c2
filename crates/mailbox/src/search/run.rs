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
use crate::{Account, Numbering, OpenMailbox, Refused, Row, Snapshot, StoreError, heavy};
use bytes::Bytes;
use rookery_mail::{DateTime, EmailId, Keyword, ModSeq, Uid, UidSet};
use rookery_mime::{Encoded, EncodedPart, Message, Scanner, date};
use std::sync::Arc;
use tokio::task::yield_now;

/// A search in a mailbox.
pub struct Search {
    /// Where the messages are.
    pub account: Account,
    /// The mailbox. A search takes as long as it takes, in turns with others: it keeps no more of the mailbox than copies of the
    /// few messages that it reads next.
    pub open: Arc<OpenMailbox>,
    /// The messages that may match, if they are there. All that are there have a number: those who came after the search began
    /// must not be among them.
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

/// What a search has found.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Matches {
    /// UIDs of which those that have a number are the matches.
    pub uids: UidSet,
    /// The latest change of any of them, as they were when they matched; none if nothing did.
    pub latest: Option<ModSeq>,
}

/// Messages that match, in the order in which that was found out.
#[derive(Default)]
struct Matching {
    uids: Vec<Uid>,
    latest: ModSeq,
}

impl Matching {
    fn add(&mut self, row: &Row) {
        self.uids.push(row.uid);
        self.latest = self.latest.max(row.modseq);
    }
}

/// Messages that are decided upon together.
#[derive(Default)]
struct Batch {
    /// How many they are.
    rows: usize,
    /// Those whose rows leave the answer open.
    open: Vec<Row>,
    /// Octets of those, each counted with a megabyte at the most.
    octets: u64,
    /// Where the next batch begins; nothing if there are no more messages.
    next: Option<Uid>,
}

/// What is looked for in each message.
struct Sought<'a> {
    key: &'a Key,
    /// As the keywords of the mailbox have it.
    criteria: Criteria<'a>,
    keywords: Arc<Vec<Keyword>>,
    /// Messages that are looked at in one turn.
    most: usize,
    fields: Fields,
    needles: Findings,
}

impl<'a> Sought<'a> {
    fn new(key: &'a Key, snapshot: &Snapshot) -> Self {
        let criteria = Criteria::new(key, snapshot);
        let most = (SEARCH_ROWS / criteria.weight()).max(1);
        let keywords = snapshot.shared_keywords();
        Self {
            key,
            criteria,
            keywords,
            most,
            fields: Fields::new(key),
            needles: Findings::new(key),
        }
    }

    /// Ask the same of the messages of a newer snapshot, whose keywords may have other bits.
    fn follow(&mut self, snapshot: &Snapshot) {
        let keywords = snapshot.shared_keywords();
        if !Arc::ptr_eq(&keywords, &self.keywords) {
            self.criteria = Criteria::new(self.key, snapshot);
            self.keywords = keywords;
        }
    }
}

impl Batch {
    /// Decide about these, or some of them if the batch is full; says about which it was last.
    fn decide<'r>(
        &mut self,
        criteria: &Criteria<'_>,
        rows: impl Iterator<Item = &'r Row>,
        matching: &mut Matching,
    ) -> Option<&'r Row> {
        let nothing = Known::default();
        let (mut decided, mut last) = (0, None);
        for row in rows {
            decided += 1;
            last = Some(row);
            match decide(criteria, (row, &nothing)) {
                Some(true) => matching.add(row),
                Some(false) => {}
                None => {
                    self.open.push(row.clone());
                    self.octets += row.size.min(1 << 20);
                    if self.is_full() {
                        break;
                    }
                }
            }
        }
        self.rows += decided;
        last
    }

    fn is_full(&self) -> bool {
        self.open.len() >= SEARCH_BATCH || self.octets >= SEARCH_BATCH_OCTETS
    }
}

impl Search {
    /// The matches. There may be more of them than are wanted, but none is missing between two of them, nor between them and the
    /// end that they were wanted from. What takes long is done on a thread for such work, in turns with others, and ends when nobody
    /// waits for it any more.
    ///
    /// Each message is taken as it is when its turn comes, flags and all at the same moment: what others change meanwhile is seen
    /// for some messages and not for others, and who was expunged before its turn matches nothing. A message whose content is gone
    /// or damaged matches no key that asks for it, nor such a key's opposite.
    ///
    /// # Errors
    /// [`Refused::TooScattered`]; as of [`crate::AccountStore::content`], other than for a single message.
    pub async fn run(self, progress: Arc<Progress>) -> Result<Matches, StoreError> {
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
        let sizes = |snapshot: &Snapshot| {
            snapshot.rows_in(&self.candidates).map(|row| row.size).sum::<u64>()
        };
        !self.key.reads()
            || rows <= SHORT_SEARCH_MESSAGES && sizes(&self.open.snapshot()) <= SHORT_SEARCH_OCTETS
    }

    /// Look at message after message, from the end on that is wanted. Lets others run in between.
    async fn look(&self, progress: &Progress) -> Result<Matches, StoreError> {
        let mut sought = Sought::new(&self.key, &self.open.snapshot());
        let mut found = Found::new(self.wanted, self.numbering.clone(), self.most);
        let mut matching = Matching::default();
        let mut next = Some(match self.wanted {
            Wanted::All | Wanted::Lowest(_) => Uid::MIN,
            Wanted::Highest(_) => Uid::MAX,
        });
        while let Some(from) = next.filter(|_| !found.is_enough()) {
            let batch = self.batch(from, &mut sought, &mut matching);
            next = batch.next;
            progress.advance((batch.rows - batch.open.len()) as u64);
            self.look_at(&batch.open, &sought, (progress, &mut matching)).await?;
            found.take(&mut matching.uids)?;
            if next.is_some() {
                yield_now().await;
            }
        }
        let uids = found.into_set();
        let latest = (!uids.is_empty()).then_some(matching.latest);
        Ok(Matches { uids, latest })
    }

    /// The next messages from this one on as they are now, decided where their rows suffice.
    fn batch(&self, from: Uid, sought: &mut Sought<'_>, matching: &mut Matching) -> Batch {
        let snapshot = self.open.snapshot();
        sought.follow(&snapshot);
        let (most, criteria) = (sought.most, &sought.criteria);
        let mut batch = Batch::default();
        match self.wanted {
            Wanted::All | Wanted::Lowest(_) => {
                for piece in snapshot.pieces_from(&self.candidates, from) {
                    let piece = piece.get(..most - batch.rows).unwrap_or(piece);
                    let last = batch.decide(criteria, piece.iter(), matching);
                    if batch.rows == most || batch.is_full() {
                        batch.next = last.and_then(|row| row.uid.next());
                        break;
                    }
                }
            }
            Wanted::Highest(_) => {
                for piece in snapshot.pieces_down_from(&self.candidates, from) {
                    let passed = piece.len().saturating_sub(most - batch.rows);
                    let piece = piece.get(passed..).unwrap_or_default();
                    let last = batch.decide(criteria, piece.iter().rev(), matching);
                    if batch.rows == most || batch.is_full() {
                        batch.next = last.and_then(|row| row.uid.previous());
                        break;
                    }
                }
            }
        }
        batch
    }

    async fn look_at(
        &self,
        rows: &[Row],
        sought: &Sought<'_>,
        (progress, matching): (&Progress, &mut Matching),
    ) -> Result<(), StoreError> {
        if rows.is_empty() {
            return Ok(());
        }
        let emails: Vec<EmailId> = rows.iter().map(|row| row.email).collect();
        let summaries = self.account.store().summaries(&emails).await?;
        for (row, summary) in rows.iter().zip(summaries) {
            match look_closer(&self.account, row, summary, sought).await {
                Ok(true) => matching.add(row),
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
