//! Sets of numbers.

use super::{Cursor, Parsed};
use crate::{PartialRange, SeqNumber, SequenceRange, SequenceSet, limits};

impl Cursor<'_> {
    /// `sequence-set`.
    pub(crate) fn sequence_set(&mut self) -> Parsed<SequenceSet> {
        if self.take(b'$') {
            return Ok(SequenceSet::Saved);
        }
        let mut ranges = vec![self.sequence_range()?];
        self.charge_string(0)?;
        while self.take(b',') {
            self.charge_item::<SequenceRange>()?;
            if ranges.len() >= limits::SEQUENCE_RANGES {
                return Err(self.too_much("sequence set"));
            }
            ranges.push(self.sequence_range()?);
        }
        Ok(SequenceSet::Set(ranges))
    }

    /// `partial-range`: both ends count from the same side.
    pub(crate) fn partial_range(&mut self) -> Parsed<PartialRange> {
        let from_last = self.take(b'-');
        let from = self.nz_number()?;
        self.expect(b':', "a colon and the other end")?;
        if from_last {
            self.expect(b'-', "another number below 0")?;
            return Ok(PartialRange::Last(from, self.nz_number()?));
        }
        Ok(PartialRange::First(from, self.nz_number()?))
    }

    fn sequence_range(&mut self) -> Parsed<SequenceRange> {
        let from = self.seq_number()?;
        let to = if self.take(b':') { self.seq_number()? } else { from };
        Ok(SequenceRange { from, to })
    }

    /// `seq-number`.
    pub(crate) fn seq_number(&mut self) -> Parsed<SeqNumber> {
        if self.take(b'*') {
            return Ok(SeqNumber::Star);
        }
        if !self.peek().is_some_and(|octet| octet.is_ascii_digit()) {
            return Err(self.fail("a message number or *"));
        }
        self.nz_number().map(SeqNumber::Number)
    }
}
