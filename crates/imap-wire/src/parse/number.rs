//! Numbers.

use super::{Cursor, Parsed};
use rookery_mail::Uid;
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

    /// `uniqueid`.
    pub(crate) fn uid(&mut self) -> Parsed<Uid> {
        let error = self.fail("a UID");
        Uid::new(self.nz_number()?.get()).ok_or(error)
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

    /// The number of an object id of this server, in parentheses (RFC 8474 §7).
    pub(crate) fn object_id(&mut self, prefix: u8) -> Parsed<u64> {
        let error = self.fail("an object id of this server in parentheses");
        self.expect(b'(', "(")?;
        self.expect(prefix, "an object id of this server")?;
        let digits = self.take_while(|octet| octet.is_ascii_hexdigit());
        self.expect(b')', ")")?;
        let digits = std::str::from_utf8(digits).ok();
        digits.and_then(|text| u64::from_str_radix(text, 16).ok()).ok_or(error)
    }

    /// `objectid`: any server's (RFC 8474 §7).
    pub(crate) fn object_id_text(&mut self) -> Parsed<Vec<u8>> {
        let expected = "an object id";
        let error = self.fail(expected);
        let text = self.take_while(|octet| octet.is_ascii_alphanumeric() || b"_-".contains(&octet));
        if text.is_empty() || text.len() > crate::limits::OBJECT_ID {
            return Err(error);
        }
        Ok(text.to_vec())
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
        self.charge_item::<u32>()?;
        path.push(self.nz_number()?.get());
        Ok(())
    }
}
