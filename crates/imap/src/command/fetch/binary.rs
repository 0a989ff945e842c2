//! `BINARY[...]` and `BINARY.SIZE[...]` (RFC 9051 §6.4.5): parts without their transfer encoding.
//!
//! A literal needs its size ahead, so a part is decoded twice: once to measure it, once to send it.
//! It is never whole in memory.

use super::section::window;
use super::{Content, Unprintable, stream};
use crate::limits::CONTENT_CHUNK;
use crate::out::Out;
use crate::refusal::Refusal;
use rookery_imap_wire::{Code, Data, FetchData, Partial};
use rookery_mailbox::StoreError;
use rookery_mime::transfer::{Decoder, Encoding};
use rookery_mime::{Message, SectionText};
use std::ops::Range;

/// The decoded size of a part; 0 where there is no such part.
pub(super) async fn size(
    summary: &Message,
    path: &[u32],
    content: &Content<'_>,
) -> Result<u64, Unprintable> {
    match find(summary, path)? {
        None => Ok(0),
        Some((range, Encoding::Identity)) => Ok(range.end - range.start),
        Some((range, encoding)) => Ok(measure(range, encoding, None, content).await?.size),
    }
}

pub(super) async fn print(
    summary: &Message,
    path: &[u32],
    partial: Option<Partial>,
    content: &Content<'_>,
    out: &mut Out<'_>,
) -> Result<(), Unprintable> {
    let origin = partial.map(|partial| partial.offset);
    let item = |data| FetchData::Binary { path: path.to_vec(), origin, data };
    let Some((range, encoding)) = find(summary, path)? else {
        item(Data::Nil).print(out.buffer());
        return Ok(());
    };
    let (range, within) = match encoding {
        // What is not encoded can be cut before it is read.
        Encoding::Identity => (window(range, partial), None),
        _ => (range, partial),
    };
    let Measured { size, has_nul } = measure(range.clone(), encoding, within, content).await?;
    if encoding == Encoding::Identity && !has_nul {
        return stream(item, range, content, out).await;
    }
    item(Data::Streamed { size, binary: has_nul }).print(out.buffer());
    let mut decoded = Decoded::new(range, encoding, within);
    while let Some(octets) = decoded.next(content).await? {
        out.buffer().extend_from_slice(&octets);
        out.drain().await?;
    }
    Ok(())
}

/// Where a part is, and how it is encoded. Containers are taken as they are (RFC 3516 §4.3).
fn find(summary: &Message, path: &[u32]) -> Result<Option<(Range<u64>, Encoding)>, Unprintable> {
    let Some(part) = summary.part(path) else { return Ok(None) };
    let Some(range) = summary.section(path, SectionText::Whole) else { return Ok(None) };
    if path.is_empty() || !matches!(part.content, rookery_mime::Content::Leaf) {
        return Ok(Some((range, Encoding::Identity)));
    }
    match Encoding::parse(part.encoding.as_deref()) {
        Some(encoding) => Ok(Some((range, encoding))),
        None => {
            let refusal =
                Refusal::no(Code::UnknownCte, "The part has a transfer encoding not known here");
            Err(Unprintable::Message(refusal))
        }
    }
}

struct Measured {
    size: u64,
    has_nul: bool,
}

async fn measure(
    range: Range<u64>,
    encoding: Encoding,
    partial: Option<Partial>,
    content: &Content<'_>,
) -> Result<Measured, StoreError> {
    let mut measured = Measured { size: 0, has_nul: false };
    let mut decoded = Decoded::new(range, encoding, partial);
    while let Some(octets) = decoded.next(content).await? {
        measured.size += octets.len() as u64;
        measured.has_nul |= octets.contains(&0);
    }
    Ok(measured)
}

/// A part as it is decoded, chunk by chunk, cut to what was asked for.
struct Decoded {
    rest: Range<u64>,
    decoder: Option<Decoder>,
    /// Decoded octets to pass over.
    skip: u64,
    /// Decoded octets to give at the most.
    left: u64,
}

impl Decoded {
    fn new(range: Range<u64>, encoding: Encoding, partial: Option<Partial>) -> Self {
        let (skip, left) = partial.map_or((0, u64::MAX), |part| (part.offset, part.length));
        Self { rest: range, decoder: Some(Decoder::new(encoding)), skip, left }
    }

    async fn next(&mut self, content: &Content<'_>) -> Result<Option<Vec<u8>>, StoreError> {
        if self.left == 0 {
            return Ok(None);
        }
        let Some(decoder) = &mut self.decoder else { return Ok(None) };
        let mut octets = Vec::new();
        if self.rest.is_empty() {
            if let Some(decoder) = self.decoder.take() {
                decoder.finish(&mut octets);
            }
        } else {
            let end = self.rest.end.min(self.rest.start + CONTENT_CHUNK);
            decoder.push(&content.read(self.rest.start..end).await?, &mut octets);
            self.rest.start = end;
        }
        Ok(Some(self.cut(octets)))
    }

    fn cut(&mut self, mut octets: Vec<u8>) -> Vec<u8> {
        let skipped = octets.len().min(usize::try_from(self.skip).unwrap_or(usize::MAX));
        octets.drain(..skipped);
        self.skip -= skipped as u64;
        octets.truncate(usize::try_from(self.left).unwrap_or(usize::MAX));
        self.left -= octets.len() as u64;
        octets
    }
}
