//! A place in the input.

use crate::{Malformed, limits};

/// What a rule of the grammar gives.
pub(crate) type Parsed<T> = Result<T, Malformed>;

/// Input and how far it was read.
pub(crate) struct Cursor<'a> {
    input: &'a [u8],
    at: usize,
    /// Octets that what is read may still take in memory.
    room: usize,
}

impl<'a> Cursor<'a> {
    /// A cursor for what may take any room.
    pub(crate) fn new(input: &'a [u8]) -> Self {
        Self::within(input, usize::MAX)
    }

    /// A cursor for what may take so many octets in memory.
    pub(crate) fn within(input: &'a [u8], room: usize) -> Self {
        Self { input, at: 0, room }
    }

    /// Octets that what is read may still take.
    pub(crate) fn room(&self) -> usize {
        self.room
    }

    /// Take room for something that is read.
    pub(crate) fn charge(&mut self, octets: usize) -> Parsed<()> {
        let left = self.room.checked_sub(octets);
        self.room = left.ok_or_else(|| self.too_much("memory"))?;
        Ok(())
    }

    /// Take room for an item of a list, which grows by doubling.
    pub(crate) fn charge_item<T>(&mut self) -> Parsed<()> {
        self.charge(2 * size_of::<T>())
    }

    /// Take room for a string of its own.
    pub(crate) fn charge_string(&mut self, octets: usize) -> Parsed<()> {
        self.charge(limits::STRING_OVERHEAD + octets)
    }

    pub(crate) fn rest(&self) -> &'a [u8] {
        self.input.get(self.at..).unwrap_or(&[])
    }

    pub(crate) fn peek(&self) -> Option<u8> {
        self.input.get(self.at).copied()
    }

    /// The octet after the next one.
    pub(crate) fn peek_second(&self) -> Option<u8> {
        self.input.get(self.at + 1).copied()
    }

    pub(crate) fn at_end(&self) -> bool {
        self.at >= self.input.len()
    }

    /// A syntax error here.
    pub(crate) fn fail(&self, expected: &'static str) -> Malformed {
        Malformed::syntax(self.at, expected)
    }

    /// A limit passed here.
    pub(crate) fn too_much(&self, limit: &'static str) -> Malformed {
        Malformed::too_much(self.at, limit)
    }

    /// Read the octet if it is the next one; whether it was.
    pub(crate) fn take(&mut self, octet: u8) -> bool {
        let found = self.peek() == Some(octet);
        self.at += usize::from(found);
        found
    }

    /// Read the text if it comes next, in any case; whether it did.
    pub(crate) fn take_text(&mut self, text: &str) -> bool {
        let found = self.rest().get(..text.len());
        let found = found.is_some_and(|octets| octets.eq_ignore_ascii_case(text.as_bytes()));
        self.at += if found { text.len() } else { 0 };
        found
    }

    /// Read that many octets, if there are so many.
    pub(crate) fn take_octets(&mut self, count: usize) -> Option<&'a [u8]> {
        let octets = self.rest().get(..count)?;
        self.at += count;
        Some(octets)
    }

    /// Read as long as the octets are of that kind.
    pub(crate) fn take_while(&mut self, kind: impl Fn(u8) -> bool) -> &'a [u8] {
        let rest = self.rest();
        let end = rest.iter().position(|octet| !kind(*octet)).unwrap_or(rest.len());
        self.at += end;
        rest.get(..end).unwrap_or(&[])
    }

    pub(crate) fn expect(&mut self, octet: u8, expected: &'static str) -> Parsed<()> {
        if self.take(octet) { Ok(()) } else { Err(self.fail(expected)) }
    }

    /// `SP`: exactly one.
    pub(crate) fn space(&mut self) -> Parsed<()> {
        self.expect(b' ', "a space")
    }

    /// The end of the line. Some clients leave spaces before it.
    pub(crate) fn end(&mut self) -> Parsed<()> {
        self.take_while(|octet| octet == b' ');
        if self.at_end() { Ok(()) } else { Err(self.fail("the end of the line")) }
    }

    /// Whether something other than spaces follows after a space, which is read then.
    pub(crate) fn space_and_more(&mut self) -> bool {
        let more = self.rest().iter().any(|octet| *octet != b' ');
        more && self.take(b' ')
    }
}
