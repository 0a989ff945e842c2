//! What was computed once at delivery: what there is to know of a message without looking at it. Computed again where it is
//! missing.

use super::{Content, weighed};
use crate::limits::{CONTENT_CHUNK, HEADER_OCTETS, HEAVY_PART, HEAVY_SUMMARY};
use crate::out::Out;
use bytes::Bytes;
use rookery_imap_wire::{self as wire, FetchItem};
use rookery_mail::EmailId;
use rookery_mailbox::heavy::{self, Owner};
use rookery_mailbox::{Account, Beginning, Row, StoreError};
use rookery_mime::{Encoded, EncodedPart, Message, Outline, Scanner, SectionText};
use std::collections::VecDeque;
use std::ops::Range;
use std::sync::OnceLock;
use tokio::task::yield_now;

/// What is known of a message, in the form in which it is stored.
pub(crate) struct Summary {
    octets: Bytes,
    /// The first octets of the message, as far as they came along.
    pub(super) beginning: Bytes,
    /// Where its parts are, once somebody has asked.
    outline: OnceLock<Option<Outline>>,
}

impl Summary {
    pub(super) fn new(octets: Bytes, beginning: Bytes) -> Self {
        Self { octets, beginning, outline: OnceLock::new() }
    }

    /// In the form in which it is stored.
    pub(super) fn octets(&self) -> &Bytes {
        &self.octets
    }

    /// Find out where the parts are, if that takes long: where it keeps nobody else waiting.
    pub(super) async fn find_parts(&self, owner: Owner) -> Result<(), StoreError> {
        if self.octets.len() < HEAVY_SUMMARY || self.outline.get().is_some() {
            return Ok(());
        }
        let octets = self.octets.clone();
        let found = heavy::at_once(owner, move || Outline::new(&octets)).await;
        let found = found.map_err(|it| it.during("looking at a message"))?;
        self.outline.get_or_init(|| found);
        Ok(())
    }

    fn outline(&self) -> Result<&Outline, StoreError> {
        let outline = self.outline.get_or_init(|| Outline::new(&self.octets));
        outline.as_ref().ok_or_else(|| StoreError::Damaged("the summary of a message".to_owned()))
    }

    /// Octets of the message.
    pub(super) fn size(&self) -> u64 {
        Encoded::open(&self.octets).map_or(0, |encoded| encoded.size)
    }

    /// The first words, where they were looked for: as of [`Message::preview`].
    pub(super) fn preview(&self) -> Result<Option<String>, StoreError> {
        Ok(self.outline()?.preview().map(str::to_owned))
    }

    /// A part, as of [`Message::part`].
    pub(super) fn part(&self, path: &[u32]) -> Result<Option<EncodedPart<'_>>, StoreError> {
        Ok(self.outline()?.part(path, &self.octets))
    }

    /// Whether it came as a message with UTF-8 in its header.
    pub(super) fn is_utf8(&self) -> bool {
        Encoded::open(&self.octets).is_some_and(|encoded| encoded.utf8)
    }

    /// The octets that a section names, as of [`Message::section`].
    pub(super) fn section(
        &self,
        path: &[u32],
        text: SectionText,
    ) -> Result<Option<Range<u64>>, StoreError> {
        // Those of the message itself stand at the beginning.
        let encoded = Encoded::open(&self.octets).filter(|_| path.is_empty());
        let Some((size, (root, _))) = encoded.and_then(|it| Some((it.size, it.root()?))) else {
            return Ok(self.outline()?.section(path, text, &self.octets));
        };
        Ok(match text {
            SectionText::Whole => Some(0..size),
            SectionText::Header => Some(root.header),
            SectionText::Text => Some(root.body),
            SectionText::Mime => None,
        })
    }
}

/// The summary of one message: `None` where it is not asked for or the message is gone. A failure concerns that message only.
pub(super) type Looked = Result<Option<Summary>, StoreError>;

/// The summaries of messages, one after the other: a few are fetched from the store ahead.
pub(super) struct Summaries<'a> {
    account: &'a Account,
    wanted: bool,
    /// First octets of the content that are wanted as well.
    octets: usize,
    rows: &'a [Row],
    ahead: VecDeque<(&'a Row, Option<Beginning>)>,
}

impl<'a> Summaries<'a> {
    pub(super) fn new(account: &'a Account, items: &[FetchItem], rows: &'a [Row]) -> Self {
        let wanted = items.iter().any(needs_summary);
        let octets = if items.iter().any(needs_header) { HEADER_OCTETS } else { 0 };
        Self { account, wanted, octets, rows, ahead: VecDeque::new() }
    }

    /// Let others run, if messages are looked at: where little is printed of each, it is long until enough has gathered to
    /// be written out.
    pub(super) async fn pause(&self, out: &mut Out<'_>) {
        if self.wanted {
            out.turn().await;
        }
    }

    /// The summary of the next message.
    pub(super) async fn next(&mut self) -> Result<Looked, StoreError> {
        if !self.wanted {
            return Ok(Ok(None));
        }
        if self.ahead.is_empty() {
            self.fetch().await?;
        }
        Ok(match self.ahead.pop_front() {
            None | Some((_, None)) => Ok(None),
            Some((row, Some(beginning))) => readable(self.account, row, beginning).await.map(Some),
        })
    }

    async fn fetch(&mut self) -> Result<(), StoreError> {
        let (some, rest) = self.rows.split_at(weighed::batch(self.rows));
        self.rows = rest;
        let emails: Vec<EmailId> = some.iter().map(|row| row.email).collect();
        let stored = self.account.store().beginnings(&emails, self.octets).await?;
        self.ahead = some.iter().zip(stored).collect();
        Ok(())
    }
}

/// The summary of one message: `None` where it is gone.
pub(crate) async fn of(account: &Account, row: &Row) -> Result<Option<Summary>, StoreError> {
    let stored = account.store().beginnings(&[row.email], 0).await?.pop().flatten();
    match stored {
        None => Ok(None),
        Some(beginning) => readable(account, row, beginning).await.map(Some),
    }
}

async fn readable(
    account: &Account,
    row: &Row,
    beginning: Beginning,
) -> Result<Summary, StoreError> {
    let Beginning { summary, content } = beginning;
    if Encoded::open(&summary).is_some() {
        return Ok(Summary::new(summary, content));
    }
    let tree = scan(account, row).await?;
    Ok(Summary::new(tree.encode().into(), content))
}

/// Whether an item is made of the message's header.
fn needs_header(item: &FetchItem) -> bool {
    match item {
        FetchItem::Rfc822Header => true,
        FetchItem::BodySection(body) => {
            let text = body.section.text.as_ref();
            body.section.path.is_empty()
                && text.is_some_and(|text| *text != wire::SectionText::Text)
        }
        _ => false,
    }
}

fn needs_summary(item: &FetchItem) -> bool {
    let is_whole = matches!(item, FetchItem::BodySection(body) if body.section.is_whole());
    !is_whole
        && !matches!(
            item,
            FetchItem::Uid
                | FetchItem::Flags
                | FetchItem::ModSeq
                | FetchItem::SaveDate
                | FetchItem::EmailId
                | FetchItem::ThreadId
                | FetchItem::InternalDate
                | FetchItem::Rfc822Size
                | FetchItem::Rfc822
        )
}

/// Look at the message itself: its summary is damaged, or was written by another version.
async fn scan(account: &Account, row: &Row) -> Result<Message, StoreError> {
    let content = Content::new(account, row.email);
    scan_while(|_| true, row.size, &content).await
}

/// Look at a message of that size from its beginning, as long as there is need; at a long one where that keeps nobody else
/// waiting.
pub(super) async fn scan_while(
    is_needed: fn(&Scanner) -> bool,
    size: u64,
    content: &Content<'_>,
) -> Result<Message, StoreError> {
    if size < HEAVY_PART {
        return scan_here(is_needed, size, content).await;
    }
    let (account, email) = (content.account.clone(), content.email);
    let owner = account.owner();
    let scanning = async move {
        let content = Content::new(&account, email);
        scan_here(is_needed, size, &content).await
    };
    heavy::in_turns(owner, scanning).await.map_err(|it| it.during("looking at a message"))?
}

async fn scan_here(
    is_needed: fn(&Scanner) -> bool,
    size: u64,
    content: &Content<'_>,
) -> Result<Message, StoreError> {
    let mut scanner = Scanner::new();
    let mut start = 0;
    while start < size && is_needed(&scanner) {
        let end = size.min(start + CONTENT_CHUNK);
        scanner.push(&content.read(start..end).await?);
        start = end;
        yield_now().await;
    }
    Ok(scanner.finish())
}
