//! Numbers.

use super::{Cursor, Parsed};
use std::num::NonZeroU32;

impl Cursor<'_> {
    /// `number`: 32 bits.
    pub(crate) fn number(&mut self) -> Parsed<u32> {
        self.digits("a number of 32 bits")
    }

    /// `nz-number`: 32 bits, not 0.
    pub(crate) fn nz_number(&mut self) -> Parsed<NonZeroU32> {
        let expected = "a number of 32 bits other than 0";
        if self.peek() == Some(b'0') {
            return Err(self.fail(expected));
        }
        self.digits(expected)
    }

    /// `number64`: 63 bits.
    pub(crate) fn number64(&mut self) -> Parsed<u64> {
        self.digits("a number of 63 bits").map(i64::cast_unsigned)
    }

    /// `mod-sequence-value`: 63 bits, not 0 (RFC 7162 §7).
    pub(crate) fn nz_number64(&mut self) -> Parsed<u64> {
        let error = self.fail("a number of 63 bits other than 0");
        self.number64().and_then(|number| if number == 0 { Err(error) } else { Ok(number) })
    }

    fn digits<T: std::str::FromStr>(&mut self, expected: &'static str) -> Parsed<T> {
        let error = self.fail(expected);
        let digits = self.take_while(|octet| octet.is_ascii_digit());
        std::str::from_utf8(digits).ok().and_then(|text| text.parse().ok()).ok_or(error)
    }

    /// `section-part`: numbers with dots between them.
    pub(crate) fn path_number(&mut self, path: &mut Vec<u32>) -> Parsed<()> {
        if path.len() >= crate::limits::PATH_NUMBERS {
            return Err(self.too_much("part path"));
        }
        path.push(self.nz_number()?.get());
        Ok(())
    }
}
