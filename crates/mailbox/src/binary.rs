//! Messages with NUL octets, which a client gets from BINARY only (RFC 9051 §4.3.1). Parts that have them are put into
//! base64 as they arrive. Everything else stays as it is, since signatures may hang on it (RFC 3516 §6).

use crate::delivery::Incoming;
use crate::limits::{ENCODED_CHUNK, MAX_ENCODED_HEADER};
use crate::{Spool, StoreError};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rookery_mime::{Content, Encoding, Message, Part, header};
use std::ops::Range;

const ENCODING: &[u8] = b"Content-Transfer-Encoding";

/// Octets of a line of base64 before they are encoded (RFC 2045 §6.8: 76 afterwards).
const LINE: usize = 57;

/// Write a message again, with its binary parts encoded.
///
/// # Errors
/// As of [`Spool::read`] and [`Spool::write`].
pub(crate) async fn encode(
    spool: &dyn Spool,
    message: &Message,
    to: &mut Incoming,
) -> Result<(), StoreError> {
    let mut leaves = Vec::new();
    gather(&message.root, &mut leaves);
    let mut done = 0;
    for part in leaves {
        if !is_binary(spool, part).await? {
            continue;
        }
        copy(spool, done..part.header.start, to).await?;
        to.write(&labelled(&spool.read(part.header.clone()).await?)).await?;
        encode_body(spool, part.body.clone(), to).await?;
        done = part.body.end;
    }
    copy(spool, done..spool.len(), to).await
}

/// The parts without parts, in their order.
fn gather<'a>(part: &'a Part, leaves: &mut Vec<&'a Part>) {
    match &part.content {
        Content::Leaf => leaves.push(part),
        Content::Multipart(parts) => parts.iter().for_each(|part| gather(part, leaves)),
        Content::Message(embedded) => gather(&embedded.root, leaves),
    }
}

/// Whether a part has NUL where it has no encoding that could be decoded.
async fn is_binary(spool: &dyn Spool, part: &Part) -> Result<bool, StoreError> {
    let plain = Encoding::parse(part.encoding.as_deref()) == Some(Encoding::Identity);
    if !plain || part.header.end - part.header.start > MAX_ENCODED_HEADER {
        return Ok(false);
    }
    for range in Chunks(part.body.clone()) {
        if spool.read(range).await?.contains(&0) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// A header that names the encoding.
fn labelled(block: &[u8]) -> Vec<u8> {
    let others = header::select(block, &[ENCODING], true);
    [ENCODING, b": base64\r\n", &others].concat()
}

async fn encode_body(
    spool: &dyn Spool,
    body: Range<u64>,
    to: &mut Incoming,
) -> Result<(), StoreError> {
    for range in Chunks(body) {
        let octets = spool.read(range).await?;
        let lines = octets.chunks(LINE).map(|line| STANDARD.encode(line) + "\r\n");
        to.write(lines.collect::<String>().as_bytes()).await?;
    }
    Ok(())
}

async fn copy(spool: &dyn Spool, range: Range<u64>, to: &mut Incoming) -> Result<(), StoreError> {
    for range in Chunks(range) {
        to.write(&spool.read(range).await?).await?;
    }
    Ok(())
}

/// A range in pieces that are whole lines of base64 each, but for the last.
struct Chunks(Range<u64>);

impl Iterator for Chunks {
    type Item = Range<u64>;

    fn next(&mut self) -> Option<Range<u64>> {
        let start = self.0.start;
        let end = self.0.end.min(start + (LINE * ENCODED_CHUNK) as u64);
        self.0.start = end;
        (start < end).then_some(start..end)
    }
}
