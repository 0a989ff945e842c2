//! `BODY[...]` (RFC 9051 §6.4.5): octets of the message as they are. Only where nothing but a header is asked for, of a
//! message that came as one with UTF-8 in its header, is a client without UTF-8 shown a downgraded one: `BODY[]` stays
//! what was stored, and what RFC822.SIZE says, for its signatures, ranges and copies depend on each octet.

use super::summary::Summary;
use super::{Content, Unprintable, Viewed, stream};
use crate::limits::{HEAVY_PART, MAX_HEADER_OCTETS};
use crate::out::Out;
use rookery_imap_wire::{BodySection, Data, FetchData, Partial, Section, SectionText};
use rookery_mailbox::{StoreError, heavy};
use rookery_mime::{downgrade, header};
use std::borrow::Cow;
use std::ops::Range;

/// Octets of a section.
pub(crate) enum Octets {
    /// A range of the message.
    Range(Range<u64>),
    /// Fields that were picked from a header.
    Picked(Vec<u8>),
}

/// Where the octets of a section are; nothing if there is no such section. Without `utf8` headers are downgraded.
pub(crate) async fn find(
    summary: &Summary,
    section: &Section,
    partial: Option<Partial>,
    content: &Content<'_>,
    utf8: bool,
) -> Result<Option<Octets>, StoreError> {
    let Some(range) = range(summary, section)? else { return Ok(None) };
    let header = range.end - range.start <= MAX_HEADER_OCTETS;
    let is_picked = match &section.text {
        Some(SectionText::HeaderFields(_) | SectionText::HeaderFieldsNot(_)) => true,
        Some(SectionText::Header | SectionText::Mime) => header && !utf8,
        None | Some(SectionText::Text) => false,
    };
    if !is_picked {
        return Ok(Some(Octets::Range(window(range, partial))));
    }
    let octets = read_header(range, content).await?;
    if (octets.len() as u64) < HEAVY_PART {
        return Ok(Some(Octets::Picked(pick(&octets, section, partial, utf8))));
    }
    let section = section.clone();
    let work = move || pick(&octets, &section, partial, utf8);
    let picked = heavy::at_once(content.account.owner(), work).await;
    Ok(Some(Octets::Picked(picked.map_err(|it| it.during("looking through a header"))?)))
}

/// What a section shows of a header.
fn pick(octets: &[u8], section: &Section, partial: Option<Partial>, utf8: bool) -> Vec<u8> {
    let selected = match &section.text {
        Some(SectionText::HeaderFields(names)) => header::select(octets, names, false),
        Some(SectionText::HeaderFieldsNot(names)) => header::select(octets, names, true),
        _ => octets.to_vec(),
    };
    let shown = if utf8 { Cow::Borrowed(&*selected) } else { downgrade::header(&selected) };
    let window = window(0..shown.len() as u64, partial);
    slice(&shown, window).to_vec()
}

pub(super) async fn print(
    view: &Viewed<'_>,
    summary: &Summary,
    body: &BodySection,
    content: &Content<'_>,
    out: &mut Out<'_>,
) -> Result<(), Unprintable> {
    let BodySection { section, partial, .. } = body;
    let origin = partial.map(|partial| partial.offset);
    let item = |data, out: &mut Vec<u8>| FetchData::print_section(out, section, origin, &data);
    let utf8 = view.shows_utf8(summary);
    print_octets(item, find(summary, section, *partial, content, utf8).await?, content, out).await
}

/// `BODY[]`, of a message of that size.
pub(super) async fn print_whole(
    size: u64,
    body: &BodySection,
    content: &Content<'_>,
    out: &mut Out<'_>,
) -> Result<(), Unprintable> {
    let BodySection { section, partial, .. } = body;
    let origin = partial.map(|partial| partial.offset);
    let item = |data, out: &mut Vec<u8>| FetchData::print_section(out, section, origin, &data);
    stream(item, window(0..size, *partial), content, out).await
}

/// `RFC822.HEADER` (RFC 3501 §6.4.5).
pub(super) async fn print_header(
    view: &Viewed<'_>,
    summary: &Summary,
    content: &Content<'_>,
    out: &mut Out<'_>,
) -> Result<(), Unprintable> {
    let section = Section { path: Vec::new(), text: Some(SectionText::Header) };
    let found = find(summary, &section, None, content, view.shows_utf8(summary)).await?;
    print_octets(|data, out| FetchData::Rfc822Header(data).print(out), found, content, out).await
}

async fn print_octets(
    item: impl FnOnce(Data, &mut Vec<u8>),
    found: Option<Octets>,
    content: &Content<'_>,
    out: &mut Out<'_>,
) -> Result<(), Unprintable> {
    match found {
        None => item(Data::Nil, out.buffer()),
        Some(Octets::Range(range)) => return stream(item, range, content, out).await,
        Some(Octets::Picked(octets)) => {
            // A literal like any other section: it may hold what no quoted string can.
            item(Data::Streamed { size: octets.len() as u64, binary: false }, out.buffer());
            out.add(&octets).await?;
        }
    }
    Ok(())
}

/// The octets that a section names, before fields are picked from it.
fn range(summary: &Summary, section: &Section) -> Result<Option<Range<u64>>, StoreError> {
    use rookery_mime::SectionText as Text;
    let text = match &section.text {
        None => Text::Whole,
        Some(SectionText::Text) => Text::Text,
        Some(SectionText::Mime) => Text::Mime,
        Some(
            SectionText::Header | SectionText::HeaderFields(_) | SectionText::HeaderFieldsNot(_),
        ) => Text::Header,
    };
    summary.section(&section.path, text)
}

/// The part of a range that `<offset.length>` leaves; empty where it begins behind the end.
pub(super) fn window(range: Range<u64>, partial: Option<Partial>) -> Range<u64> {
    let Some(Partial { offset, length }) = partial else { return range };
    let start = range.start.saturating_add(offset).min(range.end);
    start..start.saturating_add(length).min(range.end)
}

fn slice(octets: &[u8], window: Range<u64>) -> &[u8] {
    let at = |offset| usize::try_from(offset).unwrap_or(usize::MAX);
    octets.get(at(window.start)..at(window.end)).unwrap_or_default()
}

/// A header block; of an absurdly large one its beginning.
async fn read_header(range: Range<u64>, content: &Content<'_>) -> Result<bytes::Bytes, StoreError> {
    let end = range.end.min(range.start + MAX_HEADER_OCTETS);
    if range.start == end {
        return Ok(bytes::Bytes::new());
    }
    content.read(range.start..end).await
}
