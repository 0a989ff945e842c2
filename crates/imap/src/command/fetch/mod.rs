//! FETCH (RFC 9051 §6.4.5), with BINARY, PREVIEW, PARTIAL and CHANGEDSINCE. Bodies stream out of the store.

mod binary;
mod page;
mod preview;
mod repeated;
pub(crate) mod section;
mod since;
mod structure;
pub(crate) mod summary;
mod weighed;

use crate::conn::NoInput;
use crate::limits::CONTENT_CHUNK;
use crate::message_limit::{self, Share};
use crate::out::Out;
use crate::refusal::{self, Failure, Refusal};
use crate::selected::Selected;
use crate::session::{Answer, Context, Done, Next, User};
use crate::sync;
use crate::walk::Few;
use bytes::Bytes;
use rookery_imap_wire::{Code, Data, Fetch, FetchData, FetchItem, print};
use rookery_mail::{DateTime, EmailId, Flag, ModSeq, SystemFlag, UidSet};
use rookery_mailbox::{Account, FlagChange, FlagNames, FlagOperation, Row, StoreError};
use rookery_mime::SectionText;
use std::ops::Range;
use structure::{Expects, Item};
use summary::Summary;

pub(crate) async fn run(
    context: &Context,
    user: &User,
    selected: &mut Selected,
    mut command: Fetch,
    out: &mut Out<'_>,
) -> Answer {
    let (page, since) = (page::of(&command)?, since::of(context, &command)?);
    repeated::drop_repeated(&mut command.items);
    repeated::check_looks(&command.items)?;
    preview::log(context, user, &command.items);
    let mut uids = selected.resolve(&command.set, command.uid)?;
    if let Some(page) = page {
        message_limit::check_page(context, page)?;
        uids = page::narrow(page, &selected.view, &uids);
    }
    // A UIDFETCH response has it in front (RFC 9586 §3.3).
    let wants_uid = command.uid && !context.uid_only;
    if wants_uid && !command.items.contains(&FetchItem::Uid) {
        command.items.insert(0, FetchItem::Uid);
    }
    let marks = !selected.read_only && command.items.iter().any(sets_seen);
    if let Some(since) = &since {
        uids = since::narrow(since, uids, &mut command, (user, &*selected), out).await?;
    }
    let share = Share::of(context, &selected.view, uids);
    let mut walk = share.walk(&selected.open.snapshot());
    let mut printed = 0;
    let mut problem = None;
    while let Some(mut few) = walk.next(selected, out) {
        let seen_at = if marks { mark_seen(user, selected, &mut few, out).await? } else { None };
        let view = Viewed { context, selected, names: &few.names, seen_at };
        printed += few.rows.len() as u64;
        let Printed { told, failed } =
            messages(user, &view, &command.items, &few.rows, out).await?;
        // Of those that could not be printed it is still to be told that they have `\Seen` now.
        seen_at.into_iter().for_each(|modseq| selected.view.hush(&told, modseq));
        if failed.is_none() && tells_flags(context, &command.items) {
            selected.view.told(&few.rows);
        }
        problem = problem.or(failed);
    }
    let missing = u64::from(selected.view.count(&share.uids)).saturating_sub(printed);
    let done = match problem {
        Some(refusal) => return Err(refusal.into()),
        None if missing > 0 && !command.uid => {
            let code = Some(Code::ExpungeIssued);
            Done::new(code, "Some of the messages are gone", Next::Command)
        }
        None => Done::new(None, "Fetched", Next::Command),
    };
    Ok(done.down_to(share.lowest))
}

/// Whether an answer with these items is what the client would be told of a change.
fn tells_flags(context: &Context, items: &[FetchItem]) -> bool {
    let has = |item| items.contains(&item);
    let has_modseq = || has(FetchItem::ModSeq) && (has(FetchItem::Uid) || context.uid_only);
    has(FetchItem::Flags) && (!context.condstore || has_modseq())
}

/// Whether an item sets `\Seen`.
fn sets_seen(item: &FetchItem) -> bool {
    match item {
        FetchItem::BodySection(body) => !body.peek,
        FetchItem::Binary { peek, .. } => !peek,
        FetchItem::Rfc822 | FetchItem::Rfc822Text => true,
        _ => false,
    }
}

/// Set `\Seen` of messages, of which those are left that are there then; says when, if anything changed. A full disk does not keep
/// anybody from reading.
async fn mark_seen(
    user: &User,
    selected: &mut Selected,
    few: &mut Few,
    out: &mut Out<'_>,
) -> Result<Option<ModSeq>, Failure> {
    let uids: UidSet = few.rows.iter().map(|row| row.uid).collect();
    let change =
        FlagChange { operation: FlagOperation::Add, flags: vec![Flag::System(SystemFlag::Seen)] };
    let stored = user.account.store().store_flags(selected.id, &uids, &change, None).await;
    let modseq = match stored {
        Ok(stored) => stored.modseq,
        Err(StoreError::Refused(_) | StoreError::ReadOnly) => None,
        Err(error) => return Err(error.into()),
    };
    let snapshot = selected.open.snapshot();
    let rows = few.rows.iter().filter_map(|row| snapshot.row(row.uid)).cloned().collect();
    *few = Few::of(rows, &snapshot, selected, out);
    Ok(modseq)
}

/// What the messages of a batch are seen through.
struct Viewed<'a> {
    context: &'a Context,
    selected: &'a Selected,
    names: &'a FlagNames,
    /// The change that has just set `\Seen` of some of them.
    seen_at: Option<ModSeq>,
}

impl Viewed<'_> {
    /// Whether headers of this message are shown as they are: to who speaks UTF-8, and where nobody said that they are in it.
    fn shows_utf8(&self, message: &Summary) -> bool {
        self.context.speaks_utf8() || !message.is_utf8()
    }

    fn expects(&self) -> Expects {
        Expects { utf8: self.context.speaks_utf8(), decoded: self.context.rev2 }
    }
}

/// Why a message could not be printed.
enum Unprintable {
    /// It is this client's or this message's misfortune; the others can be printed.
    Message(Refusal),
    /// It is everybody's.
    Command(Failure),
}

impl From<StoreError> for Unprintable {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Refused(refused) => Self::Message(refused.into()),
            fault => {
                tracing::error!(%fault, "a message cannot be read");
                Self::Message(refusal::of_fault(&fault))
            }
        }
    }
}

impl From<crate::out::Gone> for Unprintable {
    fn from(gone: crate::out::Gone) -> Self {
        Self::Command(gone.into())
    }
}

/// What became of messages that were to be printed.
#[derive(Default)]
struct Printed {
    told: UidSet,
    /// Why the last one of the others could not be.
    failed: Option<Refusal>,
}

/// Print messages. A message that cannot be printed is left out, and its refusal returned.
async fn messages(
    user: &User,
    view: &Viewed<'_>,
    items: &[FetchItem],
    rows: &[Row],
    out: &mut Out<'_>,
) -> Result<Printed, Failure> {
    let mut printed = Printed::default();
    let mut summaries = summary::Summaries::new(&user.account, items, rows);
    for row in rows {
        let summary = summaries.next().await?;
        let Some(number) = view.selected.view.number(row.uid) else { continue };
        let mark = out.mark();
        let outcome = match summary {
            Ok(summary) => message(user, view, items, (number, row, summary.as_ref()), out).await,
            Err(fault) => Err(fault.into()),
        };
        match outcome {
            Ok(()) => printed.told.insert(row.uid),
            Err(Unprintable::Command(failure)) => return Err(failure),
            Err(Unprintable::Message(refusal)) => {
                if !out.rewind(mark) {
                    // Part of a literal is on its way: there is no other way to stop.
                    return Err(Failure::Ended(NoInput::Hangup));
                }
                printed.failed = Some(refusal);
            }
        }
        out.drain().await?;
    }
    summaries.pause(out).await;
    Ok(printed)
}

async fn message(
    user: &User,
    view: &Viewed<'_>,
    items: &[FetchItem],
    (number, row, summary): (u32, &Row, Option<&Summary>),
    out: &mut Out<'_>,
) -> Result<(), Unprintable> {
    sync::print_head(view.context, (number, row.uid), out.buffer());
    let beginning = summary.map(|summary| summary.beginning.clone()).unwrap_or_default();
    let content = Content { account: &user.account, email: row.email, beginning };
    for (index, item) in items.iter().chain(changed_items(view, items, row)).enumerate() {
        if index > 0 {
            out.buffer().push(b' ');
        }
        if !print_row_item(view, item, row, out.buffer()) {
            print_content_item(view, item, (row, summary), &content, out).await?;
        }
        out.drain().await?;
    }
    out.buffer().extend_from_slice(b")\r\n");
    Ok(())
}

/// Flags that change on the way are part of the answer (RFC 9051 §6.4.5), and so is when
/// (RFC 7162 §3.1).
fn changed_items<'a>(view: &Viewed<'_>, items: &[FetchItem], row: &Row) -> Vec<&'a FetchItem> {
    if view.seen_at != Some(row.modseq) {
        return Vec::new();
    }
    let mut changed = vec![&FetchItem::Flags];
    if view.context.condstore {
        changed.push(&FetchItem::ModSeq);
    }
    if view.context.condstore && !view.context.uid_only {
        changed.push(&FetchItem::Uid);
    }
    changed.retain(|item| !items.contains(item));
    changed
}

/// Print an item that the row has; says whether it is one.
fn print_row_item(view: &Viewed<'_>, item: &FetchItem, row: &Row, out: &mut Vec<u8>) -> bool {
    let data = match item {
        FetchItem::Flags => {
            let is_recent = !view.context.rev2 && view.selected.recent.contains(row.uid);
            let names = view.names.of(row.flags);
            print::flags(out, names.chain(is_recent.then_some("\\Recent")));
            return true;
        }
        FetchItem::Uid => FetchData::Uid(row.uid),
        FetchItem::ModSeq => FetchData::ModSeq(row.modseq.get()),
        FetchItem::EmailId => FetchData::EmailId(row.email),
        FetchItem::ThreadId => FetchData::ThreadId(Some(row.thread)),
        FetchItem::SaveDate => FetchData::SaveDate(Some(DateTime::from_unix(row.save_date))),
        FetchItem::InternalDate => FetchData::InternalDate(row.internal_date),
        FetchItem::Rfc822Size => FetchData::Size(row.size),
        _ => return false,
    };
    data.print(out);
    true
}

/// An item for which the message has to be looked at.
async fn print_content_item(
    view: &Viewed<'_>,
    item: &FetchItem,
    (row, summary): (&Row, Option<&Summary>),
    content: &Content<'_>,
    out: &mut Out<'_>,
) -> Result<(), Unprintable> {
    // What the whole message is can be said without its summary.
    match item {
        FetchItem::BodySection(body) if body.section.is_whole() => {
            return section::print_whole(row.size, body, content, out).await;
        }
        FetchItem::Rfc822 => {
            let item = |data, out: &mut Vec<u8>| FetchData::Rfc822(data).print(out);
            return stream(item, 0..row.size, content, out).await;
        }
        _ => {}
    }
    let gone = || Unprintable::Message(rookery_mailbox::Refused::NoSuchMessage.into());
    let summary = summary.ok_or_else(gone)?;
    let owner = content.account.owner();
    if needs_parts(item) {
        summary.find_parts(owner).await?;
    }
    let data = match item {
        FetchItem::Envelope => {
            return structure::print(Item::Envelope, summary, view.expects(), (owner, out)).await;
        }
        FetchItem::Body => {
            return structure::print(Item::Body, summary, view.expects(), (owner, out)).await;
        }
        FetchItem::BodyStructure => {
            let item = Item::BodyStructure;
            return structure::print(item, summary, view.expects(), (owner, out)).await;
        }
        FetchItem::Preview { lazy } => {
            FetchData::Preview(preview::find(summary, *lazy, content).await?)
        }
        FetchItem::BinarySize(path) => {
            let size = binary::size(summary, path, content).await?;
            FetchData::BinarySize { path: path.clone(), size }
        }
        FetchItem::Binary { path, partial, .. } => {
            return binary::print(summary, path, *partial, content, out).await;
        }
        FetchItem::BodySection(body) => {
            return section::print(view, summary, body, content, out).await;
        }
        FetchItem::Rfc822Header => {
            return section::print_header(view, summary, content, out).await;
        }
        FetchItem::Rfc822Text => {
            let range = summary.section(&[], SectionText::Text)?.unwrap_or_default();
            let item = |data, out: &mut Vec<u8>| FetchData::Rfc822Text(data).print(out);
            return stream(item, range, content, out).await;
        }
        _ => return Ok(()),
    };
    data.print(out.buffer());
    Ok(())
}

/// Whether an item takes where the parts of the message are.
fn needs_parts(item: &FetchItem) -> bool {
    match item {
        FetchItem::BodySection(body) => !body.section.path.is_empty(),
        FetchItem::Preview { .. } | FetchItem::BinarySize(_) | FetchItem::Binary { .. } => true,
        _ => false,
    }
}

/// A message's octets.
pub(crate) struct Content<'a> {
    pub(crate) account: &'a Account,
    pub(crate) email: EmailId,
    /// Its first octets, as far as they are at hand.
    beginning: Bytes,
}

impl<'a> Content<'a> {
    /// Those of this email.
    pub(crate) fn new(account: &'a Account, email: EmailId) -> Self {
        Self { account, email, beginning: Bytes::new() }
    }

    /// A range of at most [`CONTENT_CHUNK`], whole.
    pub(crate) async fn read(&self, range: Range<u64>) -> Result<Bytes, StoreError> {
        let index = |at| usize::try_from(at).unwrap_or(usize::MAX);
        let (start, end) = (index(range.start), index(range.end));
        if start <= end && end <= self.beginning.len() {
            return Ok(self.beginning.slice(start..end));
        }
        let wanted = range.end - range.start;
        let octets = self.account.store().content(self.email, range).await?;
        if octets.len() as u64 == wanted {
            return Ok(octets);
        }
        Err(StoreError::Damaged(format!("message {} is shorter than it was", self.email)))
    }
}

/// Print a range of a message as a literal. What fits into one read is read before anything is printed, and of what does not
/// the end, with which the store verifies a whole message ([`rookery_mailbox::AccountStore::content`]): damage does not break
/// the stream.
async fn stream(
    item: impl FnOnce(Data, &mut Vec<u8>),
    range: Range<u64>,
    content: &Content<'_>,
    out: &mut Out<'_>,
) -> Result<(), Unprintable> {
    let size = range.end - range.start;
    let chunk_at = |start: u64| start..range.end.min(start + CONTENT_CHUNK);
    if size > CONTENT_CHUNK {
        // The last octet is enough for that.
        content.read(range.end - 1..range.end).await?;
    }
    let mut next = chunk_at(range.start);
    let mut octets = if size == 0 { Bytes::new() } else { content.read(next.clone()).await? };
    item(Data::Streamed { size, binary: false }, out.buffer());
    loop {
        out.buffer().extend_from_slice(&octets);
        next = chunk_at(next.end);
        if next.is_empty() {
            return Ok(());
        }
        out.drain().await?;
        octets = content.read(next.clone()).await?;
    }
}
