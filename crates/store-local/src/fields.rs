//! Tagged fields: how metadata is written, so that later versions can add to it.
//!
//! A field is its tag (1 octet), its length (variable), its octets. A reader that meets a tag it does
//! not know skips it if the tag is [`OPTIONAL`] or above, and refuses the record otherwise. Numbers
//! are little-endian base 128, seven bits an octet.

use std::fmt;

/// Tags from here on may be skipped by who does not know them.
pub(crate) const OPTIONAL: u8 = 128;

/// Octets that are not what they should be, and what they should have been.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct BadRecord(pub(crate) &'static str);

impl fmt::Display for BadRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

/// Writes numbers, octets and fields.
#[derive(Default)]
pub(crate) struct Writer {
    pub(crate) octets: Vec<u8>,
}

impl Writer {
    pub(crate) fn number(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.octets.push(value.to_le_bytes()[0] | 0x80);
            value >>= 7;
        }
        self.octets.push(value.to_le_bytes()[0]);
    }

    /// Zigzag, so that small negative numbers are short.
    pub(crate) fn signed(&mut self, value: i64) {
        self.number((value.cast_unsigned() << 1) ^ (value >> 63).cast_unsigned());
    }

    pub(crate) fn text(&mut self, octets: &[u8]) {
        self.number(octets.len() as u64);
        self.octets.extend_from_slice(octets);
    }

    pub(crate) fn field(&mut self, tag: u8, octets: &[u8]) {
        self.octets.push(tag);
        self.text(octets);
    }

    pub(crate) fn number_field(&mut self, tag: u8, value: u64) {
        self.nested_field(tag, |writer| writer.number(value));
    }

    pub(crate) fn nested_field(&mut self, tag: u8, write: impl FnOnce(&mut Self)) {
        let mut inner = Self::default();
        write(&mut inner);
        self.field(tag, &inner.octets);
    }
}

/// Reads what a [`Writer`] wrote.
#[derive(Clone, Copy)]
pub(crate) struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(crate) fn new(octets: &'a [u8]) -> Self {
        Self { rest: octets }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// All that is left.
    pub(crate) fn rest(&mut self) -> &'a [u8] {
        std::mem::take(&mut self.rest)
    }

    pub(crate) fn take(&mut self, count: usize) -> Result<&'a [u8], BadRecord> {
        let (taken, rest) = self.rest.split_at_checked(count).ok_or(BadRecord("more octets"))?;
        self.rest = rest;
        Ok(taken)
    }

    pub(crate) fn array<const N: usize>(&mut self) -> Result<[u8; N], BadRecord> {
        let (taken, rest) = self.rest.split_first_chunk().ok_or(BadRecord("more octets"))?;
        self.rest = rest;
        Ok(*taken)
    }

    pub(crate) fn octet(&mut self) -> Result<u8, BadRecord> {
        self.array().map(|[octet]| octet)
    }

    pub(crate) fn u32(&mut self) -> Result<u32, BadRecord> {
        self.array().map(u32::from_le_bytes)
    }

    pub(crate) fn u64(&mut self) -> Result<u64, BadRecord> {
        self.array().map(u64::from_le_bytes)
    }

    pub(crate) fn number(&mut self) -> Result<u64, BadRecord> {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let octet = self.octet()?;
            let bits = u64::from(octet & 0x7f);
            if shift == 63 && bits > 1 {
                break;
            }
            value |= bits << shift;
            if octet < 0x80 {
                return Ok(value);
            }
        }
        Err(BadRecord("a number below 2^64"))
    }

    pub(crate) fn signed(&mut self) -> Result<i64, BadRecord> {
        let value = self.number()?;
        Ok((value >> 1).cast_signed() ^ -(value & 1).cast_signed())
    }

    pub(crate) fn text(&mut self) -> Result<&'a [u8], BadRecord> {
        let len = usize::try_from(self.number()?).map_err(|_| BadRecord("a length"))?;
        self.take(len)
    }

    /// The next field, or `None` at the end.
    pub(crate) fn field(&mut self) -> Result<Option<(u8, Reader<'a>)>, BadRecord> {
        if self.is_empty() {
            return Ok(None);
        }
        let tag = self.octet()?;
        Ok(Some((tag, Self::new(self.text()?))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_is_written_is_read(number: u64, signed: i64, text: Vec<u8>) {
            let mut writer = Writer::default();
            writer.number(number);
            writer.signed(signed);
            writer.field(7, &text);
            let mut reader = Reader::new(&writer.octets);
            prop_assert_eq!(reader.number(), Ok(number));
            prop_assert_eq!(reader.signed(), Ok(signed));
            let (tag, mut field) = reader.field().unwrap().unwrap();
            prop_assert_eq!((tag, field.take(text.len()).unwrap()), (7, &text[..]));
            prop_assert!(field.is_empty() && reader.is_empty());
        }

        #[test]
        fn any_octets_are_read_or_refused(octets: Vec<u8>) {
            let mut reader = Reader::new(&octets);
            while let Ok(Some((_, mut field))) = reader.field() {
                let _ = field.number();
            }
            let _ = Reader::new(&octets).number();
        }
    }

    #[test]
    fn a_number_of_more_than_64_bits_is_refused() {
        let mut octets = vec![0xff; 9];
        octets.push(2);
        assert!(Reader::new(&octets).number().is_err());
    }
}
