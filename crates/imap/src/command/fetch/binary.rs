//! `BINARY[...]` and `BINARY.SIZE[...]` (RFC 9051 §6.4.5): parts without their transfer encoding.
//!
//! A literal needs its size ahead, so a part is decoded twice: once to measure it, once to send it.
//! It is never whole in memory.

use super::section::window;
use super::summary::Summary;
use super::{Content, Unprintable, stream};
use crate::limits::{CONTENT_CHUNK, HEAVY_PART};
use crate::out::Out;
use crate::refusal::Refusal;
use bytes::Bytes;
use rookery_imap_wire::{Code, Data, FetchData, Partial};
use rookery_mailbox::{StoreError, heavy};
use rookery_mime::transfer::{Decoder, Encoding};
use rookery_mime::{EncodedContent, EncodedPart};
use std::ops::Range;
use tokio::task::yield_now;

const DECODING: &str = "decoding a part";

/// The decoded size of a part; 0 where there is no such part.
pub(super) async fn size(
    summary: &Summary,
    path: &[u32],
    content: &Content<'_>,
) -> Result<u64, Unprintable> {
    match find(summary, path)? {
        None => Ok(0),
        Some(Leaf { range, form: Form::PLAIN }) => Ok(range.end - range.start),
        Some(leaf) => Ok(measure(&leaf, None, content).await?.size),
    }
}

pub(super) async fn print(
    summary: &Summary,
    path: &[u32],
    partial: Option<Partial>,
    content: &Content<'_>,
    out: &mut Out<'_>,
) -> Result<(), Unprintable> {
    let origin = partial.map(|partial| partial.offset);
    let item = |data, out: &mut Vec<u8>| {
        FetchData::Binary { path: path.to_vec(), origin, data }.print(out);
    };
    let Some(mut leaf) = find(summary, path)? else {
        item(Data::Nil, out.buffer());
        return Ok(());
    };
    let mut within = partial;
    if leaf.form == Form::PLAIN {
        // What goes as it is can be cut before it is read.
        leaf.range = window(leaf.range, within.take());
    }
    let Measured { size, has_nul } = measure(&leaf, within, content).await?;
    if leaf.form == Form::PLAIN && !has_nul {
        return stream(item, leaf.range, content, out).await;
    }
    item(Data::Streamed { size, binary: has_nul }, out.buffer());
    let mut decoded = Decoded::new(&leaf, within);
    loop {
        let octets = match leaf.is_long() {
            true => decoded.next_elsewhere(content).await?,
            false => decoded.next(content).await?,
        };
        let Some(octets) = octets else { return Ok(()) };
        out.buffer().extend_from_slice(&octets);
        out.drain().await?;
    }
}

/// How a part's content comes from its octets.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Form {
    encoding: Encoding,
    /// Lines of text go with CRLF whatever the sender wrote (RFC 9051 §7.5.2).
    lines: bool,
}

impl Form {
    const PLAIN: Self = Self { encoding: Encoding::Identity, lines: false };
}

#[derive(Clone)]
struct Leaf {
    range: Range<u64>,
    form: Form,
}

impl Leaf {
    /// Whether to decode it takes as long as others would notice.
    fn is_long(&self) -> bool {
        self.form != Form::PLAIN && self.range.end - self.range.start >= HEAVY_PART
    }
}

/// Where a part is, and how it is encoded. Containers are taken as they are (RFC 3516 §4.3).
fn find(summary: &Summary, path: &[u32]) -> Result<Option<Leaf>, Unprintable> {
    let Some(part) = summary.part(path)? else { return Ok(None) };
    let range = if path.is_empty() { 0..summary.size() } else { part.body.clone() };
    if path.is_empty() || part.content != EncodedContent::Leaf {
        return Ok(Some(Leaf { range, form: Form::PLAIN }));
    }
    match Encoding::parse(part.encoding) {
        Some(encoding) => {
            Ok(Some(Leaf { range, form: Form { encoding, lines: has_lines_of_octets(&part) } }))
        }
        None => {
            let refusal =
                Refusal::no(Code::UnknownCte, "The part has a transfer encoding not known here");
            Err(Unprintable::Message(refusal))
        }
    }
}

/// Whether a part is text in which an octet 10 is always the end of a line.
fn has_lines_of_octets(part: &EncodedPart<'_>) -> bool {
    let charset = part.charset().unwrap_or_default().to_ascii_lowercase();
    let wide = [b"utf-16".as_slice(), b"utf-32", b"utf16", b"utf32", b"ucs-", b"iso-10646"];
    part.is_text() && !wide.iter().any(|prefix| charset.starts_with(prefix))
}

struct Measured {
    size: u64,
    has_nul: bool,
}

/// Decode a part to know how long it is; a long one where that keeps nobody else waiting.
async fn measure(
    leaf: &Leaf,
    partial: Option<Partial>,
    content: &Content<'_>,
) -> Result<Measured, StoreError> {
    if !leaf.is_long() {
        return measure_here(leaf, partial, content).await;
    }
    let (leaf, account, email) = (leaf.clone(), content.account.clone(), content.email);
    let measuring = async move {
        let content = Content::new(&account, email);
        measure_here(&leaf, partial, &content).await
    };
    heavy::in_turns(content.account.owner(), measuring).await.map_err(|it| it.during(DECODING))?
}

async fn measure_here(
    leaf: &Leaf,
    partial: Option<Partial>,
    content: &Content<'_>,
) -> Result<Measured, StoreError> {
    let mut measured = Measured { size: 0, has_nul: false };
    let mut decoded = Decoded::new(leaf, partial);
    while let Some(octets) = decoded.next(content).await? {
        measured.size += octets.len() as u64;
        measured.has_nul |= octets.contains(&0);
        yield_now().await;
    }
    Ok(measured)
}

/// A part as it is decoded, chunk by chunk, cut to what was asked for.
struct Decoded {
    rest: Range<u64>,
    /// There until its end has come out.
    decoding: Option<Decoding>,
}

/// What decodes.
struct Decoding {
    decoder: Decoder,
    cut: Cut,
}

/// What of the decoded octets is told, and how.
struct Cut {
    /// Whether lines get CRLF, and whether the octet before was a CR.
    lines: Option<bool>,
    /// Decoded octets to pass over.
    skip: u64,
    /// Decoded octets to give at the most.
    left: u64,
}

impl Decoded {
    fn new(leaf: &Leaf, partial: Option<Partial>) -> Self {
        let (skip, left) = partial.map_or((0, u64::MAX), |part| (part.offset, part.length));
        let decoder = Decoder::new(leaf.form.encoding);
        let lines = leaf.form.lines.then_some(false);
        let decoding = Some(Decoding { decoder, cut: Cut { lines, skip, left } });
        Self { rest: leaf.range.clone(), decoding }
    }

    async fn next(&mut self, content: &Content<'_>) -> Result<Option<Vec<u8>>, StoreError> {
        let Some(encoded) = self.encoded(content).await? else { return Ok(None) };
        let Some(decoding) = self.decoding.take() else { return Ok(None) };
        let (octets, decoding) = decoding.next(&encoded);
        self.decoding = decoding;
        Ok(Some(octets))
    }

    /// The same on a thread for such work.
    async fn next_elsewhere(
        &mut self,
        content: &Content<'_>,
    ) -> Result<Option<Vec<u8>>, StoreError> {
        let Some(encoded) = self.encoded(content).await? else { return Ok(None) };
        let Some(decoding) = self.decoding.take() else { return Ok(None) };
        let decoded =
            heavy::at_once(content.account.owner(), move || decoding.next(&encoded)).await;
        let (octets, decoding) = decoded.map_err(|it| it.during(DECODING))?;
        self.decoding = decoding;
        Ok(Some(octets))
    }

    /// The next octets to be decoded, none where the part is at its end; nothing when all has come out that was asked for.
    async fn encoded(&mut self, content: &Content<'_>) -> Result<Option<Bytes>, StoreError> {
        if self.decoding.as_ref().is_none_or(|decoding| decoding.cut.left == 0) {
            return Ok(None);
        }
        if self.rest.is_empty() {
            return Ok(Some(Bytes::new()));
        }
        let end = self.rest.end.min(self.rest.start + CONTENT_CHUNK);
        let encoded = content.read(self.rest.start..end).await?;
        self.rest.start = end;
        Ok(Some(encoded))
    }
}

impl Decoding {
    /// What comes out of these octets, or out of the end if there are none; and what decodes the rest.
    fn next(mut self, encoded: &[u8]) -> (Vec<u8>, Option<Self>) {
        let mut octets = Vec::new();
        if encoded.is_empty() {
            self.decoder.finish(&mut octets);
            return (self.cut.apply(octets), None);
        }
        self.decoder.push(encoded, &mut octets);
        (self.cut.apply(octets), Some(self))
    }
}

impl Cut {
    /// The next octets.
    fn apply(&mut self, mut octets: Vec<u8>) -> Vec<u8> {
        if let Some(after_cr) = &mut self.lines {
            octets = end_lines(&octets, after_cr);
        }
        let skipped = octets.len().min(usize::try_from(self.skip).unwrap_or(usize::MAX));
        octets.drain(..skipped);
        self.skip -= skipped as u64;
        octets.truncate(usize::try_from(self.left).unwrap_or(usize::MAX));
        self.left -= octets.len() as u64;
        octets
    }
}

/// Put a CR before each LF that has none.
fn end_lines(octets: &[u8], after_cr: &mut bool) -> Vec<u8> {
    let mut lines = Vec::with_capacity(octets.len() + octets.len() / 32);
    for octet in octets {
        if *octet == b'\n' && !*after_cr {
            lines.push(b'\r');
        }
        lines.push(*octet);
        *after_cr = *octet == b'\r';
    }
    lines
}
