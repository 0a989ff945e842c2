//! A client's side of COMPRESS (RFC 4978): it begins with the OK, and ends with UNAUTHENTICATE.

use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress, Status};

/// Room that a codec is given at a time.
const PIECE: usize = 4096;

/// What a client compresses, and what it takes for compressed.
#[derive(Default)]
pub(super) struct Layer {
    out: Option<Compress>,
    into: Option<Decompress>,
    /// The tag of a COMPRESS that is not answered yet.
    asked: Option<String>,
    /// UNAUTHENTICATE was sent, up to the end of its line.
    leaving: bool,
}

impl Layer {
    /// Add octets to a packet.
    pub(super) fn push(&mut self, packet: &mut Vec<u8>, octets: &[u8]) {
        self.note(octets);
        let flush = if self.leaves(octets) { FlushCompress::Finish } else { FlushCompress::None };
        self.deflate(packet, octets, flush);
        if matches!(flush, FlushCompress::Finish) {
            (self.out, self.leaving) = (None, false);
        }
    }

    /// The end of a packet: the server must be able to read all of it.
    pub(super) fn flush(&mut self, packet: &mut Vec<u8>) {
        self.deflate(packet, &[], FlushCompress::Sync);
    }

    /// Take octets from the stream, and say what they are.
    pub(super) fn receive(&mut self, octets: &[u8]) -> Result<Vec<u8>, String> {
        let Some(into) = &mut self.into else { return Ok(octets.to_vec()) };
        let (mut plain, mut left) = (Vec::new(), octets);
        loop {
            let taken = into.total_in();
            plain.reserve(PIECE);
            let status = into.decompress_vec(left, &mut plain, FlushDecompress::None);
            let status = status.map_err(|error| format!("broken compression: {error}"))?;
            left = &left[(into.total_in() - taken) as usize..];
            if status == Status::StreamEnd {
                self.into = None;
                plain.extend_from_slice(left);
                return Ok(plain);
            }
            if left.is_empty() && plain.len() < plain.capacity() {
                return Ok(plain);
            }
        }
    }

    /// Whether what comes behind this response is compressed.
    pub(super) fn begins(&mut self, response: &str) -> bool {
        let tag = self.asked.as_ref();
        if !tag.is_some_and(|tag| {
            response.strip_prefix(tag).is_some_and(|rest| rest.starts_with(" OK"))
        }) {
            return false;
        }
        self.asked = None;
        self.out = Some(Compress::new(Compression::default(), false));
        self.into = Some(Decompress::new(false));
        true
    }

    fn note(&mut self, octets: &[u8]) {
        let Ok(line) = std::str::from_utf8(octets) else { return };
        let words: Vec<String> = line.split_whitespace().map(str::to_ascii_uppercase).collect();
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        match words[..] {
            [_, "COMPRESS", "DEFLATE"] => self.asked = line.split(' ').next().map(str::to_owned),
            [_, "UNAUTHENTICATE"] => self.leaving = self.out.is_some(),
            _ => {}
        }
    }

    fn leaves(&self, octets: &[u8]) -> bool {
        self.leaving && octets.ends_with(b"\n")
    }

    fn deflate(&mut self, packet: &mut Vec<u8>, octets: &[u8], flush: FlushCompress) {
        let Some(out) = &mut self.out else { return packet.extend_from_slice(octets) };
        let mut left = octets;
        loop {
            let taken = out.total_in();
            packet.reserve(PIECE);
            out.compress_vec(left, packet, flush).expect("the compressor is in order");
            left = &left[(out.total_in() - taken) as usize..];
            if left.is_empty() && packet.len() < packet.capacity() {
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(layer: &mut Layer, chunks: &[&str]) -> Vec<u8> {
        let mut packet = Vec::new();
        chunks.iter().for_each(|chunk| layer.push(&mut packet, chunk.as_bytes()));
        layer.flush(&mut packet);
        packet
    }

    fn compressing() -> Layer {
        let mut layer = Layer::default();
        assert_eq!(sent(&mut layer, &["a compress Deflate", "\r\n"]), b"a compress Deflate\r\n");
        assert!(!layer.begins("b OK") && !layer.begins("a NO") && layer.begins("a OK on"));
        layer
    }

    #[test]
    fn the_layer_begins_with_ok_and_ends_behind_unauthenticate() {
        let mut layer = compressing();
        let packet =
            sent(&mut layer, &["b NOOP\r\n", "c UNAUTHENTICATE", "\r\n", "d LOGIN a b\r\n"]);
        assert!(packet.ends_with(b"d LOGIN a b\r\n"));
        let mut server = Layer { into: Some(Decompress::new(false)), ..Layer::default() };
        let all = server.receive(&packet).unwrap();
        assert_eq!(all, b"b NOOP\r\nc UNAUTHENTICATE\r\nd LOGIN a b\r\n");
    }

    #[test]
    fn every_packet_can_be_read_at_once() {
        let mut layer = compressing();
        let mut server = Layer { into: Some(Decompress::new(false)), ..Layer::default() };
        for line in ["b NOOP\r\n", "c NOOP\r\n"] {
            let packet = sent(&mut layer, &[line]);
            assert_eq!(server.receive(&packet).unwrap(), line.as_bytes());
        }
        assert!(server.receive(b"d NOOP\r\n").is_err());
    }
}
