//! The scanner: octets in, tree out.

use crate::{Content, Envelope, Message, Part};

/// Scans a message that comes in pieces; how it is cut into pieces makes no difference.
#[derive(Debug, Default)]
pub struct Scanner {
    size: u64,
    lines: u64,
}

impl Scanner {
    /// A scanner at the start of a message.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Take the next octets of the message.
    pub fn push(&mut self, bytes: &[u8]) {
        self.size += bytes.len() as u64;
        self.lines += memchr::memchr_iter(b'\n', bytes).count() as u64;
    }

    /// The message that was pushed.
    #[must_use]
    pub fn finish(self) -> Message {
        let root = Part {
            header: 0..0,
            body: 0..self.size,
            lines: self.lines,
            media_type: b"text".to_vec(),
            media_subtype: b"plain".to_vec(),
            params: Vec::new(),
            id: None,
            description: None,
            encoding: None,
            md5: None,
            disposition: None,
            language: Vec::new(),
            location: None,
            content: Content::Leaf,
        };
        Message { size: self.size, lines: self.lines, root, envelope: Envelope::default() }
    }
}

impl Message {
    /// Scan a message that is in memory.
    #[must_use]
    pub fn scan(bytes: &[u8]) -> Self {
        let mut scanner = Scanner::new();
        scanner.push(bytes);
        scanner.finish()
    }

    /// The compact binary form, to be stored beside the message.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        Vec::new()
    }

    /// The message in a compact binary form; `None` if the form is of another version, or damaged.
    #[must_use]
    pub fn decode(_bytes: &[u8]) -> Option<Self> {
        None
    }
}
