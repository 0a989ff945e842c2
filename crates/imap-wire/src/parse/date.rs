//! Dates and times.

use super::{Cursor, Parsed};
use rookery_mail::DateTime;

const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

impl Cursor<'_> {
    /// `date`, as days since 1970-01-01.
    pub(crate) fn date(&mut self) -> Parsed<i64> {
        let quoted = self.take(b'"');
        let error = self.fail("a date that exists");
        let (year, month, day) = self.date_text()?;
        if quoted {
            self.expect(b'"', "the end of the quoted date")?;
        }
        DateTime::day_number(year, month, day).map_err(|_| error)
    }

    /// `date-time`. The day may do without its zero or space.
    pub(crate) fn date_time(&mut self) -> Parsed<DateTime> {
        self.expect(b'"', "a quoted date and time")?;
        let error = self.fail("a date and time that exist");
        self.take(b' ');
        let date = self.date_text()?;
        self.space()?;
        let hour = self.two_digits()?;
        self.expect(b':', "a colon")?;
        let minute = self.two_digits()?;
        self.expect(b':', "a colon")?;
        let second = self.two_digits()?;
        self.space()?;
        let offset = self.zone()?;
        self.expect(b'"', "the end of the quoted date")?;
        DateTime::from_civil(date, (hour, minute, second), offset).map_err(|_| error)
    }

    /// `date-text`: year, month, day.
    fn date_text(&mut self) -> Parsed<(i32, u8, u8)> {
        let mut day = self.digit()?;
        if self.peek().is_some_and(|octet| octet.is_ascii_digit()) {
            day = day * 10 + self.digit()?;
        }
        self.expect(b'-', "a hyphen")?;
        let month = (1..).zip(MONTHS).find(|(_, name)| self.take_text(name));
        let month = month.ok_or_else(|| self.fail("a month, as Jan"))?.0;
        self.expect(b'-', "a hyphen")?;
        let year = i32::from(self.two_digits()?) * 100 + i32::from(self.two_digits()?);
        Ok((year, month, day))
    }

    /// `zone`, as minutes east of UTC.
    fn zone(&mut self) -> Parsed<i16> {
        let west = self.take(b'-');
        if !west {
            self.expect(b'+', "a zone, as +0100")?;
        }
        let minutes = i16::from(self.two_digits()?) * 60 + i16::from(self.two_digits()?);
        Ok(if west { -minutes } else { minutes })
    }

    fn two_digits(&mut self) -> Parsed<u8> {
        Ok(self.digit()? * 10 + self.digit()?)
    }

    fn digit(&mut self) -> Parsed<u8> {
        let digit = self.peek().filter(u8::is_ascii_digit).ok_or_else(|| self.fail("a digit"))?;
        self.take(digit);
        Ok(digit - b'0')
    }
}
